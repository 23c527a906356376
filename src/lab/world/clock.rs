//! The client's wall clock: right, or off by some years, and set forward by every sleep. Servers know the true time.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

/// A clock that is off by some seconds.
#[derive(Debug)]
pub(super) struct Clock {
    off_by: AtomicI64,
}

impl Clock {
    pub(super) const fn new(off_by: i64) -> Self {
        Self { off_by: AtomicI64::new(off_by) }
    }

    /// Seconds since 1970, as the client believes.
    pub(super) fn now(&self) -> u64 {
        true_time().saturating_add_signed(self.off_by.load(Ordering::Relaxed))
    }

    /// The client slept while others did not.
    pub(super) fn slept(&self, span: Duration) {
        let seconds = i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
        self.off_by.fetch_add(seconds, Ordering::Relaxed);
    }
}

/// Seconds since 1970.
pub(super) fn true_time() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}
