//! What people's own connections say of questions that fail on every way. While they get through, it is the question
//! that is out of date, and the service is not down (PROBE_STALE, detection rules §3.1, scenario 36).

use crate::model::Moment;
use std::time::Duration;

/// A probe that fails everywhere while people's traffic worked within this time is stale, not the service down.
const PEOPLE_SAY: Duration = Duration::from_secs(600);
/// People who got through this often after such a failure, with no question answered in between, say so as well: a
/// service that is down each time it is asked and well each time it is used is a bad question.
const CONTRADICTED: u32 = 2;

/// People's successes on any way of the service, beside the questions' failures on all.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct People {
    last: Option<Moment>,
    /// Whether a question failed on every way since their last success.
    failed: bool,
    contradicted: u32,
}

impl People {
    /// They got through.
    pub(super) fn succeeded(&mut self, at: Moment) {
        self.last = self.last.max(Some(at));
        self.contradicted = self.contradicted.saturating_add(u32::from(std::mem::take(&mut self.failed)));
    }

    /// A question failed on every way.
    pub(super) const fn question_failed(&mut self) {
        self.failed = true;
    }

    /// A question was answered on some way: there is nothing wrong with it.
    pub(super) const fn question_answered(&mut self) {
        self.failed = false;
        self.contradicted = 0;
    }

    /// Whether they contradict a question that failed everywhere at `now`.
    pub(super) fn contradict(&self, now: Moment) -> bool {
        self.contradicted >= CONTRADICTED || self.last.is_some_and(|last| now.since(last) <= PEOPLE_SAY)
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
    fn and_at_any_time_once_they_have_done_so_twice() {
        let mut people = People::default();
        for hour in 0..2 {
            people.question_failed();
            people.succeeded(at(hour * 3600));
            people.succeeded(at(hour * 3600 + 60));
        }
        assert!(people.contradict(at(9000)));
        people.question_answered();
        assert!(!people.contradict(at(9000)), "the question is understood again");
    }
}
