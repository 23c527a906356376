//! The two shapes everything flows through: a byte stream and a packet socket, both behind a door (`dyn`),
//! so that a kernel socket, a TLS session, a tunnel and the lab's simulated wire are the same to a caller.

use super::bulk::Batch;
use super::pipe::Pipe;
use super::reactor::Seat;
use super::train::{Run, Train};
use crate::model::{Destination, TcpFacts};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A byte stream with what the layers below know about it. Only reading and writing must be implemented; one that adds
/// something to another stream says which ([`Io::below`]), and passes what is asked here on to it.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {
    /// The stream that this one goes through.
    fn below(&self) -> Option<&dyn Io> {
        None
    }

    /// The same, to be used.
    fn below_mut(&mut self) -> Option<&mut dyn Io> {
        None
    }

    /// Whether bytes pass to and from [`Io::below`] unchanged now.
    fn is_plain(&self) -> bool {
        true
    }

    /// The kernel's view of the outermost TCP connection, where there is one.
    fn tcp_facts(&self) -> Option<TcpFacts> {
        self.below()?.tcp_facts()
    }

    /// The address this stream's outermost connection goes to.
    fn endpoint(&self) -> Option<SocketAddr> {
        self.below()?.endpoint()
    }

    /// Makes the coming drop a reset (RST) instead of an orderly end, so that the peer's app notices at once.
    fn abort_on_drop(&mut self) {
        if let Some(below) = self.below_mut() {
            below.abort_on_drop();
        }
    }

    /// The bare kernel socket, when bytes pass through it unchanged and the runtime drives it.
    fn as_tcp(&self) -> Option<&tokio::net::TcpStream> {
        self.below().filter(|_| self.is_plain())?.as_tcp()
    }

    /// Whether bytes pass through a kernel socket unchanged, whoever drives it.
    fn is_bare(&self) -> bool {
        self.is_plain() && self.below().is_some_and(Io::is_bare)
    }

    /// Whether what comes next may be pulled into a pipe, unseen by this stream and those below it.
    fn can_pull(&self) -> bool {
        self.is_bare()
    }

    /// Reads into an empty pipe: how much; zero at the end. `Unsupported` where it cannot be.
    fn poll_pull(&mut self, cx: &mut Context<'_>, pipe: &mut Pipe) -> Poll<io::Result<usize>> {
        match self.below_mut() {
            Some(below) => below.poll_pull(cx, pipe),
            None => Poll::Ready(Err(io::ErrorKind::Unsupported.into())),
        }
    }

    /// Writes out of a pipe: how much. `Unsupported` where it cannot be.
    fn poll_push(&mut self, cx: &mut Context<'_>, pipe: &mut Pipe) -> Poll<io::Result<usize>> {
        match self.below_mut() {
            Some(below) => below.poll_push(cx, pipe),
            None => Poll::Ready(Err(io::ErrorKind::Unsupported.into())),
        }
    }

    /// Whether the reactor can take this stream over.
    fn can_settle(&self) -> bool {
        self.below().is_some_and(Io::can_settle)
    }

    /// Leaves the runtime for a seat of the reactor's.
    ///
    /// # Errors
    /// The system's, or `Unsupported` where [`Io::can_settle`] says no.
    fn settle(&mut self, seat: &Arc<Seat>, side: u8) -> io::Result<()> {
        self.below_mut().ok_or(io::ErrorKind::Unsupported)?.settle(seat, side)
    }
}

/// Any stream.
pub type Stream = Box<dyn Io>;

impl Io for tokio::io::DuplexStream {}

impl<T: Io + ?Sized> Io for Box<T> {
    fn below(&self) -> Option<&dyn Io> {
        (**self).below()
    }
    fn below_mut(&mut self) -> Option<&mut dyn Io> {
        (**self).below_mut()
    }
    fn is_plain(&self) -> bool {
        (**self).is_plain()
    }
    fn tcp_facts(&self) -> Option<TcpFacts> {
        (**self).tcp_facts()
    }
    fn endpoint(&self) -> Option<SocketAddr> {
        (**self).endpoint()
    }
    fn abort_on_drop(&mut self) {
        (**self).abort_on_drop();
    }
    fn as_tcp(&self) -> Option<&tokio::net::TcpStream> {
        (**self).as_tcp()
    }
    fn is_bare(&self) -> bool {
        (**self).is_bare()
    }
    fn can_pull(&self) -> bool {
        (**self).can_pull()
    }
    fn poll_pull(&mut self, cx: &mut Context<'_>, pipe: &mut Pipe) -> Poll<io::Result<usize>> {
        (**self).poll_pull(cx, pipe)
    }
    fn poll_push(&mut self, cx: &mut Context<'_>, pipe: &mut Pipe) -> Poll<io::Result<usize>> {
        (**self).poll_push(cx, pipe)
    }
    fn can_settle(&self) -> bool {
        (**self).can_settle()
    }
    fn settle(&mut self, seat: &Arc<Seat>, side: u8) -> io::Result<()> {
        (**self).settle(seat, side)
    }
}

