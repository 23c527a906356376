//! What a person was given (links, a SIP008 document, a subscription) as transports, and a transport as text for
//! the configuration. One bad line never rejects the others: each comes back with its reason.

use super::link::{self, BadLink, Insecure, Linked, wg_quick};
use super::settings::{Tls, TransportKind, TransportSpec};
use super::subscription::Passed;
use super::{Outside, external, wireguard};
use crate::model::{Host, Secret, TransportId};
use crate::transport::{Carrier, Ech, WebSocketSpec};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeSet;
use std::fmt::Write;
use toml::de::{DeTable, DeValue};

/// One entry of what was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// What to call it: its own name, or its place in the list. Never a link.
    pub name: String,
    /// The transport, or why there is none.
    pub result: Result<TransportSpec, Skipped>,
}

/// Why an entry was left out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Skipped {
    /// Which part, and why. Holds no secret.
    pub reason: String,
}

/// No list of servers is longer.
const MOST_ENTRIES: usize = 2_000;

/// No list of servers is larger.
const MOST_BYTES: usize = 1 << 20;

/// Reads links, one a line, in base64 or plain; a SIP008 document, or a wg-quick file. Empty lines and comments (`#`,
/// `//`) are not entries. `taken` names are not given again; `insecure` says whether a link may turn the check of a certificate off.
pub fn import(text: &str, taken: &[TransportId], insecure: Insecure) -> Vec<Imported> {
    read(text, taken, insecure, None)
}

/// The same, with the programs of this machine for what byway does not carry itself. The configuration of such a program
/// (`input`, a path that is yet to be written) is in its `run`.
pub fn import_with(text: &str, taken: &[TransportId], insecure: Insecure, outside: &Outside) -> Vec<Imported> {
    read(text, taken, insecure, Some(outside))
}

fn read(text: &str, taken: &[TransportId], insecure: Insecure, outside: Option<&Outside>) -> Vec<Imported> {
    let taken = taken.iter().map(|id| id.as_str().to_owned()).collect();
    entries(text, Names { taken, outside, of_list: None }, insecure)
}

/// A list that somebody else keeps, as transports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MemberList {
    /// Its members, in its order.
    pub(super) specs: Vec<TransportSpec>,
    /// What is no member, and why.
    pub(super) skipped: Vec<Passed>,
}

/// Whose a list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// The person's own file.
    Own,
    /// It was fetched: whoever keeps it has no business with the machines around this one.
    Elsewhere,
}

const AT_HOME: &str =
    "its server is at a private address, where a list that is fetched may send nobody; put it into a file";

/// The first `most` servers of a list, each called by the list's name and its own, or its place. No link in it can turn
/// the check of a certificate off.
pub(super) fn members(text: &str, list: &str, taken: &[TransportId], most: usize, whose: Whose) -> MemberList {
    let taken = taken.iter().map(|id| id.as_str().to_owned()).collect();
    let names = Names { taken, outside: None, of_list: Some(list.to_owned()) };
    let mut found = MemberList { specs: Vec::new(), skipped: Vec::new() };
    for Imported { name, result } in entries(text, names, Insecure::Refused) {
        match result {
            Ok(spec) if whose == Whose::Elsewhere && spec.kind.is_at_home() => {
                found.skipped.push(Passed { name, reason: AT_HOME.to_owned() });
            }
            Ok(spec) if found.specs.len() < most => found.specs.push(spec),
            Ok(_) => {
                let reason =
                    format!("the list has {most} members already; more with most = {}", most.saturating_mul(2));
                found.skipped.push(Passed { name, reason });
            }
            Err(Skipped { reason }) => found.skipped.push(Passed { name, reason }),
        }
    }
    found
}

fn entries(text: &str, mut names: Names<'_>, insecure: Insecure) -> Vec<Imported> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if text.len() > MOST_BYTES {
        let reason = "it is larger than 1 MiB; no list of servers is".to_owned();
        return vec![Imported { name: "entry 1".to_owned(), result: Err(Skipped { reason }) }];
    }
    let outside = names.outside;
    if let Some(servers) = link::servers(text, insecure) {
        let entries = servers.into_iter().enumerate().take(MOST_ENTRIES);
        return entries.map(|(index, (name, found))| names.entry(index, name, found)).collect();
    }
    if wg_quick::is_wg_quick(text) {
        return vec![names.file(wg_quick::parse(text))];
    }
    let unpacked = link::unpacked(text);
    let lines = unpacked.as_deref().unwrap_or(text).lines().map(str::trim);
    let links = lines.filter(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("//"));
    links
        .take(MOST_ENTRIES)
        .enumerate()
        .map(|(index, line)| names.entry(index, None, one(line, insecure, outside)))
        .collect()
}

/// One link, by another program where byway does not carry it.
fn one(line: &str, insecure: Insecure, outside: Option<&Outside>) -> Result<Linked, BadLink> {
    match (link::read(line, insecure), outside) {
        (Err(why), Some(outside)) => outside.carry(line, insecure, why),
        (found, _) => found,
    }
}

