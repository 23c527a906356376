//! The network inside a tunnel, as any other network: connections, packets, and the tunnel's own resolvers. Nothing of
//! it ever goes out beside the tunnel.

use super::Tunnel;
use super::datagrams::InnerDatagrams;
use super::stream::InnerStream;
use crate::net::resolve::ask_plain;
use crate::net::{Datagrams, Deadline, Network, Stream};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// How long the tunnel's resolvers may take together.
const LOOKUP: Duration = Duration::from_secs(4);
/// Where a resolver listens.
const DNS: u16 = 53;

pub(super) struct Inside {
    pub(super) tunnel: Arc<Tunnel>,
    pub(super) dns: Vec<IpAddr>,
}

impl Network for Inside {
    fn connect(&self, to: SocketAddr) -> BoxFuture<'_, io::Result<Stream>> {
        async move {
            let running = self.tunnel.running();
            running.with(|stack| stack.own(to))?;
            let stream: Stream = match running.kernel().cloned() {
                Some(kernel) => Box::new(kernel.connect(to).await?),
                None => Box::new(InnerStream::connect(running, to).await?),
            };
            Ok(stream)
        }
        .boxed()
    }

    fn bind_udp(&self, like: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn Datagrams>>> {
        async move {
            let running = self.tunnel.running();
            running.with(|stack| stack.own(like))?;
            let socket: Box<dyn Datagrams> = match running.kernel().cloned() {
                Some(kernel) => Box::new(kernel.bind(like).await?),
                None => Box::new(InnerDatagrams::bind(running, like)?),
            };
            Ok(socket)
        }
        .boxed()
    }

    fn system_lookup<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        async move {
            let servers = self.system_resolvers();
            ask_plain(self, &servers, name, Deadline::after(LOOKUP)).await
        }
        .boxed()
    }

    fn system_resolvers(&self) -> Vec<SocketAddr> {
        self.dns.iter().map(|ip| SocketAddr::new(*ip, DNS)).collect()
    }
}
