//! The connections that are up. Once a second each is looked at: a freeze is noticed and the dead flow is reset, so
//! that its app reconnects on a better way; a slow transfer is told; when a route is called blocked its stale flows
//! are reset, its healthy ones are left alone.

use super::Sessions;
use super::carried::Fate;
use super::flow::{Flow, SAME_FLIGHT};
use super::hangup::Hangups;
use super::report;
use super::routing::Routing;
use super::settings::Start;
use super::stall::{self, Stalls};
use crate::inbound::Protocol;
use crate::judge::{freeze, throttle};
use crate::model::{
    Failure, Keyed, Phase, Record, Route, ServiceId, Sign, Technique, Transition, TransportId, Twin, Verdict,
};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::info;

/// Bytes that clear a freeze (detection rules §0.2).
const PROVEN_BYTES: u64 = 64 << 10;
/// A connection with server data that lives this long is proof as well.
const PROVEN_LIFE: Duration = Duration::from_secs(60);
/// On a blocked route, a request unanswered for this long means that the flow is dead.
const STALE_AFTER: Duration = Duration::from_secs(4);
/// Where nobody hears anything, a flow is given twice the time: it may be the line that paused.
const ON_A_DEAD_LINE: Duration = Duration::from_secs(8);
/// Somebody has heard something lately.
const LATELY: Duration = Duration::from_secs(3);

/// A connection that is up after this time, or twice as much, may last for days.
const LASTING: Duration = Duration::from_millis(50);

/// How many connections a service has on a way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowCount {
    /// The service.
    pub service: ServiceId,
    /// The way.
    pub transport: TransportId,
    /// How many.
    pub flows: usize,
    /// Bytes from their clients so far.
    pub up: u64,
    /// Bytes to their clients so far.
    pub down: u64,
}

/// What a way has carried since the start, and who has connections on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carriage {
    /// Bytes from clients.
    pub up: u64,
    /// Bytes to clients.
    pub down: u64,
    /// Connections that are up, by the language of their clients.
    pub open: HashMap<Protocol, u64>,
}

/// The connections that are up.
#[derive(Default)]
pub struct Flows {
    next: AtomicU64,
    /// byway stops: no relay begins any more.
    over: AtomicBool,
    live: Mutex<Keyed<u64, Arc<Flow>>>,
    /// Bytes of connections that have ended, from and to clients. Locked after `live`.
    ended: Mutex<Keyed<TransportId, (u64, u64)>>,
    /// Routes called blocked, and those flows of theirs to be closed as soon as they prove dead.
    blocked: Mutex<Keyed<Route, ()>>,
    /// Routes on which apps hung up on the server's first words.
    pub(super) hangups: Hangups,
    /// Those that may go on in the reactor when they have lasted.
    young: Mutex<Vec<Arc<Flow>>>,
    /// Somebody is young.
    born: Notify,
    /// When a slow window was last told of a route.
    slow: Mutex<Keyed<Route, Instant>>,
}

/// Takes a connection off the list when it ends.
pub(super) struct Entry {
    sessions: Arc<Sessions>,
    id: u64,
}

impl Entry {
    /// Puts a connection on the list.
    pub(super) fn new(sessions: Arc<Sessions>, flow: &Arc<Flow>) -> Self {
        let id = sessions.flows.enter(flow);
        Self { sessions, id }
    }

    /// Whose connection it is.
    pub(super) const fn sessions(&self) -> &Arc<Sessions> {
        &self.sessions
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.sessions.flows.leave(self.id);
    }
}

impl Flows {
    pub(super) fn enter(&self, flow: &Arc<Flow>) -> u64 {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        lock(&self.live).insert(id, Arc::clone(flow));
        if self.over.load(Ordering::Acquire) {
            flow.stop.cancel();
        }
        id
    }

    pub(super) fn leave(&self, id: u64) {
        let mut live = lock(&self.live);
        let Some(flow) = live.remove(&id) else { return };
        let mut ended = lock(&self.ended);
        let bytes = ended.entry(flow.route.transport.clone()).or_default();
        *bytes = (bytes.0 + flow.meter.up(), bytes.1 + flow.meter.down());
    }

