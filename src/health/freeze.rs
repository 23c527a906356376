//! What a freeze asks for beyond its points (T9). A first one sends everybody elsewhere, and no small answer tells whether
//! it was an accident; so a question with a body is asked. Inside a tunnel it may be the tunnel that freezes: where the
//! transfers of two services stop in it, it is, and nothing is held against either service.

use super::belief::Belief;
use super::params::Params;
use super::state::State;
use crate::model::{Evidence, Moment, Phase, Route, Sign, Technique, Twin};

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
        self.doubted || (self.phase == Phase::Suspect && self.tally.technique() == Technique::Freeze)
    }
}

impl State {
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
