//! `[transport.NAME.wireguard]`: a wg-quick file, or its keys one by one. `[transport.NAME.interface]`: a device that
//! another program made.

use super::Reading;
use super::document::Value;
use super::link::wg_quick::{self, Draft, Part, WgQuick};
use super::reader::{Item, Section, each};
use super::settings::TransportKind;
use crate::transport::{TcpBy, WireGuardServer};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use std::net::IpAddr;

/// The keys here, and as wg-quick has them.
const KEYS: [(&str, &str, Part); 24] = [
    ("private_key", "PrivateKey", Part::Interface),
    ("address", "Address", Part::Interface),
    ("dns", "DNS", Part::Interface),
    ("mtu", "MTU", Part::Interface),
    ("public_key", "PublicKey", Part::Peer),
    ("preshared_key", "PresharedKey", Part::Peer),
    ("endpoint", "Endpoint", Part::Peer),
    ("keepalive", "PersistentKeepalive", Part::Peer),
    ("jc", "Jc", Part::Interface),
    ("jmin", "Jmin", Part::Interface),
    ("jmax", "Jmax", Part::Interface),
    ("s1", "S1", Part::Interface),
    ("s2", "S2", Part::Interface),
    ("s3", "S3", Part::Interface),
    ("s4", "S4", Part::Interface),
    ("h1", "H1", Part::Interface),
    ("h2", "H2", Part::Interface),
    ("h3", "H3", Part::Interface),
    ("h4", "H4", Part::Interface),
    ("i1", "I1", Part::Interface),
    ("i2", "I2", Part::Interface),
    ("i3", "I3", Part::Interface),
    ("i4", "I4", Part::Interface),
    ("i5", "I5", Part::Interface),
];

const FILE: &str = "expected a wg-quick file";

impl Reading<'_> {
    pub(super) fn wireguard(&self, table: &Section<'_>) -> Option<TransportKind> {
        let tcp = table.or("tcp", TcpBy::Auto, |item| item.one_of(&[("auto", TcpBy::Auto), ("own", TcpBy::Own)]));
        let kind = |found: WgQuick| {
            let peer = WireGuardServer { tcp, ..found.server };
            TransportKind::WireGuard { peer: Box::new(peer), ignored: found.ignored }
        };
        let keys: Vec<_> =
            KEYS.iter().filter_map(|(own, theirs, part)| Some((table.item(own)?, *theirs, *part))).collect();
        if let Some(file) = table.item("file") {
            for (item, ..) in &keys {
                let _: Option<()> = item.fail("the file says this", "expected either the file or this");
            }
            let text = match std::fs::read_to_string(self.path(&file)?) {
                Ok(text) => text,
                Err(why) => return file.fail(format!("it cannot be read: {}", why.kind()), FILE),
            };
            return match wg_quick::parse(&text) {
                Ok(found) => Some(kind(found)),
                Err(why) => file.fail(format!("the file cannot be used: {why}"), FILE),
            };
        }
        let mut draft = Draft::of_one_peer();
        let mut faulty = false;
        for (item, key, part) in keys {
            let set = text(&item).and_then(|text| match draft.set(part, key, &text) {
                Ok(()) => Some(()),
                Err((_, why)) => item.fail(why, "expected what a wg-quick file has here"),
            });
            faulty |= set.is_none();
        }
        if faulty {
            return None;
        }
        match draft.finish() {
            Ok(found) => Some(kind(found)),
            Err((key, why)) => {
                let own = KEYS.iter().find(|(_, theirs, _)| *theirs == key).map_or(key, |(own, ..)| own);
                table.fail(format!("{own}: {why}"), "expected file = \"home.conf\", or the keys of one")
            }
        }
    }
}

/// A value as a wg-quick file would have it.
fn text(item: &Item<'_>) -> Option<String> {
    match &item.node.value {
        Value::Integer(number) => Some(number.to_string()),
        Value::List(_) => Some(each(item.list()?, |item| item.word().map(str::to_owned)).join(", ")),
        _ => item.word().map(str::to_owned),
    }
}

/// The keys of a peer, as [`Reading::wireguard`] reads them.
pub(super) fn to_table(kind: &WireGuardServer) -> toml::Table {
    let mut table = toml::Table::new();
    let mut put = |key: &str, value: toml::Value| table.insert(key.to_owned(), value);
    let addresses = |list: &[IpAddr]| toml::Value::from(list.iter().map(ToString::to_string).collect::<Vec<_>>());
    put("endpoint", kind.server.authority().into());
    put("private_key", BASE64_STANDARD.encode(kind.private_key.expose()).into());
    put("public_key", BASE64_STANDARD.encode(kind.public_key).into());
    if let Some(key) = &kind.preshared_key {
        put("preshared_key", BASE64_STANDARD.encode(key.expose()).into());
    }
    put("address", addresses(&kind.addresses));
    if !kind.dns.is_empty() {
        put("dns", addresses(&kind.dns));
    }
    put("mtu", i64::from(kind.mtu).into());
    if let Some(seconds) = kind.keepalive {
        put("keepalive", i64::from(seconds).into());
    }
    if kind.tcp == TcpBy::Own {
        put("tcp", "own".into());
    }
    let (disguise, plain) = (&kind.disguise, crate::wire::amnezia::Disguise::default());
    for (key, value) in [("jc", disguise.junk.into()), ("jmin", disguise.junk_least), ("jmax", disguise.junk_most)] {
        if value > 0 {
            put(key, i64::from(value).into());
        }
    }
    for n in 0..4 {
        if disguise.prefixes[n] > 0 {
            put(&format!("s{}", n + 1), i64::from(disguise.prefixes[n]).into());
        }
        if disguise.headers[n] != plain.headers[n] {
            put(&format!("h{}", n + 1), disguise.headers[n].to_string().into());
        }
    }
    for (n, signature) in disguise.signatures.iter().enumerate() {
        put(&format!("i{}", n + 1), signature.to_string().into());
    }
    table
}

/// A device of the machine's.
pub(super) fn interface(table: &Section<'_>) -> Option<TransportKind> {
    const DEVICE: &str = "expected the name of a network device, such as \"tun0\"";
    let device = table.required("device", DEVICE).and_then(|item| {
        let name = item.word_or(DEVICE)?;
        // IFNAMSIZ of Linux and macOS, with its closing zero.
        let fits = name.len() < 16 && name.chars().all(|c| c.is_ascii_graphic() && c != '/');
        if fits { Some(name.to_owned()) } else { item.fail("this is no device", DEVICE) }
    });
    let ip = |item: &Item<'_>| item.parsed("expected an address", str::parse::<IpAddr>);
    let dns = each(table.list("dns"), ip);
    Some(TransportKind::Interface { device: device?, dns })
}
