//! What the kernel says of one relayed connection on the person's own line, asked for now and then by the watch and
//! answered by the task that holds the socket. Tells an upload that is stuck from a server that has nothing to say:
//! what is acknowledged has arrived, and acknowledgements come back.

use crate::model::TcpFacts;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The question and the latest answer.
#[derive(Debug, Default)]
pub(super) struct Kernel {
    asked: AtomicBool,
    seen: Mutex<Option<Box<Seen>>>,
}

/// The kernel's latest answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// When, since the flow's start.
    pub(super) at: Duration,
    /// Bytes from the client that the socket had taken by then.
    pub(super) up: u64,
    /// Bytes the far end has acknowledged.
    pub(super) acked: u64,
    /// Segments on their way.
    pub(super) unacked: u32,
    /// Since when nothing of what is on its way was acknowledged, and the segments sent again until then.
    stuck: Option<(Duration, u32)>,
    retransmits: u32,
}

impl Seen {
    /// Whether all that was sent has arrived.
    pub(super) const fn all_arrived(&self) -> bool {
        self.unacked == 0
    }

    /// For how long nothing was acknowledged though it was sent again.
    pub(super) fn stuck_for(&self) -> Option<Duration> {
        let (since, before) = self.stuck?;
        (self.retransmits > before).then(|| self.at.saturating_sub(since))
    }
}

impl Kernel {
    /// Asks; who holds the socket answers when it is woken next.
    pub(super) fn ask(&self) {
        self.asked.store(true, Ordering::Release);
    }

    /// Whether there is a question.
    pub(super) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Acquire)
    }

    /// The answer: at `at`, with `up` bytes given to the socket.
    pub(super) fn answer(&self, at: Duration, up: u64, facts: Option<TcpFacts>) {
        self.asked.store(false, Ordering::Release);
        let Some(facts) = facts else { return };
        let mut seen = self.lock();
        let before = seen.as_ref().filter(|before| facts.unacked > 0 && before.acked == facts.bytes_acked);
        let stuck = before.and_then(|before| before.stuck).or((facts.unacked > 0).then_some((at, facts.retransmits)));
        let (acked, unacked, retransmits) = (facts.bytes_acked, facts.unacked, facts.retransmits);
        *seen = Some(Box::new(Seen { at, up, acked, unacked, stuck, retransmits }));
    }

    /// The latest answer.
    pub(super) fn seen(&self) -> Option<Seen> {
        self.lock().as_deref().copied()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<Seen>>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(bytes_acked: u64, unacked: u32, retransmits: u32) -> Option<TcpFacts> {
        Some(TcpFacts { bytes_acked, unacked, retransmits, ..TcpFacts::default() })
    }

    #[test]
    fn only_what_is_sent_again_without_progress_is_stuck() {
        let kernel = Kernel::default();
        let tell = |at, facts| {
            kernel.answer(Duration::from_secs(at), 900, facts);
            kernel.seen().unwrap().stuck_for()
        };
        assert_eq!(tell(1, facts(100, 2, 0)), None);
        assert_eq!(tell(2, facts(100, 2, 0)), None, "under way");
        assert_eq!(tell(3, facts(100, 2, 1)), Some(Duration::from_secs(2)));
        assert_eq!(tell(4, facts(150, 2, 2)), None, "some of it arrived");
        assert_eq!(tell(6, facts(150, 2, 3)), Some(Duration::from_secs(2)));
        assert_eq!(tell(7, facts(950, 0, 3)), None);
        assert!(kernel.seen().unwrap().all_arrived());
    }
}
