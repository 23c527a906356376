//! The settings of the ways that hide in TLS: VLESS, Trojan, and VLESS behind a CDN.

use crate::model::{Destination, Host, Secret};
use crate::net::tls::Trust;
use crate::wire::vless::UserId;

/// TLS to our own server, or to the edge in front of it.
#[derive(Clone, Debug)]
pub struct ServerTls {
    /// The name in the ClientHello; none is sent when `None`.
    pub shown: Option<Host>,
    /// The name or address that the certificate must hold.
    pub checked: Host,
    /// Whose certificates are believed.
    pub trust: Trust,
    /// Whether the name is hidden (RFC 9849).
    pub ech: Ech,
}

/// Whether the name in a hello is hidden (RFC 9849).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ech {
    /// No.
    #[default]
    Never,
    /// Where the name's HTTPS record offers a key; shown openly otherwise.
    Offered,
    /// By these keys (an ECHConfigList), or there is no connection.
    Keys(Vec<u8>),
}

impl ServerTls {
    /// One name shown and checked.
    pub fn same(name: Host, trust: Trust) -> Self {
        Self { shown: Some(name.clone()), checked: name, trust, ech: Ech::Never }
    }
}

/// What a WebSocket's opening says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSocketSpec {
    /// The `Host`.
    pub host: String,
    /// Path and query.
    pub path: String,
    /// How many of the first bytes go into `Sec-WebSocket-Protocol` (Xray's `ed`); 0 for none.
    pub early_data: usize,
}

/// A VLESS server.
#[derive(Clone, Debug)]
pub struct VlessServer {
    /// Where it is.
    pub server: Destination,
    /// Who we are to it.
    pub user: UserId,
    /// TLS to it: VLESS itself hides nothing.
    pub tls: ServerTls,
    /// Inside a WebSocket, where it wants that.
    pub websocket: Option<WebSocketSpec>,
}

/// A Trojan server.
#[derive(Clone, Debug)]
pub struct TrojanServer {
    /// Where it is.
    pub server: Destination,
    /// The password.
    pub password: Secret<String>,
    /// TLS to it.
    pub tls: ServerTls,
    /// Inside a WebSocket, where it wants that.
    pub websocket: Option<WebSocketSpec>,
}

/// How bytes pass a CDN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// A WebSocket.
    WebSocket {
        /// How many of the first bytes go into its opening; 0 for none.
        early_data: usize,
    },
    /// A row of POSTs, to a byway relay.
    Polling,
}

/// A VLESS server behind a CDN.
#[derive(Clone, Debug)]
pub struct FrontedServer {
    /// The edge.
    pub connect: Destination,
    /// TLS to it: the name shown is not the host meant.
    pub tls: ServerTls,
    /// The host meant.
    pub host: String,
    /// Path and query.
    pub path: String,
    /// How bytes pass.
    pub carrier: Carrier,
    /// Who we are to the server.
    pub user: UserId,
}
