//! Why bytes are not what their protocol says. No error holds a destination, a name or a secret.

use crate::model::BadDestination;
use std::fmt;

/// The protocol in which something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// HTTP/1.1 (RFC 9112).
    Http,
    /// Telegram's MTProto.
    Mtproto,
    /// WhatsApp's Noise XX.
    Noise,
    /// QUIC (RFC 9000).
    Quic,
    /// SOCKS 4, 4a and 5 (RFC 1928).
    Socks,
    /// STUN (RFC 8489).
    Stun,
    /// Trojan.
    Trojan,
    /// VLESS.
    Vless,
    /// WebSocket (RFC 6455).
    WebSocket,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Http => "http",
            Self::Mtproto => "mtproto",
            Self::Noise => "noise",
            Self::Quic => "quic",
            Self::Socks => "socks",
            Self::Stun => "stun",
            Self::Trojan => "trojan",
            Self::Vless => "vless",
            Self::WebSocket => "websocket",
        })
    }
}

/// What is wrong with bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The peer does not speak the protocol, or speaks it wrongly.
    #[error("{protocol}: {what}")]
    Malformed {
        /// In which protocol.
        protocol: Protocol,
        /// What was found, and what was expected.
        what: &'static str,
    },
    /// The peer announces or sends more than we are willing to hold.
    #[error("{protocol}: {what} is larger than {limit}, the most that is accepted")]
    TooLarge {
        /// In which protocol.
        protocol: Protocol,
        /// What is too large.
        what: &'static str,
        /// The limit, in the unit that `what` names.
        limit: usize,
    },
    /// The host a client asked for is none.
    #[error("{protocol}: the client asked for a host that is none: {why}")]
    BadHost {
        /// In which protocol.
        protocol: Protocol,
        /// What is wrong with it.
        why: BadDestination,
    },
    /// SOCKS: a command that is not known (reply 7, RFC 1928 §6).
    #[error("socks: command {0} is not known; expected 1 (connect), 2 (bind) or 3 (udp associate)")]
    UnknownCommand(u8),
    /// SOCKS: an address type that is not known (reply 8, RFC 1928 §6).
    #[error("socks: address type {0} is not known; expected 1 (ipv4), 3 (name) or 4 (ipv6)")]
    UnknownAddressType(u8),
    /// SOCKS: a fragment of a datagram. RFC 1928 §7 lets an implementation drop them.
    #[error("socks: the datagram is fragment {0}; fragments are not reassembled")]
    Fragment(u8),
    /// MTProto: an answer to somebody else's question: a replay, or not Telegram.
    #[error("mtproto: the answer carries another nonce than the question")]
    WrongNonce,
    /// Noise: a key the pinned root does not vouch for. Somebody may be in the middle.
    #[error("noise: {0}")]
    ForeignKey(&'static str),
    /// Noise: the chain is right but not at this time: a wrong clock here, or a replayed certificate.
    #[error("noise: the {0} certificate is not valid at this time; check the clock")]
    OutOfDate(&'static str),
    /// STUN: the server answered with an error code (RFC 8489 §14.8).
    #[error("stun: the server refused with code {0}")]
    Refused(u16),
    /// The cipher library failed on this machine. Says nothing about the peer.
    #[error("{0}: the cipher of this machine failed")]
    Cipher(Protocol),
}

impl Error {
    pub(super) const fn malformed(protocol: Protocol, what: &'static str) -> Self {
        Self::Malformed { protocol, what }
    }

    pub(super) const fn too_large(protocol: Protocol, what: &'static str, limit: usize) -> Self {
        Self::TooLarge { protocol, what, limit }
    }
}
