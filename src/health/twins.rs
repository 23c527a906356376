//! Twins (C8): the same facet of a service over another way. Of one that answered, a failure knows when it comes; one that
//! answers shortly afterwards makes it weigh half as much again, as if it had answered first.

use super::belief::{Belief, Cue};
use super::params::Params;
use super::phase;
use super::score::Part;
use super::state::State;
use super::weigh::{self, Weight};
use crate::model::{Evidence, L4, Moment, Route, Source, TransportId};
use std::time::Duration;

/// A twin counts when it answered within this long of the failure (§3.2, C8).
pub(super) const TWIN_WITHIN: Duration = Duration::from_secs(60);
/// Failures that wait for a twin.
const MOST: usize = 20;

/// The failures that no twin has answered yet.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Unpaired(Vec<Failure>);

#[derive(Clone, Debug, PartialEq)]
struct Failure {
    at: Moment,
    part: Part,
    points: f64,
    /// Perhaps it is the question's own: only an answer to the same question is its twin.
    of_question: bool,
}

impl Unpaired {
    /// One more.
    pub(super) fn note(&mut self, evidence: &Evidence, weight: &Weight) {
        let of_question = evidence.source == Source::Probe && evidence.sign.may_be_the_question();
        if self.0.len() < MOST {
            self.0.push(Failure { at: evidence.at, part: weight.part, points: weight.points, of_question });
        }
    }

    /// None waits any more.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl State {
    /// Whether another way of the same service answered within 60 s before: anybody, or the same question where it
    /// may be at fault itself.
    pub(super) fn sibling_answered(&self, evidence: &Evidence) -> bool {
        let of_question = evidence.source == Source::Probe && evidence.sign.may_be_the_question();
        self.siblings(&evidence.route).any(|(_, b)| {
            let good = if of_question { b.last_good_probe } else { b.last_good };
            good.is_some_and(|good| evidence.at.since(good) <= TWIN_WITHIN)
        })
    }

    /// The same facet over the other ways.
    pub(super) fn siblings<'a>(&'a self, route: &'a Route) -> impl Iterator<Item = (&'a Route, &'a Belief)> {
        let first = Route { transport: TransportId::from(""), l4: L4::Tcp, ..route.clone() };
        let of_its_kind = self.beliefs.range(first..);
        let of_its_kind = of_its_kind.take_while(|(r, _)| r.service == route.service && r.facet == route.facet);
        of_its_kind.filter(|(r, _)| r.l4 == route.l4 && r.transport != route.transport)
    }

    /// The answer on `route` is the twin of what failed shortly before on its siblings.
    pub(super) fn pair_up(&mut self, evidence: &Evidence, now: Moment, params: &Params) {
        let (route, at) = (&evidence.route, evidence.at);
        let siblings: Vec<Route> = self.siblings(route).map(|(r, _)| r.clone()).collect();
        for sibling in siblings {
            let Some(belief) = self.beliefs.get_mut(&sibling) else { continue };
            let from = belief.phase;
            if let Cue::Bad { points } = belief.twin_answered(evidence.source, at, params) {
                phase::after_bad(belief, at, points, false, params);
                self.change();
                self.announce(&sibling, from, now);
            }
        }
    }
}

impl Belief {
    /// Another way of the service answered at `at`: failures shortly before weigh half as much again. The outcome is
    /// the same as if the answer had come first.
    pub(super) fn twin_answered(&mut self, by: Source, at: Moment, params: &Params) -> Cue {
        self.score.settle(at, params.score_half_life);
        let mut added = 0.0;
        for failed in std::mem::take(&mut self.unpaired.0) {
            if at.since(failed.at) > TWIN_WITHIN {
                continue;
            }
            if failed.of_question && by == Source::Traffic {
                self.unpaired.0.push(failed);
                continue;
            }
            let faded = (-at.since(failed.at).as_secs_f64() / params.score_half_life.as_secs_f64().max(1e-3)).exp2();
            let extra = weigh::late_twin(failed.points) * faded;
            self.score.add(failed.part, extra);
            self.tally.late_twin();
            added += extra;
        }
        if added > 0.0 { Cue::Bad { points: added } } else { Cue::None }
    }
}
