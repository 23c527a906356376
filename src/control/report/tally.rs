//! A route's recent evidence summed up for one sentence: what was seen how often, and what the controls said.

use super::words::{count, sign_words};
use crate::board::RouteStory;
use crate::model::{Anchors, Evidence, Moment, Sign, TransportId, Twin};
use std::collections::HashSet;
use std::time::Duration;

/// How far back from the latest failure evidence is summed up: one and a half half-lives of the score.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// How close in time the same message on another way must have been answered (control C8).
const TWIN: Duration = Duration::from_secs(60);

/// The sum.
pub(super) struct Tally<'a> {
    /// The failures.
    bad: Vec<&'a Evidence>,
    /// Failures and successes.
    tries: u64,
}

impl<'a> Tally<'a> {
    /// Sums up what counts for or against, back from the latest failure.
    pub(super) fn of(evidence: &'a [(Evidence, f64)]) -> Self {
        let facts = || evidence.iter().map(|(fact, _)| fact);
        let newest = facts().filter(|fact| fact.sign.is_bad()).map(|fact| fact.at).max().unwrap_or_default();
        let recent = |fact: &&Evidence| newest.since(fact.at) <= WINDOW;
        let bad: Vec<_> = facts().filter(recent).filter(|fact| fact.sign.is_bad()).collect();
        let good = facts().filter(recent).filter(|fact| fact.sign.is_good()).count();
        let tries = u64::try_from(bad.len() + good).unwrap_or(u64::MAX);
        Self { bad, tries }
    }

    /// ` (hello never acknowledged, 4 of 4 tries, 2 endpoints)`; empty when nothing was kept.
    pub(super) fn seen(&self) -> String {
        let Some(sign) = self.commonest() else { return String::new() };
        let tries = count(self.tries, "try", "tries");
        let mut said = format!(" ({}, {} of {tries}", sign_words(&sign), self.bad.len());
        let endpoints: HashSet<_> = self.bad.iter().filter_map(|fact| fact.endpoint).collect();
        if !endpoints.is_empty() {
            said += &format!(", {}", count(endpoints.len() as u64, "endpoint", "endpoints"));
        }
        said.push(')');
        said
    }

    /// What the controls said at the same time. `taken` is the way used instead: it is named only when it was
    /// seen to answer close to a failure.
    pub(super) fn controls(&self, taken: Option<&TransportId>, stories: &[&RouteStory]) -> String {
        let mut said = String::new();
        if self.bad.iter().any(|fact| fact.pair.is_some()) {
            said += "; a control that differs in one thing only was answered";
        }
        if self.bad.iter().any(|fact| fact.anchors == Anchors::Bad) {
            said += "; neutral sites failed too";
        } else if self.bad.iter().any(|fact| fact.anchors == Anchors::Good) {
            said += "; neutral sites answered at the same time";
        }
        if self.bad.iter().any(|fact| fact.twin == Twin::Answered) {
            let other = taken.filter(|way| self.answered_close(way, stories));
            let other = other.map_or_else(|| "another way".to_owned(), ToString::to_string);
            said += &format!("; the same message through {other} was answered");
        } else if self.bad.iter().any(|fact| fact.twin == Twin::FailedToo) {
            said += "; the same message failed on another way too";
        }
        said
    }

    /// The sign met most often; of equals, the latest.
    fn commonest(&self) -> Option<Sign> {
        let of = |sign: Sign| self.bad.iter().filter(|fact| fact.sign == sign).count();
        self.bad.iter().map(|fact| fact.sign).max_by_key(|sign| of(*sign))
    }

    fn answered_close(&self, way: &TransportId, stories: &[&RouteStory]) -> bool {
        let answers = stories.iter().filter(|story| story.route.transport == *way).flat_map(|story| &story.evidence);
        let answers: Vec<Moment> = answers.filter(|(fact, _)| fact.sign.is_good()).map(|(fact, _)| fact.at).collect();
        let close = |a: Moment, b: Moment| a.since(b) <= TWIN && b.since(a) <= TWIN;
        self.bad.iter().any(|fact| answers.iter().any(|answer| close(*answer, fact.at)))
    }
}
