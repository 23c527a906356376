//! What to write, given what was there, what is there, and what byway put there. Touches nothing itself.
//!
//! A value is byway's own while it is one that byway put there. What somebody else has set since is never overwritten
//! when things are given back, and becomes what there was before when byway is put in again. A switch that is on because
//! of byway is put back only if all that it leads to is byway's: somebody's own proxy stays in force.

use super::{Key, Value, Values};
use serde::{Deserialize, Serialize};

/// One setting that byway changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) key: Key,
    /// What there was before byway.
    pub(super) before: Value,
    /// What byway put there; several where it was interrupted in between.
    pub(super) ours: Vec<Value>,
}

impl Entry {
    pub(super) fn is_ours(&self, now: &Value) -> bool {
        self.ours.contains(now)
    }
}

/// What is to be done.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// To be written down first.
    pub(super) entries: Vec<Entry>,
    /// To be set then, in order.
    pub(super) writes: Vec<(Key, Value)>,
    /// Settings that somebody else has changed since byway did.
    pub(super) foreign: Vec<Key>,
}

/// The value of a setting now.
fn at(now: &Values, key: &str) -> Value {
    now.get(key).cloned().flatten()
}

/// Puts `wanted` in. What was put in earlier and is not wanted any more is given back.
pub(super) fn put_in(old: &[Entry], now: &Values, wanted: &[(Key, Value)]) -> Change {
    let mut change = Change::default();
    for (key, target) in wanted {
        let current = at(now, key);
        let earlier = old.iter().find(|entry| entry.key == *key);
        let mut entry = Entry { key: key.clone(), before: current.clone(), ours: vec![target.clone()] };
        if let Some(earlier) = earlier {
            if earlier.is_ours(&current) || earlier.before == current {
                entry.before = earlier.before.clone();
            } else {
                change.foreign.push(key.clone());
            }
            if earlier.is_ours(&current) && current != *target {
                entry.ours.push(current.clone());
            }
        }
        if current != *target {
            change.writes.push((key.clone(), target.clone()));
        }
        change.entries.push(entry);
    }
    for entry in old.iter().filter(|entry| !wanted.iter().any(|(key, _)| *key == entry.key)) {
        let current = at(now, &entry.key);
        if entry.is_ours(&current) {
            change.writes.push((entry.key.clone(), entry.before.clone()));
            change.entries.push(entry.clone());
        } else if current != entry.before {
            change.foreign.push(entry.key.clone());
        }
    }
    change
}

