//! The sentence: what works, and what does not. Built from the same states as `byway status`, in the reader's language.

use super::View;
use super::html::esc;
use super::wording::Wording;
use crate::control::report::{Outline, ServiceLine, Status, Up};
use crate::model::LinkState;

pub(super) fn part(view: &View<'_>) -> String {
    let (class, glyph) = match view.status.outline() {
        Outline::Well if view.status.services.iter().flat_map(|s| &s.facets).any(|f| f.up == Up::Yes) => ("ok", "●"),
        Outline::Well => ("none", "○"),
        Outline::Degraded => ("part", "◐"),
        Outline::AllDown => ("bad", "✕"),
        Outline::NoInternet => ("bad", "!"),
    };
    let sentence = esc(&sentence(view.words, view.status));
    let link = esc(&link(view.words, view.status));
    format!(
        "<h1 class=\"{class}\"><span class=\"glyph\" aria-hidden=\"true\">{glyph}</span> <span>{sentence}</span></h1>\
         <p class=\"link\">{link}</p>"
    )
}

fn link(words: &Wording, status: &Status) -> String {
    let state = super::wording_capital(&words.link(status.link));
    let why = words.ground(status.link, status.ground);
    let said = words.with("page-link", &[("state", &state), ("why", &why)]);
    if status.link == LinkState::Online { said } else { format!("{said} {}", words.say("page-link-no-blame")) }
}

/// All services in one or two sentences.
pub(super) fn sentence(words: &Wording, status: &Status) -> String {
    if matches!(status.link, LinkState::Offline | LinkState::Captive) {
        return super::wording_capital(&format!("{}.", words.ground(status.link, status.ground)));
    }
    let with = |up: Up| {
        let all = status.services.iter().filter(move |s| !s.facets.is_empty() && s.facets.iter().all(|f| f.up == up));
        all.map(|service| service.title.clone()).collect::<Vec<_>>()
    };
    let mut sentences = Vec::new();
    for (titles, key) in [(with(Up::Yes), "page-works"), (with(Up::No), "page-works-not")] {
        if !titles.is_empty() {
            let count = u64::try_from(titles.len()).unwrap_or(u64::MAX);
            sentences.push(words.counted(key, count, &[("names", &words.listed(&titles))]));
        }
    }
    sentences.extend(status.services.iter().filter_map(|service| mixed(words, service)));
    let unsure = with(Up::Unsure);
    let count = u64::try_from(unsure.len()).unwrap_or(u64::MAX);
    match unsure.len() {
        0 => {}
        all if all == status.services.len() => sentences.push(words.say("page-unsure-all")),
        1..=3 => sentences.push(words.with("page-unsure", &[("names", &words.listed(&unsure))])),
        _ => sentences.push(words.counted("page-unsure-many", count, &[])),
    }
    sentences.join(" ")
}

/// A service whose facets differ: "WhatsApp: messages work, calls do not work."
fn mixed(words: &Wording, service: &ServiceLine) -> Option<String> {
    let clause = |(up, key): (Up, &str)| {
        let facets = service.facets.iter().filter(|facet| facet.up == up).map(|facet| words.facet(facet.facet));
        let facets: Vec<_> = facets.collect();
        (!facets.is_empty()).then(|| words.with(key, &[("facets", &words.listed(&facets))]))
    };
    let all = [
        (Up::Yes, "page-clause-works"),
        (Up::No, "page-clause-works-not"),
        (Up::Unsure, "page-clause-unsure"),
    ];
    let clauses: Vec<_> = all.into_iter().filter_map(clause).collect();
    let joined = clauses.join(&format!("{} ", words.say("page-comma")));
    (clauses.len() > 1).then(|| words.with("page-mixed", &[("name", &service.title), ("clauses", &joined)]))
}
