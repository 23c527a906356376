//! An app that comes back again and again (detection rules §3.7). Short connections are ordinary: browsers open
//! them, polls end them. So only those count that got nothing: no byte of an answer, or none to the last question,
//! although the client waited; four of them within a minute are a sign, told once.

use super::report::{self, Told};
use crate::model::{EndpointTag, Moment, Route, Sign, Twin};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// So many …
const OFTEN: usize = 4;
/// … within this time.
const WITHIN: Duration = Duration::from_secs(60);
/// A longer connection is not short.
const SHORT: Duration = Duration::from_secs(15);
/// Who leaves sooner has changed his mind.
const CANCELLED: Duration = Duration::from_secs(3);

/// The fruitless short connections of each route.
#[derive(Debug, Default)]
pub(super) struct Habits(Mutex<HashMap<Route, VecDeque<Moment>>>);

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
        let mut routes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
}
