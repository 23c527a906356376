//! `[transport.NAME.KIND]`: the ways out. `direct` and `split` exist without being named.

use super::fault::{Place, nearest, shown};
use super::link::{self, BadLink, Insecure, Part};
use super::reader::{Item, Section};
use super::settings::{Cipher, TransportKind, TransportSpec};
use super::ways::Ways;
use super::{Reading, external, wireguard};
use crate::model::{Destination, Host, Secret, TransportId};
use crate::wire::split::Recipe;
use std::collections::BTreeMap;

/// How `split` cuts unless told otherwise: a record boundary in the middle of the name.
pub(super) const DEFAULT_RECIPE: &str = "tlsfrag:sni";

/// The kinds, as their tables are called.
const KINDS: [&str; 11] = [
    "direct",
    "split",
    "shadowsocks",
    "socks5",
    "http",
    "vless",
    "trojan",
    "fronted",
    "wireguard",
    "interface",
    "external",
];

impl Reading<'_> {
    /// Every transport, and the names of all.
    pub(super) fn transports(&self, root: &Section<'_>) -> (Vec<TransportSpec>, Ways) {
        let mut specs = vec![TransportSpec { id: "direct".into(), via: None, kind: TransportKind::Direct }];
        let split = default_recipe().map(|recipe| TransportKind::Split { recipe });
        specs.extend(split.map(|kind| TransportSpec { id: "split".into(), via: None, kind }));
        let mut ways = Ways {
            names: vec!["direct".into(), "split".into()],
            bare: Vec::new(),
            legs: Vec::new(),
            groups: Vec::new(),
            usual_has_group: false,
        };
        let section = root.section("transport");
        let entries: Vec<_> =
            section.iter().flat_map(Section::entries).filter(|(name, _, item)| named(name, item)).collect();
        for (name, _, _) in &entries {
            if !ways.names.iter().any(|id| id.as_str() == *name) {
                ways.names.push((*name).into());
            }
        }
        let mut vias = BTreeMap::new();
        for (name, place, item) in entries {
            let Some(section) = item.section() else { continue };
            let via = section.item("via").and_then(|item| Some((item.clone(), ways.known(&item)?)));
            if let Some((item, via)) = via.clone() {
                vias.insert(TransportId::from(name), (item, via));
            }
            let kind = self.kind(name, place, &section);
            section.finish();
            let Some(kind) = kind else { continue };
            let through_nothing = kind == TransportKind::Direct || name == "split";
            if let Some((item, _)) = via.as_ref().filter(|_| through_nothing) {
                let _: Option<()> = item.fail("the bare way goes through nothing", "expected no via here");
            }
            if let Some((item, _)) = via.as_ref().filter(|_| kind.is_program()) {
                let _: Option<()> = item.fail("its program dials by itself", "expected no via here");
            }
            let spec = TransportSpec { id: name.into(), via: via.map(|(_, via)| via), kind };
            match specs.iter_mut().find(|known| known.id == spec.id) {
                Some(known) => *known = spec,
                None => specs.push(spec),
            }
        }
        circles(&vias);
        ways.bare = specs.iter().filter(|spec| is_bare(spec, &specs)).map(|spec| spec.id.clone()).collect();
        ways.legs = specs.iter().filter(|spec| spec.kind.is_only_a_leg()).map(|spec| spec.id.clone()).collect();
        (specs, ways)
    }

    fn kind(&self, name: &str, place: &Place, section: &Section<'_>) -> Option<TransportKind> {
        let kinds: Vec<Item<'_>> = KINDS.iter().filter_map(|kind| section.item(kind)).collect();
        let [item] = kinds.as_slice() else {
            let expected = format!("expected one of {}", KINDS.join(", "));
            if !kinds.is_empty() {
                self.faults.add(place, &section.path.to_string(), "more than one kind is given", expected);
            } else if section.table.0.keys().all(|key| key == "via") {
                // Any other key is told as unknown, with the kind that was meant.
                self.faults.missing(place, &section.path.to_string(), "no kind is given", expected);
            }
            return None;
        };
        let kind = item.path.last();
        if matches!(name, "direct" | "split") && kind != name {
            return item.fail(format!("the name {name:?} is taken by the bare way"), "expected another name");
        }
        let table = item.section()?;
        let read = match kind {
            "direct" => Some(TransportKind::Direct),
            "split" => split(&table),
            "shadowsocks" => shadowsocks(&table),
            "socks5" => socks5(&table),
            "vless" => self.vless(&table),
            "trojan" => self.trojan(&table),
            "fronted" => self.fronted(&table),
            "wireguard" => self.wireguard(&table),
            "interface" => wireguard::interface(&table),
            "external" => self.external(name, &table),
            _ => self.http(&table),
        };
        table.finish();
        read
    }

    fn http(&self, table: &Section<'_>) -> Option<TransportKind> {
        let roots = table.item("roots").and_then(|item| self.certificates(&item));
        if let Some(item) = table.item("link") {
            let kind =
                linked(&item, "http", table, &["server", "port", "tls", "sni", "user", "password"], Insecure::Refused)?;
            return Some(match kind {
                TransportKind::Http { server, tls, sni, login, .. } => {
                    TransportKind::Http { server, tls, sni, login, roots }
                }
                other => other,
            });
        }
        let server = server(table);
        let tls = table.or("tls", false, Item::flag);
        let sni = table.item("sni").and_then(|item| host_name(&item));
        let login = login(
            table,
            |user| !user.contains(':') && user.len() <= 255,
            "HTTP carries no ':' and at most 255 bytes of user",
        )?;
        if !tls && let Some(item) = table.item("sni").or_else(|| table.item("roots")) {
            return item.fail("this needs TLS", "expected tls = true beside it");
        }
        Some(TransportKind::Http { server: server?, tls, sni, login, roots })
    }
}

