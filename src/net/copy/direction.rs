//! One direction of a relay: where it is, and what the far side has not taken yet. Bytes pass through the thread's
//! buffer; between two kernel sockets a transfer that fills it goes through a kernel pipe instead, unseen (splice(2)),
//! until it slows down.

use super::lent::{MOST, with_lent};
use crate::net::io::Stream;
use crate::net::pipe::Pipe;
use crate::net::turn::step_back;
use bytes::{Buf, Bytes};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is read at once off a socket: more of it would leave the processor's cache before it is sent. Four frames of
/// Shadowsocks; four records of TLS, with the head of a WebSocket's message in each.
const USUAL: usize = 4 * (16 * 1024 - 16);
/// Room for what a tunnel has ready.
const LAYERED: usize = 128 * 1024;
/// Bytes one direction may carry before other connections get their turn.
const TURN: usize = 512 * 1024;
/// So many reads in a row that brought the usual or more make a transfer.
const FULL: u8 = 2;
/// A transfer that brings less than this at once is none any more: copying it costs no more than moving it.
const LITTLE: usize = 16 * 1024;

/// Where it is, and what it holds.
#[derive(Default)]
pub(super) struct Direction {
    state: State,
    rest: Rest,
    /// How much is read at once where nothing is in between; zero at first.
    room: u32,
    /// Reads in a row that brought the usual or more.
    full: u8,
    /// The kernel does not move bytes between these two.
    copies: bool,
    /// The far side is closed next.
    closes: bool,
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

/// What was read and not taken.
#[derive(Default)]
enum Rest {
    #[default]
    Nothing,
    Bytes(Box<Bytes>),
    Piped(Box<Pipe>),
}

/// An error, and whether reading or writing met it.
pub(super) enum Broken {
    Reading(io::Error),
    Writing(io::Error),
}

impl Broken {
    /// With its side.
    pub(super) fn on<Side>(self, from: Side, to: Side) -> (Side, io::Error) {
        match self {
            Self::Reading(error) => (from, error),
            Self::Writing(error) => (to, error),
        }
    }
}

impl Direction {
    /// Whether the end of what comes was reached.
    pub(super) fn is_read_out(&self) -> bool {
        matches!(self.state, State::Closing | State::Closed)
    }

    /// Whether the end was passed on, and `from` has nothing more to say.
    pub(super) fn is_over(&self) -> bool {
        self.state == State::Closed
    }

    /// Nothing follows this direction's end but that `to` is closed: a kernel socket passes the end on by that.
    pub(super) fn ends_by_closing(&mut self) {
        self.closes = true;
    }

    /// Carries what there is, within its turn. Ready when the end was passed on.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut Stream,
        to: &mut Stream,
        count: impl Fn(usize),
    ) -> Poll<Result<(), Broken>> {
        let mut carried = 0;
        loop {
            ready!(self.poll_rest(cx, to, &count)).map_err(Broken::Writing)?;
            match self.state {
                State::Closed => return Poll::Ready(Ok(())),
                State::Closing if self.closes && to.is_bare() => self.state = State::Closed,
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
                        step_back(cx);
                        return Poll::Pending;
                    }
                    let is_transfer = self.full >= FULL && !self.copies && from.can_pull() && to.is_bare();
                    let now = match is_transfer.then(Pipe::lend).flatten() {
                        Some(pipe) => self.poll_move(cx, pipe, from, to, &count)?,
                        None => self.poll_carry(cx, from, to, &count)?,
                    };
                    match now {
                        Poll::Ready(0) => self.state = State::Closing,
                        Poll::Ready(n) => {
                            carried += n;
                            self.state = State::Unflushed;
                        }
                        Poll::Pending => {
                            if self.state == State::Unflushed && matches!(self.rest, Rest::Nothing) {
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
            let room = match (from.is_bare(), to.is_bare()) {
                (false, _) => LAYERED,
                (true, false) => USUAL,
                (true, true) => (self.room as usize).clamp(USUAL, MOST),
            };
            let mut space = ReadBuf::new(&mut lent[..room]);
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
            if written < filled.len() {
                self.rest = Rest::Bytes(Box::new(Bytes::copy_from_slice(&filled[written..])));
            }
            self.full = if filled.len() >= USUAL { self.full.saturating_add(1) } else { 0 };
            let next = match filled.len() {
                length if written < length => USUAL,
                length if length == room => (room * 2).min(MOST),
                _ => room,
            };
            self.room = next as u32;
            Ok(Poll::Ready(filled.len()))
        })
    }

    /// Moves once into `pipe` and on from it; keeps the pipe while `to` has not taken all.
    fn poll_move(
        &mut self,
        cx: &mut Context<'_>,
        mut pipe: Pipe,
        from: &mut Stream,
        to: &mut Stream,
        count: &impl Fn(usize),
    ) -> Result<Poll<usize>, Broken> {
        let moved = match from.poll_pull(cx, &mut pipe) {
            Poll::Pending => return Ok(Poll::Pending),
            Poll::Ready(Err(error)) if is_refusal(&error) => {
                self.copies = true;
                return self.poll_carry(cx, from, to, count);
            }
            Poll::Ready(moved) => moved.map_err(Broken::Reading)?,
        };
        if moved < LITTLE {
            self.full = 0;
        }
        self.rest = Rest::Piped(Box::new(pipe));
        match self.poll_rest(cx, to, count) {
            Poll::Ready(outcome) => outcome.map_err(Broken::Writing)?,
            Poll::Pending => {}
        }
        Ok(Poll::Ready(moved))
    }

    /// Writes what is held, until nothing is.
    fn poll_rest(&mut self, cx: &mut Context<'_>, to: &mut Stream, count: &impl Fn(usize)) -> Poll<io::Result<()>> {
        loop {
            let n = match &mut self.rest {
                Rest::Nothing => return Poll::Ready(Ok(())),
                Rest::Bytes(bytes) if bytes.is_empty() => {
                    self.rest = Rest::Nothing;
                    continue;
                }
                Rest::Piped(pipe) if pipe.is_empty() => {
                    self.rest = Rest::Nothing;
                    continue;
                }
                Rest::Bytes(bytes) => {
                    let n = ready!(Pin::new(&mut *to).poll_write(cx, bytes))?;
                    bytes.advance(n);
                    n
                }
                Rest::Piped(pipe) => match ready!(to.poll_push(cx, pipe)) {
                    Err(error) if is_refusal(&error) => {
                        self.copies = true;
                        self.rest = Rest::Bytes(Box::new(pipe.empty()?.into()));
                        continue;
                    }
                    n => n?,
                },
            };
            if n == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            count(n);
        }
    }
}

/// Whether the kernel, or who restricts it, will not move bytes between a socket and a pipe.
fn is_refusal(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    matches!(error.kind(), InvalidInput | PermissionDenied | Unsupported)
}
