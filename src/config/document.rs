//! The text of a configuration as a tree in which every value knows where it was written, and how trees are
//! laid over each other: the user's over byway's own, the command line's over the user's.

use super::fault::{Faults, Place};
use std::collections::BTreeMap;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) place: Place,
    /// How it was typed on the command line, where `5222` may be meant as text and `a,b` as a list.
    pub(super) typed: Option<Box<Typed>>,
}

/// A value from the command line or the environment.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    pub(super) text: String,
    pub(super) pieces: Vec<Node>,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Float(f64),
    Flag(bool),
    Date,
    List(Vec<Node>),
    Table(Table),
    /// A number too large to hold.
    TooLarge,
}

/// A table; each key knows its place too.
#[derive(Clone, Debug, Default)]
pub(super) struct Table(pub(super) BTreeMap<String, (Place, Node)>);

/// Where a text comes from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// The user's file.
    File(Arc<str>),
    /// A file built in.
    Embedded(&'static str),
    /// `--set …` or `BYWAY_…`.
    Override(Arc<str>),
}

impl Value {
    /// The kind of value in words.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Integer(_) | Self::TooLarge => "a whole number",
            Self::Float(_) => "a fraction",
            Self::Flag(_) => "true or false",
            Self::Date => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

impl Table {
    /// `over` laid over this: its tables are merged key by key, everything else replaces.
    pub(super) fn overlaid(mut self, over: Self) -> Self {
        for (key, (place, node)) in over.0 {
            let node = match (self.0.remove(&key), node) {
                (
                    Some((_, Node { value: Value::Table(under), .. })),
                    Node { value: Value::Table(over), place, typed },
                ) => Node { value: Value::Table(under.overlaid(over)), place, typed },
                (_, node) => node,
            };
            self.0.insert(key, (place, node));
        }
        self
    }

    pub(super) fn table(&self, key: &str) -> Option<&Self> {
        match &self.0.get(key)?.1.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }
}

/// Reads `text`. What is no TOML goes into `faults`; the rest is read as far as it can be.
pub(super) fn parse(text: &str, source: &Source, faults: &Faults) -> Table {
    let lines = Lines::of(text, source);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let place = lines.place(error.span().map_or(0, |span| span.start));
        let (wrong, expected) = match error.message().split_once(", expected ") {
            Some((wrong, expected)) => (wrong, format!("expected {expected}")),
            None if error.message() == "duplicate key" => {
                ("this key stands here twice", "expected each once".to_owned())
            }
            None => (error.message(), "expected TOML 1.0".to_owned()),
        };
        faults.syntax(&place, format!("not TOML: {wrong}"), expected);
    }
    lines.table(document.get_ref())
}

/// The place of a whole document, where what is missing is missing.
pub(super) fn top(source: &Source) -> Place {
    Lines::of("", source).place(0)
}

/// One setting from the command line or the environment: `path` leads to `text`.
pub(super) fn single(path: &[&str], text: &str, name: &str) -> Table {
    let source = Source::Override(name.into());
    let lines = Lines::of(text, &source);
    let place = lines.place(0);
    let mut table = Table::default();
    for (depth, key) in path.iter().enumerate().rev() {
        let node = if depth + 1 == path.len() {
            typed(text, &lines)
        } else {
            Node { value: Value::Table(std::mem::take(&mut table)), place: place.clone(), typed: None }
        };
        table.0.insert((*key).to_owned(), (place.clone(), node));
    }
    table
}

/// `text` as TOML when it is TOML, else as the text it is.
fn typed(text: &str, lines: &Lines<'_>) -> Node {
    let place = lines.place(0);
    let piece = |piece: &str| Node {
        value: Value::Text(piece.to_owned()),
        place: place.clone(),
        typed: Some(Box::new(Typed { text: piece.to_owned(), pieces: Vec::new() })),
    };
    let pieces = text.split(',').map(str::trim).filter(|piece| !piece.is_empty()).map(piece).collect();
    let (parsed, errors) = DeValue::parse_recoverable(text);
    let value = if errors.is_empty() && !text.is_empty() {
        lines.value(parsed.get_ref())
    } else {
        Value::Text(text.to_owned())
    };
    Node { value, place: place.clone(), typed: Some(Box::new(Typed { text: text.to_owned(), pieces })) }
}

/// Turns byte offsets into places.
struct Lines<'a> {
    starts: Vec<usize>,
    text: &'a str,
    source: &'a Source,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str, source: &'a Source) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { starts, text, source }
    }

    fn place(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let before = self.text.get(start..offset.min(self.text.len())).map_or(0, |text| text.chars().count());
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        let column = u32::try_from(before + 1).unwrap_or(u32::MAX);
        match self.source {
            Source::File(file) => Place::File { file: file.clone(), line, column },
            Source::Embedded(file) => Place::Embedded { file, line, column },
            Source::Override(name) => Place::Override(name.clone()),
        }
    }

    fn table(&self, table: &DeTable<'_>) -> Table {
        let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
            let name: &std::borrow::Cow<'_, str> = key.get_ref();
            (name.to_string(), (self.place(key.span().start), self.node(value)))
        };
        Table(table.iter().map(entry).collect())
    }

    fn node(&self, value: &Spanned<DeValue<'_>>) -> Node {
        Node { place: self.place(value.span().start), value: self.value(value.get_ref()), typed: None }
    }

    fn value(&self, value: &DeValue<'_>) -> Value {
        match value {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(number) => {
                i64::from_str_radix(number.as_str(), number.radix()).map_or(Value::TooLarge, Value::Integer)
            }
            DeValue::Float(number) => number.as_str().parse().map_or(Value::TooLarge, Value::Float),
            DeValue::Boolean(flag) => Value::Flag(*flag),
            DeValue::Datetime(_) => Value::Date,
            DeValue::Array(items) => Value::List(items.iter().map(|item| self.node(item)).collect()),
            DeValue::Table(table) => Value::Table(self.table(table)),
        }
    }
}
