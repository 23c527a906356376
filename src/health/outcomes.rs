//! How often a route failed lately, out of how often it was tried: what one success or one failure is worth where
//! chance decides (T18). Refuses to know what a failure weighs.

use crate::model::{Evidence, Moment, Sign};
use std::collections::VecDeque;
use std::time::Duration;

/// Outcomes remembered to estimate how often the route fails …
const WINDOW: usize = 20;
/// … and for how long: what is punished for seven minutes is tried only a few times in it.
const REMEMBERED: Duration = Duration::from_secs(3600);
/// So many first flights cut off in that time, each on its own, while other ways had answers, are no accident, however
/// many got through between them (scenario 34).
const CUT_OFF: usize = 3;
/// Of which so many are remembered.
const CUT_OFF_MOST: usize = 8;
/// What is cut off sooner than this after another belongs to the same trouble.
const APART: Duration = Duration::from_secs(60);

/// So many late answers are no accident.
const LATE: usize = 2;

/// So many good outcomes in a row are no luck.
const SURE: usize = 4;

/// How one attempt ended.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Outcome {
    at: Moment,
    good: bool,
    /// It failed at one address, while others answered.
    stray: bool,
    /// It was answered, and far later than usual.
    late: bool,
}

/// A first flight that was cut off while other ways had answers.
#[derive(Clone, Copy, Debug, PartialEq)]
struct CutOff {
    at: Moment,
    /// On this very way; else on another bare one to the same place.
    own: bool,
}

/// The latest outcomes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Outcomes {
    all: VecDeque<Outcome>,
    cut_off: VecDeque<CutOff>,
}

impl Outcomes {
    /// One more try, and whether it was answered; `stray` where only one address of several failed.
    pub(super) fn note(&mut self, at: Moment, good: bool, stray: bool) {
        if self.all.len() >= WINDOW {
            self.all.pop_front();
        }
        self.all.push_back(Outcome { at, good, stray, late: false });
        self.expire(at);
    }

    /// The answer that was noted last came late: a packet of it, or of the question, had to be sent again (T10).
    pub(super) fn was_late(&mut self) {
        if let Some(last) = self.all.back_mut().filter(|last| last.good) {
            last.late = true;
        }
    }

    /// Time passes.
    pub(super) fn expire(&mut self, now: Moment) {
        while self.all.front().is_some_and(|outcome| now.since(outcome.at) > REMEMBERED) {
            self.all.pop_front();
        }
    }

    /// A failure while another way had answers; it is kept if it was a first flight cut off. Whether it was.
    pub(super) fn note_cut_off(&mut self, evidence: &Evidence) -> bool {
        matches!(evidence.sign, Sign::HelloDropped | Sign::HelloMuted | Sign::ResetAfterHello)
            && self.add_cut_off(evidence.at, true)
    }

    /// The same happened at `at` on another bare way to the same place.
    pub(super) fn note_cut_off_beside(&mut self, at: Moment) {
        self.add_cut_off(at, false);
    }

    fn add_cut_off(&mut self, at: Moment, own: bool) -> bool {
        let apart = self.cut_off.back().is_none_or(|last| at.since(last.at) >= APART);
        if !apart {
            if let Some(last) = self.cut_off.back_mut() {
                last.own |= own;
            }
            return false;
        }
        self.cut_off.push_back(CutOff { at, own });
        if self.cut_off.len() > CUT_OFF_MOST {
            self.cut_off.pop_front();
        }
        true
    }

    /// Whether there were enough good outcomes in a row to believe that the route works.
    pub(super) fn are_good_enough(&self) -> bool {
        self.goods_in_a_row() >= self.goods_needed()
    }

    /// Those that speak of the route as a whole.
    fn whole(&self) -> impl DoubleEndedIterator<Item = &Outcome> {
        self.all.iter().filter(|outcome| !outcome.stray)
    }

    fn goods_in_a_row(&self) -> usize {
        self.whole().rev().take_while(|outcome| outcome.good && !outcome.late).count()
    }

    /// Good outcomes in a row it takes to believe that a route which fails now and then works: so many that bare
    /// luck would show them in one case of twenty, five at most (T18). One stray failure asks for one.
    fn goods_needed(&self) -> usize {
        let (all, bad) = self.whole().fold((0, 0), |(all, bad), outcome| (all + 1, bad + usize::from(!outcome.good)));
        if bad < 2 {
            return bad;
        }
        let p = bad as f64 / f64::from(all);
        (1..5).find(|n| (1.0 - p).powi(*n) < 0.05).map_or(5, |n| n.unsigned_abs() as usize)
    }

    /// Whether the route, since it last worked for sure, works now and then: in a tenth to four fifths of the cases
    /// (T18).
    pub(super) fn are_random(&self) -> bool {
        let mut run = 0;
        let (mut all, mut bad) = (0, 0);
        for outcome in &self.all {
            run = if outcome.good && !outcome.late { run + 1 } else { 0 };
            (all, bad) = (all + 1, bad + usize::from(!outcome.good));
            if run >= SURE || bad == 0 {
                (all, bad) = (0, 0);
            }
        }
        all >= 5 && bad >= 2 && bad * 10 <= all * 9 && bad * 5 >= all
    }

