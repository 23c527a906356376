//! What a probe takes from outside: chance, the calendar, whether there is a way out at all. One small source each,
//! handed in, so that a test knows what comes.

use crate::model::{Cause, Failure, Stage, Whose};
use crate::net::TrueTime;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Chance, the calendar, and control C0.
#[derive(Clone)]
pub struct Sources {
    /// Random numbers.
    pub chance: Arc<Chance>,
    /// Seconds since 1970: certificates and messages carry dates.
    pub unix_now: Arc<dyn Fn() -> u64 + Send + Sync>,
    /// The true time, where the controls have shown that calendar to be wrong.
    pub true_time: Arc<TrueTime>,
    /// Whether the machine has a default route (control C0).
    pub has_default_route: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl Sources {
    /// The real ones; whether there is a default route is the operating system's to tell.
    pub fn system(has_default_route: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        let unix_now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        Self {
            chance: Arc::new(Chance::system()),
            unix_now: Arc::new(unix_now),
            true_time: Arc::default(),
            has_default_route: Arc::new(has_default_route),
        }
    }
}

/// Random bytes for keys and nonces, and small choices for jitter.
pub struct Chance {
    dice: Mutex<fastrand::Rng>,
    is_secret: bool,
}

impl Chance {
    /// Unpredictable: bytes from the cipher library's generator.
    pub fn system() -> Self {
        Self { dice: Mutex::new(fastrand::Rng::new()), is_secret: true }
    }

    /// The same choices each time, for tests and the lab.
    pub fn seeded(seed: u64) -> Self {
        Self { dice: Mutex::new(fastrand::Rng::with_seed(seed)), is_secret: false }
    }

    /// `N` random bytes. Fails only when the machine's generator does.
    pub(super) fn bytes<const N: usize>(&self) -> Result<[u8; N], Failure> {
        let mut bytes = [0; N];
        if self.is_secret {
            aws_lc_rs::rand::fill(&mut bytes)
                .map_err(|_| Failure::new(Stage::Connect, Cause::LocalResource, Whose::Local))?;
        } else {
            self.dice().fill(&mut bytes);
        }
        Ok(bytes)
    }

    /// A number below `end`; 0 when that is 0.
    pub(super) fn below(&self, end: usize) -> usize {
        if end == 0 { 0 } else { self.dice().usize(..end) }
    }

    /// A time between two others.
    pub(super) fn between(&self, least: Duration, most: Duration) -> Duration {
        least + most.saturating_sub(least).mul_f64(self.dice().f64())
    }

    /// Some of `all`, in any order.
    pub(super) fn some<'a, T>(&self, all: &'a [T], count: usize) -> Vec<&'a T> {
        let mut picked: Vec<&T> = all.iter().collect();
        self.dice().shuffle(&mut picked);
        picked.truncate(count);
        picked
    }

    fn dice(&self) -> std::sync::MutexGuard<'_, fastrand::Rng> {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
