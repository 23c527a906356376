//! Reading a tree key by key: every look-up says what it expects, every fault goes on the list, and what nobody
//! looked up is an unknown key. A value at fault reads as absent, so reading always goes on.

use super::document::{Node, Table, Value};
use super::fault::{Faults, Place, instead, nearest, shown};
use super::trail::Trail;
use super::units;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::Duration;

/// A value under its path.
#[derive(Clone)]
pub(super) struct Item<'a> {
    pub(super) node: &'a Node,
    pub(super) path: Trail<'a>,
    pub(super) faults: &'a Faults,
}

/// A table under its path.
pub(super) struct Section<'a> {
    pub(super) table: &'a Table,
    pub(super) place: Place,
    pub(super) path: Rc<Trail<'a>>,
    pub(super) faults: &'a Faults,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Item<'a> {
    /// Says what is wrong with this value.
    pub(super) fn fail<T>(&self, wrong: impl Into<String>, expected: impl Into<String>) -> Option<T> {
        self.faults.add(&self.node.place, &self.path.to_string(), wrong, expected);
        None
    }

    fn wrong_kind<T>(&self, expected: &str) -> Option<T> {
        self.fail(format!("this is {}", self.node.value.kind()), format!("expected {expected}"))
    }

    /// Any text, the empty one too.
    pub(super) fn text(&self) -> Option<&'a str> {
        self.text_or("expected text in quotes")
    }

    fn text_or(&self, expected: &str) -> Option<&'a str> {
        match (&self.node.typed, &self.node.value) {
            (_, Value::Text(text)) => Some(text),
            (Some(typed), _) => Some(&typed.text),
            (None, value) => self.fail(format!("this is {}", value.kind()), expected),
        }
    }

    /// A text that says something.
    pub(super) fn word(&self) -> Option<&'a str> {
        self.word_or("expected text in quotes")
    }

    /// A text that says something; `expected` is what it should say.
    pub(super) fn word_or(&self, expected: &str) -> Option<&'a str> {
        let text = self.text_or(expected)?;
        if text.trim().is_empty() { self.fail("this is empty", expected) } else { Some(text) }
    }

    /// A text that `read` understands.
    pub(super) fn parsed<T, E: fmt::Display>(
        &self,
        expected: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let why = match read(self.word_or(expected)?) {
            Ok(value) => return Some(value),
            Err(why) => why.to_string(),
        };
        // Some errors say themselves what they expect.
        match why.split_once("; expected ") {
            Some((wrong, expected)) => self.fail(wrong, format!("expected {expected}")),
            None => self.fail(why, expected),
        }
    }

    /// One of a few words.
    pub(super) fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let expected = format!("expected one of {}", known.join(", "));
        let text = self.text_or(&expected)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        found.or_else(|| self.fail(format!("{} is not known", shown(text)), expected))
    }

    /// `true` or `false`.
    pub(super) fn flag(&self) -> Option<bool> {
        match self.node.value {
            Value::Flag(flag) => Some(flag),
            _ => self.wrong_kind("true or false"),
        }
    }

    /// A whole number in `range`.
    pub(super) fn integer(&self, range: RangeInclusive<i64>) -> Option<i64> {
        match self.node.value {
            Value::Integer(number) if range.contains(&number) => Some(number),
            Value::Integer(number) => self.fail(
                format!("{number} is out of range"),
                format!("expected a whole number from {} to {}", range.start(), range.end()),
            ),
            Value::TooLarge => self.fail(
                "the number is out of range",
                format!("expected a whole number from {} to {}", range.start(), range.end()),
            ),
            _ => self.wrong_kind(&format!("a whole number from {} to {}", range.start(), range.end())),
        }
    }

    /// A number in `range`.
    pub(super) fn number(&self, range: RangeInclusive<f64>) -> Option<f64> {
        let number = match self.node.value {
            Value::Float(number) => number,
            #[expect(clippy::cast_precision_loss, reason = "a setting is far below 2^52")]
            Value::Integer(number) => number as f64,
            _ => return self.wrong_kind(&format!("a number from {} to {}", range.start(), range.end())),
        };
        if range.contains(&number) {
            return Some(number);
        }
        self.fail(
            format!("{number} is out of range"),
            format!("expected a number from {} to {}", range.start(), range.end()),
        )
    }

    /// A span of time in `range`.
    pub(super) fn duration(&self, range: RangeInclusive<Duration>) -> Option<Duration> {
        let text = self.text_or(units::DURATION)?;
        let Some(span) = units::duration(text) else {
            return self.fail(format!("{} is no span of time", shown(text)), units::DURATION);
        };
        if range.contains(&span) {
            return Some(span);
        }
        let (least, most) = (units::show(*range.start()), units::show(*range.end()));
        self.fail(format!("{} is out of range", shown(text)), format!("expected {least} to {most}"))
    }

    /// A size in bytes of at least `least`.
    pub(super) fn size(&self, least: u64) -> Option<u64> {
        let text = self.text_or(units::SIZE)?;
        match units::size(text) {
            Some(bytes) if bytes >= least => Some(bytes),
            Some(_) => self.fail(format!("{} is too small", shown(text)), format!("expected at least {least}B")),
            None => self.fail(format!("{} is no size", shown(text)), units::SIZE),
        }
    }

    /// The items of a list.
    pub(super) fn list(&self) -> Option<Vec<Item<'a>>> {
        let nodes = match (&self.node.value, &self.node.typed) {
            (Value::List(nodes), _) => nodes,
            (Value::Table(_), _) | (_, None) => return self.wrong_kind("a list"),
            (_, Some(typed)) => &typed.pieces,
        };
        let path = Rc::new(self.path.clone());
        let item = |(index, node)| Item { node, path: Trail::index(&path, index), faults: self.faults };
        Some(nodes.iter().enumerate().map(item).collect())
    }

    /// The items of a list, or this text alone.
    pub(super) fn list_or_one(&self) -> Option<Vec<Item<'a>>> {
        match self.node.value {
            Value::Text(_) if self.node.typed.is_none() => Some(vec![self.clone()]),
            _ => self.list(),
        }
    }

    /// The table.
    pub(super) fn section(&self) -> Option<Section<'a>> {
        match &self.node.value {
            Value::Table(table) => Some(Section::at(table, self.node.place.clone(), self.path.clone(), self.faults)),
            _ => self.wrong_kind("a table"),
        }
    }
}

