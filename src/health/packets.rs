//! What packets on one way say of packets on another. A tunnel's own packets cross the same line: where that is known to
//! stop all of them, a call that no way carried says nothing of its relays, and the ways that swallowed it carry none.

use super::params::Params;
use super::state::State;
use crate::model::{Confidence, Evidence, L4, Phase, Route, Sign, Technique, Twin};

impl State {
    /// What a packet's silence is on a line that was proven to stop all packets.
    pub(super) fn on_a_dead_line(&self, evidence: Evidence, params: &Params) -> Evidence {
        let everywhere = (evidence.sign, evidence.twin) == (Sign::UdpNoReply, Twin::FailedToo);
        if everywhere && evidence.pair.is_none() && self.is_without_packets(&evidence.route, params) {
            return Evidence { twin: Twin::Unknown, pair: Some(Technique::UdpBlocked), ..evidence };
        }
        evidence
    }

    /// Whether all packets of this facet are proven to be stopped on the person's own line.
    fn is_without_packets(&self, route: &Route, params: &Params) -> bool {
        params.bare.iter().any(|bare| {
            let bare = Route { transport: bare.clone(), l4: L4::Udp, ..route.clone() };
            self.beliefs.get(&bare).is_some_and(|belief| {
                let proven = belief.confidence == Confidence::Confirmed;
                belief.phase == Phase::Blocked && proven && belief.technique == Some(Technique::UdpBlocked)
            })
        })
    }
}
