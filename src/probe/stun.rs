//! Do call packets come back? A STUN Binding request (RFC 8489), repeated as the RFC says; the answer must carry our
//! transaction number.

use super::ask::{Answer, Asker};
use super::packets::{self, Call, Reply};
use crate::model::{Destination, Failure, Grade};
use crate::transport::Transport;
use crate::wire::{Error, stun};
use std::time::Duration;

/// A Binding request under one transaction number.
pub(super) struct Binding([u8; 12]);

impl Call for Binding {
    /// RFC 8489 §6.2.1: the first repetition after 500 ms, then twice as long each time …
    const FIRST_WAIT: Duration = Duration::from_millis(500);
    /// … seven times in all; patience ends after four.
    const MOST_SENT: u32 = 7;

    fn datagram(&mut self) -> Result<Vec<u8>, Failure> {
        Ok(stun::binding_request(self.0).to_vec())
    }

    fn hear(&mut self, came: &[u8]) -> Option<Reply> {
        match stun::mapped_address(came, &self.0) {
            Ok(_) => Some(Grade::A.into()),
            // An error code for our own transaction: a server spoke.
            Err(Error::Refused(_)) => Some(Grade::B.into()),
            Err(_) => None,
        }
    }
}

/// Asks `target` over `way`.
pub(super) async fn ask(asker: &Asker, way: &Transport, target: &Destination) -> Result<Answer, Failure> {
    packets::ask(asker, way, target, Binding(asker.sources.chance.bytes()?)).await
}
