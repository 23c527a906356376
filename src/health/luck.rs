//! How often a route fails (detection rules T18): what is blocked by chance now works and now fails, and is not believed
//! to work because it did so once.

use crate::model::Moment;
use std::collections::VecDeque;
use std::time::Duration;

/// Outcomes remembered to estimate how often the route fails …
const WINDOW: usize = 20;
/// … for so long,
const OUTCOMES_FOR: Duration = Duration::from_secs(3600);
/// and, to believe that the route works again, so long before the latest.
const LATELY: Duration = Duration::from_secs(600);
/// So many good outcomes in a row are no luck.
const SURE: usize = 4;

/// How one attempt ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Outcome {
    pub(super) at: Moment,
    pub(super) good: bool,
    /// It failed at one address, while others answered.
    pub(super) stray: bool,
}

/// The latest attempts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Outcomes(VecDeque<Outcome>);

impl Outcomes {
    pub(super) fn note(&mut self, outcome: Outcome) {
        if self.0.len() >= WINDOW {
            self.0.pop_front();
        }
        self.0.push_back(outcome);
        self.expire(outcome.at);
    }

    pub(super) fn expire(&mut self, now: Moment) {
        while self.0.front().is_some_and(|outcome| now.since(outcome.at) > OUTCOMES_FOR) {
            self.0.pop_front();
        }
    }

    /// Whether it worked often enough in a row to be believed.
    pub(super) fn are_believed(&self) -> bool {
        self.goods_in_a_row() >= self.goods_needed()
    }

    /// Good outcomes since the last bad one, of the route as a whole.
    fn goods_in_a_row(&self) -> usize {
        self.0.iter().rev().filter(|outcome| !outcome.stray).take_while(|outcome| outcome.good).count()
    }

    /// Good outcomes in a row it takes to believe that a route which fails now and then works: so many that bare
    /// luck would show them in one case of twenty, five at most (T18). One stray failure asks for one.
    fn goods_needed(&self) -> usize {
        let newest = self.0.back().map(|outcome| outcome.at);
        let late = |outcome: &&Outcome| newest.is_some_and(|newest| newest.since(outcome.at) <= LATELY);
        let lately = self.0.iter().filter(late).filter(|outcome| !outcome.stray);
        let (all, bad) = lately.fold((0, 0), |(all, bad), outcome| (all + 1, bad + usize::from(!outcome.good)));
        if bad < 2 {
            return bad;
        }
        let p = bad as f64 / f64::from(all);
        (1..5).find(|n| (1.0 - p).powi(*n) < 0.05).map_or(5, |n| n.unsigned_abs() as usize)
    }

    /// Whether the route, since it last worked for sure, works now and then: in a tenth to four fifths of the cases
    /// (T18).
    pub(super) fn is_random(&self) -> bool {
        let mut run = 0;
        let (mut all, mut bad) = (0, 0);
        for outcome in &self.0 {
            run = if outcome.good { run + 1 } else { 0 };
            (all, bad) = (all + 1, bad + usize::from(!outcome.good));
            if run >= SURE || bad == 0 {
                (all, bad) = (0, 0);
            }
        }
        all >= 5 && bad >= 2 && bad * 10 <= all * 9 && bad * 5 >= all
    }
}
