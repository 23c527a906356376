//! A byte stream inside a WebSocket's binary messages (RFC 6455), after its opening; client and server. A WebSocket
//! cannot end one direction only: a server that has said everything says so and ends both; a client is given some silence
//! to be answered in, then the stream is at its end.

use super::io::{Io, Stream};
use crate::model::TcpFacts;
use bytes::{Buf, Bytes};
use futures_util::{Sink, SinkExt, StreamExt};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

/// The most bytes put into one message.
const MESSAGE: usize = 64 * 1024;
/// The largest message that is taken: no peer known sends larger ones, and one is held whole.
const LARGEST: usize = 4 << 20;
/// Silence after our last word that ends the stream. 10 s: a server's answer to a half-closed stream begins before.
const LINGER: Duration = Duration::from_secs(10);
/// How often at most a client says that it is there; up to 15 s more, so that it is no clock. nginx gives 60 s.
const BEAT: Duration = Duration::from_secs(35);

/// A stream of messages as a stream of bytes.
pub struct Messages {
    socket: WebSocketStream<Stream>,
    role: Role,
    came: Bytes,
    lingering: Option<Pin<Box<Sleep>>>,
    /// When a client next says that it is there.
    beat: Option<Pin<Box<Sleep>>>,
}

impl Messages {
    /// The client's end; `early` are bytes that came behind the answer to the opening.
    pub async fn client(stream: Stream, early: Vec<u8>) -> Self {
        Self::new(stream, early, Role::Client).await
    }

    /// The server's end.
    pub async fn server(stream: Stream) -> Self {
        Self::new(stream, Vec::new(), Role::Server).await
    }

    async fn new(stream: Stream, early: Vec<u8>, role: Role) -> Self {
        // Each message goes out at once: whoever writes has batched already.
        let config = WebSocketConfig::default()
            .read_buffer_size(MESSAGE)
            .write_buffer_size(0)
            .max_message_size(Some(LARGEST))
            .max_frame_size(Some(LARGEST));
        let socket = WebSocketStream::from_partially_read(stream, early, role, Some(config)).await;
        let beat = matches!(role, Role::Client).then(|| Box::pin(tokio::time::sleep(next_beat())));
        Self { socket, role, came: Bytes::new(), lingering: None, beat }
    }
}

impl Messages {
    /// Says from time to time that the client is there: CDNs and web servers cut off what is silent for a minute.
    fn poll_beat(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let Some(beat) = &mut self.beat else { return Ok(()) };
        while beat.as_mut().poll(cx).is_ready() {
            beat.as_mut().reset(Instant::now() + next_beat());
            // Where the line is full, it is not silent.
            if self.socket.poll_ready_unpin(cx).map_err(sort)?.is_ready() {
                Pin::new(&mut self.socket).start_send(Message::Ping(Bytes::new())).map_err(sort)?;
                let _flushed_later = self.socket.poll_flush_unpin(cx).map_err(sort)?;
            }
        }
        Ok(())
    }
}

fn next_beat() -> Duration {
    BEAT + Duration::from_millis(fastrand::u64(..15_000))
}

