//! What an Outline dynamic access key leads to, where that is YAML or JSON of its own: `transport:` with a tree of nodes,
//! or `error:`. Of the tree what byway carries is Shadowsocks by address, alone or as both halves of `tcpudp`; every
//! other node is refused by its name. A `reporter` is not called.

use super::fields::{Entry, Fields};
use super::parts::server as server_at;
use super::{BadLink, Linked, Part, shadowsocks, yaml};
use crate::config::settings::TransportKind;
use serde_json::Value;
use std::borrow::Cow;

/// Whether a text is such a document.
fn is_outline(text: &str) -> bool {
    let starts =
        |line: &str| ["transport:", "error:", "\"transport\"", "\"error\""].iter().any(|key| line.starts_with(key));
    // In JSON the keys are behind a bracket or blanks; in YAML, where blanks mean something, they are not.
    let json = text.trim_start().starts_with('{');
    text.lines().any(|line| starts(if json { line.trim_start_matches(['{', ' ', '\t']) } else { line }))
}

/// What the server says instead of giving a key, in its own words, cut to a line.
pub(in crate::config) fn refusal(text: &str) -> Option<String> {
    let document = document(text)?;
    let error = Fields::of(document.get("error")?)?;
    let words = [error.text("message"), error.text("details")].into_iter().flatten().collect::<Vec<_>>().join(": ");
    let plain = words.chars().map(|c| if c.is_control() { ' ' } else { c });
    let line: String = plain.take(200).collect();
    Some(if line.trim().is_empty() { "no".to_owned() } else { line.trim().to_owned() })
}

/// The server of such a document; `None` when it is none.
pub(super) fn servers(text: &str) -> Option<Vec<Entry>> {
    let document = document(text)?;
    let transport = document.get("transport")?;
    let found = node(transport).map(|kind| Linked { name: None, kind });
    Some(vec![(None, found)])
}

fn document(text: &str) -> Option<Value> {
    // JSON is YAML.
    is_outline(text).then(|| yaml::read(text).ok()).flatten().filter(Value::is_object)
}

fn node(value: &Value) -> Result<TransportKind, BadLink> {
    // A link may stand for a node.
    if let Some(link) = value.as_str() {
        return super::parse(link).map(|linked| linked.kind);
    }
    let fields = Fields::of(value).ok_or(Part::Document.is("its transport is no table"))?;
    match fields.text("$type").as_deref() {
        Some("tcpudp") => {
            let half = |key| fields.within(key).ok_or(Part::Options.is("tcpudp has two halves, and one is missing"));
            let (tcp, udp) = (half("tcp")?, half("udp")?);
            let (streams, packets) = (shadowsocks_node(&tcp)?, shadowsocks_node(&udp)?);
            if same_server(&streams, &packets) {
                return Ok(streams);
            }
            Err(Part::Options.is("its tcp and udp halves are not one server, which is not carried"))
        }
        Some("first-supported") => {
            let options = value.get("options").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let mut found = options.iter().map(node);
            let first = found.next().unwrap_or(Err(Part::Options.is("first-supported has no options")));
            found.fold(first, |best, next| if best.is_ok() { best } else { next.or(best) })
        }
        Some("shadowsocks" | "ss") | None => shadowsocks_node(&fields),
        Some(other) => Err(not_carried(other)),
    }
}

fn shadowsocks_node(fields: &Fields<'_>) -> Result<TransportKind, BadLink> {
    if let Some(kind) = fields.text("$type").filter(|kind| !matches!(kind.as_str(), "shadowsocks" | "ss")) {
        return Err(not_carried(&kind));
    }
    let endpoint = match fields.within("endpoint") {
        None => fields.text("endpoint"),
        Some(dial) if dial.text("$type").is_none_or(|kind| kind == "dial") && !dial.has("dialer") => {
            dial.text("address")
        }
        Some(inner) => return Err(not_carried(&inner.text("$type").unwrap_or_else(|| "dialer".to_owned()))),
    };
    // The older form, without a node.
    let server = match (endpoint, fields.text("server"), fields.text("server_port")) {
        (Some(endpoint), ..) => server_at(&endpoint)?,
        (None, Some(host), Some(port)) => server_at(&format!("{host}:{port}"))?,
        _ => return Err(Part::Host.is("it is missing")),
    };
    let method = fields.text("cipher").or_else(|| fields.text("method"));
    let method = shadowsocks::cipher(&method.ok_or(Part::Method.is("it is missing"))?)?;
    let secret = fields.text("secret").or_else(|| fields.text("password"));
    let password = shadowsocks::key(method, &secret.ok_or(Part::Password.is("it is missing"))?)?;
    let prefix = fields.text("prefix").unwrap_or_default();
    let prefix = shadowsocks::prefix_bytes(method, &prefix)?;
    Ok(TransportKind::Shadowsocks { server, method, password, prefix, plugin: None })
}

/// The salt's prefix is of streams alone.
fn same_server(streams: &TransportKind, packets: &TransportKind) -> bool {
    let bare = |kind: &TransportKind| match kind {
        TransportKind::Shadowsocks { server, method, password, .. } => {
            Some((server.clone(), *method, password.clone()))
        }
        _ => None,
    };
    bare(streams).is_some() && bare(streams) == bare(packets)
}

fn not_carried(kind: &str) -> BadLink {
    let known = ["websocket", "tls", "split", "tlsfrag", "basic-access", "iptable", "http3", "dial"];
    let named = known.iter().find(|known| **known == kind).copied();
    let why = named.map_or(Cow::Borrowed("a part of it is not carried; ask for a Shadowsocks key"), |kind| {
        format!("its {kind} part is not carried; ask for a plain Shadowsocks key").into()
    });
    BadLink { part: Part::Kind, why }
}
