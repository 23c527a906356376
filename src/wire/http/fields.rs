//! The fields of a head, in the order they came (RFC 9110 §5). Their values never show in debug output: they hold
//! cookies, logins and hosts.

use super::{is_text, is_token, malformed};
use crate::wire::Error;
use std::fmt;

/// Fields in the order they came. Names compare without regard to case.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, Vec<u8>)>);

/// RFC 9110 §7.6.1, with `Keep-Alive` and `Proxy-Connection` that old clients send, and the proxy's own login.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "proxy-authenticate",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Whether a field is for the next hop only: by its name, or because `Connection` names it (lower-case tokens).
pub fn is_hop_by_hop(name: &str, connection_tokens: &[String]) -> bool {
    HOP_BY_HOP.iter().any(|hop| name.eq_ignore_ascii_case(hop))
        || connection_tokens.iter().any(|token| name.eq_ignore_ascii_case(token))
}

impl Fields {
    /// No fields.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// All values under `name`, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The first value under `name`, when it is readable text.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| std::str::from_utf8(value).ok())
    }

    /// Adds a field at the end; refuses what would break the head apart.
    pub fn push(&mut self, name: &str, value: &[u8]) -> Result<(), Error> {
        if !is_token(name.as_bytes()) {
            return Err(malformed("a field name holds a character that no name has"));
        }
        if !is_text(value) {
            return Err(malformed("a field value holds a control character"));
        }
        self.0.push((name.to_owned(), value.trim_ascii().to_vec()));
        Ok(())
    }

    /// Takes every field of that name away.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// Takes every hop-by-hop field away. `Transfer-Encoding` goes too: who forwards a chunked body says so anew.
    pub fn remove_hop_by_hop(&mut self) {
        let tokens = self.connection_tokens();
        self.0.retain(|(name, _)| !is_hop_by_hop(name, &tokens));
    }

    /// What `Connection` lists, lower-case.
    pub fn connection_tokens(&self) -> Vec<String> {
        self.list("connection").map(|token| String::from_utf8_lossy(token).to_ascii_lowercase()).collect()
    }

    /// The members of a comma-separated list that may stand in several fields (RFC 9110 §5.6.1).
    pub(super) fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let members = self.all(name).flat_map(|value| value.split(|b| *b == b','));
        members.map(<[u8]>::trim_ascii).filter(|member| !member.is_empty())
    }

    /// Keeps the first field of that name only.
    pub(super) fn keep_first(&mut self, name: &str) {
        let mut seen = false;
        self.0.retain(|(known, _)| !known.eq_ignore_ascii_case(name) || !std::mem::replace(&mut seen, true));
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for (name, value) in self.iter() {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}
