//! A simulated day: a state, its timers, a prober that answers as the test says, controls that answer by themselves.

use crate::health::{Effect, Event, LinkReport, Params, State, step};
use crate::model::{
    Anchors, EndpointTag, Evidence, Facet, Family, Grade, Ground, L4, LinkState, Moment, NetworkId, Phase, Record,
    Route, ServiceId, Sign, Source, Standing, Technique, Transition, TransportId, Twin, Verdict,
};
use std::collections::HashMap;
use std::time::Duration;

pub(super) const A: Sign = Sign::Answer(Grade::A);
pub(super) const B: Sign = Sign::Answer(Grade::B);

pub(super) fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

pub(super) fn mins(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

pub(super) fn route(service: &str, transport: &str) -> Route {
    Route {
        service: ServiceId::from(service),
        facet: Facet::Text,
        transport: TransportId::from(transport),
        l4: L4::Tcp,
    }
}

/// What a probe brings, in the test's country.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probed {
    pub(super) sign: Sign,
    pub(super) twin: Twin,
    pub(super) pair: Option<Technique>,
    pub(super) endpoint: Option<EndpointTag>,
    pub(super) bytes: u32,
}

impl Probed {
    /// A cheap probe that brings `sign`, alone.
    pub(super) const fn of(sign: Sign) -> Self {
        Self { sign, twin: Twin::Unknown, pair: None, endpoint: None, bytes: 700 }
    }
}

pub(super) struct World {
    state: Option<State>,
    pub(super) params: Params,
    pub(super) now: Moment,
    /// What the controls say; `None`: they are never run.
    pub(super) link: Option<LinkState>,
    /// What probes bring, by route; those not listed never come back.
    pub(super) country: HashMap<Route, Probed>,
    pub(super) records: Vec<Record>,
    pub(super) probes: Vec<(Moment, Route)>,
    pub(super) controls: Vec<Moment>,
    /// When goodput was asked for.
    pub(super) samples_asked: Vec<Moment>,
    /// When the other version of IP was to be asked after.
    pub(super) families: Vec<(Moment, Route, Family)>,
    pub(super) published: u32,
    pub(super) steps: u32,
    wake: Option<Moment>,
    controls_at: Option<Moment>,
    landing: Vec<(Moment, Route)>,
}

impl World {
    pub(super) fn new(services: &[&str], transports: &[&str]) -> Self {
        Self::with(Params::default(), services, transports)
    }

    pub(super) fn with(params: Params, services: &[&str], transports: &[&str]) -> Self {
        Self::seeded(42, params, services, transports)
    }

    pub(super) fn seeded(seed: u64, params: Params, services: &[&str], transports: &[&str]) -> Self {
        let routes = services.iter().flat_map(|s| transports.iter().map(move |t| route(s, t))).collect();
        Self::over(seed, params, routes)
    }

    /// On a network of that id.
    pub(super) fn on(network: NetworkId, services: &[&str], transports: &[&str]) -> Self {
        let routes = services.iter().flat_map(|s| transports.iter().map(move |t| route(s, t))).collect();
        Self::begun(network, 42, Params::default(), routes)
    }

    pub(super) fn over(seed: u64, params: Params, routes: Vec<Route>) -> Self {
        Self::begun(NetworkId(1), seed, params, routes)
    }

    fn begun(network: NetworkId, seed: u64, params: Params, routes: Vec<Route>) -> Self {
        let now = Moment::from_millis(1_000_000);
        let state = State::new(routes, network, seed, now);
        let mut world = Self {
            state: Some(state),
            params,
            now,
            link: Some(LinkState::Online),
            country: HashMap::new(),
            records: Vec::new(),
            probes: Vec::new(),
            controls: Vec::new(),
            samples_asked: Vec::new(),
            families: Vec::new(),
            published: 0,
            steps: 0,
            wake: None,
            controls_at: None,
            landing: Vec::new(),
        };
        world.event(Event::Due);
        world
    }

    /// Telegram over direct and one tunnel, in use.
    pub(super) fn telegram() -> Self {
        let mut world = Self::new(&["telegram"], &["direct", "tokyo"]);
        world.pass(secs(5));
        world
    }

    pub(super) fn state(&self) -> &State {
        self.state.as_ref().unwrap()
    }

