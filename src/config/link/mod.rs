//! Links that carry a server: `ss://` (SIP002, the older form, Outline's `prefix`), `socks5://`, `http(s)://`, `vless://`,
//! `trojan://`, SIP008
//! documents, and subscriptions that list them. A link is cut by hand, from the outside in, and decoded only then:
//! the links people hold break a URL parser. What is wrong is told by part, and never with the part's secret text.

mod parts;
mod proxy;
mod shadowsocks;
mod sip008;
mod tunnel;
pub(super) mod wg_quick;

#[cfg(test)]
mod tests;

pub(super) use shadowsocks::{NO_CIPHER, cipher, key, prefix_bytes, prefix_text};
pub(super) use sip008::servers;
pub use tunnel::Insecure;

use super::settings::TransportKind;
use parts::Parts;
use std::fmt;

/// A server from a link, and the name the link gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// The name as written, decoded.
    pub name: Option<String>,
    /// The server.
    pub kind: TransportKind,
}

/// The part of a link that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What stands before `://`.
    Scheme,
    /// The user, the method or the password before `@`.
    UserInfo,
    /// The cipher.
    Method,
    /// The password or key.
    Password,
    /// The server.
    Host,
    /// The port.
    Port,
    /// What stands after `?`.
    Query,
    /// What stands behind the server.
    Path,
    /// The document itself.
    Document,
}

/// Why a link cannot be used. Says which part; never holds the part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part}: {why}")]
pub struct BadLink {
    /// Which part.
    pub part: Part,
    /// Why.
    pub why: &'static str,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "the scheme",
            Self::UserInfo => "the part before @",
            Self::Method => "the method",
            Self::Password => "the password",
            Self::Host => "the server",
            Self::Port => "the port",
            Self::Query => "the part after ?",
            Self::Path => "the part behind the server",
            Self::Document => "the document",
        })
    }
}

impl Part {
    /// A fault of this part.
    pub(super) const fn is(self, why: &'static str) -> BadLink {
        BadLink { part: self, why }
    }
}

/// The longest link that is read: far more than any real one.
const MOST_BYTES: usize = 16 * 1024;

/// Reads one link. None can turn the check of a certificate off.
pub fn parse(text: &str) -> Result<Linked, BadLink> {
    read(text, Insecure::Refused)
}

/// Reads one link; `insecure` says whether it may turn the check of a certificate off.
pub(super) fn read(text: &str, insecure: Insecure) -> Result<Linked, BadLink> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if text.len() > MOST_BYTES {
        return Err(Part::Document.is("it is longer than any link"));
    }
    let (scheme, rest) = text.split_once("://").ok_or(Part::Scheme.is("there is no :// in it"))?;
    let parts = Parts::cut(rest);
    match scheme.to_ascii_lowercase().as_str() {
        "ss" => shadowsocks::parse(&parts),
        "socks" | "socks5" | "socks5h" => proxy::socks5(&parts),
        "http" => proxy::http(&parts, false),
        "https" => proxy::http(&parts, true),
        "vless" => tunnel::vless(&parts, insecure),
        "trojan" => tunnel::trojan(&parts, insecure),
        other => Err(Part::Scheme.is(not_carried(other))),
    }
}

/// A subscription unpacked: the text that `text` is base64 of, when that holds links.
pub(super) fn unpacked(text: &str) -> Option<String> {
    if text.contains("://") {
        return None;
    }
    let joined: String = text.split_whitespace().collect();
    parts::base64_text(&joined).filter(|text| text.contains("://"))
}

/// What is said of a kind of link that byway knows but does not carry.
fn not_carried(scheme: &str) -> &'static str {
    match scheme {
        "vmess" => "VMess is not carried yet",
        "trojan-go" => "Trojan-Go's own additions are not carried",
        "hysteria" | "hysteria2" | "hy2" | "hysteria2+realm" => "Hysteria is not carried yet",
        "tuic" => "TUIC is not carried yet",
        "anytls" => "AnyTLS is not carried yet",
        "ssr" => "ShadowsocksR is broken and is not carried; ask for a Shadowsocks 2022 key",
        "wg" | "wireguard" => "WireGuard is not carried yet",
        "awg" | "vpn" => "AmneziaWG is not carried yet",
        "ssconf" => "dynamic keys are not fetched yet; open the address in a browser and import what it shows",
        "socks4" | "socks4a" => "SOCKS4 has no passwords and no UDP; ask for the proxy's SOCKS5 port",
        "tg" => "Telegram's own proxies are not carried yet",
        "naive" | "naive+https" => "NaiveProxy is not carried yet",
        _ => "this kind of link is not known; ss, socks5, http, https, vless and trojan are",
    }
}