    /// Lets a connection go on in the reactor when it has lasted.
    pub(super) fn may_settle(&self, flow: &Arc<Flow>) {
        let mut young = lock(&self.young);
        young.push(Arc::clone(flow));
        if young.len() == 1 {
            self.born.notify_one();
        }
    }

    /// Says so to those that have. A timer of each one's own would cost more than most connections last.
    pub(super) async fn settle(&self) {
        loop {
            self.born.notified().await;
            let mut older = Vec::new();
            loop {
                sleep(LASTING).await;
                let young = std::mem::take(&mut *lock(&self.young));
                for flow in std::mem::replace(&mut older, young) {
                    flow.stop.settle();
                }
                if older.is_empty() {
                    break;
                }
            }
        }
    }

    /// The connections that are up.
    pub(super) fn live(&self) -> Vec<Arc<Flow>> {
        lock(&self.live).values().cloned().collect()
    }

    /// Tells that apps hang up on what answers on this route.
    pub(super) fn shunned(&self, flow: &Flow, sessions: &Sessions) {
        report::sign(&flow.told(&sessions.board, &sessions.routing()), Sign::HungUp, flow.endpoint, Twin::Unknown);
    }

    /// How many connections each service has on each way, and what they have carried.
    pub fn counts(&self) -> Vec<FlowCount> {
        let mut counts: HashMap<(ServiceId, TransportId), FlowCount> = HashMap::new();
        for flow in lock(&self.live).values() {
            let (service, transport) = (flow.route.service.clone(), flow.route.transport.clone());
            let none =
                || FlowCount { service: service.clone(), transport: transport.clone(), flows: 0, up: 0, down: 0 };
            let count = counts.entry((service.clone(), transport.clone())).or_insert_with(none);
            count.flows += 1;
            count.up += flow.meter.up();
            count.down += flow.meter.down();
        }
        let mut counts: Vec<_> = counts.into_values().collect();
        counts.sort_by(|a, b| (&a.service, &a.transport).cmp(&(&b.service, &b.transport)));
        counts
    }

    /// What each way has carried.
    pub fn carriage(&self) -> HashMap<TransportId, Carriage> {
        let live = lock(&self.live);
        let mut all: HashMap<TransportId, Carriage> = HashMap::new();
        for (transport, (up, down)) in lock(&self.ended).iter() {
            all.insert(transport.clone(), Carriage { up: *up, down: *down, ..Carriage::default() });
        }
        for flow in live.values() {
            let one = all.entry(flow.route.transport.clone()).or_default();
            one.up += flow.meter.up();
            one.down += flow.meter.down();
            *one.open.entry(flow.protocol).or_default() += 1;
        }
        all
    }

    /// Watches over all connections until `stop`.
    pub(super) async fn watch(&self, sessions: &Sessions, stop: CancellationToken) {
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut announcements = sessions.board.announcements();
        loop {
            tokio::select! {
                // All arms are cancel-safe.
                () = stop.cancelled() => return self.end(),
                _ = tick.tick() => self.look(sessions),
                told = announcements.recv() => match told {
                    Ok(record) => {
                        if let Record::Transition(change) = &*record {
                            self.heed(change, sessions);
                        }
                    }
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                },
            }
        }
    }

    /// Ends all connections, and those that would still begin.
    fn end(&self) {
        self.over.store(true, Ordering::Release);
        for flow in self.live() {
            flow.stop.cancel();
        }
    }

    /// Tells that a connection broke in the middle, on the server's side.
    pub(super) fn broke(&self, flow: &Flow, failure: &Failure, sessions: &Sessions) {
        report::failed(&flow.told_of(Duration::ZERO, &sessions.board, &sessions.routing()), failure, Twin::Unknown);
    }

