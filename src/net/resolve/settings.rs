//! What a resolver is made of: whom it asks, which names it protects, and whom it tells.

use super::Finding;
use crate::model::{Failure, Host};
use crate::net::io::Stream;
use crate::net::network::Deadline;
use crate::net::tls::{Calendar, Trust};
use futures_util::future::BoxFuture;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Opens a stream to a resolver; so that look-ups can go through a tunnel.
pub type Opener = Arc<dyn Fn(SocketAddr, Deadline) -> BoxFuture<'static, Result<Stream, Failure>> + Send + Sync>;

/// Is told a name and what was found about it.
pub type Observer = Arc<dyn Fn(&str, Finding) + Send + Sync>;

/// A DNS-over-HTTPS server (RFC 8484), reached by address so that it needs no look-up itself.
#[derive(Clone, Debug)]
pub struct SecureServer {
    /// Where it is.
    pub address: SocketAddr,
    /// The name that its certificate must hold, and the `Host` of the request.
    pub name: Host,
    /// The name shown in the ClientHello, when it shall be another one.
    pub shown: Option<Host>,
    /// The path of the URI template, `/dns-query` as a rule.
    pub path: String,
    /// Whose certificates are believed.
    pub trust: Trust,
}

/// What a [`Resolver`](super::Resolver) is made of.
#[derive(Clone)]
pub struct Settings {
    /// Secure resolvers, the preferred one first.
    pub servers: Vec<SecureServer>,
    /// Which names must not be believed to the system alone.
    pub listed: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    /// Is told every disagreement about a listed name, also after the look-up has been answered.
    pub observer: Observer,
    /// Believe the system about a listed name when every secure resolver fails. Off by default: a forged address
    /// is worse than none, since another way can be taken.
    pub system_alone: bool,
    /// Let a secure resolver's private addresses pass for a listed name (split-horizon networks, tests).
    pub allow_private: bool,
    /// A name that has nothing to do with any listed one: the system's resolver is dead when it does not answer this.
    pub unrelated: Option<String>,
    /// How long to listen for a second answer after the first. 2 s: it catches slow duplicates.
    pub late_window: Duration,
    /// Opens streams to the secure resolvers; straight over the network when `None`.
    pub opener: Option<Opener>,
    /// By which the secure resolvers' certificates are judged; the system's when `None`.
    pub calendar: Option<Calendar>,
}

impl Settings {
    /// No secure resolver, nothing listed, nobody told.
    pub fn system_only() -> Self {
        Self {
            servers: Vec::new(),
            listed: Arc::new(|_| false),
            observer: Arc::new(|_, _| ()),
            system_alone: false,
            allow_private: false,
            unrelated: None,
            late_window: Duration::from_secs(2),
            opener: None,
            calendar: None,
        }
    }
}
