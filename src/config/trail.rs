//! Where a value stands in the tree, as a dotted path. Nearly every value is well, so a path is written out only when
//! something is told of it. Knows nothing of files and lines.

use std::fmt;
use std::rc::Rc;

/// The path of a value: what it stands in, and one step from there.
#[derive(Clone, Debug)]
pub(super) struct Trail<'a> {
    under: Option<Rc<Self>>,
    step: Step<'a>,
}

#[derive(Clone, Debug)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
    Written(Rc<str>),
}

impl<'a> Trail<'a> {
    /// The top of a document.
    pub(super) const fn top() -> Self {
        Self { under: None, step: Step::Key("") }
    }

    /// A path that is known as a whole.
    pub(super) fn whole(path: &str) -> Self {
        Self { under: None, step: Step::Written(path.into()) }
    }

    /// `key` in the table at `under`.
    pub(super) fn key(under: &Rc<Self>, key: &'a str) -> Self {
        Self { under: Some(under.clone()), step: Step::Key(key) }
    }

    /// The item with this number in the list at `under`.
    pub(super) fn index(under: &Rc<Self>, index: usize) -> Self {
        Self { under: Some(under.clone()), step: Step::Index(index) }
    }

    /// Whether it is the top.
    pub(super) fn is_top(&self) -> bool {
        self.under.is_none() && matches!(self.step, Step::Key(""))
    }

    /// The key it ends with; nothing for the item of a list.
    pub(super) fn last(&self) -> &str {
        match &self.step {
            Step::Key(key) => key,
            Step::Index(_) => "",
            Step::Written(path) => path.rsplit('.').next().unwrap_or_default(),
        }
    }
}

impl fmt::Display for Trail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let under = self.under.as_deref().filter(|under| !under.is_top());
        if let Some(under) = under {
            write!(f, "{under}")?;
        }
        match &self.step {
            Step::Key(key) if under.is_some() => write!(f, ".{key}"),
            Step::Key(key) => f.write_str(key),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Written(path) => f.write_str(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Trail;
    use std::rc::Rc;

    #[test]
    fn a_path_is_written_with_dots_and_numbers() {
        let (top, table) = (Rc::new(Trail::top()), Rc::new(Trail::whole("service.x")));
        let probes = Rc::new(Trail::key(&table, "probes"));
        let second = Rc::new(Trail::index(&probes, 1));
        for (trail, path, last) in [
            (Trail::top(), "", ""),
            (Trail::whole("transport.a"), "transport.a", "a"),
            (Trail::key(&top, "order"), "order", "order"),
            (Trail::index(&probes, 1), "service.x.probes[1]", ""),
            (Trail::key(&second, "https"), "service.x.probes[1].https", "https"),
        ] {
            assert_eq!((trail.to_string().as_str(), trail.last()), (path, last));
        }
    }
}
