//! Reads ahead of a TLS session: the library asks for 4 KiB at a time, which would be a system call for each quarter of a
//! record. Nothing is held while nothing has come.

use crate::net::Stream;
use bytes::{Buf, BytesMut};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::io::poll_read_buf;

/// What is asked for at once: four records.
const ROOM: usize = 64 * 1024;

/// A stream that is read in large pieces, however small those that are asked for.
pub(super) struct Ahead {
    stream: Stream,
    came: BytesMut,
}

impl Ahead {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, came: BytesMut::new() }
    }

    pub(super) fn stream(&self) -> &Stream {
        &self.stream
    }

    pub(super) fn stream_mut(&mut self) -> &mut Stream {
        &mut self.stream
    }

    /// Whether more was read than was asked for.
    pub(super) fn holds(&self) -> bool {
        !self.came.is_empty()
    }
}

impl AsyncRead for Ahead {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        if this.came.is_empty() {
            let mut room = BytesMut::with_capacity(ROOM);
            ready!(poll_read_buf(Pin::new(&mut this.stream), cx, &mut room))?;
            this.came = room;
        }
        let length = this.came.len().min(buf.remaining());
        buf.put_slice(&this.came[..length]);
        this.came.advance(length);
        if this.came.is_empty() {
            // Gives the memory back.
            this.came = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Ahead {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // All records that are ready with one call.
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

/// Reads from a session as many records as are at hand and fit, where the session itself gives one at a time. What broke
/// after a good record waits in `broken` for the next read.
pub(super) fn poll_read_all<S: AsyncRead + Unpin>(
    session: &mut S,
    cx: &mut Context<'_>,
    buf: &mut ReadBuf<'_>,
    broken: &mut Option<io::Error>,
    holds: impl Fn(&S) -> bool,
) -> Poll<io::Result<()>> {
    if let Some(error) = broken.take() {
        return Poll::Ready(Err(error));
    }
    ready!(Pin::new(&mut *session).poll_read(cx, buf))?;
    let mut before = 0;
    while buf.filled().len() > before && buf.remaining() > 0 && holds(session) {
        before = buf.filled().len();
        if let Poll::Ready(Err(error)) = Pin::new(&mut *session).poll_read(cx, buf) {
            *broken = Some(error);
        }
    }
    Poll::Ready(Ok(()))
}
