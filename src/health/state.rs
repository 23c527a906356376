//! Everything believed, and how each event reaches the beliefs it concerns. Rules about one route are in
//! [`super::belief`] and [`super::phase`]; here is what routes have to do with one another.

use super::belief::{Belief, Cue};
use super::budget::Ledger;
use super::dice::Dice;
use super::flights::Flights;
use super::link::{Link, Ruling};
use super::networks::Shelf;
use super::params::{Mode, Params};
use super::resolver::Resolver;
use super::schedule::Way;
use super::throttle::Yardstick;
use super::unsure::Unsure;
use super::{Event, LinkReport, phase};
use crate::model::{
    Evidence, Forced, Keyed, LinkState, Moment, NetworkId, Phase, Record, Route, ServiceId, Sign, Source, TransportId,
    Twin,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// The first look at the link is left to a little chance: no burst at boot.
const FIRST_CONTROLS: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(2));

/// Everything believed. Cheap to move, not meant to be cloned on a busy path.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    pub(super) network: NetworkId,
    pub(super) joined: Moment,
    pub(super) routes: BTreeSet<Route>,
    pub(super) beliefs: BTreeMap<Route, Belief>,
    pub(super) used: BTreeMap<ServiceId, Moment>,
    pub(super) link: Link,
    pub(super) forced: Keyed<ServiceId, Forced>,
    pub(super) ways: BTreeMap<TransportId, Way>,
    pub(super) flights: Flights,
    pub(super) ledger: Ledger,
    pub(super) dice: Dice,
    pub(super) told: Vec<Record>,
    pub(super) recent: BTreeMap<Route, VecDeque<(Evidence, f64)>>,
    pub(super) yardstick: Yardstick,
    /// Tunnels that carried something while only domestic places answered.
    pub(super) capable: BTreeSet<TransportId>,
    pub(super) resolver: Resolver,
    pub(super) wake: Option<Moment>,
    pub(super) controls: Option<Moment>,
    pub(super) shelf: BTreeMap<NetworkId, Shelf>,
    pub(super) unsure: Unsure,
    changed: bool,
}

impl State {
    /// Nothing known yet about `routes` on `network`. `seed` feeds the jitter.
    pub fn new(routes: impl IntoIterator<Item = Route>, network: NetworkId, seed: u64, now: Moment) -> Self {
        let mut dice = Dice::new(seed);
        let first = now + dice.between(FIRST_CONTROLS.0, FIRST_CONTROLS.1);
        let mut state = Self {
            network,
            joined: now,
            routes: BTreeSet::new(),
            beliefs: BTreeMap::new(),
            used: BTreeMap::new(),
            link: Link::new(first),
            forced: Keyed::default(),
            ways: BTreeMap::new(),
            flights: Flights::default(),
            ledger: Ledger::default(),
            dice,
            told: Vec::new(),
            recent: BTreeMap::new(),
            yardstick: Yardstick::default(),
            capable: BTreeSet::new(),
            resolver: Resolver::default(),
            wake: None,
            controls: None,
            shelf: BTreeMap::new(),
            unsure: Unsure::default(),
            changed: true,
        };
        state.set_routes(routes, now);
        state
    }

    /// The routes there are after a reload. Beliefs about those that stay are kept.
    pub fn set_routes(&mut self, routes: impl IntoIterator<Item = Route>, now: Moment) {
        self.routes = routes.into_iter().collect();
        self.beliefs.retain(|route, _| self.routes.contains(route));
        for shelf in self.shelf.values_mut() {
            shelf.beliefs.retain(|route, _| self.routes.contains(route));
        }
        for route in &self.routes {
            self.beliefs.entry(route.clone()).or_insert_with(|| Belief::new(now));
        }
        self.capable.retain(|id| self.routes.iter().any(|route| route.transport == *id));
        self.ways.retain(|id, _| self.routes.iter().any(|route| route.transport == *id));
        for route in &self.routes {
            self.ways.entry(route.transport.clone()).or_default();
        }
        self.changed = true;
    }

    /// A change was made.
    pub(super) const fn change(&mut self) {
        self.changed = true;
    }

    /// Whether a change was made since it was last asked.
    pub(super) fn is_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    pub(super) fn take(&mut self, event: Event, now: Moment, params: &Params) {
        match event {
            Event::Evidence(evidence) => self.take_evidence(evidence, now, params),
            Event::Link(report) => self.take_link(&report, now, params),
            Event::Used(route) => self.take_used(&route, now, params),
            Event::Due => {}
            Event::ProbeStarted(route, bytes) => self.take_probe_started(&route, bytes, now),
            Event::ProbeSpared(route, bytes) => self.ledger.spare(&route.service, u64::from(bytes)),
            Event::ProbeEnded(route) => self.take_probe_ended(&route, now),
            Event::NetworkChanged(network) => self.take_network(network, now, params),
            Event::Resumed(millis) => self.take_resumed(millis, now, params),
            Event::Goodput(sample) => self.take_goodput(sample, now, params),
            Event::Force(service, forced) => self.take_force(service, forced, now, params),
        }
    }

