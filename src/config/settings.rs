//! What a configuration means: plain values, checked, ready to build from. Made only by [`super::load`], so what
//! holds here holds: every named transport exists, `via` makes no circle, every service has a way it may take.

use super::Subscription;
use crate::lang::Tongue;
use crate::model::{Destination, Host, Secret, Service, TransportId};
use crate::net::resolve::{SecureServer, is_bogon};
use crate::platform::proxy::Mode;
use crate::policy::Rule;
use crate::transport::{Carrier, Ech, ExternalProgram, Offers, Plugin, WebSocketSpec, WireGuardServer};
use crate::wire::split::Recipe;
use crate::wire::vless::UserId;
use crate::{health, inbound, journal, probe};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

/// A whole configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The doors in; at least one, unless there is a relay.
    pub listens: Vec<inbound::Listen>,
    /// The other end of somebody's fronted way, when it is here.
    pub relay: Option<inbound::relay::Settings>,
    /// Where phones come in by WhatsApp's own proxy setting.
    pub whatsapp: Option<inbound::whatsapp::Settings>,
    /// How the system's proxy setting is told of byway while it runs; `None` leaves it alone.
    pub system_proxy: Option<Mode>,
    /// What the firewall brings is taken.
    pub transparent: Option<inbound::transparent::Settings>,
    /// Names are looked up for the LAN.
    pub names: Option<inbound::dns::Settings>,
    /// The machine's firewall brings the LAN's connections here.
    pub firewall: Option<Firewall>,
    /// How patient the doors are.
    pub inbound: inbound::Settings,
    /// The ways out; `direct` and `split` are always among them.
    pub transports: Vec<TransportSpec>,
    /// The lists of servers that somebody else keeps; their members are among the ways out.
    pub subscriptions: Vec<Subscription>,
    /// The order for every service that has none of its own.
    pub order: Vec<TransportId>,
    /// The services, the user's own first; `other` is always among them.
    pub services: Vec<ServiceSpec>,
    /// The neutral places that vouch for the link.
    pub anchors: probe::Anchors,
    /// How blocks are found out.
    pub detect: health::Params,
    /// How names are looked up for bare ways.
    pub resolver: Resolver,
    /// What is remembered.
    pub history: journal::Settings,
    /// Where a running byway is commanded.
    pub control: Control,
    /// How much is said.
    pub log: LogLevel,
    /// The language of messages, when told.
    pub language: Option<Tongue>,
    /// The country whose domestic anchors are asked (`ru`, `ir` …), when told.
    pub region: Option<String>,
    /// Variables that look like a setting (`BYWAY_…`) and are none.
    pub unheeded: Vec<String>,
}

/// A way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransportSpec {
    /// Its name.
    pub id: TransportId,
    /// The way that its own connections take.
    pub via: Option<TransportId>,
    /// What it speaks.
    pub kind: TransportKind,
}

