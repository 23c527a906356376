//! TCP and UDP above the tunnel by the kernel, in a network of its own: it recovers from loss as smoltcp does not
//! (RFC 6675, RFC 8985), which is what a slow or lossy line's upload needs.

use super::segments;
use crate::net::{Datagrams, Io, Namespace};
use gotatun::packet::Packet;
use socket2::{SockRef, Type};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};

/// A turn that has so many packets for the tunnel takes no more from the sockets.
const MOST_PER_TURN: usize = 64;
/// How long data may be unacknowledged (RFC 5482).
const SILENCE: Duration = super::stack::SILENCE;

pub(super) struct Kernel {
    namespace: Namespace,
    /// For a packet that is not cut yet.
    room: Mutex<Box<[u8]>>,
    streams: Mutex<Vec<Weak<TcpStream>>>,
    datagrams: Mutex<Vec<Weak<UdpSocket>>>,
}

impl Kernel {
    pub(super) fn new(namespace: Namespace) -> Self {
        let room = Mutex::new(vec![0; Namespace::ROOM].into());
        Self { namespace, room, streams: Mutex::default(), datagrams: Mutex::default() }
    }

    /// Takes what the sockets have sent; says whether there is more.
    pub(super) fn take(&self, leaving: &mut Vec<Packet>) -> bool {
        let mut room = super::lock(&self.room);
        while leaving.len() < MOST_PER_TURN {
            match self.namespace.try_read(&mut room) {
                Ok((packet, undone)) => segments::cut(packet, undone, |packet| leaving.push(packet)),
                Err(_) => return false,
            }
        }
        true
    }

    /// Waits until the sockets send something.
    pub(super) async fn readable(&self) {
        if self.namespace.readable().await.is_err() {
            // The device is gone: nothing will ever come.
            std::future::pending::<()>().await;
        }
    }

    /// Packets of the tunnel's for the sockets.
    pub(super) fn give(&self, packets: &[Packet]) {
        let mut head = Vec::new();
        for joined in segments::joined(packets.iter().map(|packet| &packet[..])) {
            joined.written(&mut head, |undone, parts| self.namespace.write(undone, parts));
        }
    }

    /// Whether anybody holds a socket.
    pub(super) fn in_use(&self) -> bool {
        let (mut streams, mut datagrams) = (super::lock(&self.streams), super::lock(&self.datagrams));
        streams.retain(|stream| stream.strong_count() > 0);
        datagrams.retain(|socket| socket.strong_count() > 0);
        !streams.is_empty() || !datagrams.is_empty()
    }

    /// The tunnel is down: whoever reads is woken.
    pub(super) fn end(&self) {
        for stream in super::lock(&self.streams).iter().filter_map(Weak::upgrade) {
            let _was_dead = SockRef::from(&*stream).shutdown(Shutdown::Both);
        }
    }

    pub(super) async fn connect(self: &Arc<Self>, to: SocketAddr) -> io::Result<KernelStream> {
        let socket = self.namespace.socket(to.is_ipv4(), Type::STREAM).await?;
        socket.set_tcp_nodelay(true)?;
        #[cfg(target_os = "linux")]
        socket.set_tcp_user_timeout(Some(SILENCE))?;
        let stream = Arc::new(TcpSocket::from_std_stream(socket.into()).connect(to).await?);
        super::lock(&self.streams).push(Arc::downgrade(&stream));
        Ok(KernelStream { stream, _kernel: Arc::clone(self) })
    }

    pub(super) async fn bind(self: &Arc<Self>, like: SocketAddr) -> io::Result<KernelDatagrams> {
        let socket = self.namespace.socket(like.is_ipv4(), Type::DGRAM).await?;
        let any: SocketAddr =
            if like.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
        socket.bind(&any.into())?;
        let socket = Arc::new(UdpSocket::from_std(socket.into())?);
        super::lock(&self.datagrams).push(Arc::downgrade(&socket));
        Ok(KernelDatagrams { socket, _kernel: Arc::clone(self) })
    }
}

/// A connection inside the tunnel.
pub(super) struct KernelStream {
    stream: Arc<TcpStream>,
    _kernel: Arc<Kernel>,
}

// The kernel's facts are those of the connection inside the tunnel; a caller takes them for the one to the server, so
// none are given.
impl Io for KernelStream {
    fn abort_on_drop(&mut self) {
        // When the socket is dead already there is nobody left to tell.
        let _ = SockRef::from(&*self.stream).set_linger(Some(Duration::ZERO));
    }
}

impl AsyncRead for KernelStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.stream.poll_read_ready(cx))?;
            match self.stream.try_read(buf.initialize_unfilled()) {
                Ok(length) => {
                    buf.advance(length);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for KernelStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.stream.poll_write_ready(cx))?;
            match self.stream.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(SockRef::from(&*self.stream).shutdown(Shutdown::Write))
    }
}

/// A UDP socket inside the tunnel. The kernel cuts what the tunnel's MTU does not hold (RFC 791 §2.3).
pub(super) struct KernelDatagrams {
    socket: Arc<UdpSocket>,
    _kernel: Arc<Kernel>,
}

impl Datagrams for KernelDatagrams {
    fn poll_send_to(&self, cx: &mut Context<'_>, packet: &[u8], to: SocketAddr) -> Poll<io::Result<usize>> {
        self.socket.poll_send_to(cx, packet, to)
    }

    fn poll_recv_from(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<SocketAddr>> {
        self.socket.poll_recv_from(cx, buf)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}
