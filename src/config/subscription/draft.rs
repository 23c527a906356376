//! The tables as the user wrote them. Members are known before the orders are read, the ways a list is fetched over only
//! after them: so a table is read in two turns.

use super::super::Reading;
use super::super::fault::shown;
use super::super::import::{MemberList, Whose, members};
use super::super::link;
use super::super::probes::unread;
use super::super::reader::{Item, Section};
use super::super::settings::{ServiceSpec, TransportSpec};
use super::super::ways::Ways;
use super::{Copy, Fetching, ListSource, Subscription, USER_AGENT, USUAL_MOST, kept_at};
use crate::model::{DirectRule, Secret, TransportId};
use crate::wire::http::HttpsAddress;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const URL: &str = "expected \"https://…\" or \"ssconf://…\"";
const HOUR: Duration = Duration::from_secs(3600);
/// The most bytes of a list in a file.
const LARGEST: u64 = 1 << 20;
/// A name with a member's behind it is still a name.
pub(super) const LONGEST_NAME: usize = 16;

/// A table after its first turn.
pub(in crate::config) struct Draft<'a> {
    section: Section<'a>,
    name: String,
    source: Option<Source>,
    most: usize,
    members: Vec<TransportId>,
    skipped: Vec<super::Passed>,
}

enum Source {
    File(PathBuf),
    Address { address: HttpsAddress, kept_at: PathBuf, copy: Option<Arc<Copy>> },
}

impl Source {
    /// The list, when there is one.
    fn text(&self, item: &Item<'_>) -> Option<Secret<String>> {
        match self {
            Self::Address { copy, .. } => copy.as_ref().map(|copy| copy.text.clone()),
            Self::File(path) => {
                const LIST: &str = "expected a file with a list of servers";
                if std::fs::metadata(path).is_ok_and(|found| found.len() > LARGEST) {
                    return item.fail("the file is larger than 1 MiB", LIST);
                }
                match std::fs::read_to_string(path) {
                    Ok(text) => Some(Secret::new(text)),
                    Err(why) => item.fail(unread(why.kind()), LIST),
                }
            }
        }
    }
}

