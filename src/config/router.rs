//! `[listen.transparent]`, `[listen.dns]` and `[firewall]`: byway on a router, for a LAN that knows nothing of it.

use super::Reading;
use super::reader::{Item, Section, each, once};
use super::settings::Firewall;
use crate::inbound::{dns, transparent};
use crate::net::transparent::Capture;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

const MODES: [(&str, Capture); 2] = [("redirect", Capture::Redirect), ("tproxy", Capture::Tproxy)];
/// Beside the port for programs, 4180.
const USUAL_PORT: u16 = 4183;
/// In the lowest byte, which other programs' masks leave alone: mwan3 has 0x3f00, Tailscale 0xff0000, Kubernetes 0xc000.
const USUAL_MARK: u32 = 98;
/// Any number will do that nobody else has; as a rule's preference it must come before 32766, the main table's.
const USUAL_TABLE: i64 = 6279;
const LAN: &str = "expected the LAN's interfaces, such as [\"br-lan\"]";
const ASKED_AT: &str = "expected the LAN's own address and a port, such as \"192.168.1.1:53\"";
const UPSTREAM: &str = "expected the address of a resolver, such as \"192.0.2.53\" or \"192.0.2.53:5353\"";
const SOURCES: &str = "expected networks, such as \"192.168.1.0/24\"";
/// The longest name of an interface (netdevice(7), IFNAMSIZ).
const LONGEST_INTERFACE: usize = 15;

impl Default for Firewall {
    fn default() -> Self {
        let table = u32::try_from(USUAL_TABLE).unwrap_or_default();
        Self { lan: Vec::new(), apply: false, mark: USUAL_MARK, table, dnsmasq: false }
    }
}

/// `mode`, `port`, `ipv6`.
pub(super) fn transparent(table: &Section<'_>) -> transparent::Settings {
    let capture = table.or("mode", Capture::Tproxy, |item| item.one_of(&MODES));
    let port = table.or("port", USUAL_PORT, |item| u16::try_from(item.integer(1..=65_535)?).ok());
    let ipv6 = table.or("ipv6", true, Item::flag);
    transparent::Settings { capture, port, ipv6 }
}

/// `address`, `allow`, `upstream`.
pub(super) fn names(table: &Section<'_>) -> Option<dns::Settings> {
    let addresses = table.required("address", ASKED_AT).map(|item| match item.list_or_one() {
        Some(items) if items.is_empty() => item.fail("nothing is listened on", ASKED_AT).unwrap_or_default(),
        Some(items) => once(each(items, |item| Some((item.clone(), item.parsed(ASKED_AT, str::parse::<SocketAddr>)?)))),
        None => Vec::new(),
    });
    let allow = table.item("allow").map(|item| match item.list_or_one() {
        Some(items) if items.is_empty() => item.fail("nobody may ask", SOURCES).unwrap_or_default(),
        Some(items) => each(items, network),
        None => Vec::new(),
    });
    let upstream = table.item("upstream").and_then(|item| item.list_or_one());
    let upstream = each(upstream.unwrap_or_default(), resolver);
    let addresses = addresses?;
    for (item, own) in table.item("upstream").iter().flat_map(|item| addresses.iter().map(move |own| (item, own))) {
        if upstream.contains(own) {
            let _: Option<()> = item.fail("this is byway itself, which would ask itself for ever", UPSTREAM);
        }
    }
    (!addresses.is_empty()).then_some(dns::Settings { addresses, allow, upstream })
}

fn network(item: &Item<'_>) -> Option<IpNet> {
    let text = item.word_or(SOURCES)?;
    let net = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().map(IpNet::from).ok());
    net.or_else(|| item.fail(format!("{} is no network", super::fault::shown(text)), SOURCES)).map(|net| net.trunc())
}

fn resolver(item: &Item<'_>) -> Option<SocketAddr> {
    let text = item.word_or(UPSTREAM)?;
    let alone = || text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53)).ok();
    let found = text.parse::<SocketAddr>().ok().or_else(alone);
    found.or_else(|| item.fail(format!("{} is no address", super::fault::shown(text)), UPSTREAM))
}

impl Reading<'_> {
    /// `[firewall]`, which needs somebody that takes what its rules catch.
    pub(super) fn firewall(&self, root: &Section<'_>, is_taken: bool) -> Option<Firewall> {
        let section = root.section("firewall")?;
        let usual = Firewall::default();
        let lan = section.required("lan", LAN).and_then(|item| match item.list_or_one() {
            Some(items) if items.is_empty() => item.fail("no interface is named", LAN),
            Some(items) => Some(once(each(items, |item| Some((item.clone(), interface(item)?))))),
            None => None,
        });
        let apply = section.or("apply", usual.apply, Item::flag);
        let most = i64::from(i32::MAX) - 1;
        let mark = section.or("mark", usual.mark, |item| u32::try_from(item.integer(1..=most)?).ok());
        let table = section.or("table", usual.table, |item| {
            let number = item.integer(1..=32_765)?;
            match number {
                253..=255 => item.fail("this is one of the system's own tables", "expected a number that nobody uses"),
                _ => u32::try_from(number).ok(),
            }
        });
        let dnsmasq = section.or("dnsmasq", usual.dnsmasq, Item::flag);
        if !is_taken {
            let _: Option<()> =
                section.fail("nothing takes what the rules catch", "expected a table [listen.transparent] beside it");
        }
        section.finish();
        Some(Firewall { lan: lan?, apply, mark, table, dnsmasq })
    }
}

/// The name of an interface.
fn interface(item: &Item<'_>) -> Option<String> {
    let text = item.word_or(LAN)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | ':');
    if text.len() > LONGEST_INTERFACE || !text.chars().all(fits) {
        return item.fail(format!("{} is no name of an interface", super::fault::shown(text)), LAN);
    }
    Some(text.to_owned())
}
