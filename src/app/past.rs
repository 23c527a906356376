//! What `report` and its export are made of: the journal, and what a running byway knows beside it.

use super::Byway;
use crate::board::RouteStory;
use crate::config::Settings;
use crate::control::report::{self, Account, Measurement, Present, Window};
use crate::control::{Clock, Entry, Refusal, RefusalCode, Stamp};
use crate::journal::{self, Filter, History};
use crate::model::Service;
use std::time::Duration;

/// The account of the last `since`, from a running byway.
pub(super) async fn account(byway: &Byway, since: Duration) -> Result<Account, Refusal> {
    let generation = byway.generation.load_full();
    if generation.settings.history.history == History::Off {
        return Err(Refusal::new(RefusalCode::NotAllowed, HISTORY_IS_OFF));
    }
    // All there is: what held when the window began was recorded before it.
    let entries = byway.journal.query(Filter::default()).await;
    let entries: Vec<_> = entries.into_iter().map(Entry::from).collect();
    Ok(report::account(&entries, Some(&present(byway)), &services(&generation.settings), window(since, Stamp::now())))
}

/// What no history can tell of.
pub(super) const HISTORY_IS_OFF: &str = "the history is off: set history = \"memory\" or \"disk\" in the configuration";

/// What a running byway knows beside its journal.
fn present(byway: &Byway) -> Present {
    let clock = clock(byway);
    let snapshot = byway.board.snapshot();
    let standings = snapshot.standings.iter();
    Present {
        began: clock.wall.before(byway.began.elapsed()),
        standings: standings
            .map(|(route, standing)| (route.clone(), standing.phase, clock.stamp(standing.since)))
            .collect(),
        carried: byway.counted.so_far(&byway.sessions),
    }
}

/// The tests of the direct way over the last `since`, in OONI's format.
pub(super) async fn measurements(byway: &Byway, since: Duration) -> Vec<Measurement> {
    let generation = byway.generation.load_full();
    let mut stories: Vec<(&Service, Vec<RouteStory>)> = Vec::new();
    for service in services(&generation.settings) {
        stories.push((service, byway.board.story(&service.id).await));
    }
    let clock = clock(byway);
    report::measurements(clock, clock.wall.before(since), &stories)
}

/// The account of the last `since` from the history on disk, while no byway runs.
pub(super) fn account_on_disk(settings: &Settings, since: Duration) -> Result<Account, PastError> {
    let History::Disk(folder) = &settings.history.history else { return Err(PastError::NotOnDisk) };
    let entries = journal::read(folder, &Filter::default())?;
    let entries: Vec<_> = entries.into_iter().map(Entry::from).collect();
    Ok(report::account(&entries, None, &services(settings), window(since, Stamp::now())))
}

/// Why there is no account.
#[derive(Debug, thiserror::Error)]
pub(super) enum PastError {
    /// Nothing outlives the process.
    #[error("no byway is running, and without one there is no history: the configuration does not keep it on disk")]
    NotOnDisk,
    /// The history cannot be read.
    #[error(transparent)]
    Unreadable(#[from] journal::Unreadable),
}

/// What ties a byway's time line to the calendar.
pub(super) fn clock(byway: &Byway) -> Clock {
    Clock { now: byway.board.now(), wall: Stamp::now() }
}

fn services(settings: &Settings) -> Vec<&Service> {
    settings.services.iter().map(|spec| &spec.service).collect()
}

/// Whole minutes, as the journal has them.
fn window(since: Duration, until: Stamp) -> Window {
    Window { since: until.before(since), until }
}

impl Byway {
    /// Writes what is left to be written at an orderly end.
    pub(super) fn close_the_books(&self) {
        self.counted.write(&self.sessions, &self.journal);
        self.journal.append(crate::model::Record::Stopped);
    }
}
