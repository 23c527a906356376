//! Whose turn it is: which endpoint of a route is asked next, and when it was last looked at closely. The app's own
//! first choice stays until it fails; now and then another is asked, as apps do. What fails is asked for in pairs of
//! places, each of them twice before the next pair: a verdict wants two endpoints that failed twice.

use super::Chance;
use crate::model::{Moment, Route};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// One in so many answers moves on to the next endpoint.
const WANDER: usize = 4;

/// Silences further apart than this are two.
const SILENCE: Duration = Duration::from_secs(1800);

impl Turn {
    fn place(&self) -> usize {
        let (pair, within) = (self.failed / TWO_TWICE.len() * 2, self.failed % TWO_TWICE.len());
        self.first.wrapping_add(pair).wrapping_add(TWO_TWICE.get(within).copied().unwrap_or(0))
    }
}

/// The memory of the rounds.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<Route, Turn>>);

/// While nothing answers: which of four questions goes where, counted from the first place.
const TWO_TWICE: [usize; 4] = [0, 1, 1, 0];

/// What a pair that was not conclusive left to be asked, neutral half first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owed {
    /// The endpoint's number, as in [`Turns::place`].
    place: usize,
    /// Its address, where that is known.
    pub(super) address: Option<SocketAddr>,
}

#[derive(Clone, Copy, Default)]
struct Turn {
    /// The endpoint that was asked when one last answered.
    first: usize,
    /// How many questions have failed since.
    failed: usize,
    /// The endpoint asked last.
    asked: usize,
    pair: Option<Moment>,
    owed: Option<Owed>,
    answered: Option<Moment>,
    carried: Option<Moment>,
    missed: Option<Moment>,
    silent: Option<(Moment, u32)>,
}

impl Turns {
    /// The number of the endpoint to ask next; wraps around however many there are.
    pub(super) fn place(&self, route: &Route) -> usize {
        self.with(route, |turn| turn.owed.map_or_else(|| turn.place(), |owed| owed.place))
    }

    /// The same, and it is being asked.
    pub(super) fn take_place(&self, route: &Route) -> usize {
        let place = self.place(route);
        self.with(route, |turn| turn.asked = place);
        place
    }

    /// The endpoint was asked.
    pub(super) fn took(&self, route: &Route, answered: bool, chance: &Chance) {
        let wanders = answered && chance.below(WANDER) == 0;
        self.with(route, |turn| {
            if answered {
                turn.silent = None;
                (turn.first, turn.failed) = (turn.asked.wrapping_add(usize::from(wanders)), 0);
            } else {
                turn.failed = turn.failed.wrapping_add(1);
            }
        });
    }

    /// A question was answered.
    pub(super) fn answered(&self, route: &Route, at: Moment) {
        self.with(route, |turn| turn.answered = turn.answered.max(Some(at)));
    }

    /// Another facet's object, which was to tell of this route, could not be reached.
    pub(super) fn missed(&self, route: &Route, at: Moment) {
        self.with(route, |turn| turn.missed = Some(at));
    }

    /// Whether that was so since `since`.
    pub(super) fn has_missed(&self, route: &Route, since: Moment) -> bool {
        self.with(route, |turn| turn.missed.is_some_and(|at| at >= since))
    }

    /// A whole body came.
    pub(super) fn carried(&self, route: &Route, at: Moment) {
        self.with(route, |turn| turn.carried = turn.carried.max(Some(at)));
    }

    /// Whether a whole body has come there since then.
    pub(super) fn has_carried(&self, route: &Route, since: Moment) -> bool {
        self.with(route, |turn| turn.carried.is_some_and(|at| at >= since))
    }

    /// Whether the same question was answered on another way since then.
    pub(super) fn is_answered(&self, route: &Route, since: Moment) -> bool {
        let turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        turns.iter().any(|(other, turn)| {
            let same = (&other.service, other.facet, other.l4) == (&route.service, route.facet, route.l4);
            same && other.transport != route.transport && turn.answered.is_some_and(|at| at >= since)
        })
    }

    /// Since when, and for how many packets, nothing came back: `sent` more since `began`. What came back to somebody
    /// since, at `good`, ends a silence.
    pub(super) fn silent(&self, route: &Route, began: Moment, sent: u32, good: Option<Moment>) -> (Moment, u32) {
        self.with(route, |turn| {
            let before =
                turn.silent.filter(|(since, _)| good.is_none_or(|at| at < *since) && began.since(*since) <= SILENCE);
            let (since, so_far) = before.unwrap_or((began, 0));
            *turn.silent.insert((since, so_far.saturating_add(sent)))
        })
    }

    /// When the last pair about this route was begun.
    pub(super) fn last_pair(&self, route: &Route) -> Option<Moment> {
        self.with(route, |turn| turn.pair)
    }

    /// A pair is begun.
    pub(super) fn paired(&self, route: &Route, now: Moment) {
        self.with(route, |turn| turn.pair = Some(now));
    }

    /// What an earlier pair left to be asked, which is thereby being made up for.
    pub(super) fn settle(&self, route: &Route) -> Option<Owed> {
        self.with(route, |turn| turn.owed.take())
    }

    /// A pair about what was asked last was not conclusive.
    pub(super) fn owe(&self, route: &Route, address: Option<SocketAddr>) {
        self.with(route, |turn| turn.owed = Some(Owed { place: turn.asked, address }));
    }

    fn with<T>(&self, route: &Route, change: impl FnOnce(&mut Turn) -> T) -> T {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(turns.entry(route.clone()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Facet, L4};

    fn route() -> Route {
        Route { service: "signal".into(), facet: Facet::Text, transport: "direct".into(), l4: L4::Tcp }
    }

    #[test]
    fn what_fails_is_asked_for_twice_each_and_what_answers_stays() {
        let (turns, chance) = (Turns::default(), Chance::seeded(1));
        let places: Vec<usize> = (0..8)
            .map(|_| {
                let place = turns.take_place(&route());
                turns.took(&route(), false, &chance);
                place
            })
            .collect();
        assert_eq!(places, [0, 1, 1, 0, 2, 3, 3, 2]);
        turns.take_place(&route());
        turns.took(&route(), true, &chance);
        let places: Vec<usize> = (0..20)
            .map(|_| {
                turns.took(&route(), true, &chance);
                turns.take_place(&route())
            })
            .collect();
        assert!(places.is_sorted() && places.windows(2).any(|two| two[0] == two[1]), "what answered: {places:?}");
        assert!(places.first() < places.last(), "now and then another: {places:?}");
    }

    #[test]
    fn what_is_owed_is_asked_where_it_was_asked() {
        let turns = Turns::default();
        turns.take_place(&route());
        turns.took(&route(), false, &Chance::seeded(1));
        turns.owe(&route(), None);
        assert_eq!(turns.place(&route()), 0);
        assert_eq!(turns.settle(&route()), Some(Owed { place: 0, address: None }));
        assert_eq!((turns.place(&route()), turns.settle(&route())), (1, None));
    }
}
