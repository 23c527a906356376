//! What works, and how: one line per facet, and one sentence over all.

use super::outline::Outline;
use super::subscriptions::SubscriptionLine;
use super::why::{PassedLine, facet_reason, plan_lines};
use super::words::{capital, facet_words, link_words, listed};
use crate::control::{Clock, Stamp};
use crate::model::{
    Confidence, Facet, Forced, Ground, L4, LinkState, Moment, Phase, Plan, Route, Service, ServiceId, Snapshot,
    Standing, TransportId, Verdict,
};
use serde::{Deserialize, Serialize};

/// Whether a facet can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Up {
    /// It works on the way it takes.
    Yes,
    /// No way is left, or none works.
    No,
    /// Not known yet, or in doubt.
    Unsure,
}

/// The answer to `status`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// When it was true.
    pub at: Stamp,
    /// The version of the running byway.
    pub version: String,
    /// Seconds since it started.
    pub uptime_secs: u64,
    /// The state of the whole link.
    pub link: LinkState,
    /// Why it is in that state.
    #[serde(default)]
    pub ground: Ground,
    /// Everything in one sentence or two.
    pub sentence: String,
    /// The services, in the configured order.
    pub services: Vec<ServiceLine>,
    /// The ways.
    pub transports: Vec<TransportLine>,
    /// The lists of servers that somebody else keeps.
    #[serde(default)]
    pub subscriptions: Vec<SubscriptionLine>,
    /// The connections that are up, by service and way.
    #[serde(default)]
    pub flows: Vec<FlowLine>,
    /// Where clients can come in.
    pub listens: Vec<String>,
    /// The LAN's interfaces whose connections the firewall brings here now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub firewall: Vec<String>,
    /// Whether the system's proxy setting leads here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub system_proxy: bool,
    /// What was counted since the start.
    pub counters: Counters,
}

/// The connections that are up of one service on one way. Never where they lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowLine {
    /// The service.
    pub service: ServiceId,
    /// The way.
    pub transport: TransportId,
    /// How many.
    pub open: u64,
    /// Bytes that they have sent so far.
    pub up_bytes: u64,
    /// Bytes that they have received so far.
    pub down_bytes: u64,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceLine {
    /// Its id.
    pub id: ServiceId,
    /// Its name for people.
    pub title: String,
    /// The way forced with `byway use`, if one is.
    pub forced: Option<ForcedLine>,
    /// Its facets.
    pub facets: Vec<FacetLine>,
}

/// A forced way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForcedLine {
    /// Which.
    pub transport: TransportId,
    /// Until when; `None` until told otherwise.
    pub until: Option<Stamp>,
}

/// One facet of a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FacetLine {
    /// Which.
    pub facet: Facet,
    /// Whether it can be used.
    pub up: Up,
    /// The way its connections take; `None` when none is left.
    pub way: Option<TransportId>,
    /// The state of that route.
    pub phase: Phase,
    /// What the evidence about that route means.
    pub verdict: Verdict,
    /// How sure that is.
    pub confidence: Confidence,
    /// Why this way and not the preferred one, in one sentence; empty when it is the preferred one and well.
    pub why: String,
    /// Since when it is so.
    pub since: Option<Stamp>,
    /// When one of its routes was last found blocked.
    pub last_block: Option<Stamp>,
    /// What is believed of each of its routes, in the configured order.
    pub ways: Vec<WayCell>,
    /// The ways that its connections would not try now, each with the reason.
    #[serde(default)]
    pub passed_over: Vec<PassedLine>,
}

/// What is believed of one route, in short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WayCell {
    /// The way.
    pub transport: TransportId,
    /// Its state.
    pub phase: Phase,
    /// What the evidence means.
    pub verdict: Verdict,
    /// How sure that is.
    pub confidence: Confidence,
    /// Time to the first byte of an answer, in milliseconds.
    pub first_byte_ms: Option<u64>,
}

/// One way out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransportLine {
    /// Its name.
    pub id: TransportId,
    /// Its kind.
    pub kind: String,
    /// Whether it carries UDP.
    pub packets: bool,
    /// Why it could not be set up, without secrets; `None` when it was.
    pub problem: Option<String>,
    /// What is wrong with it or its own server, as last seen, without secrets: no answer, a wrong key, its device absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// When a service last answered over it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_good: Option<Stamp>,
    /// How it does its work, where it chose that itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manner: Option<String>,
    /// What must be known by whoever uses it: a certificate that is not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// What was counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Connections of clients.
    pub connections: u64,
    /// Those open now.
    pub open: u64,
    /// Those whose first way failed and that another way carried on unnoticed.
    pub saved: u64,
    /// Those that no way could carry.
    pub failed: u64,
    /// Active tests.
    pub probes: u64,
    /// Bytes of active tests, both ways.
    pub probe_bytes: u64,
}

