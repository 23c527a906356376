//! TLS hellos that go out under one name over the person's own line (detection rules, T16). They are counted, in memory
//! and under keyed hashes of the names. Of a listed service the fourth of a burst waits for less than half a second, so
//! that it is none: that costs next to nothing, and a punishment two minutes. Hellos to everything else are not held
//! back: browsers open six at once. When several at once have been punished, those under that name take turns for a while.

use crate::judge::burst::{Hellos, PAUSE};
use crate::model::{Moment, Sign};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
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
    /// How many names take turns …
    serial: AtomicUsize,
    /// … and until when there was a burst of any name, in milliseconds: while there is neither, nobody asks.
    crowd: AtomicU64,
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

    /// Whether a hello, of whatever name, may have to wait.
    pub(super) fn may_hold(&self, now: Moment) -> bool {
        self.serial.load(Ordering::Relaxed) > 0 || now.as_millis() < self.crowd.load(Ordering::Relaxed)
    }

    /// A hello goes out if it may now; else when to ask again. `spaced`: it must not be the fourth of a burst.
    pub(super) fn admit(self: &Arc<Self>, name: u64, now: Moment, spaced: bool) -> Result<Greeting, Duration> {
        let mut names = self.lock();
        if let Some(known) = names.get_mut(&name) {
            if known.serial_until.is_some_and(|until| until <= now) {
                known.serial_until = None;
                self.serial.fetch_sub(1, Ordering::Relaxed);
            }
            let at = match known.serial_until {
                Some(_) => known.hellos.may_go_at(now, known.in_flight).unwrap_or(now + AGAIN),
                None if spaced => known.hellos.breaks_off_at(now),
                None => now,
            };
            if at > now {
                return Err(at.since(now));
            }
        }
        Ok(self.sent(&mut names, name, now))
    }

    /// A hello goes out.
    pub(super) fn greet(self: &Arc<Self>, name: u64, at: Moment) -> Greeting {
        self.sent(&mut self.lock(), name, at)
    }

    fn sent(self: &Arc<Self>, names: &mut HashMap<u64, Name>, name: u64, at: Moment) -> Greeting {
        if names.len() >= MANY {
            names.retain(|_, n| n.in_flight > 0 || n.serial_until.is_some() || at.since(n.last) < REMEMBERED);
        }
        let known = names.entry(name).or_default();
        known.hellos.sent(at);
        known.in_flight += 1;
        known.last = at;
        if known.hellos.breaks_off_at(at) > at {
            self.crowd.fetch_max((at + PAUSE).as_millis(), Ordering::Relaxed);
        }
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

    /// When a hello under `name` may go, tried at `millis`; it goes if that is now.
    fn wait(bursts: &Arc<Bursts>, name: u64, millis: u64, spaced: bool) -> Duration {
        bursts.admit(name, at(millis), spaced).err().unwrap_or_default()
    }

    #[test]
    fn three_of_a_name_go_at_once_and_the_fourth_waits_for_the_pause() {
        let bursts = Arc::new(Bursts::default());
        let (name, other) = (bursts.key("a.example"), bursts.key("b.example"));
        let waits = [0, 5, 10, 15, 20].map(|millis| wait(&bursts, name, millis, true).as_millis());
        assert_eq!(waits, [0, 0, 0, 445, 440]);
        assert!(bursts.may_hold(at(400)) && wait(&bursts, other, 25, true).is_zero());
        assert!(wait(&bursts, name, 30, false).is_zero(), "what is not listed never waits");
        let after = [480, 485, 490, 495].map(|millis| wait(&bursts, name, millis, true).as_millis());
        assert_eq!(after, [0, 0, 0, 445]);
        assert!(!bursts.may_hold(at(5_000)));
    }

    #[test]
    fn nothing_takes_turns_before_a_burst_was_punished() {
        let bursts = Arc::new(Bursts::default());
        let name = bursts.key("a.example");
        let greetings: Vec<_> = (0..12).map(|n| bursts.greet(name, at(n * 10))).collect();
        assert!(wait(&bursts, name, 200, false).is_zero());
        assert_eq!(greetings[5].sign(Sign::HelloMuted), Sign::HelloMuted, "nothing was ever answered");
        assert!(!bursts.may_hold(at(1_000)));
    }

    #[test]
    fn after_a_punished_burst_the_name_takes_turns_for_a_while() {
        let bursts = Arc::new(Bursts::default());
        let (name, other) = (bursts.key("a.example"), bursts.key("b.example"));
        let mut greetings: Vec<_> = (0..4).map(|n| bursts.greet(name, at(n * 100))).collect();
        greetings[..3].iter_mut().for_each(Greeting::answered);
        assert_eq!(greetings[3].sign(Sign::HelloDropped), Sign::BurstFrozen);
        drop(greetings);
        assert!(bursts.may_hold(at(2_000)) && wait(&bursts, other, 400, false).is_zero());
        assert_eq!(wait(&bursts, name, 400, false), Duration::from_millis(400), "half a second after the last one");
        let _first = bursts.greet(name, at(1_000));
        let mut second = bursts.greet(name, at(1_600));
        assert_eq!(wait(&bursts, name, 9_000, false), AGAIN, "two are unanswered");
        second.answered();
        assert!(wait(&bursts, name, 9_000, false).is_zero());
        assert!(wait(&bursts, name, 601_000, false).is_zero() && !bursts.may_hold(at(602_000)), "it passes");
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
