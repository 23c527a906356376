//! Packets: what those to neutral places do, and QUIC beside an unknown version of it and TCP (T13, T14).

use super::subject::copy;
use super::{Examination, Performed};
use crate::judge::quic;
use crate::judge::udp::Tries;
use crate::model::{L4, Route, Sign, Trial};
use crate::probe::round::Question;
use crate::probe::spec::Kind;

impl Examination<'_> {
    /// STUN, or the time, at neutral places; both are asked at once.
    pub(super) async fn ask_neutral_packets(&mut self, index: usize, trial: Trial) -> Performed {
        if self.neutral_packets.is_none() {
            let Some(way) = self.subjects.get(index).and_then(|subject| Some(subject.question.as_ref()?.way)) else {
                return Performed::skipped("there is no direct way");
            };
            self.pace().await;
            self.neutral_packets = Some(self.rounds.send_to_neutral_places(way).await);
        }
        let Some(neutral) = self.neutral_packets else { return Performed::skipped("nothing was asked") };
        match if trial == Trial::NeutralStun { neutral.stun } else { neutral.other } {
            Tries { sent: 0, .. } => Performed::skipped("no such place is configured"),
            Tries { answered: 0, .. } => Performed::failed(Sign::UdpNoReply),
            Tries { .. } => Performed::PASSED,
        }
    }

    /// QUIC to a facet that has a question for it.
    pub(super) async fn ask_quic(&mut self, index: usize) -> Performed {
        let Some(subject) = self.subjects.get(index) else { return Performed::skipped("nothing is known of it") };
        let tunnel = subject.tunnel.filter(|way| way.packets.is_some());
        let specs = self.rounds.specs_of(&self.service, subject.facet, L4::Udp);
        let spec = specs.into_iter().find_map(|spec| match &spec.kind {
            Kind::Quic(https) => Some((spec, https)),
            _ => None,
        });
        let (Some((spec, https)), Some(direct)) = (spec, subject.question.as_ref()) else {
            return Performed::skipped("it is not known to speak QUIC");
        };
        let Some(target) = spec.targets.first().cloned() else { return Performed::skipped("it has no place for QUIC") };
        let route = Route { l4: L4::Udp, ..direct.route.clone() };
        let question = Question { route, spec: spec.clone(), target, ..copy(direct) };
        self.pace().await;
        let found = self.rounds.examine_quic(&question, https, 0).await;
        self.rounds.board.probe_ended(question.route.clone());
        if found.answered > 0 {
            return Performed::PASSED;
        }
        if quic::technique(&found).is_none() {
            return Performed::skipped("QUIC gets no answer, and nothing shows that only QUIC does not");
        }
        // That packets pass says not that this host knows QUIC.
        if found.negotiated != Some(true) {
            let Some(way) = tunnel else { return Performed::skipped("nothing shows that its host speaks QUIC") };
            self.pace().await;
            if self.rounds.asker.ask(way, &question.spec, &question.target).await.outcome.is_err() {
                return Performed::skipped("QUIC gets no answer through a tunnel either");
            }
        }
        Performed::failed(Sign::QuicSilent)
    }
}
