//! Relays a settled connection until it ends, with a watch on what comes back.

use super::Sessions;
use super::carried::Fate;
use super::flow::{Birth, Flow};
use super::flows::Entry;
use super::habits::{CANCELLED, Parting};
use super::hangup::greeting;
use super::race::Race;
use crate::inbound::{Onward, Rest};
use crate::model::{Sign, TcpFacts, Twin};
use crate::net::{Copying, Ended, Io, Pipe, Rewound, Side, Stream, Work};
use crate::wire::first_flight::Kind;
use crate::wire::follow::{Debt, Follow};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tracing::debug;

/// Who leaves sooner has changed his mind (§3.7).
const PATIENT: Duration = Duration::from_secs(5);

/// From here on nobody looks at a transfer of no service.
const UNWATCHED: u64 = 1 << 20;

/// How the connection began, for what its end means.
struct Greeted {
    is_tls: bool,
    /// Bytes of the first flight.
    length: u32,
    /// Nothing has come back yet.
    unanswered: bool,
}

/// The relay, for as long as it lasts. It is all that is left of a connection, and holds no more than it needs.
struct Relaying {
    entry: Entry,
    flow: Arc<Flow>,
    client: Stream,
    server: Stream,
    copying: Copying,
    greeted: Greeted,
}

/// In the reactor, to its end.
impl Future for Relaying {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let end = ready!(self.poll_end(cx));
        self.tells(&end);
        Poll::Ready(())
    }
}

impl Work for Relaying {
    fn ends(&mut self) -> [&mut dyn Io; 2] {
        [&mut self.client, &mut self.server]
    }
}

impl Relaying {
    /// In the runtime, until it has ended or is to go on in the reactor.
    async fn run(mut self) -> Option<Onward> {
        let end = poll_fn(|cx| {
            self.flow.stop.wakes(cx.waker());
            if self.flow.stop.is_settled() {
                return Poll::Ready(None);
            }
            self.poll_end(cx).map(Some)
        });
        if let Some(end) = end.await {
            self.tells(&end);
            return None;
        }
        let sessions = Arc::clone(self.entry.sessions());
        let reactor = move |room| {
            let Some(reactor) = sessions.reactor() else { return };
            if let Err(error) = reactor.adopt(self, room) {
                debug!(%error, "a connection could not go on");
            }
        };
        Some(Box::new(reactor))
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        self.flow.stop.wakes(cx.waker());
        if self.flow.stop.is_cancelled() {
            return Poll::Ready(self.copying.interrupted(&self.server, &self.flow.meter));
        }
        self.copying.poll(cx, &mut self.client, &mut self.server, &self.flow.meter)
    }

    fn tells(&mut self, end: &Ended) {
        let facts = if may_have_been_lost(&self.flow, end) { self.server.tcp_facts() } else { None };
        if end.outcome.is_err() {
            // What broke on one side breaks on the other: an orderly end would claim a whole answer.
            self.client.abort_on_drop();
            self.server.abort_on_drop();
        }
        self.entry.sessions().relayed(&self.flow, end, facts, &self.greeted);
    }
}

/// Whether it is worth asking the kernel if the last question arrived: the client ended it and had waited for an answer.
fn may_have_been_lost(flow: &Flow, end: &Ended) -> bool {
    let waited = flow.awaits().is_some_and(|waited| waited >= CANCELLED);
    flow.bare && waited && end.first == Some(Side::Client)
}

impl Sessions {
    /// Joins the client and the way that won; gives back the relay between them. `answer` is what the server has said
    /// already.
    pub(super) async fn relay(
        self: &Arc<Self>,
        mut client: Stream,
        race: Box<Race<'_>>,
        index: usize,
        answer: Vec<u8>,
    ) -> Option<Rest> {
        let flight = &race.flight.bytes;
        let is_tls = matches!(race.kind, Kind::Tls(_));
        let (length, given) = (flight.len() as u32, race.contestants[index].given().min(flight.len()));
        let ended = race.contestants[index].has_ended();
        let not_given = flight[given..].to_vec();
        let (mut follow, protocol) = (Follow::after(&race.kind, flight), race.protocol);
        let winner = race.settle(index, !answer.is_empty(), &self.tasks)?;
        let birth = Birth {
            route: winner.subject.route(&winner.transport),
            start: winner.start,
            endpoint: winner.endpoint,
            rtt: winner.rtt,
            bare: winner.bare,
            protocol,
        };
        let flow = Arc::new(Flow::new(birth, !answer.is_empty()));
        flow.meter.add_up(given);
        flow.meter.add_down(answer.len());
        follow.feed(&answer);
        if !answer.is_empty() {
            flow.hears(follow.debt());
        }
        let entry = Entry::new(Arc::clone(self), &flow);
        if client.write_all(&answer).await.is_err() || client.flush().await.is_err() {
            return None;
        }
        let unanswered = answer.is_empty();
        let client: Stream = if not_given.is_empty() { client } else { Box::new(Rewound::new(not_given, client)) };
        let tap = Tap { inner: winner.stream, follow, ended, flow: Arc::clone(&flow) };
        let greeted = Greeted { is_tls, length, unanswered };
        let server: Stream = Box::new(tap);
        if client.can_settle() && server.can_settle() && self.reactor().is_some() {
            self.flows.may_settle(&flow);
        }
        Some(Rest::new(Relaying { entry, flow, client, server, copying: Copying::default(), greeted }.run()))
    }

