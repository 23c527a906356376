//! A service as the user configured it: in which order its ways are tried, and whether it may go out bare.

use super::{ServiceId, TransportId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Whether a service's traffic may leave without a tunnel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DirectRule {
    /// Always bare, even when blocked: tunnels are never used for it.
    Always,
    /// Bare while that works, a tunnel otherwise.
    #[default]
    UntilBlocked,
    /// Never bare, not even when every tunnel is dead, and not in DNS.
    Never,
}

impl fmt::Display for DirectRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Always => "always",
            Self::UntilBlocked => "until-blocked",
            Self::Never => "never",
        })
    }
}

/// What a first flight to a service looks like when its bytes alone do not tell, so that it is known
/// whether it may be replayed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FirstFlight {
    /// Nothing special: TLS and idempotent HTTP are recognised by their bytes.
    #[default]
    Sniff,
    /// MTProto's obfuscated start looks random and is safe to replay.
    Mtproto,
    /// WhatsApp's Noise hello is safe to replay.
    Noise,
}

/// A configured service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its id.
    pub id: ServiceId,
    /// Its name for people.
    pub title: String,
    /// The ways in the user's order.
    pub order: Vec<TransportId>,
    /// Whether it may go out bare.
    pub direct: DirectRule,
    /// What its first flight looks like on addresses that only it has.
    pub first_flight: FirstFlight,
}