    /// Since it last worked for sure: how many failed, how many were answered late, and how many in time.
    fn since_it_worked(&self) -> (usize, usize, usize) {
        let (mut run, mut bad, mut late, mut timely) = (0, 0, 0, 0);
        for outcome in &self.all {
            match (outcome.good, outcome.late) {
                (false, _) => (run, bad) = (0, bad + 1),
                (true, true) => (run, late) = (0, late + 1),
                (true, false) => (run, timely) = (run + 1, timely + 1),
            }
            if run >= SURE || bad == 0 {
                (bad, late, timely) = (0, 0, 0);
            }
        }
        (bad, late, timely)
    }

    /// Whether chance decides, as far as the tries say.
    pub(super) fn are_by_chance(&self) -> bool {
        self.are_random() || self.are_late()
    }

    /// Whether an answer came late since it last worked for sure.
    pub(super) fn came_late(&self) -> bool {
        self.since_it_worked().1 > 0
    }

    /// Whether what is answered comes late as a rule, and the rest not at all: packets are lost (T10).
    pub(super) fn are_late(&self) -> bool {
        let (bad, late, timely) = self.since_it_worked();
        bad > 0 && late >= LATE && late >= timely && bad + late > CUT_OFF
    }

    /// Whether first flights were cut off often enough to call it a block though others get through; at least one of
    /// them on this way.
    pub(super) fn are_cut_off(&self, now: Moment) -> bool {
        self.cut_offs(now) >= CUT_OFF && self.lately_cut_off(now).any(|cut| cut.own)
    }

    /// Whether one more would be enough for that, and no answers in a row speak against it.
    pub(super) fn may_be_cut_off(&self, now: Moment) -> bool {
        let own = self.lately_cut_off(now).any(|cut| cut.own);
        own && self.cut_offs(now) + 1 >= CUT_OFF && !self.are_good_enough()
    }

    /// How many were lately, on whichever bare way.
    pub(super) fn cut_offs(&self, now: Moment) -> usize {
        self.lately_cut_off(now).count()
    }

    /// Whether something was answered here between one that was cut off and the next: what is cut off is not chosen.
    pub(super) fn are_chosen_by_chance(&self, now: Moment) -> bool {
        let first = self.lately_cut_off(now).next().map(|cut| cut.at);
        let last = self.lately_cut_off(now).last().map(|cut| cut.at);
        let between = |at: Moment| first.is_some_and(|first| at > first) && last.is_some_and(|last| at < last);
        self.all.iter().any(|outcome| outcome.good && between(outcome.at))
    }

    fn lately_cut_off(&self, now: Moment) -> impl Iterator<Item = &CutOff> {
        self.cut_off.iter().filter(move |cut| now.since(cut.at) <= REMEMBERED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Facet, L4, Route, Source};

    fn at(mins: u64) -> Moment {
        Moment::from_millis(mins * 60_000)
    }

    fn cut_off(mins: u64) -> Evidence {
        let route = Route { service: "signal".into(), facet: Facet::Text, transport: "direct".into(), l4: L4::Tcp };
        Evidence::new(route, Source::Traffic, Sign::HelloDropped, at(mins), at(mins))
    }

    #[test]
    fn one_stray_failure_asks_for_one_answer_and_two_of_eight_for_five() {
        let mut outcomes = Outcomes::default();
        outcomes.note(at(0), false, false);
        assert!(!outcomes.are_good_enough());
        outcomes.note(at(1), true, false);
        assert!(outcomes.are_good_enough());
        for minute in 2..7 {
            outcomes.note(at(minute), true, false);
        }
        outcomes.note(at(7), false, false);
        for minute in 8..12 {
            outcomes.note(at(minute), true, false);
            assert!(!outcomes.are_good_enough(), "minute {minute}");
        }
        outcomes.note(at(12), true, false);
        assert!(outcomes.are_good_enough());
    }

    #[test]
    fn late_answers_beside_failures_are_lost_packets_until_it_works_for_sure() {
        let mut outcomes = Outcomes::default();
        let answer = |outcomes: &mut Outcomes, minute, late| {
            outcomes.note(at(minute), true, false);
            if late {
                outcomes.was_late();
            }
        };
        answer(&mut outcomes, 0, true);
        answer(&mut outcomes, 1, true);
        assert!(!outcomes.came_late() && !outcomes.are_late(), "slow as it may be, nothing failed");
        outcomes.note(at(2), false, false);
        outcomes.was_late();
        outcomes.note(at(3), false, false);
        answer(&mut outcomes, 4, true);
        assert!(outcomes.came_late() && !outcomes.are_late(), "once is an accident");
        answer(&mut outcomes, 5, true);
        assert!(outcomes.are_late() && !outcomes.are_good_enough(), "which is no answer to believe in");
        for minute in 6..9 {
            answer(&mut outcomes, minute, false);
        }
        assert!(!outcomes.are_late(), "most came in time");
        answer(&mut outcomes, 9, false);
        assert!(!outcomes.came_late() && !outcomes.are_good_enough(), "two of ten failed: it takes five");
        answer(&mut outcomes, 10, false);
        assert!(outcomes.are_good_enough());
    }

    #[test]
    fn three_first_flights_cut_off_within_an_hour_are_no_accident() {
        let mut outcomes = Outcomes::default();
        for minute in [0, 20, 70] {
            outcomes.note_cut_off(&cut_off(minute));
        }
        assert!(!outcomes.are_cut_off(at(70)), "the first is long ago");
        outcomes.note_cut_off(&cut_off(70));
        assert!(!outcomes.are_cut_off(at(70)), "the same trouble");
        outcomes.note_cut_off(&cut_off(75));
        assert!(outcomes.are_cut_off(at(75)) && !outcomes.are_cut_off(at(150)));
    }
}
