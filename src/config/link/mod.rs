//! Links that carry a server: `ss://` (SIP002, the older form, Outline's `prefix`), `socks5://`, `http(s)://`, `vless://`,
//! `trojan://`, AmneziaVPN's `vpn://`; and the documents that list servers: SIP008, Clash, sing-box, subscriptions. A link is cut by hand, from the outside in, and decoded only then:
//! the links people hold break a URL parser. What is wrong is told by part, and never with the part's secret text.

mod amnezia;
mod clash;
mod dynamic;
pub(super) mod far;
mod fields;
pub(super) mod outline;
mod parts;
mod proxy;
mod shadowsocks;
mod sing_box;
mod sip008;
mod tunnel;
mod uncarried;
pub(super) mod wg_quick;
mod yaml;

#[cfg(test)]
mod tests;

pub(super) use dynamic::{dynamic, leads_to_a_list, name_of_list};
pub(super) use shadowsocks::{NO_CIPHER, cipher, key, prefix_bytes, prefix_text};
pub use tunnel::Insecure;

use super::settings::TransportKind;
use fields::{Entry, Fields};
use parts::Parts;
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;
use uncarried::not_carried;

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
    /// What an entry of a document is for.
    Kind,
    /// What an entry of a document says beside its server.
    Options,
}

/// Why a link cannot be used. Says which part; never holds the part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part}: {why}")]
pub struct BadLink {
    /// Which part.
    pub part: Part,
    /// Why.
    pub why: Cow<'static, str>,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "the scheme",
            Self::Kind => "its kind",
            Self::UserInfo => "the part before @",
            Self::Method => "the method",
            Self::Password => "the password",
            Self::Host => "the server",
            Self::Port => "the port",
            Self::Query => "the part after ?",
            Self::Path => "the part behind the server",
            Self::Document => "the document",
            Self::Options => "its settings",
        })
    }
}

impl Part {
    /// A fault of this part.
    pub(super) const fn is(self, why: &'static str) -> BadLink {
        BadLink { part: self, why: Cow::Borrowed(why) }
    }
}

impl BadLink {
    /// The same fault in an entry of a document, which has no `?` and no `@`.
    fn of_an_entry(self) -> Self {
        let part = match self.part {
            Part::Query => Part::Options,
            Part::Scheme => Part::Kind,
            part => part,
        };
        Self { part, ..self }
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
    let (scheme, rest) = text.split_once("://").ok_or(Part::Scheme.is("there is no :// in it"))?;
    if scheme.eq_ignore_ascii_case("vpn") {
        return amnezia::parse(rest);
    }
    if text.len() > MOST_BYTES {
        return Err(Part::Document.is("it is longer than any link"));
    }
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

/// The servers of a document: SIP008, sing-box, Amnezia (JSON), or Clash (YAML). Each is read or refused by itself;
/// `None` when `text` is none of these.
pub(super) fn servers(text: &str, insecure: Insecure) -> Option<Vec<Entry>> {
    let refused = |why: BadLink| vec![(None, Err(why))];
    if clash::is_clash(text) {
        return Some(clash::servers(text, insecure).unwrap_or_else(refused));
    }
    if let Some(found) = outline::servers(text) {
        return Some(found);
    }
    if !text.starts_with(['{', '[']) || wg_quick::is_wg_quick(text) {
        return None;
    }
    let document: Value = match serde_json::from_str(text) {
        Ok(document) => document,
        Err(why) => {
            let why = format!("it begins like JSON and is none at line {}", why.line());
            return Some(refused(BadLink { part: Part::Document, why: why.into() }));
        }
    };
    let fields = Fields::of(&document);
    if let Some(fields) = fields.filter(|fields| fields.has("containers")) {
        let found = amnezia::server(&fields);
        return Some(vec![(None, found)]);
    }
    let listed = fields.and_then(|fields| sing_box::servers(&fields, insecure));
    let listed = listed.or_else(|| sip008::servers(&document));
    Some(
        listed
            .unwrap_or_else(|| refused(Part::Document.is("it is JSON, but lists no servers that byway knows to read"))),
    )
}

/// A subscription unpacked: the text that `text` is base64 of, when that holds links.
pub(super) fn unpacked(text: &str) -> Option<String> {
    if text.contains("://") {
        return None;
    }
    let joined: String = text.split_whitespace().collect();
    parts::base64_text(&joined).filter(|text| text.contains("://"))
}
