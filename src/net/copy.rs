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
use std::task::Poll;

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
/// who can still ask them for facts, or make their drop a reset.
pub async fn copy_both(
    client: &mut Stream,
    server: &mut Stream,
    meter: &FlowMeter,
    stop: impl Future<Output = ()>,
) -> Ended {
    let mut up = Direction::default();
    let mut down = Direction::default();
    let mut first = None;
    let relay = poll_fn(|cx| {
        let before = (up.is_read_out(), down.is_read_out());
        let up_now = up.poll(cx, client, server, |n| meter.add_up(n));
        if !before.0 && up.is_read_out() {
            first.get_or_insert(Side::Client);
        }
        let down_now = down.poll(cx, server, client, |n| meter.add_down(n));
        if !before.1 && down.is_read_out() {
            first.get_or_insert(Side::Server);
        }
        match (up_now, down_now) {
            (Poll::Ready(Err(broken)), _) => Poll::Ready(Err(broken.on(Side::Client, Side::Server))),
            (_, Poll::Ready(Err(broken))) => Poll::Ready(Err(broken.on(Side::Server, Side::Client))),
            (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => Poll::Ready(Ok(())),
            _ => Poll::Pending,
        }
    });
    let result = tokio::select! {
        biased;
        () = stop => None,
        result = relay => Some(result),
    };
    let stage = if meter.down() == 0 { Stage::FirstFlight } else { Stage::Body };
    let seen = |failure: Failure| Failure { received: meter.down(), tcp: server.tcp_facts(), ..failure };
    match result {
        None => {
            let failure = seen(Failure::new(stage, Cause::Interrupted, Whose::Local));
            Ended { first, outcome: Err((first.unwrap_or(Side::Client), failure)) }
        }
        Some(Ok(())) => Ended { first, outcome: Ok(()) },
        Some(Err((side, error))) => {
            let failure = seen(Failure::from_io(stage, &error));
            Ended { first: first.or(Some(side)), outcome: Err((side, failure)) }
        }
    }
}

#[cfg(test)]
mod tests;
