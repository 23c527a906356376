//! The connections that are up. Once a second each is looked at: a freeze is noticed and the dead flow is reset, so
//! that its app reconnects on a better way; when a route is called blocked its stale flows are reset, its healthy
//! ones are left alone.

use super::Sessions;
use super::hangup::Hangups;
use super::report::{self, Told};
use super::routing::Routing;
use super::settings::Start;
use crate::board::Board;
use crate::judge::freeze::{self, Owed};
use crate::model::{EndpointTag, Failure, Phase, Record, Route, ServiceId, Sign, Transition, TransportId, Twin};
use crate::net::FlowMeter;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use tracing::info;

/// What a client sends within this time of its last byte belongs to one flight.
const SAME_FLIGHT: Duration = Duration::from_secs(1);
/// Bytes that clear a freeze (detection rules §0.2).
const PROVEN_BYTES: u64 = 64 << 10;
/// A connection with server data that lives this long is proof as well.
const PROVEN_LIFE: Duration = Duration::from_secs(60);
/// On a blocked route, a request unanswered for this long means that the flow is dead.
const STALE_AFTER: Duration = Duration::from_secs(4);

/// One connection.
pub(super) struct Flow {
    pub(super) route: Route,
    pub(super) start: Start,
    pub(super) endpoint: Option<EndpointTag>,
    pub(super) rtt: Option<Duration>,
    pub(super) meter: FlowMeter,
    /// A TLS record from the server is begun and not finished.
    pub(super) record_owed: AtomicBool,
    /// Flights sent since the server's last byte.
    pub(super) asked: AtomicU32,
    /// When the first of them was sent, in milliseconds after `start`.
    pub(super) asked_at: AtomicU64,
    /// Its proof was told.
    pub(super) told: AtomicBool,
    /// Resets both sides.
    pub(super) stop: CancellationToken,
}

impl Flow {
    fn told<'a>(&self, board: &'a Board, routing: &'a Routing) -> Told<'a> {
        Told { board, routing, route: self.route.clone(), start: self.start }
    }

    /// For how long the client has waited for an answer, if it waits for one. Silence before it asked is no sign:
    /// a quiet chat that has just said something is as healthy as ever.
    fn awaits(&self) -> Option<Duration> {
        let since = Duration::from_millis(self.asked_at.load(Ordering::Relaxed));
        (self.asked.load(Ordering::Relaxed) > 0).then(|| self.start.instant.elapsed().saturating_sub(since))
    }

    fn facts(&self) -> freeze::Flow {
        let quiet = self.meter.since_down();
        let (owed, owed_for) = match self.awaits() {
            _ if self.record_owed.load(Ordering::Relaxed) => (Owed::RestOfRecord, quiet),
            Some(waited) => (Owed::Answer { asked: self.asked.load(Ordering::Relaxed) }, waited),
            None => (Owed::Nothing, Duration::ZERO),
        };
        freeze::Flow { received: self.meter.down(), quiet, owed, owed_for, rtt: self.rtt.unwrap_or_default() }
    }

    /// The client has sent something at `now`; what follows within a second is the same flight.
    pub(super) fn asks(&self) {
        let now = u64::try_from(self.start.instant.elapsed().as_millis()).unwrap_or(u64::MAX);
        let asked = self.asked.load(Ordering::Relaxed);
        if asked == 0 {
            self.asked_at.store(now, Ordering::Relaxed);
            self.asked.store(1, Ordering::Relaxed);
        } else if self.meter.since_up() >= SAME_FLIGHT {
            self.asked.store(asked.saturating_add(1), Ordering::Relaxed);
        }
    }

    /// The server has said something.
    pub(super) fn hears(&self, record_owed: bool) {
        self.asked.store(0, Ordering::Relaxed);
        self.record_owed.store(record_owed, Ordering::Relaxed);
    }
}

/// How many connections a service has on a way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowCount {
    /// The service.
    pub service: ServiceId,
    /// The way.
    pub transport: TransportId,
    /// How many.
    pub flows: usize,
}

/// The connections that are up.
#[derive(Default)]
pub struct Flows {
    next: AtomicU64,
    live: Mutex<HashMap<u64, Arc<Flow>>>,
    /// Routes called blocked, and those flows of theirs to be closed as soon as they prove dead.
    blocked: Mutex<HashMap<Route, ()>>,
    /// Routes on which apps hung up on the server's first words.
    pub(super) hangups: Hangups,
}

