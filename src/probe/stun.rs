//! Do call packets come back? A STUN Binding request (RFC 8489), repeated as the RFC says; the answer must carry our
//! transaction number.

use super::ask::{Answer, Asker};
use crate::model::{Cause, Destination, Failure, Grade, Stage, Whose};
use crate::net::{Deadline, Packets};
use crate::transport::Transport;
use crate::wire::{Error, stun};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// RFC 8489 §6.2.1: the first repetition after 500 ms, then twice as long each time.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// Asks `target` over `way`.
pub(super) async fn ask(asker: &Asker, way: &Transport, target: &Destination) -> Result<Answer, Failure> {
    let dialer = way.packets.as_ref().ok_or(Failure::new(Stage::Udp, Cause::NotSupported, Whose::Local))?;
    let deadline = Deadline::after(asker.settings.tunnel_timeout);
    let unopened = Failure::new(Stage::Connect, Cause::GenericTimeoutError, Whose::Network).near();
    let packets = deadline.run(dialer.associate(deadline)).await.unwrap_or(Err(unopened))?;
    let transaction = asker.sources.chance.bytes()?;
    let deadline = Deadline::after(asker.settings.udp_timeout);
    let (grade, first_byte) = exchange(&packets, target, transaction, deadline).await?;
    Ok(Answer { grade, first_byte, body_proven: false, rtt: Some(first_byte) })
}

/// Sends until an answer to `transaction` comes. Packets that are none are passed over: anybody can send one.
async fn exchange(
    packets: &Packets,
    target: &Destination,
    transaction: [u8; 12],
    deadline: Deadline,
) -> Result<(Grade, Duration), Failure> {
    let request = stun::binding_request(transaction);
    let failed = |error: &std::io::Error| Failure::from_io(Stage::Udp, error);
    let (mut wait, mut buf) = (FIRST_WAIT, [0; 1500]);
    let mut sent = Instant::now();
    packets.send(&request, target).await.map_err(|e| failed(&e))?;
    while sent < deadline.instant() {
        let until = (sent + wait).min(deadline.instant());
        // Both arms are cancel-safe: `recv` says so, a timer holds nothing.
        tokio::select! {
            came = packets.recv(&mut buf) => {
                let (length, _) = came.map_err(|e| failed(&e))?;
                match stun::mapped_address(buf.get(..length).unwrap_or_default(), &transaction) {
                    Ok(_) => return Ok((Grade::A, sent.elapsed())),
                    // An error code for our own transaction: a server spoke.
                    Err(Error::Refused(_)) => return Ok((Grade::B, sent.elapsed())),
                    Err(_) => continue,
                }
            }
            () = sleep_until(until) => {}
        }
        if until >= deadline.instant() {
            break;
        }
        (sent, wait) = (Instant::now(), wait * 2);
        packets.send(&request, target).await.map_err(|e| failed(&e))?;
    }
    Err(Failure::new(Stage::Udp, Cause::UdpNoReply, Whose::Network))
}
