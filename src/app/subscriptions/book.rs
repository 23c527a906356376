//! What is known of each list that is fetched: its last good copy, when it is due, what went wrong last.

use crate::config::{Copy, Subscription};
use crate::control::Stamp;
use crate::control::report::{FetchStage, FetchTrouble, SkippedLine, SubscriptionLine};
use crate::model::TransportId;
use crate::wire::http::HttpsAddress;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// After a try, another is not hurried for so long.
const REST: u64 = 30;

/// What is known of every list.
#[derive(Default)]
pub(in crate::app) struct Book {
    pages: Mutex<BTreeMap<String, Page>>,
    /// Something happened that may make a list due: other settings, another network.
    pub(in crate::app) changed: Notify,
}

/// What is known of one list.
struct Page {
    address: HttpsAddress,
    copy: Option<Arc<Copy>>,
    /// Seconds since 1970.
    due: u64,
    tried: u64,
    over: Option<TransportId>,
    failures: usize,
    trouble: Option<FetchTrouble>,
}

impl Book {
    /// Other settings may be in force: a page for each list that is fetched, none for any other. `first` says when a new
    /// one is due.
    pub(super) fn turn(&self, lists: &[Subscription], first: impl Fn(&Subscription) -> Option<u64>) {
        let mut pages = self.pages();
        pages.retain(|name, page| {
            let list = lists.iter().find(|list| list.name == *name).and_then(Subscription::fetching);
            list.is_some_and(|list| list.address == page.address)
        });
        for list in lists {
            let Some(fetching) = list.fetching().filter(|_| !pages.contains_key(&list.name)) else { continue };
            let Some(due) = first(list) else { continue };
            let page = Page {
                address: fetching.address.clone(),
                copy: fetching.copy.clone(),
                due,
                tried: 0,
                over: None,
                failures: 0,
                trouble: None,
            };
            pages.insert(list.name.clone(), page);
        }
    }

    /// The list that is due first, and when.
    pub(super) fn earliest(&self) -> Option<(String, u64)> {
        let pages = self.pages();
        pages.iter().min_by_key(|(_, page)| page.due).map(|(name, page)| (name.clone(), page.due))
    }

    /// What failed is tried soon again.
    pub(super) fn hurry(&self, now: u64) {
        for page in self.pages().values_mut().filter(|page| page.failures > 0) {
            page.due = page.due.min(now.max(page.tried + REST));
        }
    }

    pub(super) fn copy(&self, name: &str) -> Option<Arc<Copy>> {
        self.pages().get(name)?.copy.clone()
    }

    pub(super) fn wait(&self, name: &str, due: u64) {
        self.with(name, |page| page.due = due);
    }

    pub(super) fn fetched(&self, name: &str, copy: Copy) {
        self.with(name, |page| page.copy = Some(Arc::new(copy)));
    }

    pub(super) fn good(&self, name: &str, over: TransportId, due: u64) {
        self.with(name, |page| {
            (page.due, page.over, page.failures, page.trouble) = (due, Some(over), 0, None);
        });
    }

    pub(super) fn missed(
        &self,
        name: &str,
        stage: FetchStage,
        words: String,
        now: u64,
        due: impl FnOnce(usize) -> u64,
    ) {
        self.with(name, |page| {
            page.failures += 1;
            (page.due, page.tried) = (due(page.failures), now);
            page.trouble = Some(FetchTrouble { stage, words, at: Stamp::from_secs(now) });
        });
    }

    /// For people.
    pub(in crate::app) fn lines(&self, lists: &[Subscription]) -> Vec<SubscriptionLine> {
        let pages = self.pages();
        let line = |list: &Subscription| {
            let page = pages.get(&list.name);
            // A list that has just come into force has no page yet; its copy was read with the settings.
            let read = list.fetching().and_then(|fetching| fetching.copy.as_ref());
            let copy = page.map_or(read, |page| page.copy.as_ref());
            let usage = copy.and_then(|copy| copy.usage).unwrap_or_default();
            let skipped = list.skipped.iter();
            SubscriptionLine {
                name: list.name.clone(),
                is_fetched: list.fetching().is_some(),
                members: list.members.clone(),
                skipped: skipped.map(|s| SkippedLine { name: s.name.clone(), reason: s.reason.clone() }).collect(),
                last_good: copy.map(|copy| Stamp::from_secs(copy.at)),
                over: page.and_then(|page| page.over.clone()),
                next: page.map(|page| Stamp::from_secs(page.due)),
                trouble: page.and_then(|page| page.trouble.clone()),
                used_bytes: usage.used,
                total_bytes: usage.total,
                expires: usage.expires.map(Stamp::from_secs),
            }
        };
        lists.iter().map(line).collect()
    }

    fn with(&self, name: &str, change: impl FnOnce(&mut Page)) {
        if let Some(page) = self.pages().get_mut(name) {
            change(page);
        }
    }

    fn pages(&self) -> MutexGuard<'_, BTreeMap<String, Page>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ListSource, Origin, load};
    use crate::model::Secret;

    #[test]
    fn a_list_that_has_just_come_into_force_is_told_with_its_copy() {
        let state = tempfile::tempdir().unwrap();
        let text = "[subscription.panel]\nurl = \"https://panel.example.org/TOKEN\"\n";
        let lists = load(text, &Origin::embedded(state.path()), &[]).unwrap().subscriptions;
        let mut list = lists.into_iter().next().unwrap();
        let (text, at) = (Secret::new(String::new()), 1_700_000_000);
        let copy = Copy { at, text, tag: None, modified: None, every_hours: None, usage: None };
        let ListSource::Address(fetching) = &mut list.source else { panic!("a file") };
        fetching.copy = Some(Arc::new(copy));
        let book = Book::default();
        let line = book.lines(std::slice::from_ref(&list)).remove(0);
        assert_eq!(line.last_good, Some(Stamp::from_secs(1_700_000_000)));
        assert_eq!(line.next, None, "its turn has not been set");
        book.turn(std::slice::from_ref(&list), |_| Some(1_700_000_100));
        assert_eq!(book.lines(&[list]).remove(0).next, Some(Stamp::from_secs(1_700_000_100)));
    }
}
