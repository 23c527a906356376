//! Where the system cannot bring byway what was meant for others: every door of the kind says so.

use crate::net::io::Stream;
use crate::net::listen::BindError;
use std::io;
use std::net::SocketAddr;
use tokio::net::UdpSocket;

/// How the firewall brings connections here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Capture {
    /// Destination NAT to a port of this machine.
    Redirect,
    /// Handed to a transparent socket as it came.
    Tproxy,
}

fn unsupported(address: SocketAddr) -> BindError {
    BindError::new(address, io::ErrorKind::Unsupported.into())
}

/// Connections that mean somebody else; there are none here.
#[derive(Debug)]
pub struct CaughtStreams(std::convert::Infallible);

impl CaughtStreams {
    /// Fails.
    pub fn bind(address: SocketAddr, _: Capture) -> Result<Self, BindError> {
        Err(unsupported(address))
    }

    /// Where it listens.
    pub const fn local_addr(&self) -> SocketAddr {
        match self.0 {}
    }

    /// The next client.
    pub async fn accept(&self) -> (Stream, SocketAddr, Option<SocketAddr>) {
        std::future::pending().await
    }
}

/// Datagrams that mean somebody else; there are none here.
#[derive(Debug)]
pub struct CaughtDatagrams(std::convert::Infallible);

impl CaughtDatagrams {
    /// Fails.
    pub fn bind(address: SocketAddr) -> Result<Self, BindError> {
        Err(unsupported(address))
    }

    /// Where it is bound.
    pub const fn local_addr(&self) -> SocketAddr {
        match self.0 {}
    }

    /// The next datagram.
    pub async fn recv(&self, _: &mut [u8]) -> io::Result<(usize, SocketAddr, SocketAddr)> {
        std::future::pending().await
    }
}

/// Fails.
pub fn speaking_as(_: SocketAddr) -> io::Result<UdpSocket> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Refusals, of which none can be sent.
#[derive(Debug)]
pub struct Unreachable;

impl Unreachable {
    /// Nothing.
    pub const fn open() -> Self {
        Self
    }

    /// Says nothing.
    pub const fn refuse(&self, _: SocketAddr, _: SocketAddr, _: usize) -> bool {
        false
    }
}
