//! The check-up (`byway doctor`): what is looked at, in which order, and what each look came to, with one remedy. The
//! judgements are pure: whoever runs the proxy brings the facts. Codes and their values are for machines and stay as they
//! are in every language; the words for them are in the catalogue `doctor`.

mod judge;
mod reason;
mod share;
mod words;

#[cfg(test)]
mod tests;

pub use judge::{
    ConfigurationFacts, ControlFacts, Door, DoorState, FileFacts, Guarded, LeftBehind, ServiceFacts, clock,
    configuration, control, doors, families, files, firewall, internet, leftovers, mtu, names, packets, portal, route,
    services, system_proxy, version, way, ways_left_out,
};
pub use reason::Reason;
pub use share::shared;
pub use words::{about, check_words, outcome_words, remedy, state_words, why};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is looked at, in this order: each rests on those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The configuration.
    Configuration,
    /// Who can read and write byway's files.
    Files,
    /// Whether a byway runs and lets itself be asked.
    Control,
    /// Whether it is the same version as the command.
    Version,
    /// Where apps come in.
    Listener,
    /// What an earlier byway left behind.
    Leftovers,
    /// The system's proxy settings.
    SystemProxy,
    /// The firewall's rules.
    Firewall,
    /// A way out of this machine.
    Route,
    /// A captive portal.
    Portal,
    /// This machine's clock.
    Clock,
    /// Whether the internet answers.
    Internet,
    /// Whether large packets pass.
    Mtu,
    /// Whether the resolvers tell the truth.
    Names,
    /// IPv4 and IPv6.
    Families,
    /// UDP, and STUN in it.
    Udp,
    /// One way out: its handshake and its payload.
    Way,
    /// One service, as it is known already.
    Service,
    /// A check that this version does not know.
    #[serde(other)]
    Other,
}

impl Check {
    /// All of them, in order.
    pub const ALL: [Self; 18] = [
        Self::Configuration,
        Self::Files,
        Self::Control,
        Self::Version,
        Self::Listener,
        Self::Leftovers,
        Self::SystemProxy,
        Self::Firewall,
        Self::Route,
        Self::Portal,
        Self::Clock,
        Self::Internet,
        Self::Mtu,
        Self::Names,
        Self::Families,
        Self::Udp,
        Self::Way,
        Self::Service,
    ];

    /// Its name in machine output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Files => "files",
            Self::Control => "control",
            Self::Version => "version",
            Self::Listener => "listener",
            Self::Leftovers => "leftovers",
            Self::SystemProxy => "system_proxy",
            Self::Firewall => "firewall",
            Self::Route => "route",
            Self::Portal => "portal",
            Self::Clock => "clock",
            Self::Internet => "internet",
            Self::Mtu => "mtu",
            Self::Names => "names",
            Self::Families => "families",
            Self::Udp => "udp",
            Self::Way => "way",
            Self::Service => "service",
            Self::Other => "other",
        }
    }
}

/// What a look came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is as it should be.
    Ok,
    /// It does not apply here, or cannot be told.
    NotApplicable,
    /// It works, and could be better or safer.
    Warning,
    /// It does not work.
    Failed,
}

/// A value beside a reason's code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Detail {
    /// A number.
    Number(u64),
    /// A name.
    Text(String),
}

/// What one look came to, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// Which one, where there are several: a way, a service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// What it came to.
    pub state: State,
    /// Why: a code of [`Reason`].
    pub reason: String,
    /// The values that belong to the reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, Detail>,
}

/// One step of a check-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "step", content = "body")]
pub enum Step {
    /// It begins: so many looks are planned, some of which find several things.
    Planned(u32),
    /// This is being looked at.
    Looks(Check),
    /// This was found.
    Found(Finding),
    /// A look is over.
    Looked(Check),
    /// All are over.
    Done,
}

/// A whole check-up in one word, the gravest that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing failed.
    Well,
    /// Something failed.
    Degraded,
    /// No way carries anything.
    NoWay,
    /// There is no internet, or a captive portal.
    NoInternet,
    /// The configuration is invalid.
    Faulty,
}

impl Finding {
    /// What a reason makes of a check.
    pub fn new(check: Check, reason: Reason) -> Self {
        let (state, reason) = (reason.state(), reason.code().to_owned());
        Self { check, about: None, state, reason, details: BTreeMap::new() }
    }

    /// The same, of one of several.
    #[must_use]
    pub fn of(mut self, about: impl Into<String>) -> Self {
        self.about = Some(about.into());
        self
    }

    /// The same, with a name.
    #[must_use]
    pub fn with(mut self, name: &str, text: impl Into<String>) -> Self {
        self.details.insert(name.to_owned(), Detail::Text(text.into()));
        self
    }

    /// The same, with a number.
    #[must_use]
    pub fn counting(mut self, name: &str, number: impl TryInto<u64>) -> Self {
        self.details.insert(name.to_owned(), Detail::Number(number.try_into().unwrap_or(u64::MAX)));
        self
    }
}

impl Outcome {
    /// Of everything that was found.
    pub fn of(findings: &[Finding]) -> Self {
        let failed = |check| findings.iter().any(|found| found.check == check && found.state == State::Failed);
        let mut ways = findings.iter().filter(|found| found.check == Check::Way && found.state != State::NotApplicable);
        let has_ways = ways.clone().next().is_some();
        if failed(Check::Configuration) {
            Self::Faulty
        } else if failed(Check::Route) || failed(Check::Portal) || failed(Check::Internet) {
            Self::NoInternet
        } else if has_ways && ways.all(|way| way.state == State::Failed) {
            Self::NoWay
        } else if findings.iter().any(|found| found.state == State::Failed) {
            Self::Degraded
        } else {
            Self::Well
        }
    }
}
