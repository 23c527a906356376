//! What a probe is made of, as data: every host, port, key and root can be pointed elsewhere. It does nothing.

use crate::model::{Destination, Facet, L4, ServiceId};
use std::sync::Arc;

/// One way of asking a service whether it is there.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Which service.
    pub service: ServiceId,
    /// Which facet it speaks for.
    pub facet: Facet,
    /// Streams or packets.
    pub l4: L4,
    /// Where, in the order the app itself would try; one is used at a time, rotated.
    pub targets: Vec<Destination>,
    /// What is said and what must come back.
    pub kind: Kind,
}

/// Which certificates a TLS probe trusts.
#[derive(Clone, Debug)]
pub enum Roots {
    /// The platform's store (`SSL_CERT_FILE` is honoured).
    Platform,
    /// These and no others (DER).
    Pinned(Arc<[Vec<u8>]>),
    /// Any chain: only whether a TLS answer comes is asked (names of a private CA that is not pinned).
    Any,
}

/// What a probe says, and what it takes for an answer.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Obfuscated `req_pq`; the answer must hold the nonce and one of these key fingerprints.
    Telegram {
        /// The data centre's number, put into the obfuscated header.
        dc: i16,
        /// Accepted server key fingerprints.
        fingerprints: Arc<[u64]>,
    },
    /// WhatsApp's Noise XX hello; the certificate chain must end at this root key.
    Noise {
        /// The pinned Curve25519 key.
        root: [u8; 32],
    },
    /// TLS and one HTTP request.
    Https(Https),
    /// The same, asked again and again over one connection: what shows a freeze where no large object is known. Made of
    /// [`Self::Https`], and never configured.
    Often(Https),
    /// TLS, a WebSocket, and one exchange in it.
    WebSocket {
        /// The TLS and HTTP part; `path` is the socket's.
        https: Https,
        /// `Sec-WebSocket-Protocol`, when the service asks for one.
        subprotocol: Option<String>,
        /// `Origin`, when the service asks for one.
        origin: Option<String>,
        /// What is exchanged.
        talk: Talk,
    },
    /// TLS only: a completed handshake is an answer of grade B.
    Tls(Https),
    /// A STUN Binding request (RFC 8489).
    Stun,
    /// QUIC's first packet with the name in its hello: the server's own first packet is an answer of grade B.
    Quic(Https),
}

/// The exchange inside a WebSocket.
#[derive(Clone, Debug)]
pub enum Talk {
    /// Discord's gateway speaks first: `op` 10 with a heartbeat interval.
    DiscordHello,
    /// As [`Kind::Telegram`].
    Telegram {
        /// The data centre's number.
        dc: i16,
        /// Accepted server key fingerprints.
        fingerprints: Arc<[u64]>,
    },
    /// As [`Kind::Noise`].
    Noise {
        /// The pinned Curve25519 key.
        root: [u8; 32],
    },
}

/// The TLS and HTTP part of a probe.
#[derive(Clone, Debug)]
pub struct Https {
    /// SNI and Host; the target's own name when `None`.
    pub name: Option<String>,
    /// ALPN, in order.
    pub alpn: Vec<String>,
    /// Whom to trust.
    pub roots: Roots,
    /// GET or HEAD.
    pub method: Method,
    /// The path and query.
    pub path: String,
    /// A header that only the real service sends; makes the answer grade A.
    pub proof_header: Option<String>,
    /// Read at least this many bytes of the body (the freeze check), when a large object is known.
    pub body_bytes: u32,
}

/// The method of a probe's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// HEAD.
    Head,
}

/// The neutral places that vouch for the link (controls C1–C3, C11).
#[derive(Clone, Debug, Default)]
pub struct Anchors {
    /// C1: plain HTTP addresses with an exact expected answer.
    pub captive: Vec<CaptiveCheck>,
    /// C2: foreign, neutral, TLS.
    pub neutral: Vec<Spec>,
    /// C3: domestic, always allowed, TLS.
    pub domestic: Vec<Spec>,
    /// Neutral objects of 64 KB and more, to hold a service's speed against (T10).
    pub bulk: Vec<Spec>,
    /// STUN servers of no messenger (T14).
    pub stun: Vec<Destination>,
    /// Time servers (NTP): packets that are neither STUN nor DNS (T14).
    pub time: Vec<Destination>,
}

/// One captive-portal canary.
#[derive(Clone, Debug)]
pub struct CaptiveCheck {
    /// Host and port.
    pub target: Destination,
    /// The path.
    pub path: String,
    /// The exact status expected.
    pub status: u16,
    /// The exact body expected, when there is one.
    pub body: Option<String>,
}
