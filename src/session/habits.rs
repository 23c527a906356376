//! An app that comes back again and again (detection rules §3.7). Short connections are ordinary: browsers open
//! them, polls end them. So only those count that got nothing: no byte of an answer, or none to the last question,
//! although the client waited; four of them within a minute are a sign, told once.

use super::report::{self, Told};
use crate::model::{EndpointTag, Keyed, Moment, Route, Sign, Twin};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// So many …
const OFTEN: usize = 4;
/// … within this time.
const WITHIN: Duration = Duration::from_secs(60);
/// A longer connection is not short.
const SHORT: Duration = Duration::from_secs(15);
/// Who leaves sooner has changed his mind.
pub(super) const CANCELLED: Duration = Duration::from_secs(3);

/// Who leaves after a silence of this length …
const SILENT: Duration = Duration::from_secs(8);
/// … up to this one has waited for something; one that was longer was a pause.
const PAUSED: Duration = Duration::from_secs(60);
/// So soon an app connects again that misses something.
const AT_ONCE: Duration = Duration::from_secs(3);
/// Past so many bytes transfers do not freeze (T9).
const FREEZES_WITHIN: u64 = 100 << 10;

/// What the clients of each route do.
#[derive(Debug, Default)]
pub(super) struct Habits {
    /// The fruitless short connections.
    barren: Mutex<Keyed<Route, VecDeque<Moment>>>,
    /// When the last connection was left that had fallen silent.
    left: Mutex<Keyed<Route, Moment>>,
}

/// A connection that its client has just left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parting {
    /// When it had begun.
    pub(super) began: Moment,
    /// Bytes that had come.
    pub(super) down: u64,
    /// How long ago the last of them came.
    pub(super) silent: Duration,
}

impl Habits {
    /// A client left after `waited` without an answer.
    pub(super) fn barren(&self, told: &Told<'_>, waited: Duration, endpoint: Option<EndpointTag>) {
        let now = told.board.now();
        let short = now.since(told.start.moment) < SHORT;
        if short && waited >= CANCELLED && self.is_often(told.route.clone(), now) {
            report::sign(told, Sign::Reconnecting, endpoint, Twin::Unknown);
        }
    }

    fn is_often(&self, route: Route, now: Moment) -> bool {
        let mut routes = self.barren.lock().unwrap_or_else(PoisonError::into_inner);
        let times = routes.entry(route).or_default();
        times.retain(|at| now.since(*at) <= WITHIN);
        times.push_back(now);
        let often = times.len() >= OFTEN;
        if often {
            times.clear();
        }
        often
    }
}

impl Habits {
    /// A client left a connection. Told when it was silent, and the one before it as well, after which it came at once.
    /// Polls end like that too, so it is a reason to look and no more.
    pub(super) fn left(&self, told: &Told<'_>, parting: Parting, endpoint: Option<EndpointTag>) {
        if self.is_again(told.route.clone(), parting, told.board.now()) {
            report::sign(told, Sign::Left, endpoint, Twin::Unknown);
        }
    }

    fn is_again(&self, route: Route, parting: Parting, now: Moment) -> bool {
        let stopped = (1..=FREEZES_WITHIN).contains(&parting.down) && (SILENT..=PAUSED).contains(&parting.silent);
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if !stopped {
            if !left.is_empty() {
                left.remove(&route);
            }
            return false;
        }
        let before = left.insert(route, now);
        // That it was left is noticed a moment later.
        before.is_some_and(|before| parting.began + AT_ONCE >= before && parting.began.since(before) <= AT_ONCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Facet, L4};

    #[test]
    fn four_within_a_minute_are_told_once() {
        let habits = Habits::default();
        let route = Route { service: "signal".into(), facet: Facet::Text, transport: "direct".into(), l4: L4::Tcp };
        let often = |secs: u64| habits.is_often(route.clone(), Moment::from_millis(secs * 1000));
        assert_eq!([0, 10, 20, 30, 40, 50].map(often), [false, false, false, true, false, false]);
        assert_eq!([200, 230, 262, 300].map(often), [false; 4], "never four in a minute");
    }

    #[test]
    fn only_who_comes_again_at_once_after_a_silence_misses_something() {
        let route = Route { service: "signal".into(), facet: Facet::Text, transport: "direct".into(), l4: L4::Tcp };
        let at = |secs: u64| Moment::from_millis(secs * 1000);
        let parting = |began: u64, down: u64, silent: u64| Parting {
            began: at(began),
            down,
            silent: Duration::from_secs(silent),
        };
        for (what, first, second, told) in [
            ("a photo that does not come", parting(0, 16_500, 15), parting(21, 16_500, 15), true),
            ("a poll now and then", parting(0, 4_000, 15), parting(60, 4_000, 15), false),
            ("somebody who read on", parting(0, 4_000, 300), parting(21, 4_000, 15), false),
            ("a download that ended", parting(0, 4_000, 15), parting(21, 400_000, 15), false),
            ("a page and the next", parting(0, 4_000, 1), parting(21, 4_000, 1), false),
        ] {
            let habits = Habits::default();
            assert!(!habits.is_again(route.clone(), first, at(20)), "{what}");
            assert_eq!(habits.is_again(route.clone(), second, at(40).max(second.began)), told, "{what}");
        }
    }
}
