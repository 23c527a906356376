//! The links themselves: VLESS and Trojan as Xray writes them (XTLS/Xray-core#91), VMess as v2rayN does (base64 of JSON),
//! Hysteria 2's own scheme (v2.hysteria.network, "URI Scheme"), TUIC and AnyTLS as sing-box's users do.

use super::super::parts::{Parts, base64_text, decoded, server};
use super::super::tunnel::{Insecure, Query};
use super::super::{BadLink, Part, fields::authority};
use super::{Carriage, Far, FarTls, Reality, Speaks};
use crate::model::{Destination, Host};
use crate::wire::vless::UserId;
use serde_json::Value;

type Found = (Option<String>, Far);

pub(super) fn read(text: &str, insecure: Insecure) -> Option<Result<Found, BadLink>> {
    let (scheme, rest) = text.trim().split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let by_parts = |read: fn(&Parts<'_>, Insecure) -> Result<Far, BadLink>| {
        let parts = Parts::cut(rest);
        Some(read(&parts, insecure).map(|far| (parts.name(), far)))
    };
    match scheme.as_str() {
        "vless" => by_parts(vless),
        "trojan" => by_parts(trojan),
        "hysteria2" | "hy2" => by_parts(hysteria2),
        "tuic" => by_parts(tuic),
        "anytls" => by_parts(anytls),
        "vmess" => Some(vmess(rest, insecure)),
        _ => None,
    }
}

fn user_info(parts: &Parts<'_>) -> Result<String, BadLink> {
    let text = decoded(parts.user_info.unwrap_or_default(), Part::UserInfo)?;
    if text.trim().is_empty() { Err(Part::UserInfo.is("it is missing")) } else { Ok(text) }
}

fn uuid(text: &str) -> Result<String, BadLink> {
    UserId::parse(text).map(|user| user.expose()).ok_or(Part::UserInfo.is("it is not a UUID"))
}

/// A UUID that is written as one: only VLESS makes one of any other text.
fn strict_uuid(text: &str) -> Result<String, BadLink> {
    let plain = |text: &str| text.replace('-', "").to_ascii_lowercase();
    let found = uuid(text)?;
    if plain(&found) == plain(text) { Ok(found) } else { Err(Part::UserInfo.is("it is not a UUID")) }
}

fn vless(parts: &Parts<'_>, insecure: Insecure) -> Result<Far, BadLink> {
    let query = Query::read(parts)?;
    if !matches!(query.get("encryption").unwrap_or("none"), "none" | "") {
        return Err(Part::Query.is("VLESS's own encryption is not carried"));
    }
    let flow = word(&query, "flow");
    if flow.as_ref().is_some_and(|flow| flow != "xtls-rprx-vision") {
        return Err(Part::Query.is("this flow is of the past; ask for one with xtls-rprx-vision"));
    }
    let server = parts.server()?;
    let tls = tls(&query, &server, insecure)?;
    if tls.is_none() {
        return Err(Part::Query.is("security is neither tls nor reality, so nothing would be encrypted"));
    }
    let speaks = Speaks::Vless { user: uuid(&user_info(parts)?)?, flow };
    Ok(Far { server, speaks, tls, carriage: carriage(&query)? })
}

fn trojan(parts: &Parts<'_>, insecure: Insecure) -> Result<Far, BadLink> {
    let query = Query::read(parts)?;
    let server = parts.server()?;
    let tls = match tls(&query, &server, insecure)? {
        Some(tls) => tls,
        None if query.get("security").is_none() => of_tls(&query, &server, insecure)?,
        None => return Err(Part::Query.is("security is neither tls nor reality, so nothing would be encrypted")),
    };
    let speaks = Speaks::Trojan { password: user_info(parts)? };
    Ok(Far { server, speaks, tls: Some(tls), carriage: carriage(&query)? })
}

