//! Connections and datagrams that the machine's firewall brings here while their senders mean somebody else: by REDIRECT
//! (a destination NAT to this machine; TCP only) and by TPROXY (nothing is rewritten; ip(7), IP_TRANSPARENT). Says where
//! each was meant to go; knows nothing of rules, services or ways. Linux only, and needs CAP_NET_ADMIN for TPROXY.

mod datagrams;
mod unreachable;

pub use datagrams::{CaughtDatagrams, speaking_as};
pub use unreachable::Unreachable;

use super::io::{Io, Stream};
use super::listen::{BindError, Listener};
use socket2::{SockRef, Socket};
use std::io;
use std::net::SocketAddr;

/// How the firewall brings connections here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Capture {
    /// Destination NAT to a port of this machine.
    Redirect,
    /// Handed to a transparent socket as it came.
    Tproxy,
}

/// A listening socket for connections that mean somebody else.
#[derive(Debug)]
pub struct CaughtStreams {
    listener: Listener,
    capture: Capture,
}

impl CaughtStreams {
    /// Listens on `address`. Must be called inside a runtime.
    pub fn bind(address: SocketAddr, capture: Capture) -> Result<Self, BindError> {
        let prepare = |socket: &Socket| match capture {
            Capture::Redirect => Ok(()),
            Capture::Tproxy => set_transparent(&SockRef::from(socket), address),
        };
        Ok(Self { listener: Listener::bind_with(address, prepare)?, capture })
    }

    /// Where it listens.
    pub const fn local_addr(&self) -> SocketAddr {
        self.listener.local_addr()
    }

    /// The next client, its address, and where it meant to go: `None` when it means this listener itself, or nobody
    /// knows. Cancel-safe.
    pub async fn accept(&self) -> (Stream, SocketAddr, Option<SocketAddr>) {
        let (stream, from) = self.listener.accept().await;
        let meant = self.meant(&*stream);
        (stream, from, meant)
    }

    fn meant(&self, stream: &dyn Io) -> Option<SocketAddr> {
        let tcp = stream.as_tcp()?;
        let reached = tcp.local_addr().ok()?;
        let meant = match self.capture {
            Capture::Tproxy => reached,
            Capture::Redirect => original(&SockRef::from(tcp), reached).ok()?,
        };
        is_elsewhere(meant, reached, self.local_addr(), self.capture).then_some(meant)
    }
}

/// Where a redirected connection was meant to go, from the kernel's table of translations.
fn original(socket: &SockRef<'_>, reached: SocketAddr) -> io::Result<SocketAddr> {
    let found = if reached.is_ipv4() { socket.original_dst_v4() } else { socket.original_dst_v6() }?;
    found.as_socket().ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Whether what was `meant` is not this listener itself, which would be dialled for ever. Who dials a redirecting listener
/// openly has not been translated: it meant what it reached. Nothing is translated for TPROXY: only the listener's own
/// address tells.
fn is_elsewhere(meant: SocketAddr, reached: SocketAddr, listener: SocketAddr, capture: Capture) -> bool {
    let ours = match capture {
        Capture::Redirect => meant == reached,
        Capture::Tproxy => {
            let (ip, own) = (meant.ip().to_canonical(), listener.ip().to_canonical());
            meant.port() == listener.port() && (ip == own || ip.is_loopback() || ip.is_unspecified())
        }
    };
    !ours && meant.port() != 0
}

/// Lets a socket have addresses that are not this machine's.
fn set_transparent(socket: &SockRef<'_>, like: SocketAddr) -> io::Result<()> {
    if like.is_ipv4() { socket.set_ip_transparent_v4(true) } else { socket.set_ip_transparent_v6(true) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_dials_the_listener_itself_is_sent_away() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        for (meant, reached, listener, capture, elsewhere) in [
            ("198.51.100.7:443", "192.168.1.1:4183", "0.0.0.0:4183", Capture::Redirect, true),
            ("192.168.1.1:4183", "192.168.1.1:4183", "0.0.0.0:4183", Capture::Redirect, false),
            ("198.51.100.7:4183", "192.168.1.1:4183", "0.0.0.0:4183", Capture::Redirect, true),
            ("198.51.100.7:443", "198.51.100.7:443", "127.0.0.1:4183", Capture::Tproxy, true),
            ("127.0.0.1:4183", "127.0.0.1:4183", "127.0.0.1:4183", Capture::Tproxy, false),
            ("[::1]:4183", "[::1]:4183", "[::1]:4183", Capture::Tproxy, false),
            ("[2001:db8::7]:4183", "[2001:db8::7]:4183", "[::1]:4183", Capture::Tproxy, true),
            ("198.51.100.7:0", "198.51.100.7:0", "127.0.0.1:4183", Capture::Tproxy, false),
        ] {
            let found = is_elsewhere(at(meant), at(reached), at(listener), capture);
            assert_eq!(found, elsewhere, "{meant} {capture:?}");
        }
    }
}
