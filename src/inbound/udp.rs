//! The client's side of a SOCKS5 UDP association (RFC 1928 §7). Only the client that holds the TCP connection may use
//! it: by its address, and by the port it announced or sent its first packet from. Fragments are dropped. It ends
//! with the TCP connection.

use crate::model::Destination;
use crate::net::{Datagrams, PacketIo, Rewound};
use crate::wire::socks;
use std::cell::RefCell;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, ReadBuf};

/// The largest datagram with its header.
const DATAGRAM: usize = 65_536;

thread_local! {
    /// One datagram on its way, header and all. Borrowed within a single poll, so an idle association holds none.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

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
        let Ok(header) = socks::encode_udp_header(from) else {
            return Poll::Ready(Err(io::ErrorKind::InvalidInput.into()));
        };
        with_scratch(|datagram| {
            datagram.clear();
            datagram.extend_from_slice(&header);
            datagram.extend_from_slice(packet);
            self.socket.poll_send_to(cx, datagram, to).map_ok(|_| ())
        })
    }

    /// From the client, with where it wants it to go. A packet larger than `buf` is dropped, never cut.
    fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<Destination>> {
        if self.client().poll_over(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        with_scratch(|datagram| {
            datagram.resize(DATAGRAM, 0);
            loop {
                let mut space = ReadBuf::new(datagram);
                let from = match ready!(self.socket.poll_recv_from(cx, &mut space)) {
                    Ok(from) => from,
                    // The kernel passes on that an earlier packet found nobody at the client's port; not an end.
                    Err(e) if matches!(e.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset) => {
                        continue;
                    }
                    Err(e) => return Poll::Ready(Err(e)),
                };
                let bytes = space.filled();
                let Ok((to, start)) = socks::udp_header(bytes) else { continue };
                let payload = &bytes[start.min(bytes.len())..];
                if to.port == 0 || payload.len() > buf.remaining() || !self.client().owns(from) {
                    continue;
                }
                buf.put_slice(payload);
                return Poll::Ready(Ok(to));
            }
        })
    }
}

fn with_scratch<T>(work: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    SCRATCH.with(|scratch| match scratch.try_borrow_mut() {
        Ok(mut scratch) => work(&mut scratch),
        // A socket that moves packets within its own poll (a simulated one) comes by here twice.
        Err(_) => work(&mut Vec::new()),
    })
}
