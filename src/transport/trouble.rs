//! What keeps a way's own server from serving us, as last seen: for whoever must mend it. Not evidence, and no belief:
//! nothing is decided by it.

use crate::model::{Cause, Failure, Leg, Whose};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// The last trouble of one way. Shared by all its connections.
#[derive(Debug, Default)]
pub struct Trouble {
    reaching: Mutex<Option<Cause>>,
    turned_away: AtomicBool,
}

impl Trouble {
    /// What is wrong with the server; `None` when nothing is known to be.
    pub fn cause(&self) -> Option<Cause> {
        let reaching = *self.reaching.lock().unwrap_or_else(PoisonError::into_inner);
        let turned_away = self.turned_away.load(Ordering::Relaxed);
        reaching.or_else(|| turned_away.then_some(Cause::AuthenticationFailed))
    }

    /// The server was reached. Whether it knows us may be another matter.
    pub(super) fn reached(&self) {
        *self.reaching.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// An attempt failed; only what is the server's own counts.
    pub(super) fn met(&self, failure: &Failure) {
        let ours = failure.whose == Whose::Local || failure.cause == Cause::Interrupted;
        match failure.leg {
            Leg::Far => self.reached(),
            Leg::Near if ours => {}
            Leg::Near => *self.reaching.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure.cause),
        }
    }

    /// Whether the server has turned us away, in a stream that was already open.
    pub(super) fn set_turned_away(&self, yes: bool) {
        self.turned_away.store(yes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Stage;

    #[test]
    fn the_last_trouble_is_told_until_it_is_over() {
        let trouble = Trouble::default();
        let failed = |cause| Failure::new(Stage::Handshake, cause, Whose::Network).near();
        assert_eq!(trouble.cause(), None);
        trouble.met(&failed(Cause::CertificateExpired));
        assert_eq!(trouble.cause(), Some(Cause::CertificateExpired));
        trouble.set_turned_away(true);
        trouble.reached();
        assert_eq!(trouble.cause(), Some(Cause::AuthenticationFailed), "a handshake is not yet a welcome");
        trouble.set_turned_away(false);
        assert_eq!(trouble.cause(), None);
    }

    #[test]
    fn what_lies_beyond_the_server_or_is_our_own_is_not_its_trouble() {
        let trouble = Trouble::default();
        trouble.met(&Failure::new(Stage::Connect, Cause::ConnectionRefused, Whose::Peer));
        trouble.met(&Failure::new(Stage::Connect, Cause::LocalResource, Whose::Local).near());
        trouble.met(&Failure::new(Stage::Connect, Cause::Interrupted, Whose::Network).near());
        assert_eq!(trouble.cause(), None);
    }
}
