//! The `proxies:` of a Clash (mihomo) configuration or of a proxy provider's file, in YAML. Rules and groups are not
//! read. An entry that is reached through another, or pins a certificate, is refused rather than half understood.

use super::fields::{Entry, Fields, Peer, authority};
use super::tunnel::{self, Insecure, Query};
use super::{BadLink, Linked, Part, not_carried, proxy, shadowsocks, yaml};
use crate::config::settings::TransportKind;
use serde_json::Value;

/// Whether a text is such a document.
pub(super) fn is_clash(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("proxies:"))
}

/// The servers, each read or refused by itself.
pub(super) fn servers(text: &str, insecure: Insecure) -> Result<Vec<Entry>, BadLink> {
    let document = yaml::read(text)?;
    let list = document.get("proxies").and_then(Value::as_array);
    let list = list.ok_or(Part::Document.is("proxies is not a list"))?;
    Ok(list.iter().map(|entry| one(entry, insecure)).collect())
}

fn one(entry: &Value, insecure: Insecure) -> Entry {
    let Some(fields) = Fields::of(entry) else { return (None, Err(Part::Document.is("it is no entry of a list"))) };
    let name = fields.text("name");
    let found = kind(&fields, insecure).map_err(BadLink::of_an_entry);
    (name.clone(), found.map(|kind| Linked { name, kind }))
}

fn kind(of: &Fields<'_>, insecure: Insecure) -> Result<TransportKind, BadLink> {
    let named = of.text("type").ok_or(Part::Scheme.is("it is missing"))?.to_ascii_lowercase();
    if !matches!(named.as_str(), "ss" | "trojan" | "vless" | "wireguard" | "socks5" | "http") {
        return Err(Part::Scheme.is(not_carried(&named)));
    }
    if of.text("dialer-proxy").is_some() {
        return Err(Part::Options.is("it goes through another entry (dialer-proxy); write it by hand, with via"));
    }
    if named == "wireguard" {
        return wireguard(of);
    }
    let server = of.server("server", "port")?;
    match named.as_str() {
        "ss" => {
            let method = of.text("cipher").unwrap_or_default();
            let plugin = of.text("plugin").map(|name| plugin(&name, of)).transpose()?;
            let plugin = plugin.as_ref().map(|(name, options)| (*name, options.as_str()));
            shadowsocks::kind(server, &method, &of.text("password").unwrap_or_default(), plugin)
        }
        "trojan" if of.switched_on("ss-opts", "enabled").is_some() => {
            Err(Part::Options.is("Shadowsocks inside Trojan (ss-opts) is not carried"))
        }
        "trojan" => tunnel::trojan_to(server, of.text("password").unwrap_or_default(), &query(of, true)?, insecure),
        "vless" => tunnel::vless_to(server, &of.text("uuid").unwrap_or_default(), &query(of, false)?, insecure),
        "socks5" if of.is_on("tls") => Err(Part::Options.is("SOCKS5 inside TLS is not carried; ask for plain SOCKS5")),
        "socks5" => proxy::socks5_to(server, of.login()),
        _ => {
            if of.is_on("skip-cert-verify") {
                return Err(Part::Options.is(proxy::UNCHECKED));
            }
            if of.text("fingerprint").is_some() {
                return Err(Part::Options.is(tunnel::PINNED));
            }
            proxy::http_to(server, of.is_on("tls"), of.text("sni").as_deref(), of.login())
        }
    }
}

/// What a link would say after `?`.
fn query<'a>(of: &Fields<'_>, always_tls: bool) -> Result<Query<'a>, BadLink> {
    if of.text("fingerprint").is_some() {
        return Err(Part::Options.is(tunnel::PINNED));
    }
    if of.text("certificate").is_some() {
        return Err(Part::Options.is("it shows the server a certificate of its own, which is not carried"));
    }
    if of.switched_on("ech-opts", "enable").is_some() {
        return Err(Part::Options.is(tunnel::HIDDEN));
    }
    let security = match of.within("reality-opts") {
        Some(_) => "reality",
        None if always_tls || of.is_on("tls") => "tls",
        None => "none",
    };
    let mut pairs = vec![("security", security.to_owned())];
    let mut put = |key, value: Option<String>| pairs.extend(value.map(|value| (key, value)));
    put("sni", of.text("servername").or_else(|| of.text("sni")));
    put("insecure", of.is_on("skip-cert-verify").then(|| "1".to_owned()));
    put("flow", of.text("flow"));
    put("encryption", of.text("encryption"));
    put("type", of.text("network"));
    if let Some(websocket) = of.within("ws-opts").filter(|_| of.text("network").is_some_and(|it| it == "ws")) {
        put("host", websocket.within("headers").and_then(|it| it.text("Host").or_else(|| it.text("host"))));
        put("path", websocket.text("path"));
        put("early_data", websocket.text("max-early-data"));
        put("early_data_header", websocket.text("early-data-header-name"));
        if websocket.is_on("v2ray-http-upgrade") {
            return Err(Part::Options.is(tunnel::UPGRADE));
        }
    }
    Ok(Query::of(pairs))
}

fn wireguard(of: &Fields<'_>) -> Result<TransportKind, BadLink> {
    let mut peer = Peer::default();
    Peer::reserved(of)?;
    peer.interface("PrivateKey", of.text("private-key"))?;
    peer.interface("Address", of.text("ip"))?;
    peer.interface("Address", of.text("ipv6"))?;
    peer.interface("DNS", Some(of.list("dns").join(",")))?;
    peer.interface("MTU", of.text("mtu"))?;
    for (key, value) in of.within("amnezia-wg-option").iter().flat_map(Fields::all) {
        peer.interface(key, Some(value))?;
    }
    let peers = of.entries("peers");
    for one in if peers.is_empty() { std::slice::from_ref(of) } else { &peers } {
        Peer::reserved(one)?;
        peer.next();
        peer.peer("PublicKey", one.text("public-key"))?;
        peer.peer("PresharedKey", one.text("pre-shared-key").or_else(|| one.text("preshared-key")))?;
        peer.peer("PersistentKeepalive", of.text("persistent-keepalive"))?;
        peer.peer("AllowedIPs", Some(one.list("allowed-ips").join(",")))?;
        let ends = one.text("server").zip(one.text("port"));
        peer.peer("Endpoint", ends.map(|(host, port)| authority(&host, &port)))?;
    }
    peer.finish()
}

/// Clash's own plugins as those that speak the same (SIP003), and what they are told.
fn plugin(name: &str, of: &Fields<'_>) -> Result<(&'static str, String), BadLink> {
    let told = of.within("plugin-opts");
    let text = |key: &str| told.and_then(|told| told.text(key)).unwrap_or_default();
    // What SIP003 would take for another option.
    let plain = |value: String| if value.contains([';', '=', '\\']) { None } else { Some(value) };
    let odd = || Part::Options.is("the plugin is told something that byway does not pass on");
    match name {
        "obfs" => {
            let (mode, host) = (plain(text("mode")).ok_or_else(odd)?, plain(text("host")).ok_or_else(odd)?);
            let host = if host.is_empty() { String::new() } else { format!(";obfs-host={host}") };
            Ok(("obfs-local", format!("obfs={mode}{host}")))
        }
        "shadow-tls" => Ok(("shadow-tls", String::new())),
        _ => Err(Part::Options.is("the plugin is not carried from a Clash file; ask for the ss:// link")),
    }
}
