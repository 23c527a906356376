//! What connections did since the journal was last told: gathered from the sessions, written once an hour and at an
//! orderly stop. Counts only; a finer clock would tell when somebody talks.

use crate::journal::Journal;
use crate::model::{Carried, Record, Route};
use crate::session::Sessions;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// Between two records: fine enough for a day's report, too coarse to tell a habit.
const EVERY: Duration = Duration::from_secs(3600);

/// The counts that are not in the journal yet.
pub(super) struct Counted {
    held: Mutex<Held>,
}

struct Held {
    since: Instant,
    routes: BTreeMap<Route, Carried>,
}

impl Counted {
    /// Nothing yet, since now.
    pub(super) fn new() -> Self {
        Self { held: Mutex::new(Held { since: Instant::now(), routes: BTreeMap::new() }) }
    }

    /// What is not in the journal yet, the latest included.
    pub(super) fn so_far(&self, sessions: &Sessions) -> Vec<Carried> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.take_in(sessions.carried());
        held.routes.values().cloned().collect()
    }

    /// Writes what is not in the journal yet, if it is anything.
    pub(super) fn write(&self, sessions: &Sessions, journal: &Journal) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.take_in(sessions.carried());
        let now = Instant::now();
        let secs = now.duration_since(held.since).as_secs();
        held.since = now;
        let routes: Vec<_> = std::mem::take(&mut held.routes).into_values().collect();
        drop(held);
        if !routes.is_empty() {
            journal.append(Record::Carried { secs: u32::try_from(secs).unwrap_or(u32::MAX), routes });
        }
    }
}

impl Held {
    fn take_in(&mut self, fresh: Vec<Carried>) {
        for carried in fresh {
            match self.routes.get_mut(&carried.route) {
                Some(held) => {
                    held.answered = held.answered.saturating_add(carried.answered);
                    held.saved = held.saved.saturating_add(carried.saved);
                    held.lost = held.lost.saturating_add(carried.lost);
                }
                None => {
                    self.routes.insert(carried.route.clone(), carried);
                }
            }
        }
    }
}

/// Writes once an hour, until dropped.
pub(super) async fn hourly(counted: Arc<Counted>, sessions: Arc<Sessions>, journal: Journal) {
    let mut hour = interval_at(Instant::now() + EVERY, EVERY);
    // After a sleep one record stands for all the hours.
    hour.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        hour.tick().await;
        counted.write(&sessions, &journal);
    }
}
