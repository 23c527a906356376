//! `[transport.NAME.vless]`, `.trojan` and `.fronted`: tunnels that hide in TLS. No key but `allow_insecure`, written by
//! hand, lets a certificate pass that does not hold.

use super::Reading;
use super::link::Insecure;
use super::reader::{Item, Section};
use super::settings::{Tls, TransportKind};
use super::transports::{host_name, linked, server, server_under};
use crate::model::{Destination, Host, Secret};
use crate::net::tls::{TlsClient, Trust};
use crate::transport::{Carrier, Ech, WebSocketSpec};
use crate::wire::vless::UserId;
use crate::wire::websocket::MOST_EARLY_DATA;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const USER: &str = "expected the user's UUID, as the server's owner gave it";
const PATH: &str = "expected a path such as \"/ws\"";
const CARRIERS: [(&str, bool); 2] = [("websocket", false), ("polling", true)];

impl Reading<'_> {
    pub(super) fn vless(&self, table: &Section<'_>) -> Option<TransportKind> {
        if let Some(item) = table.item("link") {
            return self.linked(&item, "vless", table, &["server", "port", "user", "sni", "verify", "websocket"]);
        }
        let server = server(table);
        let user = user(table);
        let tls = server.as_ref().map(|server| self.tls(table, &server.host));
        let websocket = websocket(table, tls.as_ref());
        let (server, tls) = (server?, tls??);
        Some(TransportKind::Vless { server, user: user?, tls, websocket: websocket? })
    }

    pub(super) fn trojan(&self, table: &Section<'_>) -> Option<TransportKind> {
        if let Some(item) = table.item("link") {
            return self.linked(&item, "trojan", table, &["server", "port", "password", "sni", "verify", "websocket"]);
        }
        let server = server(table);
        let password = table.required("password", "expected the password");
        let password = password.and_then(|item| Some(Secret::new(item.word()?.to_owned())));
        let tls = server.as_ref().map(|server| self.tls(table, &server.host));
        let websocket = websocket(table, tls.as_ref());
        let (server, tls) = (server?, tls??);
        Some(TransportKind::Trojan { server, password: password?, tls, websocket: websocket? })
    }

    pub(super) fn fronted(&self, table: &Section<'_>) -> Option<TransportKind> {
        let connect = server_under(table, "connect");
        let user = user(table);
        let host =
            table.required("host", "expected the host meant, as the CDN knows it").and_then(|item| authority(&item));
        let path = table.required("path", PATH).and_then(|item| path(&item));
        let polls = table.or("carrier", false, |item| item.one_of(&CARRIERS));
        let early = table.item("early_data");
        let early_data = early.as_ref().map_or(Some(0), early_data);
        if let Some(item) = early.filter(|_| polls) {
            let _: Option<()> =
                item.fail("only a WebSocket has early data", "expected carrier = \"websocket\" beside it");
        }
        let tls = connect.as_ref().map(|connect| self.tls(table, &connect.host));
        let carrier = if polls { Carrier::Polling } else { Carrier::WebSocket { early_data: early_data? } };
        let (connect, tls) = (connect?, tls??);
        Some(TransportKind::Fronted { connect, tls, host: host?, path: path?, carrier, user: user? })
    }

    /// A tunnel from its link. `roots` and `allow_insecure` may stand beside it: no link says them.
    fn linked(
        &self,
        item: &Item<'_>,
        kind: &str,
        table: &Section<'_>,
        instead_of: &[&'static str],
    ) -> Option<TransportKind> {
        let roots = table.item("roots").map(|item| self.certificates(&item));
        let insecure = table.or("allow_insecure", false, Item::flag);
        let allowed = if insecure { Insecure::Allowed } else { Insecure::Refused };
        let mut kind = linked(item, kind, table, instead_of, allowed)?;
        if let TransportKind::Vless { tls, .. } | TransportKind::Trojan { tls, .. } = &mut kind {
            tls.insecure = insecure;
            if let Some(roots) = roots {
                tls.roots = Some(roots?);
            }
        }
        Some(kind)
    }

    /// `sni`, `verify`, `roots` and `allow_insecure`; the name shown is `server`'s unless told otherwise.
    fn tls(&self, table: &Section<'_>, server: &Host) -> Option<Tls> {
        const VERIFY: &str = "expected the name that the certificate holds";
        let roots = table.item("roots").map(|item| self.certificates(&item));
        let insecure = table.or("allow_insecure", false, Item::flag);
        let ech = table.item("ech").map(|item| ech(&item));
        let verify = table.item("verify").map(|item| host_name(&item));
        let sni = table.item("sni");
        let shown = match &sni {
            Some(item) if item.word()? == "none" => None,
            Some(item) => Some(Host::Name(host_name(item)?.into())),
            None => Some(server.clone()),
        };
        let checked = match (verify, &shown, server) {
            (Some(verify), _, _) => Host::Name(verify?.into()),
            (None, Some(shown), _) => shown.clone(),
            (None, None, Host::Name(_)) => server.clone(),
            (None, None, Host::Ip(_)) => return table.required("verify", VERIFY).and(None),
        };
        let roots = match roots {
            Some(roots) => Some(roots?),
            None => None,
        };
        let ech = match ech {
            Some(ech) if shown.as_ref().and_then(Host::name).is_none() => {
                let _: Option<Ech> = ech;
                return table.item("ech")?.fail("there is no name to hide", "expected sni = \"name\" beside it");
            }
            Some(ech) => ech?,
            None => Ech::Never,
        };
        Some(Tls { shown, checked, roots, ech, insecure })
    }
}

