//! One client connection from request to close: classify, plan, open, answer, carry the first flight over,
//! relay, and tell the board what was seen. It decides nothing about beliefs and opens no socket of its own.

mod autopsy;
mod bursts;
mod carried;
mod carry;
mod contestant;
mod exit;
mod first_flight;
mod flow;
mod flows;
mod habits;
mod hangup;
mod kernel;
mod pace;
mod packets;
mod page;
mod peer;
mod race;
mod refusal;
mod relay;
mod report;
mod routing;
mod settings;
mod stall;
mod telling;

#[cfg(test)]
mod tests;

pub use exit::Exit;
pub use flows::{Carriage, FlowCount, Flows};
pub use routing::Routing;
pub use settings::Settings;

use crate::board::Board;
use crate::inbound::transparent::Named;
use crate::inbound::{Refusal, Request, Rest, Want};
use crate::model::{Carried, Destination, DirectRule, Facet, Keyed, Moment, Need, Reason, ServiceId, TransportId};
use crate::net::Reactor;
use arc_swap::ArcSwap;
use bursts::Bursts;
use carried::Fates;
use habits::Habits;
use race::Race;
use report::Subject;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;

/// What the sessions counted since start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Requests heard.
    pub requests: AtomicU64,
    /// Connections carried on over another way than the first.
    pub saved: AtomicU64,
    /// Connections that failed visibly.
    pub failed: AtomicU64,
    /// Requests refused because no way was allowed or left.
    pub refused: AtomicU64,
    /// UDP associations that are open.
    pub associations: AtomicU64,
}

/// The way each service's facet took last, to notice a change.
type LastWays = Mutex<Keyed<(ServiceId, Facet), (TransportId, Moment)>>;

/// Everything a session needs, shared by all of them.
pub struct Sessions {
    routing: ArcSwap<Routing>,
    board: Board,
    flows: Flows,
    last_ways: LastWays,
    counters: Counters,
    fates: Fates,
    habits: Habits,
    bursts: Arc<Bursts>,
    tasks: TaskTracker,
    /// No association goes on.
    over: CancellationToken,
    reactor: OnceLock<Option<Reactor>>,
}

impl Sessions {
    /// Sessions that route by `routing` and report to `board`.
    pub fn new(routing: Arc<Routing>, board: Board) -> Arc<Self> {
        Arc::new(Self {
            routing: ArcSwap::new(routing),
            board,
            flows: Flows::default(),
            last_ways: LastWays::default(),
            counters: Counters::default(),
            fates: Fates::default(),
            habits: Habits::default(),
            bursts: Arc::default(),
            tasks: TaskTracker::new(),
            over: CancellationToken::new(),
            reactor: OnceLock::new(),
        })
    }

    /// What was counted since start.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// How connections fared on each route since the last reading; the counts begin anew. Routes that nobody took are
    /// left out.
    pub fn carried(&self) -> Vec<Carried> {
        self.fates.take()
    }

    /// The connections that are up now.
    pub const fn flows(&self) -> &Flows {
        &self.flows
    }

    /// Since when a facet's connections take the way they take.
    pub fn on_way_since(&self, service: &ServiceId, facet: Facet) -> Option<Moment> {
        let last = self.last_ways.lock().ok()?;
        last.get(&(service.clone(), facet)).map(|(_, since)| *since)
    }

    /// The routing in force.
    pub fn routing(&self) -> Arc<Routing> {
        self.routing.load_full()
    }

    /// Puts another routing in force; connections that are up keep theirs.
    pub fn reroute(&self, routing: Arc<Routing>) {
        self.routing.store(routing);
    }

    /// Watches over the connections that are up, until `stop`; then ends the associations and waits for those connections
    /// that are being looked into.
    pub async fn watch(self: Arc<Self>, stop: CancellationToken) {
        tokio::select! {
            () = self.flows.watch(&self, stop) => {}
            () = self.flows.settle() => {}
        }
        self.over.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// What carries connections that have lasted, where the system has it.
    fn reactor(&self) -> Option<&Reactor> {
        self.reactor.get_or_init(|| Reactor::new(Handle::current())).as_ref()
    }

    /// Serves one request until its way is settled, and gives back the relay that is left to be run. Every error is told
    /// to the client, the board or the log; none comes back.
    pub async fn run(self: Arc<Self>, request: Request) -> Option<Rest> {
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        match request.want.clone() {
            Want::Stream(to) => self.stream(request, to).await,
            Want::Packets => self.packets(request).await,
        }
    }

    async fn stream(self: &Arc<Self>, request: Request, to: Destination) -> Option<Rest> {
        let routing = self.routing.load_full();
        let mut subject = Subject::known(&routing, &to, &request.named, Need::Stream);
        let shown = shown(&routing, &subject, &to, &request.named);
        // What only the client says makes the first way no worse; but it may make it stricter.
        let strict = |shown: &Subject| shown.service.direct == DirectRule::Never;
        let later = shown.filter(|shown| {
            if strict(shown) {
                subject = shown.clone();
            }
            !strict(shown)
        });
        let plan = routing.plan(&subject, Need::Stream, &self.board);
        if plan.attempts.is_empty() {
            self.refuse_unplanned(request, &subject, &plan.passed_over).await;
            return None;
        }
        // In a box, for it is handed on and on.
        let mut race = Box::new(Race::new(self, Arc::clone(&routing), subject, (request.protocol, to), plan));
        if let Some(later) = later {
            let plan = routing.plan(&later, Need::Stream, &self.board);
            race.extend(later, plan);
        }
        match race.open().await {
            Ok(()) => self.carry(request, race).await,
            Err(()) => {
                self.counters.failed.fetch_add(1, Ordering::Relaxed);
                self.count_lost(&race);
                let (why, words) = race.refusal();
                debug!(subject = %race.subject(), %words, "every way failed");
                race.report_all_failed();
                let _ = request.refuse(why, words).await;
                None
            }
        }
    }

    async fn refuse_unplanned(&self, request: Request, subject: &Subject, passed: &[(TransportId, Reason)]) {
        self.counters.refused.fetch_add(1, Ordering::Relaxed);
        let words = no_way_words(subject, passed);
        debug!(%subject, %words, "refused");
        let _ = request.refuse(Refusal::NoWayLeft, words).await;
    }
}

/// The service of the name that a client shows for an address that belongs to none.
fn shown(routing: &Routing, by_address: &Subject, to: &Destination, named: &Named) -> Option<Subject> {
    let Named::Shown(host) = named else { return None };
    let named = Subject::of(routing, &Destination::new(host.clone(), to.port), Need::Stream);
    (by_address.service.id.is_other() && !named.service.id.is_other()).then_some(named)
}

/// Why nothing may be tried, in one sentence per way.
fn no_way_words(subject: &Subject, passed: &[(TransportId, Reason)]) -> String {
    let mut words = format!("no way is left for {}", subject.service.id);
    for (way, reason) in passed {
        words.push_str(&format!("; {way}: {reason}"));
    }
    words
}
