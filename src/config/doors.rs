//! `listen`, `login` and `[inbound]`: where clients come in, and who may. Where there are other doors too, `listen` is a
//! table: `[listen] proxy = ["…"]` beside `[listen.relay]`, `[listen.whatsapp]`, `[listen.transparent]` and `[listen.dns]`.

use super::Reading;
use super::document::Value;
use super::reader::{Item, Section, each, once};
use super::router;
use super::transports::login;
use crate::inbound::{self, Login, dns, relay, transparent, whatsapp};
use std::net::SocketAddr;
use std::time::Duration;

/// Loopback, so that nobody else's traffic goes out in the user's name.
const DEFAULT_LISTEN: &str = "127.0.0.1:4180";

const LISTEN: &str = "expected an address and a port, such as \"127.0.0.1:4180\" or \"[::1]:4180\"";

/// Everything that is listened on.
#[derive(Default)]
pub(super) struct Doors {
    pub(super) listens: Vec<inbound::Listen>,
    pub(super) relay: Option<relay::Settings>,
    pub(super) whatsapp: Option<whatsapp::Settings>,
    pub(super) transparent: Option<transparent::Settings>,
    pub(super) names: Option<dns::Settings>,
}

impl Doors {
    fn only(listens: Vec<inbound::Listen>) -> Self {
        Self { listens, ..Self::default() }
    }
}

impl Reading<'_> {
    pub(super) fn listens(&self, root: &Section<'_>) -> Doors {
        let login = root.section("login").and_then(|section| {
            let read = login(&section, |user| user.len() <= 255, "it is longer than 255 bytes");
            if !section.has("user") && !section.has("password") {
                let _: Option<()> = section.fail("there is no user and no password", "expected both");
            }
            section.finish();
            read.flatten()
        });
        let has_login = root.has("login");
        let Some(item) = root.item("listen") else { return Doors::only(usual(login)) };
        if !matches!(item.node.value, Value::Table(_)) {
            return Doors::only(proxies(&item, login, has_login, true));
        }
        let Some(section) = item.section() else { return Doors::default() };
        let relay = section.section("relay").and_then(|table| {
            let relay = self.relay(&table);
            table.finish();
            relay
        });
        let whatsapp = section.section("whatsapp").and_then(|table| {
            let whatsapp = self.whatsapp(&table);
            table.finish();
            whatsapp
        });
        let transparent = section.section("transparent").map(|table| {
            let transparent = router::transparent(&table);
            table.finish();
            transparent
        });
        let names = section.section("dns").and_then(|table| {
            let names = router::names(&table);
            table.finish();
            names
        });
        let needed = !["relay", "transparent", "whatsapp"].iter().any(|other| section.has(other));
        let listens = match section.item("proxy") {
            Some(item) => proxies(&item, login, has_login, needed),
            None => usual(login),
        };
        section.finish();
        Doors { listens, relay, whatsapp, transparent, names }
    }

    pub(super) fn inbound(&self, root: &Section<'_>) -> inbound::Settings {
        let usual = inbound::Settings::default();
        let Some(section) = root.section("inbound") else { return usual };
        let span = Duration::from_secs(1)..=Duration::from_secs(120);
        let negotiation = section.or("negotiation", usual.negotiation, |item| item.duration(span));
        let most = i64::try_from(usual.max_connections).unwrap_or(4096);
        let most = section.or("max_connections", most, |item| item.integer(1..=1_000_000));
        section.finish();
        inbound::Settings { negotiation, max_connections: usize::try_from(most).unwrap_or(usual.max_connections) }
    }
}

fn usual(login: Option<Login>) -> Vec<inbound::Listen> {
    DEFAULT_LISTEN.parse().map(|addr| vec![inbound::Listen { addr, login }]).unwrap_or_default()
}

/// The doors for programs; none at all is a fault where nothing else is listened on.
fn proxies(item: &Item<'_>, login: Option<Login>, has_login: bool, needed: bool) -> Vec<inbound::Listen> {
    let items = item.list_or_one().unwrap_or_default();
    if needed && items.is_empty() && item.list().is_some() {
        let _: Option<()> = item.fail("nothing is listened on", LISTEN);
    }
    let addresses = once(each(items, |item| Some((item.clone(), address(item, has_login)?))));
    addresses.into_iter().map(|addr| inbound::Listen { addr, login: login.clone() }).collect()
}

fn address(item: &Item<'_>, has_login: bool) -> Option<SocketAddr> {
    let text = item.word()?;
    let Ok(addr) = text.parse::<SocketAddr>() else {
        return item.fail(format!("{} is no address with a port", super::fault::shown(text)), LISTEN);
    };
    if inbound::Listen::is_open_to_all(addr, has_login) {
        return item.fail(
            "others on the network could use this without a password",
            "expected a loopback address, or a [login] with user and password",
        );
    }
    Some(addr)
}
