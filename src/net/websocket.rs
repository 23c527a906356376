//! A byte stream inside a WebSocket's binary messages (RFC 6455), after its opening; client and server. A WebSocket
//! cannot end one direction only: a server that has said everything says so and ends both; a client is given some silence
//! to be answered in, then the stream is at its end.
//!
//! Bytes are masked on their way into one write, and taken apart where they were read to.

use super::copy::with_lent;
use super::io::{Io, Stream};
use super::rewound::Rewound;
use crate::model::TcpFacts;
use crate::wire::websocket::frames::{self, Control, LONGEST_HEAD, Reader, Role};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// The most bytes put into one message, which with its head fills a record of TLS (RFC 8446 §5.1), and into one write.
const MESSAGE: usize = 16 * 1024 - 8;
const MESSAGES: usize = 4;
/// Bytes that wait to go out, behind which no more signs of life are put: answering the last one is enough (§5.5.3).
const CROWDED: usize = 64 * 1024;
/// Silence after our last word that ends the stream. 10 s: a server's answer to a half-closed stream begins before.
const LINGER: Duration = Duration::from_secs(10);
/// How often at most a client says that it is there; up to 15 s more, so that it is no clock. nginx gives 60 s.
const BEAT: Duration = Duration::from_secs(35);

/// A stream of messages as a stream of bytes.
pub struct Messages {
    stream: Stream,
    role: Role,
    reader: Reader,
    /// What waits to go out, and how much of it has gone.
    waiting: Vec<u8>,
    gone: usize,
    /// Whoever writes was told to wait, and will be woken to go on.
    writer_waits: bool,
    /// The other end has said everything.
    ended: bool,
    closed: bool,
    lingering: Option<Pin<Box<Sleep>>>,
    /// When a client next says that it is there.
    beat: Option<Pin<Box<Sleep>>>,
}

impl Messages {
    /// The client's end; `early` are bytes that came behind the answer to the opening.
    pub fn client(stream: Stream, early: Vec<u8>) -> Self {
        Self::new(Rewound::new(early, stream).into_stream(), Role::Client)
    }

    /// The server's end.
    pub fn server(stream: Stream) -> Self {
        Self::new(stream, Role::Server)
    }

    fn new(stream: Stream, role: Role) -> Self {
        Self {
            stream,
            role,
            reader: Reader::new(role),
            waiting: Vec::new(),
            gone: 0,
            writer_waits: false,
            ended: false,
            closed: false,
            lingering: None,
            beat: (role == Role::Client).then(|| Box::pin(tokio::time::sleep(next_beat()))),
        }
    }

    /// Says from time to time that the client is there: CDNs and web servers cut off what is silent for a minute.
    fn poll_beat(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let Some(beat) = &mut self.beat else { return Ok(()) };
        let mut due = false;
        while beat.as_mut().poll(cx).is_ready() {
            beat.as_mut().reset(Instant::now() + next_beat());
            due = true;
        }
        // Where the line is full, it is not silent.
        if due && self.waiting.is_empty() && !self.closed {
            self.waiting = frames::ping(&[], self.mask()?);
        }
        Ok(())
    }

    /// Masks nobody can guess (§10.3), for what a client sends.
    fn masks<const N: usize>(&self) -> io::Result<[Option<[u8; 4]>; N]> {
        let mut masks = [[0; 4]; N];
        match self.role {
            Role::Server => Ok([None; N]),
            Role::Client => match aws_lc_rs::rand::fill(masks.as_flattened_mut()) {
                Ok(()) => Ok(masks.map(Some)),
                Err(_) => Err(io::ErrorKind::ResourceBusy.into()),
            },
        }
    }

    fn mask(&self) -> io::Result<Option<[u8; 4]>> {
        self.masks().map(|[mask]| mask)
    }

