//! What is shown of the state: the snapshot that connections read, and the record of each transition. Refuses to
//! decide anything.

use super::params::Params;
use super::phase;
use super::state::State;
use crate::model::{Evidence, Moment, Phase, Record, Route, Snapshot, Transition};

/// Facts remembered of each route, to be told when somebody asks why.
const REMEMBERED: usize = 24;

impl State {
    /// Everything believed about the network the device is on.
    pub fn snapshot(&self, params: &Params) -> Snapshot {
        let standings = self.beliefs.iter().map(|(route, belief)| {
            let mut standing = belief.standing(params);
            let bare = params.bare.contains(&route.transport);
            standing.hostile |= self.link.fears(route, bare, params);
            (route.clone(), standing)
        });
        Snapshot {
            network: self.network,
            link: self.link.state,
            ground: self.link.ground,
            standings: standings.collect(),
            forced: self.forced.clone(),
            capable: self.capable.iter().cloned().collect(),
            played: self.played(params),
        }
    }

    /// When a route is probed next, if that is planned.
    pub fn next_probe(&self, route: &Route) -> Option<Moment> {
        self.beliefs.get(route).and_then(|belief| belief.probe.next)
    }

    /// The latest facts about a route, oldest first, each with the score after it.
    pub fn recent(&self, route: &Route) -> impl Iterator<Item = &(Evidence, f64)> {
        self.recent.get(route).into_iter().flatten()
    }

    /// Remembers a fact with what it made of the score.
    pub(super) fn remember(&mut self, evidence: Evidence) {
        let score = self.beliefs.get(&evidence.route).map_or(0.0, |belief| belief.score.value());
        let ring = self.recent.entry(evidence.route.clone()).or_default();
        if ring.len() >= REMEMBERED {
            ring.pop_front();
        }
        ring.push_back((evidence, score));
    }

    /// Tells of the change of a route's phase from `from`, if it changed; and of a lying resolver, which changes what
    /// the route means but not its phase.
    pub(super) fn announce(&mut self, route: &Route, from: Phase, now: Moment) {
        let Some(belief) = self.beliefs.get_mut(route) else { return };
        if !belief.asides.take_news() && belief.phase == from {
            return;
        }
        let (verdict, confidence) = belief.verdict();
        let transition = Transition {
            route: route.clone(),
            network: self.network,
            from,
            to: belief.phase,
            verdict,
            confidence,
            score: belief.score.value(),
            why: belief.tally.why(),
            endpoints: belief.tally.endpoints(),
            took_ms: u64::try_from(belief.tally.took(now).as_millis()).unwrap_or(u64::MAX),
            next_secs: None,
        };
        phase::close(belief);
        self.told.push(Record::Transition(transition));
    }

    /// What is to be told, each transition with the time of its route's next probe.
    pub(super) fn tell(&mut self, now: Moment) -> Vec<Record> {
        let mut told = std::mem::take(&mut self.told);
        for record in &mut told {
            if let Record::Transition(transition) = record {
                transition.next_secs = self.next_probe(&transition.route).map(|at| at.since(now).as_secs());
            }
        }
        told
    }
}
