//! What the wire shows while a conversation runs inside other layers: how many bytes came, when the first and the
//! last did, how far the conversation is, and the kernel's facts at the moment it fails, before the stream is closed.

use crate::model::{Stage, TcpFacts};
use crate::net::{Io, Stream};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// The side of the one who watches.
#[derive(Clone)]
pub(super) struct Tap(Arc<Mutex<Inner>>);

/// The side of the conversation: a stream like any other.
struct Tapped(Arc<Mutex<Inner>>);

struct Inner {
    stream: Stream,
    stage: Stage,
    /// When the first byte went out; when the tap was set, until then.
    began: Instant,
    has_spoken: bool,
    received: u64,
    first_byte: Option<Duration>,
    last_byte: Instant,
    ended: Option<io::ErrorKind>,
    /// When the application's turn came, and how many bytes had come by then.
    asked: Option<(Instant, u64)>,
}

impl Tap {
    /// Watches `stream`, which goes on under the returned one.
    pub(super) fn on(stream: Stream) -> (Self, Stream) {
        let now = Instant::now();
        let inner = Arc::new(Mutex::new(Inner {
            stream,
            stage: Stage::Handshake,
            began: now,
            has_spoken: false,
            received: 0,
            first_byte: None,
            last_byte: now,
            ended: None,
            asked: None,
        }));
        (Self(Arc::clone(&inner)), Box::new(Tapped(inner)))
    }

    /// Notes how far the conversation is.
    pub(super) fn at(&self, stage: Stage) {
        let mut inner = lock(&self.0);
        inner.stage = stage;
        if stage == Stage::App && inner.asked.is_none() {
            inner.asked = Some((Instant::now(), inner.received));
        }
    }

    /// How far it is. Without a byte from there, no further than the first flight.
    pub(super) fn stage(&self) -> Stage {
        let inner = lock(&self.0);
        if inner.received == 0 { Stage::FirstFlight } else { inner.stage }
    }

    /// Bytes that came.
    pub(super) fn received(&self) -> u64 {
        lock(&self.0).received
    }

    /// Bytes that came since the application's turn, and how long that is ago; where it did not come to that, since we
    /// spoke.
    pub(super) fn flow(&self) -> (u64, Duration) {
        let inner = lock(&self.0);
        let (since, before) = inner.asked.unwrap_or((inner.began, 0));
        (inner.received.saturating_sub(before), since.elapsed())
    }

    /// Whether the application's turn has come.
    pub(super) fn is_asked(&self) -> bool {
        lock(&self.0).asked.is_some()
    }

    /// From the first byte out to the first byte in.
    pub(super) fn first_byte(&self) -> Option<Duration> {
        lock(&self.0).first_byte
    }

    /// How the stream ended, when it did; layers above often hide it.
    pub(super) fn ended(&self) -> Option<io::ErrorKind> {
        lock(&self.0).ended
    }

    /// The kernel's view, where there is one.
    pub(super) fn tcp_facts(&self) -> Option<TcpFacts> {
        lock(&self.0).stream.tcp_facts()
    }

    /// Since when there is silence: `Err` since we spoke without an answer, `Ok` since the last byte.
    pub(super) fn silent_since(&self) -> Result<Instant, Instant> {
        let inner = lock(&self.0);
        if inner.received == 0 { Err(inner.began) } else { Ok(inner.last_byte) }
    }
}

/// No lock is held across a wait, and nothing panics under it; a poisoned one is as good.
fn lock(inner: &Mutex<Inner>) -> MutexGuard<'_, Inner> {
    inner.lock().unwrap_or_else(PoisonError::into_inner)
}

impl AsyncRead for Tapped {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut inner = lock(&self.0);
        let before = buf.filled().len();
        let room = buf.remaining();
        let read = ready!(Pin::new(&mut inner.stream).poll_read(cx, buf));
        inner.ended = inner.ended.or(read.as_ref().err().map(io::Error::kind));
        read?;
        let count = buf.filled().len().saturating_sub(before);
        if count == 0 && room > 0 {
            inner.ended.get_or_insert(io::ErrorKind::UnexpectedEof);
        }
        if count > 0 {
            let now = Instant::now();
            inner.received += count as u64;
            inner.last_byte = now;
            let waited = now.saturating_duration_since(inner.began);
            inner.first_byte.get_or_insert(waited);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tapped {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut inner = lock(&self.0);
        let count = ready!(Pin::new(&mut inner.stream).poll_write(cx, bytes))?;
        if !inner.has_spoken && count > 0 {
            inner.has_spoken = true;
            inner.began = Instant::now();
        }
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut lock(&self.0).stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut lock(&self.0).stream).poll_shutdown(cx)
    }
}

impl Io for Tapped {
    fn tcp_facts(&self) -> Option<TcpFacts> {
        lock(&self.0).stream.tcp_facts()
    }

    fn endpoint(&self) -> Option<SocketAddr> {
        lock(&self.0).stream.endpoint()
    }

    fn abort_on_drop(&mut self) {
        lock(&self.0).stream.abort_on_drop();
    }
}
