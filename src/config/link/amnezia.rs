//! `vpn://`: what AmneziaVPN shares. Base64url of a length (four bytes, Qt's `qCompress`) and a zlib stream (RFC 1950), or
//! of plain text; in it JSON, and in that a wg-quick file. Other protocols, and keys to Amnezia's own service, are told.

use super::fields::Fields;
use super::parts::base64;
use super::wg_quick;
use super::{BadLink, Linked, Part};
use crate::config::settings::TransportKind;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use serde_json::Value;
use std::net::IpAddr;

/// No such document is larger.
const MOST_BYTES: usize = 1 << 20;
/// Before the stream stands the length of what is in it.
const LENGTH: usize = 4;

/// Reads what follows `vpn://`.
pub(super) fn parse(body: &str) -> Result<Linked, BadLink> {
    let body: String = body.split_whitespace().collect();
    let bytes = base64(body.trim_end_matches('/')).ok_or(Part::Document.is("it is not base64; is it whole?"))?;
    let stream = bytes.get(LENGTH..).and_then(|stream| decompress_to_vec_zlib_with_limit(stream, MOST_BYTES).ok());
    let document: Option<Value> = serde_json::from_slice(&stream.unwrap_or(bytes)).ok();
    let document = document.ok_or(Part::Document.is("it is not what AmneziaVPN shares; is it whole?"))?;
    let fields = Fields::of(&document).ok_or(Part::Document.is("it is not what AmneziaVPN shares"))?;
    server(&fields)
}

/// The one server of such a document; of its protocols the one that byway carries.
pub(super) fn server(document: &Fields<'_>) -> Result<Linked, BadLink> {
    let containers = document.entries("containers");
    let preferred = document.text("defaultContainer");
    let is_preferred = |container: &&Fields<'_>| container.text("container") == preferred;
    let mut ordered = containers.iter().filter(is_preferred).chain(&containers);
    let Some(file) = ordered.find_map(file_of) else {
        return Err(Part::Document.is(without_file(document, &containers)));
    };
    let found = wg_quick::parse(&with_resolvers(&file, document)).map_err(|why| {
        let why = format!("the file in it cannot be used: {why}");
        BadLink { part: Part::Document, why: why.into() }
    })?;
    let kind = TransportKind::WireGuard { peer: Box::new(found.server), ignored: found.ignored };
    let name = document.text("description").filter(|name| !name.trim().is_empty());
    Ok(Linked { name, kind })
}

/// The wg-quick file of a container: JSON in JSON, under its protocol's name.
fn file_of(container: &Fields<'_>) -> Option<String> {
    let last = ["awg", "wireguard"].iter().find_map(|protocol| container.within(protocol)?.text("last_config"))?;
    let last: Option<Value> = serde_json::from_str(&last).ok();
    let file = Fields::of(last.as_ref()?)?.text("config")?;
    wg_quick::is_wg_quick(&file).then_some(file)
}

/// The file leaves its resolvers to be filled in. What is no address is no resolver, and falls out by itself.
fn with_resolvers(file: &str, document: &Fields<'_>) -> String {
    let ip = |key| document.text(key).filter(|text| text.parse::<IpAddr>().is_ok()).unwrap_or_default();
    file.replace("$PRIMARY_DNS", &ip("dns1")).replace("$SECONDARY_DNS", &ip("dns2"))
}

fn without_file(document: &Fields<'_>, containers: &[Fields<'_>]) -> &'static str {
    let has = |name: &str| containers.iter().filter_map(|it| it.text("container")).any(|it| it.contains(name));
    if containers.is_empty()
        && ["api_config", "api_key", "api_endpoint", "auth_data"].iter().any(|key| document.has(key))
    {
        return "it is a key to Amnezia's own service and holds no server; \
                in AmneziaVPN share the connection as an AmneziaWG file and import that";
    }
    if has("awg") || has("wireguard") {
        return "it is an administrator's key and holds no connection; \
                in AmneziaVPN share the connection as an AmneziaWG file and import that";
    }
    if has("xray") {
        return "it holds VLESS with REALITY, which is not carried; run Xray or sing-box and point byway at it with socks5";
    }
    "it holds neither AmneziaWG nor WireGuard, and byway carries none of Amnezia's other protocols"
}
