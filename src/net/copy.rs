//! Carries bytes both ways between two streams until both directions have ended. Half-close is kept: when one
//! side stops sending, only that direction ends. Nothing is held while nothing moves: bytes are read into a
//! buffer that the thread lends for one read, and only what the other side would not take is kept.

use super::io::Stream;
use crate::model::{Cause, Failure, Stage, Whose};
use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// The size of a thread's lent buffer.
const LENT: usize = 64 * 1024;
/// Bytes one direction may carry before other connections get their turn.
const TURN: usize = 256 * 1024;

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

/// Counts what flows, for whoever watches over the connection. Shared by reference; writers never wait.
#[derive(Debug)]
pub struct FlowMeter {
    start: Instant,
    up: Count,
    down: Count,
}

#[derive(Debug, Default)]
struct Count {
    bytes: AtomicU64,
    /// Milliseconds from the meter's start to the last byte.
    last: AtomicU64,
}

impl FlowMeter {
    /// A meter that starts now.
    pub fn new() -> Self {
        Self { start: Instant::now(), up: Count::default(), down: Count::default() }
    }

    /// Bytes from the client that the server's stream has taken.
    pub fn up(&self) -> u64 {
        self.up.bytes.load(Ordering::Relaxed)
    }

    /// Bytes that have come from the server.
    pub fn down(&self) -> u64 {
        self.down.bytes.load(Ordering::Relaxed)
    }

    /// Time since the last byte from the client (since the start, when none has come).
    pub fn since_up(&self) -> Duration {
        self.since(&self.up)
    }

    /// Time since the last byte from the server (since the start, when none has come).
    pub fn since_down(&self) -> Duration {
        self.since(&self.down)
    }

    /// Counts bytes that passed outside the relay: a replayed first flight, for example.
    pub fn add_up(&self, bytes: usize) {
        self.add(&self.up, bytes);
    }

    /// Counts bytes from the server that passed outside the relay.
    pub fn add_down(&self, bytes: usize) {
        self.add(&self.down, bytes);
    }

    fn since(&self, count: &Count) -> Duration {
        self.start.elapsed().saturating_sub(Duration::from_millis(count.last.load(Ordering::Relaxed)))
    }

    fn add(&self, count: &Count, bytes: usize) {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        count.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        count.last.store(now, Ordering::Relaxed);
    }
}

impl Default for FlowMeter {
    fn default() -> Self {
        Self::new()
    }
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

/// One direction: where it is, and what the far side has not taken yet.
#[derive(Default)]
struct Direction {
    state: State,
    rest: Vec<u8>,
    taken: usize,
}

#[derive(Default, PartialEq, Eq, Clone, Copy)]
enum State {
    #[default]
    Flowing,
    /// Written bytes may still sit in a layer of the far side.
    Unflushed,
    /// Read to the end; the far side must be told.
    Closing,
    Closed,
}

/// An error, and whether reading or writing met it.
enum Broken {
    Reading(io::Error),
    Writing(io::Error),
}

impl Broken {
    fn on(self, from: Side, to: Side) -> (Side, io::Error) {
        match self {
            Self::Reading(error) => (from, error),
            Self::Writing(error) => (to, error),
        }
    }
}

impl Direction {
    fn is_read_out(&self) -> bool {
        matches!(self.state, State::Closing | State::Closed)
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut Stream,
        to: &mut Stream,
        count: impl Fn(usize),
    ) -> Poll<Result<(), Broken>> {
        let mut carried = 0;
        loop {
            if !self.rest.is_empty() {
                ready!(self.poll_rest(cx, to, &count)).map_err(Broken::Writing)?;
            }
            match self.state {
                State::Closed => return Poll::Ready(Ok(())),
                State::Closing => {
                    match ready!(Pin::new(&mut *to).poll_shutdown(cx)) {
                        // The far side has reset it already: there is nobody left to tell, and reading says why.
                        Err(error) if error.kind() == io::ErrorKind::NotConnected => {}
                        outcome => outcome.map_err(Broken::Writing)?,
                    }
                    self.state = State::Closed;
                }
                State::Flowing | State::Unflushed => {
                    if carried >= TURN {
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    match self.poll_carry(cx, from, to, &count)? {
                        Poll::Ready(0) => self.state = State::Closing,
                        Poll::Ready(n) => {
                            carried += n;
                            self.state = State::Unflushed;
                        }
                        Poll::Pending => {
                            if self.state == State::Unflushed && self.rest.is_empty() {
                                ready!(Pin::new(&mut *to).poll_flush(cx)).map_err(Broken::Writing)?;
                                self.state = State::Flowing;
                            }
                            return Poll::Pending;
                        }
                    }
                }
            }
        }
    }

    /// Reads once into the lent buffer and writes what came; keeps what `to` would not take.
    fn poll_carry(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut Stream,
        to: &mut Stream,
        count: &impl Fn(usize),
    ) -> Result<Poll<usize>, Broken> {
        with_lent(|lent| {
            let mut space = ReadBuf::new(lent);
            match Pin::new(from).poll_read(cx, &mut space) {
                Poll::Pending => return Ok(Poll::Pending),
                Poll::Ready(read) => read.map_err(Broken::Reading)?,
            }
            let filled = space.filled();
            let mut written = 0;
            while written < filled.len() {
                match Pin::new(&mut *to).poll_write(cx, &filled[written..]) {
                    Poll::Pending => break,
                    Poll::Ready(Ok(0)) => return Err(Broken::Writing(io::ErrorKind::WriteZero.into())),
                    Poll::Ready(Ok(n)) => {
                        written += n;
                        count(n);
                    }
                    Poll::Ready(Err(error)) => return Err(Broken::Writing(error)),
                }
            }
            self.rest.extend_from_slice(&filled[written..]);
            Ok(Poll::Ready(filled.len()))
        })
    }

    fn poll_rest(&mut self, cx: &mut Context<'_>, to: &mut Stream, count: &impl Fn(usize)) -> Poll<io::Result<()>> {
        while self.taken < self.rest.len() {
            let n = ready!(Pin::new(&mut *to).poll_write(cx, &self.rest[self.taken..]))?;
            if n == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.taken += n;
            count(n);
        }
        self.rest = Vec::new();
        self.taken = 0;
        Poll::Ready(Ok(()))
    }
}

/// Lends this thread's buffer of 64 KiB to `work`, for one read; a read inside a read gets one of its own.
pub(crate) fn with_lent<T>(work: impl FnOnce(&mut [u8]) -> T) -> T {
    thread_local! {
        static BUFFER: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
    }
    let mut buffer = BUFFER.take().unwrap_or_else(|| vec![0; LENT].into_boxed_slice());
    let result = work(&mut buffer);
    BUFFER.set(Some(buffer));
    result
}

#[cfg(test)]
mod tests;
