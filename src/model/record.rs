//! What is announced, logged and journalled. No record holds a destination, an address, a name in a hello
//! or a key: services and transports by their ids, kinds and counts, nothing else.

use super::{Confidence, Facet, Ground, LinkState, NetworkId, Phase, Route, ServiceId, TransportId, Verdict};
use serde::{Deserialize, Serialize};

/// A kind of sign and how often it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignCount {
    /// The sign's name, OONI's where there is one.
    pub sign: String,
    /// How often since the belief began to change.
    pub count: u32,
}

/// A route's state changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    /// Which route.
    pub route: Route,
    /// On which network.
    pub network: NetworkId,
    /// The state before.
    pub from: Phase,
    /// The state now.
    pub to: Phase,
    /// What it means.
    pub verdict: Verdict,
    /// How sure that is.
    pub confidence: Confidence,
    /// The score at the change.
    pub score: f64,
    /// What was seen.
    pub why: Vec<SignCount>,
    /// Distinct endpoints behind it.
    pub endpoints: u32,
    /// From the first bad sign to this change, in milliseconds.
    pub took_ms: u64,
    /// When it is tested next, seconds from now.
    pub next_secs: Option<u64>,
}

/// A service's connections changed their way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WayChange {
    /// Which service.
    pub service: ServiceId,
    /// Which facet.
    pub facet: Facet,
    /// The way before, if there was one.
    pub from: Option<TransportId>,
    /// The way now; `None` when none is left.
    pub to: Option<TransportId>,
    /// One sentence.
    pub why: String,
    /// How long the first connection on the new way was held up, in milliseconds.
    pub delay_ms: u64,
}

/// How people's connections over one route fared, counted. No sizes, no places.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// Which route.
    pub route: Route,
    /// Connections on which the destination answered.
    pub answered: u32,
    /// Those of them that another way before this one had failed: carried over, and nobody noticed.
    pub saved: u32,
    /// Connections that ended in a failure the app saw, with this route as the last one tried.
    pub lost: u32,
}

/// Anything worth remembering.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Record {
    /// byway started.
    Started,
    /// byway was told to stop.
    Stopped,
    /// What people's connections did since the last such record: what `byway report` adds up.
    Carried {
        /// Over how many seconds.
        secs: u32,
        /// By route; routes that nobody took are left out.
        routes: Vec<Carried>,
    },
    /// A route's state changed.
    Transition(Transition),
    /// A service changed its way.
    Way(WayChange),
    /// The link's state changed.
    Link {
        /// On which network.
        network: NetworkId,
        /// The state before.
        from: LinkState,
        /// The state now.
        to: LinkState,
        /// Why.
        #[serde(default)]
        ground: Ground,
    },
    /// The device joined another network.
    Network {
        /// Which.
        network: NetworkId,
    },
    /// The operator forced a way, or gave the choice back.
    Use {
        /// For which service.
        service: ServiceId,
        /// The way; `None` for automatic.
        transport: Option<TransportId>,
    },
    /// The configuration was read again.
    Reloaded,
}
