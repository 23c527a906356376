//! A stream with the bytes that were already read off it put back in front, so that whoever gets it sees
//! every byte the client sent after its request.

use crate::model::TcpFacts;
use crate::net::{Io, Stream};
use bytes::{Buf, BytesMut};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// `inner` with `early` in front.
pub(super) struct Rewound {
    early: BytesMut,
    inner: Stream,
}

impl Rewound {
    pub(super) const fn new(early: BytesMut, inner: Stream) -> Self {
        Self { early, inner }
    }

    /// The same with `bytes`, which were read off this one, in front of all else.
    pub(super) fn put_back(self, bytes: &[u8]) -> Self {
        let mut early = BytesMut::with_capacity(bytes.len() + self.early.len());
        early.extend_from_slice(bytes);
        early.extend_from_slice(&self.early);
        Self { early, inner: self.inner }
    }

    /// As a plain stream: the inner one itself when nothing is left in front.
    pub(super) fn into_stream(self) -> Stream {
        if self.early.is_empty() { self.inner } else { Box::new(self) }
    }
}

impl AsyncRead for Rewound {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.early.is_empty() {
            return Pin::new(&mut self.inner).poll_read(cx, buf);
        }
        let taken = self.early.len().min(buf.remaining());
        buf.put_slice(&self.early[..taken]);
        self.early.advance(taken);
        if self.early.is_empty() {
            self.early = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Rewound {
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

impl Io for Rewound {
    fn tcp_facts(&self) -> Option<TcpFacts> {
        self.inner.tcp_facts()
    }

    fn endpoint(&self) -> Option<SocketAddr> {
        self.inner.endpoint()
    }

    fn abort_on_drop(&mut self) {
        self.inner.abort_on_drop();
    }

    /// None while bytes are held in front: the bare socket would skip them.
    fn as_tcp(&self) -> Option<&tokio::net::TcpStream> {
        if self.early.is_empty() { self.inner.as_tcp() } else { None }
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
        let stream = Rewound::new(BytesMut::from(&b"two three "[..]), Box::new(near)).put_back(b"one ");
        let mut all = String::new();
        stream.into_stream().read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "one two three four");
    }

    #[tokio::test]
    async fn a_small_reader_gets_every_byte() {
        let (near, far) = tokio::io::duplex(64);
        drop(far);
        let mut stream = Rewound::new(BytesMut::from(&b"abcdef"[..]), Box::new(near));
        let mut all = Vec::new();
        let mut one = [0; 1];
        while stream.read(&mut one).await.unwrap() == 1 {
            all.push(one[0]);
        }
        assert_eq!(all, b"abcdef");
    }
}
