//! Failures that wait for a twin (C8): another way of the service that answers shortly afterwards makes them weigh half
//! as much again, as if it had answered first. Refuses to know which ways are twins.

use super::belief::{Belief, Cue};
use super::params::Params;
use super::score::Part;
use super::weigh::{self, Weight};
use crate::model::{Evidence, Moment, Source};
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
