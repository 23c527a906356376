//! `[subscription.NAME]`: a list of servers that somebody else keeps, at an `https://` address or in a file. Its members
//! are transports like any other; NAME in an order stands for all of them. Nothing is fetched here: what is read is the
//! file, or the last good copy of what was fetched, and without one a subscription has no members yet.

mod copy;
mod draft;

pub use copy::{Copy, Usage};

use super::import::{MemberList, Whose, members, slug, table_name};
use super::link;
use super::settings::Settings;
use crate::model::{DirectRule, Secret, TransportId};
use crate::wire::http::{BadAddress, HttpsAddress};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What a server of lists is told unless the configuration says otherwise: no program of this kind, and no browser, for
/// which a panel makes a page. Panels choose the form of the list by it; this one gets links.
pub const USER_AGENT: &str = "curl/8.5.0";

/// Members unless told otherwise: each is a way that is looked after.
pub(super) const USUAL_MOST: usize = 50;

/// A list of servers that somebody else keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Its name, and what its members' names begin with.
    pub name: String,
    /// Whence it is.
    pub source: ListSource,
    /// The most members it may have.
    pub most: usize,
    /// Its members, in its own order.
    pub members: Vec<TransportId>,
    /// What of the list is not among them, and why.
    pub skipped: Vec<Passed>,
}

/// Whence a list is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListSource {
    /// A file; read at each reload.
    File(PathBuf),
    /// An address.
    Address(Box<Fetching>),
}

/// How a list is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetching {
    /// Where it is.
    pub address: HttpsAddress,
    /// How often, about; when `None`, as the server says, or about every 18 hours.
    pub every: Option<Duration>,
    /// What the server is told.
    pub user_agent: String,
    /// Headers besides.
    pub headers: Vec<(String, Secret<String>)>,
    /// The ways it may be fetched over, in this order.
    pub order: Vec<TransportId>,
    /// Whether it may be fetched bare.
    pub direct: DirectRule,
    /// The only certificates (DER) the server's chain may end at; the platform's store when `None`.
    pub roots: Option<Arc<[Vec<u8>]>>,
    /// Where its last good copy is kept.
    pub kept_at: PathBuf,
    /// That copy, as it was when this was read.
    pub copy: Option<Arc<Copy>>,
}

/// An entry of a list that is no member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// What to call it; never a link.
    pub name: String,
    /// Why. Holds no secret.
    pub reason: String,
}

/// A list that was fetched and cannot stand in the old one's place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadList {
    /// Not text at all.
    #[error("what came is not text")]
    NotText,
    /// The server's own words instead of a key.
    #[error("the server says: {0}")]
    Refused(String),
    /// A page for people.
    #[error("what came is a web page, not a list; user_agent may have to be another one")]
    Page,
    /// Nothing in it.
    #[error("there is no server in what came")]
    Empty,
    /// Nothing in it that can be used.
    #[error("none of its {entries} servers can be used; the first: {first}")]
    NoneUsable {
        /// How many there are.
        entries: usize,
        /// Why the first cannot.
        first: String,
    },
}

impl Subscription {
    /// How it is fetched, when it is.
    pub const fn fetching(&self) -> Option<&Fetching> {
        match &self.source {
            ListSource::File(_) => None,
            ListSource::Address(fetching) => Some(fetching),
        }
    }

    /// Whether `text` stands for the same members as `other`.
    pub fn is_same_list(&self, text: &str, other: &str) -> bool {
        let list = |text| members(text, &self.name, &[], self.most, Whose::Elsewhere);
        list(text) == list(other)
    }
}

impl Fetching {
    /// How a list would be fetched of which only the address is known.
    pub fn usual(address: HttpsAddress, settings: &Settings, state: &Path, name: &str) -> Self {
        Self {
            address,
            every: None,
            user_agent: USER_AGENT.to_owned(),
            headers: Vec::new(),
            order: settings.order.clone(),
            direct: draft::usual(&settings.services),
            roots: None,
            kept_at: kept_at(state, name),
            copy: None,
        }
    }
}

/// Whether a text is one link that leads to a list.
pub fn leads_to_a_list(text: &str) -> bool {
    link::leads_to_a_list(text)
}

/// Where the list of a link is.
pub fn list_address(link: &str) -> Result<HttpsAddress, BadAddress> {
    link::dynamic(link)
}

/// A name for the list of a link: the link's own where it has one, and nobody else's.
pub fn list_name(link: &str, settings: &Settings) -> String {
    let own = link::name_of_list(link).map(|name| slug(&name, draft::LONGEST_NAME - 3));
    let wish = own.filter(|name| !name.is_empty() && name != "auto").unwrap_or_else(|| "list".to_owned());
    let is_taken = |name: &String| {
        let lists = settings.subscriptions.iter().any(|list| list.name == *name);
        lists || settings.transports.iter().any(|spec| spec.id.as_str() == name)
    };
    let numbered = (2_u32..100).map(|number| format!("{wish}-{number}"));
    std::iter::once(wish.clone()).chain(numbered).find(|name| !is_taken(name)).unwrap_or(wish)
}

/// The table of a subscription, to append to a configuration. Holds its address in clear.
pub fn list_table(name: &str, address: &HttpsAddress) -> String {
    let url = toml::Value::from(address.text().expose().as_str());
    format!("[subscription.{}]\nurl = {url}\n", table_name(name))
}

/// The entries of a list as members of `name`: what each is called, its kind, and why it is none.
pub fn list_rows(text: &str, name: &str, settings: &Settings) -> Vec<(String, String, Option<String>)> {
    let taken: Vec<_> = settings.transports.iter().map(|spec| spec.id.clone()).collect();
    let MemberList { specs, skipped } = members(text, name, &taken, USUAL_MOST, Whose::Elsewhere);
    let good = specs.into_iter().map(|spec| (spec.id.to_string(), spec.kind.name().to_owned(), None));
    good.chain(skipped.into_iter().map(|passed| (passed.name, String::new(), Some(passed.reason)))).collect()
}

/// Reads what was fetched, or says why it is no list to live with.
pub fn checked(body: &[u8]) -> Result<&str, BadList> {
    let text = std::str::from_utf8(body).map_err(|_| BadList::NotText)?;
    if let Some(words) = link::outline::refusal(text) {
        return Err(BadList::Refused(words));
    }
    let start = text.trim_start().get(..64).unwrap_or(text).trim_start().to_ascii_lowercase();
    if start.starts_with("<!doctype") || start.starts_with("<html") || start.starts_with("<?xml") {
        return Err(BadList::Page);
    }
    let MemberList { specs, skipped } = members(text, "list", &[], USUAL_MOST, Whose::Elsewhere);
    match skipped.first() {
        _ if !specs.is_empty() => Ok(text),
        None => Err(BadList::Empty),
        Some(first) => Err(BadList::NoneUsable { entries: skipped.len(), first: first.reason.clone() }),
    }
}

/// Where the last good copy of a subscription is kept.
pub(super) fn kept_at(state: &Path, name: &str) -> PathBuf {
    state.join("subscriptions").join(format!("{name}.json"))
}

#[cfg(test)]
mod tests;
