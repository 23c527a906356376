//! One peer's cryptography: gotatun's noise core behind the disguise. IP packets and ticks go in, datagrams come out,
//! and the other way round. Touches no socket. The core reads its own clock, which counts sleep.

use super::WireGuardServer;
use super::outbox::Outbox;
use crate::wire::amnezia::Cloak;
use gotatun::noise::errors::WireGuardError;
use gotatun::noise::index_table::IndexTable;
use gotatun::noise::rate_limiter::RateLimiter;
use gotatun::noise::{Tunn, TunnResult};
use gotatun::packet::{Packet, WgKind};
use gotatun::tun::MtuWatcher;
use gotatun::x25519::{PublicKey, StaticSecret};
use std::sync::Arc;
use std::time::Duration;

/// Handshakes that a peer may begin each second.
const HANDSHAKES_PER_SECOND: u64 = 100;
/// Session indices before and after which a packet is looked at.
const DATA: u8 = 4;

pub(super) struct Core {
    tunn: Tunn,
    cloak: Cloak,
    mtu: MtuWatcher,
}

/// What a datagram was.
pub(super) enum Came {
    /// A packet of the tunnel.
    Packet(Packet),
    /// Something else from the peer, proved by its key.
    Sign,
    /// A response to our handshake.
    Response,
    /// Data for a session that is not ours: somebody else speaks to the server with our key, or did just before.
    Stranger,
    /// Nothing of the peer's.
    Noise,
}

/// The handshake went unanswered for 90 s (paper §6.4), or nobody needed one for three sessions' lives.
#[derive(Debug)]
pub(super) struct Expired;

impl Core {
    pub(super) fn new(settings: &WireGuardServer) -> Self {
        let private = StaticSecret::from(*settings.private_key.expose());
        let limiter = RateLimiter::new(&PublicKey::from(&private), HANDSHAKES_PER_SECOND);
        let preshared = settings.preshared_key.as_ref().map(|key| *key.expose());
        let peer = PublicKey::from(settings.public_key);
        let index = IndexTable::from_os_rng();
        Self {
            tunn: Tunn::new(private, peer, preshared, settings.keepalive, index, Arc::new(limiter)),
            cloak: Cloak::new(settings.disguise.clone(), &settings.public_key),
            mtu: MtuWatcher::new(settings.mtu),
        }
    }

    /// Seals an IP packet. Without a session it waits inside, and a handshake begins.
    pub(super) fn seal(&mut self, packet: Packet, now: Now, out: &mut Outbox) {
        if let Some(message) = self.tunn.handle_outgoing_packet(packet, Some(&mut self.mtu)) {
            self.send(message, now, out);
        }
    }

    /// Opens a datagram; what it demands goes into `out`.
    pub(super) fn open(&mut self, datagram: &[u8], now: Now, out: &mut Outbox) -> Came {
        let mut packet = Packet::copy_from(datagram);
        let Some(message) = self.cloak.take(packet.buf_mut(), now.since) else { return Came::Noise };
        let skipped = datagram.len() - message.len();
        if skipped > 0 {
            bytes::Buf::advance(packet.buf_mut(), skipped);
        }
        let Ok(message) = packet.try_into_wg() else { return Came::Noise };
        let is_response = matches!(message, WgKind::HandshakeResp(_));
        match self.tunn.handle_incoming_packet(message) {
            TunnResult::WriteToTunnel(packet) if packet.is_empty() => Came::Sign,
            TunnResult::WriteToTunnel(packet) => Came::Packet(packet),
            TunnResult::WriteToNetwork(message) => {
                self.send(message, now, out);
                let queued: Vec<WgKind> = self.tunn.get_queued_packets(&mut self.mtu).collect();
                queued.into_iter().for_each(|message| self.send(message, now, out));
                if is_response { Came::Response } else { Came::Sign }
            }
            TunnResult::Done => Came::Sign,
            TunnResult::Err(WireGuardError::NoCurrentSession) if datagram_is_data(datagram, skipped) => Came::Stranger,
            TunnResult::Err(_) => Came::Noise,
        }
    }

    /// What the timers demand. To be called four times a second.
    pub(super) fn tick(&mut self, now: Now, out: &mut Outbox) -> Result<(), Expired> {
        match self.tunn.update_timers() {
            Ok(Some(message)) => {
                self.send(message, now, out);
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(_) => Err(Expired),
        }
    }

    /// Begins a handshake unless one is under way or there is a session.
    pub(super) fn begin(&mut self, now: Now, out: &mut Outbox) {
        if self.session_age().is_none()
            && let Some(message) = self.tunn.format_handshake_initiation(false)
        {
            self.send(message.into(), now, out);
        }
    }

    /// Begins a handshake now, whether or not one is under way.
    pub(super) fn shake(&mut self, now: Now, out: &mut Outbox) {
        if let Some(message) = self.tunn.format_handshake_initiation(true) {
            self.send(message.into(), now, out);
        }
    }

    /// The age of the session, when there is one.
    pub(super) fn session_age(&self) -> Option<Duration> {
        self.tunn.time_since_last_handshake()
    }

    fn send(&mut self, message: WgKind, now: Now, out: &mut Outbox) {
        let message: Packet = message.into();
        let chance: &mut dyn FnMut(&mut [u8]) = &mut |bytes| fastrand::Rng::new().fill(bytes);
        if Cloak::is_initiation(&message) {
            out.initiations += 1;
            for packet in self.cloak.before_initiation(now.unix, chance) {
                out.push(|wire| {
                    wire.extend_from_slice(&packet);
                    packet.len()
                });
            }
        }
        let cloak = &mut self.cloak;
        out.push(|wire| cloak.put(&message, now.since, chance, wire));
    }
}

fn datagram_is_data(datagram: &[u8], skipped: usize) -> bool {
    // Only a disguise skips bytes or changes the type, and it recognised the message.
    skipped > 0 || datagram.first() == Some(&DATA) || datagram.len() > 148
}

/// The time as the disguise needs it.
#[derive(Clone, Copy)]
pub(super) struct Now {
    /// Since the tunnel came up.
    pub(super) since: Duration,
    /// Seconds of the calendar, for a signature that shows them.
    pub(super) unix: u32,
}
