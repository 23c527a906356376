//! A kernel TCP connection: driven by the runtime, and when its relay has settled by the reactor.

use super::io::{Io, Stream};
use super::pipe::Pipe;
use super::reactor::{Seat, Watched};
use super::sys;
use crate::model::TcpFacts;
use socket2::SockRef;
use std::io::{self, IoSlice, Read, Write};
use std::mem::replace;
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};

/// A kernel TCP connection.
pub struct OsStream {
    tcp: Tcp,
}

/// Who says when it is ready.
enum Tcp {
    /// The runtime. In a box, so that little is left when it has settled.
    Driven(Box<Driven>),
    /// The reactor.
    Seated(std::net::TcpStream, Watched),
    /// Nobody could be had.
    Lost,
}

struct Driven {
    tcp: TcpStream,
    peer: Option<SocketAddr>,
}

impl OsStream {
    /// Takes a connected or accepted socket and sets `TCP_NODELAY` on it.
    pub fn new(tcp: TcpStream) -> io::Result<Self> {
        tcp.set_nodelay(true)?;
        let peer = tcp.peer_addr().ok();
        Ok(Self { tcp: Tcp::Driven(Box::new(Driven { tcp, peer })) })
    }

    /// Connects a socket and sets `TCP_NODELAY` on it.
    pub(super) async fn connected(socket: TcpSocket, to: SocketAddr) -> io::Result<Stream> {
        let tcp = socket.connect(to).await?;
        tcp.set_nodelay(true)?;
        Ok(Box::new(Self::between(tcp, to)))
    }

    /// A socket whose `TCP_NODELAY` is set and whose peer is known: nothing is asked of the kernel.
    pub(super) fn between(tcp: TcpStream, peer: SocketAddr) -> Self {
        Self { tcp: Tcp::Driven(Box::new(Driven { tcp, peer: Some(peer) })) }
    }

    fn socket(&self) -> Option<SockRef<'_>> {
        match &self.tcp {
            Tcp::Driven(driven) => Some((&driven.tcp).into()),
            Tcp::Seated(tcp, _) => Some(tcp.into()),
            Tcp::Lost => None,
        }
    }
}

fn lost<T>() -> Poll<io::Result<T>> {
    Poll::Ready(Err(io::ErrorKind::NotConnected.into()))
}

impl Io for OsStream {
    fn tcp_facts(&self) -> Option<TcpFacts> {
        self.socket().as_ref().and_then(sys::tcp_facts)
    }

    fn endpoint(&self) -> Option<SocketAddr> {
        match &self.tcp {
            Tcp::Driven(driven) => driven.peer,
            Tcp::Seated(tcp, _) => tcp.peer_addr().ok(),
            Tcp::Lost => None,
        }
    }

    fn abort_on_drop(&mut self) {
        // A zero linger makes close() send a reset (RFC 9293 §3.6.1 ABORT). When the socket is dead already, the
        // call fails and there is nobody left to tell.
        let _ = self.socket().map(|socket| socket.set_linger(Some(Duration::ZERO)));
    }

    fn as_tcp(&self) -> Option<&TcpStream> {
        if let Tcp::Driven(driven) = &self.tcp { Some(&driven.tcp) } else { None }
    }

    fn is_bare(&self) -> bool {
        true
    }

    fn poll_pull(&mut self, cx: &mut Context<'_>, pipe: &mut Pipe) -> Poll<io::Result<usize>> {
        let tcp = match &self.tcp {
            Tcp::Driven(driven) => &driven.tcp,
            Tcp::Seated(tcp, watched) => return watched.read(|| pipe.pull(tcp), |_| false),
            Tcp::Lost => return lost(),
        };
        loop {
            ready!(tcp.poll_read_ready(cx))?;
            match tcp.try_io(Interest::READABLE, || pipe.pull(tcp)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                moved => return Poll::Ready(moved),
            }
        }
    }

    fn poll_push(&mut self, cx: &mut Context<'_>, pipe: &mut Pipe) -> Poll<io::Result<usize>> {
        let tcp = match &self.tcp {
            Tcp::Driven(driven) => &driven.tcp,
            Tcp::Seated(tcp, watched) => return watched.write(|| pipe.push(tcp), |_| false),
            Tcp::Lost => return lost(),
        };
        loop {
            ready!(tcp.poll_write_ready(cx))?;
            match tcp.try_io(Interest::WRITABLE, || pipe.push(tcp)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                moved => return Poll::Ready(moved),
            }
        }
    }

    fn can_settle(&self) -> bool {
        matches!(self.tcp, Tcp::Driven(_))
    }

    fn settle(&mut self, seat: &Arc<Seat>, side: u8) -> io::Result<()> {
        self.tcp = match replace(&mut self.tcp, Tcp::Lost) {
            Tcp::Driven(driven) => {
                let tcp = driven.tcp.into_std()?;
                let watched = seat.watch(&tcp, side)?;
                Tcp::Seated(tcp, watched)
            }
            other => other,
        };
        Ok(())
    }
}

impl AsyncRead for OsStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.tcp {
            Tcp::Driven(driven) => Pin::new(&mut driven.tcp).poll_read(cx, buf),
            Tcp::Seated(tcp, watched) => {
                let space = buf.initialize_unfilled();
                let room = space.len();
                let n = ready!(watched.read(|| tcp.read(space), |n| *n < room))?;
                buf.advance(n);
                Poll::Ready(Ok(()))
            }
            Tcp::Lost => lost(),
        }
    }
}

impl AsyncWrite for OsStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.tcp {
            Tcp::Driven(driven) => Pin::new(&mut driven.tcp).poll_write(cx, bytes),
            Tcp::Seated(tcp, watched) => watched.write(|| tcp.write(bytes), |n| *n < bytes.len()),
            Tcp::Lost => lost(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.tcp {
            Tcp::Driven(driven) => Pin::new(&mut driven.tcp).poll_shutdown(cx),
            Tcp::Seated(tcp, _) => Poll::Ready(tcp.shutdown(Shutdown::Write)),
            Tcp::Lost => lost(),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.tcp {
            Tcp::Driven(driven) => Pin::new(&mut driven.tcp).poll_write_vectored(cx, slices),
            Tcp::Seated(tcp, watched) => watched.write(|| tcp.write_vectored(slices), |_| false),
            Tcp::Lost => lost(),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}