/// `"offered"`, or the keys themselves.
fn ech(item: &Item<'_>) -> Option<Ech> {
    const ECH: &str = "expected \"offered\", or an ECHConfigList in base64, as the host's HTTPS record has it";
    match item.word()? {
        "offered" => Some(Ech::Offered),
        text => match STANDARD.decode(text) {
            Ok(keys) if TlsClient::hiding(&Trust::Any, &[], &keys).is_ok() => Some(Ech::Keys(keys)),
            _ => item.fail("these are no keys", ECH),
        },
    }
}

fn user(table: &Section<'_>) -> Option<UserId> {
    let item = table.required("user", USER)?;
    UserId::parse(item.word()?).map_or_else(|| item.fail("this is no user", USER), Some)
}

/// `websocket = { path, host, early_data }`; the host is the name shown unless told otherwise. The outer `None` is a
/// fault.
fn websocket(table: &Section<'_>, tls: Option<&Option<Tls>>) -> Option<Option<WebSocketSpec>> {
    let Some(section) = table.item("websocket") else { return Some(None) };
    let section = section.section()?;
    let path = section.or("path", Some("/".to_owned()), |item| Some(path(item)));
    let host = section.item("host").map(|item| authority(&item));
    let early_data = section.item("early_data").map_or(Some(0), |item| early_data(&item));
    section.finish();
    let host = match host {
        Some(host) => host?,
        None => plain(&tls?.as_ref()?.checked),
    };
    Some(Some(WebSocketSpec { host, path: path?, early_data: early_data? }))
}

/// A `Host`: a name or an address, with a port where it is not the usual one.
fn authority(item: &Item<'_>) -> Option<String> {
    const HOST: &str = "expected a host name";
    let text = item.word()?;
    match Host::parse(text) {
        Ok(host) => Some(plain(&host)),
        Err(_) if text.contains(':') => item.parsed(HOST, Destination::parse).map(|to| to.authority()),
        Err(why) => item.fail(why.to_string(), HOST),
    }
}

fn plain(host: &Host) -> String {
    match host {
        Host::Name(name) => name.to_string(),
        Host::Ip(std::net::IpAddr::V6(ip)) => format!("[{ip}]"),
        Host::Ip(ip) => ip.to_string(),
    }
}

/// A path as a request line holds it.
pub(super) fn path(item: &Item<'_>) -> Option<String> {
    let text = item.word_or(PATH)?;
    if !text.starts_with('/') || !text.bytes().all(|byte| byte.is_ascii_graphic()) || text.contains('#') {
        return item.fail("this is no path", PATH);
    }
    Some(text.to_owned())
}

fn early_data(item: &Item<'_>) -> Option<usize> {
    usize::try_from(item.integer(0..=i64::try_from(MOST_EARLY_DATA).ok()?)?).ok()
}

#[cfg(test)]
mod tests;
