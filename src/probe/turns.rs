//! Whose turn it is: which endpoint of a route is asked next, and when it was last looked at closely. The app's own
//! first choice stays until it fails; now and then another is asked, as apps do.

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

/// The memory of the rounds.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<Route, Turn>>);

#[derive(Clone, Copy, Default)]
struct Turn {
    place: usize,
    pair: Option<Moment>,
    owed: Option<SocketAddr>,
    answered: Option<Moment>,
    carried: Option<Moment>,
    silent: Option<(Moment, u32)>,
}

impl Turns {
    /// The number of the endpoint to ask; wraps around however many there are.
    pub(super) fn place(&self, route: &Route) -> usize {
        self.with(route, |turn| turn.place)
    }

    /// The endpoint was asked.
    pub(super) fn took(&self, route: &Route, answered: bool, chance: &Chance) {
        if answered {
            self.with(route, |turn| turn.silent = None);
        }
        if !answered || chance.below(WANDER) == 0 {
            self.with(route, |turn| turn.place = turn.place.wrapping_add(1));
        }
    }

    /// A question was answered.
    pub(super) fn answered(&self, route: &Route, at: Moment) {
        self.with(route, |turn| turn.answered = turn.answered.max(Some(at)));
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

    /// Where the next pair's neutral half goes before the real one.
    pub(super) fn owed(&self, route: &Route) -> Option<SocketAddr> {
        self.with(route, |turn| turn.owed)
    }

    /// Notes that a pair was not conclusive, or that it is being made up for.
    pub(super) fn owe(&self, route: &Route, address: Option<SocketAddr>) {
        self.with(route, |turn| turn.owed = address);
    }

    fn with<T>(&self, route: &Route, change: impl FnOnce(&mut Turn) -> T) -> T {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(turns.entry(route.clone()).or_default())
    }
}
