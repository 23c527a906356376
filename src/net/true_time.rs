//! What time it is, for judging the certificates of those who are asked for names: the system's clock, unless it was
//! shown to be wrong (control C11) by places that prove themselves. It refuses to learn from anybody but who calls
//! [`TrueTime::learn`], and never makes a certificate pass that is not valid at some one time.

use super::tls::Calendar;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;

/// The true time, where it is known better than the system's clock tells it. It runs on by itself, so that setting that
/// clock right does no harm.
#[derive(Debug, Default)]
pub struct TrueTime(Mutex<Option<(u64, Instant)>>);

impl TrueTime {
    /// It is now `unix` seconds since 1970.
    pub fn learn(&self, unix: u64) {
        *self.lock() = Some((unix, Instant::now()));
    }

    /// The system's clock is right after all, or again.
    pub fn forget(&self) {
        *self.lock() = None;
    }

    /// What was learnt, brought up to now.
    pub fn known(&self) -> Option<u64> {
        self.lock().map(|(unix, at)| unix.saturating_add(at.elapsed().as_secs()))
    }

    /// A calendar that tells what was learnt, and else what `system` says.
    pub fn calendar(self: &Arc<Self>, system: Calendar) -> Calendar {
        let known = Arc::clone(self);
        Arc::new(move || known.known().unwrap_or_else(|| system()))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(u64, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn what_was_learnt_runs_on_until_it_is_forgotten() {
        let time = Arc::new(TrueTime::default());
        let calendar = time.calendar(Arc::new(|| 7));
        assert_eq!(calendar(), 7);
        time.learn(1000);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!((calendar(), time.known()), (1060, Some(1060)));
        time.forget();
        assert_eq!((calendar(), time.known()), (7, None));
    }
}
