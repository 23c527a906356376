//! Relays a settled connection until it ends, with a watch on what comes back.

use super::Sessions;
use super::flows::Flow;
use super::hangup::greeting;
use super::race::Race;
use crate::model::TcpFacts;
use crate::net::{FlowMeter, Io, Rewound, Side, Stream, copy_both};
use crate::wire::first_flight::kind;
use crate::wire::tls::Records;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_util::sync::CancellationToken;
use tracing::debug;

/// Bytes of an answer whose TLS records are followed: past this a stop is no freeze (detection rules, T9).
const FOLLOWED: u64 = 128 << 10;

impl Sessions {
    /// Relays between the client and the way that won. `answer` is what the server has said already.
    pub(super) async fn relay(&self, mut client: Stream, mut race: Race<'_>, index: usize, answer: Vec<u8>) {
        let flight = std::mem::take(&mut race.flight.bytes);
        let kind = kind(&flight, race.subject().service.first_flight);
        let (length, given) = (flight.len() as u64, race.contestants[index].given().min(flight.len()));
        let ended = race.contestants[index].has_ended();
        race.flight.bytes.clone_from(&flight);
        let Some(winner) = race.settle(index, !answer.is_empty(), &self.tasks) else { return };
        let meter = FlowMeter::new();
        meter.add_up(given);
        meter.add_down(answer.len());
        let mut records = Records::new();
        records.feed(&answer);
        let flow = Arc::new(Flow {
            route: winner.subject.route(&winner.transport),
            start: winner.start,
            endpoint: winner.endpoint,
            rtt: winner.rtt,
            record_owed: AtomicBool::new(records.is_owed()),
            asked: AtomicU32::new(u32::from(answer.is_empty())),
            asked_at: AtomicU64::new(0),
            told: AtomicBool::new(false),
            stop: CancellationToken::new(),
            meter,
        });
        let _entry = self.flows.enter(&flow);
        if client.write_all(&answer).await.is_err() || client.flush().await.is_err() {
            return;
        }
        drop(answer);
        let mut client: Stream = match flight.get(given..) {
            Some(rest) if !rest.is_empty() => Box::new(Rewound::new(rest.to_vec(), client)),
            _ => client,
        };
        drop(flight);
        let tap = Tap { inner: winner.stream, records, seen: 0, ended, flow: Arc::clone(&flow) };
        let mut server: Stream = Box::new(tap);
        let end = copy_both(&mut client, &mut server, &flow.meter, &flow.stop).await;
        if let Err((side, failure)) = &end.outcome {
            let side = *side;
            debug!(route = %flow.route, %failure, ?side, down = flow.meter.down(), "connection broke");
            // What broke on one side breaks on the other: an orderly end would claim a whole answer.
            client.abort_on_drop();
            server.abort_on_drop();
            if side == Side::Server && !flow.stop.is_cancelled() {
                self.flows.broke(&flow, failure, self);
            }
        } else {
            debug!(route = %flow.route, up = flow.meter.up(), down = flow.meter.down(), "connection ended");
        }
        if self.flows.is_shunned(&flow, greeting(&kind, length, &flow, &end)) {
            self.flows.shunned(&flow, self);
        }
        self.flows.proven(&flow, self);
    }
}

/// The server's stream, its first bytes followed for a TLS record that is begun and not finished.
struct Tap {
    inner: Stream,
    records: Records,
    seen: u64,
    /// The client's end was passed on during the first flight; a second one could fail the whole relay.
    ended: bool,
    flow: Arc<Flow>,
}

impl Io for Tap {
    fn tcp_facts(&self) -> Option<TcpFacts> {
        self.inner.tcp_facts()
    }
    fn endpoint(&self) -> Option<SocketAddr> {
        self.inner.endpoint()
    }
    fn abort_on_drop(&mut self) {
        self.inner.abort_on_drop();
    }
}

impl AsyncRead for Tap {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        if self.seen < FOLLOWED {
            let bytes = &buf.filled()[before..];
            self.seen += bytes.len() as u64;
            self.records.feed(bytes);
        }
        self.flow.hears(self.seen < FOLLOWED && self.records.is_owed());
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
        if self.ended {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
