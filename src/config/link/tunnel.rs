//! `vless://` (XTLS/Xray-core#91) and `trojan://` links, as far as byway carries them: TLS, and a WebSocket inside it. A
//! link that asks not to check the server's certificate is refused, unless whoever takes it in says so by hand.

use super::parts::{Parts, decoded};
use super::{BadLink, Linked, Part};
use crate::config::settings::{Tls, TransportKind};
use crate::model::{Destination, Host, Secret};
use crate::transport::{Ech, WebSocketSpec};
use crate::wire::vless::UserId;
use crate::wire::websocket::MOST_EARLY_DATA;

/// Whether a link may turn the check of a certificate off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insecure {
    /// No.
    Refused,
    /// A person said so beside it.
    Allowed,
}

/// Reads what follows `vless://`.
pub(super) fn vless(parts: &Parts<'_>, insecure: Insecure) -> Result<Linked, BadLink> {
    let user = decoded(parts.user_info.ok_or(Part::UserInfo.is("it is missing"))?, Part::UserInfo)?;
    let kind = vless_to(parts.server()?, &user, &Query::read(parts)?, insecure)?;
    Ok(Linked { name: parts.name(), kind })
}

/// A VLESS server; `query` is what a link says after `?`.
pub(super) fn vless_to(
    server: Destination,
    user: &str,
    query: &Query<'_>,
    insecure: Insecure,
) -> Result<TransportKind, BadLink> {
    match query.get("encryption").unwrap_or("none") {
        "none" | "" => {}
        _ => return Err(Part::Query.is("VLESS's own encryption is not carried")),
    }
    if query.get("flow").is_some_and(|flow| !flow.is_empty()) {
        return Err(Part::Query.is("flow (XTLS Vision) is not carried; ask for a link without it"));
    }
    match query.get("security").unwrap_or("none") {
        "tls" => {}
        "reality" => return Err(Part::Query.is("REALITY is not carried; run sing-box or Xray and point byway at it")),
        "none" | "" => return Err(Part::Query.is("security is not tls, so nothing would be encrypted")),
        _ => return Err(Part::Query.is("this kind of security is not known")),
    }
    let user = UserId::parse(user).ok_or(Part::UserInfo.is("it is not a UUID"))?;
    let tls = query.tls(&server.host, insecure)?;
    let websocket = query.websocket(&tls)?;
    Ok(TransportKind::Vless { server, user, tls, websocket })
}

/// Reads what follows `trojan://`.
pub(super) fn trojan(parts: &Parts<'_>, insecure: Insecure) -> Result<Linked, BadLink> {
    let password = decoded(parts.user_info.unwrap_or_default(), Part::Password)?;
    let kind = trojan_to(parts.server()?, password, &Query::read(parts)?, insecure)?;
    Ok(Linked { name: parts.name(), kind })
}

/// A Trojan server; `query` is what a link says after `?`.
pub(super) fn trojan_to(
    server: Destination,
    password: String,
    query: &Query<'_>,
    insecure: Insecure,
) -> Result<TransportKind, BadLink> {
    match query.get("security").unwrap_or("tls") {
        "tls" | "" => {}
        "reality" => return Err(Part::Query.is("REALITY is not carried; run sing-box or Xray and point byway at it")),
        _ => return Err(Part::Query.is("security is not tls, so nothing would be encrypted")),
    }
    if query.get("flow").is_some_and(|flow| !flow.is_empty()) {
        return Err(Part::Query.is("flow (XTLS) is not carried; ask for a link without it"));
    }
    if password.trim().is_empty() {
        return Err(Part::Password.is("it is empty"));
    }
    let tls = query.tls(&server.host, insecure)?;
    let websocket = query.websocket(&tls)?;
    Ok(TransportKind::Trojan { server, password: Secret::new(password), tls, websocket })
}

/// Said of what is not WebSocket, but begins alike.
pub(super) const UPGRADE: &str = "HTTPUpgrade is not carried; ask for WebSocket";
/// Said where a certificate is to be known by more than its name.
pub(super) const PINNED: &str =
    "it pins the server's certificate; save that in a file and write the way by hand, with roots";
/// Said where the server's name is to be hidden; shown in the clear it would be worth less than nothing.
pub(super) const HIDDEN: &str = "it hides the server's name (ECH); write the way by hand, with ech";

