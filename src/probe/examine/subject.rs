//! What an examination is about: one facet of the service, the question that speaks for it, and what is known so far.

use crate::model::{Destination, Facet, L4, Route, ServiceId, TransportId, Twin};
use crate::probe::pair::{https_of, pinned};
use crate::probe::round::{Failed, Question, Rounds, body_bytes, without_body};
use crate::probe::spec::{Kind, Spec};
use crate::transport::Transport;
use std::net::SocketAddr;

/// One facet under examination.
pub(super) struct Subject<'a> {
    pub(super) facet: Facet,
    pub(super) l4: L4,
    /// The question over the plain direct way; `None` where the user's rule forbids it.
    pub(super) question: Option<Question<'a>>,
    /// The same, for a tunnel.
    pub(super) elsewhere: Option<Question<'a>>,
    /// The tunnel that people's connections would take.
    pub(super) tunnel: Option<&'a Transport>,
    /// The address that the neutral half was put to.
    pub(super) address: Option<SocketAddr>,
    /// Failures that the board has not been told of yet.
    pub(super) failures: Vec<Failed>,
    /// What the tunnel said.
    pub(super) twin: Twin,
}

impl<'a> Subject<'a> {
    /// The facets of a service that a question speaks for.
    pub(super) fn all(rounds: &'a Rounds, service: &ServiceId) -> Vec<Self> {
        let mut subjects: Vec<Self> = Vec::new();
        // QUIC belongs to the web's subject: apps do without it.
        let of_it = rounds.specs.iter().filter(|spec| spec.service == *service && !matches!(spec.kind, Kind::Quic(_)));
        for spec in of_it {
            if !subjects.iter().any(|subject| (subject.facet, subject.l4) == (spec.facet, spec.l4)) {
                subjects.push(Self::new(rounds, service, spec.facet, spec.l4));
            }
        }
        subjects
    }

    fn new(rounds: &'a Rounds, service: &ServiceId, facet: Facet, l4: L4) -> Self {
        let direct = TransportId::from("direct");
        let way = rounds.ways.iter().find(|way| way.kind == "direct");
        let transport = way.map_or(direct, |way| way.id.clone());
        let route = Route { service: service.clone(), facet, transport, l4 };
        let tunnel = rounds.active_tunnel(&route).filter(|way| rounds.is_allowed(service, way));
        let ask = |way: Option<&'a Transport>| {
            let way = way.filter(|way| rounds.is_allowed(service, way))?;
            let (spec, target) = rounds.endpoint(&route, 0)?;
            let route = Route { transport: way.id.clone(), ..route.clone() };
            Some(Question { route, way, spec: without_body(spec), target: target.clone() })
        };
        let (question, elsewhere) = (ask(way), ask(tunnel));
        Self { facet, l4, question, elsewhere, tunnel, address: None, failures: Vec::new(), twin: Twin::Unknown }
    }

    /// Whether its first message shows the service's name in the clear.
    pub(super) fn shows_a_name(&self) -> bool {
        let question = self.question.as_ref().or(self.elsewhere.as_ref());
        question.is_some_and(|question| https_of(&question.spec).is_some())
    }

    /// The direct question, put to the very address of the neutral half where that is known.
    pub(super) fn real(&self) -> Option<Question<'a>> {
        let question = self.question.as_ref()?;
        Some(match self.address {
            Some(address) => at(question, address),
            None => copy(question),
        })
    }

    /// The tunnel and its question, put to the same address.
    pub(super) fn inside(&self) -> Option<(&'a Transport, Question<'a>)> {
        let question = self.elsewhere.as_ref()?;
        Some((self.tunnel?, self.address.map_or_else(|| copy(question), |to| at(question, to))))
    }

    /// The direct question to another of the places that are configured.
    pub(super) fn sibling(&self, rounds: &Rounds) -> Option<Question<'a>> {
        let question = self.question.as_ref()?;
        let all = rounds.endpoints(&question.route);
        let others = (1..all).filter_map(|turn| rounds.endpoint(&question.route, turn));
        let (spec, target) = others.into_iter().find(|(_, target)| **target != question.target)?;
        Some(Question { spec: without_body(spec), target: target.clone(), ..copy(question) })
    }
}

impl Rounds {
    /// How many places are asked about a route.
    fn endpoints(&self, route: &Route) -> usize {
        self.specs_of(&route.service, route.facet, route.l4).iter().map(|spec| spec.targets.len()).sum()
    }

    /// The place whose turn comes `turn` after the one whose turn it is.
    fn endpoint(&self, route: &Route, turn: usize) -> Option<(&Spec, &Destination)> {
        let specs = self.specs_of(&route.service, route.facet, route.l4);
        let (large, small): (Vec<_>, Vec<_>) = specs.into_iter().partition(|spec| body_bytes(spec) > 0);
        let specs = if small.is_empty() { large } else { small };
        let all: Vec<_> = specs.into_iter().flat_map(|spec| spec.targets.iter().map(move |to| (spec, to))).collect();
        all.get((self.turns.place(route) + turn).checked_rem(all.len())?).copied()
    }
}

/// The same question, put to one address.
pub(super) fn at<'a>(question: &Question<'a>, address: SocketAddr) -> Question<'a> {
    let spec = pinned(&question.spec, &question.target, address);
    Question { spec, target: Destination::from(address), ..copy(question) }
}

pub(super) fn copy<'a>(question: &Question<'a>) -> Question<'a> {
    Question {
        route: question.route.clone(),
        way: question.way,
        spec: question.spec.clone(),
        target: question.target.clone(),
    }
}
