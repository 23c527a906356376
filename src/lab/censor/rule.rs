//! What a censor is told to do: a target and an action. One action per row of the table of client-side
//! observations that the lab stands for; several rules may be in force at once, the first that bites wins.

use super::sight::Sight;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// A protocol as a middlebox recognises it by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// A TLS ClientHello.
    Tls,
    /// A plain HTTP request.
    Http,
    /// WhatsApp's Noise hello, `WA` or with a routing prefix `ED`.
    Noise,
    /// Nothing known and statistically random: MTProto's obfuscated start, Shadowsocks (USENIX Security '23).
    Random,
    /// Anything else.
    Other,
}

/// What a rule is about. All given conditions must hold; within a list one is enough; an empty list holds.
#[derive(Clone, Debug, Default)]
pub struct Target {
    names: Vec<String>,
    prefixes: Vec<IpNet>,
    except: Vec<IpNet>,
    port: Option<u16>,
    except_ports: Vec<u16>,
    protocol: Option<Protocol>,
}

impl Target {
    /// Everything on the line.
    pub fn everything() -> Self {
        Self::default()
    }

    /// A name and all below it, as seen in a ClientHello, a Host field or a DNS question.
    pub fn name(name: &str) -> Self {
        Self::default().or_name(name)
    }

    /// An address prefix; an address alone is its own prefix.
    pub fn prefix(prefix: impl Into<IpNet>) -> Self {
        Self::default().or_prefix(prefix)
    }

    /// Flows that begin like this protocol.
    pub fn protocol(protocol: Protocol) -> Self {
        Self { protocol: Some(protocol), ..Self::default() }
    }

    /// Another name.
    #[must_use]
    pub fn or_name(mut self, name: &str) -> Self {
        self.names.push(name.to_ascii_lowercase());
        self
    }

    /// Another prefix.
    #[must_use]
    pub fn or_prefix(mut self, prefix: impl Into<IpNet>) -> Self {
        self.prefixes.push(prefix.into());
        self
    }

    /// Not this prefix.
    #[must_use]
    pub fn except(mut self, prefix: impl Into<IpNet>) -> Self {
        self.except.push(prefix.into());
        self
    }

    /// Only this port.
    #[must_use]
    pub const fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Every port but this one.
    #[must_use]
    pub fn except_port(mut self, port: u16) -> Self {
        self.except_ports.push(port);
        self
    }

    /// Only flows that begin like this protocol.
    #[must_use]
    pub const fn speaking(mut self, protocol: Protocol) -> Self {
        self.protocol = Some(protocol);
        self
    }

    /// Whether the first payload is needed to tell.
    pub(super) fn needs_payload(&self) -> bool {
        !self.names.is_empty() || self.protocol.is_some()
    }

    /// Whether no address is singled out.
    pub(super) fn prefixes_are_open(&self) -> bool {
        self.prefixes.is_empty() && self.except.is_empty() && self.port.is_none() && self.except_ports.is_empty()
    }

    /// Whether the address fits.
    pub(in crate::lab) fn fits_address(&self, to: SocketAddr) -> bool {
        let within = |list: &[IpNet]| list.iter().any(|net| net.contains(&to.ip()));
        (self.prefixes.is_empty() || within(&self.prefixes))
            && !within(&self.except)
            && self.port.is_none_or(|port| port == to.port())
            && !self.except_ports.contains(&to.port())
    }

    /// Whether the name fits.
    pub(in crate::lab) fn fits_name(&self, name: &str) -> bool {
        let below = |suffix: &String| {
            name.strip_suffix(suffix.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        self.names.is_empty() || self.names.iter().any(below)
    }

    /// Whether a flow fits, by what has been seen of it.
    pub(super) fn fits(&self, to: SocketAddr, sight: Option<&Sight>) -> bool {
        let payload = || {
            sight.is_some_and(|sight| {
                (self.names.is_empty() || sight.name.as_deref().is_some_and(|name| self.fits_name(name)))
                    && self.protocol.is_none_or(|protocol| protocol == sight.protocol)
            })
        };
        self.fits_address(to) && (!self.needs_payload() || payload())
    }
}

/// Which way packets go, seen from the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client.
    Up,
    /// To the client.
    Down,
    /// Both.
    Both,
}

/// What a forged DNS answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// The name does not exist (NXDOMAIN).
    NoSuchName,
    /// The resolver does not want to answer (REFUSED).
    Refused,
    /// It has this address and no other.
    Address(IpAddr),
}