    /// Tells, once, that a connection has carried enough or lived long enough to prove its route.
    pub(super) fn proven(&self, flow: &Flow, sessions: &Sessions) {
        let (up, down) = (flow.meter.up(), flow.meter.down());
        let sign = if down >= PROVEN_BYTES {
            Sign::BodyProven
        } else if down > 0 && (up + down >= PROVEN_BYTES || flow.age() >= PROVEN_LIFE) {
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
        let snapshot = sessions.board.snapshot();
        if !snapshot.played.is_empty() {
            self.desert(|flow| snapshot.played.contains(&flow.route.service), sessions);
        }
        let live = self.live();
        let dead_line = is_dead_line(&live);
        let mut stalls = Stalls::among(&live);
        let blocked = lock(&self.blocked);
        for flow in live {
            flow.wonder();
            sessions.parted(&flow);
            let facts = flow.facts();
            let window = flow.window();
            let frozen = freeze::frozen(&facts).filter(|_| !dead_line || facts.quiet >= ON_A_DEAD_LINE);
            if let Some(sign) = frozen {
                info!(route = %flow.route, kilobytes = facts.received / 1024, "a transfer froze; its app is told to reconnect");
                // What was told when it stood still is not told again: one transfer is one sign.
                if !flow.stalled.load(Ordering::Relaxed) {
                    let told = flow.told_of(facts.waited(), &sessions.board, &routing);
                    report::sign(&told, sign, flow.endpoint, Twin::Unknown);
                }
                sessions.fates.count(flow.route.clone(), Fate::Lost);
                flow.stop.cancel();
                continue;
            }
            if stall::is_given_up(&flow, &snapshot) {
                sessions.fates.count(flow.route.clone(), Fate::Lost);
                flow.stop.cancel();
                continue;
            }
            if let Some(sign) = stalls.first_told(&flow) {
                let told = flow.told_of(facts.waited(), &sessions.board, &routing);
                report::sign(&told, sign, flow.endpoint, Twin::Unknown);
            }
            if let Some((window, sign)) = window.and_then(|window| Some((window, throttle::slow(&window)?))) {
                self.was_slow(&flow, window.span, sign, sessions, &routing);
            }
            if flow.meter.since_down() < Duration::from_secs(2) {
                self.proven(&flow, sessions);
            } else if blocked.contains_key(&flow.route) && flow.awaits().is_some_and(|waited| waited >= STALE_AFTER) {
                sessions.fates.count(flow.route.clone(), Fate::Lost);
                flow.stop.cancel();
            }
        }
    }

    /// Resets those that go over the bare line to where somebody plays their service: whatever they were begun with, no
    /// further byte goes there (detection rules §5).
    fn desert(&self, meant: impl Fn(&Flow) -> bool, sessions: &Sessions) {
        for flow in self.live().into_iter().filter(|flow| flow.bare && !flow.stop.is_cancelled() && meant(flow)) {
            sessions.fates.count(flow.route.clone(), Fate::Lost);
            flow.stop.cancel();
        }
    }

    /// Tells a slow window, one of a route at a time: many slow flows beside one another share one line.
    fn was_slow(&self, flow: &Flow, span: Duration, sign: Sign, sessions: &Sessions, routing: &Routing) {
        let now = Instant::now();
        let mut told = lock(&self.slow);
        if told.get(&flow.route).is_some_and(|at| now.duration_since(*at) < throttle::LEAST_SPAN) {
            return;
        }
        told.insert(flow.route.clone(), now);
        drop(told);
        let start = Start { moment: sessions.board.now() - span, instant: flow.start.instant };
        let told = report::Told { start, ..flow.told(&sessions.board, routing) };
        report::sign(&told, sign, flow.endpoint, Twin::Unknown);
    }

    /// A route's state changed: flows whose answer has been awaited since the evidence began are reset now.
    fn heed(&self, change: &Transition, sessions: &Sessions) {
        if change.verdict == Verdict::Blocked(Technique::Mitm) && sessions.routing().is_bare(&change.route.transport) {
            self.desert(|flow| flow.route.service == change.route.service, sessions);
        }
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

/// Whether it looks as if the line itself were silent: flows of several services wait, and nobody hears anything.
fn is_dead_line(live: &[Arc<Flow>]) -> bool {
    if live.iter().any(|flow| flow.meter.since_down() < LATELY) {
        return false;
    }
    let stalled = live.iter().filter(|flow| flow.is_stalled(LATELY)).map(|flow| &flow.route.service);
    stalled.collect::<HashSet<_>>().len() > 1
}

/// A lock whose holder cannot have left the map half changed.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