impl Reading<'_> {
    /// Every subscription, and its members among the transports.
    pub(in crate::config) fn subscriptions<'a>(
        &self,
        root: &Section<'a>,
        specs: &mut Vec<TransportSpec>,
        ways: &mut Ways,
    ) -> Vec<Draft<'a>> {
        let Some(all) = root.section("subscription") else { return Vec::new() };
        let mut drafts = Vec::new();
        for (name, _, item) in all.entries() {
            if !named(name, &item, ways) {
                continue;
            }
            let Some(section) = item.section() else { continue };
            let most = section.or("most", USUAL_MOST, |item| usize::try_from(item.integer(1..=200)?).ok());
            let source = self.source(name, &section);
            let text = source.as_ref().and_then(|(item, source)| source.text(item));
            let taken = ways.as_written();
            let empty = || MemberList { specs: Vec::new(), skipped: Vec::new() };
            let whose = match &source {
                Some((_, Source::File(_))) => Whose::Own,
                Some((_, Source::Address { .. })) | None => Whose::Elsewhere,
            };
            let list = text.map_or_else(empty, |text| members(text.expose(), name, &taken, most, whose));
            let members: Vec<_> = list.specs.iter().map(|spec| spec.id.clone()).collect();
            ways.add_group(name, &members);
            specs.extend(list.specs);
            let source = source.map(|(_, source)| source);
            drafts.push(Draft { section, name: name.to_owned(), source, most, members, skipped: list.skipped });
        }
        drafts
    }

    fn source<'a>(&self, name: &str, section: &Section<'a>) -> Option<(Item<'a>, Source)> {
        let (url, file) = (section.item("url"), section.item("file"));
        if let (Some(_), Some(file)) = (&url, &file) {
            return file.fail("the list is at an address already", "expected either url or file");
        }
        if let Some(item) = file {
            let path = self.path(&item)?;
            return Some((item, Source::File(path)));
        }
        let item = section.required("url", URL)?;
        let address = match link::dynamic(item.word_or(URL)?) {
            Ok(address) => address,
            Err(why) => return item.fail(format!("this address cannot be used: {why}"), URL),
        };
        let kept_at = kept_at(&self.origin.state, name);
        let copy = Copy::read(&kept_at, &address).map(Arc::new);
        Some((item, Source::Address { address, kept_at, copy }))
    }

    /// The second turn.
    pub(in crate::config) fn settled(
        &self,
        draft: Draft<'_>,
        ways: &Ways,
        order: &[TransportId],
        services: &[ServiceSpec],
    ) -> Option<Subscription> {
        let Draft { section, name, source, most, members, skipped } = draft;
        let every = section.item("every").and_then(|item| item.duration(HOUR..=HOUR * 24 * 30));
        let user_agent = section.or("user_agent", USER_AGENT.to_owned(), |item| {
            let text = item.word()?;
            let fits = text.len() <= 200 && text.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
            if fits { Some(text.to_owned()) } else { item.fail("a header cannot carry this", "expected ASCII text") }
        });
        let headers = section.section("headers").map_or_else(Vec::new, |table| headers(&table));
        let written = section.item("order").map(|item| ways.order(&item).0);
        let direct = section.or("direct", usual(services), |item| item.one_of(&RULES));
        let roots = section.item("roots").map(|item| self.certificates(&item));
        let source = match source? {
            Source::File(path) => {
                let of_fetching = ["every", "user_agent", "headers", "order", "direct", "roots"];
                for item in of_fetching.iter().filter_map(|key| section.item(key)) {
                    let _: Option<()> = item.fail("a file is not fetched", "expected url, or this not at all");
                }
                ListSource::File(path)
            }
            Source::Address { address, kept_at, copy } => ListSource::Address(Box::new(Fetching {
                address,
                every,
                user_agent,
                headers,
                order: written.unwrap_or_else(|| order.to_vec()),
                direct,
                roots: roots.flatten(),
                kept_at,
                copy,
            })),
        };
        section.finish();
        Some(Subscription { name, source, most, members, skipped })
    }
}

const RULES: [(&str, DirectRule); 2] = [("until-blocked", DirectRule::UntilBlocked), ("never", DirectRule::Never)];

/// Where anything may not go out bare, a list is not fetched so, unless that is said.
pub(super) fn usual(services: &[ServiceSpec]) -> DirectRule {
    let never = services.iter().any(|spec| spec.service.direct == DirectRule::Never);
    if never { DirectRule::Never } else { DirectRule::UntilBlocked }
}

fn named(name: &str, item: &Item<'_>, ways: &Ways) -> bool {
    const NAME: &str = "expected up to 16 letters, digits, - and _";
    let fits = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.chars().count() > LONGEST_NAME || !name.chars().all(fits) {
        let _: Option<()> = item.fail("this is no name for a subscription", NAME);
        return false;
    }
    if name == "auto" || ways.as_written().iter().any(|id| id.as_str() == name) {
        let _: Option<()> = item.fail(format!("there is a transport {} already", shown(name)), "expected another name");
        return false;
    }
    true
}

/// Headers besides, such as a panel's `x-hwid`. What byway sends itself is not among them.
fn headers(table: &Section<'_>) -> Vec<(String, Secret<String>)> {
    const OWN: [&str; 7] =
        ["host", "user-agent", "accept", "connection", "content-length", "transfer-encoding", "accept-encoding"];
    let entries = table.entries().into_iter().map(|(name, _, item)| (name, item));
    let read = |(name, item): (&str, Item<'_>)| {
        let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if name.is_empty() || !name.bytes().all(is_name) || OWN.contains(&name.to_ascii_lowercase().as_str()) {
            return item.fail("this is no header that can be set", "expected one such as \"x-hwid\"");
        }
        let value = item.word()?;
        if value.len() > 1000 || !value.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
            return item.fail("a header cannot carry this", "expected ASCII text");
        }
        Some((name.to_owned(), Secret::new(value.to_owned())))
    };
    entries.filter_map(read).collect()
}