/// What a way out speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportKind {
    /// Nothing: straight to the destination.
    Direct,
    /// As direct, with the first write cut.
    Split {
        /// How.
        recipe: Recipe,
    },
    /// Shadowsocks.
    Shadowsocks {
        /// The server.
        server: Destination,
        /// The cipher.
        method: Cipher,
        /// The password, or the keys in base64 for a 2022 cipher.
        password: Secret<String>,
        /// What the salt begins with, on TCP; empty means random.
        prefix: Vec<u8>,
        /// The program that carries its streams (SIP003), where it has one.
        plugin: Option<Plugin>,
    },
    /// A SOCKS5 proxy.
    Socks5 {
        /// The proxy.
        server: Destination,
        /// User and password, when it asks.
        login: Option<(String, Secret<String>)>,
    },
    /// An HTTP proxy that knows CONNECT.
    Http {
        /// The proxy.
        server: Destination,
        /// Whether it is spoken to over TLS.
        tls: bool,
        /// The name in the TLS hello; the server's own when `None`.
        sni: Option<String>,
        /// User and password, when it asks.
        login: Option<(String, Secret<String>)>,
        /// The only certificates (DER) its chain may end at; the platform's store when `None`.
        roots: Option<Arc<[Vec<u8>]>>,
    },
    /// VLESS over TLS.
    Vless {
        /// The server.
        server: Destination,
        /// Who we are to it.
        user: UserId,
        /// TLS to it.
        tls: Tls,
        /// Inside a WebSocket, where it wants one.
        websocket: Option<WebSocketSpec>,
    },
    /// Trojan.
    Trojan {
        /// The server.
        server: Destination,
        /// The password.
        password: Secret<String>,
        /// TLS to it.
        tls: Tls,
        /// Inside a WebSocket, where it wants one.
        websocket: Option<WebSocketSpec>,
    },
    /// VLESS behind a CDN that is shown another name.
    Fronted {
        /// The CDN's edge.
        connect: Destination,
        /// TLS to it.
        tls: Tls,
        /// The host meant.
        host: String,
        /// Path and query.
        path: String,
        /// How bytes pass.
        carrier: Carrier,
        /// Who we are to the server.
        user: UserId,
    },
    /// WireGuard or AmneziaWG.
    WireGuard {
        /// The peer.
        peer: Box<WireGuardServer>,
        /// The keys of its file that byway does not heed.
        ignored: Vec<&'static str>,
    },
    /// A device that another program made.
    Interface {
        /// Its name.
        device: String,
        /// Who is asked for names, through it.
        dns: Vec<IpAddr>,
    },
    /// A program that byway runs.
    External {
        /// The program.
        program: Box<ExternalProgram>,
        /// The file that its input was read from.
        input: Option<PathBuf>,
    },
}

/// TLS to our own server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The name in the hello; none when `None`.
    pub shown: Option<Host>,
    /// What the certificate must hold.
    pub checked: Host,
    /// The only certificates (DER) its chain may end at; the platform's store when `None`.
    pub roots: Option<Arc<[Vec<u8>]>>,
    /// Whether the name is hidden.
    pub ech: Ech,
    /// Any certificate will do: whoever sits in between can read and change everything. Only a person may say so.
    pub insecure: bool,
}

/// A Shadowsocks cipher that authenticates what it carries. Stream ciphers and `none` are not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cipher {
    /// `aes-128-gcm`.
    Aes128Gcm,
    /// `aes-256-gcm`.
    Aes256Gcm,
    /// `chacha20-ietf-poly1305`.
    ChaCha20Poly1305,
    /// `2022-blake3-aes-128-gcm` (SIP022).
    Blake3Aes128Gcm,
    /// `2022-blake3-aes-256-gcm` (SIP022).
    Blake3Aes256Gcm,
    /// `2022-blake3-chacha20-poly1305` (SIP022).
    Blake3ChaCha20Poly1305,
}

/// A service, how it is recognised and how it is probed.
#[derive(Clone, Debug)]
pub struct ServiceSpec {
    /// The service.
    pub service: Service,
    /// What it claims.
    pub rules: Vec<Rule>,
    /// How it is asked whether it is there; none means that only traffic tells.
    pub probes: Vec<probe::Spec>,
    /// When its data was checked, as year and month; `None` for the user's own.
    pub checked: Option<String>,
}

/// How names are looked up for bare ways.
#[derive(Clone, Debug)]
pub struct Resolver {
    /// DNS over HTTPS, in order; never looked up itself.
    pub secure: Vec<SecureServer>,
    /// Whether the system is believed about a listed name when every secure resolver fails.
    pub system_alone: bool,
    /// Whether a private address may be the answer for a listed name.
    pub allow_private: bool,
}

/// How the machine's firewall brings the LAN's connections here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firewall {
    /// The LAN's interfaces.
    pub lan: Vec<String>,
    /// Whether a running byway puts the rules in force, and takes them away when it ends.
    pub apply: bool,
    /// The mark of byway's own packets; what is to be delivered here has the next number.
    pub mark: u32,
    /// The routing table, and the preference of the rule that leads to it.
    pub table: u32,
    /// Whether dnsmasq fills the sets of names.
    pub dnsmasq: bool,
}

/// Where a running byway is commanded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Control {
    /// The unix socket; the platform's usual place when `None`.
    pub path: Option<PathBuf>,
    /// Where the status page listens from the start: a loopback address. `None` is not before it is asked for.
    pub page: Option<SocketAddr>,
    /// The file with the token that a monitoring system shows there; `None` when there are no metrics.
    pub metrics: Option<PathBuf>,
}

