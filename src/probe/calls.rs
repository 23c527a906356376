//! Calls whose relays nobody can be asked about: apps are told of them, byway is not. Where people's packets to them got
//! no answer, what packets to places of no messenger do tells whether the line stops all packets, all of STUN, or only
//! these (T14). Nothing is sent to the service. While people's calls are well nothing is sent at all.

use super::checks::Thorough;
use super::round::Rounds;
use crate::judge::udp::{Packets, Tries, technique};
use crate::model::{Confidence, Evidence, Facet, Grade, L4, Phase, Route, Sign, Source, Standing, Technique, Twin};

/// Packets that people sent in vain, at the least, before their silence was told.
const BEHIND_A_SILENCE: u32 = 4;

impl Rounds {
    /// Looks into calls that got no answer.
    pub(super) async fn look_at_unasked_calls(&self, route: &Route) {
        if (route.facet, route.l4) != (Facet::Calls, L4::Udp) || !self.settings().pairs {
            return;
        }
        let Some(way) = self.ways.iter().find(|way| way.id == route.transport && way.kind == "direct") else { return };
        let standing = self.board.snapshot().standing(route).cloned();
        let Some(standing) = standing.filter(|_| self.is_allowed(&route.service, way)) else { return };
        if !self.may_ask(way).await {
            return;
        }
        let began = self.board.now();
        let neutral = self.neutral_packets(route, way).await;
        let relay = self.peoples_calls(route, &standing).await;
        let packets = Packets { neutral_stun: neutral.stun, neutral_other: neutral.other, relay };
        let sign = match technique(&packets) {
            Some(_) => Sign::UdpNoReply,
            // What was stopped passes again; whether calls do, people find out, a few at first.
            None if packets.neutral_stun.answered > 0 && is_of_the_line(&standing) => Sign::Answer(Grade::B),
            None => return,
        };
        let mut evidence = Evidence::new(route.clone(), Source::Probe, sign, began, self.board.now());
        evidence.pair = technique(&packets);
        if evidence.pair.is_some() {
            evidence.anchors = self.check(Thorough::Fully).await.anchors;
        }
        self.board.report(evidence);
    }

    /// What people's packets to the service's relays did since the last answer. They count only beside another way that
    /// carried them: what no way carries may be the relays themselves.
    async fn peoples_calls(&self, route: &Route, standing: &Standing) -> Tries {
        let stories = self.board.story(&route.service).await;
        let told = stories.iter().filter(|story| story.route == *route).flat_map(|story| &story.evidence);
        let silent: Vec<&Evidence> = told
            .map(|(fact, _)| fact)
            .filter(|fact| fact.source == Source::Traffic && fact.sign == Sign::UdpNoReply)
            .filter(|fact| standing.last_good.is_none_or(|good| fact.began > good))
            .collect();
        let (Some(first), Some(last)) = (silent.first(), silent.last()) else { return Tries::default() };
        if !silent.iter().any(|fact| fact.twin == Twin::Answered) {
            return Tries::default();
        }
        let times = u32::try_from(silent.len()).unwrap_or(u32::MAX);
        let sent = times.saturating_mul(BEHIND_A_SILENCE);
        Tries { sent, answered: 0, over: last.at.since(first.began) }
    }
}

/// Whether a route is blocked, as was proven, by what stops packets of everybody.
fn is_of_the_line(standing: &Standing) -> bool {
    let stopped = matches!(standing.technique(), Some(Technique::StunDpi | Technique::UdpBlocked));
    standing.phase == Phase::Blocked && standing.confidence == Confidence::Confirmed && stopped
}