    pub(super) fn event(&mut self, event: Event) {
        self.steps += 1;
        let (state, effects) = step(self.state.take().unwrap(), event, self.now, &self.params);
        self.state = Some(state);
        for effect in effects {
            match effect {
                Effect::Publish(_) => self.published += 1,
                Effect::ProbeAt(route, at) => {
                    self.probes.push((at, route.clone()));
                    self.landing.push((at + secs(1), route));
                }
                Effect::FamilyAt(route, family) => self.families.push((self.now, route, family)),
                Effect::GoodputAt(at) => self.samples_asked.push(at),
                Effect::ControlsAt(at) => self.controls_at = Some(at),
                Effect::WakeAt(at) => self.wake = Some(at),
                Effect::Announce(record) => self.records.push(record),
            }
        }
    }

    /// Lets time pass, with all that it brings.
    pub(super) fn pass(&mut self, span: Duration) {
        let until = self.now + span;
        loop {
            let landing = self.landing.iter().map(|(at, _)| *at).min();
            let controls = self.controls_at.filter(|_| self.link.is_some());
            let next = self.wake.into_iter().chain(landing).chain(controls).min();
            let Some(next) = next.filter(|t| *t <= until) else { break };
            self.now = self.now.max(next);
            if self.wake.is_some_and(|t| t <= next) {
                self.wake = None;
                self.event(Event::Due);
            } else if controls.is_some_and(|t| t <= next) {
                self.controls_at = None;
                self.controls.push(self.now);
                let state = self.link.unwrap();
                self.event(Event::Link(LinkReport { state, ground: Ground::NotAsked, began: self.now, at: self.now }));
            } else if let Some(i) = self.landing.iter().position(|(at, _)| *at <= next) {
                let (_, route) = self.landing.swap_remove(i);
                self.land(route);
            }
        }
        self.now = until;
        self.event(Event::Due);
    }

    fn land(&mut self, route: Route) {
        let Some(Probed { sign, twin, pair, endpoint, bytes }) = self.country.get(&route).copied() else { return };
        self.event(Event::ProbeStarted(route.clone(), bytes));
        let probe = self.fact(route, sign);
        self.event(Event::Evidence(Evidence { source: Source::Probe, twin, pair, endpoint, ..probe }));
    }

    pub(super) fn country(&mut self, route: Route, sign: Sign) {
        self.country.insert(route, Probed::of(sign));
    }

    /// A fact of people's traffic, begun a moment ago; a connect that timed out as long ago as it was waited for.
    pub(super) fn fact(&self, route: Route, sign: Sign) -> Evidence {
        let took = secs(if sign == Sign::ConnectTimeout { 8 } else { 1 });
        Evidence::new(route, Source::Traffic, sign, self.now - took, self.now)
    }

    pub(super) fn tell(&mut self, evidence: Evidence) {
        self.event(Event::Evidence(evidence));
    }

    /// People's connection over `transport`, with the anchors good.
    pub(super) fn traffic(&mut self, transport: &str, sign: Sign) {
        let fact = self.fact(route("telegram", transport), sign);
        self.tell(Evidence { anchors: Anchors::Good, ..fact });
    }

    /// People's connection that failed on `transport` at endpoint `end`, while another way reached the same place.
    pub(super) fn twinned(&mut self, transport: &str, sign: Sign, end: u32) {
        let fact = self.fact(route("telegram", transport), sign);
        self.tell(Evidence { twin: Twin::Answered, endpoint: Some(EndpointTag(end)), ..fact });
    }

    pub(super) fn standing(&self, service: &str, transport: &str) -> Standing {
        self.state().snapshot(&self.params).standing(&route(service, transport)).cloned().unwrap()
    }

    pub(super) fn direct(&self) -> Standing {
        self.standing("telegram", "direct")
    }

    pub(super) fn phase(&self, transport: &str) -> Phase {
        self.standing("telegram", transport).phase
    }

    pub(super) fn verdict(&self) -> Verdict {
        self.direct().verdict
    }

    pub(super) fn transitions(&self) -> Vec<&Transition> {
        self.records
            .iter()
            .filter_map(|record| match record {
                Record::Transition(transition) => Some(transition),
                _ => None,
            })
            .collect()
    }

    pub(super) fn ever(&self, phase: Phase) -> bool {
        self.transitions().iter().any(|t| t.to == phase)
    }

    pub(super) fn probes_of(&self, route: &Route) -> Vec<Moment> {
        self.probes.iter().filter(|(_, r)| r == route).map(|(at, _)| *at).collect()
    }
}
