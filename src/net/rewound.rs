//! A stream with the bytes that were already read off it put back in front, so that whoever gets it sees
//! every byte the other side sent.

use super::io::{Io, Stream};
use bytes::{Buf, Bytes, BytesMut};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream with some early bytes in front of it.
pub struct Rewound<S = Stream> {
    early: Bytes,
    inner: S,
}

impl<S> Rewound<S> {
    /// `inner` with `early` in front.
    pub fn new(early: impl Into<Bytes>, inner: S) -> Self {
        Self { early: early.into(), inner }
    }

    /// The same with `bytes`, which were read off this one, in front of all else.
    pub fn put_back(self, bytes: &[u8]) -> Self {
        let mut early = BytesMut::with_capacity(bytes.len() + self.early.len());
        early.extend_from_slice(bytes);
        early.extend_from_slice(&self.early);
        Self { early: early.freeze(), inner: self.inner }
    }
}

impl Rewound {
    /// As a plain stream: the inner one itself when nothing is left in front.
    pub fn into_stream(self) -> Stream {
        if self.early.is_empty() { self.inner } else { Box::new(self) }
    }
}

impl<S: Io> AsyncRead for Rewound<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.early.is_empty() {
            return Pin::new(&mut self.inner).poll_read(cx, buf);
        }
        let taken = self.early.len().min(buf.remaining());
        buf.put_slice(&self.early[..taken]);
        self.early.advance(taken);
        if self.early.is_empty() {
            // Gives the memory back.
            self.early = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: Io> AsyncWrite for Rewound<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl<S: Io> Io for Rewound<S> {
    fn below(&self) -> Option<&dyn Io> {
        Some(&self.inner)
    }
    fn below_mut(&mut self) -> Option<&mut dyn Io> {
        Some(&mut self.inner)
    }
    fn is_plain(&self) -> bool {
        self.early.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn bytes_put_back_come_first_and_in_order() {
        let (near, mut far) = tokio::io::duplex(64);
        far.write_all(b"four").await.unwrap();
        drop(far);
        let stream = Rewound::<Stream>::new(&b"two three "[..], Box::new(near)).put_back(b"one ");
        let mut all = String::new();
        stream.into_stream().read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "one two three four");
    }

    #[tokio::test]
    async fn a_small_reader_gets_every_byte() {
        let (near, far) = tokio::io::duplex(64);
        drop(far);
        let mut stream = Rewound::new(&b"abcdef"[..], near);
        let mut all = Vec::new();
        let mut one = [0; 1];
        while stream.read(&mut one).await.unwrap() == 1 {
            all.push(one[0]);
        }
        assert_eq!(all, b"abcdef");
    }
}
