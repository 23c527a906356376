//! The one place beliefs live. Connections and probes report here and read the snapshot; the [`Keeper`] alone
//! owns the state and steps it.

use crate::health::{LinkReport, Params};
use crate::model::{Evidence, Forced, Moment, NetworkId, Record, Route, ServiceId, Snapshot};
use std::sync::Arc;
use tokio::sync::broadcast;

/// What the prober has to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Due {
    /// Test this route.
    Probe(Route),
    /// Run the link's controls.
    Controls,
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
    // the helper of this room fills this in
}

/// The task that owns all state. Run it once.
pub struct Keeper {
    // the helper of this room fills this in
}

impl Board {
    /// A board that believes nothing yet, about `routes` on `network`, and its keeper.
    pub fn new(params: Params, routes: Vec<Route>, network: NetworkId) -> (Self, Keeper) {
        let _ = (params, routes, network);
        todo!()
    }

    /// Now, on the board's time line (tokio's clock, so that paused tests move it).
    pub fn now(&self) -> Moment {
        todo!()
    }

    /// What is believed now. Takes no lock.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        todo!()
    }

    /// Tells a fact. Never blocks; when the inbox is full the fact is dropped and counted.
    pub fn report(&self, evidence: Evidence) {
        let _ = evidence;
        todo!()
    }

    /// Tells what the controls said.
    pub fn link(&self, report: LinkReport) {
        let _ = report;
        todo!()
    }

    /// Tells that a person's connection takes this route now.
    pub fn used(&self, route: Route) {
        let _ = route;
        todo!()
    }

    /// Tells that a probe of this route begins and will cost about this many bytes.
    pub fn probe_started(&self, route: Route, bytes: u32) {
        let _ = (route, bytes);
        todo!()
    }

    /// Tells that the device joined another network.
    pub fn network_changed(&self, network: NetworkId) {
        let _ = network;
        todo!()
    }

    /// Tells that the device slept this long.
    pub fn resumed(&self, millis: u64) {
        let _ = millis;
        todo!()
    }

    /// Forces a way for a service, or gives the choice back.
    pub fn force(&self, service: ServiceId, forced: Option<Forced>) {
        let _ = (service, forced);
        todo!()
    }

    /// New parameters and routes after a reload; beliefs about routes that still exist are kept.
    pub fn reconfigure(&self, params: Params, routes: Vec<Route>) {
        let _ = (params, routes);
        todo!()
    }

    /// Everything announced from now on. A slow reader loses the oldest.
    pub fn announcements(&self) -> broadcast::Receiver<Record> {
        todo!()
    }

    /// What is due next, when it is due. One prober waits here. Cancel-safe.
    pub async fn due(&self) -> Due {
        todo!()
    }

    /// What is known about a service's routes, evidence line by line.
    pub async fn story(&self, service: &ServiceId) -> Vec<RouteStory> {
        let _ = service;
        todo!()
    }
}

impl Keeper {
    /// Steps the state until every [`Board`] is gone or `stop` is cancelled.
    pub async fn run(self, stop: tokio_util::sync::CancellationToken) {
        let _ = stop;
        todo!()
    }
}
