//! `listen`, `login` and `[inbound]`: where clients come in, and who may. Where there is a relay too, or a door for
//! WhatsApp's own setting, `listen` is a table: `[listen] proxy = ["…"]` beside `[listen.relay]`, `[listen.whatsapp]`.

use super::Reading;
use super::document::Value;
use super::reader::{Item, Section, each, once};
use super::transports::login;
use crate::inbound::{self, Login, relay, whatsapp};
use std::net::SocketAddr;
use std::time::Duration;

/// The doors for programs, the relay, and the door for phones.
type Doors = (Vec<inbound::Listen>, Option<relay::Settings>, Option<whatsapp::Settings>);

/// Loopback, so that nobody else's traffic goes out in the user's name.
const DEFAULT_LISTEN: &str = "127.0.0.1:4180";

const LISTEN: &str = "expected an address and a port, such as \"127.0.0.1:4180\" or \"[::1]:4180\"";

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
        let Some(item) = root.item("listen") else { return (usual(login), None, None) };
        if !matches!(item.node.value, Value::Table(_)) {
            return (proxies(&item, login, has_login, true), None, None);
        }
        let Some(section) = item.section() else { return (Vec::new(), None, None) };
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
        let others = section.has("relay") || section.has("whatsapp");
        let listens = match section.item("proxy") {
            Some(item) => proxies(&item, login, has_login, !others),
            None => usual(login),
        };
        section.finish();
        (listens, relay, whatsapp)
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
