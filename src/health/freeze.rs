//! What a freeze asks for beyond its points (T9). A first one sends everybody elsewhere, and no small answer tells whether
//! it was an accident; so first the same small question is put in one packet and in many, and where that shows no difference a
//! question with a body is asked. Inside a tunnel it may be the tunnel that freezes: where the
//! transfers of two services stop in it, it is, and nothing is held against either service.

use super::belief::Belief;
use super::budget;
use super::params::Params;
use super::state::State;
use crate::model::{Evidence, L4, Moment, Phase, Route, Sign, Technique, Twin};

impl Belief {
    /// Somebody has a reason to think that transfers freeze: a body is asked for soon, where nothing worse is known.
    pub(super) const fn doubt(&mut self) {
        if matches!(self.phase, Phase::Unknown | Phase::Ok) {
            self.doubted = true;
            self.probe.stale = true;
        }
    }

    /// Whether transfers seem to freeze, and it is not said yet.
    pub(super) fn may_freeze(&self) -> bool {
        self.doubted || self.seems_to_freeze()
    }

    /// Whether it is suspected of freezing transfers.
    fn seems_to_freeze(&self) -> bool {
        self.phase == Phase::Suspect && self.tally.technique() == Technique::Freeze
    }

    /// Whether a freeze was proven.
    fn freezes(&self) -> bool {
        self.tally.proof() == Some(Technique::Freeze)
    }
}

impl State {
    /// Whether the next probe of this route should be put in one packet and in many (T9's pair): the first question of a
    /// suspicion, for it is cheap, and nothing harmless counts packets. Of the bare ways the plain one, as with bodies.
    pub fn wants_packets(&self, route: &Route, now: Moment, params: &Params) -> bool {
        let plain = params.bare.first() == Some(&route.transport);
        let first = |belief: &Belief| belief.probe.count == 0 && belief.seems_to_freeze();
        plain
            && route.l4 == L4::Tcp
            && self.beliefs.get(route).is_some_and(first)
            && self.ledger.allows(&route.service, budget::PACKETS_PRICE, self.flights.reserved(), now, params)
    }

    /// That packets are counted is proven of one facet of a service: what its other facets are suspected of on the same
    /// way is the same, and needs no questions of its own.
    pub(super) fn spread_proof(&mut self, evidence: &Evidence, now: Moment, params: &Params) {
        if evidence.pair != Some(Technique::Freeze) || !self.beliefs.get(&evidence.route).is_some_and(Belief::freezes) {
            return;
        }
        let suspected = |(other, belief): &(&Route, &Belief)| {
            let same = (&other.service, &other.transport, other.l4)
                == (&evidence.route.service, &evidence.route.transport, evidence.route.l4);
            same && other.facet != evidence.route.facet && belief.seems_to_freeze()
        };
        let others: Vec<Route> = self.beliefs.iter().filter(suspected).map(|(other, _)| other.clone()).collect();
        for route in others {
            self.teach(&Evidence { route, ..evidence.clone() }, false, now, params);
        }
    }

    /// A second service's transfer stopped in the same tunnel: the tunnel freezes, for everybody.
    pub(super) fn spread_freeze(&mut self, evidence: &Evidence, now: Moment, params: &Params) {
        let route = &evidence.route;
        if !matches!(evidence.sign, Sign::Frozen { .. }) || params.bare.contains(&route.transport) {
            return;
        }
        let others = self.over(&route.transport, route);
        let froze =
            |other: &Route| self.beliefs.get(other).is_some_and(|belief| belief.score.froze() >= params.switch_at);
        if !others.iter().any(|other| other.service != route.service && froze(other)) {
            return;
        }
        let (_, well): (Vec<_>, Vec<_>) = others.into_iter().partition(froze);
        for other in well {
            let told = Evidence { route: other, twin: Twin::Unknown, endpoint: None, ..evidence.clone() };
            self.teach(&told, false, now, params);
        }
    }
}
