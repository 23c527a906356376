//! One probe over one way: dial as people's connections do, hold the conversation, and when it fails say how far it
//! came and what the kernel knew at that moment. A connect is never an answer (OONI's lesson).

use super::exchange::Fault;
use super::spec::{Kind, Spec};
use super::tap::Tap;
use super::{Settings, Sources, https, long, noise, quic, stun, telegram, tls, websocket};
use crate::model::{Cause, Destination, EndpointTag, Failure, Grade, Host, L4, Stage, Whose};
use crate::net::{Deadline, Stream, endpoint_tag};
use crate::transport::Transport;
use futures_util::future::BoxFuture;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A validated answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How much of it was checked.
    pub grade: Grade,
    /// From the first byte out to the first byte in.
    pub first_byte: Duration,
    /// Whether at least 64 KB of a body came: the only thing that clears a freeze.
    pub body_proven: bool,
    /// The kernel's round-trip time: to the service on a bare way, to the tunnel's server otherwise.
    pub rtt: Option<Duration>,
}

/// How one question went.
pub(super) struct Asked {
    /// The answer, with the date of the server's clock when it told it, or the failure.
    pub(super) outcome: Result<(Answer, Option<u64>), Failure>,
    /// From its beginning to its end.
    pub(super) took: Duration,
    /// Where the bytes went, when that is known.
    pub(super) address: Option<SocketAddr>,
    /// The same, for counting.
    pub(super) tag: Option<EndpointTag>,
}

impl Asked {
    /// Whether its place could not be reached: nothing was asked there.
    pub(super) fn is_unreached(&self) -> bool {
        self.outcome.as_ref().is_err_and(|failure| failure.stage == Stage::Connect)
    }
}

/// What a conversation found, before it is timed.
pub(super) struct Spoken {
    pub(super) grade: Grade,
    pub(super) body_proven: bool,
    /// `Date` of an HTTP answer, in seconds since 1970 (control C11).
    pub(super) date: Option<u64>,
    /// Closes the connection as an app would.
    pub(super) farewell: Farewell,
}

impl Spoken {
    pub(super) fn new(grade: Grade, farewell: Farewell) -> Self {
        Self { grade, body_proven: false, date: None, farewell }
    }
}

/// The orderly end of a connection.
pub(super) type Farewell = BoxFuture<'static, ()>;

/// Everything a probe needs but the question.
#[derive(Clone)]
pub(super) struct Asker {
    pub(super) settings: Settings,
    pub(super) sources: Sources,
    /// Owns the connections that are kept open for a while.
    pub(super) tasks: TaskTracker,
    /// Closes them at once.
    pub(super) stop: CancellationToken,
    pub(super) clients: tls::Clients,
    /// As many as may ask at once.
    pub(super) slots: Arc<Semaphore>,
}

impl Asker {
    pub(super) fn new(settings: Settings, sources: Sources) -> Self {
        let slots = Arc::new(Semaphore::new(settings.max_inflight.max(1)));
        let (tasks, stop, clients) = (TaskTracker::new(), CancellationToken::new(), tls::Clients::default());
        Self { settings, sources, tasks, stop, clients, slots }
    }

    /// Asks `target` the question of `spec` over `way`, when there is a slot for it.
    pub(super) async fn ask(&self, way: &Transport, spec: &Spec, target: &Destination) -> Asked {
        let _slot = self.slot().await;
        self.ask_now(way, spec, target).await
    }

