//! A UDP socket that takes what has come with one call (recvmmsg, UDP_GRO) and sends a run of datagrams with one
//! (UDP_SEGMENT), and is in all else the system's own: what it does with a datagram that a line does not hold stays as it
//! is. Linux only; elsewhere, and where the kernel refuses, one datagram at a time.

use super::io::Datagrams;
use tokio::net::UdpSocket;

/// A socket for a person's datagrams.
#[cfg(target_os = "linux")]
pub(super) fn in_runs(socket: UdpSocket) -> Box<dyn Datagrams> {
    Box::new(linux::RunSocket::new(socket))
}

/// A socket for a person's datagrams.
#[cfg(not(target_os = "linux"))]
pub(super) fn in_runs(socket: UdpSocket) -> Box<dyn Datagrams> {
    Box::new(socket)
}

#[cfg(target_os = "linux")]
mod linux {
    use crate::net::bulk::Batch;
    use crate::net::io::Datagrams;
    use nix::sys::socket::{setsockopt, sockopt};
    use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
    use socket2::SockRef;
    use std::io::{self, IoSliceMut};
    use std::net::SocketAddr;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Context, Poll, ready};
    use tokio::io::{Interest, ReadBuf};
    use tokio::net::UdpSocket;

    /// What is asked of the kernel for what waits to be taken, a few milliseconds of a fast line; it gives what it may.
    const WAITING: usize = 1 << 20;

    /// The socket.
    pub(super) struct RunSocket {
        socket: UdpSocket,
        /// The kernel has taken no run yet, or taken all.
        takes_runs: AtomicBool,
        /// It gives batches, and may join datagrams.
        joins: AtomicBool,
    }

    /// The calls themselves. They are made with any socket; its own options it sets on the one that it is made with, which
    /// is thrown away: among them is one that forbids fragments, which a tunnel wants and a person's packets do not.
    struct Kernel {
        calls: UdpSocketState,
        /// Datagrams of one run, at most.
        longest: usize,
    }

    fn kernel() -> Option<&'static Kernel> {
        static KERNEL: OnceLock<Option<Kernel>> = OnceLock::new();
        let open = || {
            let socket = std::net::UdpSocket::bind("127.0.0.1:0").or_else(|_| std::net::UdpSocket::bind("[::1]:0"));
            let calls = UdpSocketState::new((&socket.ok()?).into()).ok()?;
            Some(Kernel { longest: calls.max_gso_segments(), calls })
        };
        KERNEL.get_or_init(open).as_ref()
    }

    impl RunSocket {
        pub(super) fn new(socket: UdpSocket) -> Self {
            Self { socket, takes_runs: AtomicBool::new(true), joins: AtomicBool::new(false) }
        }

        /// Before the first batch.
        fn join(&self) {
            if !self.joins.swap(true, Ordering::Relaxed) {
                // A kernel that does not join them gives them one by one.
                let _ = setsockopt(&self.socket, sockopt::UdpGroSegment, &true);
                let socket = SockRef::from(&self.socket);
                if socket.recv_buffer_size().is_ok_and(|size| size < WAITING) {
                    let _ = socket.set_recv_buffer_size(WAITING);
                }
            }
        }
    }

    impl Datagrams for RunSocket {
        fn poll_send_to(&self, cx: &mut Context<'_>, packet: &[u8], to: SocketAddr) -> Poll<io::Result<usize>> {
            self.socket.poll_send_to(cx, packet, to)
        }

        fn poll_recv_from(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<SocketAddr>> {
            if self.joins.load(Ordering::Relaxed) {
                return Poll::Ready(Err(io::ErrorKind::InvalidInput.into()));
            }
            self.socket.poll_recv_from(cx, buf)
        }

        fn local_addr(&self) -> io::Result<SocketAddr> {
            self.socket.local_addr()
        }

        fn longest_run(&self) -> usize {
            if self.takes_runs.load(Ordering::Relaxed) { kernel().map_or(1, |kernel| kernel.longest) } else { 1 }
        }

        fn poll_send_run(&self, cx: &mut Context<'_>, run: &[u8], size: usize, to: SocketAddr) -> Poll<io::Result<()>> {
            let Some(kernel) = kernel().filter(|_| run.len() > size) else {
                return self.socket.poll_send_to(cx, run, to).map_ok(|_| ());
            };
            let transmit =
                Transmit { destination: to, ecn: None, contents: run, segment_size: Some(size), src_ip: None };
            loop {
                ready!(self.socket.poll_send_ready(cx))?;
                let send = || kernel.calls.try_send((&self.socket).into(), &transmit);
                match self.socket.try_io(Interest::WRITABLE, send) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => {
                        // A device that cannot, a line that is too narrow, a kernel without it: not with this socket.
                        if matches!(error.raw_os_error(), Some(libc::EIO | libc::EINVAL | libc::EMSGSIZE)) {
                            self.takes_runs.store(false, Ordering::Relaxed);
                        }
                        return Poll::Ready(Err(error));
                    }
                    Ok(()) => return Poll::Ready(Ok(())),
                }
            }
        }

        fn poll_recv_batch(&self, cx: &mut Context<'_>, batch: &mut Batch) -> Poll<io::Result<()>> {
            batch.clear();
            let Some(kernel) = kernel() else {
                return batch.add(|room| self.socket.poll_recv_from(cx, room), |from| Some(*from)).map_ok(|_| ());
            };
            self.join();
            let most = batch.rooms().count().min(BATCH_SIZE);
            loop {
                ready!(self.socket.poll_recv_ready(cx))?;
                let mut metas = [RecvMeta::default(); BATCH_SIZE];
                let mut count = 0;
                let received = self.socket.try_io(Interest::READABLE, || {
                    let mut rooms = batch.rooms().map(IoSliceMut::new);
                    let mut rooms: [IoSliceMut<'_>; BATCH_SIZE] =
                        std::array::from_fn(|_| rooms.next().unwrap_or_else(|| IoSliceMut::new(&mut [])));
                    count = kernel.calls.recv((&self.socket).into(), &mut rooms[..most], &mut metas)?;
                    // Fewer than there is room for: no more have come. The next one is an event of its own.
                    if count < most { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
                });
                match received {
                    _ if count > 0 => {
                        batch.received(&metas[..count]);
                        return Poll::Ready(Ok(()));
                    }
                    Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Poll::Ready(Err(error)),
                    Ok(()) | Err(_) => {}
                }
            }
        }
    }
}
