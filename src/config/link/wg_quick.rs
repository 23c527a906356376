//! The files of wg-quick(8), with AmneziaWG's keys. What a file asks of the machine (routes, firewall, scripts) is not
//! done and is named; what byway does not know is a fault, for a tunnel that leaves out a key may not do what it should.

use crate::model::{Destination, Secret};
use crate::transport::{TcpBy, WireGuardServer};
use crate::wire::amnezia::{Disguise, Header, Signature};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use std::net::IpAddr;

/// What IPv6 needs (RFC 8200 §5), and what passes where 1420 does not: mobile networks, tunnels below.
const DEFAULT_MTU: u16 = 1280;
/// No file is longer; the longest keys are five signatures of some kilobytes.
const MOST_BYTES: usize = 64 * 1024;

/// Keys that ask something of the machine, or mean nothing to one end of a tunnel alone.
const IGNORED: [&str; 17] = [
    "Table",
    "PreUp",
    "PostUp",
    "PreDown",
    "PostDown",
    "SaveConfig",
    "FwMark",
    "ListenPort",
    "Itime",
    "J1",
    "J2",
    "J3",
    "AdvancedSecurity",
    "ExcludedApplications",
    "IncludedApplications",
    "UntunneledApps",
    "Name",
];

/// Keys of AmneziaWG 3, which change the packets themselves.
const THIRD_EDITION: [&str; 9] = [
    "HeaderProtectionKey",
    "ContentPaddingAddition",
    "RekeyAfterTime",
    "RekeyTimeout",
    "RejectAfterTime",
    "KeepaliveTimeout",
    "MaxHandshakeAttempts",
    "RandomTrailers",
    "DisableCookies",
];

/// Why a file cannot be used. Never holds a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{key}{}{why}", Line(*line), if key.is_empty() { "" } else { ": " })]
pub struct BadFile {
    /// The line, from 1; 0 where it is the file as a whole.
    pub line: usize,
    /// The key as wg-quick writes it; empty where it is no key's fault.
    pub key: String,
    /// What is wrong.
    pub why: String,
}

struct Line(usize);

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 == 0 { Ok(()) } else { write!(f, "line {}, ", self.0) }
    }
}

/// A peer, and the keys of its file that are not heeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WgQuick {
    /// The peer.
    pub server: WireGuardServer,
    /// The keys, as wg-quick writes them.
    pub ignored: Vec<&'static str>,
}

/// Whether a text is such a file.
pub(in crate::config) fn is_wg_quick(text: &str) -> bool {
    text.lines().any(|line| line.trim().eq_ignore_ascii_case("[interface]"))
}

/// Reads a file.
pub fn parse(text: &str) -> Result<WgQuick, BadFile> {
    let whole = |why: &str| BadFile { line: 0, key: String::new(), why: why.to_owned() };
    if text.len() > MOST_BYTES {
        return Err(whole("the file is longer than any of wg-quick's"));
    }
    let mut draft = Draft::default();
    let mut part = None;
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let at = |key: &str, why: String| BadFile { line: index + 1, key: key.to_owned(), why };
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            part = Some(Part::named(name).ok_or_else(|| at("", "only [Interface] and [Peer] are known".into()))?);
            if part == Some(Part::Peer) {
                draft.peers.push(Peer::default());
            }
            continue;
        }
        let (key, value) = line.split_once('=').ok_or_else(|| at("", "it is not KEY = VALUE".into()))?;
        let part = part.ok_or_else(|| at("", "it stands before [Interface]".into()))?;
        draft.set(part, key.trim(), value.trim()).map_err(|(key, why)| at(&key, why))?;
    }
    draft.finish().map_err(|(key, why)| BadFile { line: 0, key: key.to_owned(), why })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum Part {
    Interface,
    Peer,
}

impl Part {
    fn named(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "interface" => Some(Self::Interface),
            "peer" => Some(Self::Peer),
            _ => None,
        }
    }
}

/// What has been read so far.
#[derive(Default)]
pub(in crate::config) struct Draft {
    private_key: Option<Secret<[u8; 32]>>,
    addresses: Vec<IpAddr>,
    dns: Vec<IpAddr>,
    mtu: Option<u16>,
    disguise: Disguise,
    peers: Vec<Peer>,
    ignored: Vec<&'static str>,
}

/// One `[Peer]`.
#[derive(Default)]
struct Peer {
    public_key: Option<[u8; 32]>,
    preshared_key: Option<Secret<[u8; 32]>>,
    server: Option<Destination>,
    keepalive: Option<u16>,
    everything: bool,
    something: bool,
}

/// A key at fault, as wg-quick writes it, and what is wrong.
type Wrong = (String, String);

impl Draft {
    /// For keys that all belong to one peer.
    pub(in crate::config) fn of_one_peer() -> Self {
        Self { peers: vec![Peer::default()], ..Self::default() }
    }

    /// What follows belongs to another peer.
    pub(in crate::config) fn next_peer(&mut self) {
        self.peers.push(Peer::default());
    }