    /// Writes out what waits.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.gone < self.waiting.len() {
            match ready!(Pin::new(&mut self.stream).poll_write(cx, &self.waiting[self.gone..]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                n => self.gone += n,
            }
        }
        (self.waiting, self.gone) = (Vec::new(), 0);
        Poll::Ready(Ok(()))
    }

    /// The same for a writer, and down to the line where that is asked for.
    fn poll_out(&mut self, cx: &mut Context<'_>, flush: bool) -> Poll<io::Result<()>> {
        let mut drained = self.poll_drain(cx);
        if flush && matches!(drained, Poll::Ready(Ok(()))) {
            drained = Pin::new(&mut self.stream).poll_flush(cx);
        }
        self.writer_waits = drained.is_pending();
        drained
    }

    /// Sends `bytes` as messages: what the line does not take now waits.
    fn send(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> io::Result<()> {
        let masks: [_; MESSAGES] = self.masks()?;
        with_lent(|space| {
            let mut filled = 0;
            for (message, mask) in bytes.chunks(MESSAGE).zip(masks) {
                let mut head = [0; LONGEST_HEAD];
                let length = frames::data_head(&mut head, message.len(), mask);
                space[filled..filled + length].copy_from_slice(&head[..length]);
                filled += length;
                frames::mask_into(message, &mut space[filled..filled + message.len()], mask.unwrap_or_default());
                filled += message.len();
            }
            let mut written = 0;
            while written < filled {
                match Pin::new(&mut self.stream).poll_write(cx, &space[written..filled])? {
                    Poll::Ready(0) => return Err(io::ErrorKind::WriteZero.into()),
                    Poll::Ready(n) => written += n,
                    Poll::Pending => break,
                }
            }
            self.waiting.extend_from_slice(&space[written..filled]);
            Ok(())
        })
    }

    /// Does what the other end's control frames ask for.
    fn obey(&mut self, controls: Vec<Control>) -> io::Result<()> {
        for control in controls {
            match control {
                Control::Ping(payload) if !self.closed && self.waiting.len() < CROWDED => {
                    let pong = frames::pong(&payload, self.mask()?);
                    self.waiting.extend_from_slice(&pong);
                }
                Control::Close => {
                    self.ended = true;
                    self.close()?;
                }
                Control::Ping(_) | Control::Pong => {}
            }
        }
        Ok(())
    }

    fn close(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.closed, true) {
            let close = frames::close(self.mask()?);
            self.waiting.extend_from_slice(&close);
        }
        Ok(())
    }

    /// Sees answers and signs of life out while nobody writes; a line that is broken for writing may still have
    /// something to read.
    fn see_out(&mut self, cx: &mut Context<'_>) {
        if !self.waiting.is_empty() && !self.writer_waits && matches!(self.poll_drain(cx), Poll::Ready(Ok(()))) {
            let _later = Pin::new(&mut self.stream).poll_flush(cx);
        }
    }

    /// Reads once. The number of bytes for the reader; `None` at the stream's end.
    fn poll_take(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<Option<usize>>> {
        let mut room = ReadBuf::new(buf.initialize_unfilled());
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut room))?;
        if room.filled().is_empty() {
            // Many a server hangs up without a closing frame.
            let in_order = self.reader.may_end();
            return Poll::Ready(if in_order { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) });
        }
        let mut controls = Vec::new();
        let kept = self.reader.take(room.filled_mut(), &mut controls);
        buf.advance(kept);
        self.obey(controls)?;
        if let Some(timer) = &mut self.lingering {
            timer.as_mut().reset(Instant::now() + LINGER);
        }
        Poll::Ready(Ok(Some(kept)))
    }
}

fn next_beat() -> Duration {
    BEAT + Duration::from_millis(fastrand::u64(..15_000))
}

impl AsyncRead for Messages {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        loop {
            if this.ended {
                this.see_out(cx);
                return Poll::Ready(Ok(()));
            }
            if this.reader.fault().is_some() {
                return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
            }
            let taken = this.poll_take(cx, buf);
            if taken.is_pending() {
                this.poll_beat(cx)?;
            }
            this.see_out(cx);
            match taken {
                Poll::Pending => {
                    let is_over = this.lingering.as_mut().is_some_and(|timer| timer.as_mut().poll(cx).is_ready());
                    return if is_over { Poll::Ready(Ok(())) } else { Poll::Pending };
                }
                Poll::Ready(Ok(Some(0))) => {}
                Poll::Ready(outcome) => return Poll::Ready(outcome.map(|_| ())),
            }
        }
    }
}

impl AsyncWrite for Messages {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.closed {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        }
        ready!(this.poll_out(cx, false))?;
        let bytes = &bytes[..bytes.len().min(MESSAGES * MESSAGE)];
        this.send(cx, bytes)?;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_out(cx, true)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.role == Role::Server {
            // Who serves has nothing more to give when its destination has ended.
            this.close()?;
        }
        match ready!(this.poll_out(cx, true)) {
            // Who is told has gone already.
            Err(error) if this.role == Role::Server && this.ended && error.kind() == io::ErrorKind::BrokenPipe => {}
            outcome => outcome?,
        }
        this.lingering.get_or_insert_with(|| Box::pin(tokio::time::sleep(LINGER)));
        // The reader, if one waits already, must learn of the timer.
        cx.waker().wake_by_ref();
        Poll::Ready(Ok(()))
    }
}

impl Io for Messages {
    fn tcp_facts(&self) -> Option<TcpFacts> {
        self.stream.tcp_facts()
    }
    fn endpoint(&self) -> Option<SocketAddr> {
        self.stream.endpoint()
    }
    fn abort_on_drop(&mut self) {
        self.stream.abort_on_drop();
    }
}

#[cfg(test)]
mod tests;