fn hysteria2(parts: &Parts<'_>, insecure: Insecure) -> Result<Far, BadLink> {
    let query = Query::read(parts)?;
    let (server, ports) = hopping(parts)?;
    let obfuscation = match query.get("obfs").unwrap_or_default() {
        "" | "none" => None,
        "salamander" => Some(word(&query, "obfs-password").ok_or(Part::Query.is("obfs-password is missing"))?),
        _ => return Err(Part::Query.is("this obfs is not known; salamander is")),
    };
    if word(&query, "pinSHA256").is_some() {
        return Err(Part::Query.is("it pins the server's certificate, which no program is told by byway"));
    }
    let tls = FarTls { alpn: vec!["h3".to_owned()], fingerprint: None, ..of_tls(&query, &server, insecure)? };
    let speaks = Speaks::Hysteria2 { password: user_info(parts)?, obfuscation, ports };
    Ok(Far { server, speaks, tls: Some(tls), carriage: Carriage::Plain })
}

/// `host:443,5000-6000`: a server that listens at many ports, and the client goes from one to another.
fn hopping(parts: &Parts<'_>) -> Result<(Destination, Vec<String>), BadLink> {
    let bad = || Part::Port.is("it is neither a port nor a list of ports and spans");
    let Some((host, ports)) = parts.authority.rsplit_once(':').filter(|(_, ports)| ports.contains([',', '-'])) else {
        // The port is 443 where none is written.
        let bare =
            parts.authority.rsplit_once(':').is_none_or(|(host, _)| host.starts_with('[') && !host.ends_with(']'));
        let found = if bare { server(&format!("{}:443", parts.authority)) } else { parts.server() };
        return found.map(|server| (server, Vec::new()));
    };
    let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port != 0);
    let mut spans = Vec::new();
    for span in ports.split(',') {
        let (from, to) = span.split_once('-').unwrap_or((span, span));
        let (from, to) = port(from).zip(port(to)).filter(|(from, to)| from <= to).ok_or_else(bad)?;
        spans.push((from, to));
    }
    let (first, _) = spans.first().ok_or_else(bad)?;
    let server = server(&format!("{host}:{first}"))?;
    Ok((server, spans.iter().map(|(from, to)| format!("{from}:{to}")).collect()))
}

fn tuic(parts: &Parts<'_>, insecure: Insecure) -> Result<Far, BadLink> {
    let query = Query::read(parts)?;
    let server = parts.server()?;
    let info = user_info(parts)?;
    let (user, password) = info.split_once(':').ok_or(Part::UserInfo.is("it is not UUID:password"))?;
    let one_of = |key: &str, known: &[&str], usual: &str| {
        let value = word(&query, key).unwrap_or_else(|| usual.to_owned());
        if known.contains(&value.as_str()) { Ok(value) } else { Err(Part::Query.is("it asks for something unknown")) }
    };
    let speaks = Speaks::Tuic {
        user: strict_uuid(user)?,
        password: password.to_owned(),
        congestion: one_of("congestion_control", &["cubic", "new_reno", "bbr"], "bbr")?,
        relay: one_of("udp_relay_mode", &["native", "quic"], "native")?,
    };
    let tls = of_tls(&query, &server, insecure)?;
    let alpn = if tls.alpn.is_empty() { vec!["h3".to_owned()] } else { tls.alpn };
    Ok(Far { server, speaks, tls: Some(FarTls { alpn, fingerprint: None, ..tls }), carriage: Carriage::Plain })
}

fn anytls(parts: &Parts<'_>, insecure: Insecure) -> Result<Far, BadLink> {
    let query = Query::read(parts)?;
    let server = parts.server()?;
    let tls = match tls(&query, &server, insecure)? {
        Some(tls) => tls,
        None => of_tls(&query, &server, insecure)?,
    };
    Ok(Far {
        server,
        speaks: Speaks::AnyTls { password: user_info(parts)? },
        tls: Some(tls),
        carriage: Carriage::Plain,
    })
}

