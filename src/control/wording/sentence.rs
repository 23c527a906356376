//! What works, in one or two sentences: from the same states as `byway status`.

use super::Wording;
use crate::control::report::{ServiceLine, Status, Up};
use crate::model::LinkState;

impl Wording {
    /// All services in one or two sentences.
    pub fn sentence(&self, status: &Status) -> String {
        sentence(self, status)
    }
}

fn sentence(words: &Wording, status: &Status) -> String {
    if matches!(status.link, LinkState::Offline | LinkState::Captive) {
        return super::capital(&format!("{}.", words.ground(status.link, status.ground)));
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
    let all = [(Up::Yes, "page-clause-works"), (Up::No, "page-clause-works-not"), (Up::Unsure, "page-clause-unsure")];
    let clauses: Vec<_> = all.into_iter().filter_map(clause).collect();
    let joined = clauses.join(&format!("{} ", words.say("page-comma")));
    (clauses.len() > 1).then(|| words.with("page-mixed", &[("name", &service.title), ("clauses", &joined)]))
}