/// Takes a connection off the list when it ends.
pub(super) struct Entry<'f> {
    flows: &'f Flows,
    id: u64,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        lock(&self.flows.live).remove(&self.id);
    }
}

impl Flows {
    pub(super) fn enter(&self, flow: &Arc<Flow>) -> Entry<'_> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        lock(&self.live).insert(id, Arc::clone(flow));
        Entry { flows: self, id }
    }

    /// The connections that are up.
    pub(super) fn live(&self) -> Vec<Arc<Flow>> {
        lock(&self.live).values().cloned().collect()
    }

    /// Tells that apps hang up on what answers on this route.
    pub(super) fn shunned(&self, flow: &Flow, sessions: &Sessions) {
        report::sign(
            &flow.told(&sessions.board, &sessions.routing()),
            Sign::Reconnecting,
            flow.endpoint,
            Twin::Unknown,
        );
    }

    /// How many connections each service has on each way.
    pub fn counts(&self) -> Vec<FlowCount> {
        let mut counts: HashMap<(ServiceId, TransportId), usize> = HashMap::new();
        for flow in lock(&self.live).values() {
            *counts.entry((flow.route.service.clone(), flow.route.transport.clone())).or_default() += 1;
        }
        let mut counts: Vec<_> =
            counts.into_iter().map(|((service, transport), flows)| FlowCount { service, transport, flows }).collect();
        counts.sort_by(|a, b| (&a.service, &a.transport).cmp(&(&b.service, &b.transport)));
        counts
    }

    /// Watches over all connections until `stop`.
    pub(super) async fn watch(&self, sessions: &Sessions, stop: CancellationToken) {
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut announcements = sessions.board.announcements();
        loop {
            tokio::select! {
                // All arms are cancel-safe.
                () = stop.cancelled() => return,
                _ = tick.tick() => self.look(sessions),
                told = announcements.recv() => match told {
                    Ok(Record::Transition(change)) => self.heed(&change),
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                },
            }
        }
    }

    /// Tells that a connection broke in the middle, on the server's side.
    pub(super) fn broke(&self, flow: &Flow, failure: &Failure, sessions: &Sessions) {
        report::failed(&flow.told(&sessions.board, &sessions.routing()), failure, Twin::Unknown);
    }

    /// Tells, once, that a connection has carried enough or lived long enough to prove its route.
    pub(super) fn proven(&self, flow: &Flow, sessions: &Sessions) {
        let (up, down) = (flow.meter.up(), flow.meter.down());
        let sign = if down >= PROVEN_BYTES {
            Sign::BodyProven
        } else if down > 0 && (up + down >= PROVEN_BYTES || flow.start.instant.elapsed() >= PROVEN_LIFE) {
            Sign::FlowProven
        } else {
            return;
        };
        if !flow.told.swap(true, Ordering::Relaxed) {
            report::sign(&flow.told(&sessions.board, &sessions.routing()), sign, flow.endpoint, Twin::Unknown);
        }
    }

    /// The look at every connection, once a second.
    fn look(&self, sessions: &Sessions) {
        let routing = sessions.routing();
        let live = self.live();
        let blocked = lock(&self.blocked);
        for flow in live {
            if let Some(sign) = freeze::frozen(&flow.facts()) {
                info!(route = %flow.route, kilobytes = flow.meter.down() / 1024, "a transfer froze; its app is told to reconnect");
                report::sign(&flow.told(&sessions.board, &routing), sign, flow.endpoint, Twin::Unknown);
                flow.stop.cancel();
            } else if flow.meter.since_down() < Duration::from_secs(2) {
                self.proven(&flow, sessions);
            } else if blocked.contains_key(&flow.route) && flow.awaits().is_some_and(|waited| waited >= STALE_AFTER) {
                flow.stop.cancel();
            }
        }
    }

    /// A route's state changed: flows whose answer has been awaited since the evidence began are reset now.
    fn heed(&self, change: &Transition) {
        let mut blocked = lock(&self.blocked);
        if change.to != Phase::Blocked {
            blocked.remove(&change.route);
            return;
        }
        blocked.insert(change.route.clone(), ());
        let stale = Duration::from_millis(change.took_ms).clamp(SAME_FLIGHT, STALE_AFTER);
        for flow in lock(&self.live).values().filter(|flow| flow.route == change.route) {
            if flow.awaits().is_some_and(|waited| waited >= stale) {
                flow.stop.cancel();
            }
        }
    }
}

/// A lock whose holder cannot have left the map half changed.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
