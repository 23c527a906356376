//! Ways out, one file or folder each. A transport turns a destination into a stream or an association; it
//! knows nothing of services and holds no belief.

mod build;
mod direct;
mod drain;
mod external;
mod fronted;
mod headed;
mod http;
mod interface;
mod proof;
mod pump;
mod reach;
mod secure;
mod shadowsocks;
mod socks5;
mod split;
mod tagged;
mod trojan;
mod trouble;
mod tunnels;
mod vless;
mod websocket;
mod wireguard;

pub use build::{BuildError, HttpServer, Kind, Login, ShadowsocksServer, Socks5Server, Spec, build, rebuild};
pub use external::{
    Children, ExternalProgram, Offers, PluggableServer, Plugin, Run, START_TIMEOUT, find_program, heed_leash,
};
pub use http::TlsSpec;
pub use interface::InterfaceDevice;
pub use trouble::Trouble;
pub use tunnels::{Carrier, Ech, FrontedServer, ServerTls, TrojanServer, VlessServer, WebSocketSpec};
pub use wireguard::{TcpBy, WireGuardServer};

use crate::model::{Destination, Failure, TransportId};
use crate::net::{Deadline, Packets, Stream};
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// Opens streams. One method; a closure can be one.
pub trait StreamDialer: Send + Sync {
    /// Opens a stream to `to`, or says which stage failed. The name is resolved by the far side where there is one.
    fn dial<'a>(&'a self, to: &'a Destination, deadline: Deadline) -> BoxFuture<'a, Result<Stream, Failure>>;
}

/// Opens packet associations. One method; a closure can be one.
pub trait PacketDialer: Send + Sync {
    /// Opens an association that carries packets to any destination.
    fn associate(&self, deadline: Deadline) -> BoxFuture<'_, Result<Packets, Failure>>;
}

impl<F> StreamDialer for F
where
    F: for<'a> Fn(&'a Destination, Deadline) -> BoxFuture<'a, Result<Stream, Failure>> + Send + Sync,
{
    fn dial<'a>(&'a self, to: &'a Destination, deadline: Deadline) -> BoxFuture<'a, Result<Stream, Failure>> {
        self(to, deadline)
    }
}

/// A closure as a dialer: gives the compiler the signature it cannot infer by itself.
pub fn dialer<F>(dial: F) -> F
where
    F: for<'a> Fn(&'a Destination, Deadline) -> BoxFuture<'a, Result<Stream, Failure>> + Send + Sync,
{
    dial
}

/// A way out. One without UDP has no packet dialer, rather than one that errors.
#[derive(Clone)]
pub struct Transport {
    /// Its name.
    pub id: TransportId,
    /// Its kind, for people: `direct`, `split`, `shadowsocks`, `wireguard` …
    pub kind: &'static str,
    /// Whether the person's bytes go over the person's own line to the destination itself.
    pub bare: bool,
    /// Opens streams.
    pub streams: Arc<dyn StreamDialer>,
    /// Opens associations, where the way carries packets.
    pub packets: Option<Arc<dyn PacketDialer>>,
    /// What is wrong with its own server, as last seen.
    pub trouble: Arc<Trouble>,
    /// What it has beyond single connections, where it has that.
    pub life: Option<Arc<dyn Life>>,
}

/// A way that is more than its connections: a tunnel that is up or not, a device that may be absent.
pub trait Life: Send + Sync {
    /// What is wrong with it now, when something is: a name for people, without secrets or places.
    fn trouble(&self) -> Option<String>;

    /// How it does its work, where it chose that itself.
    fn manner(&self) -> Option<&'static str> {
        None
    }

    /// The device is on another network now.
    fn moved(&self) {}
}
