//! The person's own line with the first write cut in pieces, so that a name filter that does not put a stream
//! together again misses the name. Needs no server; the cutting itself is [`Recipe`]'s.

use super::StreamDialer;
use super::drain::Drain;
use crate::model::{Destination, Failure};
use crate::net::{Deadline, Io, Stream};
use crate::wire::split::Recipe;
use futures_util::future::BoxFuture;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Dials through another dialer and cuts the first write.
pub(super) struct Split {
    inner: Arc<dyn StreamDialer>,
    recipe: Arc<Recipe>,
}

impl Split {
    pub(super) fn new(inner: Arc<dyn StreamDialer>, recipe: Recipe) -> Self {
        Self { inner, recipe: Arc::new(recipe) }
    }
}

impl StreamDialer for Split {
    fn dial<'a>(&'a self, to: &'a Destination, deadline: Deadline) -> BoxFuture<'a, Result<Stream, Failure>> {
        Box::pin(async move {
            let stream = self.inner.dial(to, deadline).await?;
            let recipe = Some(self.recipe.clone());
            Ok(Box::new(SplitStream { stream, recipe, drain: Drain::default() }) as Stream)
        })
    }
}

/// A stream whose first write is cut. Nothing is cut after it.
struct SplitStream {
    stream: Stream,
    /// Gone after the first write.
    recipe: Option<Arc<Recipe>>,
    drain: Drain,
}

impl Io for SplitStream {
    fn below(&self) -> Option<&dyn Io> {
        Some(&self.stream)
    }
    fn below_mut(&mut self) -> Option<&mut dyn Io> {
        Some(&mut self.stream)
    }
    fn is_plain(&self) -> bool {
        self.recipe.is_none() && self.drain.is_empty()
    }
}

impl AsyncRead for SplitStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for SplitStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        ready!(this.drain.poll_drain(cx, &mut this.stream))?;
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let Some(recipe) = this.recipe.take() else { return Pin::new(&mut this.stream).poll_write(cx, bytes) };
        this.drain.extend(recipe.cut(bytes));
        // Taken; what the stream below does not want now goes out with the next write or flush.
        match this.drain.poll_drain(cx, &mut this.stream) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(bytes.len())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        ready!(this.drain.poll_drain(cx, &mut this.stream))?;
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        ready!(this.drain.poll_drain(cx, &mut this.stream))?;
        Pin::new(&mut this.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::dialer;
    use std::sync::Mutex;
    use std::time::Duration;
    use tokio::io::AsyncWriteExt;

    /// Notes each write; takes at most so many bytes at once, and nothing every other time.
    struct Noting {
        writes: Arc<Mutex<Vec<Vec<u8>>>>,
        most: usize,
        pause: bool,
    }

    impl Io for Noting {}
    impl AsyncRead for Noting {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }
    impl AsyncWrite for Noting {
        fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            if self.most < usize::MAX {
                self.pause = !self.pause;
                if self.pause {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
            }
            let taken = &bytes[..bytes.len().min(self.most)];
            self.writes.lock().unwrap().push(taken.to_vec());
            Poll::Ready(Ok(taken.len()))
        }
        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    async fn dialed(recipe: &str, most: usize) -> (Stream, Arc<Mutex<Vec<Vec<u8>>>>) {
        let writes: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let noted = writes.clone();
        let inner = dialer(move |_, _| {
            let stream: Stream = Box::new(Noting { writes: noted.clone(), most, pause: false });
            Box::pin(async { Ok(stream) })
        });
        let split = Split::new(Arc::new(inner), recipe.parse().unwrap());
        let to = Destination::parse("192.0.2.1:443").unwrap();
        (split.dial(&to, Deadline::after(Duration::from_secs(1))).await.unwrap(), writes)
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_write_is_cut_and_no_other() {
        let (mut stream, writes) = dialed("split:2", usize::MAX).await;
        stream.write_all(b"hello").await.unwrap();
        stream.write_all(b"again").await.unwrap();
        assert_eq!(*writes.lock().unwrap(), [&b"he"[..], b"llo", b"again"]);
    }

    #[tokio::test(start_paused = true)]
    async fn under_back_pressure_nothing_is_lost_or_doubled() {
        let (mut stream, writes) = dialed("split:5", 2).await;
        stream.write_all(b"the first flight").await.unwrap();
        stream.write_all(b" and more").await.unwrap();
        stream.flush().await.unwrap();
        let writes = writes.lock().unwrap();
        assert_eq!(writes.concat(), b"the first flight and more");
        assert_eq!(writes[2], b"f", "a piece is never merged with the next");
    }
}
