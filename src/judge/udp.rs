//! T14: calls. What three kinds of packets did tells which kind is stopped: STUN to neutral places, other packets to
//! neutral places, and STUN to the service's own relays. None of it says anything of messages.

use crate::model::{Sign, Technique};
use std::time::Duration;

/// Fewer unanswered packets than this may be lost ones.
pub const ENOUGH: u32 = 6;
/// A relay that is silent for less than this may be restarting.
pub const LONG: Duration = Duration::from_secs(30);
/// Packets to neutral places need less: two places do not restart together.
pub const NEUTRAL_ENOUGH: u32 = 3;

/// What packets of one kind did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tries {
    /// Sent; 0 when it was not tried.
    pub sent: u32,
    /// Answered by what only the asked place sends.
    pub answered: u32,
    /// From the first one out to the last one's time-out.
    pub over: Duration,
}

/// What packets did on one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Packets {
    /// STUN Bindings (RFC 8489) to neutral servers.
    pub neutral_stun: Tries,
    /// Anything that is not STUN, to neutral places (QUIC's version negotiation, NTP). Not to port 53: networks that
    /// close UDP leave that one open.
    pub neutral_other: Tries,
    /// STUN Bindings to the service's relays.
    pub relay: Tries,
}

/// What is stopped, when that can be told: for [`crate::model::Evidence::pair`].
pub fn technique(packets: &Packets) -> Option<Technique> {
    let Packets { neutral_stun, neutral_other, relay } = packets;
    if relay.answered > 0 {
        return None;
    }
    if neutral_stun.answered > 0 {
        return (relay.sent >= ENOUGH && relay.over >= LONG).then_some(Technique::CallsBlocked);
    }
    if neutral_stun.sent < NEUTRAL_ENOUGH {
        return None;
    }
    match neutral_other {
        other if other.answered > 0 => Some(Technique::StunDpi),
        other if other.sent >= NEUTRAL_ENOUGH => Some(Technique::UdpBlocked),
        _ => None,
    }
}

/// What the relay's silence is a sign of; `None` when it was not asked.
pub fn sign(packets: &Packets) -> Option<Sign> {
    let Tries { sent, answered, .. } = packets.relay;
    match (sent, answered) {
        (0, _) => None,
        (_, 0) => Some(Sign::UdpNoReply),
        _ => Some(Sign::Answer(crate::model::Grade::B)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn tries(sent: u32, answered: u32, secs: u64) -> Tries {
        Tries { sent, answered, over: Duration::from_secs(secs) }
    }

    #[test]
    fn three_kinds_of_packets_tell_which_is_stopped() {
        let none = Tries::default();
        for (what, neutral_stun, neutral_other, relay, technique) in [
            ("all well", tries(2, 2, 1), none, tries(1, 1, 1), None),
            ("the relays alone", tries(2, 2, 1), none, tries(6, 0, 30), Some(Technique::CallsBlocked)),
            ("the relays, not for long yet", tries(2, 2, 1), none, tries(6, 0, 10), None),
            ("the relays, a few lost", tries(2, 2, 1), none, tries(3, 0, 40), None),
            ("STUN everywhere", tries(6, 0, 30), tries(2, 1, 3), tries(6, 0, 30), Some(Technique::StunDpi)),
            ("all packets", tries(6, 0, 30), tries(3, 0, 9), tries(6, 0, 30), Some(Technique::UdpBlocked)),
            ("no other packets tried", tries(6, 0, 30), none, tries(6, 0, 30), None),
            ("nothing neutral tried", none, none, tries(6, 0, 30), None),
            ("neutral STUN dead, the relay fine", tries(6, 0, 30), tries(3, 0, 9), tries(6, 5, 30), None),
        ] {
            assert_eq!(super::technique(&Packets { neutral_stun, neutral_other, relay }), technique, "{what}");
        }
    }

    #[test]
    fn silence_is_a_sign_only_where_somebody_was_asked() {
        let relay = |sent, answered| Packets { relay: tries(sent, answered, 5), ..Packets::default() };
        assert_eq!(sign(&relay(0, 0)), None);
        assert_eq!(sign(&relay(2, 0)), Some(Sign::UdpNoReply));
        assert!(sign(&relay(2, 1)).unwrap().is_good());
    }
}
