//! A simulated UDP socket: datagrams arrive half a round trip later, or not at all. Nothing is ordered or resent.

use super::land::Land;
use crate::net::Datagrams;
use bytes::Bytes;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::io::ReadBuf;
use tokio::time::{Instant, Sleep};

/// A datagram on its way; ordered by its arrival.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Parcel {
    arrives: Instant,
    turn: u64,
    from: SocketAddr,
    packet: Bytes,
}

/// What is on its way to one socket.
#[derive(Default)]
struct Mail {
    parcels: BinaryHeap<Reverse<Parcel>>,
    turns: u64,
    reader: Option<Waker>,
    timer: Option<Pin<Box<Sleep>>>,
}

/// Where a socket's datagrams are put.
#[derive(Clone, Default)]
pub(super) struct Mailbox(Arc<Mutex<Mail>>);

impl Mailbox {
    fn lock(&self) -> MutexGuard<'_, Mail> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a datagram in, to be read from `arrives` on.
    pub(super) fn put(&self, packet: &[u8], from: SocketAddr, arrives: Instant) {
        let mut mail = self.lock();
        mail.turns += 1;
        let turn = mail.turns;
        mail.parcels.push(Reverse(Parcel { arrives, turn, from, packet: Bytes::copy_from_slice(packet) }));
        if let Some(reader) = mail.reader.take() {
            reader.wake();
        }
    }
}

/// A bound socket.
pub(super) struct Socket {
    local: SocketAddr,
    land: Arc<Land>,
    mailbox: Mailbox,
}

impl Socket {
    /// A socket at `local`, whose datagrams arrive in `mailbox`.
    pub(super) const fn new(land: Arc<Land>, local: SocketAddr, mailbox: Mailbox) -> Self {
        Self { local, land, mailbox }
    }
}

impl Datagrams for Socket {
    fn poll_send_to(&self, _: &mut Context<'_>, packet: &[u8], to: SocketAddr) -> Poll<io::Result<usize>> {
        Poll::Ready(self.land.post(self.local, to, packet).map(|()| packet.len()))
    }

    fn poll_recv_from(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<SocketAddr>> {
        let mut mail = self.mailbox.lock();
        mail.reader = Some(cx.waker().clone());
        loop {
            let Some(Reverse(next)) = mail.parcels.peek() else { return Poll::Pending };
            let arrives = next.arrives;
            if arrives <= Instant::now() {
                break;
            }
            let timer = mail.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(arrives)));
            timer.as_mut().reset(arrives);
            std::task::ready!(timer.as_mut().poll(cx));
        }
        let Some(Reverse(parcel)) = mail.parcels.pop() else { return Poll::Pending };
        let size = parcel.packet.len().min(buf.remaining());
        buf.put_slice(&parcel.packet[..size]);
        Poll::Ready(Ok(parcel.from))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.local)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.land.unbind(self.local);
    }
}
