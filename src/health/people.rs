//! What people's own connections say of questions that fail on every way. While they get through, it is the question
//! that is out of date, and the service is not down (PROBE_STALE, detection rules §3.1, scenario 36).

use super::belief::is_everywhere;
use super::state::State;
use crate::model::{Evidence, Moment, Route, Source};
use std::time::Duration;

/// A probe that fails everywhere while people's traffic worked within this time is stale, not the service down.
const PEOPLE_SAY: Duration = Duration::from_secs(600);
/// People who got through this often after such a failure, with no question answered in between, say so as well: a
/// service that is down each time it is asked and well each time it is used is a bad question.
const CONTRADICTED: u32 = 2;

/// They fail now if they did within this time, and have not got through since.
const FAIL_NOW: Duration = Duration::from_secs(900);
/// So many failures that count nothing, because a punishment may be on, are worth a question.
const IN_VAIN: u32 = 2;

/// People's successes on any way of the service, beside the questions' failures on all.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct People {
    last: Option<Moment>,
    /// When they last failed here.
    last_failure: Option<Moment>,
    /// How often they failed since they last got through, while a punishment may have been on; the first time.
    in_vain: Option<(Moment, u32)>,
    /// Whether a question failed on every way since their last success.
    failed: bool,
    contradicted: u32,
    /// When they last got through after a question had failed on every way.
    contradicted_at: Option<Moment>,
}

impl People {
    /// They got through. Whether that contradicts a question that failed on every way before.
    pub(super) fn succeeded(&mut self, at: Moment) -> bool {
        self.last = self.last.max(Some(at));
        self.in_vain = None;
        let contradict = std::mem::take(&mut self.failed);
        if contradict {
            self.contradicted = self.contradicted.saturating_add(1);
            self.contradicted_at = Some(at);
        }
        contradict
    }

    /// Since when they contradict a question that failed on every way: it is worth asking again while they get through,
    /// for either the service was down then, or the question is.
    pub(super) const fn contradicted(&self) -> Option<Moment> {
        self.contradicted_at
    }

    /// They failed here; `in_shadow` where it counts nothing. Whether it is time for a question about that.
    pub(super) fn failed(&mut self, at: Moment, in_shadow: bool) -> bool {
        self.last_failure = self.last_failure.max(Some(at));
        if !in_shadow {
            return false;
        }
        let (first, count) = self.in_vain.unwrap_or((at, 0));
        self.in_vain = Some((first, count.saturating_add(1)));
        count + 1 == IN_VAIN
    }

    /// Since when they fail in vain, if they do.
    pub(super) fn fail_in_vain(&self) -> Option<Moment> {
        self.in_vain.filter(|(_, count)| *count >= IN_VAIN).map(|(first, _)| first)
    }

    /// Whether they fail here now.
    pub(super) fn fail(&self, now: Moment) -> bool {
        self.last_failure.is_some_and(|bad| now.since(bad) <= FAIL_NOW && self.last.is_none_or(|good| good < bad))
    }

    /// A question failed on every way.
    pub(super) const fn question_failed(&mut self) {
        self.failed = true;
    }

    /// A question was answered on some way: there is nothing wrong with it.
    pub(super) const fn question_answered(&mut self) {
        self.failed = false;
        self.contradicted = 0;
        self.contradicted_at = None;
    }

    /// Whether they contradict a question that failed everywhere at `now`.
    pub(super) fn contradict(&self, now: Moment) -> bool {
        self.contradicted >= CONTRADICTED || self.last.is_some_and(|last| now.since(last) <= PEOPLE_SAY)
    }
}

impl State {
    /// What people live to see on one way, which questions are answered there, and which fail on every way, speaks of
    /// the service on all.
    pub(super) fn hear_people(&mut self, evidence: &Evidence) {
        let route = &evidence.route;
        let same = |r: &Route| (&r.service, r.facet, r.l4) == (&route.service, route.facet, route.l4);
        for (_, belief) in self.beliefs.iter_mut().filter(|(r, _)| same(r)) {
            match evidence.source {
                Source::Traffic if evidence.sign.is_good() => {
                    belief.probe.stale |= belief.people.succeeded(evidence.at);
                }
                Source::Probe if evidence.sign.is_good() => belief.people.question_answered(),
                Source::Probe if is_everywhere(evidence) => belief.people.question_failed(),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Moment {
        Moment::from_millis(secs * 1000)
    }

    #[test]
    fn people_contradict_shortly_after_they_got_through() {
        let mut people = People::default();
        assert!(!people.contradict(at(5)));
        people.succeeded(at(10));
        assert!(people.contradict(at(600)) && !people.contradict(at(700)));
    }

    #[test]
    fn twice_in_vain_is_worth_a_question_until_they_get_through() {
        let mut people = People::default();
        assert!(!people.failed(at(10), false) && people.fail(at(20)));
        assert!(!people.failed(at(30), true) && people.fail_in_vain().is_none());
        assert!(people.failed(at(40), true), "once");
        assert!(!people.failed(at(50), true));
        assert_eq!(people.fail_in_vain(), Some(at(30)));
        assert!(!people.fail(at(1000)), "long ago");
        people.succeeded(at(60));
        assert!(!people.fail(at(70)) && people.fail_in_vain().is_none());
    }

    #[test]
    fn and_at_any_time_once_they_have_done_so_twice() {
        let mut people = People::default();
        for hour in 0..2 {
            people.question_failed();
            people.succeeded(at(hour * 3600));
            people.succeeded(at(hour * 3600 + 60));
        }
        assert!(people.contradict(at(9000)));
        assert_eq!(people.contradicted(), Some(at(3600)), "the first success after the failure");
        people.question_answered();
        assert!(!people.contradict(at(9000)) && people.contradicted().is_none(), "the question is understood again");
    }
}
