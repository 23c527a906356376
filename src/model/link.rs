//! The state of the whole network, and why it is believed. Judged from the controls alone, never from one service.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The state of the whole network. Anything but [`LinkState::Online`] freezes every belief about routes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// Neutral anchors answer. Also the assumption at start: nothing is blamed before a control ran.
    #[default]
    Online,
    /// Nothing answers.
    Offline,
    /// A captive portal answers in everybody's place.
    Captive,
    /// Only domestic places answer.
    Whitelist,
    /// So lossy that nothing can be told.
    LinkBad,
}

impl fmt::Display for LinkState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Online => "online",
            Self::Offline => "offline",
            Self::Captive => "captive portal",
            Self::Whitelist => "whitelist",
            Self::LinkBad => "bad link",
        })
    }
}

/// Why the link is in its state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// No control has been run yet, or none is configured.
    #[default]
    NotAsked,
    /// The anchors answer.
    AnchorsAnswer,
    /// No interface, or no way out (C0).
    Unplugged,
    /// Nothing answers.
    NothingAnswers,
    /// A portal answers for others (C1).
    Portal,
    /// Only domestic anchors answer, and have for a while (C2, C3).
    OnlyDomestic,
    /// Only domestic anchors answer; seen once.
    OnlyDomesticOnce,
    /// The clock is wrong: certificates cannot be judged (C11).
    Clock,
    /// Somebody answers with other certificates everywhere: on this machine or its line (C2).
    Interception,
    /// Packets larger than some size vanish, on the whole line (C10).
    PathMtu,
    /// Too lossy or too slow.
    Lossy,
    /// Too few anchors answer.
    TooFew,
    /// The anchors answer, and this network's resolver does not answer for any name (T3).
    ResolverSilent,
}

impl Ground {
    /// One plain sentence for a person: what was found, and whose it is.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NotAsked => "the line has not been looked at yet",
            Self::AnchorsAnswer => "neutral sites answer",
            Self::Unplugged => "this machine has no way out: no cable, no Wi-Fi, or no route",
            Self::NothingAnswers => "nothing answers, neither here nor abroad",
            Self::Portal => "a login page answers in everybody's place: open a browser and log in",
            Self::OnlyDomestic => "only places inside the country answer",
            Self::OnlyDomesticOnce => "only places inside the country answered; it will be looked at again in a minute",
            Self::Clock => "this machine's clock is wrong: set date and time, certificates cannot be checked before",
            Self::Interception => {
                "somebody answers with another certificate everywhere: an antivirus, a company's proxy, or the line"
            }
            Self::PathMtu => "large packets vanish on this line: lower its MTU",
            Self::Lossy => "the line loses too much or is too slow to tell anything",
            Self::TooFew => "too few neutral sites answer to tell anything",
            Self::ResolverSilent => "this network's name server answers for no name: secure look-ups are used instead",
        }
    }
}