/// The pairs after `?`, decoded.
pub(super) struct Query<'a>(Vec<(&'a str, String)>);

impl<'a> Query<'a> {
    /// The same, as a document says it. It may also say `nameless` (no name in the hello), `early_data` and the header
    /// that carries it, `early_data_header`.
    pub(super) const fn of(pairs: Vec<(&'a str, String)>) -> Self {
        Self(pairs)
    }

    pub(super) fn read(parts: &Parts<'a>) -> Result<Self, BadLink> {
        let pair = |(key, value): (&'a str, &'a str)| Ok((key, decoded(value, Part::Query)?));
        Ok(Self(parts.pairs().map(pair).collect::<Result<_, BadLink>>()?))
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == key).map(|(_, value)| value.as_str())
    }

    pub(super) fn tls(&self, server: &Host, insecure: Insecure) -> Result<Tls, BadLink> {
        let asks =
            ["allowInsecure", "allow_insecure", "insecure", "skip-cert-verify"].iter().filter_map(|key| self.get(key));
        let asks = asks.into_iter().any(|value| !matches!(value, "" | "0" | "false"));
        if asks && insecure == Insecure::Refused {
            return Err(Part::Query.is("it asks not to check the server's certificate, which is refused; \
                 who insists says --allow-insecure, or allow_insecure = true beside it"));
        }
        let sni = self.get("sni").or_else(|| self.get("peer")).filter(|name| !name.is_empty());
        let shown = match sni.map(Host::parse) {
            None => server.clone(),
            // No hello carries an address (RFC 6066 §3).
            Some(Ok(Host::Ip(ip))) if *server != Host::Ip(ip) => {
                return Err(Part::Query.is("sni is an address, not a host name"));
            }
            // The configuration's word for no name at all.
            Some(Ok(Host::Name(name))) if &*name == "none" => return Err(Part::Query.is("sni is not a host name")),
            Some(Ok(name)) => name,
            Some(Err(_)) => return Err(Part::Query.is("sni is not a host name")),
        };
        let checked = shown.clone();
        let shown = self.get("nameless").is_none().then_some(shown);
        if shown.is_none() && checked.name().is_none() {
            return Err(Part::Query.is("it shows no name, and names none that the certificate should hold"));
        }
        Ok(Tls { shown, checked, roots: None, ech: Ech::Never, insecure: asks })
    }

    fn websocket(&self, tls: &Tls) -> Result<Option<WebSocketSpec>, BadLink> {
        match self.get("type").unwrap_or("tcp") {
            "tcp" | "raw" | "" if matches!(self.get("headerType").unwrap_or("none"), "none" | "") => return Ok(None),
            "tcp" | "raw" | "" => return Err(Part::Query.is("a stream dressed as HTTP is not carried")),
            "ws" => {}
            "httpupgrade" => return Err(Part::Query.is(UPGRADE)),
            "grpc" => return Err(Part::Query.is("gRPC is not carried; ask for a link with type=ws or tcp")),
            "xhttp" | "splithttp" => {
                return Err(Part::Query.is("XHTTP is not carried; ask for a link with type=ws or tcp"));
            }
            _ => return Err(Part::Query.is("this type of stream is not carried; ws and tcp are")),
        }
        let named = self.get("host").filter(|host| !host.is_empty());
        let host = match (named, &tls.checked) {
            (Some(host), _) => Host::parse(host).map_err(|_| Part::Query.is("host is not a host name"))?,
            (None, checked) => checked.clone(),
        };
        let host = match host {
            Host::Name(name) => name.to_string(),
            Host::Ip(std::net::IpAddr::V6(ip)) => format!("[{ip}]"),
            Host::Ip(ip) => ip.to_string(),
        };
        let (path, mut early_data) = path_and_early_data(self.get("path").unwrap_or("/"))?;
        // In another header or in the path a server may take it for something else; without any it answers too.
        if self.get("early_data_header").is_some_and(|name| name.eq_ignore_ascii_case("Sec-WebSocket-Protocol")) {
            let size = self.get("early_data").and_then(|size| size.parse().ok());
            early_data = size.unwrap_or(early_data).min(MOST_EARLY_DATA);
        }
        Ok(Some(WebSocketSpec { host, path, early_data }))
    }
}

