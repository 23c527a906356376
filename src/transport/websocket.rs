//! Opens a WebSocket (RFC 6455 §4) to our own server, or through a CDN's edge to it. With early data the opening waits
//! for the stream's first bytes and takes them along, so that no round trip is spent on it.

use super::tunnels::WebSocketSpec;
use crate::model::{Cause, Failure, Stage, TcpFacts, Whose};
use crate::net::{Io, Messages, Stream};
use crate::wire::http::Head;
use crate::wire::websocket::{Answer, Opening};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;

/// What byway calls itself to a CDN: some turn away who says nothing, or names a program.
pub(super) const USER_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
/// The longest answer to an opening.
const LONGEST_HEAD: usize = 16 * 1024;
/// How long the answer to an opening with early data may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens a WebSocket over `stream`, now.
pub(super) async fn open(stream: Stream, spec: &WebSocketSpec) -> Result<Stream, Failure> {
    Ok(Box::new(shake_hands(stream, spec, &[]).await?))
}

/// A WebSocket over `stream` that opens with its first bytes.
pub(super) fn open_with_first(stream: Stream, spec: &WebSocketSpec) -> Stream {
    Box::new(Lazy { state: State::Waiting { stream: Some(stream), spec: spec.clone() }, waiting: Vec::new() })
}

async fn shake_hands(mut stream: Stream, spec: &WebSocketSpec, early: &[u8]) -> Result<Messages, Failure> {
    let broken = |error: io::Error| Failure::from_io(Stage::Handshake, &error).near();
    let mut nonce = [0; 16];
    fastrand::fill(&mut nonce);
    let opening = Opening { host: &spec.host, path: &spec.path, user_agent: USER_AGENT, nonce, early };
    stream.write_all(&opening.encode()).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    let mut bytes = Vec::with_capacity(1024);
    loop {
        match opening.answer(&bytes) {
            Ok(Head::Incomplete) if bytes.len() < LONGEST_HEAD => {}
            Ok(Head::Head(Answer::Open, length)) => {
                bytes.drain(..length);
                return Ok(Messages::client(stream, bytes));
            }
            Ok(Head::Head(Answer::Refused(status), _)) => return Err(refused(status)),
            _ => return Err(Failure::new(Stage::Handshake, Cause::InvalidAnswer, Whose::Peer).near()),
        }
        if stream.read_buf(&mut bytes).await.map_err(broken)? == 0 {
            return Err(broken(io::ErrorKind::UnexpectedEof.into()));
        }
    }
}

/// What a status in place of the tunnel means: from the server itself, or from the edge in front of it.
pub(super) const fn refused(status: u16) -> Failure {
    let cause = match status {
        // Cloudflare's 52x are of the kind of 502 and 504 (RFC 9110 §15.6).
        502..=504 | 520..=530 => Cause::OriginDown,
        400..=499 => Cause::HostRefused,
        500..=599 => Cause::RefusedByProxy,
        _ => Cause::InvalidAnswer,
    };
    Failure::new(Stage::Handshake, cause, Whose::Peer).near()
}

/// A WebSocket that is opened by its first bytes.
struct Lazy {
    state: State,
    /// Who waits for the opening: reader and writer may be of different tasks.
    waiting: Vec<Waker>,
}

enum State {
    Waiting { stream: Option<Stream>, spec: WebSocketSpec },
    Opening(BoxFuture<'static, Result<Messages, Failure>>),
    Open(Box<Messages>),
    Failed(Failure),
}

impl Lazy {
    const fn is_unasked(&self) -> bool {
        matches!(self.state, State::Waiting { .. })
    }

    /// Begins the opening with as many of `first` as it may take; their number.
    fn begin(&mut self, first: &[u8]) -> usize {
        let State::Waiting { stream, spec } = &mut self.state else { return 0 };
        let Some(stream) = stream.take() else { return 0 };
        let (spec, early) = (spec.clone(), first[..first.len().min(spec.early_data)].to_vec());
        let taken = early.len();
        let opening = async move {
            let silent = Failure::new(Stage::Handshake, Cause::GenericTimeoutError, Whose::Network).near();
            timeout(PATIENCE, shake_hands(stream, &spec, &early)).await.unwrap_or(Err(silent))
        };
        self.state = State::Opening(opening.boxed());
        self.wake();
        taken
    }

    /// The open WebSocket; waits for the opening.
    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Pin<&mut Messages>>> {
        if let State::Opening(opening) = &mut self.state {
            let opened = opening.poll_unpin(cx);
            if let Poll::Ready(opened) = opened {
                self.state = opened.map_or_else(State::Failed, |messages| State::Open(Box::new(messages)));
                self.wake();
            }
        }
        match &mut self.state {
            State::Open(messages) => Poll::Ready(Ok(Pin::new(&mut **messages))),
            State::Failed(failure) => Poll::Ready(Err(failure.clone().into_io())),
            State::Waiting { .. } | State::Opening(_) => {
                if !self.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                    self.waiting.push(cx.waker().clone());
                }
                Poll::Pending
            }
        }
    }

    fn wake(&mut self) {
        self.waiting.drain(..).for_each(Waker::wake);
    }
}

impl AsyncRead for Lazy {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // Nothing is asked for before the first bytes: the tunnel's header comes within its moment of quiet.
        ready!(self.poll_open(cx))?.poll_read(cx, buf)
    }
}

impl AsyncWrite for Lazy {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_unasked() {
            let taken = self.begin(bytes);
            // The opening starts to move.
            if let Poll::Ready(Err(error)) = self.poll_open(cx) {
                return Poll::Ready(Err(error));
            }
            if taken > 0 {
                return Poll::Ready(Ok(taken));
            }
        }
        ready!(self.poll_open(cx))?.poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_unasked() {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_open(cx))?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_unasked() {
            self.begin(&[]);
        }
        ready!(self.poll_open(cx))?.poll_shutdown(cx)
    }
}

impl Io for Lazy {
    fn tcp_facts(&self) -> Option<TcpFacts> {
        match &self.state {
            State::Waiting { stream, .. } => stream.as_ref()?.tcp_facts(),
            State::Open(messages) => messages.tcp_facts(),
            State::Opening(_) | State::Failed(_) => None,
        }
    }
    fn endpoint(&self) -> Option<SocketAddr> {
        match &self.state {
            State::Waiting { stream, .. } => stream.as_ref()?.endpoint(),
            State::Open(messages) => messages.endpoint(),
            State::Opening(_) | State::Failed(_) => None,
        }
    }
    fn abort_on_drop(&mut self) {
        match &mut self.state {
            State::Waiting { stream: Some(stream), .. } => stream.abort_on_drop(),
            State::Open(messages) => messages.abort_on_drop(),
            State::Waiting { .. } | State::Opening(_) | State::Failed(_) => {}
        }
    }
}
