//! The one place beliefs live. Connections and probes report here and read the snapshot; the [`Keeper`] alone
//! owns the state and steps it. Refuses to judge: what a fact does is decided in `health`.

mod heard;
mod keeper;
mod ready;
#[cfg(test)]
mod tests;
mod used;

pub use keeper::Keeper;

pub use crate::health::{Goodput, LinkReport};

use crate::health::{Event, Params};
use crate::model::{Evidence, Family, Forced, Moment, NetworkId, Record, Route, ServiceId, Snapshot, Source};
use arc_swap::ArcSwap;
use heard::Heard;
use ready::Ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::Instant;
use used::Used;

/// Facts that may wait to be taken in: some seconds of a very busy proxy.
const INBOX: usize = 4096;
/// Places in the inbox that facts leave free, so that a command or a change of network is never the one dropped.
const KEPT_FREE: usize = 256;
/// Announcements a slow reader may lag behind. Room for all of them is taken at once, so that each is only pointed to.
const ANNOUNCED: usize = 512;

/// What the prober has to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Due {
    /// Test this route.
    Probe(Route),
    /// Connect to an address of this route of that version of IP.
    Family(Route, Family),
    /// Run the link's controls.
    Controls,
    /// Measure a neutral place's goodput (and the slow service's through the active tunnel, where that can be done),
    /// and tell [`Board::goodput`].
    Goodput,
}

/// What the board knows about one route, for `byway why`.
#[derive(Clone, Debug)]
pub struct RouteStory {
    /// The route.
    pub route: Route,
    /// Its standing now.
    pub standing: crate::model::Standing,
    /// The latest evidence, newest last, with the score after each.
    pub evidence: Vec<(Evidence, f64)>,
    /// When it is probed next.
    pub next_probe: Option<Moment>,
}

/// A handle on the beliefs; cheap to clone.
#[derive(Clone)]
pub struct Board {
    inbox: mpsc::Sender<Post>,
    shown: Arc<Shown>,
}

/// What a [`Keeper`] shows and every [`Board`] sees.
struct Shown {
    origin: Instant,
    snapshot: ArcSwap<Snapshot>,
    announced: broadcast::Sender<Arc<Record>>,
    probed: broadcast::Sender<Arc<Evidence>>,
    ready: Ready,
    used: Used,
    heard: Heard,
    dropped: AtomicU64,
    probes: AtomicU64,
    probe_bytes: AtomicU64,
    changes: AtomicU64,
}

/// What active tests have cost since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// How many were begun.
    pub probes: u64,
    /// Bytes both ways, as their prices say.
    pub bytes: u64,
}

/// What is put into the inbox.
enum Post {
    Event(Event),
    Reconfigure(Box<Params>, Vec<Route>),
    Story(ServiceId, oneshot::Sender<Vec<RouteStory>>),
}

impl Shown {
    fn now(&self) -> Moment {
        let millis = Instant::now().saturating_duration_since(self.origin).as_millis();
        Moment::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
    }
}

impl Board {
    /// A board that believes nothing yet, about `routes` on `network`, and its keeper.
    pub fn new(params: Params, routes: Vec<Route>, network: NetworkId) -> (Self, Keeper) {
        let (inbox, posts) = mpsc::channel(INBOX);
        let shown = Arc::new(Shown {
            origin: Instant::now(),
            snapshot: ArcSwap::from_pointee(Snapshot { network, ..Snapshot::default() }),
            announced: broadcast::channel(ANNOUNCED).0,
            probed: broadcast::channel(ANNOUNCED).0,
            ready: Ready::default(),
            used: Used::default(),
            heard: Heard::default(),
            dropped: AtomicU64::new(0),
            probes: AtomicU64::new(0),
            probe_bytes: AtomicU64::new(0),
            changes: AtomicU64::new(0),
        });
        let keeper = Keeper::new(params, routes, network, posts, Arc::clone(&shown));
        (Self { inbox, shown }, keeper)
    }

    /// Now, on the board's time line (tokio's clock, so that paused tests move it).
    pub fn now(&self) -> Moment {
        self.shown.now()
    }

