//! The sentence: what works, and what does not. Built from the same states as `byway status`, in the reader's language.

use super::View;
use super::html::esc;
use crate::control::report::{Outline, Status, Up};
use crate::control::wording::{Wording, capital};
use crate::model::LinkState;

pub(super) fn part(view: &View<'_>) -> String {
    let (class, glyph) = match view.status.outline() {
        Outline::Well if view.status.services.iter().flat_map(|s| &s.facets).any(|f| f.up == Up::Yes) => ("ok", "●"),
        Outline::Well => ("none", "○"),
        Outline::Degraded => ("part", "◐"),
        Outline::AllDown => ("bad", "✕"),
        Outline::NoInternet => ("bad", "!"),
    };
    let sentence = esc(&view.words.sentence(view.status));
    let link = esc(&link(view.words, view.status));
    let rest = view.words.rest(view.status).map(|rest| format!(" {}", esc(&rest))).unwrap_or_default();
    format!(
        "<h1 class=\"{class}\"><span class=\"glyph\" aria-hidden=\"true\">{glyph}</span> <span>{sentence}</span></h1>\
         <p class=\"link\">{link}{rest}</p>"
    )
}

fn link(words: &Wording, status: &Status) -> String {
    let state = capital(&words.link(status.link));
    let why = words.ground(status.link, status.ground);
    let said = words.with("words-link-reason", &[("state", &state), ("why", &why)]);
    if status.link == LinkState::Online { said } else { format!("{said} {}", words.say("page-link-no-blame")) }
}
