//! Somebody plays a service on the bare line (T11): what that means for the ways it was not seen on. Whoever answers in
//! one facet's place may answer in any other's, and reads a first message whole, however it is cut; so none of the
//! service's bytes go over that line any more, and no question of ours does, until the operator says otherwise or the
//! network is another (detection rules §4.11, §5). It refuses to accuse a facet that works of what was seen on another.

use super::params::Params;
use super::state::State;
use crate::model::{Evidence, Moment, Phase, Route, ServiceId};
use std::collections::HashSet;

impl State {
    /// Whether somebody plays this service on the bare line, by proof.
    pub(super) fn is_played(&self, service: &ServiceId, params: &Params) -> bool {
        self.hostile_lines(params).any(|route| route.service == *service)
    }

    /// All such services.
    pub(super) fn played(&self, params: &Params) -> HashSet<ServiceId> {
        self.hostile_lines(params).map(|route| route.service.clone()).collect()
    }

    fn hostile_lines<'a>(&'a self, params: &'a Params) -> impl Iterator<Item = &'a Route> {
        let hostile = self.beliefs.iter().filter(|(_, belief)| belief.hostile).map(|(route, _)| route);
        hostile.filter(|route| params.bare.contains(&route.transport))
    }

    /// Whether nothing may be asked on `route`: it goes over a line on which its service is played.
    pub(super) fn is_shut(&self, route: &Route, params: &Params) -> bool {
        params.bare.contains(&route.transport) && self.is_played(&route.service, params)
    }

    /// `proof` has just shown that its service is played: what is suspected of its other bare routes is the same, and
    /// no question will ever find that out any more.
    pub(super) fn spread_hostility(&mut self, proof: &Evidence, now: Moment, params: &Params) {
        let (of, bare) = (&proof.route, &params.bare);
        if !bare.contains(&of.transport) {
            return;
        }
        let doubted = |phase| matches!(phase, Phase::Suspect | Phase::Degraded);
        let others = self
            .beliefs
            .iter_mut()
            .filter(|(r, b)| r.service == of.service && *r != of && bare.contains(&r.transport) && !b.hostile);
        let mut same = Vec::new();
        for (route, belief) in others {
            belief.probe.next = None;
            if doubted(belief.phase) {
                same.push(route.clone());
            }
        }
        for route in same {
            let told = Evidence { route, endpoint: None, ..proof.clone() };
            self.teach(&told, false, now, params);
        }
    }
}