/// Xray writes the size of early data into the path: `/ws?ed=2048`.
fn path_and_early_data(text: &str) -> Result<(String, usize), BadLink> {
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let mut early_data = 0;
    let mut kept = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.strip_prefix("ed=").and_then(|size| size.parse::<usize>().ok()) {
            Some(size) => early_data = size.min(MOST_EARLY_DATA),
            None => kept.push(pair),
        }
    }
    let slash = if path.starts_with('/') { "" } else { "/" };
    let question = if kept.is_empty() { "" } else { "?" };
    let path = format!("{slash}{path}{question}{}", kept.join("&"));
    if path.bytes().all(|byte| byte.is_ascii_graphic()) && !path.contains('#') {
        Ok((path, early_data))
    } else {
        Err(Part::Query.is("path holds a character that no path has"))
    }
}

#[cfg(test)]
mod tests {
    use crate::config::link::{Insecure, parse, read};
    use crate::config::settings::TransportKind;
    use crate::transport::WebSocketSpec;

    const USER: &str = "b831381d-6324-4d53-ad4f-8cda48b30811";

    fn kind(link: &str) -> TransportKind {
        parse(link).unwrap_or_else(|why| panic!("{link}: {why}")).kind
    }

    fn why(link: &str) -> String {
        parse(link).unwrap_err().to_string()
    }

    #[test]
    fn a_vless_link_is_read_with_its_websocket() {
        let link = format!(
            "vless://{USER}@203.0.113.7:443?encryption=none&security=tls&sni=front.example&fp=chrome&type=ws\
             &host=hidden.example&path=%2Fws%3Fa%3D1%26ed%3D2048#My%20way"
        );
        let found = parse(&link).unwrap();
        assert_eq!(found.name.as_deref(), Some("My way"));
        let TransportKind::Vless { server, user, tls, websocket } = found.kind else { panic!("not vless") };
        assert_eq!((server.authority().as_str(), user.expose().as_str()), ("203.0.113.7:443", USER));
        assert_eq!(tls.checked.name(), Some("front.example"));
        assert!(!tls.insecure);
        let want = WebSocketSpec { host: "hidden.example".into(), path: "/ws?a=1".into(), early_data: 2048 };
        assert_eq!(websocket, Some(want));
    }

    #[test]
    fn a_trojan_link_is_read() {
        let TransportKind::Trojan { server, password, tls, websocket } =
            kind("trojan://p%40ss@a.example:443?peer=b.example#x")
        else {
            panic!("not trojan")
        };
        assert_eq!((server.port, password.expose().as_str(), websocket), (443, "p@ss", None));
        assert_eq!(tls.shown.and_then(|host| host.name().map(ToOwned::to_owned)).as_deref(), Some("b.example"));
    }

    #[test]
    fn a_link_cannot_turn_the_check_of_a_certificate_off() {
        for link in [
            format!("vless://{USER}@a.example:443?security=tls&allowInsecure=1"),
            "trojan://hunter2@a.example:443?insecure=true".to_owned(),
        ] {
            let said = why(&link);
            assert!(said.contains("asks not to check") && !said.contains("hunter2"), "{said}");
            let kind = read(&link, Insecure::Allowed).unwrap().kind;
            assert!(kind.warning().is_some(), "it is shown");
        }
        let link = format!("vless://{USER}@a.example:443?security=tls&allowInsecure=0");
        assert!(read(&link, Insecure::Allowed).unwrap().kind.warning().is_none(), "what was not asked is not given");
    }

    #[test]
    fn what_is_not_carried_is_told_by_its_name() {
        for (query, part) in [
            ("security=reality&pbk=x", "REALITY"),
            ("security=none", "nothing would be encrypted"),
            ("security=tls&flow=xtls-rprx-vision", "flow"),
            ("security=tls&type=grpc", "gRPC"),
            ("security=tls&type=xhttp", "XHTTP"),
            ("security=tls&type=tcp&headerType=http", "dressed"),
            ("security=tls&encryption=mlkem768x25519plus", "encryption"),
            ("security=tls&sni=a%20b", "sni"),
            ("security=tls&type=ws&path=%0A", "path"),
        ] {
            let said = why(&format!("vless://{USER}@a.example:443?{query}"));
            assert!(said.contains(part), "{query}: {said}");
        }
        assert!(why("vless://@a.example:443?security=tls").contains("UUID"));
        assert!(why("trojan://@a.example:443").contains("empty"));
    }
}
