//! Where the client is and how long it has been there. A connection is tied to a place and to the memory of its NAT:
//! when the client sleeps for long or goes elsewhere, what was up is dead, and nobody says so until something is sent.

use super::Place;
use crate::lab::tcp::{Gate, Passage, Side};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::time::Instant;

/// The ties of everything that is up; clones are the same.
#[derive(Clone, Default)]
pub(super) struct Ties(Arc<Counts>);

#[derive(Default)]
struct Counts {
    /// How often all connections were cut.
    cut: AtomicU64,
    /// How often the client went elsewhere.
    moved: AtomicU64,
    away: AtomicBool,
}

/// Where an attempt to connect began.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Footing(u64);

impl Ties {
    /// The client wakes from a long sleep.
    pub(super) fn cut(&self) {
        self.0.cut.fetch_add(1, Ordering::Relaxed);
    }

    /// The client is at `place` from now on.
    pub(super) fn move_to(&self, place: Place) {
        self.0.away.store(place == Place::Cafe, Ordering::Relaxed);
        self.0.moved.fetch_add(1, Ordering::Relaxed);
        self.cut();
    }

    /// Where the client is.
    pub(super) fn place(&self) -> Place {
        if self.0.away.load(Ordering::Relaxed) { Place::Cafe } else { Place::Home }
    }

    /// Where the client stands now.
    pub(super) fn footing(&self) -> Footing {
        Footing(self.0.moved.load(Ordering::Relaxed))
    }

    /// A connection that lives as long as its ties.
    pub(super) fn tie<G: Gate>(&self, gate: G) -> Tied<G> {
        Tied { ties: self.clone(), since: self.0.cut.load(Ordering::Relaxed), gate }
    }
}

/// A gate that nothing passes any more once the ties are cut.
pub(super) struct Tied<G> {
    ties: Ties,
    since: u64,
    gate: G,
}

impl<G> Tied<G> {
    fn is_cut(&self) -> bool {
        self.ties.0.cut.load(Ordering::Relaxed) != self.since
    }
}

impl<G: Gate> Gate for Tied<G> {
    fn burst(&mut self, from: Side, payload: &[u8], now: Instant) -> Passage {
        match (self.is_cut(), from) {
            (false, _) => self.gate.burst(from, payload, now),
            // The NAT knows nothing of this connection any more.
            (true, Side::Near) => Passage::Reset,
            (true, Side::Far) => Passage::Lost,
        }
    }
    fn reset(&mut self, from: Side) -> bool {
        !self.is_cut() && self.gate.reset(from)
    }
    fn leaves(&mut self, from: Side, bytes: usize, now: Instant) -> Instant {
        self.gate.leaves(from, bytes, now)
    }
}
