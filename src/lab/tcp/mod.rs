//! A simulated TCP stream: an end of a [`Connection`] that reads and writes like a socket, in tokio's time,
//! real or paused. One small task per connection lets happen what is due; there is no socket anywhere.

mod connection;
mod end;
mod gate;
#[cfg(test)]
mod tests;

pub(super) use gate::{Gate, HEADERS, Passage, SEGMENT, Side, Unwatched};

use crate::model::TcpFacts;
use crate::net::Io;
use connection::{Connection, Read, Written};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::Instant;

/// The connection and what wakes its task.
struct Shared {
    connection: Mutex<Connection>,
    nudge: Notify,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `work` on the connection and tells its task when that brought the next event nearer.
    fn with<T>(&self, work: impl FnOnce(&mut Connection, Instant) -> T) -> T {
        let now = Instant::now();
        let mut connection = self.lock();
        let before = connection.next();
        let result = work(&mut connection, now);
        let after = connection.next();
        if connection.is_over() || after.is_some_and(|at| before.is_none_or(|earlier| at < earlier)) {
            self.nudge.notify_one();
        }
        result
    }
}

/// One end of a simulated TCP connection.
pub(super) struct Wire {
    side: Side,
    /// Whom this end talks to.
    peer: SocketAddr,
    abort: bool,
    shared: Arc<Shared>,
}

/// The two ends of a fresh connection from `near` to `far`, watched by `gate`.
pub(super) fn pair(near: SocketAddr, far: SocketAddr, rtt: Duration, gate: Box<dyn Gate>) -> (Wire, Wire) {
    let connection = Mutex::new(Connection::new(rtt, gate, Instant::now()));
    let shared = Arc::new(Shared { connection, nudge: Notify::new() });
    tokio::spawn(drive(shared.clone()));
    let end = |side, peer| Wire { side, peer, abort: false, shared: shared.clone() };
    (end(Side::Near, far), end(Side::Far, near))
}

/// Lets everything happen at its time, until both ends are gone.
async fn drive(shared: Arc<Shared>) {
    loop {
        let next = {
            let mut connection = shared.lock();
            connection.advance(Instant::now());
            if connection.is_over() {
                return;
            }
            connection.next()
        };
        match next {
            Some(at) => drop(tokio::time::timeout_at(at, shared.nudge.notified()).await),
            None => shared.nudge.notified().await,
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        match self.shared.with(|connection, now| connection.read(self.side, buf.remaining(), now, cx.waker())) {
            Read::Bytes(bytes) => buf.put_slice(&bytes),
            Read::End => {}
            Read::Failed(why) => return Poll::Ready(Err(why.into())),
            Read::Nothing => return Poll::Pending,
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.shared.with(|connection, now| connection.write(self.side, bytes, now, cx.waker())) {
            Written::Bytes(size) => Poll::Ready(Ok(size)),
            Written::Failed(why) => Poll::Ready(Err(why.into())),
            Written::Full => Poll::Pending,
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shared.with(|connection, now| connection.shut(self.side, now));
        Poll::Ready(Ok(()))
    }
}

impl Io for Wire {
    fn tcp_facts(&self) -> Option<TcpFacts> {
        Some(self.shared.with(|connection, now| connection.facts(self.side, now)))
    }

    fn endpoint(&self) -> Option<SocketAddr> {
        Some(self.peer)
    }

    fn abort_on_drop(&mut self) {
        self.abort = true;
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.shared.with(|connection, now| connection.close(self.side, self.abort, now));
    }
}