/// What is believed, and when.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The time.
    pub clock: Clock,
    /// The beliefs.
    pub snapshot: &'a Snapshot,
}

/// One service as the operator of the proxy knows it.
#[derive(Clone, Debug)]
pub struct ServiceFacts<'a> {
    /// Its configuration.
    pub service: &'a Service,
    /// Its facets.
    pub facets: Vec<FacetFacts>,
}

/// One facet as the operator of the proxy knows it.
#[derive(Clone, Debug)]
pub struct FacetFacts {
    /// Which.
    pub facet: Facet,
    /// Streams or packets.
    pub l4: L4,
    /// What policy would do for a connection now.
    pub plan: Plan,
    /// Since when its connections take this way, where that was noted.
    pub since: Option<Moment>,
    /// When one of its routes was last found blocked.
    pub last_block: Option<Stamp>,
}

/// What the process knows about itself.
#[derive(Clone, Debug, Default)]
pub struct Running {
    /// Its version.
    pub version: String,
    /// Seconds since it started.
    pub uptime_secs: u64,
    /// The ways.
    pub transports: Vec<TransportLine>,
    /// The lists of servers that somebody else keeps.
    pub subscriptions: Vec<SubscriptionLine>,
    /// The connections that are up.
    pub flows: Vec<FlowLine>,
    /// Where clients can come in.
    pub listens: Vec<String>,
    /// The LAN's interfaces whose connections the firewall brings here now.
    pub firewall: Vec<String>,
    /// Whether the system's proxy setting leads here.
    pub system_proxy: bool,
    /// What was counted.
    pub counters: Counters,
}

impl Status {
    /// The whole in one word.
    pub fn outline(&self) -> Outline {
        Outline::of(self.link, self.services.iter().flat_map(|service| &service.facets).map(|facet| facet.up))
    }
}

/// The answer to `status`.
pub fn status(seen: Seen<'_>, services: &[ServiceFacts<'_>], running: Running) -> Status {
    let services: Vec<_> = services.iter().map(|facts| service_line(seen, facts)).collect();
    Status {
        at: seen.clock.wall,
        sentence: sentence(seen.snapshot, &services),
        link: seen.snapshot.link,
        ground: seen.snapshot.ground,
        services,
        version: running.version,
        uptime_secs: running.uptime_secs,
        transports: running.transports,
        subscriptions: running.subscriptions,
        flows: running.flows,
        listens: running.listens,
        firewall: running.firewall,
        system_proxy: running.system_proxy,
        counters: running.counters,
    }
}

fn service_line(seen: Seen<'_>, facts: &ServiceFacts<'_>) -> ServiceLine {
    ServiceLine {
        id: facts.service.id.clone(),
        title: facts.service.title.clone(),
        forced: seen.forced(&facts.service.id),
        facets: facts.facets.iter().map(|facet| facet_line(seen, facts.service, facet)).collect(),
    }
}

fn facet_line(seen: Seen<'_>, service: &Service, facts: &FacetFacts) -> FacetLine {
    let way = facts.taken();
    let standing = way.and_then(|way| seen.standing(service, facts, way));
    FacetLine {
        facet: facts.facet,
        up: up(seen.snapshot.link, way, standing),
        phase: standing.map_or(Phase::Unknown, |standing| standing.phase),
        verdict: standing.map_or(Verdict::Unclear, |standing| standing.verdict),
        confidence: standing.map_or(Confidence::Inconclusive, |standing| standing.confidence),
        why: facet_reason(seen, service, facts),
        since: seen.since(service, facts),
        last_block: facts.last_block,
        ways: service.order.iter().filter_map(|way| Some(way_cell(way, seen.standing(service, facts, way)?))).collect(),
        passed_over: plan_lines(&facts.plan).passed_over,
        way: way.cloned(),
    }
}

fn way_cell(way: &TransportId, standing: &Standing) -> WayCell {
    WayCell {
        transport: way.clone(),
        phase: standing.phase,
        verdict: standing.verdict,
        confidence: standing.confidence,
        first_byte_ms: standing.first_byte.map(|span| u64::try_from(span.as_millis()).unwrap_or(u64::MAX)),
    }
}

