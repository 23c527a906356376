//! Answers clients: a few at a time, each by deadlines, whatever they send. It holds no state between questions.

use super::codec;
use super::lines::{Line, Lines};
use super::listener::{Listener, Wire};
use super::operator::Follow;
use super::page::Page;
use super::protocol::{self, Ask, Refusal, RefusalCode, Tell};
use super::token;
use crate::model::Secret;
use futures_util::stream::{self, BoxStream, StreamExt};
use serde::{Deserialize, Serialize};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How much clients may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Clients at once. 16: a page, a few followers and a person.
    pub clients: usize,
    /// For a question to arrive, also between two. 10 s: commands ask at once.
    pub ask: Duration,
    /// For an answer to be ready. 30 s: a reload that builds everything anew.
    pub answer: Duration,
    /// For an answer to be taken. 10 s: a reader that stands still is let go.
    pub write: Duration,
    /// Between two signs of life on a quiet stream. 10 s: a reader that left gives its place back.
    pub beat: Duration,
    /// The same while something is done that an observer can see. 1 s: nothing of it is done for nobody.
    pub seen_beat: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let secs = Duration::from_secs;
        Self { clients: 16, ask: secs(10), answer: secs(30), write: secs(10), beat: secs(10), seen_beat: secs(1) }
    }
}

impl Limits {
    /// The answer, if it is ready in time.
    async fn ready<T>(self, answer: impl Future<Output = Result<T, Refusal>>) -> Result<T, Refusal> {
        let late = |_| Err(Refusal::new(RefusalCode::TookTooLong, "the answer was not ready in time"));
        timeout(self.answer, answer).await.unwrap_or_else(late)
    }
}

/// What a client shows first where a token guards the door.
#[derive(Serialize, Deserialize)]
pub(super) struct Shown {
    /// The token.
    pub(super) token: String,
}

/// Serves until `stop` is cancelled, within the default limits.
pub async fn serve(listener: Listener, page: Arc<Page>, stop: CancellationToken) {
    serve_within(listener, page, Limits::default(), stop).await;
}

/// Serves until `stop` is cancelled, with the operator that `page` has too. Clients that are being served then are cut
/// off.
pub async fn serve_within(listener: Listener, page: Arc<Page>, limits: Limits, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(limits.clients));
    let mut clients = JoinSet::new();
    let mut pause = Duration::from_millis(50);
    loop {
        // Both arms are cancel-safe: accepting and joining keep what they have not handed out.
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
            Some(_) = clients.join_next() => continue,
        };
        match accepted {
            Ok(wire) => {
                pause = Duration::from_millis(50);
                let place = places.clone().try_acquire_owned().ok();
                clients.spawn(client(wire, place, listener.token().cloned(), Arc::clone(&page), limits));
            }
            Err(error) => {
                tracing::warn!(%error, "the control place could not accept a client; trying again");
                tokio::select! { () = stop.cancelled() => break, () = sleep(pause) => {} }
                pause = (pause * 2).min(Duration::from_secs(5));
            }
        }
    }
    clients.shutdown().await;
}

async fn client(
    wire: Wire,
    place: Option<OwnedSemaphorePermit>,
    token: Option<Secret<String>>,
    page: Arc<Page>,
    limits: Limits,
) {
    let (read, write) = tokio::io::split(wire);
    let mut talk = Talk { lines: Lines::new(read, protocol::MAX_ASK), write, limits };
    let done = match &place {
        Some(_) => talk.converse(token.as_ref(), &page).await,
        None => talk.send_off(&Refusal::new(RefusalCode::Busy, "too many are asking at once; try again")).await,
    };
    if let Err(error) = done {
        tracing::debug!(%error, "a control client left early");
    }
}

/// One conversation.
struct Talk {
    lines: Lines<ReadHalf<Wire>>,
    write: WriteHalf<Wire>,
    limits: Limits,
}

impl Talk {
    async fn converse(&mut self, token: Option<&Secret<String>>, page: &Page) -> io::Result<()> {
        if let Some(token) = token {
            let Some(line) = self.next_line().await? else { return Ok(()) };
            let shown = codec::decode::<Shown>(&line).map(|shown| shown.token).unwrap_or_default();
            if !token::same(token, &shown) {
                let no = Refusal::new(RefusalCode::Unauthorised, "the token is wrong or missing");
                return self.send_off(&no).await;
            }
        }
        while let Some(line) = self.next_line().await? {
            match codec::decode_ask(&line) {
                Ok(ask) => self.answer(ask, page).await?,
                Err(refusal) => self.tell(&Tell::Error(refusal)).await?,
            }
        }
        Ok(())
    }

