//! SIP008: Shadowsocks servers as a JSON document, also as the bare array found in the wild.

use super::fields::Entry;
use super::parts::server as server_at;
use super::shadowsocks::{cipher, key, plugin, prefix_bytes};
use super::{BadLink, Linked, Part};
use crate::config::settings::TransportKind;
use serde_json::Value;

/// The servers of a document, each read or refused by itself; `None` when it is no such document.
pub(super) fn servers(document: &Value) -> Option<Vec<Entry>> {
    let list = match document {
        Value::Array(list) => list.as_slice(),
        Value::Object(fields) => match fields.get("servers") {
            Some(list) => list.as_array()?.as_slice(),
            // The answer of a dynamic key: one server, no list.
            None if fields.contains_key("server") => std::slice::from_ref(document),
            None => return None,
        },
        _ => return None,
    };
    Some(list.iter().map(|entry| (text_of(entry, "remarks"), server(entry))).collect())
}

fn server(entry: &Value) -> Result<Linked, BadLink> {
    let host = text_of(entry, "server").ok_or(Part::Host.is("it is missing"))?;
    let port = match entry.get("server_port") {
        Some(Value::String(port)) => port.clone(),
        Some(Value::Number(port)) => port.to_string(),
        _ => return Err(Part::Port.is("it is missing")),
    };
    let host = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host };
    let server = server_at(&format!("{host}:{port}"))?;
    let method = cipher(&text_of(entry, "method").ok_or(Part::Method.is("it is missing"))?)?;
    let password = key(method, &text_of(entry, "password").ok_or(Part::Password.is("it is missing"))?)?;
    let named = text_of(entry, "plugin").filter(|plugin| !plugin.is_empty());
    let options = text_of(entry, "plugin_opts").unwrap_or_default();
    let plugin = named.map(|name| plugin(&name, &options)).transpose().map_err(|why| Part::Document.is(why))?;
    let prefix = prefix_bytes(method, &text_of(entry, "prefix").unwrap_or_default())?;
    let kind = TransportKind::Shadowsocks { server, method, password, prefix, plugin };
    Ok(Linked { name: text_of(entry, "remarks").filter(|name| !name.trim().is_empty()), kind })
}

fn text_of(entry: &Value, key: &str) -> Option<String> {
    entry.get(key)?.as_str().map(str::to_owned)
}
