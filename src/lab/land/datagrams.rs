//! Datagrams across the land: sockets, and what a box on the client's line does with questions for names.

use super::{Land, home_like, is_home};
use crate::lab::censor::OnPath;
use crate::lab::dns;
use crate::lab::line::Crossing;
use crate::lab::udp::{Mailbox, Socket};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long after a forged answer the true one arrives.
const TRUTH_IS_LATER: Duration = Duration::from_millis(80);

impl Land {
    /// Binds a UDP socket; port 0 picks a free one.
    pub(in crate::lab) fn bind(self: &Arc<Self>, mut at: SocketAddr) -> io::Result<Socket> {
        let mut places = self.lock();
        if at.port() == 0 {
            at.set_port(places.free_port());
        }
        if places.sockets.contains_key(&at) {
            return Err(ErrorKind::AddrInUse.into());
        }
        if !is_home(at.ip()) && !at.ip().is_loopback() {
            places.hosts.insert(at.ip());
        }
        let mailbox = Mailbox::default();
        places.sockets.insert(at, mailbox.clone());
        drop(places);
        Ok(Socket::new(self.clone(), at, mailbox))
    }

    /// Frees what [`Land::bind`] took.
    pub(in crate::lab) fn unbind(&self, at: SocketAddr) {
        self.lock().sockets.remove(&at);
    }

    /// Sends a datagram on its way; what the censor swallows, or nobody waits for, is gone without a word. Fails only
    /// when the sender itself has no network.
    pub(in crate::lab) fn post(&self, from: SocketAddr, to: SocketAddr, packet: &[u8]) -> io::Result<()> {
        let now = Instant::now();
        let mut leaves = now;
        match (is_home(from.ip()), is_home(to.ip())) {
            (true, false) => {
                self.line.note(Crossing::Datagram(to));
                if self.censor().is_unplugged() {
                    return Err(ErrorKind::NetworkUnreachable.into());
                }
                match self.asked_on_the_line(from, to, packet, now) {
                    Some(late) => leaves += late,
                    None => return Ok(()),
                }
                if !self.censor().passes_udp(to, packet, true, now) {
                    return Ok(());
                }
            }
            (false, true) if !self.censor().passes_udp(from, packet, false, now) => return Ok(()),
            _ => {}
        }
        let arrives = leaves + self.rtt(from.ip(), to.ip()) / 2 + self.delay(from, to) / 2;
        self.put(from, to, packet, arrives);
        Ok(())
    }

    /// By how much the line is slower for this datagram than it should be.
    fn delay(&self, from: SocketAddr, to: SocketAddr) -> Duration {
        match (is_home(from.ip()), is_home(to.ip())) {
            (true, false) => self.censor().delay(to),
            (false, true) => self.censor().delay(from),
            _ => Duration::ZERO,
        }
    }

    fn put(&self, from: SocketAddr, to: SocketAddr, packet: &[u8], arrives: Instant) {
        let places = self.lock();
        if let Some(mailbox) = places.sockets.get(&to).filter(|_| !places.is_down(to.ip())) {
            mailbox.put(packet, from, arrives);
        }
    }

    /// Lets the box on the line forge an answer. Says by how much the question itself is late, or `None` when it does
    /// not pass. The box sits a quarter of a round trip away, so its answer is there first.
    fn asked_on_the_line(&self, from: SocketAddr, to: SocketAddr, packet: &[u8], now: Instant) -> Option<Duration> {
        let name = (to.port() == dns::PORT).then(|| dns::question(packet)).flatten();
        let fate = name.map_or(OnPath::Passes, |name| self.censor().question(to, &name));
        let rtt = self.rtt(home_like(to.ip()), to.ip());
        let forge = |lie| {
            if let Some(answer) = dns::lie(packet, lie) {
                self.put(to, from, &answer, now + rtt / 4);
            }
        };
        match fate {
            OnPath::Passes => Some(Duration::ZERO),
            OnPath::Raced(lie) => {
                forge(lie);
                Some((rtt / 4 + TRUTH_IS_LATER).saturating_sub(rtt))
            }
            OnPath::Replaced(lie) => {
                forge(lie);
                None
            }
            OnPath::Swallowed => None,
        }
    }
}
