//! Shadowsocks as a client: AEAD (SIP004) and the 2022 edition (SIP022), streams and packets, over any way that
//! reaches the server. Refuses the stream ciphers and `none`, which protect nothing. That a stream "opened" proves
//! nothing: the server answers only with the destination's first bytes.

use super::build::{BuildError, ShadowsocksServer};
use super::tagged::at_server;
use super::{PacketDialer, StreamDialer};
use crate::model::{Destination, Failure, Host};
use crate::net::{Deadline, Packets, Stream};
use ::shadowsocks::config::{ServerConfig, ServerType};
use ::shadowsocks::context::{Context, SharedContext};
use ::shadowsocks::crypto::CipherKind;
use ::shadowsocks::relay::Address;
use futures_util::future::BoxFuture;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

mod frames;
mod stream;
mod udp;

/// The ciphers byway speaks, as links and panels name them.
pub(super) const METHODS: [&str; 6] = [
    "aes-128-gcm",
    "aes-256-gcm",
    "chacha20-ietf-poly1305",
    "2022-blake3-aes-128-gcm",
    "2022-blake3-aes-256-gcm",
    "2022-blake3-chacha20-poly1305",
];

/// Random bytes that a salt must keep when a prefix takes its first ones: a salt that repeats breaks the cipher.
const LEAST_RANDOM_SALT: usize = 8;

/// The key and cipher of one server, and how its first bytes look.
pub(super) struct Account {
    server: Destination,
    prefix: Vec<u8>,
    /// Holds the key; never printed.
    config: ServerConfig,
    shared: SharedContext,
}

impl Account {
    /// Checks the cipher, the key and the prefix.
    pub(super) fn new(settings: &ShadowsocksServer) -> Result<Self, BuildError> {
        let method = settings.method.to_ascii_lowercase();
        let unknown = || BuildError::Method { method: settings.method.clone(), known: METHODS.join(", ") };
        if !METHODS.contains(&method.as_str()) {
            return Err(unknown());
        }
        let kind: CipherKind = method.parse().map_err(|_| unknown())?;
        if settings.password.expose().is_empty() {
            return Err(BuildError::NoPassword);
        }
        // The library's own address is not used: byway dials by itself.
        let nowhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        let config = ServerConfig::new(nowhere, settings.password.expose().clone(), kind)
            .map_err(|_| BuildError::Key { method, bytes: kind.key_len() })?;
        let longest = kind.salt_len().saturating_sub(LEAST_RANDOM_SALT);
        if settings.prefix.len() > longest {
            return Err(BuildError::Prefix { length: settings.prefix.len(), longest });
        }
        Ok(Self {
            server: settings.server.clone(),
            prefix: settings.prefix.clone(),
            config,
            shared: Context::new_shared(ServerType::Local),
        })
    }
}

/// Streams through a server.
pub(super) struct Streams {
    pub(super) account: Arc<Account>,
    pub(super) inner: Arc<dyn StreamDialer>,
}

impl StreamDialer for Streams {
    fn dial<'a>(&'a self, to: &'a Destination, deadline: Deadline) -> BoxFuture<'a, Result<Stream, Failure>> {
        Box::pin(async move {
            let carrier = self.inner.dial(&self.account.server, deadline).await.map_err(at_server)?;
            Ok(Box::new(stream::ShadowStream::new(&self.account, carrier, &address(to))) as Stream)
        })
    }
}

/// Packets through a server.
pub(super) struct PacketStreams {
    pub(super) account: Arc<Account>,
    pub(super) inner: Arc<dyn PacketDialer>,
}

impl PacketDialer for PacketStreams {
    fn associate(&self, deadline: Deadline) -> BoxFuture<'_, Result<Packets, Failure>> {
        Box::pin(async move {
            let carrier = self.inner.associate(deadline).await.map_err(at_server)?;
            Ok(Box::new(udp::ShadowPackets::new(&self.account, carrier)) as Packets)
        })
    }
}

fn address(to: &Destination) -> Address {
    match &to.host {
        Host::Name(name) => Address::DomainNameAddress(name.to_string(), to.port),
        Host::Ip(ip) => Address::SocketAddress(SocketAddr::new(*ip, to.port)),
    }
}

#[cfg(test)]
mod tests;
