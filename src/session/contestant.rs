//! One way in a race: dialing, up, or lost. It knows how much of the first flight it has been given.

use super::bursts::Greeting;
use super::report::on;
use super::settings::Start;
use crate::judge::{self};
use crate::model::{Cause, EndpointTag, Failure, Moment, Sign, Stage, TransportId, Whose};
use crate::net::{Stream, endpoint_tag};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// What a client has sent before any answer, kept so that another way can be given the same.
#[derive(Debug, Default)]
pub(super) struct Flight {
    /// The bytes.
    pub(super) bytes: Vec<u8>,
    /// Whether the client has ended its side.
    pub(super) ended: bool,
}

/// A dial under way.
pub(super) type Dial = BoxFuture<'static, Result<Stream, Failure>>;

enum State {
    Dialing(Dial),
    Up(Stream),
    Lost(Failure),
}

/// How much of the flight a stream has taken.
#[derive(Default)]
struct Progress {
    /// Bytes it has taken.
    given: usize,
    /// Some of them may still sit in a layer of the stream.
    unflushed: bool,
    /// The client's end was passed on.
    ended: bool,
}

/// What happened to a contestant.
#[derive(Debug)]
pub(super) enum Event {
    /// Its stream is open.
    Up,
    /// The server spoke.
    Answered(Vec<u8>),
    /// It failed; [`Contestant::failure`] says how.
    Lost,
}

/// One way in a race.
pub(super) struct Contestant {
    /// The way.
    pub(super) transport: TransportId,
    /// Whether it goes straight to the destination over the person's own line.
    pub(super) bare: bool,
    /// Whether it was lent this connection to see if it works again.
    pub(super) canary: bool,
    /// When its dial began.
    pub(super) start: Start,
    /// How long its connect may take before another starts beside it.
    pub(super) connect_window: Duration,
    /// Whether the first flight goes (or, while dialing, will go) to it.
    pub(super) engaged: bool,
    /// The TLS hello that went out on it, while the line may still see it as one of several.
    pub(super) greeting: Option<Greeting>,
    /// What the board was told of its failure or silence.
    pub(super) told: Option<Sign>,
    state: State,
    up_after: Option<Duration>,
    progress: Progress,
    given_at: Option<Instant>,
}

impl Contestant {
    /// A way whose dial begins at `start`.
    pub(super) fn new(transport: TransportId, bare: bool, canary: bool, start: Start, dial: Dial) -> Self {
        Self {
            transport,
            bare,
            canary,
            start,
            connect_window: Duration::ZERO,
            engaged: false,
            greeting: None,
            told: None,
            state: State::Dialing(dial),
            up_after: None,
            progress: Progress::default(),
            given_at: None,
        }
    }

