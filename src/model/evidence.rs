//! One classified fact about a route. `judge` makes them from failures and answers; `health` weighs them.

use super::{Confidence, EndpointTag, Moment, Route, Technique};
use serde::Serialize;

/// Where a fact comes from. Traffic outranks probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A person's own connection.
    Traffic,
    /// An active test.
    Probe,
}

/// How much of an answer was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum Grade {
    /// Its shape is right, or the server spoke at all (an alert, an error status).
    B,
    /// It proves the real service: a nonce, a chain to a pinned key, a header only it sends.
    A,
}

/// What was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// A validated application answer.
    Answer(Grade),
    /// A connection carried at least 64 KB both ways together with server data, or lived 60 s with server data.
    FlowProven,
    /// At least 64 KB of one body came through: the only thing that clears a freeze.
    BodyProven,
    /// A TCP connect and nothing more. Counts nothing.
    ConnectOnly,
    /// No answer to the SYN.
    ConnectTimeout,
    /// Refused by a reset at connect time.
    Refused,
    /// Refused by an ICMP answer at connect time.
    RefusedByIcmp,
    /// A reset after the first flight, with no byte back.
    ResetAfterHello,
    /// An end of stream after the first flight, with no byte back.
    EofAfterHello,
    /// The first flight was never acknowledged (class a).
    HelloDropped,
    /// The first flight was acknowledged, no byte came back (class b).
    HelloMuted,
    /// No byte came back, and the kernel gave no facts to tell which class.
    Silence,
    /// Stopped in the middle after this many kilobytes, with an answer owed.
    Frozen {
        /// Kilobytes that had come.
        kilobytes: u16,
    },
    /// A busy window of a transfer was this slow. Counts nothing before an anchor's goodput is known (T10).
    Slow {
        /// Kilobytes a second, rounded down.
        kilobytes_per_second: u16,
    },
    /// A window of goodput far below the anchor's.
    Throttled,
    /// The chain or key is not the service's, while the anchors' are theirs and the clock is right.
    ForeignKey,
    /// A page that leaves the service's domain, or a known stub.
    BlockPage,
    /// The system's resolver and the secure one disagree. Counts nothing for the route.
    DnsLie,
    /// Two different answers to one query: proven injection. Still nothing for the route by itself.
    DnsInjected,
    /// Only this name's look-ups go unanswered.
    DnsSilent,
    /// The client gave up after at least 5 s without a byte.
    ClientGaveUp,
    /// At least 4 short connections to the service within 60 s that got nothing.
    Reconnecting,
    /// Twice in a row, with nobody served in between, an app hung up on the server's first words and connected again:
    /// it may have been shown a stranger's certificate or key.
    HungUp,
    /// Twice in a row an app left a connection on which nothing had come for a while, after some kilobytes, and connected
    /// again at once: perhaps transfers freeze, where nothing shows that more is owed. Counts nothing, and is a reason
    /// to ask for a body.
    Left,
    /// Packets went out, none came back.
    UdpNoReply,
    /// QUIC's first packets to the service got no answer, while the same host answers otherwise (T13).
    QuicSilent,
    /// The hello was swallowed as the last of several sent at once under one name, each of which had passed (T16).
    BurstFrozen,
    /// The answer is not what the protocol says: our probe is stale, or somebody plays the server.
    WrongAnswer,
    /// Our own server on this transport could not be reached or did not accept us.
    TransportDown,
}

/// What the same attempt did on another way, within 60 s (control C8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Twin {
    /// Not tried.
    #[default]
    Unknown,
    /// Another way reached the same place: this one is at fault, and the link is up.
    Answered,
    /// Every way failed alike: the service or the probe is at fault.
    FailedToo,
}

/// What the neutral anchors said at about the time of the attempt (controls C1–C3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchors {
    /// Not asked within ±10 s; `health` holds the fact until they have answered.
    #[default]
    Unknown,
    /// At least three quarters answered.
    Good,
    /// They failed too: nothing is anybody's fault.
    Bad,
}

/// One classified fact.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// What it is about.
    pub route: Route,
    /// Who saw it.
    pub source: Source,
    /// What was seen.
    pub sign: Sign,
    /// When the attempt *began*: a network change or a sleep after that voids it.
    pub began: Moment,
    /// From when on what was due did not come: the line must be vouched for after that, for it may have gone in between.
    /// Later than `began` where a connection lived before it failed.
    pub since: Moment,
    /// When it ended.
    pub at: Moment,
    /// Where, for counting distinct endpoints.
    pub endpoint: Option<EndpointTag>,
    /// The same through another way.
    pub twin: Twin,
    /// The anchors at that time.
    pub anchors: Anchors,
    /// What a discriminating pair (C4–C6) proved, when one was run.
    pub pair: Option<Technique>,
    /// Round-trip time, when one was measured.
    pub rtt_ms: Option<u32>,
    /// Time to the first byte of the answer, when one came.
    pub first_byte_ms: Option<u32>,
    /// Says more of a [`Sign::Silence`] that was told of the same attempt before: it is counted once.
    pub sharpens: bool,
}