    /// The next question; `None` when the client is done, silent, or was sent off for saying too much.
    async fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let spoken = async {
            loop {
                match self.lines.next().await {
                    Ok(Line::Empty) => {}
                    other => return other,
                }
            }
        };
        match timeout(self.limits.ask, spoken).await {
            Ok(Ok(Line::Whole(line))) => Ok(Some(line)),
            Ok(Ok(Line::TooLong)) => {
                let words = format!("a question may be {} bytes long at most", protocol::MAX_ASK);
                self.send_off(&Refusal::new(RefusalCode::TooLong, words)).await?;
                Ok(None)
            }
            Ok(Ok(Line::End | Line::Empty)) | Err(_) => Ok(None),
            Ok(Err(error)) => Err(error),
        }
    }

    async fn answer(&mut self, ask: Ask, page: &Page) -> io::Result<()> {
        let operator = page.operator();
        let secs = |secs: Option<u64>| secs.map(Duration::from_secs);
        let answer = match &ask {
            Ask::Ui => page.link().map(Tell::Ui),
            Ask::Ping => Ok(Tell::Pong(operator.pong())),
            Ask::Doors { login } => Ok(Tell::Doors(Box::new(operator.doors(*login)))),
            Ask::Status => self.limits.ready(operator.status()).await.map(|status| Tell::Status(Box::new(status))),
            Ask::Why { service } => self.limits.ready(operator.why(service)).await.map(|why| Tell::Why(Box::new(why))),
            Ask::Use { service, transport, for_secs } => {
                self.limits.ready(operator.use_way(service, transport.as_ref(), secs(*for_secs))).await.map(Tell::Used)
            }
            Ask::Reload => self.limits.ready(operator.reload()).await.map(Tell::Reloaded),
            Ask::Log { follow, since_secs, limit } => {
                match self.limits.ready(operator.log(*follow, secs(*since_secs), *limit)).await {
                    Ok(items) => return self.stream(items.map(told).boxed(), self.limits.beat).await,
                    Err(refusal) => Err(refusal),
                }
            }
            Ask::History { service, since_secs } => {
                match self.limits.ready(operator.history(service.as_ref(), secs(*since_secs))).await {
                    Ok(past) => {
                        return self
                            .stream(stream::iter(past.into_iter().map(Tell::Entry)).boxed(), self.limits.beat)
                            .await;
                    }
                    Err(refusal) => Err(refusal),
                }
            }
            Ask::Probe { service, via } => {
                match self.limits.ready(operator.probe(service.as_ref(), via.as_ref())).await {
                    Ok(items) => return self.stream(items.map(Tell::Probe).boxed(), self.limits.beat).await,
                    Err(refusal) => Err(refusal),
                }
            }
            Ask::Diagnose { service } => match self.limits.ready(operator.diagnose(service)).await {
                Ok(items) => return self.stream(items.map(Tell::Examined).boxed(), self.limits.seen_beat).await,
                Err(refusal) => Err(refusal),
            },
            Ask::Doctor => match self.limits.ready(operator.doctor()).await {
                Ok(items) => return self.stream(items.map(Tell::Checked).boxed(), self.limits.seen_beat).await,
                Err(refusal) => Err(refusal),
            },
            Ask::Fetch { url, via } => self.limits.ready(operator.fetch(url, via.as_ref())).await.map(Tell::Fetched),
            Ask::Report { since_secs } => {
                let account = self.limits.ready(operator.report(Duration::from_secs(*since_secs))).await;
                account.map(|account| Tell::Report(Box::new(account)))
            }
            Ask::Metrics => self.limits.ready(operator.metrics()).await.map(Tell::Metrics),
            Ask::Measurements { since_secs } => {
                let found = self.limits.ready(operator.measurements(Duration::from_secs(*since_secs))).await;
                found.map(Tell::Measurements)
            }
        };
        self.tell(&answer.unwrap_or_else(Tell::Error)).await
    }

    /// Tells every item and the end. An empty line now and then finds out whether anybody still listens.
    async fn stream(&mut self, mut items: BoxStream<'static, Tell>, every: Duration) -> io::Result<()> {
        let mut beat = interval_at(Instant::now() + every, every);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // Both arms are cancel-safe: a stream's next item and a tick stay where they are.
            tokio::select! {
                item = items.next() => match item {
                    Some(item) => self.tell(&item).await?,
                    None => return self.tell(&Tell::End).await,
                },
                _ = beat.tick() => self.write(b"\n").await?,
            }
        }
    }

    async fn tell(&mut self, tell: &Tell) -> io::Result<()> {
        let line = codec::encode(tell)?;
        self.write(&line).await
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = async {
            self.write.write_all(bytes).await?;
            self.write.flush().await
        };
        timeout(self.limits.write, written).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Says no for good, and lets the client finish speaking so that it can hear it.
    async fn send_off(&mut self, refusal: &Refusal) -> io::Result<()> {
        self.tell(&Tell::Error(refusal.clone())).await?;
        self.write.shutdown().await?;
        timeout(self.limits.ask, self.lines.drain(1 << 20)).await.unwrap_or(Ok(()))
    }
}

fn told(item: Follow) -> Tell {
    match item {
        Follow::Entry(entry) => Tell::Entry(*entry),
        Follow::Missed(count) => Tell::Missed(count),
    }
}
