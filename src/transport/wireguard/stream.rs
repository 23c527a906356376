//! A TCP connection inside the tunnel, as a stream: reads and writes go to the stack's buffers directly, the tunnel's task
//! moves them on.

use super::engine::Shared;
use crate::net::Io;
use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp::{RecvError, Socket, State};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

pub(super) struct InnerStream {
    shared: Arc<Shared>,
    handle: SocketHandle,
    port: u16,
    abort: bool,
}

impl InnerStream {
    /// Connects. The stack gives up after a while; dropping this gives up at once.
    pub(super) async fn connect(shared: Arc<Shared>, to: SocketAddr) -> io::Result<Self> {
        let (handle, port) = shared.with(|stack| stack.connect(to, fastrand::u16(..)))?;
        shared.kick();
        let mut stream = Self { shared, handle, port, abort: true };
        let began = Instant::now();
        poll_fn(|cx| stream.poll_connected(cx, began)).await?;
        stream.abort = false;
        Ok(stream)
    }

    fn poll_connected(&self, cx: &mut Context<'_>, began: Instant) -> Poll<io::Result<()>> {
        self.socket(|socket| match socket.state() {
            State::SynSent | State::SynReceived | State::Listen => {
                socket.register_send_waker(cx.waker());
                Poll::Pending
            }
            State::Closed if began.elapsed() >= super::stack::SILENCE => {
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            State::Closed => Poll::Ready(Err(io::ErrorKind::ConnectionRefused.into())),
            _ => Poll::Ready(Ok(())),
        })
    }

    fn socket<T>(&self, act: impl FnOnce(&mut Socket<'static>) -> T) -> T {
        self.shared.with(|stack| act(stack.tcp(self.handle)))
    }
}

impl Drop for InnerStream {
    fn drop(&mut self) {
        self.shared.with(|stack| stack.leave(self.handle, self.port, self.abort, Instant::now()));
        self.shared.kick();
    }
}

impl Io for InnerStream {
    fn abort_on_drop(&mut self) {
        self.abort = true;
    }
}

impl AsyncRead for InnerStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let (read, narrow) = self.socket(|socket| {
            let narrow = socket.recv_queue() > socket.recv_capacity() / 2;
            let mut taken = 0;
            loop {
                // The buffer is a ring: what wraps around comes in two pieces.
                match socket.recv(|bytes| {
                    let n = bytes.len().min(buf.remaining());
                    buf.put_slice(&bytes[..n]);
                    (n, n)
                }) {
                    Ok(0) if taken == 0 && buf.remaining() > 0 => {
                        socket.register_recv_waker(cx.waker());
                        return (Poll::Pending, false);
                    }
                    Ok(0) => return (Poll::Ready(Ok(())), narrow),
                    Ok(n) => taken += n,
                    Err(_) if taken > 0 => return (Poll::Ready(Ok(())), narrow),
                    Err(RecvError::Finished) => return (Poll::Ready(Ok(())), false),
                    Err(RecvError::InvalidState) => {
                        return (Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())), false);
                    }
                }
            }
        });
        if narrow {
            // The peer may wait for the window to open.
            self.shared.kick();
        }
        read
    }
}

impl AsyncWrite for InnerStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let written = self.shared.with(|stack| {
            let socket = stack.tcp(self.handle);
            match socket.send_slice(bytes) {
                Err(_) => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
                Ok(0) => {
                    socket.register_send_waker(cx.waker());
                    Poll::Pending
                }
                Ok(n) => {
                    stack.awaited(self.handle);
                    Poll::Ready(Ok(n))
                }
            }
        });
        if written.is_ready() {
            self.shared.kick();
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket(Socket::close);
        self.shared.kick();
        Poll::Ready(Ok(()))
    }
}