impl<'a> Section<'a> {
    /// The whole document.
    pub(super) fn root(table: &'a Table, place: Place, faults: &'a Faults) -> Self {
        Self::at(table, place, Trail::top(), faults)
    }

    /// A table that was put together, such as one laid over another.
    pub(super) fn at(table: &'a Table, place: Place, path: Trail<'a>, faults: &'a Faults) -> Self {
        Self { table, place, path: Rc::new(path), faults, asked: RefCell::new(Vec::with_capacity(16)) }
    }

    /// The value of `key`, when there is one.
    pub(super) fn item(&self, key: &'static str) -> Option<Item<'a>> {
        self.asked.borrow_mut().push(key);
        let (_, node) = self.table.0.get(key)?;
        Some(Item { node, path: Trail::key(&self.path, key), faults: self.faults })
    }

    /// The value of `key`, or a fault that it is missing.
    pub(super) fn required(&self, key: &'static str, expected: &str) -> Option<Item<'a>> {
        self.item(key).or_else(|| {
            self.faults.missing(&self.place, &self.path_to(key), "this is missing", expected);
            None
        })
    }

    /// What `read` makes of `key`; `default` when there is none, or when it is at fault.
    pub(super) fn or<T>(&self, key: &'static str, default: T, read: impl FnOnce(&Item<'a>) -> Option<T>) -> T {
        self.item(key).and_then(|item| read(&item)).unwrap_or(default)
    }

    /// The table under `key`, when there is one.
    pub(super) fn section(&self, key: &'static str) -> Option<Section<'a>> {
        self.item(key)?.section()
    }

    /// The items of the list under `key`; none when there is no list.
    pub(super) fn list(&self, key: &'static str) -> Vec<Item<'a>> {
        self.item(key).and_then(|item| item.list()).unwrap_or_default()
    }

    /// Whether there is a value under `key`.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.0.contains_key(key)
    }

    /// Every entry, for a table whose keys are names the user chose, in the order they were written.
    pub(super) fn entries(&self) -> Vec<(&'a str, &'a Place, Item<'a>)> {
        let entry = |(key, (place, node)): (&'a String, &'a (Place, Node))| {
            let path = Trail::whole(&self.path_to(&shown_key(key)));
            (key.as_str(), place, Item { node, path, faults: self.faults })
        };
        let mut entries: Vec<_> = self.table.0.iter().map(entry).collect();
        entries.sort_by(|a, b| a.1.cmp(b.1));
        entries
    }

    /// Says what is wrong with the table as a whole.
    pub(super) fn fail<T>(&self, wrong: impl Into<String>, expected: impl Into<String>) -> Option<T> {
        self.faults.add(&self.place, &self.path.to_string(), wrong, expected);
        None
    }

    /// Ends the reading: every key nobody asked for is unknown.
    pub(super) fn finish(self) {
        let mut known = self.asked.take();
        if self.table.0.keys().all(|key| known.contains(&key.as_str())) {
            return;
        }
        known.sort_unstable();
        known.dedup();
        for (key, (place, _)) in self.table.0.iter().filter(|(key, _)| !known.contains(&key.as_str())) {
            match place {
                // Some other program's, unless it is nearly one of ours: then it is ours, mistyped.
                Place::Override(name)
                    if self.path.is_top()
                        && name.starts_with("BYWAY_")
                        && nearest(key, known.iter().copied()).is_none() =>
                {
                    self.faults.unheeded(name);
                }
                _ => self.faults.add(place, &self.path_to(&shown_key(key)), "unknown key", instead(key, &known)),
            }
        }
    }

    /// The dotted path to `key`.
    pub(super) fn path_to(&self, key: &str) -> String {
        if self.path.is_top() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

/// A key as shown; one that could be a misplaced secret is masked.
pub(super) fn shown_key(key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    if bare && key.chars().count() <= 40 { key.to_owned() } else { shown(key) }
}

/// The texts of a list, each read by `read`, faulty ones left out.
pub(super) fn each<'a, T>(items: Vec<Item<'a>>, mut read: impl FnMut(&Item<'a>) -> Option<T>) -> Vec<T> {
    items.iter().filter_map(&mut read).collect()
}

/// Says so when a value stands twice in one list.
pub(super) fn once<'a, T: Ord + Clone>(items: impl IntoIterator<Item = (Item<'a>, T)>) -> Vec<T> {
    let mut seen = BTreeMap::new();
    let mut kept = Vec::new();
    for (item, value) in items {
        if seen.insert(value.clone(), ()).is_some() {
            let _: Option<()> = item.fail("this stands here twice", "expected each once");
        } else {
            kept.push(value);
        }
    }
    kept
}
