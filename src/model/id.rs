//! The small names everything else is keyed by.

use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// Something the user wants to reach: `telegram`, `whatsapp` … or [`ServiceId::other`].
    ServiceId
}
text_id! {
    /// A named way out: `direct`, `split`, or the user's name for a tunnel.
    TransportId
}

/// A table by such names. They come out of the configuration and the lists it names, not from strangers, so they need no
/// hash that withstands chosen keys.
pub type Keyed<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

impl ServiceId {
    /// "Everything else": what no service claims.
    pub fn other() -> Self {
        static OTHER: LazyLock<ServiceId> = LazyLock::new(|| ServiceId::from("other"));
        OTHER.clone()
    }

    /// Whether this is "everything else".
    pub fn is_other(&self) -> bool {
        self.as_str() == "other"
    }
}

/// A capability of a service that can live or die alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Facet {
    /// Messages.
    Text,
    /// Pictures, files, voice notes.
    Media,
    /// Voice and video calls.
    Calls,
    /// The service in a browser.
    Web,
}

impl fmt::Display for Facet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Text => "text",
            Self::Media => "media",
            Self::Calls => "calls",
            Self::Web => "web",
        })
    }
}

/// The layer-4 protocol a belief is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum L4 {
    /// Streams.
    Tcp,
    /// Packets.
    Udp,
}

/// One network the device has been on, as a keyed hash: tells "home" from "café" without naming either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NetworkId(pub u32);

impl NetworkId {
    /// Not known (yet): there is no default route, or its gateway has not been spoken to.
    pub const UNKNOWN: Self = Self(0);

    /// Whether it is not known which network this is.
    pub const fn is_unknown(self) -> bool {
        self.0 == Self::UNKNOWN.0
    }
}

impl fmt::Display for NetworkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}", self.0 & 0xffff)
    }
}

/// A version of IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// One endpoint (address and port) of a service as a salted hash: enough to count distinct ones and to tell the versions
/// of IP apart, no more. The two upper bits hold the version, where it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EndpointTag(pub u32);

impl EndpointTag {
    const HASH: u32 = u32::MAX >> 2;
    const V4: u32 = 0b01 << 30;
    const V6: u32 = 0b10 << 30;

    /// An endpoint of a known version of IP; thirty bits of the hash are kept.
    pub const fn of(hash: u32, family: Family) -> Self {
        let version = match family {
            Family::V4 => Self::V4,
            Family::V6 => Self::V6,
        };
        Self((hash & Self::HASH) | version)
    }

    /// Its version of IP, where that was known.
    pub const fn family(self) -> Option<Family> {
        match self.0 & !Self::HASH {
            Self::V4 => Some(Family::V4),
            Self::V6 => Some(Family::V6),
            _ => None,
        }
    }
}

/// A service's facet over a transport, per layer-4 protocol: what a belief is held about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Route {
    /// The service.
    pub service: ServiceId,
    /// Its facet.
    pub facet: Facet,
    /// The way out.
    pub transport: TransportId,
    /// Streams or packets.
    pub l4: L4,
}

impl Route {
    /// Whether its packets are QUIC's: all but a call's are. Apps do without it, so it is asked about only in trouble.
    pub const fn is_quic(&self) -> bool {
        matches!((self.l4, self.facet), (L4::Udp, Facet::Text | Facet::Media | Facet::Web))
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} via {}", self.service, self.facet, self.transport)?;
        match self.l4 {
            L4::Tcp => Ok(()),
            L4::Udp => f.write_str(" (udp)"),
        }
    }
}
