//! WireGuard in this process: no device, no root, nothing of the machine's routes. A noise core, a TCP/IP stack above it,
//! and one task between them and the socket. It comes up at the first dial and goes when nobody uses it, so that a start
//! never needs the network. AmneziaWG is the same with another disguise.
//!
//! A session with the server proves the server; that a handshake was answered proves nothing about what is carried.

mod carrier;
mod core;
mod datagrams;
mod engine;
mod facts;
mod inside;
mod kernel;
mod outbox;
mod segments;
mod stack;
mod stream;

pub(super) use carrier::Base;

use super::direct::{Direct, Lookup};
use super::{Life, PacketDialer, StreamDialer};
use crate::model::{Cause, Destination, Failure, Secret, Stage};
use crate::net::tls::TlsError;
use crate::net::{Deadline, Packets, Resolver, Stream};
use crate::wire::amnezia::Disguise;
use engine::{Phase, Shared};
use facts::Facts;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use inside::Inside;
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// A WireGuard peer, as a wg-quick file describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireGuardServer {
    /// Where it is.
    pub server: Destination,
    /// The own private key.
    pub private_key: Secret<[u8; 32]>,
    /// The peer's public key.
    pub public_key: [u8; 32],
    /// A key both know beforehand, where there is one.
    pub preshared_key: Option<Secret<[u8; 32]>>,
    /// The own addresses inside the tunnel: one of each family at most is used.
    pub addresses: Vec<IpAddr>,
    /// Who is asked for names, inside the tunnel.
    pub dns: Vec<IpAddr>,
    /// The largest IP packet inside the tunnel.
    pub mtu: u16,
    /// Seconds between packets that keep the way open, while the tunnel is up.
    pub keepalive: Option<u16>,
    /// Who does TCP and UDP inside the tunnel.
    pub tcp: TcpBy,
    /// How its packets look on the wire.
    pub disguise: Disguise,
}

/// Who does TCP and UDP inside a tunnel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TcpBy {
    /// The kernel where byway may make a network of its own (Linux, as root), else this process.
    #[default]
    Auto,
    /// This process.
    Own,
}

/// A tunnel, up or not.
pub(super) struct Tunnel {
    settings: Arc<WireGuardServer>,
    base: Arc<Base>,
    facts: Arc<Facts>,
    running: Mutex<Weak<Shared>>,
}

impl Tunnel {
    fn new(settings: &WireGuardServer, base: Base) -> Self {
        let mut settings = settings.clone();
        let first = |four: bool| settings.addresses.iter().copied().find(|own| own.is_ipv4() == four);
        settings.addresses = [first(true), first(false)].into_iter().flatten().collect();
        Self { settings: Arc::new(settings), base: Arc::new(base), facts: Arc::default(), running: Mutex::default() }
    }

    /// The tunnel that is up or coming up. Begins one where there is none.
    fn running(&self) -> Arc<Shared> {
        let mut running = lock(&self.running);
        self.facts.dialled();
        if let Some(shared) = running.upgrade().filter(|shared| !shared.is_down()) {
            return shared;
        }
        let shared = Arc::new(Shared::new(&self.settings, Arc::clone(&self.facts)));
        *running = Arc::downgrade(&shared);
        // Ends by itself when nobody uses the tunnel, at once when this way is gone.
        tokio::spawn(engine::run(Arc::clone(&self.settings), Arc::clone(&self.base), Arc::clone(&shared)));
        shared
    }

    /// The tunnel once there is a session.
    async fn up(&self, deadline: Deadline) -> Result<Arc<Shared>, Failure> {
        loop {
            let shared = self.running();
            let mut phase = shared.phase();
            shared.knock();
            let arrived = deadline.run(phase.wait_for(|phase| !matches!(phase, Phase::Coming))).await;
            match arrived.map(|phase| phase.map(|phase| phase.clone())) {
                Some(Ok(Phase::Up)) => return Ok(shared),
                // It went to rest in this very moment.
                Some(Ok(Phase::Down(failure))) if failure.cause == Cause::Interrupted => {}
                Some(Ok(Phase::Down(failure))) => return Err(failure),
                Some(Ok(Phase::Coming) | Err(_)) | None => return Err(engine::unanswered()),
            }
        }
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        if let Some(shared) = lock(&self.running).upgrade() {
            shared.forsaken.store(true, Ordering::Relaxed);
        }
    }
}

impl Life for Tunnel {
    fn trouble(&self) -> Option<String> {
        self.facts.trouble().map(|trouble| trouble.to_string())
    }

    fn manner(&self) -> Option<&'static str> {
        self.facts.manner()
    }

    fn moved(&self) {
        if let Some(shared) = lock(&self.running).upgrade() {
            shared.moved();
        }
    }
}

/// Streams and packets through a tunnel: inside it, everything is as on a line of its own.
pub(super) struct WireGuard {
    tunnel: Arc<Tunnel>,
    inside: Direct,
}

impl WireGuard {
    /// A tunnel to a server. `elsewhere` knows the public resolvers, who are asked through the tunnel where the server
    /// names none of its own. Opens nothing.
    pub(super) fn new(settings: &WireGuardServer, base: Base, elsewhere: &Resolver) -> Result<Self, TlsError> {
        let tunnel = Arc::new(Tunnel::new(settings, base));
        let network = Arc::new(Inside { tunnel: Arc::clone(&tunnel), dns: settings.dns.clone() });
        let resolver = Arc::new(elsewhere.through(network.clone())?);
        Ok(Self { tunnel, inside: Direct::new(network, resolver, Lookup::Destination) })
    }

    pub(super) fn life(&self) -> Arc<dyn Life> {
        self.tunnel.clone()
    }

    /// Where nothing at all came through the tunnel meanwhile, it is the tunnel that failed.
    fn blame(&self, before: u64, failure: Failure) -> Failure {
        let silent = matches!(failure.cause, Cause::GenericTimeoutError) && self.tunnel.facts.bytes() == before;
        if !silent {
            return failure;
        }
        if let Some(shared) = lock(&self.tunnel.running).upgrade() {
            shared.doubt();
        }
        engine::unanswered().after(failure.elapsed)
    }
}

impl StreamDialer for WireGuard {
    fn dial<'a>(&'a self, to: &'a Destination, deadline: Deadline) -> BoxFuture<'a, Result<Stream, Failure>> {
        async move {
            self.tunnel.up(deadline).await?;
            let before = self.tunnel.facts.bytes();
            self.inside.dial(to, deadline).await.map_err(|failure| self.blame(before, failure))
        }
        .boxed()
    }
}

impl PacketDialer for WireGuard {
    fn associate(&self, deadline: Deadline) -> BoxFuture<'_, Result<Packets, Failure>> {
        async move {
            self.tunnel.up(deadline).await?;
            self.inside.associate(deadline).await.map_err(|failure| match failure.stage {
                Stage::Udp => failure.near(),
                _ => failure,
            })
        }
        .boxed()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
