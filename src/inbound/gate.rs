//! The gate all doors share: how many connections are in at once, and what became of all visits. Counts only; it
//! knows nobody.

use super::door::Served;
use super::error::Error;
use super::{Protocol, Settings};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Lets connections in up to a number. Clones are the same gate.
#[derive(Clone)]
pub struct Gate {
    room: Arc<Semaphore>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    open: AtomicU64,
    visits: AtomicU64,
    socks4: AtomicU64,
    socks5: AtomicU64,
    http_connect: AtomicU64,
    http_forward: AtomicU64,
    too_slow: AtomicU64,
    gone: AtomicU64,
    strangers: AtomicU64,
    malformed: AtomicU64,
    logins_refused: AtomicU64,
    unsupported: AtomicU64,
    broken: AtomicU64,
}

/// What has come by since the start, by how it ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Visits {
    /// Connections in right now.
    pub open: u64,
    /// Connections let in, ever.
    pub visits: u64,
    /// Requests over SOCKS4 and 4a.
    pub socks4: u64,
    /// Requests over SOCKS5.
    pub socks5: u64,
    /// Visits that began with an HTTP CONNECT: their requests.
    pub http_connect: u64,
    /// Visits that began with a plain HTTP request: their requests.
    pub http_forward: u64,
    /// Clients that did not finish their request in time.
    pub too_slow: u64,
    /// Clients that closed before they asked for anything.
    pub gone: u64,
    /// Clients that speak something else.
    pub strangers: u64,
    /// Clients that broke the rules of their language.
    pub malformed: u64,
    /// Clients without the right login.
    pub logins_refused: u64,
    /// Clients that asked for what is not offered.
    pub unsupported: u64,
    /// Clients whose connection broke.
    pub broken: u64,
}

/// Room for one connection. Dropping it makes room for the next.
pub struct Pass {
    counts: Arc<Counts>,
    used: bool,
    _room: Option<OwnedSemaphorePermit>,
}

impl Gate {
    /// A gate for `settings.max_connections` at once.
    pub fn new(settings: &Settings) -> Self {
        let capacity = settings.max_connections.clamp(1, Semaphore::MAX_PERMITS);
        Self { room: Arc::new(Semaphore::new(capacity)), counts: Arc::default() }
    }

    /// Waits until there is room. To be asked before `accept`, so that who does not fit waits in the kernel's queue
    /// and holds no descriptor. Cancel-safe.
    pub async fn enter(&self) -> Pass {
        // Nobody closes the semaphore; if somebody did, the limit would be gone, not the door.
        let room = Arc::clone(&self.room).acquire_owned().await.ok();
        Pass { counts: Arc::clone(&self.counts), used: false, _room: room }
    }

    /// What has come by.
    pub fn visits(&self) -> Visits {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let c = &self.counts;
        Visits {
            open: read(&c.open),
            visits: read(&c.visits),
            socks4: read(&c.socks4),
            socks5: read(&c.socks5),
            http_connect: read(&c.http_connect),
            http_forward: read(&c.http_forward),
            too_slow: read(&c.too_slow),
            gone: read(&c.gone),
            strangers: read(&c.strangers),
            malformed: read(&c.malformed),
            logins_refused: read(&c.logins_refused),
            unsupported: read(&c.unsupported),
            broken: read(&c.broken),
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if self.used {
            self.counts.open.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Pass {
    /// The connection came; until then there is only room for it.
    pub fn used(mut self) -> Self {
        if !std::mem::replace(&mut self.used, true) {
            self.counts.open.fetch_add(1, Ordering::Relaxed);
        }
        self
    }

    /// Counts how the visit ended. What is left of it may stay on.
    pub fn ended(&self, how: &Result<Served, Error>) {
        let c = &self.counts;
        let (counter, by) = match how {
            Ok(served) => {
                let by = u64::from(served.requests);
                match served.protocol {
                    Protocol::Socks4 => (&c.socks4, by),
                    Protocol::Socks5 => (&c.socks5, by),
                    Protocol::HttpConnect => (&c.http_connect, by),
                    Protocol::HttpForward => (&c.http_forward, by),
                }
            }
            Err(Error::TooSlow(_)) => (&c.too_slow, 1),
            Err(Error::Gone) => (&c.gone, 1),
            Err(Error::Stranger(_)) => (&c.strangers, 1),
            Err(Error::Malformed(_)) => (&c.malformed, 1),
            Err(Error::Login) => (&c.logins_refused, 1),
            Err(Error::Unsupported) => (&c.unsupported, 1),
            Err(Error::Broken(_)) => (&c.broken, 1),
        };
        counter.fetch_add(by, Ordering::Relaxed);
        c.visits.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn who_does_not_fit_waits_until_somebody_leaves() {
        let gate = Gate::new(&Settings { max_connections: 2, ..Settings::default() });
        let (first, second) = (gate.enter().await.used(), gate.enter().await.used());
        assert_eq!(gate.visits().open, 2);
        let third = tokio::time::timeout(Duration::from_secs(3600), gate.enter()).await;
        assert!(third.is_err(), "a third came in");
        first.ended(&Ok(Served { protocol: Protocol::HttpForward, requests: 3 }));
        drop(first);
        let third = gate.enter().await;
        assert_eq!(gate.visits().open, 1, "room for a third, who is not there yet");
        second.ended(&Err(Error::Login));
        drop(second);
        drop(third);
        let visits = gate.visits();
        assert_eq!((visits.open, visits.visits, visits.http_forward, visits.logins_refused), (0, 2, 3, 1));
    }

    #[tokio::test]
    async fn a_gate_for_nobody_lets_one_in() {
        let gate = Gate::new(&Settings { max_connections: 0, ..Settings::default() });
        drop(gate.enter().await);
    }
}
