//! The seam between byway and the wire: what an operating system offers. [`crate::net::OsNetwork`] is the
//! real one; the lab's country is another.

use super::io::{Datagrams, Stream};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// An operating system's network, as far as byway uses it.
pub trait Network: Send + Sync + 'static {
    /// Opens a TCP connection with TCP_NODELAY set. No timeout of its own: the caller holds the deadline.
    fn connect(&self, to: SocketAddr) -> BoxFuture<'_, io::Result<Stream>>;

    /// Binds an unconnected UDP socket of the family of `like`, on a free port.
    fn bind_udp(&self, like: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn Datagrams>>>;

    /// As [`Network::bind_udp`], for a socket that carries very many packets: it may send and receive runs of them.
    fn bind_bulk_udp(&self, like: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn Datagrams>>> {
        self.bind_udp(like)
    }

    /// Asks the system's own resolver. `NotFound` means that the name does not exist or has no address.
    fn system_lookup<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;

    /// The addresses of the system's own resolvers, to be asked raw (RFC 1035 §4.2). Empty when they are not known.
    fn system_resolvers(&self) -> Vec<SocketAddr> {
        Vec::new()
    }
}

/// A point in time by which something must be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(tokio::time::Instant);

impl Deadline {
    /// `span` from now.
    pub fn after(span: std::time::Duration) -> Self {
        Self(tokio::time::Instant::now() + span)
    }

    /// The earlier of this and `span` from now.
    pub fn at_most(self, span: std::time::Duration) -> Self {
        self.min(Self::after(span))
    }

    /// The instant itself, for timers.
    pub const fn instant(self) -> tokio::time::Instant {
        self.0
    }

    /// Runs `work` until the deadline; `None` when it passes first.
    pub fn run<F: Future>(self, work: F) -> impl Future<Output = Option<F::Output>> {
        // No `async fn`, which would have room for `work` twice.
        tokio::time::timeout_at(self.0, work).map(Result::ok)
    }
}
