//! The stream below a TLS session, with a note of what had come back when it was given up.

use super::ahead::Ahead;
use crate::model::TcpFacts;
use crate::net::Stream;
use std::io;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What outlives a handshake that failed: the library drops the stream together with its error.
#[derive(Debug, Default)]
pub(super) struct Seen {
    received: AtomicU64,
    facts: Mutex<Option<TcpFacts>>,
}

impl Seen {
    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    pub(super) fn last_facts(&self) -> Option<TcpFacts> {
        self.facts.lock().map_or(None, |facts| *facts)
    }
}

/// A stream that counts what it receives and leaves its last facts in [`Seen`].
pub(super) struct Watched {
    stream: Ahead,
    seen: std::sync::Arc<Seen>,
}

impl Watched {
    pub(super) fn new(stream: Stream, seen: std::sync::Arc<Seen>) -> Self {
        Self { stream: Ahead::new(stream), seen }
    }

    pub(super) fn stream(&self) -> &Stream {
        self.stream.stream()
    }

    pub(super) fn stream_mut(&mut self) -> &mut Stream {
        self.stream.stream_mut()
    }

    pub(super) fn holds(&self) -> bool {
        self.stream.holds()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Ok(mut facts) = self.seen.facts.lock() {
            *facts = self.stream().tcp_facts();
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        self.seen.received.fetch_add((buf.filled().len() - before) as u64, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
