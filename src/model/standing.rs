//! What is believed of every route right now: the snapshot that connections read without a lock.

use super::{
    Confidence, Ground, Keyed, LinkState, Moment, NetworkId, Route, ServiceId, Technique, TransportId, Verdict,
};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

/// The states of a route (detection rules §3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nothing is known.
    #[default]
    Unknown,
    /// Works.
    Ok,
    /// Something is wrong; others go first.
    Suspect,
    /// Usable for some things.
    Degraded,
    /// Not used for people's connections, except canaries.
    Blocked,
    /// Works again in probes; a growing share of connections tries it.
    Recovering,
    /// The service fails on every way; nobody is blamed.
    ServiceDown,
    /// Our probe fails on every way while people's connections work.
    ProbeStale,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Unknown => "unknown",
            Self::Ok => "ok",
            Self::Suspect => "suspect",
            Self::Degraded => "degraded",
            Self::Blocked => "blocked",
            Self::Recovering => "recovering",
            Self::ServiceDown => "service down",
            Self::ProbeStale => "probe stale",
        })
    }
}

/// What of a route that works does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Partial {
    /// Its addresses answer over IPv6 alone.
    OnlyIpv6,
    /// Its addresses answer over IPv4 alone.
    OnlyIpv4,
    /// Some of its addresses do not answer, others do.
    SomeEndpoints {
        /// How many do not.
        dead: u32,
    },
}

impl fmt::Display for Partial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnlyIpv6 => f.write_str("works over IPv6 only, its IPv4 addresses do not answer"),
            Self::OnlyIpv4 => f.write_str("works over IPv4 only, its IPv6 addresses do not answer"),
            Self::SomeEndpoints { dead: 1 } => f.write_str("one of its addresses does not answer"),
            Self::SomeEndpoints { dead } => write!(f, "{dead} of its addresses do not answer"),
        }
    }
}

/// What is believed of one route.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The state.
    pub phase: Phase,
    /// The evidence score at `at`; decays with the half-life.
    pub score: f64,
    /// What the evidence means.
    pub verdict: Verdict,
    /// How sure that is.
    pub confidence: Confidence,
    /// Since when the phase holds.
    pub since: Moment,
    /// The last validated answer.
    pub last_good: Option<Moment>,
    /// The last failure that counted.
    pub last_bad: Option<Moment>,
    /// Smoothed round-trip time.
    pub rtt: Option<Duration>,
    /// Smoothed time to the first byte of an answer.
    pub first_byte: Option<Duration>,
    /// While recovering: the share of new connections that may try this way, 0 to 1.
    pub canary: f64,
    /// While blocked: not probed before this moment.
    pub held_until: Option<Moment>,
    /// Whether people's bytes may never take this way: somebody else answered in the service's place.
    pub hostile: bool,
    /// What of it does not work, where the rest does.
    pub partial: Option<Partial>,
}

impl Standing {
    /// Nothing known, since `now`.
    pub const fn unknown(now: Moment) -> Self {
        Self {
            phase: Phase::Unknown,
            score: 0.0,
            verdict: Verdict::Unclear,
            confidence: Confidence::Inconclusive,
            since: now,
            last_good: None,
            last_bad: None,
            rtt: None,
            first_byte: None,
            canary: 0.0,
            held_until: None,
            hostile: false,
            partial: None,
        }
    }

    /// The technique of a block or degradation.
    pub const fn technique(&self) -> Option<Technique> {
        match self.verdict {
            Verdict::Blocked(how) | Verdict::Degraded(how) => Some(how),
            Verdict::Works | Verdict::Down | Verdict::Unclear => None,
        }
    }
}

/// A choice the operator forced with `byway use`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forced {
    /// The only way to take.
    pub transport: TransportId,
    /// Until when; `None` until told otherwise.
    pub until: Option<Moment>,
}

/// Everything believed at one moment, for the network the device is on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Which network.
    pub network: NetworkId,
    /// The state of the whole link.
    pub link: LinkState,
    /// Why it is in that state.
    pub ground: Ground,
    /// The routes something is known about.
    pub standings: Keyed<Route, Standing>,
    /// The operator's choices.
    pub forced: Keyed<ServiceId, Forced>,
    /// The tunnels that once carried something while only domestic places answered: they go first when that is so.
    pub capable: HashSet<TransportId>,
    /// Services that somebody plays on the bare line, by proof: none of their facets goes there.
    pub played: HashSet<ServiceId>,
}

impl Snapshot {
    /// What is believed of `route`, if anything.
    pub fn standing(&self, route: &Route) -> Option<&Standing> {
        self.standings.get(route)
    }

    /// Whether people's bytes may not take `route` now, which goes over the `bare` line or not: somebody else answered
    /// there in the service's place, or it is just being found out.
    pub fn is_hostile(&self, route: &Route, bare: bool) -> bool {
        (bare && self.played.contains(&route.service)) || self.standing(route).is_some_and(|s| s.hostile)
    }
}
