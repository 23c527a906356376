//! `link_file = "key.txt"` beside or instead of `link`: a link that stands in a file of its own, so that the configuration
//! holds no secret. It is put in the place of `link` before anything else is read, and every kind that has a link has it.

use super::Reading;
use super::document::{Node, Table, Value};
use super::probes::unread;
use super::reader::Item;
use super::trail::Trail;

/// Far longer than any link.
const LARGEST: u64 = 64 * 1024;

const FILE: &str = "expected a file with one link in it";

impl Reading<'_> {
    /// The same tree, every `link_file` read.
    pub(super) fn with_link_files(&self, mut root: Table) -> Table {
        let Some((_, Node { value: Value::Table(all), .. })) = root.0.get_mut("transport") else { return root };
        for (name, (_, way)) in &mut all.0 {
            let Value::Table(way) = &mut way.value else { continue };
            for (kind, (_, table)) in &mut way.0 {
                if let Value::Table(table) = &mut table.value {
                    self.link_file(&format!("transport.{}.{kind}", super::reader::shown_key(name)), table);
                }
            }
        }
        root
    }

    fn link_file(&self, path: &str, table: &mut Table) {
        let Some((place, node)) = table.0.remove("link_file") else { return };
        let item = Item { node: &node, path: Trail::whole(&format!("{path}.link_file")), faults: self.faults };
        let read = if table.0.contains_key("link") {
            item.fail("there is a link already", "expected either link or link_file")
        } else {
            self.link_in(&item)
        };
        match read {
            None => self.faults.enough(path),
            Some(text) => {
                let value = Node { value: Value::Text(text), place: node.place.clone(), typed: None };
                table.0.insert("link".to_owned(), (place, value));
            }
        }
    }

    fn link_in(&self, item: &Item<'_>) -> Option<String> {
        let path = self.path(item)?;
        if std::fs::metadata(&path).is_ok_and(|found| found.len() > LARGEST) {
            return item.fail("the file is too large for a link", FILE);
        }
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(why) => return item.fail(unread(why.kind()), FILE),
        };
        let lines = text.lines().map(|line| line.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}'));
        let mut links = lines.filter(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("//"));
        match (links.next(), links.next()) {
            (Some(link), None) => Some(link.to_owned()),
            (None, _) => item.fail("there is no link in the file", FILE),
            (Some(_), Some(_)) => item.fail(
                "there is more than one link in the file",
                "expected one, or [subscription.NAME] with file = \"…\" for them all",
            ),
        }
    }
}
