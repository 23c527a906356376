//! What is known of a tunnel, for people: when its server last proved itself, and what is wrong. Life is judged by what
//! was received, never by what is configured or was sent.

use super::lock;
use crate::model::{Cause, Failure, Stage};
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// Packets for a session of ours that was replaced may be on their way for so long.
const LEFTOVERS: Duration = Duration::from_secs(5);
/// Packets for a session that is not ours, after which another device is at work: one alone may be a straggler.
const STRANGERS: u64 = 3;

/// How long another device is remembered after it was last heard of.
const MEMORY: Duration = Duration::from_secs(600);

#[derive(Default)]
pub(super) struct Facts {
    known: Mutex<Known>,
    dialled: AtomicBool,
    bytes: AtomicU64,
    manner: Mutex<Option<&'static str>>,
}

#[derive(Default)]
struct Known {
    signed_at: Option<Instant>,
    answers: u64,
    unanswered: u64,
    strangers: u64,
    stranger_at: Option<Instant>,
    trouble: Option<Trouble>,
}

/// What is wrong with a tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The server's name has no address.
    NoAddress,
    /// No socket, or the way below does not carry packets just now.
    NoCarrier(Cause),
    /// Handshakes without an answer.
    NoAnswer {
        /// So many.
        tries: u64,
        /// The server has answered this key before.
        known_key: bool,
    },
    /// Another device has the same private key.
    KeyShared,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress => f.write_str("the server's name was not found"),
            Self::NoCarrier(cause) => write!(f, "no packet can be sent to the server ({cause})"),
            Self::NoAnswer { tries, known_key: false } => write!(
                f,
                "no answer to {tries} handshakes: the server is gone, UDP to it is blocked, or a key is wrong (a server \
                 does not answer a key it does not know)"
            ),
            Self::NoAnswer { tries, known_key: true } => write!(
                f,
                "no answer to {tries} handshakes, though this key was answered before: the server is gone or UDP to it is \
                 blocked"
            ),
            Self::KeyShared => f.write_str(
                "the server also answers another device that uses this private key; each device needs a key of its own",
            ),
        }
    }
}

impl Facts {
    /// Bytes came that the peer's key vouches for.
    pub(super) fn received(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// How many bytes have come.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Who does TCP, in words.
    pub(super) fn manner(&self) -> Option<&'static str> {
        *lock(&self.manner)
    }

    pub(super) fn works_by(&self, manner: &'static str) {
        *lock(&self.manner) = Some(manner);
    }

    /// Somebody dials.
    pub(super) fn dialled(&self) {
        self.dialled.store(true, Ordering::Relaxed);
    }

    pub(super) fn take_dialled(&self) -> bool {
        self.dialled.swap(false, Ordering::Relaxed)
    }

    /// The peer proved itself.
    pub(super) fn signed(&self) {
        let mut known = lock(&self.known);
        known.signed_at = Some(Instant::now());
        known.unanswered = 0;
        if known.stranger_at.is_none_or(|at| at.elapsed() > MEMORY) {
            known.strangers = 0;
            known.trouble = None;
        }
    }

    /// The peer answered a handshake.
    pub(super) fn answered(&self) {
        lock(&self.known).answers += 1;
    }

    /// So many handshakes are unanswered.
    pub(super) fn tried(&self, unanswered: u64) {
        let mut known = lock(&self.known);
        known.unanswered = unanswered;
        if unanswered >= 2 {
            known.trouble = Some(Trouble::NoAnswer { tries: unanswered, known_key: known.answers > 0 });
        }
    }

    /// Data came for a session that is not ours.
    pub(super) fn stranger(&self, session_age: Option<Duration>) {
        if session_age.is_some_and(|age| age > LEFTOVERS) {
            let mut known = lock(&self.known);
            known.strangers += 1;
            known.stranger_at = Some(Instant::now());
            if known.strangers >= STRANGERS {
                known.trouble = Some(Trouble::KeyShared);
            }
        }
    }

    /// The tunnel ended, or could not begin.
    pub(super) fn ended(&self, failure: &Failure) {
        let mut known = lock(&self.known);
        known.trouble = match (failure.stage, failure.cause) {
            (_, Cause::Interrupted) => known.trouble.filter(|trouble| *trouble == Trouble::KeyShared),
            (Stage::Resolve, _) => Some(Trouble::NoAddress),
            (Stage::Handshake, Cause::UdpNoReply) => {
                Some(Trouble::NoAnswer { tries: known.unanswered.max(1), known_key: known.answers > 0 })
            }
            (_, cause) => Some(Trouble::NoCarrier(cause)),
        };
    }

    /// What is wrong, when something is.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        lock(&self.known).trouble
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn another_device_is_told_after_several_packets_and_forgotten_in_the_end() {
        let facts = Facts::default();
        let old = Some(Duration::from_secs(60));
        (0..2).for_each(|_| facts.stranger(old));
        (0..9).for_each(|_| facts.stranger(Some(Duration::from_secs(1))));
        facts.stranger(None);
        assert_eq!(facts.trouble(), None, "leftovers of a session before are no device");
        facts.stranger(old);
        facts.signed();
        assert_eq!(facts.trouble(), Some(Trouble::KeyShared), "an answer does not unsay it");
        tokio::time::advance(MEMORY + Duration::from_secs(1)).await;
        facts.signed();
        assert_eq!(facts.trouble(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_was_answered_before_is_not_suspected() {
        let facts = Facts::default();
        facts.tried(1);
        assert_eq!(facts.trouble(), None, "one packet may be lost");
        facts.tried(2);
        assert!(facts.trouble().unwrap().to_string().contains("a key is wrong"));
        facts.answered();
        facts.signed();
        facts.tried(3);
        assert!(facts.trouble().unwrap().to_string().contains("this key was answered before"));
    }
}
