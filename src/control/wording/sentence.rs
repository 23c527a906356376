//! What works, in one or two sentences: from the same states as `byway status`, without what is not known yet.

use super::Wording;
use crate::control::report::{ServiceLine, Status, Up};
use crate::model::LinkState;

impl Wording {
    /// What is known to work and not to work: services of which the same can be said are told together.
    pub fn sentence(&self, status: &Status) -> String {
        if matches!(status.link, LinkState::Offline | LinkState::Captive) {
            return super::capital(&format!("{}.", self.ground(status.link, status.ground)));
        }
        let mut said: Vec<(Known, Vec<String>)> = Vec::new();
        for service in &status.services {
            let Some(known) = self.known(service) else { continue };
            match said.iter_mut().find(|(same, _)| *same == known) {
                Some((_, titles)) => titles.push(service.title.clone()),
                None => said.push((known, vec![service.title.clone()])),
            }
        }
        // What works wholly comes first, then what does not at all, then what is mixed.
        said.sort_by_key(|(known, _)| match known {
            Known::Wholly => 0,
            Known::NotAtAll => 1,
            Known::Partly(_) => 2,
        });
        let told = said.iter().map(|(known, titles)| {
            let (names, count) = (self.listed(titles), u64::try_from(titles.len()).unwrap_or(u64::MAX));
            match known {
                Known::Wholly => self.counted("words-works", count, &[("names", &names)]),
                Known::NotAtAll => self.counted("words-works-not", count, &[("names", &names)]),
                Known::Partly(clauses) => self.with("words-mixed", &[("name", &names), ("clauses", clauses)]),
            }
        });
        let told: Vec<_> = told.collect();
        if told.is_empty() { self.say("words-unsure-all") } else { told.join(" ") }
    }

    /// That something is left out of the sentence, where it is.
    pub fn rest(&self, status: &Status) -> Option<String> {
        let mut facets = status.services.iter().flat_map(|service| &service.facets);
        let known = facets.clone().any(|facet| facet.up != Up::Unsure);
        (known && facets.any(|facet| facet.up == Up::Unsure)).then(|| self.say("page-rest"))
    }

    fn known(&self, service: &ServiceLine) -> Option<Known> {
        let all = |up: Up| !service.facets.is_empty() && service.facets.iter().all(|facet| facet.up == up);
        if all(Up::Yes) {
            return Some(Known::Wholly);
        }
        if all(Up::No) {
            return Some(Known::NotAtAll);
        }
        let clause = |(up, key): (Up, &str)| {
            let facets = service.facets.iter().filter(|facet| facet.up == up).map(|facet| self.facet(facet.facet));
            let facets: Vec<_> = facets.collect();
            (!facets.is_empty()).then(|| self.with(key, &[("facets", &self.listed(&facets))]))
        };
        let clauses = [(Up::Yes, "words-clause-works"), (Up::No, "words-clause-works-not")];
        let clauses: Vec<_> = clauses.into_iter().filter_map(clause).collect();
        (!clauses.is_empty()).then(|| Known::Partly(clauses.join(&self.say("words-comma"))))
    }
}

/// What is known of a service.
#[derive(PartialEq, Eq)]
enum Known {
    Wholly,
    NotAtAll,
    Partly(String),
}
