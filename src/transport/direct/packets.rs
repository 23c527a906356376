//! Packets straight out: one socket a family, names resolved once per destination. Packets come back from the
//! addresses that sent them, never from a name.

use super::Direct;
use crate::model::{Destination, Host};
use crate::net::{Datagrams, Deadline, PacketIo, Run, Train, poll_send_headed};
use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::ReadBuf;

/// How long a name may take to resolve before its packets are dropped.
const LOOKUP: Duration = Duration::from_secs(5);
/// Packets kept for a name that is being resolved.
const KEPT_PACKETS: usize = 16;
/// Names of one association.
const MOST_NAMES: usize = 256;

pub(super) struct DirectPackets {
    direct: Direct,
    sockets: Arc<Sockets>,
    names: Arc<Mutex<HashMap<Destination, Named>>>,
}

struct Sockets {
    four: Option<Box<dyn Datagrams>>,
    six: Option<Box<dyn Datagrams>>,
}

/// Where the packets for a name go.
enum Named {
    Resolving(Vec<Vec<u8>>),
    At(SocketAddr),
}

impl DirectPackets {
    /// Binds a socket for each family that this machine has; fails only when it has neither.
    pub(super) async fn bind(direct: &Direct) -> io::Result<Self> {
        let four = direct.network.bind_udp((Ipv4Addr::UNSPECIFIED, 0).into()).await;
        let six = direct.network.bind_udp((Ipv6Addr::UNSPECIFIED, 0).into()).await;
        let sockets = match (four, six) {
            (Err(error), Err(_)) => return Err(error),
            (four, six) => Sockets { four: four.ok(), six: six.ok() },
        };
        Ok(Self { direct: direct.clone(), sockets: Arc::new(sockets), names: Arc::default() })
    }

    /// The address of a name, or `None` while it is looked up: the packet is kept and sent then.
    fn address(&self, packet: &[u8], to: &Destination) -> io::Result<Option<SocketAddr>> {
        let Ok(mut names) = self.names.lock() else { return Err(io::ErrorKind::InvalidInput.into()) };
        let full = names.len() >= MOST_NAMES;
        match names.get_mut(to) {
            Some(Named::At(address)) => return Ok(Some(*address)),
            Some(Named::Resolving(kept)) => {
                if kept.len() < KEPT_PACKETS {
                    kept.push(packet.to_vec());
                }
                return Ok(None);
            }
            None if full => return Err(io::ErrorKind::QuotaExceeded.into()),
            None => names.insert(to.clone(), Named::Resolving(vec![packet.to_vec()])),
        };
        drop(names);
        self.look_up(to.clone());
        Ok(None)
    }

    /// Resolves on a task that ends with the look-up's deadline; a name without an address is forgotten again.
    fn look_up(&self, to: Destination) {
        let (direct, sockets, names) = (self.direct.clone(), self.sockets.clone(), self.names.clone());
        tokio::spawn(async move {
            let found = direct.addresses(&to, Deadline::after(LOOKUP)).await.unwrap_or_default();
            let usable = found.into_iter().find(|address| sockets.of(*address).is_some());
            let kept = {
                let Ok(mut names) = names.lock() else { return };
                let before = match usable {
                    Some(address) => names.insert(to, Named::At(address)),
                    None => names.remove(&to),
                };
                match before {
                    Some(Named::Resolving(kept)) => kept,
                    _ => return,
                }
            };
            let Some((address, socket)) = usable.and_then(|address| Some((address, sockets.of(address)?))) else {
                return;
            };
            for packet in kept {
                // A datagram may be lost at any time; the sender's protocol repeats it.
                let _ = socket.send_to(&packet, address).await;
            }
        });
    }
}

impl Sockets {
    fn of(&self, address: SocketAddr) -> Option<&(dyn Datagrams + 'static)> {
        if address.is_ipv4() { self.four.as_deref() } else { self.six.as_deref() }
    }
}

impl PacketIo for DirectPackets {
    fn poll_send(&self, cx: &mut Context<'_>, packet: &[u8], to: &Destination) -> Poll<io::Result<()>> {
        let address = match &to.host {
            Host::Ip(ip) => SocketAddr::new(*ip, to.port),
            Host::Name(_) => match self.address(packet, to)? {
                Some(address) => address,
                None => return Poll::Ready(Ok(())),
            },
        };
        match self.sockets.of(address) {
            Some(socket) => socket.poll_send_to(cx, packet, address).map_ok(|_| ()),
            None => Poll::Ready(Err(io::ErrorKind::NetworkUnreachable.into())),
        }
    }

    fn poll_send_run(&self, cx: &mut Context<'_>, run: &mut Run<'_>, to: &Destination) -> Poll<()> {
        while let Some(packet) = run.first() {
            let address = match &to.host {
                Host::Ip(ip) => Ok(Some(SocketAddr::new(*ip, to.port))),
                Host::Name(_) => self.address(packet, to),
            };
            match address {
                Ok(Some(address)) => {
                    let Some(socket) = self.sockets.of(address) else { return Poll::Ready(()) };
                    return poll_send_headed(cx, socket, &[], run, address);
                }
                // Kept until the name is found, or lost.
                Ok(None) | Err(_) => run.skip(1),
            }
        }
        Poll::Ready(())
    }

    fn poll_recv_train(&self, cx: &mut Context<'_>, train: &mut Train) -> Poll<io::Result<()>> {
        for socket in [&self.sockets.four, &self.sockets.six].into_iter().flatten() {
            loop {
                match train.receive(cx, &**socket, |_, from| Some((0, from.into()))) {
                    Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset => {}
                    Poll::Pending => break,
                    received => return received,
                }
            }
        }
        Poll::Pending
    }

    fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<Destination>> {
        for socket in [&self.sockets.four, &self.sockets.six].into_iter().flatten() {
            loop {
                match socket.poll_recv_from(cx, buf) {
                    Poll::Ready(Ok(from)) => return Poll::Ready(Ok(from.into())),
                    // Windows reports an earlier packet's ICMP answer here; it says nothing of this socket.
                    Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset => {}
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => break,
                }
            }
        }
        Poll::Pending
    }
}
