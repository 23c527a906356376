//! The evidence score of one route (detection rules §3.2): a number from −5 to 10 whose half-life is ten minutes.
//! Knows nothing of what is added to it; [`super::weigh`] does.
//!
//! It has four parts, because they are forgiven by different things. What small answers prove (`plain`) goes below
//! zero, a credit that outweighs stray failures. A freeze is forgiven only by 64 KB of body, a throttled window only
//! by time and by windows that turn out to be as slow as everything else, a dead tunnel server by any answer through
//! that tunnel: no credit covers these.

use crate::model::Moment;
use std::time::Duration;

/// The best a route can stand.
pub(super) const LOWEST: f64 = -5.0;
/// The worst.
pub(super) const HIGHEST: f64 = 10.0;
/// Three throttled windows; slowness alone never goes further.
const THROTTLE_MOST: f64 = 4.5;
/// Less than this is nothing: what is left of a point after half an hour and more.
const TRACE: f64 = 0.1;

/// Which part of the score points go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// What any answer forgives.
    Plain,
    /// Transfers that stopped: forgiven by a body.
    Freeze,
    /// Slowness.
    Throttle,
    /// The transport's own server, shared by all its routes.
    Near,
}

/// A score and the moment it was true.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Score {
    plain: f64,
    freeze: f64,
    throttle: f64,
    near: f64,
    at: Moment,
}

impl Score {
    pub(super) const fn new(at: Moment) -> Self {
        Self { plain: 0.0, freeze: 0.0, throttle: 0.0, near: 0.0, at }
    }

    /// The score, from [`LOWEST`] to [`HIGHEST`].
    pub(super) fn value(&self) -> f64 {
        self.sum(self.freeze + self.throttle + self.near)
    }

    /// The score without slowness, which only ever degrades a route.
    pub(super) fn without_slowness(&self) -> f64 {
        self.sum(self.freeze + self.near)
    }

    /// What counts towards "blocked": not slowness, and not our own server, which is nobody's block.
    pub(super) fn for_verdict(&self) -> f64 {
        self.sum(self.freeze)
    }

    /// What transfers that stopped count.
    pub(super) const fn froze(&self) -> f64 {
        self.freeze
    }

    /// The score with credit counted: what it would take to fall below zero.
    fn sum(&self, extra: f64) -> f64 {
        let plain = if extra > TRACE { self.plain.max(0.0) } else { self.plain };
        (plain + extra).clamp(LOWEST, HIGHEST)
    }

    /// Lets time pass until `now`.
    pub(super) fn settle(&mut self, now: Moment, half_life: Duration) {
        let left = fading(now.since(self.at), half_life);
        for part in [&mut self.plain, &mut self.freeze, &mut self.throttle, &mut self.near] {
            *part *= left;
        }
        self.at = self.at.max(now);
    }

    /// Lets time pass until `now` without fading: the link was not fit to learn anything.
    pub(super) fn skip_to(&mut self, now: Moment) {
        self.at = self.at.max(now);
    }

    /// How long until the score has faded below `level`; `None` when it is there already.
    pub(super) fn falls_below(&self, level: f64, half_life: Duration) -> Option<Duration> {
        let value = self.value();
        (value >= level && level > 0.0).then(|| half_life.mul_f64((value / level).log2()) + Duration::from_millis(2))
    }

    /// Adds points against the route.
    pub(super) fn add(&mut self, part: Part, points: f64) {
        match part {
            Part::Plain => self.plain = (self.plain + points).clamp(LOWEST, HIGHEST),
            Part::Freeze => self.freeze = (self.freeze + points).min(HIGHEST),
            Part::Throttle => self.throttle = (self.throttle + points).min(THROTTLE_MOST),
            Part::Near => self.near = (self.near + points).min(HIGHEST),
        }
    }

    /// Gives up the credit: a twin has just shown what is true now.
    pub(super) fn void_credit(&mut self) {
        self.plain = self.plain.max(0.0);
    }

    /// Takes points away for a good sign; a body also clears the freeze. Not below `floor` if it stood above it.
    pub(super) fn relieve(&mut self, points: f64, body: bool, floor: Option<f64>) {
        let before = self.value();
        self.near = 0.0;
        if body {
            self.freeze = 0.0;
        }
        self.plain = (self.plain - points).max(LOWEST);
        if let Some(floor) = floor.filter(|f| before >= *f && self.value() < *f) {
            let others = self.freeze + self.throttle;
            self.plain = (floor - others).clamp(0.0, HIGHEST);
        }
    }

    /// A window turned out to be as slow as everything else.
    pub(super) fn forgive_slowness(&mut self) {
        self.throttle = (self.throttle - 1.5).max(0.0);
    }

    /// The tunnel's server answers again.
    pub(super) fn forgive_near(&mut self) {
        self.near = 0.0;
    }

    /// Nothing is held against the route, nor for it.
    pub(super) fn zero(&mut self) {
        *self = Self::new(self.at);
    }
}

fn fading(span: Duration, half_life: Duration) -> f64 {
    if half_life.is_zero() {
        return 0.0;
    }
    (-span.as_secs_f64() / half_life.as_secs_f64()).exp2()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: Duration = Duration::from_secs(600);

    fn at(secs: u64) -> Moment {
        Moment::from_millis(secs * 1000)
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-3
    }

    #[test]
    fn half_is_gone_after_the_half_life() {
        let mut score = Score::new(at(0));
        score.add(Part::Plain, 4.0);
        score.settle(at(600), HALF);
        assert!(close(score.value(), 2.0));
        score.settle(at(300), HALF);
        assert!(close(score.value(), 2.0), "time never runs backwards");
    }

    #[test]
    fn it_says_when_it_will_have_faded() {
        let mut score = Score::new(at(0));
        score.add(Part::Plain, 4.0);
        let wait = score.falls_below(1.0, HALF).unwrap();
        score.settle(at(0) + wait, HALF);
        assert!(score.value() < 1.0 && score.falls_below(1.0, HALF).is_none());
    }

    #[test]
    fn small_answers_do_not_forgive_a_freeze() {
        let mut score = Score::new(at(0));
        score.relieve(4.0, false, None);
        score.add(Part::Freeze, 3.0);
        assert!(close(score.value(), 3.0), "no credit covers it");
        score.relieve(3.0, false, None);
        assert!(close(score.value(), 3.0));
        score.relieve(4.0, true, None);
        assert!(score.value() < 0.0);
    }

    #[test]
    fn slowness_alone_stops_at_four_and_a_half() {
        let mut score = Score::new(at(0));
        for _ in 0..10 {
            score.add(Part::Throttle, 1.5);
        }
        assert!(close(score.value(), 4.5) && close(score.without_slowness(), 0.0));
    }

    #[test]
    fn a_floor_holds_only_what_stood_above_it() {
        let mut score = Score::new(at(0));
        score.add(Part::Plain, 4.5);
        score.relieve(3.0, false, Some(2.0));
        assert!(close(score.value(), 2.0));
        score.zero();
        score.relieve(3.0, false, Some(2.0));
        assert!(close(score.value(), -3.0));
    }

    #[test]
    fn an_answer_forgives_the_dead_server() {
        let mut score = Score::new(at(0));
        score.add(Part::Near, 3.0);
        score.forgive_near();
        assert!(close(score.value(), 0.0));
    }
}
