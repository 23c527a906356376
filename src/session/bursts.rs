//! TLS hellos that go out under one name over the person's own line (detection rules, T16). They are only counted, in
//! memory and under keyed hashes of the names, until several at once have been punished; then those under that name
//! take turns for a while. Before that nothing is ever held back: browsers open six at once.

use crate::judge::burst::Hellos;
use crate::model::{Moment, Sign};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// For so long hellos under a punished name take turns.
const SERIAL_FOR: Duration = Duration::from_secs(600);
/// A name without a hello for this long is forgotten, unless its hellos take turns.
const REMEMBERED: Duration = Duration::from_secs(60);
/// Names remembered before old ones are looked for.
const MANY: usize = 256;
/// How soon a hello asks again when too many are unanswered.
const AGAIN: Duration = Duration::from_millis(100);

/// The hellos lately sent, by name.
#[derive(Debug, Default)]
pub(super) struct Bursts {
    hasher: RandomState,
    names: Mutex<HashMap<u64, Name>>,
    /// How many names take turns: while none does, nobody asks.
    serial: AtomicUsize,
}

#[derive(Debug, Default)]
struct Name {
    hellos: Hellos,
    in_flight: usize,
    last: Moment,
    serial_until: Option<Moment>,
}

/// A hello that went out; in flight until it is answered or dropped.
#[derive(Debug)]
pub(super) struct Greeting {
    bursts: Arc<Bursts>,
    name: u64,
    at: Moment,
    open: bool,
}

impl Bursts {
    /// What a name is remembered as.
    pub(super) fn key(&self, name: &str) -> u64 {
        self.hasher.hash_one(name)
    }

    /// Whether hellos under any name take turns.
    pub(super) fn any_serial(&self) -> bool {
        self.serial.load(Ordering::Relaxed) > 0
    }

    /// Whether a hello may go out now, or when to ask again.
    pub(super) fn turn(&self, name: u64, now: Moment) -> Result<(), Duration> {
        let mut names = self.lock();
        let Some(known) = names.get_mut(&name) else { return Ok(()) };
        match known.serial_until {
            None => Ok(()),
            Some(until) if until <= now => {
                known.serial_until = None;
                self.serial.fetch_sub(1, Ordering::Relaxed);
                Ok(())
            }
            Some(_) => match known.hellos.may_go_at(now, known.in_flight) {
                Some(at) if at <= now => Ok(()),
                Some(at) => Err(at.since(now)),
                None => Err(AGAIN),
            },
        }
    }

    /// A hello goes out.
    pub(super) fn greet(self: &Arc<Self>, name: u64, at: Moment) -> Greeting {
        let mut names = self.lock();
        if names.len() >= MANY {
            names.retain(|_, n| n.in_flight > 0 || n.serial_until.is_some() || at.since(n.last) < REMEMBERED);
        }
        let known = names.entry(name).or_default();
        known.hellos.sent(at);
        known.in_flight += 1;
        known.last = at;
        drop(names);
        Greeting { bursts: Arc::clone(self), name, at, open: true }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Name>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Greeting {
    /// The server spoke.
    pub(super) fn answered(&mut self) {
        if let Some(known) = self.bursts.lock().get_mut(&self.name) {
            known.hellos.answered(self.at);
        }
        self.close();
    }

    /// Nothing more is waited for.
    pub(super) fn close(&mut self) {
        if std::mem::take(&mut self.open)
            && let Some(known) = self.bursts.lock().get_mut(&self.name)
        {
            known.in_flight = known.in_flight.saturating_sub(1);
        }
    }

    /// What a silence that would be a sign of `sign` is with its whole burst in view. A punished burst makes the next
    /// hellos under its name take turns.
    pub(super) fn sign(&self, sign: Sign) -> Sign {
        let mut names = self.bursts.lock();
        let Some(known) = names.get_mut(&self.name) else { return sign };
        let sign = known.hellos.sign(self.at, sign);
        if sign == Sign::BurstFrozen {
            if known.serial_until.is_none() {
                self.bursts.serial.fetch_add(1, Ordering::Relaxed);
            }
            known.serial_until = Some(known.last + SERIAL_FOR);
        }
        sign
    }
}

impl Drop for Greeting {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> Moment {
        Moment::from_millis(millis)
    }

    #[test]
    fn nothing_waits_before_a_burst_was_punished() {
        let bursts = Arc::new(Bursts::default());
        let name = bursts.key("a.example");
        let greetings: Vec<_> = (0..12).map(|n| bursts.greet(name, at(n * 10))).collect();
        assert!(!bursts.any_serial() && bursts.turn(name, at(200)).is_ok());
        assert_eq!(greetings[5].sign(Sign::HelloMuted), Sign::HelloMuted, "nothing was ever answered");
        assert!(!bursts.any_serial());
    }

    #[test]
    fn after_a_punished_burst_the_name_takes_turns_for_a_while() {
        let bursts = Arc::new(Bursts::default());
        let (name, other) = (bursts.key("a.example"), bursts.key("b.example"));
        let mut greetings: Vec<_> = (0..4).map(|n| bursts.greet(name, at(n * 100))).collect();
        greetings[..3].iter_mut().for_each(Greeting::answered);
        assert_eq!(greetings[3].sign(Sign::HelloDropped), Sign::BurstFrozen);
        drop(greetings);
        assert!(bursts.any_serial() && bursts.turn(other, at(400)).is_ok());
        assert_eq!(bursts.turn(name, at(400)), Err(Duration::from_millis(400)), "half a second after the last one");
        let _first = bursts.greet(name, at(1_000));
        let mut second = bursts.greet(name, at(1_600));
        assert_eq!(bursts.turn(name, at(9_000)), Err(AGAIN), "two are unanswered");
        second.answered();
        assert!(bursts.turn(name, at(9_000)).is_ok());
        assert!(bursts.turn(name, at(601_000)).is_ok() && !bursts.any_serial(), "it passes");
    }

    #[test]
    fn names_are_forgotten() {
        let bursts = Arc::new(Bursts::default());
        for n in 0..2_000_u64 {
            drop(bursts.greet(bursts.key(&n.to_string()), at(n * 1_000)));
        }
        assert!(bursts.lock().len() <= MANY);
    }
}