    /// Waits until fewer connections than allowed are asking. Nothing asks without one.
    pub(super) async fn slot(&self) -> Option<SemaphorePermit<'_>> {
        self.slots.acquire().await.ok()
    }

    /// Asks, for one who holds a slot.
    pub(super) async fn ask_now(&self, way: &Transport, spec: &Spec, target: &Destination) -> Asked {
        let began = Instant::now();
        // Through a tunnel only an address says which endpoint was asked; on a bare way the stream knows.
        let mut address = target.host.ip().map(|ip| SocketAddr::new(ip, target.port));
        let outcome = match spec.l4 {
            L4::Udp => self.ask_in_packets(way, spec, target).await.map(|answer| (answer, None)),
            L4::Tcp => {
                let deadline = Deadline::after(self.settings.probe_timeout);
                match self.dial(way, target, deadline).await {
                    Ok(stream) => {
                        address = if way.bare { stream.endpoint().or(address) } else { address };
                        self.converse(stream, spec, target, deadline).await
                    }
                    Err(failure) => Err(failure),
                }
            }
        };
        let tag = address.map(endpoint_tag);
        let outcome = outcome.map_err(|mut failure| {
            failure.endpoint = failure.endpoint.or(tag);
            failure.after(began.elapsed())
        });
        Asked { outcome, took: began.elapsed(), address, tag }
    }

    async fn ask_in_packets(&self, way: &Transport, spec: &Spec, target: &Destination) -> Result<Answer, Failure> {
        match &spec.kind {
            Kind::Quic(https) => quic::ask(self, way, https, target).await,
            _ => stun::ask(self, way, target).await,
        }
    }

    /// Opens a stream as people's connections do.
    pub(super) async fn dial(&self, way: &Transport, to: &Destination, deadline: Deadline) -> Result<Stream, Failure> {
        let settings = &self.settings;
        let patience = match (way.bare, &to.host) {
            (true, Host::Ip(_)) => settings.connect_timeout,
            (true, Host::Name(_)) => settings.connect_timeout + settings.dns_timeout,
            (false, _) => settings.tunnel_timeout,
        };
        let deadline = deadline.at_most(patience);
        match deadline.run(way.streams.dial(to, deadline)).await {
            Some(dialled) => dialled,
            None => Err(Failure::new(Stage::Connect, Cause::GenericTimeoutError, Whose::Network)),
        }
    }

    /// Holds the conversation of `spec` over an open stream.
    pub(super) async fn converse(
        &self,
        stream: Stream,
        spec: &Spec,
        target: &Destination,
        deadline: Deadline,
    ) -> Result<(Answer, Option<u64>), Failure> {
        let (tap, stream) = Tap::on(stream);
        let spoken = match &spec.kind {
            Kind::Telegram { dc, fingerprints } => {
                let exchange = telegram::begin(*dc, fingerprints, &self.sources)?;
                self.watch(&tap, deadline, exchange.over_stream(stream, &tap)).await
            }
            Kind::Noise { root } => {
                let exchange = noise::begin(root, &self.sources)?;
                self.watch(&tap, deadline, exchange.over_stream(stream, &tap)).await
            }
            Kind::Https(https) => {
                // A body may take as long again as the rest: a freeze shows by its stall, not by the total.
                let body = if https.body_bytes > 0 { self.settings.probe_timeout } else { Duration::ZERO };
                let deadline = Deadline::after(self.settings.probe_timeout + body);
                self.watch(&tap, deadline, https::ask(stream, https, target, self, &tap)).await
            }
            Kind::Often(https) => {
                let deadline = Deadline::after(self.settings.probe_timeout * 2);
                self.watch(&tap, deadline, long::ask_often(stream, https, target, self, &tap)).await
            }
            Kind::WebSocket { https, subprotocol, origin, talk } => {
                let call = websocket::Call { https, subprotocol, origin, talk };
                self.watch(&tap, deadline, websocket::ask(stream, call, target, self, &tap)).await
            }
            Kind::Tls(https) => self.watch(&tap, deadline, tls::ask(stream, https, target, self, &tap)).await,
            Kind::Stun | Kind::Quic(_) => Err(Failure::new(Stage::Udp, Cause::NotSupported, Whose::Local)),
        }?;
        let answer = Answer {
            grade: spoken.grade,
            first_byte: tap.first_byte().unwrap_or_default(),
            body_proven: spoken.body_proven,
            rtt: tap.tcp_facts().map(|facts| facts.rtt),
        };
        self.linger(spoken.farewell);
        Ok((answer, spoken.date))
    }

    /// Runs a conversation until it ends, or falls silent too long, or the deadline passes. The facts are read
    /// before the stream is closed.
    pub(super) async fn watch(
        &self,
        tap: &Tap,
        deadline: Deadline,
        conversation: impl Future<Output = Result<Spoken, Fault>>,
    ) -> Result<Spoken, Failure> {
        let mut conversation = std::pin::pin!(conversation);
        let cause = loop {
            let (limit, cause) = self.next_limit(tap, deadline);
            // Both arms are cancel-safe: the conversation is only polled by reference, a timer holds nothing.
            tokio::select! {
                biased;
                spoken = &mut conversation => match spoken {
                    Ok(spoken) => return Ok(spoken),
                    Err(fault) => return Err(fill(fault.seen_by(tap), tap)),
                },
                () = sleep_until(limit) => {}
            }
            if self.next_limit(tap, deadline).0 <= Instant::now() {
                break cause;
            }
        };
        Err(fill(Failure::new(tap.stage(), cause, Whose::Network), tap))
    }

    /// When patience ends if nothing more comes, and what that would be called.
    fn next_limit(&self, tap: &Tap, deadline: Deadline) -> (Instant, Cause) {
        let (silent, cause) = match tap.silent_since() {
            Err(since) => {
                let rtt = tap.tcp_facts().map(|facts| facts.rtt).unwrap_or_default();
                (since + self.settings.first_byte_timeout.max(rtt * 6), Cause::GenericTimeoutError)
            }
            Ok(since) => (since + self.settings.stall_timeout, Cause::StalledAfterBytes),
        };
        if silent <= deadline.instant() { (silent, cause) } else { (deadline.instant(), Cause::GenericTimeoutError) }
    }

    /// Keeps an answered connection for a moment, then closes it in order: connect-hello-close with no pause is
    /// what no app does.
    pub(super) fn linger(&self, farewell: Farewell) {
        let span = self.sources.chance.between(self.settings.linger_min, self.settings.linger_max);
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            // Both arms are cancel-safe: neither holds anything.
            tokio::select! {
                () = tokio::time::sleep(span) => {}
                () = stop.cancelled() => {}
            }
            // A peer that does not let go is let go.
            let _ = tokio::time::timeout(Duration::from_secs(2), farewell).await;
        });
    }
}

fn fill(mut failure: Failure, tap: &Tap) -> Failure {
    failure.tcp = tap.tcp_facts().or(failure.tcp);
    failure.received = tap.received();
    failure
}
