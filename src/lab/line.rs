//! What crosses the client's line, as whoever owns that line could write it down: connections with their times and
//! bytes, datagrams, questions to the system's resolver; and, which nobody on the line could see, the names that were
//! asked over HTTPS. It watches and changes nothing.

use super::tcp::{Gate, HEADERS, Passage, SEGMENT, Side};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// Something that crossed the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Crossing {
    /// A TCP connection, or the attempt to open one.
    Connection {
        /// To whom.
        to: SocketAddr,
        /// When its first SYN left.
        opened: Instant,
        /// When it was over, if it is.
        closed: Option<Instant>,
        /// Payload and headers, both ways; what the censor swallowed was sent too.
        bytes: u64,
    },
    /// A datagram to this address.
    Datagram(SocketAddr),
    /// A question to the system's resolver.
    Question(String),
    /// A name asked of the resolver over HTTPS.
    SecureQuestion(String),
}

/// The book of the line; clones are the same.
#[derive(Clone, Default)]
pub(super) struct Line(Arc<Mutex<Vec<Crossing>>>);

impl Line {
    fn lock(&self) -> MutexGuard<'_, Vec<Crossing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything since the country began.
    pub(super) fn crossings(&self) -> Vec<Crossing> {
        self.lock().clone()
    }

    /// Writes something down.
    pub(super) fn note(&self, crossing: Crossing) {
        self.lock().push(crossing);
    }

    /// Follows a connection from its first SYN until the value is dropped.
    pub(super) fn follow(&self, to: SocketAddr) -> Followed {
        let mut crossings = self.lock();
        crossings.push(Crossing::Connection { to, opened: Instant::now(), closed: None, bytes: HEADERS as u64 });
        Followed { line: self.clone(), index: crossings.len() - 1 }
    }
}

/// A connection that is being followed.
pub(super) struct Followed {
    line: Line,
    index: usize,
}

impl Followed {
    fn with(&self, change: impl FnOnce(&mut Option<Instant>, &mut u64)) {
        if let Some(Crossing::Connection { closed, bytes, .. }) = self.line.lock().get_mut(self.index) {
            change(closed, bytes);
        }
    }

    /// The same connection watched by `gate`.
    pub(super) fn through(self, gate: impl Gate) -> impl Gate {
        // The other two packets of the handshake.
        self.with(|_, bytes| *bytes += 2 * HEADERS as u64);
        Counted { followed: self, gate }
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.with(|closed, _| *closed = Some(Instant::now()));
    }
}

/// A gate whose passages are counted.
struct Counted<G> {
    followed: Followed,
    gate: G,
}

impl<G: Gate> Gate for Counted<G> {
    fn burst(&mut self, from: Side, payload: &[u8], now: Instant) -> Passage {
        let segments = payload.len().div_ceil(SEGMENT).max(1);
        self.followed.with(|_, bytes| *bytes += (payload.len() + segments * HEADERS) as u64);
        self.gate.burst(from, payload, now)
    }
    fn reset(&mut self, from: Side) -> bool {
        self.followed.with(|_, bytes| *bytes += HEADERS as u64);
        self.gate.reset(from)
    }
    fn leaves(&mut self, from: Side, bytes: usize, now: Instant) -> Instant {
        self.gate.leaves(from, bytes, now)
    }
}
