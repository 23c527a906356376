//! Who watches the line between the two ends of a connection, and what may become of what passes.

use tokio::time::Instant;

/// Payload of one full segment: 1500 less IPv4, TCP and timestamps.
pub(in crate::lab) const SEGMENT: usize = 1448;
/// What the headers of one segment weigh on the wire.
pub(in crate::lab) const HEADERS: usize = 52;

/// The two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::lab) enum Side {
    /// Who connected.
    Near,
    /// Who accepted.
    Far,
}

impl Side {
    pub(in crate::lab) const fn other(self) -> Self {
        match self {
            Self::Near => Self::Far,
            Self::Far => Self::Near,
        }
    }
}

/// What happens to segments sent back to back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum Passage {
    /// They arrive.
    Through,
    /// The first so many bytes (whole segments) arrive, the rest is lost.
    Prefix(usize),
    /// Nothing arrives.
    Lost,
    /// Nothing arrives, and both ends are sent a reset.
    Reset,
    /// Nothing arrives, and the near end is sent an end of stream.
    End,
}

/// Who watches the line between the two ends.
pub(in crate::lab) trait Gate: Send {
    /// Decides on a burst of payload; an empty one is the end of the stream.
    fn burst(&mut self, from: Side, payload: &[u8], now: Instant) -> Passage;
    /// Whether a reset gets through.
    fn reset(&mut self, from: Side) -> bool;
    /// When a segment of so many bytes leaves the line's queue.
    fn leaves(&mut self, from: Side, bytes: usize, now: Instant) -> Instant;
}

/// Nobody watches.
pub(in crate::lab) struct Unwatched;

impl Gate for Unwatched {
    fn burst(&mut self, _: Side, _: &[u8], _: Instant) -> Passage {
        Passage::Through
    }
    fn reset(&mut self, _: Side) -> bool {
        true
    }
    fn leaves(&mut self, _: Side, _: usize, now: Instant) -> Instant {
        now
    }
}
