//! Whether our own server has ever shown that it knows us. VLESS and Trojan servers say nothing to a stranger: a stream
//! that ends without a byte may be a wrong key as well as a destination that refused. Only a server that has never
//! answered, and ended streams to two different destinations so, is said to have turned us away.

use super::Trouble;
use crate::model::{Cause, Destination, Failure, Stage, Whose};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex};

/// What a server has shown. Shared by all streams of one account.
pub(super) struct Proof {
    salt: RandomState,
    shown: Mutex<Shown>,
    trouble: Arc<Trouble>,
}

#[derive(Clone, Copy)]
enum Shown {
    Nothing,
    /// Ended a stream to this destination (a salted hash) without a byte.
    Silence(u64),
    Answers,
    TurnsAway,
}

impl Proof {
    pub(super) fn new(trouble: Arc<Trouble>) -> Self {
        Self { salt: RandomState::new(), shown: Mutex::new(Shown::Nothing), trouble }
    }

    /// It answered.
    pub(super) fn answered(&self) {
        if let Ok(mut shown) = self.shown.lock() {
            *shown = Shown::Answers;
            self.trouble.set_turned_away(false);
        }
    }

    /// It ended a stream to `to` without a byte: the failure, when that says that it does not know us.
    pub(super) fn hung_up(&self, to: &Destination) -> Option<Failure> {
        let hash = self.salt.hash_one(to);
        let mut shown = self.shown.lock().ok()?;
        *shown = match *shown {
            Shown::Nothing => Shown::Silence(hash),
            Shown::Silence(other) if other != hash => Shown::TurnsAway,
            same => same,
        };
        matches!(*shown, Shown::TurnsAway).then(|| self.turned_away())
    }

    /// It does not know our key.
    pub(super) fn turned_away(&self) -> Failure {
        self.trouble.set_turned_away(true);
        Failure::new(Stage::Handshake, Cause::AuthenticationFailed, Whose::Peer).near()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(text: &str) -> Destination {
        Destination::parse(text).unwrap()
    }

    #[test]
    fn one_destination_that_refuses_is_not_a_wrong_key() {
        let proof = Proof::new(Arc::default());
        for _ in 0..5 {
            assert_eq!(proof.hung_up(&to("dead.test:1")), None);
        }
        assert_eq!(proof.hung_up(&to("other.test:1")).unwrap().cause, Cause::AuthenticationFailed);
    }

    #[test]
    fn a_server_that_answered_once_knows_us() {
        let proof = Proof::new(Arc::default());
        proof.answered();
        for name in ["a.test:1", "b.test:1", "c.test:1"] {
            assert_eq!(proof.hung_up(&to(name)), None);
        }
    }

    #[test]
    fn a_server_whose_key_was_mended_is_believed_again() {
        let proof = Proof::new(Arc::default());
        let _ = (proof.hung_up(&to("a.test:1")), proof.hung_up(&to("b.test:1")));
        proof.answered();
        assert_eq!(proof.hung_up(&to("c.test:1")), None);
    }
}