    /// Drives dial, first flight and answer. Pending once lost.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, flight: &Flight) -> Poll<Event> {
        match &mut self.state {
            State::Dialing(dial) => {
                let outcome = ready!(dial.poll_unpin(cx));
                let took = self.start.instant.elapsed();
                Poll::Ready(match outcome {
                    Ok(stream) => {
                        self.state = State::Up(stream);
                        self.up_after = Some(took);
                        Event::Up
                    }
                    Err(failure) => {
                        self.state = State::Lost(failure.after(took));
                        Event::Lost
                    }
                })
            }
            State::Up(stream) => {
                let outcome = if self.engaged {
                    let outcome = exchange(stream, flight, &mut self.progress, cx);
                    if self.progress.given > 0 && self.given_at.is_none() {
                        self.given_at = Some(Instant::now());
                    }
                    outcome
                } else {
                    receive(stream, cx)
                };
                match ready!(outcome) {
                    Ok(bytes) => Poll::Ready(Event::Answered(bytes)),
                    Err(error) => {
                        self.lose(&error);
                        Poll::Ready(Event::Lost)
                    }
                }
            }
            State::Lost(_) => Poll::Pending,
        }
    }

    /// Gives it the first flight from now on (or, while dialing, as soon as it is up).
    pub(super) const fn engage(&mut self) {
        self.engaged = true;
    }

    /// Takes it out of the race, without blame.
    pub(super) fn withdraw(&mut self) {
        self.engaged = false;
        self.state = State::Lost(Failure::new(Stage::FirstFlight, Cause::Interrupted, Whose::Local));
        self.close_greeting();
    }

    /// Whether it failed by itself, and was not taken out.
    pub(super) fn has_failed(&self) -> bool {
        self.failure().is_some_and(|failure| failure.cause != Cause::Interrupted)
    }

    /// Whether it may be given the first flight from now on; a bare way not, where the line sees enough hellos.
    pub(super) const fn may_join(&self, full: bool) -> bool {
        let shut_out = full && self.bare;
        !(self.engaged || shut_out || self.is_lost())
    }

    /// Whether some of the first flight has gone out on it.
    pub(super) const fn has_sent(&self) -> bool {
        self.given_at.is_some()
    }

    /// Whether its stream was ever open.
    pub(super) const fn was_up(&self) -> bool {
        self.up_after.is_some()
    }

    /// Whether its stream is open.
    pub(super) const fn is_up(&self) -> bool {
        matches!(self.state, State::Up(_))
    }

    /// Whether it failed.
    pub(super) const fn is_lost(&self) -> bool {
        matches!(self.state, State::Lost(_))
    }

    /// How it failed.
    pub(super) const fn failure(&self) -> Option<&Failure> {
        match &self.state {
            State::Lost(failure) => Some(failure),
            State::Dialing(_) | State::Up(_) => None,
        }
    }

    /// Its round-trip time: the kernel's on a bare way, the time the dial took otherwise.
    pub(super) fn rtt(&self) -> Option<Duration> {
        let kernel = match &self.state {
            State::Up(stream) if self.bare => stream.tcp_facts().map(|facts| facts.rtt).filter(|rtt| !rtt.is_zero()),
            _ => None,
        };
        kernel.or(self.up_after)
    }

    /// The time its dial took, without asking anybody: near enough to a round trip where nobody is told of it.
    pub(super) const fn dialled_in(&self) -> Option<Duration> {
        self.up_after
    }

    /// How long the first flight has been with it without an answer.
    pub(super) fn silent_for(&self) -> Duration {
        self.given_at.map_or(Duration::ZERO, |at| at.elapsed())
    }

    /// When the first flight went out on it.
    pub(super) const fn sent_at(&self) -> Option<Instant> {
        self.given_at
    }

    /// From when on an answer of some kind was due: to its connect, or to the first flight.
    pub(super) fn silent_since(&self) -> Moment {
        let sent = self.given_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(self.start.instant));
        self.start.moment + sent
    }

    /// When the next way should be given the first flight too, if this one has not answered by then.
    pub(super) fn patience_ends(&self, first_byte_window: Duration) -> Instant {
        match self.state {
            State::Up(_) => self.given_at.unwrap_or_else(Instant::now) + first_byte_window,
            State::Dialing(_) | State::Lost(_) => self.start.instant + self.connect_window,
        }
    }

    /// How long the whole attempt has lasted.
    pub(super) fn age(&self) -> Duration {
        self.start.instant.elapsed()
    }

    /// Where its outermost connection goes, for counting distinct endpoints of a bare way.
    pub(super) fn endpoint(&self) -> Option<EndpointTag> {
        match &self.state {
            State::Up(stream) if self.bare => stream.endpoint().map(endpoint_tag),
            State::Lost(failure) => failure.endpoint,
            State::Up(_) | State::Dialing(_) => None,
        }
    }

    /// What its silence so far is a sign of: by the kernel's facts where there are any.
    pub(super) fn silence(&self) -> Option<(Failure, Sign)> {
        let stage = match &self.state {
            State::Dialing(_) => Stage::Connect,
            State::Up(_) => Stage::FirstFlight,
            State::Lost(_) => return None,
        };
        let failure = self.describe(Failure::new(stage, Cause::GenericTimeoutError, Whose::Network));
        let sign = judge::sign_of(&failure, on(self.bare))?;
        Some((failure, sign))
    }

    /// How many bytes of the flight it has taken.
    pub(super) const fn given(&self) -> usize {
        self.progress.given
    }

    /// Whether the client's end was passed on to it.
    pub(super) const fn has_ended(&self) -> bool {
        self.progress.ended
    }

    /// Its stream, when it is up.
    pub(super) fn into_stream(self) -> Option<Stream> {
        match self.state {
            State::Up(stream) => Some(stream),
            State::Dialing(_) | State::Lost(_) => None,
        }
    }

    fn lose(&mut self, error: &io::Error) {
        let mut failure = self.describe(Failure::from_io(Stage::FirstFlight, error));
        // We hung up first: whatever the far side does then is no sign.
        if self.progress.ended {
            (failure.cause, failure.whose) = (Cause::Interrupted, Whose::Local);
        }
        self.state = State::Lost(failure);
        self.close_greeting();
    }

    fn close_greeting(&mut self) {
        if let Some(greeting) = &mut self.greeting {
            greeting.close();
        }
    }

    fn describe(&self, mut failure: Failure) -> Failure {
        failure.elapsed = self.age();
        failure.endpoint = self.endpoint();
        if let State::Up(stream) = &self.state {
            failure.tcp = stream.tcp_facts();
        }
        failure
    }
}

/// Gives the stream what it has not had of the flight, then listens for the answer.
fn exchange(
    stream: &mut Stream,
    flight: &Flight,
    progress: &mut Progress,
    cx: &mut Context<'_>,
) -> Poll<io::Result<Vec<u8>>> {
    while progress.given < flight.bytes.len() {
        match Pin::new(&mut *stream).poll_write(cx, &flight.bytes[progress.given..]) {
            Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            Poll::Ready(Ok(n)) => {
                progress.given += n;
                progress.unflushed = true;
            }
            // An answer may still be there to read, and tells more than the failed write.
            Poll::Ready(Err(error)) => return receive(stream, cx).map(|got| got.or(Err(error))),
            Poll::Pending => break,
        }
    }
    if progress.unflushed {
        match Pin::new(&mut *stream).poll_flush(cx) {
            Poll::Ready(Ok(())) => progress.unflushed = false,
            Poll::Ready(Err(error)) => return receive(stream, cx).map(|got| got.or(Err(error))),
            Poll::Pending => {}
        }
    }
    let all_given = progress.given == flight.bytes.len() && !progress.unflushed;
    if flight.ended && !progress.ended && all_given && Pin::new(&mut *stream).poll_shutdown(cx).is_ready() {
        progress.ended = true;
    }
    receive(stream, cx)
}

/// Listens for the first bytes of an answer; an end without any is an `UnexpectedEof`.
fn receive(stream: &mut Stream, cx: &mut Context<'_>) -> Poll<io::Result<Vec<u8>>> {
    let mut space = [MaybeUninit::<u8>::uninit(); 8192];
    let mut buf = ReadBuf::uninit(&mut space);
    ready!(Pin::new(stream).poll_read(cx, &mut buf))?;
    if buf.filled().is_empty() {
        return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
    }
    Poll::Ready(Ok(buf.filled().to_vec()))
}
