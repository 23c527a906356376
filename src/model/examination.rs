//! The full examination of a service on request (`byway diagnose`): what is tested, what each test brought, and what all
//! of it means. Nothing here holds an address or a name of a host.

use super::{Confidence, Facet, Ground, LinkState, ServiceId, TransportId, Verdict};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One kind of test of an examination. The controls are those of the detection rules (§1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trial {
    /// C0–C3, C11: whether the line is fit to learn from.
    Link,
    /// The system's resolver beside the secure one.
    Dns,
    /// T2: that resolver asked raw, with an ear for a second, late answer, and over TCP.
    LateAnswer,
    /// The service's own protocol over the plain direct way.
    Service,
    /// C7: another address or port of the service.
    OtherEndpoint,
    /// C7: the same by the other IP version.
    OtherFamily,
    /// C4: the same address with a neutral name.
    NeutralName,
    /// C5: the service's name at a neutral address.
    NeutralAddress,
    /// C6: the same address with other bytes.
    NeutralBytes,
    /// T7: a hello that fits one segment.
    SmallHello,
    /// T9: a body of 64 KB.
    Body,
    /// T9: the same few bytes in one packet and in many.
    Packets,
    /// T10: goodput beside an anchor's and the tunnel's.
    Goodput,
    /// T13: QUIC, and an unknown version of it.
    Quic,
    /// T14: STUN to the service.
    Calls,
    /// T14: STUN to a neutral place.
    NeutralStun,
    /// T14: UDP that is no STUN to a neutral place.
    NeutralUdp,
    /// T12: plain HTTP.
    PlainHttp,
    /// C8: the service's own protocol through a tunnel.
    Tunnel,
}

impl Trial {
    /// The name in machine output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Dns => "dns",
            Self::LateAnswer => "late_answer",
            Self::Service => "service",
            Self::OtherEndpoint => "other_endpoint",
            Self::OtherFamily => "other_family",
            Self::NeutralName => "neutral_name",
            Self::NeutralAddress => "neutral_address",
            Self::NeutralBytes => "neutral_bytes",
            Self::SmallHello => "small_hello",
            Self::Body => "body",
            Self::Packets => "packets",
            Self::Goodput => "goodput",
            Self::Quic => "quic",
            Self::Calls => "calls",
            Self::NeutralStun => "neutral_stun",
            Self::NeutralUdp => "neutral_udp",
            Self::PlainHttp => "plain_http",
            Self::Tunnel => "tunnel",
        }
    }
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a test brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is", content = "how")]
pub enum Outcome {
    /// It was answered as it should be.
    Passed,
    /// It was not; OONI's name of the failure where there is one ([`super::Cause::name`], [`super::Sign::name`]).
    Failed(String),
    /// It was not made; why, in words.
    Skipped(String),
}

/// One test and what it brought: a line of evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exhibit {
    /// Which test.
    pub trial: Trial,
    /// Of which facet; `None` where the test is about the line.
    pub facet: Option<Facet>,
    /// Over which way; `None` where that makes no difference.
    pub via: Option<TransportId>,
    /// What it brought.
    pub outcome: Outcome,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// What it shows, in one plain sentence that names no place.
    pub says: String,
}

/// What an examination means for one facet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conclusion {
    /// Which facet.
    pub facet: Facet,
    /// What it means.
    pub verdict: Verdict,
    /// How sure that is.
    pub confidence: Confidence,
    /// In plain language: what is the matter, how it is known, and what to do.
    pub says: String,
}

/// One step of an examination, in the order in which they come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "step", content = "body")]
pub enum Examined {
    /// It begins: so many tests are planned.
    Planned {
        /// Of which service.
        service: ServiceId,
        /// How many tests.
        tests: u32,
    },
    /// A test begins.
    Began(Trial),
    /// It waits until a punishment that an earlier attempt may have set off is over.
    Waits {
        /// For so long.
        seconds: u32,
    },
    /// A test is over.
    Exhibit(Exhibit),
    /// All are over: the line, and what it means for each facet.
    Concluded {
        /// The state of the line meanwhile.
        link: LinkState,
        /// Why.
        ground: Ground,
        /// Facet by facet.
        facets: Vec<Conclusion>,
    },
}
