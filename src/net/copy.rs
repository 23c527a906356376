//! Carries bytes both ways between two streams until both directions have ended. Half-close is kept: when one
//! side stops sending, only that direction ends. Nothing is held while nothing moves: bytes are read into a
//! buffer that the thread lends for one read, and only what the other side would not take is kept.

mod direction;
mod lent;
mod meter;

pub(crate) use lent::{LENT, with_lent};
pub use meter::FlowMeter;

use super::io::Stream;
use crate::model::{Cause, Failure, Stage, Whose};
use direction::Direction;
use std::future::poll_fn;
use std::task::{Context, Poll};

/// One of the two ends of a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Who asked: the first stream given.
    Client,
    /// Who answers: the second stream given.
    Server,
}

/// How a relay ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Whose end came first: of its stream or by its error. `None` when it was cancelled before.
    pub first: Option<Side>,
    /// Orderly on both sides, or what broke and on which side's stream.
    pub outcome: Result<(), (Side, Failure)>,
}

/// Relays until both directions have ended, one breaks, or `stop` is there. The streams stay with the caller,
/// who can still ask them for facts, or make their drop a reset; see [`Copying::poll`].
pub async fn copy_both(
    client: &mut Stream,
    server: &mut Stream,
    meter: &FlowMeter,
    stop: impl Future<Output = ()>,
) -> Ended {
    let mut copying = Copying::default();
    let relay = poll_fn(|cx| copying.poll(cx, client, server, meter));
    let ended = tokio::select! {
        biased;
        () = stop => None,
        ended = relay => Some(ended),
    };
    ended.unwrap_or_else(|| copying.interrupted(server, meter))
}

/// A relay in the middle of it: what each direction holds, and no stream.
#[derive(Default)]
pub struct Copying {
    up: Direction,
    down: Direction,
    first: Option<Side>,
}

impl Copying {
    /// Carries what there is. Ready when both directions have ended or one broke. Both streams are to be dropped then: to
    /// a client that has ended its own side a kernel socket tells the server's end by being closed.
    pub fn poll(
        &mut self,
        cx: &mut Context<'_>,
        client: &mut Stream,
        server: &mut Stream,
        meter: &FlowMeter,
    ) -> Poll<Ended> {
        let before = (self.up.is_read_out(), self.down.is_read_out());
        let up = self.up.poll(cx, client, server, |n| meter.add_up(n));
        if !before.0 && self.up.is_read_out() {
            self.first.get_or_insert(Side::Client);
        }
        if self.up.is_over() {
            self.down.ends_by_closing();
        }
        let down = self.down.poll(cx, server, client, |n| meter.add_down(n));
        if !before.1 && self.down.is_read_out() {
            self.first.get_or_insert(Side::Server);
        }
        let (side, error) = match (up, down) {
            (Poll::Ready(Err(broken)), _) => broken.on(Side::Client, Side::Server),
            (_, Poll::Ready(Err(broken))) => broken.on(Side::Server, Side::Client),
            (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => {
                return Poll::Ready(Ended { first: self.first, outcome: Ok(()) });
            }
            _ => return Poll::Pending,
        };
        let failure = seen(Failure::from_io(stage(meter), &error), server, meter);
        Poll::Ready(Ended { first: self.first.or(Some(side)), outcome: Err((side, failure)) })
    }

    /// How it ends when it is to go on no longer.
    pub fn interrupted(&self, server: &Stream, meter: &FlowMeter) -> Ended {
        let failure = seen(Failure::new(stage(meter), Cause::Interrupted, Whose::Local), server, meter);
        Ended { first: self.first, outcome: Err((self.first.unwrap_or(Side::Client), failure)) }
    }
}

fn stage(meter: &FlowMeter) -> Stage {
    if meter.down() == 0 { Stage::FirstFlight } else { Stage::Body }
}

fn seen(failure: Failure, server: &Stream, meter: &FlowMeter) -> Failure {
    Failure { received: meter.down(), tcp: server.tcp_facts(), ..failure }
}

#[cfg(test)]
mod tests;