/// An unconnected UDP socket: the kernel's, or the lab's.
pub trait Datagrams: Send + Sync {
    /// Sends one datagram.
    fn poll_send_to(&self, cx: &mut Context<'_>, packet: &[u8], to: SocketAddr) -> Poll<io::Result<usize>>;
    /// Receives one datagram and its sender.
    fn poll_recv_from(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<SocketAddr>>;
    /// Where it is bound.
    fn local_addr(&self) -> io::Result<SocketAddr>;

    /// How many datagrams [`Datagrams::poll_send_run`] may be given at once.
    fn longest_run(&self) -> usize {
        1
    }
    /// Sends `run`, datagrams of `size` bytes each of which the last may be shorter, to one place.
    fn poll_send_run(&self, cx: &mut Context<'_>, run: &[u8], size: usize, to: SocketAddr) -> Poll<io::Result<()>> {
        let _ = size;
        self.poll_send_to(cx, run, to).map_ok(|_| ())
    }
    /// Receives what has come, at least one datagram. Who takes batches off a socket takes nothing else off it: it may
    /// join datagrams from then on.
    fn poll_recv_batch(&self, cx: &mut Context<'_>, batch: &mut Batch) -> Poll<io::Result<()>> {
        batch.clear();
        batch.add(|room| self.poll_recv_from(cx, room), |from| Some(*from)).map_ok(|_| ())
    }
}

/// Packets through a way: each goes to, and comes from, a destination as the way names it.
pub trait PacketIo: Send + Sync {
    /// Sends one packet.
    fn poll_send(&self, cx: &mut Context<'_>, packet: &[u8], to: &Destination) -> Poll<io::Result<()>>;
    /// Receives one packet and its sender.
    fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<Destination>>;

    /// Sends the packets of `run` to one place; those that are done with are taken off it. Ready when none is left. What the
    /// network refuses is lost, as on any line.
    fn poll_send_run(&self, cx: &mut Context<'_>, run: &mut Run<'_>, to: &Destination) -> Poll<()> {
        while let Some(packet) = run.first() {
            let _lost = std::task::ready!(self.poll_send(cx, packet, to));
            run.skip(1);
        }
        Poll::Ready(())
    }
    /// Receives what has come, at least one packet, into an empty train. As with [`Datagrams::poll_recv_batch`]: all of it
    /// this way, or none.
    fn poll_recv_train(&self, cx: &mut Context<'_>, train: &mut Train) -> Poll<io::Result<()>> {
        train.load(|room| self.poll_recv(cx, room))
    }

    /// Says to who sent `packet` that it does not reach `to`, where that can be said; whether it was.
    fn refuse(&self, packet: &[u8], to: &Destination) -> bool {
        let _ = (packet, to);
        false
    }
}

/// Any packet association.
pub type Packets = Box<dyn PacketIo>;

impl dyn PacketIo {
    /// Sends one packet.
    pub async fn send(&self, packet: &[u8], to: &Destination) -> io::Result<()> {
        poll_fn(|cx| self.poll_send(cx, packet, to)).await
    }

    /// Receives one packet into `buf`: its length and its sender. Cancel-safe.
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<(usize, Destination)> {
        poll_fn(|cx| {
            let mut space = ReadBuf::new(buf);
            let from = std::task::ready!(self.poll_recv(cx, &mut space))?;
            Poll::Ready(Ok((space.filled().len(), from)))
        })
        .await
    }
}

impl dyn Datagrams {
    /// Sends one datagram.
    pub async fn send_to(&self, packet: &[u8], to: SocketAddr) -> io::Result<usize> {
        poll_fn(|cx| self.poll_send_to(cx, packet, to)).await
    }

    /// Receives one datagram into `buf`: its length and its sender. Cancel-safe.
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        poll_fn(|cx| {
            let mut space = ReadBuf::new(buf);
            let from = std::task::ready!(self.poll_recv_from(cx, &mut space))?;
            Poll::Ready(Ok((space.filled().len(), from)))
        })
        .await
    }
}
