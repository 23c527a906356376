//! The censor's eye on datagrams. There are no connections: every datagram is judged by itself.

use super::Censor;
use super::rule::{Action, Rule};
use crate::model::L4;
use std::net::SocketAddr;
use tokio::time::Instant;

/// The magic cookie of RFC 8489 §5.
const STUN_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
/// Portals let questions for names pass.
const DNS: u16 = 53;

impl Censor {
    /// Decides on a datagram between the client and `other`.
    pub(in crate::lab) fn passes_udp(&self, other: SocketAddr, packet: &[u8], up: bool, now: Instant) -> bool {
        let mut book = self.lock();
        if book.is_residual(L4::Udp, other, now) {
            return false;
        }
        for index in 0..book.rules.len() {
            let Rule { target, action, .. } = &book.rules[index].1;
            if target.needs_payload() || !target.fits_address(other) {
                continue;
            }
            let lost = match *action {
                Action::Drop | Action::DropUdp | Action::Unreachable | Action::LinkDown => true,
                Action::DropPayload(direction) => direction.covers(up),
                Action::DropLarger(most) => packet.len() > most,
                Action::Captive(_) => other.port() != DNS,
                Action::DropStun => packet.get(4..8) == Some(&STUN_COOKIE),
                Action::Lose { percent, direction } => direction.covers(up) && book.memory.picks(percent),
                _ => false,
            };
            if lost {
                return false;
            }
        }
        true
    }
}
