//! What a change of network, a sleep and a line that is back mean for beliefs (detection rules §3.1, §3.5): each network
//! has its own, kept for a day after it was left; what was under way is void; time on a bad line did not happen.

use super::belief::Belief;
use super::params::Params;
use super::state::State;
use crate::model::{LinkState, Moment, NetworkId, Phase, Record, Route, ServiceId};
use std::collections::BTreeMap;
use std::time::Duration;

/// The most networks remembered beside the present one.
const MOST_NETWORKS: usize = 16;

/// What was believed about a network that was left.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shelf {
    left: Moment,
    pub(super) beliefs: BTreeMap<Route, Belief>,
    used: BTreeMap<ServiceId, Moment>,
}

impl State {
    pub(super) fn take_resumed(&mut self, millis: u64, now: Moment, params: &Params) {
        if self.link.resumed(millis, now) {
            self.yardstick.forget();
            self.unsure.forget();
            self.rephase(now, params);
        }
    }

    /// The link is fit again: the time in between did not happen.
    pub(super) fn thaw(&mut self, span: Duration, now: Moment, params: &Params) {
        let played = self.played(params);
        let used = |service| self.used.get(service).is_some_and(|t| now.since(*t) <= params.idle.only_used_within);
        for (route, belief) in &mut self.beliefs {
            belief.score.skip_to(now);
            belief.recovery.skip(span);
            // What was asked while nothing could be learned was asked in vain: a suspicion is followed up anew. Not
            // where nothing is ever asked.
            let known = self.routes.contains(route) && !route.service.is_other();
            let shut = belief.hostile || (params.bare.contains(&route.transport) && played.contains(&route.service));
            let asked = known && !shut && used(&route.service);
            if belief.phase == Phase::Suspect && asked {
                belief.probe.count = 0;
                belief.probe.next = Some(now);
                belief.probe.stale = false;
            }
        }
        self.rephase(now, params);
    }

    pub(super) fn take_network(&mut self, network: NetworkId, now: Moment, params: &Params) {
        if self.network.is_unknown() && !network.is_unknown() {
            // It only became known which network this has been all along: nothing has changed.
            self.network = network;
            return self.change();
        }
        self.link.changed(now);
        self.yardstick.forget();
        self.unsure.forget();
        self.change();
        if network == self.network {
            return;
        }
        let fresh: BTreeMap<Route, Belief> = self.routes.iter().map(|r| (r.clone(), Belief::new(now))).collect();
        let kept = self.shelf.remove(&network).filter(|s| now.since(s.left) <= params.state.ttl);
        let (beliefs, used) = kept.map_or((BTreeMap::new(), BTreeMap::new()), |s| (s.beliefs, s.used));
        let mut beliefs = beliefs;
        for (route, belief) in fresh {
            beliefs.entry(route).or_insert(belief);
        }
        let left = Shelf {
            left: now,
            beliefs: std::mem::replace(&mut self.beliefs, beliefs),
            used: std::mem::replace(&mut self.used, used),
        };
        self.shelf.insert(self.network, left);
        while self.shelf.len() > MOST_NETWORKS
            && let Some(oldest) = self.shelf.iter().min_by_key(|(_, s)| s.left).map(|(id, _)| *id)
        {
            self.shelf.remove(&oldest);
        }
        self.network = network;
        self.recent.clear();
        self.joined = now;
        self.link.state = LinkState::Online;
        self.link.frozen_since = None;
        self.told.push(Record::Network { network });
        self.rephase(now, params);
    }
}
