//! The task that owns all state: takes in what was posted, steps the beliefs, and carries out what follows. It
//! decides nothing.

use super::{Post, RouteStory, Shown};
use crate::health::{Effect, Event, FAMILY_PRICE, GOODPUT_PRICE, Params, State};
use crate::model::{LinkState, Moment, NetworkId, Record, Route, ServiceId, Standing, Transition};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::debug;

/// Posts taken in with one step, so that a burst is published once.
const BATCH: usize = 256;

/// The task that owns all state. Run it once.
pub struct Keeper {
    state: State,
    params: Params,
    posts: mpsc::Receiver<Post>,
    shown: Arc<Shown>,
    timers: Timers,
}

/// What was asked for later.
#[derive(Default)]
struct Timers {
    wake: Option<Moment>,
    controls: Option<Moment>,
    goodput: Option<Moment>,
    probes: BTreeMap<Route, Moment>,
}

impl Timers {
    fn next(&self) -> Option<Moment> {
        self.wake.into_iter().chain(self.controls).chain(self.goodput).chain(self.probes.values().copied()).min()
    }
}

impl Keeper {
    pub(super) fn new(
        params: Params,
        routes: Vec<Route>,
        network: NetworkId,
        posts: mpsc::Receiver<Post>,
        shown: Arc<Shown>,
    ) -> Self {
        let state = State::new(routes, network, fastrand::u64(..), shown.now());
        Self { state, params, posts, shown, timers: Timers::default() }
    }

    /// Steps the state until every [`Board`](super::Board) is gone or `stop` is cancelled.
    pub async fn run(mut self, stop: CancellationToken) {
        self.step(vec![Event::Due]);
        loop {
            let timer = self.timers.next();
            let (heard, origin) = (self.shown.heard.due(), self.shown.origin);
            let at = |moment: Option<Moment>| origin + Duration::from_millis(moment.map_or(0, Moment::as_millis));
            let mut batch = Vec::new();
            // Each arm may be dropped at any time: a post not received stays in the inbox, a timer is set anew.
            tokio::select! {
                () = stop.cancelled() => return,
                taken = self.posts.recv_many(&mut batch, BATCH) => match taken {
                    0 => return,
                    _ => self.take(batch),
                },
                () = tokio::time::sleep_until(at(timer)), if timer.is_some() => self.ring(),
                () = tokio::time::sleep_until(at(heard)), if heard.is_some() => self.take(Vec::new()),
                // It is known below what waits now.
                () = self.shown.heard.began.notified(), if heard.is_none() => {}
            }
        }
    }

    /// Takes in what was posted, in order, after the answers that wait; runs of events make one step.
    fn take(&mut self, batch: Vec<Post>) {
        let mut events: Vec<Event> = self.shown.heard.take().into_iter().map(Event::Evidence).collect();
        for post in batch {
            match post {
                Post::Event(event) => events.push(event),
                Post::Reconfigure(params, routes) => {
                    self.step(std::mem::take(&mut events));
                    self.params = *params;
                    self.state.set_routes(routes, self.shown.now());
                    events.push(Event::Due);
                }
                Post::Story(service, answer) => {
                    self.step(std::mem::take(&mut events));
                    // The asker may have left.
                    let _ = answer.send(self.story(&service));
                }
            }
        }
        if !events.is_empty() {
            self.step(events);
        }
    }

    /// Something asked for earlier is due.
    fn ring(&mut self) {
        let now = self.shown.now();
        if self.timers.controls.take_if(|at| *at <= now).is_some() {
            self.shown.ready.controls();
        }
        if self.timers.goodput.take_if(|at| *at <= now).is_some() {
            self.shown.probes.fetch_add(1, Ordering::Relaxed);
            self.shown.probe_bytes.fetch_add(GOODPUT_PRICE, Ordering::Relaxed);
            self.shown.ready.goodput();
        }
        let due: Vec<Route> =
            self.timers.probes.iter().filter(|(_, at)| **at <= now).map(|(route, _)| route.clone()).collect();
        for route in due {
            self.timers.probes.remove(&route);
            let body = self.state.wants_body(&route, now, &self.params);
            let in_shadow = self.state.is_in_shadow(&route, now, &self.params);
            let packets = self.state.wants_packets(&route, now, &self.params);
            self.shown.ready.probe(route, body, packets, in_shadow);
        }
        if self.timers.wake.take_if(|at| *at <= now).is_some() {
            self.step(vec![Event::Due]);
        }
    }

    fn step(&mut self, events: Vec<Event>) {
        let now = self.shown.now();
        for effect in self.state.advance(events, now, &self.params) {
            self.carry_out(effect);
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Publish(snapshot) => {
                if snapshot.link != LinkState::Online {
                    self.timers.probes.clear();
                    self.timers.goodput = None;
                    self.shown.ready.cancel_probes();
                }
                self.shown.snapshot.store(Arc::new(snapshot));
            }
            Effect::ProbeAt(route, at) => {
                self.timers.probes.insert(route, at);
            }
            Effect::FamilyAt(route, family) => {
                self.shown.probes.fetch_add(1, Ordering::Relaxed);
                self.shown.probe_bytes.fetch_add(FAMILY_PRICE, Ordering::Relaxed);
                self.shown.ready.family(route, family);
            }
            Effect::GoodputAt(at) => self.timers.goodput = Some(at),
            Effect::ControlsAt(at) => self.timers.controls = Some(at),
            Effect::WakeAt(at) => self.timers.wake = Some(at),
            Effect::Announce(record) => {
                log(&record);
                // No reader is no fault.
                let _ = self.shown.announced.send(Arc::new(record));
            }
        }
    }

    fn story(&self, service: &ServiceId) -> Vec<RouteStory> {
        let now = self.shown.now();
        let snapshot = self.state.snapshot(&self.params);
        let mut routes: Vec<(Route, Standing)> =
            snapshot.standings.into_iter().filter(|(route, _)| route.service == *service).collect();
        routes.sort_by(|a, b| a.0.cmp(&b.0));
        routes
            .into_iter()
            .map(|(route, standing)| RouteStory {
                evidence: self.state.recent(&route).cloned().collect(),
                next_probe: self.state.next_probe(&route).filter(|at| *at >= now),
                route,
                standing,
            })
            .collect()
    }
}

/// The change with its numbers, for who looks closely; `app` says it for everybody. No record holds a destination.
fn log(record: &Record) {
    match record {
        Record::Transition(Transition { route, from, to, verdict, score, .. }) => {
            debug!(%route, %from, %to, %verdict, score = format_args!("{score:.1}"), "belief changed");
        }
        Record::Link { from, to, .. } => debug!(%from, %to, "link changed"),
        Record::Network { network } => debug!(%network, "joined another network"),
        Record::Use { service, transport } => match transport {
            Some(transport) => debug!(%service, %transport, "way chosen by the operator"),
            None => debug!(%service, "way chosen by evidence again"),
        },
        Record::Started | Record::Stopped | Record::Carried { .. } | Record::Way(_) | Record::Reloaded => {}
    }
}