fn up(link: LinkState, way: Option<&TransportId>, standing: Option<&Standing>) -> Up {
    if matches!(link, LinkState::Offline | LinkState::Captive) {
        return Up::Unsure;
    }
    match (way, standing.map(|standing| standing.phase)) {
        (None, _) | (Some(_), Some(Phase::Blocked | Phase::ServiceDown)) => Up::No,
        (Some(_), Some(Phase::Ok | Phase::Degraded | Phase::Recovering | Phase::ProbeStale)) => Up::Yes,
        (Some(_), None | Some(Phase::Unknown | Phase::Suspect)) => Up::Unsure,
    }
}

impl FacetFacts {
    /// The way of the bulk of its connections: a canary is lent to another.
    pub(super) fn taken(&self) -> Option<&TransportId> {
        let attempts = &self.plan.attempts;
        attempts.iter().find(|attempt| !attempt.canary).or_else(|| attempts.first()).map(|attempt| &attempt.transport)
    }
}

impl Seen<'_> {
    /// What is believed of a facet's route over `way`.
    pub(super) fn standing(&self, service: &Service, facts: &FacetFacts, way: &TransportId) -> Option<&Standing> {
        let route = Route { service: service.id.clone(), facet: facts.facet, transport: way.clone(), l4: facts.l4 };
        self.snapshot.standing(&route)
    }

    /// The way forced for a service.
    pub(super) fn forced(&self, service: &ServiceId) -> Option<ForcedLine> {
        let Forced { transport, until } = self.snapshot.forced.get(service)?;
        let until = until.map(|until| self.clock.stamp(until));
        Some(ForcedLine { transport: transport.clone(), until })
    }

    /// Since when a facet's connections take their way: as noted, or since the first preferred way that they do
    /// not take came into its state, or since the way came into its own.
    pub(super) fn since(&self, service: &Service, facts: &FacetFacts) -> Option<Stamp> {
        let way = facts.taken();
        let left = service.order.iter().take_while(|preferred| Some(*preferred) != way);
        let left = left.filter_map(|preferred| self.standing(service, facts, preferred));
        let bad = left.filter(|standing| standing.technique().is_some()).map(|standing| standing.since).next();
        let own = way.and_then(|way| self.standing(service, facts, way)).filter(|own| own.phase != Phase::Unknown);
        let own = || own.map(|standing| standing.since);
        facts.since.or(bad).or_else(own).map(|moment| self.clock.stamp(moment))
    }
}

/// All services in one or two sentences.
fn sentence(snapshot: &Snapshot, services: &[ServiceLine]) -> String {
    let link = snapshot.link;
    if matches!(link, LinkState::Offline | LinkState::Captive) {
        return link_words(link, snapshot.ground);
    }
    let with = |up: Up| {
        let all = services.iter().filter(move |s| !s.facets.is_empty() && s.facets.iter().all(|f| f.up == up));
        all.map(|service| service.title.clone()).collect::<Vec<_>>()
    };
    let mut sentences = Vec::new();
    let mut say = |titles: &[String], one: &str, many: &str| {
        if !titles.is_empty() {
            sentences.push(format!("{} {}.", listed(titles), if titles.len() == 1 { one } else { many }));
        }
    };
    say(&with(Up::Yes), "works", "work");
    say(&with(Up::No), "does not work", "do not work");
    sentences.extend(services.iter().filter_map(mixed));
    let unsure = with(Up::Unsure);
    match unsure.len() {
        0 => {}
        all if all == services.len() => sentences.push("Nothing is known for sure yet.".into()),
        1..=3 => sentences.push(format!("Not known for sure yet: {}.", listed(&unsure))),
        many => sentences.push(format!("{many} services are not known for sure yet.")),
    }
    if link != LinkState::Online {
        sentences.push(link_words(link, snapshot.ground));
    }
    sentences.join(" ")
}

/// A service whose facets differ: "WhatsApp: messages work, calls do not."
fn mixed(service: &ServiceLine) -> Option<String> {
    let words = |up: Up| {
        let facets = service.facets.iter().filter(move |facet| facet.up == up);
        listed(&facets.map(|facet| facet_words(facet.facet).to_owned()).collect::<Vec<_>>())
    };
    let clause = |subject: String, verb: &str| (!subject.is_empty()).then(|| format!("{subject} {verb}"));
    let clauses = [
        clause(words(Up::Yes), "work"),
        clause(words(Up::No), "do not work"),
        clause(words(Up::Unsure), "are not known for sure yet"),
    ];
    let clauses: Vec<_> = clauses.into_iter().flatten().collect();
    (clauses.len() > 1).then(|| format!("{}: {}.", capital(&service.title), clauses.join(", ")))
}