/// Gives back what is still byway's. `in_force` are the settings that lead somewhere as things are; `is_switch` tells
/// those that switch others on.
pub(super) fn give_back(old: &[Entry], now: &Values, in_force: &[Key], is_switch: impl Fn(&str) -> bool) -> Change {
    let mut change = Change::default();
    let entry = |key: &Key| old.iter().find(|entry| entry.key == *key);
    let is_ours = |key: &Key| entry(key).is_some_and(|entry| entry.is_ours(&at(now, key)));
    let leads_to_us = !in_force.is_empty() && in_force.iter().all(is_ours);
    let leads_elsewhere = in_force.iter().any(|key| !is_ours(key) && entry(key).is_some());
    // Last in, first out: nothing is switched on that leads nowhere.
    for entry in old.iter().rev() {
        let current = at(now, &entry.key);
        if current == entry.before {
            continue;
        }
        let returns = if is_switch(&entry.key) {
            (entry.is_ours(&current) && !leads_elsewhere) || leads_to_us
        } else {
            entry.is_ours(&current)
        };
        if returns {
            change.writes.push((entry.key.clone(), entry.before.clone()));
        } else if !entry.is_ours(&current) {
            change.foreign.push(entry.key.clone());
        }
    }
    change
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(text: &str) -> Value {
        Some(text.to_owned())
    }

    fn entry(key: &str, before: &str, ours: &[&str]) -> Entry {
        Entry { key: key.into(), before: some(before), ours: ours.iter().map(|text| some(text)).collect() }
    }

    fn now(pairs: &[(&str, &str)]) -> Values {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), some(value))).collect()
    }

    fn writes(change: &Change) -> Vec<(&str, &str)> {
        change.writes.iter().map(|(key, value)| (key.as_str(), value.as_deref().unwrap_or("-"))).collect()
    }

    #[test]
    fn put_in_twice_keeps_what_was_there_first() {
        let before = now(&[("host", "old"), ("mode", "none")]);
        let wanted = [("host".to_owned(), some("us")), ("mode".to_owned(), some("manual"))];
        let first = put_in(&[], &before, &wanted);
        assert_eq!(writes(&first), [("host", "us"), ("mode", "manual")]);
        let after = now(&[("host", "us"), ("mode", "manual")]);
        let again = put_in(&first.entries, &after, &wanted);
        assert_eq!((writes(&again).len(), &again.foreign, &again.entries), (0, &vec![], &first.entries));
    }

    #[test]
    fn another_port_is_still_ours_whenever_it_stops() {
        let old = [entry("port", "0", &["1"])];
        let wanted = [("port".to_owned(), some("2"))];
        let change = put_in(&old, &now(&[("port", "1")]), &wanted);
        assert_eq!(change.entries, [entry("port", "0", &["2", "1"])]);
        for current in ["1", "2"] {
            let back = give_back(&change.entries, &now(&[("port", current)]), &[], |_| false);
            assert_eq!(writes(&back), [("port", "0")], "stopped at {current}");
        }
    }

    #[test]
    fn what_somebody_else_set_since_becomes_what_there_was_before() {
        let old = [entry("host", "old", &["us"])];
        let change = put_in(&old, &now(&[("host", "theirs")]), &[("host".to_owned(), some("us"))]);
        assert_eq!((change.entries, change.foreign), (vec![entry("host", "theirs", &["us"])], vec!["host".to_owned()]));
    }

    #[test]
    fn another_mode_gives_back_what_it_does_not_need() {
        let old = [entry("host", "", &["us"]), entry("mode", "none", &["manual"])];
        let wanted = [("url".to_owned(), some("pac")), ("mode".to_owned(), some("auto"))];
        let change = put_in(&old, &now(&[("host", "us"), ("mode", "manual"), ("url", "")]), &wanted);
        assert_eq!(writes(&change), [("url", "pac"), ("mode", "auto"), ("host", "")]);
        // Interrupted before the last one, it is still known.
        let back =
            give_back(&change.entries, &now(&[("host", "us"), ("mode", "auto"), ("url", "pac")]), &[], |_| false);
        assert_eq!(back.writes.len(), 3);
    }

    /// What is there now, which settings lead somewhere, what is given back, and what is found changed.
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str], &'a [(&'a str, &'a str)], &'a [&'a str]);

    #[test]
    fn only_what_is_still_ours_is_given_back() {
        let old = [
            entry("web", "", &["us"]),
            entry("socks", "", &["us"]),
            entry("url", "", &["pac"]),
            entry("mode", "none", &["manual", "auto"]),
        ];
        let cases: &[Case<'_>] = &[
            // All as byway left it.
            (
                &[("web", "us"), ("socks", "us"), ("url", ""), ("mode", "manual")],
                &["web", "socks"],
                &[("mode", "none"), ("socks", ""), ("web", "")],
                &[],
            ),
            // Somebody's own proxy stays in force.
            (
                &[("web", "corp"), ("socks", "us"), ("url", ""), ("mode", "manual")],
                &["web", "socks"],
                &[("socks", "")],
                &["web"],
            ),
            // Switched off by hand: stays off, and what led to byway goes.
            (
                &[("web", "us"), ("socks", "us"), ("url", ""), ("mode", "off")],
                &[],
                &[("socks", ""), ("web", "")],
                &["mode"],
            ),
            // Switched to something of byway's by hand: an empty script would be searched for in the network.
            (
                &[("web", "us"), ("socks", "us"), ("url", "pac"), ("mode", "by-hand")],
                &["url"],
                &[("mode", "none"), ("url", ""), ("socks", ""), ("web", "")],
                &[],
            ),
            // Never written, or given back already.
            (&[("web", ""), ("socks", ""), ("url", ""), ("mode", "none")], &[], &[], &[]),
        ];
        for (current, in_force, returned, foreign) in cases {
            let in_force: Vec<_> = in_force.iter().map(|key| (*key).to_owned()).collect();
            let change = give_back(&old, &now(current), &in_force, |key| key == "mode");
            assert_eq!(
                (&writes(&change)[..], &change.foreign[..]),
                (*returned, &foreign.iter().map(|k| (*k).to_owned()).collect::<Vec<_>>()[..]),
                "{current:?}"
            );
        }
    }
}