/// The text of a configuration with `ids` at the end of its `order`, everything else as it was. Without an `order` of
/// its own a configuration takes every way anyway, and its text stays.
pub fn in_order(text: &str, ids: &[TransportId]) -> String {
    let (document, _) = DeTable::parse_recoverable(text);
    let order = document.get_ref().iter().find(|(key, _)| key.get_ref() == "order").map(|(_, value)| value.get_ref());
    let Some(DeValue::Array(order)) = order else { return text.to_owned() };
    let named = |id: &TransportId| order.iter().any(|item| item.get_ref().as_str() == Some(id.as_str()));
    let fresh: String = ids.iter().filter(|id| !named(id)).map(|id| format!(", {}", quoted(id.as_str()))).collect();
    // An empty order is a fault of its own, told elsewhere.
    let Some((before, after)) = order.last().and_then(|last| text.split_at_checked(last.span().end)) else {
        return text.to_owned();
    };
    format!("{before}{fresh}{after}")
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// The names given so far.
struct Names<'a> {
    taken: BTreeSet<String>,
    outside: Option<&'a Outside>,
    /// What the names of a list's members begin with.
    of_list: Option<String>,
}

impl Names<'_> {
    fn entry(&mut self, index: usize, name: Option<String>, found: Result<Linked, BadLink>) -> Imported {
        let found = found.and_then(|linked| match self.outside {
            Some(outside) => outside.with_plugin(linked),
            None => Ok(linked),
        });
        match found {
            Err(why) => {
                let name = name.map(|name| slug(&name, LONGEST_SLUG)).filter(|name| !name.is_empty());
                let name = name.unwrap_or_else(|| format!("entry {}", index + 1));
                Imported { name, result: Err(Skipped { reason: why.to_string() }) }
            }
            Ok(Linked { name, kind }) => {
                let own = name.as_deref().map(|name| slug(name, LONGEST_SLUG)).filter(|name| !name.is_empty());
                let wish = match &self.of_list {
                    None => own.unwrap_or_else(|| kind.name().to_owned()),
                    Some(list) => format!("{list}-{}", own.unwrap_or_else(|| (index + 1).to_string())),
                };
                let name = self.fresh(wish);
                let kind = match (kind, self.outside) {
                    (TransportKind::External { program, .. }, Some(outside)) if program.run.input.is_some() => {
                        let input = Some(outside.folder.join(format!("{name}.json")));
                        TransportKind::External { program, input }
                    }
                    (kind, _) => kind,
                };
                let spec = TransportSpec { id: name.as_str().into(), via: None, kind };
                Imported { name, result: Ok(spec) }
            }
        }
    }

    fn file(&mut self, found: Result<wg_quick::WgQuick, wg_quick::BadFile>) -> Imported {
        match found {
            Err(why) => Imported { name: "file".to_owned(), result: Err(Skipped { reason: why.to_string() }) },
            Ok(found) => {
                let kind = TransportKind::WireGuard { peer: Box::new(found.server), ignored: found.ignored };
                let wish = self.of_list.as_ref().map_or_else(|| kind.name().to_owned(), |list| format!("{list}-1"));
                let name = self.fresh(wish);
                let spec = TransportSpec { id: name.as_str().into(), via: None, kind };
                Imported { name, result: Ok(spec) }
            }
        }
    }

    fn fresh(&mut self, wish: String) -> String {
        let free = |name: &String| !self.taken.contains(name) && !matches!(name.as_str(), "direct" | "split" | "auto");
        let numbered = (2_u32..).map(|number| format!("{wish}-{number}"));
        let name = std::iter::once(wish.clone()).chain(numbered).find(free).unwrap_or(wish);
        self.taken.insert(name.clone());
        name
    }
}

/// At most so much of a name, so that a number fits behind it.
const LONGEST_SLUG: usize = 24;

/// A name as a transport may have it: letters, digits, `-` and `_`, at most `most`.
pub(super) fn slug(name: &str, most: usize) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        if c.is_alphanumeric() || c == '_' {
            slug.extend(c.to_lowercase().filter(|c| c.is_alphanumeric() || *c == '_'));
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let short: String = slug.chars().take(most).collect();
    short.trim_end_matches('-').to_owned()
}

/// A name as a key of TOML.
pub(super) fn table_name(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !name.is_empty() && name.chars().all(is_bare) { name.to_owned() } else { quoted(name) }
}

/// A transport as text to append to a configuration. Holds its secrets in clear.
pub fn to_toml(spec: &TransportSpec) -> String {
    let name = table_name(spec.id.as_str());
    let (table, inner) = tables(&spec.kind);
    let mut text = String::new();
    if let Some(via) = &spec.via {
        let via = toml::Value::from(via.as_str());
        let _ = writeln!(text, "[transport.{name}]\nvia = {via}");
    }
    let kind = spec.kind.name();
    let _ = writeln!(text, "[transport.{name}.{kind}]\n{table}");
    for (key, inner) in inner {
        let _ = writeln!(text, "[transport.{name}.{kind}.{key}]\n{inner}");
    }
    text
}

