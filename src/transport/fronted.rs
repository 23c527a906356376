//! A stream as a row of POSTs through a CDN's edge, for edges that pass nothing else ([`wire::polling`](crate::wire::polling)).
//! Two rows run side by side: one carries what we say, one waits for what is said. A request whose answer is lost is
//! sent again; the numbers in it make that harmless.

use super::reach::Below;
use super::websocket::refused;
use crate::model::{Cause, Failure, Stage, Whose};
use crate::net::{Deadline, Io, Stream};
use crate::wire::polling::{MOST_UP, Seq, SessionId, fresh};
use bytes::{Bytes, BytesMut};
use requests::{Answer, Ask, Requests};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, ReadHalf, WriteHalf};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};
use tokio_util::sync::{CancellationToken, DropGuard};

mod requests;

/// Bytes that wait between the stream and its requests, each way.
const HELD: usize = MOST_UP;
/// How long one request may take: longer than a relay waits for bytes before it answers.
const PATIENCE: Duration = Duration::from_secs(25);
/// How often a broken request is sent.
const TRIES: u32 = 4;
/// The wait before the second try; it doubles.
const AGAIN_AFTER: Duration = Duration::from_millis(100);
/// Waits between requests to a server that answers at once that there is nothing: meek's 100 ms, up to 5 s.
const LEAST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// POSTs to one edge.
pub(super) struct Polling {
    requests: Arc<Requests>,
}

impl Polling {
    pub(super) fn new(below: Below, host: String, path: String) -> Self {
        Self { requests: Arc::new(Requests::new(below, host, path)) }
    }

    /// A new stream. That the edge answers is known then, no more.
    pub(super) async fn open(&self, deadline: Deadline) -> Result<Stream, Failure> {
        self.requests.prepare(deadline).await?;
        let mut id = SessionId([0; 16]);
        if aws_lc_rs::rand::fill(&mut id.0).is_err() {
            return Err(Failure::new(Stage::Handshake, Cause::LocalResource, Whose::Local).near());
        }
        let (near, far) = tokio::io::duplex(HELD);
        let (fault, gone) = (Arc::new(OnceLock::new()), CancellationToken::new());
        let row = Row { requests: Arc::clone(&self.requests), id };
        tokio::spawn(row.run(far, Arc::clone(&fault), gone.clone()));
        Ok(Box::new(Polled { near, fault, _gone: gone.drop_guard() }))
    }
}

/// The requests of one stream.
struct Row {
    requests: Arc<Requests>,
    id: SessionId,
}

impl Row {
    /// Until both directions have ended, one breaks, or the stream is dropped.
    async fn run(self, far: DuplexStream, fault: Arc<OnceLock<Failure>>, gone: CancellationToken) {
        let (from, to) = tokio::io::split(far);
        let (begun, may_ask) = oneshot::channel();
        // Before either half of the stream is dropped, so that its reader finds the fault and not an end.
        let note = |failure: &Failure| drop(fault.set(failure.clone()));
        let both = async {
            tokio::try_join!(async { self.up(from, begun).await.inspect_err(note) }, async {
                self.down(to, may_ask).await.inspect_err(note)
            })
        };
        tokio::select! {
            _noted = both => {}
            () = gone.cancelled() => {
                // So that the relay need not hold the stream until it is stale.
                let farewell = Ask { id: self.id, seq: Seq::Down(0), end: true, body: Bytes::new() };
                let _nobody_waits = self.requests.send(&farewell, Deadline::after(LONGEST_WAIT), true).await;
            }
        }
    }

    async fn up(&self, mut from: ReadHalf<DuplexStream>, begun: oneshot::Sender<()>) -> Result<(), Failure> {
        let (mut offset, mut begun) = (0, Some(begun));
        loop {
            let mut body = BytesMut::with_capacity(16 * 1024);
            let length = from.read_buf(&mut body).await.unwrap_or(0);
            while length > 0 && body.len() < MOST_UP {
                // What waits already goes along.
                match tokio::time::timeout(Duration::ZERO, from.read_buf(&mut body)).await {
                    Ok(Ok(1..)) => {}
                    _ => break,
                }
            }
            body.truncate(MOST_UP);
            let ask = Ask { id: self.id, seq: Seq::Up(offset), end: length == 0, body: body.freeze() };
            self.persist(&ask).await?;
            offset += ask.body.len() as u64;
            begun.take().map(|begun| begun.send(()));
            if ask.end {
                return Ok(());
            }
        }
    }

    async fn down(&self, mut to: WriteHalf<DuplexStream>, may_ask: oneshot::Receiver<()>) -> Result<(), Failure> {
        if may_ask.await.is_err() {
            return Ok(());
        }
        let (mut offset, mut wait) = (0, LEAST_WAIT);
        loop {
            let asked = Instant::now();
            let ask = Ask { id: self.id, seq: Seq::Down(offset), end: false, body: Bytes::new() };
            let answer = self.persist(&ask).await?;
            let Some(Seq::Down(begins)) = answer.seq else { return Err(invalid()) };
            let new = fresh(&answer.body, begins, offset).ok_or_else(invalid)?;
            offset += new.len() as u64;
            let is_taken = to.write_all(new).await.is_ok() && to.flush().await.is_ok();
            if answer.end {
                let _ = to.shutdown().await;
                return Ok(());
            }
            if !is_taken {
                return Ok(());
            }
            if new.is_empty() && asked.elapsed() < wait {
                sleep(wait).await;
                wait = wait.mul_f32(1.5).min(LONGEST_WAIT);
            } else {
                wait = LEAST_WAIT;
            }
        }
    }

    /// Asks until there is an answer, on new connections from the second time on.
    async fn persist(&self, ask: &Ask) -> Result<Answer, Failure> {
        let mut again_after = AGAIN_AFTER;
        for _ in 1..TRIES {
            match self.requests.send(ask, Deadline::after(PATIENCE), again_after > AGAIN_AFTER).await {
                Ok(answer) if matches!(answer.status, 502..=504) => {}
                Ok(answer) => return accepted(answer),
                Err(failure) if failure.cause == Cause::GenericTimeoutError => return Err(failure),
                Err(_) => {}
            }
            sleep(again_after).await;
            again_after *= 2;
        }
        accepted(self.requests.send(ask, Deadline::after(PATIENCE), true).await?)
    }
}

fn accepted(answer: Answer) -> Result<Answer, Failure> {
    if answer.status == 200 { Ok(answer) } else { Err(refused(answer.status)) }
}

const fn invalid() -> Failure {
    Failure::new(Stage::Body, Cause::InvalidAnswer, Whose::Peer).near()
}

/// The stream's own end.
struct Polled {
    near: DuplexStream,
    fault: Arc<OnceLock<Failure>>,
    _gone: DropGuard,
}

impl Polled {
    /// An end that is a fault says so.
    fn sort<T>(&self, ended: bool, outcome: io::Result<T>) -> io::Result<T> {
        match self.fault.get() {
            Some(failure) if ended || outcome.is_err() => Err(failure.clone().into_io()),
            _ => outcome,
        }
    }
}

impl AsyncRead for Polled {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let outcome = ready!(Pin::new(&mut self.near).poll_read(cx, buf));
        let ended = buf.filled().len() == before;
        Poll::Ready(self.sort(ended, outcome))
    }
}

impl AsyncWrite for Polled {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = ready!(Pin::new(&mut self.near).poll_write(cx, bytes));
        Poll::Ready(self.sort(false, outcome))
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.near).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.near).poll_shutdown(cx)
    }
}

impl Io for Polled {}
