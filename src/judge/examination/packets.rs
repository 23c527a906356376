//! Facets that use packets (T14): calls are judged apart, and say nothing of the chats.

use super::{Case, Elsewhere, Reading, Said, words};
use crate::model::{Confidence, Technique, Trial, Verdict};
use Confidence::{Anomaly, Confirmed};

pub(super) fn read(case: &Case<'_>) -> Reading {
    match case.bare(Trial::Calls) {
        Said::Passed => return Reading::new(Verdict::Works, Confirmed, words::PACKETS_ANSWERED, words::NOTHING_TO_DO),
        Said::Mixed { .. } => return Reading::unclear(words::ONCE, words::AGAIN_LATER),
        Said::Skipped => return Reading::unclear(words::NOT_ASKED, words::AGAIN_LATER),
        Said::Failed { .. } => {}
    }
    match (case.bare(Trial::NeutralStun), case.bare(Trial::NeutralUdp)) {
        (Said::Passed, _) => match case.twin() {
            Elsewhere::FailsToo => Reading::new(Verdict::Down, Anomaly, words::FAILS_EVERYWHERE, words::AGAIN_LATER),
            Elsewhere::Works => Reading::blocked(Technique::CallsBlocked, Confirmed, words::OTHERS_CALLS_PASS),
            Elsewhere::Unknown => Reading::blocked(Technique::CallsBlocked, Anomaly, words::OTHERS_CALLS_PASS),
        },
        (Said::Failed { .. }, Said::Passed) => Reading::blocked(Technique::StunDpi, Confirmed, words::ONLY_STUN_DIES),
        (Said::Failed { .. }, Said::Failed { .. }) => {
            Reading::blocked(Technique::UdpBlocked, Anomaly, words::NO_PACKET_PASSES)
        }
        _ => match case.twin() {
            Elsewhere::FailsToo => Reading::new(Verdict::Down, Anomaly, words::FAILS_EVERYWHERE, words::AGAIN_LATER),
            Elsewhere::Works => Reading::blocked(Technique::UdpBlocked, Anomaly, words::PACKETS_ONLY_THROUGH_TUNNEL),
            Elsewhere::Unknown => Reading::unclear(words::NO_NEUTRAL_UDP, words::AGAIN_LATER),
        },
    }
}