impl AsyncRead for Messages {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        while this.came.is_empty() {
            let next = match this.socket.poll_next_unpin(cx) {
                Poll::Ready(next) => next,
                Poll::Pending => {
                    this.poll_beat(cx)?;
                    let is_over = this.lingering.as_mut().is_some_and(|timer| timer.as_mut().poll(cx).is_ready());
                    return if is_over { Poll::Ready(Ok(())) } else { Poll::Pending };
                }
            };
            match next {
                None | Some(Ok(Message::Close(_))) => return Poll::Ready(Ok(())),
                Some(Ok(Message::Binary(bytes))) => this.came = bytes,
                Some(Ok(Message::Text(text))) => this.came = text.into(),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(error)) => match sort(error) {
                    // A server that hangs up without a closing frame, as many do.
                    error if error.kind() == io::ErrorKind::NotConnected => return Poll::Ready(Ok(())),
                    error => return Poll::Ready(Err(error)),
                },
            }
            if let Some(timer) = &mut this.lingering {
                timer.as_mut().reset(Instant::now() + LINGER);
            }
        }
        let taken = this.came.len().min(buf.remaining());
        buf.put_slice(&this.came[..taken]);
        this.came.advance(taken);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Messages {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.socket.poll_ready_unpin(cx)).map_err(sort)?;
        let taken = &bytes[..bytes.len().min(MESSAGE)];
        Pin::new(&mut self.socket).start_send(Message::Binary(Bytes::copy_from_slice(taken))).map_err(sort)?;
        Poll::Ready(Ok(taken.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_flush_unpin(cx).map_err(sort)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.role {
            // Who serves has nothing more to give when its destination has ended.
            Role::Server => match ready!(self.socket.poll_close_unpin(cx)).map_err(sort) {
                Err(error) if error.kind() != io::ErrorKind::NotConnected => return Poll::Ready(Err(error)),
                _ => {}
            },
            Role::Client => ready!(self.socket.poll_flush_unpin(cx)).map_err(sort)?,
        }
        self.lingering.get_or_insert_with(|| Box::pin(tokio::time::sleep(LINGER)));
        // The reader, if one waits already, must learn of the timer.
        cx.waker().wake_by_ref();
        Poll::Ready(Ok(()))
    }
}

impl Io for Messages {
    fn tcp_facts(&self) -> Option<TcpFacts> {
        self.socket.get_ref().tcp_facts()
    }
    fn endpoint(&self) -> Option<SocketAddr> {
        self.socket.get_ref().endpoint()
    }
    fn abort_on_drop(&mut self) {
        self.socket.get_mut().abort_on_drop();
    }
}

fn sort(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        Error::ConnectionClosed | Error::AlreadyClosed => io::ErrorKind::NotConnected.into(),
        Error::Protocol(tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => {
            io::ErrorKind::NotConnected.into()
        }
        _ => io::ErrorKind::InvalidData.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn pair() -> (Messages, Messages) {
        let (near, far) = tokio::io::duplex(1024);
        tokio::join!(Messages::client(Box::new(near), Vec::new()), Messages::server(Box::new(far)))
    }

    #[tokio::test]
    async fn bytes_pass_both_ways_in_any_portions() {
        let (mut near, far) = pair().await;
        let sent: Vec<u8> = (0..200_000_u32).map(|i| i as u8).collect();
        let (mut from, mut to) = tokio::io::split(far);
        let echo = tokio::spawn(async move { tokio::io::copy(&mut from, &mut to).await });
        let mut back = vec![0; sent.len()];
        let (mut read, mut write) = tokio::io::split(&mut near);
        let (wrote, came) = tokio::join!(
            async {
                write.write_all(&sent).await?;
                write.flush().await
            },
            read.read_exact(&mut back)
        );
        wrote.unwrap();
        came.unwrap();
        assert!(back == sent);
        echo.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_said_everything_waits_for_an_answer_but_not_for_ever() {
        let (mut near, mut far) = pair().await;
        near.shutdown().await.unwrap();
        far.write_all(b"late").await.unwrap();
        let mut all = Vec::new();
        near.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, b"late");
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_client_says_that_it_is_there() {
        let (near, mut far) = tokio::io::duplex(1024);
        let mut near = Messages::client(Box::new(near), Vec::new()).await;
        let (start, reader) = (Instant::now(), tokio::spawn(async move { near.read(&mut [0; 1]).await }));
        let mut frame = [0; 6];
        for _ in 0..3 {
            far.read_exact(&mut frame).await.unwrap();
            // RFC 6455 §5.2: a last fragment, a ping, masked, empty.
            assert_eq!(frame[..2], [0x89, 0x80]);
        }
        assert!((105..=150).contains(&start.elapsed().as_secs()));
        reader.abort();
    }

    #[tokio::test]
    async fn a_server_that_has_said_everything_ends_the_stream() {
        let (mut near, mut far) = pair().await;
        far.write_all(b"all").await.unwrap();
        far.shutdown().await.unwrap();
        let mut all = Vec::new();
        near.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, b"all");
    }

    #[tokio::test]
    async fn an_end_without_a_closing_frame_is_an_end() {
        let (mut near, far) = pair().await;
        drop(far);
        assert_eq!(near.read(&mut [0; 1]).await.unwrap(), 0);
    }
}
