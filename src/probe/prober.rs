//! The loop: waits for what is due, gives each service its turn, and owns what it started. At most so many
//! connections ask at once, and one round per service (or per group in one autonomous system) is under way.

use super::ask::Asker;
use super::checks::{Checks, Thorough};
use super::round::Rounds;
use super::spec::{Anchors, Spec};
use super::turns::Turns;
use super::udp::Lately;
use super::{Settings, Sources};
use crate::board::{Board, Due};
use crate::model::{LinkState, Route, Service, ServiceId};
use crate::net::{Network, Resolver};
use crate::transport::Transport;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// What a prober is made of.
pub struct Setup {
    /// Its numbers.
    pub settings: Settings,
    /// The questions, of all services.
    pub specs: Vec<Spec>,
    /// The neutral places.
    pub anchors: Anchors,
    /// The ways out, the direct one first where there is one.
    pub ways: Vec<Transport>,
    /// The services: which way each would take, and whether it may go out bare.
    pub services: Vec<Service>,
    /// Where beliefs live.
    pub board: Board,
    /// The machine's own network, for the captive-portal canaries.
    pub network: Arc<dyn Network>,
    /// Who looks names up without believing the system alone; for examinations.
    pub resolver: Option<Arc<Resolver>>,
    /// Chance, the calendar, control C0.
    pub sources: Sources,
}

/// The continuous prober. Cheap to clone.
#[derive(Clone)]
pub struct Prober {
    pub(super) rounds: Arc<Rounds>,
    gates: Arc<Gates>,
}

impl Prober {
    /// A prober that has asked nothing yet.
    pub fn new(setup: Setup) -> Self {
        let gates = Gates { together: setup.settings.together.clone(), taken: Mutex::default() };
        let rounds = Rounds {
            asker: Asker::new(setup.settings, setup.sources),
            specs: setup.specs,
            anchors: setup.anchors,
            ways: setup.ways,
            services: setup.services,
            board: setup.board,
            checks: Checks::new(Arc::clone(&setup.network)),
            network: setup.network,
            resolver: setup.resolver,
            turns: Turns::default(),
            lately: Lately::default(),
        };
        Self { rounds: Arc::new(rounds), gates: Arc::new(gates) }
    }

    /// Does what is due until `stop` is cancelled, then closes what is open.
    pub async fn run(self, stop: CancellationToken) {
        let tasks = self.rounds.asker.tasks.clone();
        loop {
            // Both arms are cancel-safe: `due` says so, a token holds nothing.
            let due = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                due = self.rounds.board.due() => due,
            };
            let (prober, stop) = (self.clone(), stop.clone());
            tasks.spawn(async move {
                // Stopped half-way, a round is worth nothing; its connections close with it.
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = prober.serve(due) => {}
                }
            });
        }
        self.rounds.asker.stop.cancel();
        tasks.close();
        tasks.wait().await;
    }

    /// Asks the neutral places now, all that are asked when a failure is in question, and tells the board.
    /// Gives back the line's state, which the board may not show yet.
    pub async fn check_link(&self) -> LinkState {
        self.rounds.check(Thorough::Fully).await.state
    }

    async fn serve(&self, due: Due) {
        match due {
            Due::Controls => {
                self.rounds.check(Thorough::AsDue).await;
            }
            Due::Goodput => self.rounds.measure_goodput().await,
            Due::Family(route, family) => {
                let gate = self.gates.of(&route.service);
                let _turn = gate.lock().await;
                self.rounds.ask_family(&route, family).await;
                self.rounds.board.probe_ended(route);
            }
            Due::Probe(route) => {
                let asked_at = self.rounds.board.now();
                let gate = self.gates.of(&route.service);
                let _turn = gate.lock().await;
                let is_long = self.rounds.board.wants_body(&route) || self.rounds.board.wants_packets(&route);
                if is_long || !self.is_answered(&route, asked_at) {
                    self.rounds.probe(&route).await;
                }
            }
        }
    }

    /// Whether somebody's connection has answered the question while this one waited for its turn.
    fn is_answered(&self, route: &Route, since: crate::model::Moment) -> bool {
        let snapshot = self.rounds.board.snapshot();
        snapshot.standing(route).and_then(|standing| standing.last_good).is_some_and(|at| at > since)
    }

    /// The gate through which probes of `service` go one at a time.
    pub(super) fn gate(&self, service: &ServiceId) -> Arc<tokio::sync::Mutex<()>> {
        self.gates.of(service)
    }
}

/// One probe of a service, and of its neighbours in one autonomous system, at a time.
struct Gates {
    together: Vec<Vec<ServiceId>>,
    taken: Mutex<HashMap<ServiceId, Arc<tokio::sync::Mutex<()>>>>,
}

impl Gates {
    fn of(&self, service: &ServiceId) -> Arc<tokio::sync::Mutex<()>> {
        let group = self.together.iter().find(|group| group.contains(service)).and_then(|group| group.first());
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(taken.entry(group.unwrap_or(service).clone()).or_default())
    }
}
