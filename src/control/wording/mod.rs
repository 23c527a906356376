//! The words of the page and of `byway top` in one language: beliefs and records to phrases of the catalogue.

mod event;
mod sentence;

pub use event::{Because, Event, Tone};

use crate::control::report::PassedLine;
use crate::lang::{Arg, Tongue, Words};
use crate::model::{Facet, Ground, LinkState, Phase, Technique, TransportId, Verdict};
use std::sync::OnceLock;

/// One language.
pub struct Wording(Words);

impl Wording {
    /// The words of a language; its catalogue is read once.
    pub fn of(tongue: Tongue) -> &'static Self {
        static ALL: [OnceLock<Wording>; 3] = [const { OnceLock::new() }; 3];
        let [english, russian, persian] = &ALL;
        let kept = match tongue {
            Tongue::English => english,
            Tongue::Russian => russian,
            Tongue::Persian => persian,
        };
        kept.get_or_init(|| Self(Words::of(tongue)))
    }

    /// Which language this is.
    pub fn tongue(&self) -> Tongue {
        self.0.tongue()
    }

    /// The sentence of a key.
    pub fn say(&self, key: &str) -> String {
        self.0.say(key)
    }

    /// The same with its variables.
    pub fn with(&self, key: &str, args: &[(&str, &str)]) -> String {
        let args: Vec<(&str, Arg<'_>)> = args.iter().map(|(name, value)| (*name, Arg::from(*value))).collect();
        self.0.say_with(key, &args)
    }

    /// The same with a number that chooses the form.
    pub fn counted(&self, key: &str, count: u64, args: &[(&str, &str)]) -> String {
        let mut all: Vec<(&str, Arg<'_>)> = args.iter().map(|(name, value)| (*name, Arg::from(*value))).collect();
        all.push(("count", Arg::from(count)));
        self.0.say_with(key, &all)
    }

    /// `a`, `a and b`, `a, b and c`.
    pub fn listed(&self, items: &[String]) -> String {
        match items {
            [] => String::new(),
            [one] => one.clone(),
            [most @ .., last] => {
                let most = most.join(&format!("{} ", self.say("page-comma")));
                self.with("page-and", &[("most", &most), ("last", last)])
            }
        }
    }

    /// What a part of a service is called.
    pub fn facet(&self, facet: Facet) -> String {
        self.say(match facet {
            Facet::Text => "page-facet-text",
            Facet::Media => "page-facet-media",
            Facet::Calls => "page-facet-calls",
            Facet::Web => "page-facet-web",
        })
    }

    /// A state of the link.
    pub fn link(&self, link: LinkState) -> String {
        self.say(match link {
            LinkState::Online => "page-link-online",
            LinkState::Offline => "page-link-offline",
            LinkState::Captive => "page-link-captive",
            LinkState::Whitelist => "page-link-whitelist",
            LinkState::LinkBad => "page-link-link-bad",
        })
    }

    /// Why the link is in its state.
    pub fn ground(&self, link: LinkState, ground: Ground) -> String {
        self.say(match (ground, link) {
            (Ground::AnchorsAnswer, _) => "page-ground-anchors-answer",
            (Ground::NothingAnswers, _) | (Ground::NotAsked, LinkState::Offline) => "page-ground-nothing-answers",
            (Ground::Portal, _) | (Ground::NotAsked, LinkState::Captive) => "page-ground-portal",
            (Ground::OnlyDomestic, _) | (Ground::NotAsked, LinkState::Whitelist) => "page-ground-only-domestic",
            (Ground::TooFew, _) | (Ground::NotAsked, LinkState::LinkBad) => "page-ground-too-few",
            (Ground::NotAsked, LinkState::Online) => "page-ground-not-asked",
            (Ground::Unplugged, _) => "page-ground-unplugged",
            (Ground::OnlyDomesticOnce, _) => "page-ground-only-domestic-once",
            (Ground::Clock, _) => "page-ground-clock",
            (Ground::Interception, _) => "page-ground-interception",
            (Ground::PathMtu, _) => "page-ground-path-mtu",
            (Ground::Lossy, _) => "page-ground-lossy",
            (Ground::ResolverSilent, _) => "page-ground-resolver-silent",
        })
    }

    /// What was observed of a block.
    pub fn technique(&self, how: Technique) -> String {
        self.say(&format!("page-how-{}", how.name().replace('_', "-")))
    }

    /// A route's state in a word or two.
    pub fn phase(&self, phase: Phase) -> String {
        self.say(match phase {
            Phase::Ok => "page-state-ok",
            Phase::Degraded => "page-state-degraded",
            Phase::Suspect => "page-state-suspect",
            Phase::Blocked => "page-state-blocked",
            Phase::Recovering => "page-state-recovering",
            Phase::ServiceDown => "page-state-service-down",
            Phase::ProbeStale => "page-state-probe-stale",
            Phase::Unknown => "page-state-unknown",
        })
    }

    /// Why a route is as it is; nothing where it is well or nothing is known.
    pub fn why(&self, phase: Phase, verdict: Verdict) -> Option<String> {
        let key = match (phase, verdict) {
            (Phase::Ok | Phase::Unknown, _) => return None,
            (Phase::Recovering, _) => "page-why-recovering",
            (Phase::ServiceDown, _) => "page-why-service-down",
            (Phase::ProbeStale, _) => "page-why-probe-stale",
            (_, Verdict::Blocked(how) | Verdict::Degraded(how)) => return Some(self.technique(how)),
            (Phase::Suspect, _) => "page-why-suspect",
            (Phase::Blocked, _) => "page-why-blocked",
            (Phase::Degraded, _) => "page-why-degraded",
        };
        Some(self.say(key))
    }

    /// Why a way that nothing is known of is not tried.
    pub fn passed(&self, passed: &PassedLine) -> Option<String> {
        let key = match passed.reason.as_str() {
            // What is believed of the route itself is told by the route.
            "blocked" | "phase" => return None,
            reason => format!("page-passed-{}", reason.replace('_', "-")),
        };
        Some(self.say(&key))
    }

    /// How a way is called.
    pub fn way(&self, way: Option<&TransportId>) -> String {
        way.map_or_else(|| self.say("page-no-way"), ToString::to_string)
    }
}

/// The first letter made large, where letters have a size.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
