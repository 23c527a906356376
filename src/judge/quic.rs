//! T13: QUIC's first packets vanish, while the same host answers otherwise. Nothing else is ever concluded from it: apps
//! fall back to TCP at once when UDP/443 is refused, so it moves no route and says nothing of TCP.

use crate::model::{Grade, Sign, Technique};

/// Initials to as many ports of ours: one alone may be lost, and a punished flow is told by its port (RFC 9000 §17.2.2).
pub const PORTS: u32 = 3;

/// What was asked of one place, and what came back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quic {
    /// Version 1 Initials sent, each from a port of its own.
    pub initials: u32,
    /// Those that anything came back for.
    pub answered: u32,
    /// Whether an unknown version was answered by a Version Negotiation packet (RFC 9000 §6); `None` when not tried.
    pub negotiated: Option<bool>,
    /// Whether neutral STUN was answered; `None` when not tried.
    pub stun: Option<bool>,
    /// Whether the same host answers over TCP, port 443; `None` when not tried.
    pub tcp: Option<bool>,
}

/// `quic_block` when three Initials from three ports fail, some other packet passes, and so does TCP.
pub fn technique(quic: &Quic) -> Option<Technique> {
    let silent = quic.initials >= PORTS && quic.answered == 0;
    let packets_pass = quic.negotiated == Some(true) || quic.stun == Some(true);
    (silent && packets_pass && quic.tcp == Some(true)).then_some(Technique::QuicBlock)
}

/// What it is a sign of; `None` while too little was asked, or where the host is not known to speak at all.
pub fn sign(quic: &Quic) -> Option<Sign> {
    if quic.answered > 0 {
        return Some(Sign::Answer(Grade::B));
    }
    (quic.initials >= PORTS && quic.tcp == Some(true)).then_some(Sign::QuicSilent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_silence_beside_answers_is_a_block() {
        let dead = Quic { initials: 3, answered: 0, negotiated: Some(true), stun: None, tcp: Some(true) };
        let block = Some(Technique::QuicBlock);
        for (what, quic, technique, sign) in [
            ("three Initials, VN answered", dead, block, Some(Sign::QuicSilent)),
            ("STUN answered", Quic { negotiated: None, stun: Some(true), ..dead }, block, Some(Sign::QuicSilent)),
            ("no packet passes", Quic { negotiated: Some(false), ..dead }, None, Some(Sign::QuicSilent)),
            ("TCP is dead too", Quic { tcp: Some(false), ..dead }, None, None),
            ("two tries", Quic { initials: 2, ..dead }, None, None),
            ("one came through", Quic { answered: 1, ..dead }, None, Some(Sign::Answer(Grade::B))),
        ] {
            assert_eq!(super::technique(&quic), technique, "{what}");
            assert_eq!(super::sign(&quic), sign, "{what}");
        }
    }
}
