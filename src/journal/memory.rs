//! The history as a ring in memory: gone with the process, bounded in age and size.

use super::entry::{Entry, Filter};
use std::collections::VecDeque;

/// Entries in the order they came, with the size of each as JSON.
#[derive(Debug, Default)]
pub(super) struct Ring {
    entries: VecDeque<(Entry, u64)>,
    bytes: u64,
}

impl Ring {
    /// Adds `entry`, `size` bytes large; the oldest make room until all is within `max_bytes`.
    pub(super) fn push(&mut self, entry: Entry, size: u64, max_bytes: u64) {
        self.bytes = self.bytes.saturating_add(size);
        self.entries.push_back((entry, size));
        while self.bytes > max_bytes && self.drop_oldest().is_some() {}
    }

    /// Takes the oldest out.
    pub(super) fn drop_oldest(&mut self) -> Option<Entry> {
        let (entry, size) = self.entries.pop_front()?;
        self.bytes = self.bytes.saturating_sub(size);
        Some(entry)
    }

    /// Forgets what is older than `before`, in seconds since 1970. A clock that was set back leaves entries out of
    /// order, so all are looked at.
    pub(super) fn forget(&mut self, before: u64) {
        self.entries.retain(|(entry, _)| entry.time >= before);
        self.bytes = self.entries.iter().map(|(_, size)| size).sum();
    }

    /// The latest wanted entries, oldest first.
    pub(super) fn query(&self, filter: &Filter) -> Vec<Entry> {
        let wanted = self.entries.iter().rev().map(|(entry, _)| entry).filter(|entry| filter.wants(entry));
        let mut found: Vec<Entry> = wanted.take(filter.limit.unwrap_or(usize::MAX)).cloned().collect();
        found.reverse();
        found
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().map(|(entry, _)| entry)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Record;

    fn at(time: u64) -> Entry {
        Entry { time, record: Record::Started }
    }

    fn times(ring: &Ring) -> Vec<u64> {
        ring.query(&Filter::default()).iter().map(|e| e.time).collect()
    }

    #[test]
    fn the_oldest_make_room() {
        let mut ring = Ring::default();
        for time in 0..10 {
            ring.push(at(time), 30, 100);
        }
        assert_eq!(times(&ring), [7, 8, 9]);
        ring.push(at(10), 1000, 100);
        assert!(ring.is_empty(), "larger than all that may be kept");
        ring.push(at(11), 100, 100);
        assert_eq!(times(&ring), [11]);
    }

    #[test]
    fn age_and_limit_are_kept() {
        let mut ring = Ring::default();
        for time in [10, 30, 20, 40] {
            ring.push(at(time), 10, 100);
        }
        assert_eq!(ring.query(&Filter { limit: Some(2), ..Filter::default() }), [at(20), at(40)]);
        ring.forget(25);
        assert_eq!(times(&ring), [30, 40]);
    }
}