/// How much is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// Only what a person must act on.
    Error,
    /// And what heals itself.
    Warn,
    /// And changes a user would notice.
    #[default]
    Info,
    /// And one line a connection.
    Debug,
    /// And the bytes' sizes.
    Trace,
}

impl Cipher {
    /// Every cipher, the preferred first.
    pub const ALL: [Self; 6] = [
        Self::Blake3Aes128Gcm,
        Self::Blake3Aes256Gcm,
        Self::Blake3ChaCha20Poly1305,
        Self::ChaCha20Poly1305,
        Self::Aes256Gcm,
        Self::Aes128Gcm,
    ];

    /// The name in links and configurations.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "aes-128-gcm",
            Self::Aes256Gcm => "aes-256-gcm",
            Self::ChaCha20Poly1305 => "chacha20-ietf-poly1305",
            Self::Blake3Aes128Gcm => "2022-blake3-aes-128-gcm",
            Self::Blake3Aes256Gcm => "2022-blake3-aes-256-gcm",
            Self::Blake3ChaCha20Poly1305 => "2022-blake3-chacha20-poly1305",
        }
    }

    /// The length of a key in bytes, for the ciphers whose password is a key (SIP022 §2.1).
    pub const fn key_length(self) -> Option<usize> {
        match self {
            Self::Aes128Gcm | Self::Aes256Gcm | Self::ChaCha20Poly1305 => None,
            Self::Blake3Aes128Gcm => Some(16),
            Self::Blake3Aes256Gcm | Self::Blake3ChaCha20Poly1305 => Some(32),
        }
    }
}

impl TransportKind {
    /// The kind in one word, as it stands in the configuration.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Split { .. } => "split",
            Self::Shadowsocks { .. } => "shadowsocks",
            Self::Socks5 { .. } => "socks5",
            Self::Http { .. } => "http",
            Self::Vless { .. } => "vless",
            Self::Trojan { .. } => "trojan",
            Self::Fronted { .. } => "fronted",
            Self::WireGuard { .. } => "wireguard",
            Self::Interface { .. } => "interface",
            Self::External { .. } => "external",
        }
    }

    /// What a person must know of this way, in one sentence.
    pub const fn warning(&self) -> Option<&'static str> {
        match self {
            Self::Vless { tls, .. } | Self::Trojan { tls, .. } | Self::Fronted { tls, .. } if tls.insecure => Some(
                "its server's certificate is not checked (allow_insecure): whoever sits in between can read everything",
            ),
            _ => None,
        }
    }

    /// Whether a program opens its connections.
    pub const fn is_program(&self) -> bool {
        matches!(self, Self::External { .. } | Self::Shadowsocks { plugin: Some(_), .. })
    }

    /// Whether it leads to one server and no further: something for others to go through, and no way by itself.
    pub const fn is_only_a_leg(&self) -> bool {
        matches!(self, Self::External { program, .. } if matches!(program.offers, Offers::Pluggable(_)))
    }

    /// Where its own server is.
    const fn server(&self) -> Option<&Destination> {
        match self {
            Self::Direct | Self::Split { .. } | Self::Interface { .. } | Self::External { .. } => None,
            Self::Shadowsocks { server, .. }
            | Self::Socks5 { server, .. }
            | Self::Http { server, .. }
            | Self::Vless { server, .. }
            | Self::Trojan { server, .. } => Some(server),
            Self::Fronted { connect, .. } => Some(connect),
            Self::WireGuard { peer, .. } => Some(&peer.server),
        }
    }

    /// Whether its own server is at an address that no public server has, or the machine itself.
    pub(super) fn is_at_home(&self) -> bool {
        self.server().is_some_and(|server| match &server.host {
            Host::Ip(ip) => is_bogon(*ip),
            Host::Name(name) => name.as_ref() == "localhost" || name.ends_with(".localhost"),
        })
    }

    /// Whether the person's bytes go over the person's own line to the destination itself.
    pub const fn is_bare(&self) -> bool {
        matches!(self, Self::Direct | Self::Split { .. })
    }
}
