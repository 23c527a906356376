//! The ordered ways for one connection, and those passed over, each with its reason.

use super::{Phase, Technique, TransportId};
use serde::Serialize;
use std::fmt;

/// A way out as far as choosing needs to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// Its name.
    pub id: TransportId,
    /// Whether it sends the person's bytes over the person's own line to the destination itself
    /// (`direct`, `split`), rather than through a server.
    pub bare: bool,
    /// Whether it carries packets.
    pub packets: bool,
    /// Whether it could be built: a transport that could not is passed over, the others go on.
    pub usable: bool,
}

/// What a connection needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Need {
    /// A stream (TCP).
    Stream,
    /// Packets (UDP).
    Packets,
}

/// Why a way is not tried, or not before others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The service must never go out bare.
    DirectForbidden,
    /// The service must always go out bare.
    TunnelForbidden,
    /// The operator chose another way.
    NotTheForcedWay,
    /// It carries no packets.
    NoPackets,
    /// QUIC is not answered there, and the apps do the same over TCP: the packets are refused here and at once.
    StreamsInstead,
    /// It could not be built.
    Unusable,
    /// It is blocked.
    Blocked(Technique),
    /// It is in a state that puts others first.
    Phase(Phase),
    /// Somebody else answers in the service's place there.
    Hostile,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DirectForbidden => f.write_str("this service must never go out without a tunnel"),
            Self::TunnelForbidden => f.write_str("this service always goes out directly"),
            Self::NotTheForcedWay => f.write_str("another way was chosen with `byway use`"),
            Self::NoPackets => f.write_str("it carries no UDP"),
            Self::StreamsInstead => f.write_str("QUIC gets no answer here, TCP is used instead"),
            Self::Unusable => f.write_str("it could not be set up"),
            Self::Blocked(how) => write!(f, "blocked: {}", how.sentence()),
            Self::Phase(phase) => write!(f, "{phase}"),
            Self::Hostile => f.write_str("somebody else answers in the service's place"),
        }
    }
}

/// One way to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The way.
    pub transport: TransportId,
    /// Whether this is a canary: a connection lent to a way that is coming back. It is hedged at once.
    pub canary: bool,
}

/// What to do for one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The ways, best first. Empty means refuse.
    pub attempts: Vec<Attempt>,
    /// The ways not tried, with the reason.
    pub passed_over: Vec<(TransportId, Reason)>,
}