/// Tables within a table, by their keys.
pub(super) type Inner = Vec<(&'static str, toml::Table)>;

/// The table of a kind, and the tables within it.
fn tables(kind: &TransportKind) -> (toml::Table, Inner) {
    let mut table = toml::Table::new();
    let mut inner = Inner::new();
    let mut put = |key: &str, value: toml::Value| table.insert(key.to_owned(), value);
    match kind {
        TransportKind::Direct => {}
        TransportKind::Split { recipe } => {
            put("recipe", recipe.to_string().into());
        }
        TransportKind::Shadowsocks { server, method, password, prefix, plugin } => {
            put("server", server.authority().into());
            put("method", method.name().into());
            put("password", password.expose().as_str().into());
            if !prefix.is_empty() {
                put("prefix", link::prefix_text(prefix).into());
            }
            if let Some(plugin) = plugin {
                put("plugin", plugin.program.as_str().into());
                put("plugin_opts", plugin.options.expose().as_str().into());
            }
        }
        TransportKind::Socks5 { server, login } => {
            put("server", server.authority().into());
            put_login(&mut put, login.as_ref());
        }
        TransportKind::Http { server, tls, sni, login, roots: _ } => {
            put("server", server.authority().into());
            if *tls {
                put("tls", true.into());
            }
            if let Some(sni) = sni {
                put("sni", sni.as_str().into());
            }
            put_login(&mut put, login.as_ref());
        }
        TransportKind::Vless { server, user, tls, websocket } => {
            put("server", server.authority().into());
            put("user", user.expose().into());
            put_tls(&mut put, tls, &server.host);
            inner.extend(websocket.as_ref().map(websocket_table));
        }
        TransportKind::Trojan { server, password, tls, websocket } => {
            put("server", server.authority().into());
            put("password", password.expose().as_str().into());
            put_tls(&mut put, tls, &server.host);
            inner.extend(websocket.as_ref().map(websocket_table));
        }
        TransportKind::Fronted { connect, tls, host, path, carrier, user } => {
            put("connect", connect.authority().into());
            put("host", host.as_str().into());
            put("path", path.as_str().into());
            put("user", user.expose().into());
            put_tls(&mut put, tls, &connect.host);
            match carrier {
                Carrier::Polling => put("carrier", "polling".into()),
                Carrier::WebSocket { early_data: 0 } => None,
                Carrier::WebSocket { early_data } => put("early_data", number(*early_data)),
            };
        }
        TransportKind::External { program, input } => (table, inner) = external::to_tables(program, input.as_deref()),
        TransportKind::WireGuard { peer, ignored: _ } => table = wireguard::to_table(peer),
        TransportKind::Interface { device, dns } => {
            put("device", device.as_str().into());
            if !dns.is_empty() {
                put("dns", dns.iter().map(ToString::to_string).collect::<Vec<_>>().into());
            }
        }
    }
    (table, inner)
}

/// `roots` are files, and are not written.
fn put_tls(put: &mut impl FnMut(&str, toml::Value) -> Option<toml::Value>, tls: &Tls, server: &Host) {
    match &tls.shown {
        None => drop(put("sni", "none".into())),
        Some(Host::Name(name)) if tls.shown.as_ref() != Some(server) => drop(put("sni", name.to_string().into())),
        Some(_) => {}
    }
    let usual = tls.shown.as_ref().unwrap_or(server);
    if let Host::Name(name) = &tls.checked
        && tls.checked != *usual
    {
        put("verify", name.to_string().into());
    }
    match &tls.ech {
        Ech::Never => {}
        Ech::Offered => drop(put("ech", "offered".into())),
        Ech::Keys(keys) => drop(put("ech", STANDARD.encode(keys).into())),
    }
    if tls.insecure {
        put("allow_insecure", true.into());
    }
}

fn websocket_table(spec: &WebSocketSpec) -> (&'static str, toml::Table) {
    let mut table = toml::Table::new();
    table.insert("host".to_owned(), spec.host.as_str().into());
    table.insert("path".to_owned(), spec.path.as_str().into());
    if spec.early_data > 0 {
        table.insert("early_data".to_owned(), number(spec.early_data));
    }
    ("websocket", table)
}

fn number(value: usize) -> toml::Value {
    i64::try_from(value).unwrap_or(i64::MAX).into()
}

fn put_login(put: &mut impl FnMut(&str, toml::Value) -> Option<toml::Value>, login: Option<&(String, Secret<String>)>) {
    if let Some((user, password)) = login {
        put("user", user.as_str().into());
        put("password", password.expose().as_str().into());
    }
}
