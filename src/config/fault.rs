//! What is wrong with a configuration, and where: `file:line:col: path.to.key: what is wrong; what was expected`.
//! Never the source line: it may hold a password.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the user's file.
    File {
        /// The file, as the user named it.
        file: Arc<str>,
        /// Counted from 1.
        line: u32,
        /// In characters, counted from 1.
        column: u32,
    },
    /// In a file that is part of byway.
    Embedded {
        /// Its path in the source tree.
        file: &'static str,
        /// Counted from 1.
        line: u32,
        /// In characters, counted from 1.
        column: u32,
    },
    /// On the command line or in the environment: `--set order` or `BYWAY_ORDER`.
    Override(Arc<str>),
}

/// One thing wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// Which key; empty when the text is no TOML there.
    pub path: String,
    /// What is wrong. Holds no secret.
    pub wrong: String,
    /// What was expected.
    pub expected: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line, column } => write!(f, "{file}:{line}:{column}"),
            Self::Embedded { file, line, column } => write!(f, "(built in) {file}:{line}:{column}"),
            Self::Override(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{}; {}", self.wrong, self.expected)
    }
}

/// The faults found so far. Reading goes on after one, so that all are told at once.
#[derive(Debug, Default)]
pub(super) struct Faults {
    found: RefCell<Vec<(Sort, Fault)>>,
    /// The tables of which enough is told.
    told: RefCell<Vec<String>>,
    /// What is not ours, and so neither heeded nor a fault.
    unheeded: RefCell<Vec<String>>,
}

/// What a fault is worth while the text is no TOML.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    /// The text is no TOML here.
    Syntax,
    /// Something is written that should be otherwise.
    Wrong,
    /// Something is not written.
    Missing,
}

impl Faults {
    /// Something is written that should be otherwise.
    pub(super) fn add(&self, place: &Place, path: &str, wrong: impl Into<String>, expected: impl Into<String>) {
        self.push(Sort::Wrong, place, path, wrong.into(), expected.into());
    }

    /// A variable of the environment that looks like a setting and is none.
    pub(super) fn unheeded(&self, name: &str) {
        self.unheeded.borrow_mut().push(name.to_owned());
    }

    /// Those variables.
    pub(super) fn take_unheeded(&self) -> Vec<String> {
        self.unheeded.take()
    }

    /// Something is not written.
    pub(super) fn missing(&self, place: &Place, path: &str, wrong: impl Into<String>, expected: impl Into<String>) {
        self.push(Sort::Missing, place, path, wrong.into(), expected.into());
    }

    /// The text is no TOML.
    pub(super) fn syntax(&self, place: &Place, wrong: impl Into<String>, expected: impl Into<String>) {
        self.push(Sort::Syntax, place, "", wrong.into(), expected.into());
    }

    /// What was found in the table at `path` makes the rest of it senseless: nothing more is told of it.
    pub(super) fn enough(&self, path: &str) {
        self.told.borrow_mut().push(path.to_owned());
    }

    fn push(&self, sort: Sort, place: &Place, path: &str, wrong: String, expected: String) {
        let is_under = |table: &String| {
            path.strip_prefix(table.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        if self.told.borrow().iter().any(is_under) {
            return;
        }
        self.found.borrow_mut().push((sort, Fault { place: place.clone(), path: path.to_owned(), wrong, expected }));
    }

    /// All of them by place, each once. Where the text is no TOML one fault a line is enough, and what was read
    /// from such a line, or is missing because of it, would only confuse.
    pub(super) fn sorted(self) -> Vec<Fault> {
        let mut faults = self.found.into_inner();
        faults.sort_by(|a, b| (&a.1.place, a.0, &a.1).cmp(&(&b.1.place, b.0, &b.1)));
        let broken: Vec<_> =
            faults.iter().filter(|(sort, _)| *sort == Sort::Syntax).map(|(_, f)| f.place.row()).collect();
        let mut told = Vec::new();
        let mut last_row = None;
        for (sort, fault) in faults {
            let row = fault.place.row();
            let keep = match sort {
                Sort::Syntax => last_row.replace(row.clone()) != Some(row),
                Sort::Wrong => !broken.contains(&row),
                Sort::Missing => broken.is_empty(),
            };
            if keep {
                told.push(fault);
            }
        }
        told.dedup();
        told
    }
}

impl Place {
    /// File and line.
    fn row(&self) -> (Arc<str>, u32) {
        match self {
            Self::File { file, line, .. } => (file.clone(), *line),
            Self::Embedded { file, line, .. } => ((*file).into(), *line),
            Self::Override(name) => (name.clone(), 0),
        }
    }
}

/// A value worth showing, unless it looks as if it held more than a name: a pasted link or key is masked.
pub(super) fn shown(value: &str) -> String {
    let plain = value.chars().count() <= 40 && !value.contains("://") && !value.contains('@');
    if plain { format!("{value:?}") } else { "\"***\"".to_owned() }
}

/// The closest of `known`, when one is close enough to be meant.
pub(super) fn nearest<'a>(value: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let value = value.to_lowercase();
    let far = value.chars().count().div_ceil(3).max(1);
    known
        .into_iter()
        .map(|k| (strsim::damerau_levenshtein(&value, &k.to_lowercase()), k))
        .filter(|(distance, _)| *distance <= far)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, k)| k)
}

/// What to say instead of `value`: the nearest of `known`, or all of them.
pub(super) fn instead(value: &str, known: &[&str]) -> String {
    match nearest(value, known.iter().copied()) {
        Some(near) => format!("did you mean {near:?}?"),
        None if known.is_empty() => "expected nothing here".to_owned(),
        None => format!("expected one of {}", known.join(", ")),
    }
}
