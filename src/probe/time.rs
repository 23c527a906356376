//! Do packets come back that are neither STUN nor DNS? A time server is asked (RFC 5905), as every device of a household
//! does. What time it says is not looked at.

use super::ask::{Answer, Asker};
use super::packets::{self, Call, Reply};
use crate::model::{Destination, Failure, Grade};
use crate::transport::Transport;
use crate::wire::ntp;
use std::time::Duration;

/// A request under one random stamp.
pub(super) struct Request([u8; 8]);

impl Call for Request {
    /// Time servers answer at once, and refuse who asks often.
    const FIRST_WAIT: Duration = Duration::from_secs(1);
    const MOST_SENT: u32 = 3;

    fn datagram(&mut self) -> Result<Vec<u8>, Failure> {
        Ok(ntp::request(self.0).to_vec())
    }

    fn hear(&mut self, came: &[u8]) -> Option<Reply> {
        ntp::is_answer(came, self.0).then_some(Grade::A.into())
    }
}

/// Asks `target` over `way`.
pub(super) async fn ask(asker: &Asker, way: &Transport, target: &Destination) -> Result<Answer, Failure> {
    packets::ask(asker, way, target, Request(asker.sources.chance.bytes()?)).await
}