    /// What is to be told of a relay that has ended.
    fn relayed(&self, flow: &Flow, end: &Ended, facts: Option<TcpFacts>, greeted: &Greeted) {
        if greeted.unanswered {
            let fate = if flow.meter.down() > 0 { Fate::Answered } else { Fate::Lost };
            self.fates.count(flow.route.clone(), fate);
        }
        self.left_waiting(flow, end, facts);
        if let Err((side, failure)) = &end.outcome {
            let side = *side;
            debug!(route = %flow.route, %failure, ?side, down = flow.meter.down(), "connection broke");
            if side == Side::Server && !flow.stop.is_cancelled() {
                self.flows.broke(flow, failure, self);
            }
        } else {
            debug!(route = %flow.route, up = flow.meter.up(), down = flow.meter.down(), "connection ended");
        }
        if self.flows.is_shunned(flow, greeting(greeted.is_tls, greeted.length.into(), flow, end)) {
            self.flows.shunned(flow, self);
        }
        self.flows.proven(flow, self);
    }

    /// The client ended a connection on which it had asked and not been answered. Where the kernel knows that the
    /// question never arrived, it gave up; where it arrived, a long poll ends like that.
    fn left_waiting(&self, flow: &Flow, end: &Ended, facts: Option<TcpFacts>) {
        if matches!(end.outcome, Err((Side::Client, _))) {
            flow.leaves();
        }
        self.parted(flow);
        let lost = facts.filter(|_| flow.bare).is_some_and(|facts| facts.unacked > 0 && facts.retransmits > 0);
        let waited = flow.awaits().unwrap_or_default();
        if end.first != Some(Side::Client) || flow.stop.is_cancelled() || !lost {
            return;
        }
        let routing = self.routing();
        let told = flow.told_of(waited, &self.board, &routing);
        if waited >= PATIENT && flow.meter.down() > 0 {
            super::report::sign(&told, Sign::ClientGaveUp, flow.endpoint, Twin::Unknown);
        }
        self.habits.barren(&told, waited, flow.endpoint);
    }
}

impl Sessions {
    /// Notes, once, that the client has left, if it has. The server need not have: where everything freezes, the end of
    /// the stream never gets there.
    pub(super) fn parted(&self, flow: &Flow) {
        let Some(silent) = flow.parting().filter(|_| !flow.stop.is_cancelled()) else { return };
        let routing = self.routing();
        let parting = Parting { began: flow.start.moment, down: flow.meter.down(), silent };
        self.habits.left(&flow.told(&self.board, &routing), parting, flow.endpoint);
    }
}

/// The server's stream, followed for a frame that is begun and not finished: as long as it lasts, for a line may be
/// made slow at any time (T10). Only lengths are looked at, which costs next to nothing.
struct Tap {
    inner: Stream,
    follow: Follow,
    /// The client's end was passed on during the first flight; a second one could fail the whole relay.
    ended: bool,
    flow: Arc<Flow>,
}

impl Io for Tap {
    fn below(&self) -> Option<&dyn Io> {
        Some(&self.inner)
    }
    fn below_mut(&mut self) -> Option<&mut dyn Io> {
        Some(&mut self.inner)
    }
    fn can_pull(&self) -> bool {
        self.is_blind() && self.inner.can_pull()
    }
    fn poll_pull(&mut self, cx: &mut Context<'_>, pipe: &mut Pipe) -> Poll<io::Result<usize>> {
        let moved = ready!(self.poll_below(cx, |below, cx| below.poll_pull(cx, pipe)))?;
        self.follow.lose();
        self.flow.hears(Debt::None);
        Poll::Ready(Ok(moved))
    }
    fn poll_push(&mut self, cx: &mut Context<'_>, pipe: &mut Pipe) -> Poll<io::Result<usize>> {
        self.flow.asks();
        self.inner.poll_push(cx, pipe)
    }
}

impl Tap {
    /// Whether looking at what comes next would tell nothing: its frames are not known, or it is the bulk of a transfer
    /// that no service's state depends on. A way that freezes transfers has frozen it long before.
    fn is_blind(&self) -> bool {
        let of_no_service = self.flow.bare && self.flow.route.service.is_other();
        self.follow.is_lost() || (of_no_service && self.flow.meter.down() >= UNWATCHED)
    }

    /// Reads from below, with what the watch wants to know of it.
    fn poll_below<T>(
        &mut self,
        cx: &mut Context<'_>,
        read: impl FnOnce(&mut Stream, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        if self.flow.kernel.is_asked() {
            self.flow.kernel.answer(self.flow.age(), self.flow.meter.up(), self.inner.tcp_facts());
        }
        let read = read(&mut self.inner, cx);
        self.flow.listens(read.is_pending());
        read
    }
}

impl AsyncRead for Tap {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(self.poll_below(cx, |below, cx| Pin::new(below).poll_read(cx, buf)))?;
        self.follow.feed(&buf.filled()[before..]);
        self.flow.hears(self.follow.debt());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tap {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.flow.asks();
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.flow.leaves();
        if self.ended {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
