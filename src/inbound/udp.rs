//! The client's side of a SOCKS5 UDP association (RFC 1928 §7). Only the client that holds the TCP connection may use
//! it: by its address, and by the port it announced or sent its first packet from. Fragments are dropped. It ends
//! with the TCP connection.

use crate::model::Destination;
use crate::net::{Datagrams, PacketIo, Rewound, Run, Train, poll_send_headed, with_lent};
use crate::wire::socks;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, ReadBuf};

/// The largest datagram with its header.
const DATAGRAM: usize = 65_536;

/// An open association.
pub(super) struct Relay {
    socket: Box<dyn Datagrams>,
    client: Mutex<Client>,
}

struct Client {
    control: Rewound,
    ip: IpAddr,
    /// Zero until it is known.
    port: u16,
    /// Where its packets come from, as the socket names it.
    at: Option<SocketAddr>,
}

impl Relay {
    /// `announced_port` is zero when the client did not know it yet.
    pub(super) fn new(socket: Box<dyn Datagrams>, control: Rewound, ip: IpAddr, announced_port: u16) -> Self {
        Self { socket, client: Mutex::new(Client { control, ip, port: announced_port, at: None }) }
    }

    fn client(&self) -> MutexGuard<'_, Client> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `receive` gets off the socket while the TCP connection lasts.
    fn poll_socket<T>(
        &self,
        cx: &mut Context<'_>,
        mut receive: impl FnMut(&mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if self.client().poll_over(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        loop {
            match ready!(receive(cx)) {
                // The kernel passes on that an earlier packet found nobody at the client's port; not an end.
                Err(e) if matches!(e.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset) => {}
                received => return Poll::Ready(received),
            }
        }
    }
}

impl Client {
    /// Whether a packet from `from` is this client's; the first one pins the port.
    fn owns(&mut self, from: SocketAddr) -> bool {
        if from.ip().to_canonical() != self.ip || (self.port != 0 && self.port != from.port()) {
            return false;
        }
        self.port = from.port();
        self.at = Some(from);
        true
    }

    /// Where in a datagram from `from` the packet begins, and where it is to go; `None` where it is not the client's or
    /// cannot be read.
    fn read(&mut self, datagram: &[u8], from: SocketAddr) -> Option<(usize, Destination)> {
        let (to, start) = socks::udp_header(datagram).ok()?;
        (to.port != 0 && self.owns(from)).then_some((start, to))
    }

    /// Ready when the TCP connection is over. What a client says on it after its request has no meaning.
    fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut meaningless = [0; 256];
        loop {
            let mut space = ReadBuf::new(&mut meaningless);
            match ready!(Pin::new(&mut self.control).poll_read(cx, &mut space)) {
                Ok(()) if !space.filled().is_empty() => {}
                Ok(()) | Err(_) => return Poll::Ready(()),
            }
        }
    }
}

impl PacketIo for Relay {
    /// To the client, as coming from `from`. Dropped while the client has sent nothing: there is nowhere to send to.
    fn poll_send(&self, cx: &mut Context<'_>, packet: &[u8], from: &Destination) -> Poll<io::Result<()>> {
        let Some(to) = self.client().at else { return Poll::Ready(Ok(())) };
        let Ok(mut datagram) = socks::encode_udp_header(from) else {
            return Poll::Ready(Err(io::ErrorKind::InvalidInput.into()));
        };
        datagram.extend_from_slice(packet);
        self.socket.poll_send_to(cx, &datagram, to).map_ok(|_| ())
    }

    fn poll_send_run(&self, cx: &mut Context<'_>, run: &mut Run<'_>, from: &Destination) -> Poll<()> {
        let to = self.client().at;
        let Some((to, head)) = to.zip(socks::encode_udp_header(from).ok()) else { return Poll::Ready(()) };
        poll_send_headed(cx, &*self.socket, &head, run, to)
    }

    /// From the client, with where it wants it to go. A packet larger than `buf` is dropped, never cut.
    fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<Destination>> {
        with_lent(|datagram| {
            loop {
                let mut space = ReadBuf::new(&mut datagram[..DATAGRAM]);
                let from = match self.poll_socket(cx, |cx| self.socket.poll_recv_from(cx, &mut space)) {
                    Poll::Ready(Ok(from)) => from,
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => return Poll::Pending,
                };
                let bytes = space.filled();
                let Some((start, to)) = self.client().read(bytes, from) else { continue };
                let payload = &bytes[start..];
                if payload.len() > buf.remaining() {
                    continue;
                }
                buf.put_slice(payload);
                return Poll::Ready(Ok(to));
            }
        })
    }

    fn poll_recv_train(&self, cx: &mut Context<'_>, train: &mut Train) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_socket(cx, |cx| {
                let mut client = self.client();
                train.receive(cx, &*self.socket, |bytes, from| client.read(bytes, from))
            }))?;
            if !train.is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}
