//! What the running byway answers to its commands: gathers, from the rooms that know, what `control` words.

use super::doctor::{self, Patient};
use super::generation::facets;
use super::matrix::probe_items;
use super::source::Source;
use super::{Byway, examine, past, system_proxy};
use crate::config::ServiceSpec;
use crate::control::doctor::Step;
use crate::control::report::{
    self, Account, Counters, FacetFacts, FlowLine, Measurement, Running, Seen, ServiceFacts, Status, TransportLine, Why,
};
use crate::control::{
    Clock, Doors, Entry, FetchedList, Follow, Operator, Place, Pong, ProbeItem, Refusal, RefusalCode, Reloaded, Stamp,
    Unshown, Used, follow,
};
use crate::journal::{self, Filter, Kind};
use crate::model::{Examined, Facet, Forced, L4, Phase, Record, Route, ServiceId, TransportId};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

type Answer<'a, T> = BoxFuture<'a, Result<T, Refusal>>;

/// The operator's side of a running byway.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) byway: Arc<Byway>,
    /// What a reload reads; `None` where there is nothing to read again.
    pub(super) source: Option<Source>,
    /// Where it is asked, if by commands at all.
    pub(super) place: Option<Place>,
}

impl Byway {
    /// Whom its commands and its page ask. There is no configuration to be read again: it was built from settings.
    pub fn operator(self: &Arc<Self>) -> Arc<dyn Operator> {
        Arc::new(Desk { byway: Arc::clone(self), source: None, place: None })
    }
}

impl Desk {
    fn clock(&self) -> Clock {
        past::clock(&self.byway)
    }

    fn spec<'a>(specs: &'a [ServiceSpec], asked: &ServiceId) -> Result<&'a ServiceSpec, Refusal> {
        let found = specs.iter().find(|spec| spec.service.id == *asked);
        found.ok_or_else(|| Refusal::unknown_service(asked.as_str(), specs.iter().map(|spec| &spec.service.id)))
    }

    fn facts<'a>(&self, spec: &'a ServiceSpec, blocks: &HashMap<(ServiceId, Facet), Stamp>) -> ServiceFacts<'a> {
        let routing = self.byway.sessions.routing();
        let facet_facts = |(facet, l4): (Facet, L4)| FacetFacts {
            facet,
            l4,
            plan: routing.plan_for(&spec.service.id, facet, l4, &self.byway.board),
            since: self.byway.sessions.on_way_since(&spec.service.id, facet),
            last_block: blocks.get(&(spec.service.id.clone(), facet)).copied(),
        };
        ServiceFacts { service: &spec.service, facets: facets(spec).into_iter().map(facet_facts).collect() }
    }

    /// When each facet was last found blocked, as far as the history reaches.
    async fn blocks(&self) -> HashMap<(ServiceId, Facet), Stamp> {
        let wanted = Filter { kinds: vec![Kind::Transition], ..Filter::default() };
        let mut blocks = HashMap::new();
        for entry in self.byway.journal.query(wanted).await {
            if let Record::Transition(change) = entry.record
                && change.to == Phase::Blocked
            {
                blocks.insert((change.route.service, change.route.facet), Stamp::from_secs(entry.time));
            }
        }
        blocks
    }

    async fn running(&self) -> Running {
        let generation = self.byway.generation.load();
        let (visits, counters) = (self.byway.gate.visits(), self.byway.sessions.counters());
        let transports = generation.settings.transports.iter().map(|spec| TransportLine {
            id: spec.id.clone(),
            kind: spec.kind.name().to_owned(),
            packets: generation.routing.ways.iter().any(|way| way.id == spec.id && way.packets),
            problem: generation.broken.iter().find(|(id, _)| *id == spec.id).map(|(_, why)| why.clone()),
            trouble: generation.trouble(&spec.id),
            last_good: self.last_good(&spec.id),
            manner: generation.life(&spec.id).and_then(|life| life.manner()).map(str::to_owned),
            warning: spec.kind.warning().map(ToOwned::to_owned),
        });
        Running {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime_secs: self.byway.began.elapsed().as_secs(),
            transports: transports.collect(),
            subscriptions: self.byway.subscribed.lines(&generation.settings.subscriptions),
            flows: self.flows(),
            listens: self.listens(),
            firewall: self.byway.caught_lan().await,
            system_proxy: self.leads_here().await,
            counters: Counters {
                connections: counters.requests.load(Ordering::Relaxed),
                open: visits.open,
                saved: counters.saved.load(Ordering::Relaxed),
                failed: counters.failed.load(Ordering::Relaxed) + counters.refused.load(Ordering::Relaxed),
                probes: self.byway.board.spent().probes,
                probe_bytes: self.byway.board.spent().bytes,
            },
        }
    }

    /// When a service last answered over a way, on the present network.
    fn last_good(&self, way: &TransportId) -> Option<Stamp> {
        let snapshot = self.byway.board.snapshot();
        let on_it = snapshot.standings.iter().filter(|(route, _)| route.transport == *way);
        on_it.filter_map(|(_, standing)| standing.last_good).max().map(|at| self.clock().stamp(at))
    }

    fn flows(&self) -> Vec<FlowLine> {
        let counts = self.byway.sessions.flows().counts().into_iter();
        let line = |count: crate::session::FlowCount| FlowLine {
            service: count.service,
            transport: count.transport,
            open: u64::try_from(count.flows).unwrap_or(u64::MAX),
            up_bytes: count.up,
            down_bytes: count.down,
        };
        counts.map(line).collect()
    }

    async fn leads_here(&self) -> bool {
        let Some(source) = &self.source else { return false };
        system_proxy::owner(source.state()).await == Some(std::process::id())
    }

    fn listens(&self) -> Vec<String> {
        let proxies = self.byway.open_at().into_iter().map(|at| at.to_string());
        proxies.chain(self.byway.relays_at().into_iter().map(|at| format!("{at} (relay)"))).collect()
    }

    async fn entries(&self, service: Option<&ServiceId>, since: Option<Duration>, limit: Option<u32>) -> Vec<Entry> {
        let filter = Filter {
            service: service.cloned(),
            since: since.map(|span| Stamp::now().before(span).as_secs()),
            kinds: Vec::new(),
            limit: limit.and_then(|limit| usize::try_from(limit).ok()),
        };
        self.byway.journal.query(filter).await.into_iter().map(Entry::from).collect()
    }
}

