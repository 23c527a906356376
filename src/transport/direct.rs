//! The person's own line: names are resolved here, streams go straight to the destination (RFC 8305), packets too.

use super::{PacketDialer, StreamDialer};
use crate::model::{Cause, Destination, Failure, Host, Stage, Whose};
use crate::net::{Deadline, Network, Packets, Resolver, Stream, connect_any};
use futures_util::future::BoxFuture;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::time::Instant;

mod packets;

/// Whose names are looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    /// A person's destinations.
    Destination,
    /// Our own servers (see [`Resolver::resolve_server`]).
    Server,
}

/// Straight out.
#[derive(Clone)]
pub(super) struct Direct {
    network: Arc<dyn Network>,
    resolver: Arc<Resolver>,
    lookup: Lookup,
}

impl Direct {
    pub(super) fn new(network: Arc<dyn Network>, resolver: Arc<Resolver>, lookup: Lookup) -> Self {
        Self { network, resolver, lookup }
    }

    /// The addresses of a destination; an address literal is its own.
    async fn addresses(&self, to: &Destination, deadline: Deadline) -> Result<Vec<SocketAddr>, Failure> {
        let ips = match (&to.host, self.lookup) {
            (Host::Ip(ip), _) => vec![*ip],
            (Host::Name(name), Lookup::Destination) => self.resolver.resolve(name, deadline).await?.addrs,
            (Host::Name(name), Lookup::Server) => self.resolver.resolve_server(name, deadline).await?,
        };
        Ok(ips.into_iter().map(|ip| SocketAddr::new(ip, to.port)).collect())
    }
}

impl StreamDialer for Direct {
    fn dial<'a>(&'a self, to: &'a Destination, deadline: Deadline) -> BoxFuture<'a, Result<Stream, Failure>> {
        Box::pin(async move {
            let start = Instant::now();
            let outcome = match to.host {
                Host::Ip(ip) => connect_any(&*self.network, &[SocketAddr::new(ip, to.port)], deadline).await,
                Host::Name(_) => {
                    let addrs = self.addresses(to, deadline).await?;
                    connect_any(&*self.network, &addrs, deadline).await
                }
            };
            outcome.map_err(|failure| failure.after(start.elapsed()))
        })
    }
}

impl PacketDialer for Direct {
    fn associate(&self, _: Deadline) -> BoxFuture<'_, Result<Packets, Failure>> {
        Box::pin(async move {
            match packets::DirectPackets::bind(self).await {
                Ok(packets) => Ok(Box::new(packets) as Packets),
                Err(error) => {
                    let failure = Failure::from_io(Stage::Udp, &error);
                    // Nothing has left this machine yet.
                    let cause =
                        if failure.cause == Cause::UnknownFailure { Cause::LocalResource } else { failure.cause };
                    Err(Failure { cause, whose: Whose::Local, ..failure })
                }
            }
        })
    }
}

#[cfg(test)]
mod tests;