/// Whether a name will do; says so when it will not.
fn named(name: &str, item: &Item<'_>) -> bool {
    let fits = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    if name == "auto" {
        let _: Option<()> = item.fail("the name \"auto\" means that byway chooses", "expected another name");
        return false;
    }
    if name.is_empty() || name.chars().count() > 32 || !name.chars().all(fits) {
        let _: Option<()> = item.fail("this is no name for a transport", "expected up to 32 letters, digits, - and _");
        return false;
    }
    true
}

/// Says so where `via` leads back to where it began.
fn circles(vias: &BTreeMap<TransportId, (Item<'_>, TransportId)>) {
    for (start, (item, first)) in vias {
        let mut way = first;
        for _ in 0..=vias.len() {
            if way == start {
                let wrong = format!("going through {} leads back to {start}", shown(first.as_str()));
                let _: Option<()> = item.fail(wrong, "expected a way that does not need this one");
                break;
            }
            match vias.get(way) {
                Some((_, next)) => way = next,
                None => break,
            }
        }
    }
}

/// Whether a way ends on the person's own line: a bare kind that goes through nothing but bare ways.
fn is_bare(spec: &TransportSpec, specs: &[TransportSpec]) -> bool {
    let mut spec = spec;
    for _ in specs {
        if !spec.kind.is_bare() {
            return false;
        }
        match spec.via.as_ref().and_then(|via| specs.iter().find(|below| below.id == *via)) {
            Some(below) => spec = below,
            None => return true,
        }
    }
    false
}

fn split(table: &Section<'_>) -> Option<TransportKind> {
    let recipe = match table.item("recipe") {
        None => default_recipe()?,
        Some(item) if item.word_or(RECIPE)?.contains("://") => return item.fail("this is a link", RECIPE),
        Some(item) => item.parsed(RECIPE, str::parse)?,
    };
    Some(TransportKind::Split { recipe })
}

fn default_recipe() -> Option<Recipe> {
    DEFAULT_RECIPE.parse().ok()
}

const RECIPE: &str = "expected steps like \"split:2\" or \"tlsfrag:sni\", joined by |";

fn shadowsocks(table: &Section<'_>) -> Option<TransportKind> {
    if let Some(item) = table.item("link") {
        return linked(
            &item,
            "shadowsocks",
            table,
            &["server", "port", "method", "password", "prefix", "plugin", "plugin_opts"],
            Insecure::Refused,
        );
    }
    let server = server(table);
    let method = table
        .required("method", "expected a cipher, such as \"2022-blake3-aes-128-gcm\"")
        .and_then(|item| cipher(&item));
    let secret = table.required("password", "expected the password, or the key for a 2022 cipher");
    let prefix = table.item("prefix");
    let plugin = external::plugin(table);
    let method = method?;
    let password = secret.and_then(|item| checked(&item, link::key(method, item.word()?)));
    let prefix = match prefix {
        None => Some(Vec::new()),
        Some(item) => checked(&item, link::prefix_bytes(method, item.text()?)),
    };
    Some(TransportKind::Shadowsocks { server: server?, method, password: password?, prefix: prefix?, plugin: plugin? })
}

/// A cipher by name. A name that is not even close to one is not shown: it may be the password.
fn cipher(item: &Item<'_>) -> Option<Cipher> {
    let name = item.word()?;
    let why = match link::cipher(name) {
        Ok(cipher) => return Some(cipher),
        Err(why) => why.why,
    };
    let known: Vec<&str> = Cipher::ALL.iter().map(|cipher| cipher.name()).collect();
    let all = format!("expected one of {}", known.join(", "));
    if why != link::NO_CIPHER {
        return item.fail(format!("{} will not do: {why}", shown(name)), all);
    }
    match nearest(name, known) {
        Some(near) => item.fail(format!("{} is not a cipher", shown(name)), format!("did you mean {near:?}?")),
        None => item.fail("this is not a Shadowsocks cipher that byway knows", all),
    }
}

fn socks5(table: &Section<'_>) -> Option<TransportKind> {
    if let Some(item) = table.item("link") {
        return linked(&item, "socks5", table, &["server", "port", "user", "password"], Insecure::Refused);
    }
    let server = server(table);
    let login = login(table, |user| user.len() <= 255, "SOCKS5 carries at most 255 bytes of user")?;
    Some(TransportKind::Socks5 { server: server?, login })
}

/// A kind from its link; the link says it all, so nothing else may stand beside it.
pub(super) fn linked(
    item: &Item<'_>,
    kind: &str,
    table: &Section<'_>,
    instead_of: &[&'static str],
    insecure: Insecure,
) -> Option<TransportKind> {
    for key in instead_of {
        if let Some(item) = table.item(key) {
            let _: Option<()> = item.fail("the link says this already", "expected either the link or this");
        }
    }
    let found = link::read(item.word()?, insecure);
    let expected = format!("expected a link for {kind}");
    let linked =
        found.map_or_else(|why| item.fail(format!("this link cannot be used: {why}"), expected.clone()), Some)?;
    if linked.kind.name() == kind {
        return Some(linked.kind);
    }
    item.fail(format!("this link is for {}", linked.kind.name()), expected)
}

const SERVER: &str = "expected \"host:port\", an IPv6 address in brackets";

/// `server = "host:port"`, or `server` and `port` apart.
pub(super) fn server(table: &Section<'_>) -> Option<Destination> {
    server_under(table, "server")
}

/// The same under another key.
pub(super) fn server_under(table: &Section<'_>, key: &'static str) -> Option<Destination> {
    let item = table.required(key, SERVER);
    let port = table.item("port");
    let item = item?;
    let text = item.word()?;
    match port {
        None => item.parsed(SERVER, Destination::parse),
        Some(port) => {
            let port = u16::try_from(port.integer(1..=65535)?).ok()?;
            let host = item.parsed("expected a name or an address", |_| Host::parse(text))?;
            Some(Destination::new(host, port))
        }
    }
}

pub(super) fn host_name(item: &Item<'_>) -> Option<String> {
    match item.parsed("expected a host name", Host::parse)? {
        Host::Name(name) => Some(name.to_string()),
        Host::Ip(_) => item.fail("this is an address", "expected a host name"),
    }
}

type Login = (String, Secret<String>);

/// `user` and `password`: both or neither. The outer `None` is a fault.
pub(super) fn login(table: &Section<'_>, fits: impl Fn(&str) -> bool, why: &str) -> Option<Option<Login>> {
    let (user, password) = match (table.item("user"), table.item("password")) {
        (None, None) => return Some(None),
        (Some(user), Some(password)) => (user, password),
        (Some(user), None) => {
            return user.fail("there is no password beside it", "expected user and password, or neither");
        }
        (None, Some(password)) => {
            return password.fail("there is no user beside it", "expected user and password, or neither");
        }
    };
    let name = user.word().filter(|name| fits(name) || user.fail::<()>(why, "expected another user").is_some());
    let secret = password.word();
    let too_long = secret.is_some_and(|secret| secret.len() > 255);
    let secret = if too_long { password.fail("it is longer than 255 bytes", "expected a shorter one") } else { secret };
    Some(Some((name?.to_owned(), Secret::new(secret?.to_owned()))))
}

fn checked<T>(item: &Item<'_>, read: Result<T, BadLink>) -> Option<T> {
    read.map_or_else(
        |why| {
            let expected = match why.part {
                Part::Password => "expected the key as the server's owner gave it",
                _ => "expected percent-encoded characters up to U+00FF",
            };
            item.fail(why.why.into_owned(), expected)
        },
        Some,
    )
}
