//! The doors in: SOCKS5, SOCKS4 and HTTP on one port; beside them the relay's, the one for WhatsApp's own proxy setting,
//! what the firewall catches, and names for the LAN. A client is heard out by a deadline and becomes a [`Request`] that is
//! not yet answered. This room dials nothing and knows no ways; it cannot say yes by itself.

pub mod dns;
mod door;
mod error;
mod gate;
mod http;
mod login;
pub mod relay;
mod request;
mod socks;
pub mod transparent;
mod udp;
pub mod whatsapp;

#[cfg(test)]
mod tests;

pub use door::{Door, Served};
pub use error::{Error, Stranger};
pub use gate::{Gate, Pass, Visits};
pub use http::Script;
pub use login::Login;
pub use request::{Answer, Association, Onward, Protocol, Refusal, Request, Rest, Want};

use std::net::SocketAddr;
use std::time::Duration;

/// A door: where to listen and who may come in.
#[derive(Clone, Debug)]
pub struct Listen {
    /// Where.
    pub addr: SocketAddr,
    /// User and password; needed when `addr` is not loopback.
    pub login: Option<Login>,
}

impl Listen {
    /// Whether anybody beyond this machine could come in unasked. Such a door must not be opened.
    pub const fn is_open_to_all(addr: SocketAddr, has_login: bool) -> bool {
        !has_login && !addr.ip().to_canonical().is_loopback()
    }
}

/// How patient the doors are.
#[derive(Clone, Debug)]
pub struct Settings {
    /// From accept to a complete request. 10 s: a person's slow line, not an attacker's patience.
    pub negotiation: Duration,
    /// Connections at once over all doors.
    pub max_connections: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { negotiation: Duration::from_secs(10), max_connections: 4096 }
    }
}
