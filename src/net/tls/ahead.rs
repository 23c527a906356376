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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    /// A line that counts what it is asked for, and breaks at its end.
    struct Line(DuplexStream, Arc<AtomicUsize>);

    impl Io for Line {}
    impl AsyncRead for Line {
        fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            let before = buf.filled().len();
            ready!(Pin::new(&mut self.0).poll_read(cx, buf))?;
            self.1.fetch_add(1, Ordering::Relaxed);
            let ended = buf.filled().len() == before;
            Poll::Ready(if ended { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) })
        }
    }
    impl AsyncWrite for Line {
        fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            Pin::new(&mut self.0).poll_write(cx, bytes)
        }
        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_flush(cx)
        }
        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_shutdown(cx)
        }
    }

    async fn line(bytes: &[u8]) -> (Ahead, Arc<AtomicUsize>) {
        let (mut far, near) = tokio::io::duplex(1 << 20);
        far.write_all(bytes).await.unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        (Ahead::new(Box::new(Line(near, asked.clone()))), asked)
    }

    #[tokio::test]
    async fn small_pieces_come_of_one_read_and_all_in_order() {
        let sent: Vec<u8> = (0..ROOM as u32).map(|i| (i % 251) as u8).collect();
        let (mut ahead, asked) = line(&sent).await;
        let mut got = vec![0; sent.len()];
        for piece in got.chunks_mut(4096) {
            ahead.read_exact(piece).await.unwrap();
        }
        assert!(got == sent && !ahead.holds());
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    /// Gives ten bytes at a time and no fewer, as a session gives a record.
    struct Records(Ahead, Vec<u8>);

    impl AsyncRead for Records {
        fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            while self.1.len() < 10 {
                let mut byte = [0; 1];
                let mut byte = ReadBuf::new(&mut byte);
                ready!(Pin::new(&mut self.0).poll_read(cx, &mut byte))?;
                self.1.extend_from_slice(byte.filled());
            }
            buf.put_slice(&std::mem::take(&mut self.1));
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn what_breaks_behind_good_records_is_told_after_them() {
        let (ahead, _) = line(&[7; 25]).await;
        let (mut session, mut broken, mut space) = (Records(ahead, Vec::new()), None, [0; 100]);
        let mut read = || {
            let mut buf = ReadBuf::new(&mut space);
            let mut cx = Context::from_waker(std::task::Waker::noop());
            let polled = poll_read_all(&mut session, &mut cx, &mut buf, &mut broken, |session| session.0.holds());
            (polled, buf.filled().len())
        };
        assert!(matches!(read(), (Poll::Ready(Ok(())), 20)));
        let (Poll::Ready(Err(error)), 0) = read() else { panic!("nothing more was good") };
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }
}
