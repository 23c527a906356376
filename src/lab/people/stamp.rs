//! A stream that remembers when its first byte came.

use crate::net::{Io, Stream};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

pub(super) struct Stamped {
    inner: Stream,
    began: Instant,
    first_byte: Option<Duration>,
}

impl Stamped {
    /// `began`: when the person asked.
    pub(super) const fn new(inner: Stream, began: Instant) -> Self {
        Self { inner, began, first_byte: None }
    }

    /// From the asking to the first byte of the destination.
    pub(super) fn first_byte(&self) -> Duration {
        self.first_byte.unwrap_or_default()
    }
}

impl AsyncRead for Stamped {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        if self.first_byte.is_none() && buf.filled().len() > before {
            self.first_byte = Some(self.began.elapsed());
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stamped {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl Io for Stamped {}
