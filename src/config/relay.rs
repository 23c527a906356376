//! `[listen.relay]`: the other end of somebody's fronted way.

use super::Reading;
use super::fronting::path;
use super::probes::unread;
use super::reader::{Item, Section, each, once};
use crate::inbound::relay::{Certificate, Decoy, Settings};
use crate::model::Secret;
use crate::wire::vless::UserId;
use std::net::SocketAddr;

const ADDRESS: &str = "expected an address and a port, such as \"0.0.0.0:443\" or \"127.0.0.1:8080\"";
const USERS: &str = "expected at least one UUID, made with uuidgen";
const PEM: &str = "expected a PEM file";
/// Streams at once: about 100 MB when all of them are full.
const USUAL_SESSIONS: i64 = 1024;

impl Reading<'_> {
    pub(super) fn relay(&self, table: &Section<'_>) -> Option<Settings> {
        let addresses = table.required("address", ADDRESS).map(|item| match item.list_or_one() {
            Some(items) if items.is_empty() => item.fail("nothing is listened on", ADDRESS).unwrap_or_default(),
            Some(items) => once(each(items, |item| Some((item.clone(), address(item)?)))),
            None => Vec::new(),
        });
        let path = table
            .required("path", "expected a path that nobody guesses, such as \"/4f0c2a91\"")
            .and_then(|item| plain_path(&item));
        let users = table.required("users", USERS).map(|item| users(&item));
        let tls = self.certificate(table);
        let decoy = table.item("decoy").map(|item| self.file(&item, "expected an HTML file").map(Decoy::new));
        let most = table.or("max_sessions", USUAL_SESSIONS, |item| item.integer(1..=100_000));
        let allow_private = table.or("allow_private", false, Item::flag);
        Some(Settings {
            addresses: addresses.filter(|all| !all.is_empty())?,
            path: path?,
            users: users??,
            tls: tls?,
            decoy: decoy.map_or(Some(Decoy::default()), |decoy| decoy)?,
            max_sessions: usize::try_from(most).ok()?,
            allow_private,
        })
    }

    /// What stands in a file beside the configuration.
    fn file(&self, item: &Item<'_>, expected: &str) -> Option<Vec<u8>> {
        let path = self.path(item)?;
        std::fs::read(path).map_or_else(|why| item.fail(unread(why.kind()), expected), Some)
    }

    /// `certificate` and `key`: both or neither. The outer `None` is a fault.
    fn certificate(&self, table: &Section<'_>) -> Option<Option<Certificate>> {
        match (table.item("certificate"), table.item("key")) {
            (None, None) => Some(None),
            (Some(chain), Some(key)) => {
                // Read as certificates too, so that a wrong file is told here.
                let (read, chain, key) = (self.certificates(&chain), self.file(&chain, PEM), self.file(&key, PEM));
                read?;
                Some(Some(Certificate { chain: chain?, key: Secret::new(key?) }))
            }
            (Some(item), None) => item.fail("there is no key beside it", "expected certificate and key, or neither"),
            (None, Some(item)) => {
                item.fail("there is no certificate beside it", "expected certificate and key, or neither")
            }
        }
    }
}

/// A path without a query: clients may put one behind it.
fn plain_path(item: &Item<'_>) -> Option<String> {
    let path = path(item)?;
    if path.contains('?') { item.fail("there is a query in it", "expected a path alone") } else { Some(path) }
}

fn address(item: &Item<'_>) -> Option<SocketAddr> {
    item.parsed(ADDRESS, str::parse)
}

/// The users; none of them is ever shown.
fn users(item: &Item<'_>) -> Option<Vec<UserId>> {
    let mut users = Vec::new();
    for item in item.list()? {
        let user = UserId::parse(item.word()?);
        // A short word would be guessed; clients may still be given one, for servers of others.
        let is_uuid = item.word()?.bytes().filter(|byte| *byte != b'-').count() == 32;
        match user.filter(|_| is_uuid) {
            Some(user) => users.push(user),
            None => return item.fail("this is no UUID", USERS),
        }
    }
    if users.is_empty() { item.fail("nobody may use it", USERS) } else { Some(users) }
}
