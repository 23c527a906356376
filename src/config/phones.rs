//! `[listen.whatsapp]`: where phones come in that have byway in WhatsApp's own proxy setting; and `[system_proxy]`:
//! whether the system's proxy setting is told of byway while it runs.

use super::Reading;
use super::document::Value;
use super::reader::{Item, Section, each, once};
use crate::inbound::whatsapp::Settings;
use crate::platform::proxy::Mode;
use std::net::SocketAddr;

const ADDRESS: &str = "expected an address and a port, such as \"192.168.1.2:5222\"";
/// Connections at once: a phone holds one for the chat and a few for media.
const USUAL_CONNECTIONS: i64 = 256;

impl Reading<'_> {
    pub(super) fn whatsapp(&self, table: &Section<'_>) -> Option<Settings> {
        let addresses = |key| {
            let items = table.item(key).and_then(|item| item.list_or_one()).unwrap_or_default();
            each(items, |item| Some((item.clone(), item.parsed(ADDRESS, str::parse::<SocketAddr>)?)))
        };
        let (chat, media) = (addresses("chat"), addresses("media"));
        let chats = chat.len();
        if !table.has("chat") {
            let _: Option<()> = table.fail("there is no port for the chat", "expected chat, and media beside it");
        }
        // One port cannot be both.
        let all = once(chat.into_iter().chain(media));
        let (chat, media) = all.split_at(chats.min(all.len()));
        let most = table.or("max_connections", USUAL_CONNECTIONS, |item| item.integer(1..=100_000));
        Some(Settings {
            chat: chat.to_vec(),
            media: media.to_vec(),
            allow_public: table.or("allow_public", false, Item::flag),
            max_connections: usize::try_from(most).ok()?,
            certificate: self.origin.state.join("whatsapp.pem"),
        })
    }

    /// `system_proxy = true`, or a table with `on` and `mode`. `None` leaves the system alone.
    pub(super) fn system_proxy(&self, root: &Section<'_>) -> Option<Mode> {
        let item = root.item("system_proxy")?;
        if !matches!(item.node.value, Value::Table(_)) {
            return item.flag()?.then(Mode::default);
        }
        let section = item.section()?;
        let on = section.or("on", true, Item::flag);
        let mode = section.or("mode", Mode::default(), |item| item.one_of(&Mode::WORDS));
        section.finish();
        on.then_some(mode)
    }
}
