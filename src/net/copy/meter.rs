//! Counts what flows through a relay, and when it last did.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// Counts what flows, for whoever watches over the connection. Shared by reference; writers never wait.
#[derive(Debug)]
pub struct FlowMeter {
    start: Instant,
    up: Count,
    down: Count,
}

#[derive(Debug, Default)]
struct Count {
    bytes: AtomicU64,
    /// Milliseconds from the meter's start to the last byte.
    last: AtomicU64,
}

impl FlowMeter {
    /// A meter that starts now.
    pub fn new() -> Self {
        Self { start: Instant::now(), up: Count::default(), down: Count::default() }
    }

    /// Bytes from the client that the server's stream has taken.
    pub fn up(&self) -> u64 {
        self.up.bytes.load(Ordering::Relaxed)
    }

    /// Bytes that have come from the server.
    pub fn down(&self) -> u64 {
        self.down.bytes.load(Ordering::Relaxed)
    }

    /// Time since the last byte from the client (since the start, when none has come).
    pub fn since_up(&self) -> Duration {
        self.since(&self.up)
    }

    /// Time since the last byte from the server (since the start, when none has come).
    pub fn since_down(&self) -> Duration {
        self.since(&self.down)
    }

    /// Counts bytes that passed outside the relay: a replayed first flight, for example.
    pub fn add_up(&self, bytes: usize) {
        self.add(&self.up, bytes);
    }

    /// Counts bytes from the server that passed outside the relay.
    pub fn add_down(&self, bytes: usize) {
        self.add(&self.down, bytes);
    }

    fn since(&self, count: &Count) -> Duration {
        self.start.elapsed().saturating_sub(Duration::from_millis(count.last.load(Ordering::Relaxed)))
    }

    fn add(&self, count: &Count, bytes: usize) {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        count.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        count.last.store(now, Ordering::Relaxed);
    }
}

impl Default for FlowMeter {
    fn default() -> Self {
        Self::new()
    }
}
