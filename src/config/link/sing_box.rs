//! The `outbounds` and `endpoints` of a sing-box configuration (JSON). Groups and the outbounds that carry nothing to a
//! server (`direct`, `block`, `selector` …) are no entries. One that is reached through another is refused.

use super::fields::{Entry, Fields, Peer, authority};
use super::tunnel::{self, Insecure, Query};
use super::{BadLink, Linked, Part, not_carried, proxy, shadowsocks};
use crate::config::settings::TransportKind;

/// The servers of a document, each read or refused by itself; `None` when it is no such document.
pub(super) fn servers(document: &Fields<'_>, insecure: Insecure) -> Option<Vec<Entry>> {
    if !document.has("outbounds") && !document.has("endpoints") {
        return None;
    }
    let listed = ["outbounds", "endpoints"].iter().flat_map(|key| document.entries(key));
    Some(listed.filter(is_server).map(|of| one(&of, insecure)).collect())
}

fn is_server(of: &Fields<'_>) -> bool {
    let kind = of.text("type").unwrap_or_default();
    !matches!(kind.as_str(), "direct" | "block" | "dns" | "selector" | "urltest" | "tailscale" | "bridge")
}

fn one(of: &Fields<'_>, insecure: Insecure) -> Entry {
    let name = of.text("tag");
    let found = kind(of, insecure).map_err(BadLink::of_an_entry);
    (name.clone(), found.map(|kind| Linked { name, kind }))
}

fn kind(of: &Fields<'_>, insecure: Insecure) -> Result<TransportKind, BadLink> {
    if of.text("type").is_none() && of.has("protocol") {
        return Err(Part::Document.is("it is Xray's own format, which is not read; export links, or sing-box JSON"));
    }
    let named = of.text("type").ok_or(Part::Scheme.is("it is missing"))?;
    if !matches!(named.as_str(), "shadowsocks" | "trojan" | "vless" | "wireguard" | "socks" | "http") {
        return Err(Part::Scheme.is(not_carried(&named)));
    }
    if of.text("detour").is_some() {
        return Err(Part::Options.is("it goes through another entry (detour); write it by hand, with via"));
    }
    if named == "wireguard" {
        return wireguard(of);
    }
    let server = of.server("server", "server_port")?;
    let password = || of.text("password").unwrap_or_default();
    match named.as_str() {
        "shadowsocks" => {
            let (method, plugin) = (of.text("method").unwrap_or_default(), of.text("plugin"));
            let options = of.text("plugin_opts").unwrap_or_default();
            let plugin = plugin.as_deref().map(|name| (name, options.as_str()));
            shadowsocks::kind(server, &method, &password(), plugin)
        }
        "trojan" => tunnel::trojan_to(server, password(), &query(of)?, insecure),
        "vless" => tunnel::vless_to(server, &of.text("uuid").unwrap_or_default(), &query(of)?, insecure),
        "socks" => match of.text("version").as_deref() {
            None | Some("5") => proxy::socks5_to(server, of.login()),
            Some(_) => Err(Part::Scheme.is(not_carried("socks4"))),
        },
        _ => {
            let tls = of.switched_on("tls", "enabled");
            tls.as_ref().map_or(Ok(()), checks)?;
            if tls.is_some_and(|tls| tls.is_on("insecure")) {
                return Err(Part::Options.is(proxy::UNCHECKED));
            }
            let sni = tls.and_then(|tls| tls.text("server_name"));
            proxy::http_to(server, tls.is_some(), sni.as_deref(), of.login())
        }
    }
}

/// What a certificate is to be checked by, beyond its name: nothing that an import can write down.
fn checks(tls: &Fields<'_>) -> Result<(), BadLink> {
    if ["certificate", "certificate_path", "certificate_public_key_sha256"].iter().any(|key| tls.has(key)) {
        return Err(Part::Options.is(tunnel::PINNED));
    }
    if tls.switched_on("ech", "enabled").is_some() {
        return Err(Part::Options.is(tunnel::HIDDEN));
    }
    Ok(())
}

/// What a link would say after `?`.
fn query<'a>(of: &Fields<'_>) -> Result<Query<'a>, BadLink> {
    let mut pairs = Vec::new();
    let mut put = |key, value: Option<String>| pairs.extend(value.map(|value| (key, value)));
    let mut security = "none";
    if let Some(tls) = of.switched_on("tls", "enabled") {
        checks(&tls)?;
        security = if tls.switched_on("reality", "enabled").is_some() { "reality" } else { "tls" };
        put("sni", tls.text("server_name"));
        put("nameless", tls.is_on("disable_sni").then(|| "1".to_owned()));
        put("insecure", tls.is_on("insecure").then(|| "1".to_owned()));
    }
    put("security", Some(security.to_owned()));
    put("flow", of.text("flow"));
    if let Some(transport) = of.within("transport") {
        let headers = transport.within("headers");
        let host = |key| headers.and_then(|headers| headers.list(key).into_iter().next());
        put("type", transport.text("type"));
        put("host", host("Host").or_else(|| host("host")));
        put("path", transport.text("path"));
        put("early_data", transport.text("max_early_data"));
        put("early_data_header", transport.text("early_data_header_name"));
    }
    Ok(Query::of(pairs))
}

/// An endpoint (sing-box 1.11), or the outbound there was before.
fn wireguard(of: &Fields<'_>) -> Result<TransportKind, BadLink> {
    let mut peer = Peer::default();
    Peer::reserved(of)?;
    peer.interface("PrivateKey", of.text("private_key"))?;
    peer.interface("Address", Some([of.list("address"), of.list("local_address")].concat().join(",")))?;
    peer.interface("MTU", of.text("mtu"))?;
    for (key, value) in of.within("amnezia").iter().flat_map(Fields::all) {
        peer.interface(key, Some(value))?;
    }
    let peers = of.entries("peers");
    for one in if peers.is_empty() { std::slice::from_ref(of) } else { &peers } {
        Peer::reserved(one)?;
        peer.next();
        peer.peer("PublicKey", one.text("public_key").or_else(|| one.text("peer_public_key")))?;
        peer.peer("PresharedKey", one.text("pre_shared_key"))?;
        peer.peer("PersistentKeepalive", one.text("persistent_keepalive_interval"))?;
        peer.peer("AllowedIPs", Some(one.list("allowed_ips").join(",")))?;
        let host = one.text("address").or_else(|| one.text("server"));
        let ends = host.zip(one.text("port").or_else(|| one.text("server_port")));
        peer.peer("Endpoint", ends.map(|(host, port)| authority(&host, &port)))?;
    }
    peer.finish()
}
