//! What is learned on one bare way about the others (T18). They go to the same addresses and differ only in how the first
//! message is cut, so a body that came whole on one speaks for all; and where first flights are cut off by lot, now on
//! this way and now on that, cutting them otherwise does not help. It refuses to call a way blocked that has not failed
//! itself: where a box reads names, the other way may well be the cure.

use super::belief::Belief;
use super::params::Params;
use super::phase;
use super::state::State;
use crate::model::{Evidence, Moment, Phase, Route, Sign, Source};

impl State {
    /// The other bare ways of the same hear what happened on one.
    pub(super) fn tell_bare_ways(&mut self, evidence: &Evidence, now: Moment, params: &Params) {
        let route = &evidence.route;
        if !params.bare.contains(&route.transport) {
            return;
        }
        let Some(belief) = self.beliefs.get_mut(route) else { return };
        let cut_off = std::mem::take(&mut belief.cut_off);
        // Where a connect came through on one, it does on all. What is of the line is told of each anyway, unless only a
        // stand-by was asked; a silence may be a punished connect.
        let told_apart = evidence.source == Source::Probe && params.bare.first() != Some(&route.transport);
        let of_its_own = if evidence.sign.is_of_the_line() { told_apart } else { evidence.sign != Sign::Silence };
        let speaks_of_connects = of_its_own && evidence.sign.is_bad();
        let others: Vec<Route> =
            self.siblings(route).map(|(r, _)| r.clone()).filter(|r| params.bare.contains(&r.transport)).collect();
        for other in &others {
            let Some(belief) = self.beliefs.get_mut(other) else { continue };
            if evidence.sign == Sign::BodyProven {
                belief.recovery.prove();
            }
            if speaks_of_connects {
                belief.tally.note_through(evidence);
            }
            if cut_off {
                let from = belief.phase;
                belief.outcomes.note_cut_off_beside(evidence.at);
                if matches!(from, Phase::Suspect | Phase::Degraded) {
                    belief.score.settle(now, params.score_half_life);
                    phase::after_bad(belief, now, 0.0, true, params);
                }
                self.announce(other, from, now);
            }
        }
        if evidence.sign.is_bad() {
            self.share_chance(route, &others, now);
        }
    }

    /// Where one of the bare ways is blocked by chance, those that fail as well are.
    fn share_chance(&mut self, route: &Route, others: &[Route], now: Moment) {
        let all = || others.iter().chain([route]);
        let by_chance = |belief: &&Belief| belief.phase == Phase::Blocked && belief.recovery.is_by_chance();
        let blocked = all().filter_map(|one| self.beliefs.get(one)).find(by_chance);
        let Some(like) = blocked.map(|belief| (belief.technique, belief.confidence)) else { return };
        for one in all() {
            let Some(belief) = self.beliefs.get_mut(one) else { continue };
            let from = belief.phase;
            let fails = match from {
                Phase::Suspect | Phase::Degraded => true,
                Phase::Unknown | Phase::Ok => belief.outcomes.are_cut_off(now),
                _ => false,
            };
            if fails {
                phase::share(belief, like, now);
                self.change();
                self.announce(one, from, now);
            }
        }
    }
}