impl Operator for Desk {
    fn pong(&self) -> Pong {
        Pong {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            uptime_secs: self.byway.began.elapsed().as_secs(),
        }
    }

    fn doors(&self, login: bool) -> Doors {
        system_proxy::doors(&self.byway, login)
    }

    fn status(&self) -> Answer<'_, Status> {
        Box::pin(async move {
            let (snapshot, generation) = (self.byway.board.snapshot(), self.byway.generation.load_full());
            let blocks = self.blocks().await;
            let shown = generation.settings.services.iter().filter(|spec| !spec.service.id.is_other());
            let mut services: Vec<_> = shown.map(|spec| self.facts(spec, &blocks)).collect();
            // Of calls that only people can try there is something to say once somebody has.
            let unasked = &generation.settings.detect.unasked_calls;
            for facts in services.iter_mut().filter(|facts| unasked.contains(&facts.service.id)) {
                let of_calls = |route: &Route| route.service == facts.service.id && route.facet == Facet::Calls;
                let mut known = snapshot.standings.iter().filter(|(_, standing)| standing.phase != Phase::Unknown);
                if !known.any(|(route, _)| of_calls(route)) {
                    facts.facets.retain(|facet| facet.facet != Facet::Calls);
                }
            }
            Ok(report::status(Seen { clock: self.clock(), snapshot: &snapshot }, &services, self.running().await))
        })
    }

    fn why<'a>(&'a self, service: &'a ServiceId) -> Answer<'a, Why> {
        Box::pin(async move {
            let (snapshot, generation) = (self.byway.board.snapshot(), self.byway.generation.load_full());
            let spec = Self::spec(&generation.settings.services, service)?;
            let facts = self.facts(spec, &self.blocks().await);
            let stories = self.byway.board.story(service).await;
            Ok(report::why(Seen { clock: self.clock(), snapshot: &snapshot }, &facts, &stories))
        })
    }

    fn log(&self, live: bool, since: Option<Duration>, limit: Option<u32>) -> Answer<'_, BoxStream<'static, Follow>> {
        Box::pin(async move {
            let live = live.then(|| self.byway.journal.follow());
            Ok(follow(self.entries(None, since, limit).await, live))
        })
    }

    fn history<'a>(&'a self, service: Option<&'a ServiceId>, since: Option<Duration>) -> Answer<'a, Vec<Entry>> {
        Box::pin(async move {
            let settings = &self.byway.generation.load_full().settings;
            if let Some(service) = service {
                Self::spec(&settings.services, service)?;
            }
            if settings.history.history == journal::History::Off {
                return Err(Refusal::new(RefusalCode::NotAllowed, past::HISTORY_IS_OFF));
            }
            Ok(self.entries(service, since, None).await)
        })
    }

    fn use_way<'a>(
        &'a self,
        service: &'a ServiceId,
        transport: Option<&'a TransportId>,
        lasting: Option<Duration>,
    ) -> Answer<'a, Used> {
        Box::pin(async move {
            let generation = self.byway.generation.load_full();
            let spec = Self::spec(&generation.settings.services, service)?;
            let warning = transport.map(|way| may_use(&generation.settings, spec, way)).transpose()?.flatten();
            let forced = transport
                .map(|way| Forced { transport: way.clone(), until: lasting.map(|span| self.byway.board.now() + span) });
            self.byway.board.force(service.clone(), forced);
            let until = lasting.filter(|_| transport.is_some());
            let until = until.map(|span| Stamp::from_secs(Stamp::now().as_secs().saturating_add(span.as_secs())));
            Ok(Used { service: service.clone(), transport: transport.cloned(), until, warning })
        })
    }

    fn reload(&self) -> Answer<'_, Reloaded> {
        Box::pin(async move {
            let nothing = || Refusal::new(RefusalCode::NotAllowed, "there is no configuration to be read again");
            let source = self.source.as_ref().ok_or_else(nothing)?;
            let settings = source.read().map_err(|faults| Refusal::new(RefusalCode::Config, faults.join("\n")))?;
            let before = self.byway.generation.load_full();
            let doors = self.byway.open_at();
            self.byway.reload(settings).map_err(|error| Refusal::new(RefusalCode::Failed, error.to_string()))?;
            system_proxy::follow(&self.byway, source.state(), &doors).await;
            let after = self.byway.generation.load_full();
            self.byway.renew_firewall().await.map_err(|error| Refusal::new(RefusalCode::Failed, error.to_string()))?;
            let broken = after.broken.iter().map(|(id, why)| format!("transport {id} cannot be used: {why}"));
            Ok(Reloaded {
                changes: super::source::changes(&before.settings, &after.settings),
                warnings: broken.collect(),
            })
        })
    }

    fn probe<'a>(
        &'a self,
        service: Option<&'a ServiceId>,
        via: Option<&'a TransportId>,
    ) -> Answer<'a, BoxStream<'static, ProbeItem>> {
        Box::pin(async move {
            let settings = &self.byway.generation.load_full().settings;
            if let Some(service) = service {
                Self::spec(&settings.services, service)?;
            }
            let known: Vec<_> = settings.transports.iter().map(|spec| &spec.id).collect();
            if let Some(way) = via.filter(|way| !known.contains(way)) {
                return Err(Refusal::unknown_transport(way.as_str(), known));
            }
            Ok(probe_items(Arc::clone(&self.byway), service.cloned(), via.cloned()))
        })
    }

    fn diagnose<'a>(&'a self, service: &'a ServiceId) -> Answer<'a, BoxStream<'static, Examined>> {
        Box::pin(async move {
            Self::spec(&self.byway.generation.load().settings.services, service)?;
            examine::examine(&self.byway, service)
        })
    }

    fn doctor(&self) -> Answer<'_, BoxStream<'static, Step>> {
        let desk = self.clone();
        Box::pin(async move {
            let nothing =
                || Refusal::new(RefusalCode::NotAllowed, "this byway has no place of its own to be looked at");
            let patient = Patient {
                byway: Some(Arc::clone(&self.byway)),
                source: self.source.clone().ok_or_else(nothing)?,
                place: self.place.clone().ok_or_else(nothing)?,
                runs: true,
                status: Box::pin(async move { desk.status().await.ok() }),
            };
            doctor::of_running(&self.byway, patient)
        })
    }

    fn fetch<'a>(&'a self, url: &'a Unshown, via: Option<&'a TransportId>) -> Answer<'a, FetchedList> {
        Box::pin(self.fetch_list(&url.0, via))
    }

    fn report(&self, since: Duration) -> Answer<'_, Account> {
        Box::pin(past::account(&self.byway, since))
    }

    fn metrics(&self) -> Answer<'_, String> {
        Box::pin(super::metrics::page(&self.byway, self))
    }

    fn measurements(&self, since: Duration) -> Answer<'_, Vec<Measurement>> {
        Box::pin(async move { Ok(past::measurements(&self.byway, since).await) })
    }
}

/// Whether a way may be forced, and what should be known about it.
fn may_use(
    settings: &crate::config::Settings,
    spec: &ServiceSpec,
    way: &TransportId,
) -> Result<Option<String>, Refusal> {
    use crate::model::DirectRule::{Always, Never};
    let known: Vec<_> = settings.transports.iter().map(|transport| &transport.id).collect();
    let Some(transport) = settings.transports.iter().find(|transport| transport.id == *way) else {
        return Err(Refusal::unknown_transport(way.as_str(), known));
    };
    match (spec.service.direct, transport.kind.is_bare()) {
        (Never, true) => Err(Refusal::new(
            RefusalCode::NotAllowed,
            format!("{} must never go out without a tunnel (direct = \"never\")", spec.service.id),
        )),
        (Always, false) => Err(Refusal::new(
            RefusalCode::NotAllowed,
            format!("{} always goes out directly (direct = \"always\")", spec.service.id),
        )),
        _ => {
            Ok((!spec.service.order.contains(way)).then(|| format!("{way} is not in the order of {}", spec.service.id)))
        }
    }
}