impl Evidence {
    /// A fact with nothing known but the sign.
    pub const fn new(route: Route, source: Source, sign: Sign, began: Moment, at: Moment) -> Self {
        Self {
            route,
            source,
            sign,
            began,
            since: began,
            at,
            endpoint: None,
            twin: Twin::Unknown,
            anchors: Anchors::Unknown,
            pair: None,
            rtt_ms: None,
            first_byte_ms: None,
            sharpens: false,
        }
    }
}

impl Sign {
    /// Whether this says that the route works.
    pub const fn is_good(self) -> bool {
        matches!(self, Self::Answer(_) | Self::FlowProven | Self::BodyProven)
    }

    /// Whether this says that the route does not work.
    pub const fn is_bad(self) -> bool {
        !self.is_good()
            && !matches!(self, Self::ConnectOnly | Self::DnsLie | Self::DnsInjected | Self::Slow { .. } | Self::Left)
    }

    /// Whether a server could have done this itself to a question that it does not understand (any more). People's
    /// successes do not vouch for such a question; the same question's answer on another way does.
    pub const fn may_be_the_question(self) -> bool {
        matches!(
            self,
            Self::ResetAfterHello | Self::EofAfterHello | Self::HelloMuted | Self::Silence | Self::WrongAnswer
        )
    }

    /// Whether this is about the line and the address alone, so that cutting the first message otherwise could not
    /// have helped: it holds for every bare way. A box that plays the server reads it whole, however it is cut.
    pub const fn is_of_the_line(self) -> bool {
        matches!(
            self,
            Self::ConnectTimeout
                | Self::Refused
                | Self::RefusedByIcmp
                | Self::Frozen { .. }
                | Self::Slow { .. }
                | Self::Throttled
                | Self::ForeignKey
                | Self::HungUp
        )
    }

    /// The name for records and machines: OONI's (df-007) where there is one.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answer(_) => "answer",
            Self::FlowProven => "flow_proven",
            Self::BodyProven => "body_proven",
            Self::ConnectOnly => "connect_only",
            Self::ConnectTimeout => "connect_timeout_error",
            Self::Refused => "connection_refused",
            Self::RefusedByIcmp => "host_unreachable",
            Self::ResetAfterHello => "connection_reset",
            Self::EofAfterHello => "eof_error",
            Self::HelloDropped => "hello_dropped",
            Self::HelloMuted => "hello_muted",
            Self::Silence => "generic_timeout_error",
            Self::Frozen { .. } => "stalled_after_bytes",
            Self::Slow { .. } => "slow",
            Self::Throttled => "throttled",
            Self::ForeignKey => "ssl_unknown_authority",
            Self::BlockPage => "blockpage",
            Self::DnsLie => "dns_lie",
            Self::DnsInjected => "dns_injected",
            Self::DnsSilent => "dns_no_answer",
            Self::ClientGaveUp => "client_gave_up",
            Self::Reconnecting => "reconnecting",
            Self::HungUp => "client_hung_up",
            Self::Left => "client_left",
            Self::UdpNoReply => "udp_no_reply",
            Self::QuicSilent => "quic_no_reply",
            Self::BurstFrozen => "burst_frozen",
            Self::WrongAnswer => "invalid_answer",
            Self::TransportDown => "transport_down",
        }
    }

    /// The technique this sign alone points at.
    pub const fn technique(self) -> Option<Technique> {
        Some(match self {
            Self::ConnectTimeout => Technique::IpDrop,
            Self::Refused | Self::RefusedByIcmp => Technique::TcpReject,
            Self::ResetAfterHello | Self::EofAfterHello => Technique::SniRst,
            Self::HelloDropped => Technique::SniDropHello,
            Self::HelloMuted => Technique::SniDropAnswer,
            Self::Frozen { .. } => Technique::Freeze,
            Self::Throttled => Technique::Throttled,
            Self::ForeignKey => Technique::Mitm,
            Self::BlockPage => Technique::HttpBlock,
            Self::DnsLie | Self::DnsInjected | Self::DnsSilent => Technique::DnsTamper,
            Self::UdpNoReply => Technique::UdpBlocked,
            Self::QuicSilent => Technique::QuicBlock,
            Self::BurstFrozen => Technique::BurstPolice,
            Self::Silence | Self::ClientGaveUp | Self::Reconnecting | Self::HungUp => Technique::Unidentified,
            Self::Answer(_)
            | Self::FlowProven
            | Self::BodyProven
            | Self::ConnectOnly
            | Self::Slow { .. }
            | Self::Left
            | Self::WrongAnswer
            | Self::TransportDown => return None,
        })
    }

    /// The best confidence this sign alone can give.
    pub const fn confidence(self) -> Confidence {
        match self {
            Self::ForeignKey | Self::BlockPage | Self::DnsInjected => Confidence::Confirmed,
            _ => Confidence::Anomaly,
        }
    }
}
