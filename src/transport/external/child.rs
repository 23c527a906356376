//! A program as the ways see it: is it up, what is wrong with it, whose is it. One and the same program serves the ways of
//! one configuration and, unchanged, those of the next.

use super::contract::{Door, Recipe};
use super::patience;
use super::supervise::{End, supervise};
use crate::model::{Cause, Failure, Stage, TransportId, Whose};
use crate::net::Deadline;
use crate::transport::Life;
use crate::transport::direct::Direct;
use crate::transport::socks5::silent;
use futures_util::future::join_all;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How a program fares.
#[derive(Clone, Debug)]
pub(super) enum State {
    /// Nobody has asked for it yet.
    Resting,
    Starting,
    Ready(Door),
    /// It ended, and is started again then.
    Waiting {
        end: End,
        until: Instant,
        ends: u32,
        last_words: Option<String>,
    },
    /// It was told to end, and did.
    Stopped,
}

/// What a program's supervisor and its ways both know.
pub(super) struct Shared {
    state: watch::Sender<State>,
    hurry: Notify,
}

impl Shared {
    pub(super) fn is(&self, state: State) {
        self.state.send_replace(state);
    }

    /// Waits until there is a reason to try again at once. Cancel-safe.
    pub(super) async fn hurried(&self) {
        self.hurry.notified().await;
    }
}

/// A program, running or not. When nobody holds it any more, it is ended.
pub(super) struct Child {
    recipe: Arc<Recipe>,
    shared: Arc<Shared>,
    inner: Arc<Direct>,
    stop: CancellationToken,
    /// Who had this name before.
    predecessor: Weak<Self>,
    begun: OnceLock<()>,
}

impl Child {
    fn new(recipe: Recipe, inner: Arc<Direct>, predecessor: Weak<Self>) -> Self {
        let (shared, stop) =
            (Shared { state: watch::Sender::new(State::Resting), hurry: Notify::new() }, CancellationToken::new());
        Self { recipe: Arc::new(recipe), shared: Arc::new(shared), inner, stop, predecessor, begun: OnceLock::new() }
    }

    /// Where it is to be reached, once it is ready. Starts it where nobody has. Does not wait for a program that ended:
    /// another way is to be taken meanwhile.
    pub(super) async fn up(&self, deadline: Deadline) -> Result<Door, Failure> {
        self.begun.get_or_init(|| self.begin());
        let mut state = self.shared.state.subscribe();
        let settled = state.wait_for(|state| !matches!(state, State::Resting | State::Starting));
        let Some(Ok(state)) = deadline.run(settled).await else { return Err(silent()) };
        match &*state {
            State::Ready(door) => Ok(door.clone()),
            State::Waiting { .. } => Err(unusable()),
            State::Resting | State::Starting | State::Stopped => {
                Err(Failure::new(Stage::Connect, Cause::Interrupted, Whose::Local).near())
            }
        }
    }

    fn begin(&self) {
        let (recipe, shared) = (Arc::clone(&self.recipe), Arc::clone(&self.shared));
        let (inner, stop) = (Arc::clone(&self.inner), self.stop.clone());
        let place = |child: &Arc<Self>| child.recipe.fixed().filter(|at| Some(*at) == self.recipe.fixed());
        // Both would want the same place, and whoever changed the configuration meant the new one.
        let in_the_way = self.predecessor.upgrade().filter(|other| place(other).is_some());
        // Ends when this program's last way is gone.
        tokio::spawn(async move {
            if let Some(other) = in_the_way {
                other.stop().await;
            }
            supervise(recipe, shared, inner, stop).await;
        });
    }

    /// Ends it for good, and waits until it has ended.
    async fn stop(&self) {
        self.stop.cancel();
        if self.begun.get().is_some() {
            let mut state = self.shared.state.subscribe();
            // An error means that its supervisor is gone, and the program with it.
            let _ = state.wait_for(|state| matches!(state, State::Stopped)).await;
        }
    }
}

impl Child {
    /// What kept it from running may be over.
    fn hurry(&self) {
        self.shared.hurry.notify_waiters();
    }
}

#[cfg(test)]
impl Child {
    /// How often in a row it has ended.
    pub(super) fn ends(&self) -> Option<u32> {
        match &*self.shared.state.borrow() {
            State::Waiting { ends, .. } => Some(*ends),
            _ => None,
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The program is not there to carry anything, as when a proxy's port is closed.
pub(super) const fn unusable() -> Failure {
    Failure::new(Stage::Connect, Cause::ConnectionRefused, Whose::Peer).near()
}

impl Life for Child {
    fn trouble(&self) -> Option<String> {
        let State::Waiting { end, until, ends, last_words } = &*self.shared.state.borrow() else { return None };
        let secs = until.saturating_duration_since(Instant::now()).as_secs().max(1);
        let said = last_words.as_ref().map_or_else(String::new, |said| format!(", saying \"{said}\""));
        Some(if *ends >= patience::LOOP {
            format!("crash loop: {end}{said}, {ends} times in a row; tried again in {secs} s")
        } else {
            format!("{end}{said}; restarting in {secs} s")
        })
    }

    fn manner(&self) -> Option<&'static str> {
        Some(match &*self.shared.state.borrow() {
            State::Resting => "program not started yet",
            State::Starting => "program starting",
            State::Ready(_) => "program ready",
            State::Waiting { .. } => "program down",
            State::Stopped => "program stopped",
        })
    }

    fn moved(&self) {
        self.hurry();
    }
}

/// The programs of one byway.
#[derive(Default)]
pub struct Children(Mutex<Vec<(TransportId, Weak<Child>)>>);

impl Children {
    /// The program of that way: the running one where it is the same, else another.
    pub(super) fn of(&self, id: &TransportId, recipe: Recipe, inner: Arc<Direct>) -> Arc<Child> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(_, child)| child.strong_count() > 0);
        let last = known.iter().rev().find(|(name, _)| name == id).map(|(_, child)| child.clone()).unwrap_or_default();
        if let Some(same) = last.upgrade().filter(|child| *child.recipe == recipe && !child.stop.is_cancelled()) {
            // The person may have mended what kept it from running.
            same.hurry();
            return same;
        }
        let child = Arc::new(Child::new(recipe, inner, last));
        known.push((id.clone(), Arc::downgrade(&child)));
        child
    }

    /// Ends all programs, and waits until they have ended: a few seconds at most.
    pub async fn stop(&self) {
        let known = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let running: Vec<_> = known.iter().filter_map(|(_, child)| child.upgrade()).collect();
        join_all(running.iter().map(|child| child.stop())).await;
    }
}