    fn take_evidence(&mut self, evidence: Evidence, now: Moment, params: &Params) {
        match evidence.source {
            Source::Traffic => self.take_used(&evidence.route, now, params),
            Source::Probe => self.note_probed(&evidence.route, now),
        }
        if params.mode == Mode::Off || (evidence.route.service.is_other() && !speaks_of_the_way(evidence.sign)) {
            return;
        }
        if evidence.sign == Sign::DnsSilent && self.resolver_is_dead(&evidence) {
            return;
        }
        match self.link.rule(&evidence) {
            Ruling::Counts if matches!(evidence.sign, Sign::Slow { .. }) => {
                self.take_slow(&evidence, now, params);
                return;
            }
            Ruling::Counts => {
                let good = evidence.sign.is_good();
                if !good && !self.link.is_well_since(evidence.began) {
                    self.note_unsure(&evidence);
                }
                if good {
                    self.link.absolve(&evidence);
                    self.link.note_good(&evidence, params.bare.contains(&evidence.route.transport));
                }
                self.learn(&evidence, now, params);
                if good {
                    self.release(now, params);
                } else if self.is_open(&evidence.route) {
                    self.link.doubt(&evidence, now);
                }
            }
            Ruling::Waits => {
                self.changed |= evidence.sign == Sign::ForeignKey;
                self.link.hold(evidence.clone(), now);
                self.link.ask(now);
            }
            Ruling::Void => self.look_again(&evidence, now, params),
        }
        self.remember(evidence);
    }

    /// Whether it is still open what the matter is with a route.
    fn is_open(&self, route: &Route) -> bool {
        let phase = self.beliefs.get(route).map(|belief| belief.phase);
        matches!(phase, Some(Phase::Unknown | Phase::Ok | Phase::Suspect))
    }

    /// An answer while the link is thought bad, or a failure the anchors share, is a reason to look at the link.
    fn look_again(&mut self, evidence: &Evidence, now: Moment, params: &Params) {
        let bare = params.bare.contains(&evidence.route.transport);
        let foreign = evidence.sign.is_good() && !evidence.route.service.is_other();
        let contradicts = match self.link.state {
            LinkState::Online => false,
            // A tunnel that carries something there is what it is for; that is remembered.
            LinkState::Whitelist if foreign && !bare => {
                self.changed |= self.capable.insert(evidence.route.transport.clone());
                false
            }
            LinkState::Whitelist => foreign,
            _ => evidence.sign.is_good() || evidence.twin == Twin::Answered,
        };
        let spreads = self.link.is_online() && evidence.anchors == crate::model::Anchors::Bad;
        if contradicts || spreads {
            self.link.ask(now);
        }
    }

    fn release(&mut self, now: Moment, params: &Params) {
        for evidence in self.link.release() {
            // Whoever vouched may have been a tunnel.
            if evidence.sign.is_bad() && !self.link.is_well_since(evidence.began) {
                self.note_unsure(&evidence);
            }
            self.learn(&evidence, now, params);
        }
    }

    /// A fact that counts reaches its route, and those it also speaks of.
    fn learn(&mut self, evidence: &Evidence, now: Moment, params: &Params) {
        let route = &evidence.route;
        let sibling = self.sibling_answered(evidence);
        self.hear_people(evidence);
        let evidence = &self.on_a_dead_line(self.in_its_shadow(evidence, params), params);
        let was_played = self.is_played(&route.service, params);
        self.teach(evidence, sibling, now, params);
        if !was_played && self.is_played(&route.service, params) {
            self.spread_hostility(evidence, now, params);
        }
        if evidence.sign == Sign::TransportDown {
            for other in self.over(&route.transport, route) {
                let told = Evidence { route: other, twin: Twin::Unknown, ..evidence.clone() };
                self.teach(&told, false, now, params);
                // One probe finds out for all of them.
                if let Some(belief) = self.beliefs.get_mut(&told.route) {
                    belief.probe.stale = false;
                }
            }
        }
        self.spread_freeze(evidence, now, params);
        self.spread_proof(evidence, now, params);
        self.tell_bare_ways(evidence, now, params);
        if evidence.sign.is_good() {
            self.forgive_server(route, now, params);
            self.pair_up(evidence, now, params);
        }
        if let Some(way) = self.ways.get_mut(&route.transport) {
            way.hear(evidence.at, evidence.sign);
        }
    }

    pub(super) fn teach(&mut self, evidence: &Evidence, sibling: bool, now: Moment, params: &Params) {
        let bare = params.bare.contains(&evidence.route.transport);
        let belief = self.beliefs.entry(evidence.route.clone()).or_insert_with(|| Belief::new(now));
        let from = belief.phase;
        let cue = belief.learn(evidence, sibling, bare, params);
        phase::after(belief, evidence, cue, params);
        if cue == Cue::Good && evidence.source == Source::Traffic {
            belief.probe.stale = true;
        }
        self.changed = true;
        self.announce(&evidence.route, from, now);
    }

