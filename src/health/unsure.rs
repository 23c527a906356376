//! What was believed before failures that counted because another way reached the place, while nobody had vouched for
//! the line since they began. A twin tells that the place is there; it does not tell a lossy line from a blocked
//! service. When the controls then find the line unfit, those failures were the line's, and did not happen.

use super::belief::Belief;
use crate::model::{Confidence, Moment, Phase, Route};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long before the controls found it out a line may have been unfit: they are asked at each failure, or were
/// half a minute ago.
const REACHES_BACK: Duration = Duration::from_secs(90);

/// Beliefs as they were before the first such failure.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Unsure(BTreeMap<Route, (Moment, Belief)>);

impl Unsure {
    /// A failure at `at` is about to count.
    pub(super) fn note(&mut self, route: &Route, belief: &Belief, at: Moment) {
        self.0.entry(route.clone()).or_insert_with(|| (at, belief.clone()));
    }

    /// Somebody who was asked at `asked` vouches for the line.
    pub(super) fn vouch(&mut self, asked: Moment) {
        self.0.retain(|_, (at, _)| *at > asked);
    }

    /// The line is not fit, as was found out by asking at `asked`: `beliefs` become again what they were. Those that
    /// changed, with the phase they had.
    pub(super) fn undo(&mut self, beliefs: &mut BTreeMap<Route, Belief>, asked: Moment) -> Vec<(Route, Phase)> {
        let mut turned = Vec::new();
        for (route, (at, before)) in std::mem::take(&mut self.0) {
            let Some(belief) = beliefs.get_mut(&route) else { continue };
            let is_proven = belief.hostile || belief.tally.confidence() == Confidence::Confirmed;
            if is_proven || asked.since(at) > REACHES_BACK {
                continue;
            }
            let from = belief.phase;
            belief.restore(before);
            if belief.phase != from {
                turned.push((route, from));
            }
        }
        turned
    }

    /// Another network, or a sleep in between.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}