/// What is done.
#[derive(Clone, Debug)]
pub enum Action {
    /// Every packet vanishes, those of running connections too (T4).
    Drop,
    /// A SYN is answered by a reset (T5).
    RejectSyn,
    /// A SYN is answered by ICMP "administratively prohibited" or "host unreachable" (T5).
    Unreachable,
    /// A reset to both ends instead of the hello (T6).
    ResetHello,
    /// An end of stream to the client instead of the hello (T6).
    EndHello,
    /// The hello and all after it vanish (T7a).
    DropHello,
    /// The hello passes, no payload comes back (T7b, T8).
    MuteAnswer,
    /// Handshakes and acknowledgements pass, payload this way vanishes, that of running connections and datagrams too
    /// (T8; a whitelist, T17).
    DropPayload(Direction),
    /// The first flow that fits puts its address and port on a list. From `after` on, new connections there vanish;
    /// those that are up live on.
    DropLater {
        /// How long the list takes to come into force.
        after: Duration,
    },
    /// After so many bytes of answer, headers included, nothing passes any more (T9).
    FreezeBytes(usize),
    /// After so many packets, both directions counted, nothing passes any more (T9).
    FreezePackets(u32),
    /// A shaper with a small burst: bytes a second, each way (T10).
    Throttle {
        /// The rate.
        bytes_per_second: u32,
    },
    /// A part of all packets vanishes (T18).
    Lose {
        /// How many in a hundred.
        percent: u8,
        /// Which way.
        direction: Direction,
    },
    /// The round trip takes so much longer, for connections opened while this is in force, and for datagrams: a
    /// congested line.
    Delay(Duration),
    /// Segments and datagrams with more payload than this vanish, and nobody says so: a hole in path MTU discovery.
    DropLarger(usize),
    /// So many TLS hellos with one name within `within` stop all that has this name for `freeze` (T16).
    PoliceBurst {
        /// How many are too many.
        hellos: usize,
        /// Within how long.
        within: Duration,
        /// For how long everything with that name vanishes.
        freeze: Duration,
    },
    /// TLS is answered with a certificate of the censor's own (T11).
    Impersonate,
    /// Plain HTTP is answered with a redirect to this page (T12).
    BlockPage(String),
    /// The system's resolver says that the name does not exist, over UDP and TCP (T1).
    NoSuchName,
    /// The system's resolver gives this address, over UDP and TCP (T2).
    ForgeAddress(IpAddr),
    /// The system's resolver does not answer, neither over UDP nor over TCP (T3).
    SilentResolver,
    /// A box on the line answers a question over UDP before the resolver, whoever that is, and lets the question
    /// pass: the true answer comes 80 ms after the forged one (T2).
    InjectDns(Lie),
    /// A box on the line answers a question over UDP in the resolver's place; over TCP the truth is told (T2).
    ReplaceDns(Lie),
    /// A question over UDP vanishes; over TCP the truth is told (T3).
    SwallowDns,
    /// UDP vanishes (T14).
    DropUdp,
    /// UDP that looks like STUN vanishes (T14).
    DropStun,
    /// QUIC Initials of version 1 to port 443, of 1001 bytes or more, vanish; with a name, only those whose hello has it
    /// (T13). Other versions pass.
    DropQuic,
    /// A portal: plain HTTP is answered with a redirect to this page, everything else is reset.
    Captive(String),
    /// The cable is out: the system itself knows that there is no network.
    LinkDown,
}

/// A target and an action.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What it is about.
    pub target: Target,
    /// What is done.
    pub action: Action,
    /// After a hit on a hello, all that goes to the same address and port by the same protocol (TCP or UDP) vanishes
    /// for so long (T19).
    pub residual: Duration,
    /// How many in a hundred hellos are acted upon (T18).
    pub chance: u8,
}

impl Rule {
    /// A rule without residual blocking.
    pub const fn new(target: Target, action: Action) -> Self {
        Self { target, action, residual: Duration::ZERO, chance: 100 }
    }

    /// With residual blocking.
    #[must_use]
    pub const fn residual(mut self, residual: Duration) -> Self {
        self.residual = residual;
        self
    }

    /// Acting upon a part of the hellos only.
    #[must_use]
    pub const fn chance(mut self, percent: u8) -> Self {
        self.chance = percent;
        self
    }
}