    /// Takes one key. Keys are the same in any case.
    pub(in crate::config) fn set(&mut self, part: Part, key: &str, value: &str) -> Result<(), Wrong> {
        let lower = key.to_ascii_lowercase();
        let known = |list: &[&'static str]| list.iter().copied().find(|known| known.eq_ignore_ascii_case(&lower));
        if let Some(ignored) = known(&IGNORED) {
            self.ignored.push(ignored);
            return Ok(());
        }
        if let Some(key) = known(&THIRD_EDITION) {
            return Err((key.into(), "this is AmneziaWG 3, which is not carried; ask for a file of edition 2".into()));
        }
        let why = match (part, self.peers.last_mut()) {
            (Part::Interface, _) => self.interface(&lower, value),
            (Part::Peer, Some(peer)) => peer.set(&lower, value),
            (Part::Peer, None) => Err(UNKNOWN.to_owned()),
        };
        why.map_err(|why| (name_of(key), why))
    }

    fn interface(&mut self, key: &str, value: &str) -> Result<(), String> {
        let disguise = &mut self.disguise;
        let mut letters = key.chars();
        match (key, letters.next(), letters.as_str().parse::<usize>()) {
            ("privatekey", ..) => self.private_key = Some(Secret::new(key_of(value)?)),
            ("address", ..) => {
                for address in list(value) {
                    let ip = address.split('/').next().unwrap_or_default().parse();
                    self.addresses.push(ip.map_err(|_| "it is not a list of addresses".to_owned())?);
                }
            }
            // Search domains may stand among the resolvers; names are asked in full.
            ("dns", ..) => self.dns.extend(list(value).filter_map(|ip| ip.parse::<IpAddr>().ok())),
            ("mtu", ..) => self.mtu = Some(number(value, 576, 9000)?),
            ("jc", ..) => disguise.junk = number(value, 0, 128).map(|count| count as u8)?,
            ("jmin", ..) => disguise.junk_least = number(value, 0, 1280)?,
            ("jmax", ..) => disguise.junk_most = number(value, 0, 1280)?,
            (_, Some('s'), Ok(n @ 1..=4)) => disguise.prefixes[n - 1] = number(value, 0, 1280)?,
            (_, Some('h'), Ok(n @ 1..=4)) => disguise.headers[n - 1] = header(value)?,
            (_, Some('i'), Ok(1..=5)) if value.is_empty() => {}
            (_, Some('i'), Ok(1..=5)) => {
                disguise.signatures.push(Signature::parse(value).map_err(|why| why.to_string())?);
            }
            _ => return Err(UNKNOWN.to_owned()),
        }
        Ok(())
    }

    /// The peer, or the key that is missing or contradicts another.
    pub(in crate::config) fn finish(mut self) -> Result<WgQuick, (&'static str, String)> {
        let missing = |key| move || (key, "it is missing".to_owned());
        let private_key = self.private_key.ok_or_else(missing("PrivateKey"))?;
        if self.peers.len() > 1 {
            self.peers.retain(|peer| peer.everything);
        }
        let only = if self.peers.len() == 1 { self.peers.pop() } else { None };
        let peer = only.ok_or_else(|| ("[Peer]", "there must be one, or one that carries everything".to_owned()))?;
        let public_key = peer.public_key.ok_or_else(missing("PublicKey"))?;
        let server = peer.server.ok_or_else(missing("Endpoint"))?;
        if self.addresses.is_empty() {
            return Err(missing("Address")());
        }
        if peer.something && !peer.everything {
            self.ignored.push("AllowedIPs");
        }
        let disguise = self.disguise.checked().map_err(|why| ("Jc to H4", why.to_string()))?;
        self.ignored.sort_unstable();
        self.ignored.dedup();
        let server = WireGuardServer {
            server,
            private_key,
            public_key,
            preshared_key: peer.preshared_key,
            addresses: self.addresses,
            dns: self.dns,
            mtu: self.mtu.unwrap_or(DEFAULT_MTU),
            keepalive: peer.keepalive.filter(|seconds| *seconds > 0),
            tcp: TcpBy::Auto,
            disguise,
        };
        Ok(WgQuick { server, ignored: self.ignored })
    }
}

const UNKNOWN: &str = "this key is not known";

impl Peer {
    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "publickey" => self.public_key = Some(key_of(value)?),
            "presharedkey" => self.preshared_key = Some(Secret::new(key_of(value)?)),
            "endpoint" => {
                let server = Destination::parse(value).map_err(|_| "it is not host:port".to_owned())?;
                self.server = Some(server);
            }
            "persistentkeepalive" if matches!(value, "off" | "(off)") => {}
            "persistentkeepalive" => self.keepalive = Some(number(value, 0, u16::MAX)?),
            "allowedips" => {
                self.something = true;
                self.everything |= list(value).any(|range| matches!(range, "0.0.0.0/0" | "::/0"));
            }
            _ => return Err(UNKNOWN.to_owned()),
        }
        Ok(())
    }
}

/// A key's name as shown; what is no name may be a secret that stands in the wrong place.
fn name_of(key: &str) -> String {
    let is_name = key.len() <= 32 && key.chars().all(|c| c.is_ascii_alphanumeric());
    if is_name { key.to_owned() } else { "***".to_owned() }
}

fn list(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn key_of(value: &str) -> Result<[u8; 32], String> {
    let bytes = BASE64_STANDARD.decode(value).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    bytes.ok_or_else(|| "it is not a key: 32 bytes in base64, 44 characters".to_owned())
}

fn number(value: &str, least: u16, most: u16) -> Result<u16, String> {
    let number = value.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("it is not a number from {least} to {most}"))
}

fn header(value: &str) -> Result<Header, String> {
    let (first, last) = value.split_once('-').unwrap_or((value, value));
    let range = first.trim().parse().ok().zip(last.trim().parse().ok());
    let header = range.and_then(|(first, last)| Header::new(first, last));
    header.ok_or_else(|| "it is not a number up to 4294967295, or two with a - between, the smaller first".to_owned())
}

#[cfg(test)]
mod tests;
