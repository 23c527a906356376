//! What evidence means: the words shown to people, journalled and believed. A verdict needs controls and
//! time; a route decision does not wait for one (design: two outputs, not one).

use serde::{Deserialize, Serialize};
use std::fmt;

/// How a block, a degradation or an interference works. The names are those of `docs/detection.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Technique {
    /// T1–T3: the resolver lies, or stays silent for this name only.
    DnsTamper,
    /// T4: packets to the addresses vanish.
    IpDrop,
    /// T5: connections are refused by a reset or an ICMP answer that is not the service's.
    TcpReject,
    /// T6: a reset or an end of stream right after the hello with the name.
    SniRst,
    /// T7a: the hello itself never arrives (never acknowledged).
    SniDropHello,
    /// T7b: the hello arrives, the answer does not.
    SniDropAnswer,
    /// T7, or a hole in the path: first messages of more than one packet vanish, small ones pass.
    HelloSize,
    /// T8: everything from the server is dropped, whatever was sent.
    S2cDrop,
    /// T9: the bytes stop after some kilobytes.
    Freeze,
    /// T10: far slower than the line.
    Throttled,
    /// T11: somebody else's certificate or key answers.
    Mitm,
    /// T12: a page that is not the service's.
    HttpBlock,
    /// T13: QUIC is not answered.
    QuicBlock,
    /// T14: no packet comes back.
    UdpBlocked,
    /// T14: packets that look like STUN are dropped.
    StunDpi,
    /// T14: the service's own relays for calls get no answer, other places' do.
    CallsBlocked,
    /// T15: the protocol's own first message is swallowed.
    ProtoBlock,
    /// T16: too many connections at once are punished.
    BurstPolice,
    /// T18: some connections fail, others do not.
    RandomDrop,
    /// Something stops it; what, is not known yet.
    Unidentified,
}

impl Technique {
    /// The name in journals and machine output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DnsTamper => "dns_tamper",
            Self::IpDrop => "ip_drop",
            Self::TcpReject => "tcp_reject",
            Self::SniRst => "sni_rst",
            Self::SniDropHello => "sni_drop_hello",
            Self::SniDropAnswer => "sni_drop_answer",
            Self::HelloSize => "hello_size",
            Self::S2cDrop => "s2c_drop",
            Self::Freeze => "freeze",
            Self::Throttled => "throttled",
            Self::Mitm => "mitm",
            Self::HttpBlock => "http_block",
            Self::QuicBlock => "quic_block",
            Self::UdpBlocked => "udp_blocked",
            Self::StunDpi => "stun_dpi",
            Self::CallsBlocked => "calls_blocked",
            Self::ProtoBlock => "proto_block",
            Self::BurstPolice => "burst_police",
            Self::RandomDrop => "random_drop",
            Self::Unidentified => "unidentified",
        }
    }

    /// One plain sentence for a person. It names the observation, never a motive.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::DnsTamper => "the network's name server gives a false answer for it",
            Self::IpDrop => "packets to its addresses vanish",
            Self::TcpReject => "connections to it are refused on the way",
            Self::SniRst => "connections are cut as soon as its name is seen",
            Self::SniDropHello => "the first message vanishes on the way there",
            Self::SniDropAnswer => "the answer vanishes on the way back",
            Self::HelloSize => "large first messages vanish, small ones pass",
            Self::S2cDrop => "everything it sends vanishes on the way back",
            Self::Freeze => "transfers freeze after a few kilobytes",
            Self::Throttled => "it is made far slower than the line",
            Self::Mitm => "somebody else answers in its place",
            Self::HttpBlock => "a block page answers in its place",
            Self::QuicBlock => "QUIC, the newer kind of connection, gets no answer from it",
            Self::UdpBlocked => "UDP, which calls need, gets no answer from it",
            Self::StunDpi => "call set-up packets get no answer, other packets do",
            Self::CallsBlocked => "its call servers get no answer, others' do",
            Self::ProtoBlock => "its protocol gets no answer, other bytes do",
            Self::BurstPolice => "several connections at once are frozen",
            Self::RandomDrop => "a part of the connections to it fails",
            Self::Unidentified => "it cannot be reached, the kind of block is not clear yet",
        }
    }
}

impl fmt::Display for Technique {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What the evidence about a route means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is", content = "how")]
pub enum Verdict {
    /// A validated answer came.
    Works,
    /// Interference stops it.
    Blocked(Technique),
    /// Usable for some things.
    Degraded(Technique),
    /// The service itself fails, on every way.
    Down,
    /// Not known.
    Unclear,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Works => f.pad("works"),
            Self::Blocked(how) => f.pad(&format!("blocked ({how})")),
            Self::Degraded(how) => f.pad(&format!("degraded ({how})")),
            Self::Down => f.pad("down"),
            Self::Unclear => f.pad("unclear"),
        }
    }
}

/// How sure a verdict is; OONI's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Not enough to say.
    Inconclusive,
    /// Consistent failures with working controls.
    Anomaly,
    /// A control pair leaves no harmless explanation.
    Confirmed,
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Inconclusive => "inconclusive",
            Self::Anomaly => "anomaly",
            Self::Confirmed => "confirmed",
        })
    }
}