    /// What is believed now. Takes no lock.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.shown.snapshot.load_full()
    }

    /// Tells a fact. Never blocks; when the inbox is full the fact is dropped and counted. One more answer on a route that
    /// is well is told within a quarter of a second.
    pub fn report(&self, evidence: Evidence) {
        if evidence.source == Source::Probe && self.shown.probed.receiver_count() > 0 {
            // Whoever left meanwhile misses nothing.
            let _ = self.shown.probed.send(Arc::new(evidence.clone()));
        }
        if let Some(evidence) = self.shown.heard.hold(evidence, &self.shown.snapshot.load()) {
            self.fact(Event::Evidence(evidence));
        }
    }

    /// Tells what the controls said.
    pub fn link(&self, report: LinkReport) {
        self.command(Post::Event(Event::Link(report)));
    }

    /// Tells how fast a neutral place was, when that was asked for with [`Due::Goodput`]. What could not be measured
    /// is not told.
    pub fn goodput(&self, sample: Goodput) {
        self.command(Post::Event(Event::Goodput(sample)));
    }

    /// Tells that a person's connection takes this route now.
    pub fn used(&self, route: Route) {
        if self.shown.used.is_news(&route, self.now()) {
            self.fact(Event::Used(route));
        }
    }

    /// Tells that a probe of this route begins and will cost about this many bytes.
    pub fn probe_started(&self, route: Route, bytes: u32) {
        self.shown.probes.fetch_add(1, Ordering::Relaxed);
        self.shown.probe_bytes.fetch_add(u64::from(bytes), Ordering::Relaxed);
        self.command(Post::Event(Event::ProbeStarted(route, bytes)));
    }

    /// Tells that a probe of this route failed before it had cost what it was booked at; so many bytes were not sent.
    pub fn probe_spared(&self, route: Route, bytes: u32) {
        self.shown.probe_bytes.fetch_sub(u64::from(bytes), Ordering::Relaxed);
        self.command(Post::Event(Event::ProbeSpared(route, bytes)));
    }

    /// Tells that all that belongs to the probe of this route is over.
    pub fn probe_ended(&self, route: Route) {
        self.command(Post::Event(Event::ProbeEnded(route)));
    }

    /// What active tests have cost since the start.
    pub fn spent(&self) -> Spent {
        Spent {
            probes: self.shown.probes.load(Ordering::Relaxed),
            bytes: self.shown.probe_bytes.load(Ordering::Relaxed),
        }
    }

    /// Tells that the device joined another network, or which one it has been on since the start.
    pub fn network_changed(&self, network: NetworkId) {
        if !self.is_named_by(network) {
            self.shown.changes.fetch_add(1, Ordering::Relaxed);
        }
        self.shown.used.forget();
        self.shown.heard.forget();
        self.command(Post::Event(Event::NetworkChanged(network)));
    }

    /// Whether that word would only say which network this has been all along: nothing changes with it.
    pub fn is_named_by(&self, network: NetworkId) -> bool {
        self.snapshot().network.is_unknown() && !network.is_unknown()
    }

    /// Tells that the device slept this long.
    pub fn resumed(&self, millis: u64) {
        self.shown.changes.fetch_add(1, Ordering::Relaxed);
        self.shown.used.forget();
        self.shown.heard.forget();
        self.command(Post::Event(Event::Resumed(millis)));
    }

    /// How often the network changed or the device slept: what was heard of the line before says nothing of it now.
    pub fn changes(&self) -> u64 {
        self.shown.changes.load(Ordering::Relaxed)
    }

    /// Forces a way for a service, or gives the choice back.
    pub fn force(&self, service: ServiceId, forced: Option<Forced>) {
        self.command(Post::Event(Event::Force(service, forced)));
    }

    /// New parameters and routes after a reload; beliefs about routes that still exist are kept.
    pub fn reconfigure(&self, params: Params, routes: Vec<Route>) {
        self.shown.used.forget();
        self.shown.heard.forget();
        self.command(Post::Reconfigure(Box::new(params), routes));
    }

    /// Announces something that others than the beliefs know: a connection changed its way, byway started.
    pub fn announce(&self, record: Record) {
        // No reader is no fault.
        let _ = self.shown.announced.send(Arc::new(record));
    }

    /// Everything announced from now on. A slow reader loses the oldest.
    pub fn announcements(&self) -> broadcast::Receiver<Arc<Record>> {
        self.shown.announced.subscribe()
    }

    /// Every fact that an active test brings, from now on. A slow reader loses the oldest.
    pub fn probed(&self) -> broadcast::Receiver<Arc<Evidence>> {
        self.shown.probed.subscribe()
    }

    /// What is due next, when it is due. One prober waits here. Cancel-safe.
    pub async fn due(&self) -> Due {
        self.shown.ready.next().await
    }

    /// Whether the probe that was handed out for this route should also fetch a body of 64 KB, where its service has
    /// a large object: before a route is trusted again, within the day's allowance.
    pub fn wants_body(&self, route: &Route) -> bool {
        self.shown.ready.wants_body(route)
    }

    /// Whether the probe that was handed out for this route should be put in one packet and in many: it is suspected of
    /// freezing, and a small question tells by itself where packets are counted.
    pub fn wants_packets(&self, route: &Route) -> bool {
        self.shown.ready.wants_packets(route)
    }

    /// Whether the probe that was handed out for this route falls into the time in which an earlier failure may still
    /// be punished for (T19): only what sets off nothing may be asked first.
    pub fn is_in_shadow(&self, route: &Route) -> bool {
        self.shown.ready.is_in_shadow(route)
    }

    /// Facts dropped because the inbox was full.
    pub fn dropped(&self) -> u64 {
        self.shown.dropped.load(Ordering::Relaxed)
    }

    /// What is known about a service's routes, evidence line by line. Empty when the keeper has stopped.
    pub async fn story(&self, service: &ServiceId) -> Vec<RouteStory> {
        let (answer, told) = oneshot::channel();
        if self.inbox.send(Post::Story(service.clone(), answer)).await.is_err() {
            return Vec::new();
        }
        told.await.unwrap_or_default()
    }

    fn fact(&self, event: Event) {
        if self.inbox.capacity() <= KEPT_FREE {
            self.shown.dropped.fetch_add(1, Ordering::Relaxed);
        } else {
            self.command(Post::Event(event));
        }
    }

    fn command(&self, post: Post) {
        if self.inbox.try_send(post).is_err() {
            self.shown.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}
