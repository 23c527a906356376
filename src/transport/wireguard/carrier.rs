//! What carries a tunnel's datagrams to its server: a socket of this machine's, or another way's packets. Looks the
//! server's name up outside the tunnel, for it is the tunnel's own server; opens anew when the network is another one.

use super::outbox::Outbox;
use crate::model::{Cause, Destination, Failure, Host, Stage, Whose};
use crate::net::{Batch, Datagrams, Deadline, Network, Packets, Resolver};
use crate::transport::PacketDialer;
use crate::transport::tagged::at_server;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// What the tunnel stands on.
pub(in crate::transport) enum Base {
    /// This machine's line.
    Straight {
        /// Where sockets come from.
        network: Arc<dyn Network>,
        /// Who knows the server's address.
        resolver: Arc<Resolver>,
    },
    /// Another way that carries packets.
    Over(Arc<dyn PacketDialer>),
}

pub(super) enum Carrier {
    Socket { socket: Box<dyn Datagrams>, to: SocketAddr, others: usize },
    Packets { packets: Packets, to: Destination },
}

impl Base {
    /// Opens a carrier to `server`. `turn` counts the openings: a name's addresses are taken in turn.
    pub(super) async fn open(&self, server: &Destination, turn: usize, deadline: Deadline) -> Result<Carrier, Failure> {
        match self {
            Self::Over(way) => {
                let packets = way.associate(deadline).await.map_err(at_server)?;
                Ok(Carrier::Packets { packets, to: server.clone() })
            }
            Self::Straight { network, resolver } => {
                let addresses = match &server.host {
                    Host::Ip(ip) => vec![*ip],
                    Host::Name(name) => resolver.resolve_server(name, deadline).await?,
                };
                let local = |error: io::Error| {
                    let failure = Failure::from_io(Stage::Udp, &error).near();
                    let cause =
                        if failure.cause == Cause::UnknownFailure { Cause::LocalResource } else { failure.cause };
                    Failure { cause, whose: Whose::Local, ..failure }
                };
                let none = Failure::new(Stage::Resolve, Cause::DnsNoAnswer, Whose::Network).near();
                let ip = addresses.get(turn % addresses.len().max(1)).ok_or(none)?;
                let to = SocketAddr::new(*ip, server.port);
                let socket = network.bind_bulk_udp(to).await.map_err(local)?;
                Ok(Carrier::Socket { socket, to, others: addresses.len() - 1 })
            }
        }
    }
}

impl Carrier {
    /// Sends what waits. An error is told after the datagrams it struck were dropped; the others still wait.
    pub(super) fn poll_send(&self, cx: &mut Context<'_>, outbox: &mut Outbox) -> Poll<io::Result<()>> {
        let most = match self {
            Self::Socket { socket, .. } => socket.longest_run(),
            Self::Packets { .. } => 1,
        };
        while let Some((run, size)) = outbox.next(most) {
            let length = run.len();
            let sent = match self {
                Self::Socket { socket, to, .. } => ready!(socket.poll_send_run(cx, run, size, *to)),
                Self::Packets { packets, to } => ready!(packets.poll_send(cx, run, to)),
            };
            outbox.gone(length);
            sent?;
        }
        Poll::Ready(Ok(()))
    }

    /// Addresses that the server has beside this one.
    pub(super) const fn others(&self) -> usize {
        match self {
            Self::Socket { others, .. } => *others,
            Self::Packets { .. } => 0,
        }
    }

    /// Receives what has come. Cancel-safe.
    pub(super) async fn receive(&self, batch: &mut Batch) -> io::Result<()> {
        poll_fn(|cx| self.poll_receive(cx, batch)).await
    }

    fn poll_receive(&self, cx: &mut Context<'_>, batch: &mut Batch) -> Poll<io::Result<()>> {
        match self {
            Self::Socket { socket, .. } => socket.poll_recv_batch(cx, batch),
            // Whoever sends it: only who has the key can write a packet that opens.
            Self::Packets { packets, .. } => batch.fill(|room| packets.poll_recv(cx, room).map_ok(|_| ())),
        }
    }
}
