//! One entry of a document, JSON or YAML, whatever its author wrote a value as: a port may be a number or text, a list
//! may be one value.

use super::parts::server as server_at;
use super::wg_quick::{Draft, Part as WgPart};
use super::{BadLink, Part};
use crate::config::settings::TransportKind;
use crate::model::{Destination, Secret};
use serde_json::{Map, Value};

/// An entry's name, and the entry.
pub(in crate::config) type Entry = (Option<String>, Result<super::Linked, BadLink>);

/// The fields of one entry.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    pub(super) fn of(value: &'a Value) -> Option<Self> {
        value.as_object().map(Self)
    }

    /// Whether there is anything under a key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|value| !value.is_null())
    }

    /// A value as text; empty is as good as absent.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.0.get(key).and_then(text).filter(|text| !text.is_empty())
    }

    /// Whether a switch is on.
    pub(super) fn is_on(&self, key: &str) -> bool {
        self.text(key).is_some_and(|value| !matches!(value.to_ascii_lowercase().as_str(), "0" | "false" | "no" | "off"))
    }

    /// The fields under a key.
    pub(super) fn within(&self, key: &str) -> Option<Self> {
        self.0.get(key).and_then(Self::of)
    }

    /// The fields under a key that has a switch of its own, when that is on.
    pub(super) fn switched_on(&self, key: &str, switch: &str) -> Option<Self> {
        self.within(key).filter(|fields| fields.is_on(switch))
    }

    /// Several values; one stands for a list of it.
    pub(super) fn list(&self, key: &str) -> Vec<String> {
        match self.0.get(key) {
            Some(Value::Array(list)) => list.iter().filter_map(text).collect(),
            Some(one) => text(one).into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// Several entries.
    pub(super) fn entries(&self, key: &str) -> Vec<Self> {
        let list = self.0.get(key).and_then(Value::as_array);
        list.map(|list| list.iter().filter_map(Self::of).collect()).unwrap_or_default()
    }

    /// All that is text.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'a str, String)> + use<'a> {
        self.0.iter().filter_map(|(key, value)| Some((key.as_str(), text(value)?)))
    }

    /// The server under two keys.
    pub(super) fn server(&self, host: &str, port: &str) -> Result<Destination, BadLink> {
        let host = self.text(host).ok_or(Part::Host.is("it is missing"))?;
        let port = self.text(port).ok_or(Part::Port.is("it is missing"))?;
        server_at(&authority(&host, &port))
    }

    /// User and password: both or neither.
    pub(super) fn login(&self) -> Option<(String, Secret<String>)> {
        let (user, password) = (self.text("username"), self.text("password"));
        (user.is_some() || password.is_some())
            .then(|| (user.unwrap_or_default(), Secret::new(password.unwrap_or_default())))
    }
}

/// `host:port`, with an IPv6 address in its brackets.
pub(super) fn authority(host: &str, port: &str) -> String {
    if host.contains(':') && !host.starts_with('[') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(on) => Some(on.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The keys of a WireGuard peer, one after the other, as wg-quick names them.
#[derive(Default)]
pub(super) struct Peer(Draft);

impl Peer {
    /// What follows belongs to another `[Peer]`.
    pub(super) fn next(&mut self) {
        self.0.next_peer();
    }

    pub(super) fn interface(&mut self, key: &str, value: Option<String>) -> Result<(), BadLink> {
        self.set(WgPart::Interface, key, value)
    }

    pub(super) fn peer(&mut self, key: &str, value: Option<String>) -> Result<(), BadLink> {
        self.set(WgPart::Peer, key, value)
    }

    fn set(&mut self, part: WgPart, key: &str, value: Option<String>) -> Result<(), BadLink> {
        let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(()) };
        self.0.set(part, key, &value).map_err(|(key, why)| fault(&key, &why))
    }

    /// The three bytes that some servers want in the header, which WireGuard leaves at zero.
    pub(super) fn reserved(of: &Fields<'_>) -> Result<(), BadLink> {
        if of.list("reserved").iter().all(|byte| matches!(byte.as_str(), "0" | "" | "AAAA")) {
            return Ok(());
        }
        Err(Part::Options.is("reserved bytes (Cloudflare WARP) are not carried; run sing-box and point byway at it"))
    }

    pub(super) fn finish(self) -> Result<TransportKind, BadLink> {
        let found = self.0.finish().map_err(|(key, why)| fault(key, &why))?;
        Ok(TransportKind::WireGuard { peer: Box::new(found.server), ignored: found.ignored })
    }
}

fn fault(key: &str, why: &str) -> BadLink {
    BadLink { part: Part::Options, why: format!("{key}: {why}").into() }
}
