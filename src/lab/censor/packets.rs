//! The censor's eye on datagrams. There are no connections: every datagram is judged by itself. A QUIC Initial is opened
//! with the keys that everybody can make (RFC 9001 §5.2), as real boxes do.

use super::rule::{Action, Rule, Target};
use super::{Censor, Memory};
use crate::model::L4;
use crate::wire::quic::V1;
use crate::wire::quic::server::{Asked, read};
use std::net::SocketAddr;
use tokio::time::Instant;

/// The magic cookie of RFC 8489 §5.
const STUN_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
/// Portals let questions for names pass.
const DNS: u16 = 53;
/// Where QUIC is looked for.
const HTTPS: u16 = 443;
/// Shorter datagrams are not taken for an Initial.
const SHORTEST_INITIAL: usize = 1001;

impl Censor {
    /// Decides on a datagram between the client and `other`.
    pub(in crate::lab) fn passes_udp(&self, other: SocketAddr, packet: &[u8], up: bool, now: Instant) -> bool {
        let mut book = self.lock();
        if book.is_residual(L4::Udp, other, now) {
            return false;
        }
        let seen = Seen { other, packet, up };
        for index in 0..book.rules.len() {
            let rule = book.rules[index].1.clone();
            if rule.target.fits_address(other) && seen.is_lost(&rule, &mut book.memory) {
                if matches!(rule.action, Action::DropQuic) {
                    book.punish(L4::Udp, other, rule.residual, now);
                }
                return false;
            }
        }
        true
    }
}

/// A datagram between the client and somebody.
struct Seen<'a> {
    other: SocketAddr,
    packet: &'a [u8],
    up: bool,
}

impl Seen<'_> {
    fn is_lost(&self, rule: &Rule, memory: &mut Memory) -> bool {
        match rule.action {
            Action::DropQuic => self.up && self.is_initial() && self.is_for(&rule.target),
            _ if rule.target.needs_payload() => false,
            Action::Drop | Action::DropUdp | Action::Unreachable | Action::LinkDown => true,
            Action::DropPayload(direction) => direction.covers(self.up),
            Action::DropLarger(most) => self.packet.len() > most,
            Action::Captive(_) => self.other.port() != DNS,
            Action::DropStun => self.packet.get(4..8) == Some(&STUN_COOKIE),
            Action::Lose { percent, direction } => direction.covers(self.up) && memory.picks(percent),
            _ => false,
        }
    }

    /// Whether this is an Initial packet of version 1 (RFC 9000 §17.2.2), by its looks.
    fn is_initial(&self) -> bool {
        let looks = self
            .packet
            .first_chunk::<5>()
            .is_some_and(|[first, version @ ..]| first & 0xf0 == 0xc0 && u32::from_be_bytes(*version) == V1);
        self.other.port() == HTTPS && self.packet.len() >= SHORTEST_INITIAL && looks
    }

    /// Whether the name in its hello fits; it is opened only when names are given.
    fn is_for(&self, target: &Target) -> bool {
        if !target.needs_payload() {
            return true;
        }
        let Some(Asked::Initial(initial)) = read(self.packet) else { return false };
        let name = initial.hello().and_then(|hello| hello.server_name);
        name.is_some_and(|name| target.fits_name(&name.to_ascii_lowercase()))
    }
}
