//! The dialers over a program's door: SOCKS5, a pluggable transport's server, a plugin's server. Each asks first whether the
//! program is up, and keeps it running as long as its streams last.

use super::PluggableServer;
use super::child::{Child, unusable};
use super::held::{HeldPackets, HeldStream};
use crate::model::{Destination, Failure, Secret};
use crate::net::{Deadline, Packets, Stream};
use crate::transport::build::{BuildError, Login, Socks5Server};
use crate::transport::direct::Direct;
use crate::transport::socks5::{Socks5Packets, Socks5Streams};
use crate::transport::{PacketDialer, StreamDialer};
use crate::wire::pluggable;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// Streams and packets through a program that offers SOCKS5.
pub(super) struct Socks {
    child: Arc<Child>,
    inner: Arc<Direct>,
}

impl Socks {
    pub(super) const fn new(child: Arc<Child>, inner: Arc<Direct>) -> Self {
        Self { child, inner }
    }

    async fn proxy(&self, deadline: Deadline) -> Result<Socks5Streams, Failure> {
        let door = self.child.up(deadline).await?;
        let settings = Socks5Server { server: door.at.into(), login: door.login };
        Socks5Streams::new(&settings, self.inner.clone()).map_err(|_| unusable())
    }
}

impl StreamDialer for Socks {
    fn dial<'a>(&'a self, to: &'a Destination, deadline: Deadline) -> BoxFuture<'a, Result<Stream, Failure>> {
        async move {
            let stream = self.proxy(deadline).await?.dial(to, deadline).await?;
            Ok(Box::new(HeldStream::new(stream, self.child.clone())) as Stream)
        }
        .boxed()
    }
}

impl PacketDialer for Socks {
    fn associate(&self, deadline: Deadline) -> BoxFuture<'_, Result<Packets, Failure>> {
        async move {
            let streams = self.proxy(deadline).await?;
            let packets = Socks5Packets::new(&streams, self.inner.clone(), true).associate(deadline).await?;
            Ok(Box::new(HeldPackets::new(packets, self.child.clone())) as Packets)
        }
        .boxed()
    }
}

/// Streams to the one server that a pluggable transport leads to.
pub(super) struct Pluggable {
    child: Arc<Child>,
    server: Destination,
    login: Option<Login>,
    inner: Arc<Direct>,
}

impl Pluggable {
    pub(super) fn new(server: &PluggableServer, child: Arc<Child>, inner: Arc<Direct>) -> Result<Self, BuildError> {
        let arguments = server.arguments.iter().map(|(key, value)| (key.as_str(), value.expose().as_str()));
        let told = pluggable::credentials(arguments)?;
        let login = told.map(|(user, password)| Login { user, password: Secret::new(password) });
        Ok(Self { child, server: server.server.clone(), login, inner })
    }
}

impl StreamDialer for Pluggable {
    /// Whatever the way above asks for, what answers is what stands behind the transport's server.
    fn dial<'a>(&'a self, _to: &'a Destination, deadline: Deadline) -> BoxFuture<'a, Result<Stream, Failure>> {
        async move {
            let door = self.child.up(deadline).await?;
            let settings = Socks5Server { server: door.at.into(), login: self.login.clone() };
            let streams = Socks5Streams::new(&settings, self.inner.clone()).map_err(|_| unusable())?;
            // The transport's server is this way's own: what keeps us from it is of the near leg.
            let stream = streams.dial(&self.server, deadline).await.map_err(Failure::near)?;
            Ok(Box::new(HeldStream::new(stream, self.child.clone())) as Stream)
        }
        .boxed()
    }
}

/// Streams to a Shadowsocks server through its plugin.
pub(super) struct Plugged {
    child: Arc<Child>,
    inner: Arc<Direct>,
}

impl Plugged {
    pub(super) const fn new(child: Arc<Child>, inner: Arc<Direct>) -> Self {
        Self { child, inner }
    }
}

impl StreamDialer for Plugged {
    /// The plugin was told at its start where its server is.
    fn dial<'a>(&'a self, _to: &'a Destination, deadline: Deadline) -> BoxFuture<'a, Result<Stream, Failure>> {
        async move {
            let door = self.child.up(deadline).await?;
            let stream = self.inner.dial(&door.at.into(), deadline).await.map_err(Failure::near)?;
            Ok(Box::new(HeldStream::new(stream, self.child.clone())) as Stream)
        }
        .boxed()
    }
}
