//! A UDP socket inside the tunnel. A packet that the tunnel's MTU does not hold is refused with EMSGSIZE, for the stack
//! would drop it without a word.

use super::engine::Shared;
use crate::net::Datagrams;
use smoltcp::iface::SocketHandle;
use smoltcp::socket::udp::{RecvError, SendError, Socket};
use smoltcp::wire::IpEndpoint;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::ReadBuf;

/// What IP and UDP take of a packet.
const HEADERS_FOUR: usize = 28;
const HEADERS_SIX: usize = 48;

pub(super) struct InnerDatagrams {
    shared: Arc<Shared>,
    handle: SocketHandle,
    own: SocketAddr,
}

impl InnerDatagrams {
    /// Binds a free port of the family of `like`.
    pub(super) fn bind(shared: Arc<Shared>, like: SocketAddr) -> io::Result<Self> {
        let (handle, own) = shared.with(|stack| stack.bind(like, fastrand::u16(..)))?;
        Ok(Self { shared, handle, own })
    }

    fn socket<T>(&self, act: impl FnOnce(&mut Socket<'static>) -> T) -> T {
        self.shared.with(|stack| act(stack.udp(self.handle)))
    }
}

/// EMSGSIZE, as the kernel says it.
fn too_long() -> io::Error {
    #[cfg(unix)]
    return io::Error::from_raw_os_error(libc::EMSGSIZE);
    #[cfg(not(unix))]
    return io::ErrorKind::InvalidInput.into();
}

impl Drop for InnerDatagrams {
    fn drop(&mut self) {
        self.shared.with(|stack| stack.unbind(self.handle, self.own.port()));
    }
}

impl Datagrams for InnerDatagrams {
    fn poll_send_to(&self, cx: &mut Context<'_>, packet: &[u8], to: SocketAddr) -> Poll<io::Result<usize>> {
        if to.is_ipv4() != self.own.is_ipv4() {
            return Poll::Ready(Err(io::ErrorKind::NetworkUnreachable.into()));
        }
        let headers = if to.is_ipv4() { HEADERS_FOUR } else { HEADERS_SIX };
        if packet.len() + headers > self.shared.mtu.into() {
            return Poll::Ready(Err(too_long()));
        }
        let sent = self.socket(|socket| match socket.send_slice(packet, IpEndpoint::from(to)) {
            Ok(()) => Poll::Ready(Ok(packet.len())),
            Err(SendError::BufferFull) => {
                socket.register_send_waker(cx.waker());
                Poll::Pending
            }
            Err(SendError::Unaddressable) if !socket.is_open() => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
            Err(SendError::Unaddressable) => Poll::Ready(Err(io::ErrorKind::InvalidInput.into())),
        });
        self.shared.kick();
        sent
    }

    fn poll_recv_from(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<SocketAddr>> {
        self.socket(|socket| {
            if !socket.is_open() {
                return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
            }
            match socket.recv() {
                Ok((packet, about)) => {
                    // As with any datagram, what does not fit is cut off.
                    buf.put_slice(&packet[..packet.len().min(buf.remaining())]);
                    Poll::Ready(Ok(SocketAddr::new(about.endpoint.addr.into(), about.endpoint.port)))
                }
                Err(RecvError::Exhausted | RecvError::Truncated) => {
                    socket.register_recv_waker(cx.waker());
                    Poll::Pending
                }
            }
        })
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.own)
    }
}
