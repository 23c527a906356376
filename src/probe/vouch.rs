//! Who vouches for the line and the service when a question failed: the same question inside the active tunnel (C8), whoever
//! else was answered since, and where neither says anything the anchors. Judges nothing: what they said goes with the evidence.

use super::checks::Thorough;
use super::round::{Failed, Question, Rounds, Told, without_body};
use super::spec::Spec;
use crate::model::{Evidence, L4, Moment, Phase, Route, Sign, Technique, TransportId, Twin};
use crate::transport::Transport;
use std::time::Duration;

/// For so long an object that came whole through a tunnel vouches for itself.
const CARRIED: Duration = Duration::from_secs(600);

/// So long before a failed connect an answer elsewhere is its twin (§3.2): one each time would spend the budget.
const TWIN_LASTS: Duration = Duration::from_secs(40);

impl Rounds {
    /// Finds out whether the line is well: by the twin, which also tells whether the service is, and where that
    /// says nothing by the controls. A foreign key is nobody's before the anchors showed theirs and the time.
    pub(super) async fn vouch(&self, question: &Question<'_>, failed: &mut Failed) {
        // Packets that vanish to everybody vanish to a tunnel's server too: its silence would say nothing.
        if !matches!(failed.evidence.pair, Some(Technique::StunDpi | Technique::UdpBlocked)) {
            failed.evidence.twin = self.twin(question, &failed.evidence).await;
        }
        if failed.evidence.pair == Some(Technique::CallsBlocked) && failed.evidence.twin == Twin::FailedToo {
            failed.evidence.pair = None;
        }
        // A lossy line stops transfers as well, and a tunnel through it may be lucky.
        let froze = matches!(failed.evidence.sign, Sign::Frozen { .. });
        if failed.evidence.twin == Twin::Answered && !failed.is_foreign_key && !froze {
            return;
        }
        self.ask_the_anchors(failed).await;
    }

    pub(super) async fn ask_the_anchors(&self, failed: &mut Failed) {
        failed.evidence.anchors = self.check(Thorough::After(failed.evidence.since)).await.anchors;
    }

    /// C8: the same question inside the active tunnel, when the failed way is bare and no other has answered since.
    ///
    /// That small things pass says nothing of a transfer that stopped: there the same transfer is asked for.
    async fn twin(&self, question: &Question<'_>, failed: &Evidence) -> Twin {
        let froze = question.is_long() && matches!(failed.sign, Sign::Frozen { .. });
        if !froze && self.answered_elsewhere(failed, failed.began) {
            return Twin::Answered;
        }
        if failed.sign == Sign::ConnectTimeout && self.answered_elsewhere(failed, failed.began - TWIN_LASTS) {
            return Twin::Unknown;
        }
        let tunnel = self.active_tunnel(&question.route).filter(|_| question.way.bare);
        let Some(way) = tunnel.filter(|way| self.is_allowed(&question.route.service, way)) else {
            return Twin::Unknown;
        };
        // What came whole through the tunnel minutes ago is not fetched again.
        let object = Route { transport: way.id.clone(), ..question.speaks_of() };
        if froze && self.turns.has_carried(&object, failed.began - CARRIED) {
            return Twin::Answered;
        }
        if froze {
            self.ask_the_same(way, question, question.spec.clone()).await.0
        } else {
            self.ask_inside(way, question).await.0
        }
    }

    /// The same question inside a tunnel: what that says, and of what it is a sign when it failed.
    pub(super) async fn ask_inside(&self, way: &Transport, question: &Question<'_>) -> (Twin, Option<Sign>) {
        self.ask_the_same(way, question, without_body(&question.spec)).await
    }

    async fn ask_the_same(&self, way: &Transport, question: &Question<'_>, spec: Spec) -> (Twin, Option<Sign>) {
        let route = Route { transport: way.id.clone(), ..question.route.clone() };
        let route_is_quic = route.is_quic();
        let twin = Question { route, way, spec, target: question.target.clone() };
        let asked = self.put(&twin).await;
        match self.tell_unless_failed(&twin, &asked) {
            Told::Good => (Twin::Answered, None),
            Told::Nothing => (Twin::Unknown, None),
            Told::Failed(mut failed) => {
                // The tunnel's own failure says nothing of the service; the service's speaks of both. Of QUIC nothing is
                // said to be down: apps do without it, and tunnels may.
                let sign = failed.evidence.sign;
                let is_near = sign == Sign::TransportDown || route_is_quic;
                failed.evidence.twin = if is_near { Twin::Unknown } else { Twin::FailedToo };
                let said = (failed.evidence.twin, Some(sign));
                self.board.report(failed.evidence);
                said
            }
        }
    }

    /// Whether another way reached the same since the attempt began, in whoever's connection; where the question may
    /// be at fault itself, with the same question. What worked before it says nothing of a line that may have gone
    /// down since.
    fn answered_elsewhere(&self, failed: &Evidence, began: Moment) -> bool {
        let route = &failed.route;
        if failed.sign.may_be_the_question() {
            return self.turns.is_answered(route, began);
        }
        let snapshot = self.board.snapshot();
        snapshot.standings.iter().any(|(other, standing)| {
            let same = (&other.service, other.facet, other.l4) == (&route.service, route.facet, route.l4);
            let since = standing.last_good.is_some_and(|at| at >= began);
            same && other.transport != route.transport && since
        })
    }

    /// The tunnel that people's connections would take: the forced one, else the first in the user's order that is
    /// known to work, else the first that is not known not to.
    pub(super) fn active_tunnel(&self, route: &Route) -> Option<&Transport> {
        let snapshot = self.board.snapshot();
        let service = self.services.iter().find(|s| s.id == route.service)?;
        let usable = |id: &TransportId| {
            self.ways.iter().find(|w| w.id == *id && !w.bare && (route.l4 == L4::Tcp || w.packets.is_some()))
        };
        if let Some(forced) = snapshot.forced.get(&route.service) {
            return usable(&forced.transport);
        }
        let phase = |way: &Transport| {
            let on_it = Route { transport: way.id.clone(), ..route.clone() };
            snapshot.standing(&on_it).map_or(Phase::Unknown, |standing| standing.phase)
        };
        let tunnels: Vec<&Transport> = service.order.iter().filter_map(usable).collect();
        let first = |good: &dyn Fn(Phase) -> bool| tunnels.iter().copied().find(|way| good(phase(way)));
        first(&|phase| phase == Phase::Ok).or_else(|| first(&|phase| phase != Phase::Blocked))
    }
}
