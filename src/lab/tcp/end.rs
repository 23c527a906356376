//! What the kernel at one end of a connection holds.

use super::gate::SEGMENT;
use bytes::Bytes;
use std::collections::VecDeque;
use std::io::ErrorKind;
use std::task::Waker;
use std::time::Duration;
use tokio::time::Instant;

/// Bytes one side may have under way and unread.
const WINDOW: usize = 1 << 20;
/// The first retransmission comes no sooner; each next one waits twice as long.
const SHORTEST_RTO: Duration = Duration::from_millis(200);

/// The first wait before a retransmission after one sample of the round trip (RFC 6298 §2.2, the minimum as Linux has
/// it).
pub(super) fn first_rto(rtt: Duration) -> Duration {
    SHORTEST_RTO.max(rtt * 3)
}

/// What is sent, in order.
#[derive(Debug)]
pub(super) enum Chunk {
    Data(Bytes),
    Fin,
}

impl Chunk {
    pub(super) fn payload(&self) -> &[u8] {
        match self {
            Self::Data(bytes) => bytes,
            Self::Fin => &[],
        }
    }
    pub(super) fn segments(&self) -> u32 {
        u32::try_from(self.payload().len().div_ceil(SEGMENT).max(1)).unwrap_or(u32::MAX)
    }
}

/// What one kernel holds.
pub(super) struct End {
    pub(super) acked: u64,
    pub(super) unacked: u32,
    pub(super) retransmits: u32,
    /// Lost, or waiting behind something lost; in order.
    pub(super) held: VecDeque<Chunk>,
    pub(super) rto: Duration,
    /// What this end sends arrives no sooner than what it sent before.
    pub(super) next_arrival: Instant,
    pub(super) tries: u32,
    pub(super) timer: bool,
    pub(super) room: usize,
    pub(super) shut: bool,
    pub(super) inbox: VecDeque<Bytes>,
    pub(super) received: u64,
    pub(super) last_data: Instant,
    pub(super) ended: bool,
    pub(super) error: Option<ErrorKind>,
    pub(super) closed: bool,
    pub(super) reader: Option<Waker>,
    pub(super) writer: Option<Waker>,
}

impl End {
    pub(super) fn new(rtt: Duration, now: Instant) -> Self {
        Self {
            acked: 1,
            unacked: 0,
            retransmits: 0,
            held: VecDeque::new(),
            rto: first_rto(rtt),
            next_arrival: now,
            tries: 0,
            timer: false,
            room: WINDOW,
            shut: false,
            inbox: VecDeque::new(),
            received: 0,
            last_data: now,
            ended: false,
            error: None,
            closed: false,
            reader: None,
            writer: None,
        }
    }

    pub(super) fn wake(&mut self) {
        for waker in [self.reader.take(), self.writer.take()].into_iter().flatten() {
            waker.wake();
        }
    }

    pub(super) fn fail(&mut self, why: ErrorKind) {
        self.error.get_or_insert(why);
        self.held.clear();
        self.wake();
    }
}
