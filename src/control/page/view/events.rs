//! What happened, latest first, each with its reason: the timeline for who reads rather than looks.

use super::View;
use super::html::{esc, time};
use crate::control::Entry;
use crate::control::wording::{Because, Tone};
use std::fmt::Write;

/// Shown at once; the rest unfolds.
const AT_ONCE: usize = 8;
/// The most that is listed.
const AT_MOST: usize = 100;

pub(super) fn part(view: &View<'_>) -> String {
    let since = view.status.at.before(view.reach.span());
    let past = view.past.unwrap_or_default();
    let recent = past.iter().enumerate().rev().filter(|(_, entry)| entry.at >= since);
    let items = recent.filter_map(|(at, entry)| item(view, entry, past.get(..at).unwrap_or_default()));
    let items: Vec<_> = items.take(AT_MOST).collect();
    if items.is_empty() {
        return format!("<p class=\"hint\">{}</p>", esc(&view.words.say("page-nothing-yet")));
    }
    let (first, rest) = items.split_at(items.len().min(AT_ONCE));
    let mut text = format!("<ol class=\"events\">{}</ol>", first.concat());
    if !rest.is_empty() {
        let older = esc(&view.words.say("page-older"));
        let _ = write!(
            text,
            "<details id=\"older\"><summary>{older}</summary><ol class=\"events\">{}</ol></details>",
            rest.concat()
        );
    }
    text
}

/// One record; nothing of what a person would not notice.
fn item(view: &View<'_>, entry: &Entry, before: &[Entry]) -> Option<String> {
    let event = view.words.event(view.status, &entry.record, before)?;
    let class = match event.tone {
        Tone::Plain => "plain",
        Tone::Well => "ok",
        Tone::Doubt => "part",
        Tone::Bad => "bad",
    };
    let why = event.why.map(|why| match why {
        Because::Told(text) => format!(" <span class=\"why\">{}</span>", esc(&text)),
        Because::English(text) => format!(" <span class=\"why\" lang=\"en\" dir=\"ltr\">{}</span>", esc(&text)),
    });
    let when = time(entry.at, view.status.at);
    let (what, why) = (esc(&event.what), why.unwrap_or_default());
    Some(format!("<li class=\"{class}\">{when} <span class=\"what\">{what}</span>{why}</li>"))
}