/// v2rayN's form: base64 of a JSON object.
fn vmess(rest: &str, insecure: Insecure) -> Result<Found, BadLink> {
    let body = rest.split_once('#').map_or(rest, |(body, _)| body);
    let document: Option<Value> = base64_text(body.trim()).and_then(|text| serde_json::from_str(&text).ok());
    let document = document.ok_or(Part::Document.is("it is not base64 of a server in JSON"))?;
    let text = |key: &str| match document.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let server = server(&authority(&text("add"), &text("port")))?;
    let security = match text("scy").as_str() {
        "" => "auto".to_owned(),
        known @ ("auto" | "aes-128-gcm" | "chacha20-poly1305") => known.to_owned(),
        // Whoever sits in between could read it.
        "none" | "zero" if text("tls") == "tls" => "auto".to_owned(),
        _ => return Err(Part::Document.is("its encryption is none, or not known")),
    };
    let said = ["sni", "host", "path", "alpn", "fp", "type", "serviceName", "allowInsecure", "insecure"]
        .map(|key| (key, text(key)));
    let mut pairs: Vec<(&str, String)> =
        said.into_iter().filter(|(key, value)| *key != "type" && !value.is_empty()).collect();
    if text("net") == "grpc" {
        pairs.push(("serviceName", text("path")));
    }
    if !matches!(text("type").as_str(), "" | "none" | "gun" | "multi") {
        pairs.push(("headerType", text("type")));
    }
    pairs.push(("type", text("net")));
    pairs.push(("security", text("tls")));
    let query = Query::of(pairs);
    let tls = tls(&query, &server, insecure)?;
    let alter_id = text("aid").parse().unwrap_or_default();
    let speaks = Speaks::Vmess { user: strict_uuid(&text("id"))?, security, alter_id };
    let name = Some(text("ps").trim().to_owned()).filter(|name| !name.is_empty());
    Ok((name, Far { server, speaks, tls, carriage: carriage(&query)? }))
}

fn word(query: &Query<'_>, key: &str) -> Option<String> {
    query.get(key).filter(|value| !value.is_empty()).map(str::to_owned)
}

/// TLS, where it wants any.
fn tls(query: &Query<'_>, server: &Destination, insecure: Insecure) -> Result<Option<FarTls>, BadLink> {
    match query.get("security").unwrap_or_default() {
        "tls" => of_tls(query, server, insecure).map(Some),
        "reality" => {
            let missing = Part::Query.is("pbk, the server's public key, is missing");
            let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
            let public_key = word(query, "pbk").filter(|key| plain(key)).ok_or(missing)?;
            let short_id = query.get("sid").unwrap_or_default().to_owned();
            if short_id.len() > 16 || !short_id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(Part::Query.is("sid is not hexadecimal"));
            }
            let reality = Some(Reality { public_key, short_id });
            // REALITY knows its server by that key, so there is no certificate to be checked.
            let tls = of_tls(query, server, Insecure::Allowed)?;
            let fingerprint = tls.fingerprint.or_else(|| Some("chrome".to_owned()));
            Ok(Some(FarTls { reality, fingerprint, insecure: false, ..tls }))
        }
        "" | "none" => Ok(None),
        _ => Err(Part::Query.is("this kind of security is not known")),
    }
}

fn of_tls(query: &Query<'_>, server: &Destination, insecure: Insecure) -> Result<FarTls, BadLink> {
    let checked = query.tls(&server.host, insecure)?;
    let name = match &checked.checked {
        Host::Name(name) => Some(name.to_string()),
        Host::Ip(_) => None,
    };
    let alpn = query.get("alpn").unwrap_or_default().split(',').map(str::trim).filter(|alpn| !alpn.is_empty());
    Ok(FarTls {
        name,
        alpn: alpn.map(str::to_owned).collect(),
        fingerprint: word(query, "fp").filter(|fp| fp != "none"),
        reality: None,
        insecure: checked.insecure,
    })
}

fn carriage(query: &Query<'_>) -> Result<Carriage, BadLink> {
    let host = word(query, "host");
    let path = word(query, "path").unwrap_or_else(|| "/".to_owned());
    Ok(match query.get("type").unwrap_or("tcp") {
        "tcp" | "raw" | "" if matches!(query.get("headerType").unwrap_or("none"), "none" | "") => Carriage::Plain,
        "tcp" | "raw" | "" => return Err(Part::Query.is("a stream dressed as HTTP is not carried")),
        "ws" => Carriage::WebSocket { host, path },
        "httpupgrade" => Carriage::HttpUpgrade { host, path },
        "grpc" => Carriage::Grpc { service: query.get("serviceName").unwrap_or_default().to_owned() },
        "xhttp" | "splithttp" => {
            Carriage::Xhttp { host, path, mode: word(query, "mode").unwrap_or_else(|| "auto".to_owned()) }
        }
        _ => return Err(Part::Query.is("this type of stream is not carried")),
    })
}
