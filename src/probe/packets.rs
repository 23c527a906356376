//! A question in datagrams and its answer, without the protocol: sent again when nothing comes, each time after twice as
//! long, from one port of its own. Datagrams that are no answer are passed over: anybody can send one.

use super::ask::{Answer, Asker};
use crate::model::{Cause, Destination, Failure, Grade, Stage, Whose};
use crate::net::{Deadline, Packets};
use crate::transport::Transport;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The most that is read of a datagram.
const LARGEST: usize = 2048;

/// A protocol's question.
pub(super) trait Call: Send {
    /// When it is sent again for the first time.
    const FIRST_WAIT: Duration;
    /// How often it is sent at most.
    const MOST_SENT: u32;

    /// The next datagram.
    fn datagram(&mut self) -> Result<Vec<u8>, Failure>;

    /// Whether a datagram is the answer.
    fn hear(&mut self, came: &[u8]) -> Option<Reply>;
}

/// An answer, and the last word to it.
pub(super) struct Reply {
    pub(super) grade: Grade,
    pub(super) farewell: Option<Vec<u8>>,
}

impl From<Grade> for Reply {
    fn from(grade: Grade) -> Self {
        Self { grade, farewell: None }
    }
}

/// Puts the question to `target` over `way`.
pub(super) async fn ask(
    asker: &Asker,
    way: &Transport,
    target: &Destination,
    mut call: impl Call,
) -> Result<Answer, Failure> {
    let dialer = way.packets.as_ref().ok_or(Failure::new(Stage::Udp, Cause::NotSupported, Whose::Local))?;
    let deadline = Deadline::after(asker.settings.tunnel_timeout);
    let unopened = Failure::new(Stage::Connect, Cause::GenericTimeoutError, Whose::Network).near();
    let packets = deadline.run(dialer.associate(deadline)).await.unwrap_or(Err(unopened))?;
    let (grade, first_byte) =
        converse(&packets, target, &mut call, Deadline::after(asker.settings.udp_timeout)).await?;
    Ok(Answer { grade, first_byte, body_proven: false, rtt: Some(first_byte) })
}

/// How often a question is sent when nothing comes within `patience`.
pub(super) fn sent_within<C: Call>(patience: Duration) -> u32 {
    let (mut at, mut wait, mut count) = (C::FIRST_WAIT, C::FIRST_WAIT, 1);
    while count < C::MOST_SENT && at < patience {
        wait *= 2;
        at += wait;
        count += 1;
    }
    count
}

async fn converse<C: Call>(
    packets: &Packets,
    target: &Destination,
    call: &mut C,
    deadline: Deadline,
) -> Result<(Grade, Duration), Failure> {
    let failed = |error: &std::io::Error| Failure::from_io(Stage::Udp, error);
    let (mut wait, mut count, mut buf) = (C::FIRST_WAIT, 1, [0; LARGEST]);
    let mut sent = Instant::now();
    packets.send(&call.datagram()?, target).await.map_err(|e| failed(&e))?;
    loop {
        let again = if count < C::MOST_SENT { sent + wait } else { deadline.instant() };
        // Both arms are cancel-safe: `recv` says so, a timer holds nothing.
        tokio::select! {
            came = packets.recv(&mut buf) => {
                let (length, _) = came.map_err(|e| failed(&e))?;
                let Some(reply) = call.hear(buf.get(..length).unwrap_or_default()) else { continue };
                if let Some(farewell) = reply.farewell {
                    // The answer is there; whether the goodbye arrives changes nothing.
                    let _ = packets.send(&farewell, target).await;
                }
                return Ok((reply.grade, sent.elapsed()));
            }
            () = sleep_until(again.min(deadline.instant())) => {}
        }
        if again >= deadline.instant() {
            return Err(Failure::new(Stage::Udp, Cause::UdpNoReply, Whose::Network));
        }
        (sent, wait, count) = (Instant::now(), wait * 2, count + 1);
        packets.send(&call.datagram()?, target).await.map_err(|e| failed(&e))?;
    }
}