    /// The other routes over `transport`.
    pub(super) fn over(&self, transport: &TransportId, but: &Route) -> Vec<Route> {
        self.beliefs.keys().filter(|r| r.transport == *transport && *r != but).cloned().collect()
    }

    /// Something came back through this transport: its server is there, for every service.
    fn forgive_server(&mut self, route: &Route, now: Moment, params: &Params) {
        let mut turned: Vec<(Route, Phase)> = Vec::new();
        for (other, belief) in self.beliefs.iter_mut().filter(|(other, _)| other.transport == route.transport) {
            if other == route {
                continue;
            }
            let from = belief.phase;
            belief.score.forgive_near();
            phase::tick(belief, now, params);
            if belief.phase != from || belief.asides.has_news() {
                turned.push((other.clone(), from));
            }
        }
        for (other, from) in turned {
            self.announce(&other, from, now);
        }
    }

    /// A connect that is not answered where another bare way has just set off a punishment may be part of that: a
    /// silence, of which nothing more is known (T19).
    fn in_its_shadow(&self, evidence: &Evidence, params: &Params) -> Evidence {
        let punished = |(route, belief): (&Route, &Belief)| {
            params.bare.contains(&route.transport) && belief.taint.covers(evidence.endpoint, evidence.began)
        };
        let bare = params.bare.contains(&evidence.route.transport);
        let shadowed = bare && evidence.sign == Sign::ConnectTimeout && self.siblings(&evidence.route).any(punished);
        Evidence { sign: if shadowed { Sign::Silence } else { evidence.sign }, ..evidence.clone() }
    }

    fn take_link(&mut self, report: &LinkReport, now: Moment, params: &Params) {
        let from = self.link.state;
        if !self.link.is_online() || report.state == LinkState::Online {
            // Nothing to settle: frozen already, or not to be frozen.
        } else {
            self.beliefs.values_mut().for_each(|b| b.score.settle(now, params.score_half_life));
        }
        let changed = self.link.report(report, now, &mut self.dice, params);
        if changed {
            self.changed = true;
            self.told.push(Record::Link { network: self.network, from, to: report.state, ground: report.ground });
        }
        if self.link.is_online() {
            self.unsure.vouch(report.began);
        } else {
            let turned = self.unsure.undo(&mut self.beliefs, report.began);
            self.changed |= !turned.is_empty();
            turned.into_iter().for_each(|(route, from)| self.announce(&route, from, now));
        }
        if self.link.is_online() {
            if let Some(since) = self.link.frozen_since.take() {
                self.thaw(now.since(since), now, params);
            }
            self.release(now, params);
        }
    }

    fn take_force(&mut self, service: ServiceId, forced: Option<Forced>, now: Moment, params: &Params) {
        self.changed = true;
        let transport = forced.as_ref().map(|f| f.transport.clone());
        self.told.push(Record::Use { service: service.clone(), transport: transport.clone() });
        // On this command alone a place where somebody played the service is tried again (§4.11): all bare ways are one
        // line.
        if let Some(transport) = transport {
            let bare = |id| params.bare.contains(id);
            for (route, belief) in &mut self.beliefs {
                let meant = route.transport == transport || (bare(&transport) && bare(&route.transport));
                if belief.hostile && route.service == service && meant {
                    belief.forget(now);
                }
            }
        }
        match forced {
            Some(forced) => self.forced.insert(service, forced),
            None => self.forced.remove(&service),
        };
    }

    /// What time does by itself.
    pub(super) fn tick(&mut self, now: Moment, params: &Params) {
        self.link.expire(now);
        self.yardstick.expire(now);
        let before = self.forced.len();
        self.forced.retain(|_, f| f.until.is_none_or(|until| until > now));
        self.changed |= before != self.forced.len();
        if !self.link.is_online() {
            return;
        }
        let mut turned: Vec<(Route, Phase)> = Vec::new();
        for (route, belief) in &mut self.beliefs {
            let (from, share) = (belief.phase, belief.recovery.share(params));
            phase::tick(belief, now, params);
            // What no probe asks after would stay blocked for good: people find out.
            if !self.routes.contains(route) || params.is_unasked(route) {
                phase::let_go(belief, now, params);
            }
            if belief.phase != from {
                turned.push((route.clone(), from));
            }
            let moved = belief.phase != from || (belief.recovery.share(params) - share).abs() > f64::EPSILON;
            self.changed |= moved;
        }
        for (route, from) in turned {
            self.announce(&route, from, now);
        }
    }
}

/// Whether a sign speaks of the way itself. About "everything else", one place says nothing of another.
const fn speaks_of_the_way(sign: Sign) -> bool {
    sign.is_good() || matches!(sign, Sign::TransportDown)
}
