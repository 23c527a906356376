//! Shadowsocks packets, carried by any association that reaches the server. In the 2022 edition each association
//! is a session: packets are numbered, and a number that comes twice is dropped (SIP022 §3.2).

use super::{Account, address};
use crate::model::{Destination, Host};
use crate::net::{PacketIo, Packets, step_back, with_lent};
use ::shadowsocks::relay::Address;
use ::shadowsocks::relay::udprelay::options::UdpSocketControlData;
use ::shadowsocks::relay::udprelay::proxy_socket::{ProxySocketError, UdpSocketType};
use ::shadowsocks::relay::udprelay::{DatagramReceive, DatagramSend, ProxySocket};
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::ReadBuf;

/// Undecipherable packets skipped in one turn, so that a flood of them starves nobody.
const SKIPPED: usize = 64;
/// Server sessions remembered: a server that restarts begins a new one.
const SESSIONS: usize = 8;

pub(super) struct ShadowPackets {
    socket: ProxySocket<Carrier>,
    session: u64,
    sent: AtomicU64,
    windows: Mutex<HashMap<u64, Window>>,
}

impl ShadowPackets {
    pub(super) fn new(account: &Account, packets: Packets) -> Self {
        let carrier = Carrier { packets, server: account.server.clone() };
        let shared = account.shared.clone();
        Self {
            socket: ProxySocket::from_socket(UdpSocketType::Client, shared, &account.config, carrier),
            session: fastrand::u64(..),
            sent: AtomicU64::new(0),
            windows: Mutex::default(),
        }
    }

    fn is_fresh(&self, control: Option<&UdpSocketControlData>) -> bool {
        let Some(control) = control else { return true };
        if control.client_session_id != self.session {
            return false;
        }
        let Ok(mut windows) = self.windows.lock() else { return false };
        if windows.len() >= SESSIONS && !windows.contains_key(&control.server_session_id) {
            windows.clear();
        }
        windows.entry(control.server_session_id).or_default().admits(control.packet_id)
    }
}

impl PacketIo for ShadowPackets {
    fn poll_send(&self, cx: &mut Context<'_>, packet: &[u8], to: &Destination) -> Poll<io::Result<()>> {
        let mut control = UdpSocketControlData::default();
        control.client_session_id = self.session;
        control.packet_id = self.sent.fetch_add(1, Ordering::Relaxed);
        let sent = ready!(self.socket.poll_send_with_ctrl(&address(to), &control, packet, cx));
        Poll::Ready(sent.map(|_| ()).map_err(sort))
    }

    fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<Destination>> {
        with_lent(|lent| {
            for _ in 0..SKIPPED {
                let mut whole = ReadBuf::new(lent);
                match ready!(self.socket.poll_recv_with_ctrl(cx, &mut whole)) {
                    Err(ProxySocketError::IoError(error)) => return Poll::Ready(Err(error)),
                    // Not from our server, or changed on the way.
                    Err(_) => {}
                    Ok((length, from, _, control)) => {
                        let Some(payload) = whole.filled().get(..length) else { continue };
                        let Some(from) = destination(from) else { continue };
                        if self.is_fresh(control.as_ref()) {
                            // As with any datagram, what does not fit is cut off.
                            buf.put_slice(&payload[..payload.len().min(buf.remaining())]);
                            return Poll::Ready(Ok(from));
                        }
                    }
                }
            }
            step_back(cx);
            Poll::Pending
        })
    }
}

fn sort(error: ProxySocketError) -> io::Error {
    match error {
        ProxySocketError::IoError(error) => error,
        _ => io::ErrorKind::InvalidData.into(),
    }
}

fn destination(from: Address) -> Option<Destination> {
    match from {
        Address::SocketAddress(address) => Some(address.into()),
        Address::DomainNameAddress(name, port) => Some(Destination::new(Host::parse(&name).ok()?, port)),
    }
}

/// Which packet numbers of a server's session have come: the newest, and the 64 up to it.
#[derive(Default)]
struct Window {
    next: u64,
    seen: u64,
}

impl Window {
    /// Whether `number` is new; notes it. What is older than the window is taken for a repetition.
    fn admits(&mut self, number: u64) -> bool {
        if number >= self.next {
            let ahead = number - self.next + 1;
            self.seen = if ahead < 64 { self.seen << ahead | 1 } else { 1 };
            self.next = number.saturating_add(1);
            return true;
        }
        let behind = self.next - 1 - number;
        let bit = if behind < 64 { 1_u64 << behind } else { return false };
        let fresh = self.seen & bit == 0;
        self.seen |= bit;
        fresh
    }
}

/// The association below, as a socket connected to the server.
struct Carrier {
    packets: Packets,
    server: Destination,
}

impl DatagramSend for Carrier {
    fn poll_send(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.packets.poll_send(cx, buf, &self.server).map_ok(|()| buf.len())
    }
    fn poll_send_to(&self, cx: &mut Context<'_>, buf: &[u8], _: SocketAddr) -> Poll<io::Result<usize>> {
        DatagramSend::poll_send(self, cx, buf)
    }
    fn poll_send_ready(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl DatagramReceive for Carrier {
    fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // Whoever sends it: only who has the key can write a packet that opens.
        self.packets.poll_recv(cx, buf).map_ok(|_| ())
    }
    fn poll_recv_from(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<SocketAddr>> {
        ready!(self.packets.poll_recv(cx, buf))?;
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }
    fn poll_recv_ready(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_number_is_admitted_once_and_in_any_order_within_the_window() {
        let mut window = Window::default();
        let admitted: Vec<bool> = [5, 3, 5, 3, 4, 70, 5, 7, 6, 70].map(|n| window.admits(n)).to_vec();
        assert_eq!(admitted, [true, true, false, false, true, true, false, true, false, false]);
        assert!(window.admits(u64::MAX) && !window.admits(0));
    }
}
