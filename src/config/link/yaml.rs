//! YAML 1.2 as lists of servers use it: what a document says, as a tree. Every scalar is kept as the text it was written
//! as (a password `0123` is not a number), aliases and merge keys are resolved, and a document that unfolds to far more
//! than was written is refused.

use super::{BadLink, Part};
use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// What a document may unfold to: one for each node, and its text.
const MOST: usize = 4 << 20;
/// No list of servers is nested deeper; the tree is walked by recursion.
const DEEPEST: usize = 48;

const TOO_MUCH: &str = "it unfolds to far more than any list of servers";

/// The first document of a text.
pub(super) fn read(text: &str) -> Result<Value, BadLink> {
    let mut tree = Tree::default();
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|why| BadLink {
            part: Part::Document,
            why: format!("it is no YAML at line {}", why.marker().line()).into(),
        })?;
        match event {
            Event::Scalar(text, style, anchor, _) => tree.scalar(&text, style, anchor)?,
            Event::Alias(anchor) => tree.alias(anchor)?,
            Event::SequenceStart(anchor, _) => tree.open(anchor, Inside::List(Vec::new()))?,
            Event::MappingStart(anchor, _) => tree.open(anchor, Inside::Map(Map::new(), None))?,
            Event::SequenceEnd | Event::MappingEnd => tree.close()?,
            Event::DocumentEnd => break,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => {}
        }
    }
    Ok(tree.root)
}

/// What has been read so far.
#[derive(Default)]
struct Tree {
    root: Value,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    spent: usize,
}

/// A collection whose end has not come.
struct Open {
    anchor: usize,
    inside: Inside,
    /// How deep the deepest of its nodes is.
    depth: usize,
}

enum Inside {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<String>),
}

#[derive(Clone)]
struct Node {
    value: Value,
    /// Collections from here to the deepest leaf.
    depth: usize,
}

impl Tree {
    fn scalar(&mut self, text: &str, style: ScalarStyle, anchor: usize) -> Result<(), BadLink> {
        self.spend(1 + text.len())?;
        let null = style == ScalarStyle::Plain && matches!(text, "" | "~" | "null" | "Null" | "NULL");
        let value = if null { Value::Null } else { Value::String(text.to_owned()) };
        self.put(anchor, Node { value, depth: 0 })
    }

    fn alias(&mut self, anchor: usize) -> Result<(), BadLink> {
        let node = self.anchors.get(&anchor).ok_or(Part::Document.is("an alias in it stands for nothing"))?;
        let (cost, node) = (cost(&node.value), node.clone());
        self.spend(cost)?;
        self.put(0, node)
    }

    fn open(&mut self, anchor: usize, inside: Inside) -> Result<(), BadLink> {
        self.spend(1)?;
        self.open.push(Open { anchor, inside, depth: 0 });
        if self.open.len() > DEEPEST { Err(Part::Document.is(TOO_MUCH)) } else { Ok(()) }
    }

    fn close(&mut self) -> Result<(), BadLink> {
        let Some(Open { anchor, inside, depth }) = self.open.pop() else { return Ok(()) };
        let value = match inside {
            Inside::List(list) => Value::Array(list),
            Inside::Map(map, _) => Value::Object(merged(map)),
        };
        self.put(anchor, Node { value, depth: depth + 1 })
    }

    fn put(&mut self, anchor: usize, node: Node) -> Result<(), BadLink> {
        if self.open.len() + node.depth > DEEPEST {
            return Err(Part::Document.is(TOO_MUCH));
        }
        if anchor != 0 {
            self.spend(cost(&node.value))?;
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.root = node.value;
            return Ok(());
        };
        open.depth = open.depth.max(node.depth);
        match &mut open.inside {
            Inside::List(list) => list.push(node.value),
            Inside::Map(map, key) => match key.take() {
                Some(key) => drop(map.insert(key, node.value)),
                // What is no text is no key that anything here is called by.
                None => *key = Some(node.value.as_str().unwrap_or_default().to_owned()),
            },
        }
        Ok(())
    }

    fn spend(&mut self, cost: usize) -> Result<(), BadLink> {
        self.spent = self.spent.saturating_add(cost);
        if self.spent > MOST { Err(Part::Document.is(TOO_MUCH)) } else { Ok(()) }
    }
}

fn cost(value: &Value) -> usize {
    1 + match value {
        Value::String(text) => text.len(),
        Value::Array(list) => list.iter().map(cost).sum(),
        Value::Object(map) => map.iter().map(|(key, value)| key.len() + cost(value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// A mapping with what its merge key (`<<`) adds; its own keys stay.
fn merged(mut map: Map<String, Value>) -> Map<String, Value> {
    let added = match map.remove("<<") {
        None => return map,
        Some(Value::Array(list)) => list,
        Some(one) => vec![one],
    };
    for value in added {
        let Value::Object(from) = value else { continue };
        for (key, value) in from {
            map.entry(key).or_insert(value);
        }
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_stays_as_written_and_aliases_and_merge_keys_are_resolved() {
        let text =
            "base: &b {port: 0443, up: true, name: ~}\nlist:\n- <<: *b\n  port: '8'\n- *b\n- \"null\"\n---\nx: y\n";
        let base = json!({"port": "0443", "up": "true", "name": null});
        let first = json!({"port": "8", "up": "true", "name": null});
        assert_eq!(read(text).unwrap(), json!({"base": base, "list": [first, base, "null"]}));
    }

    #[test]
    fn a_document_cannot_unfold_without_end() {
        let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        let mut chain = "a0: &a0 [x]\n".to_owned();
        for n in 1..60 {
            let last = format!("*a{}", n - 1);
            laughs += &format!("a{n}: &a{n} [{}]\n", [last.as_str(); 9].join(", "));
            chain += &format!("a{n}: &a{n} [{last}]\n");
        }
        let deep = "[".repeat(100) + &"]".repeat(100);
        for text in [laughs, chain, deep] {
            assert_eq!(read(&text).unwrap_err().why, TOO_MUCH);
        }
        assert_eq!(read("a: [hunter2\nb: }").unwrap_err().to_string(), "the document: it is no YAML at line 2");
    }
}
