//! The far end of somebody's tunnel: takes an arrival at the relay straight to its destination, and never anywhere that
//! only this machine can reach, unless told so. It believes and reports nothing: here is not where services are blocked.

use crate::inbound::relay::Arrival;
use crate::model::{Destination, Host};
use crate::net::resolve::is_bogon;
use crate::net::{Deadline, FlowMeter, Network, Resolver, connect_any, copy_both};
use crate::wire::vless::{self, Command};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How long a destination may take to answer.
const CONNECT: Duration = Duration::from_secs(10);
/// Silence both ways that ends a stream: longer than any messenger's own keep-alive.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// Silence both ways that ends packets (RFC 4787 §4.3).
const IDLE_PACKETS: Duration = Duration::from_secs(150);

/// Where arrivals leave.
#[derive(Clone)]
pub struct Exit {
    network: Arc<dyn Network>,
    resolver: Arc<Resolver>,
    allow_private: bool,
}

impl Exit {
    /// An exit by `network`; `allow_private` lets clients reach this machine and its neighbours.
    pub fn new(network: Arc<dyn Network>, resolver: Arc<Resolver>, allow_private: bool) -> Self {
        Self { network, resolver, allow_private }
    }

    /// Carries one arrival to its end.
    pub async fn carry(&self, arrival: Arrival) {
        // What breaks on either side ends both; nobody is here to be told.
        let _ended = match arrival.command {
            Command::Stream => self.stream(arrival).await,
            Command::Packets => self.packets(arrival).await,
        };
    }

    async fn stream(&self, mut arrival: Arrival) -> io::Result<()> {
        let deadline = Deadline::after(CONNECT);
        let addresses = self.addresses(&arrival.to, deadline).await;
        let opened = connect_any(&*self.network, &addresses, deadline).await;
        // That we know who asks is said in any case: a destination that is dead is then not taken for a wrong key.
        arrival.stream.write_all(&vless::encode_answer()).await?;
        arrival.stream.flush().await?;
        let Ok(mut server) = opened else { return arrival.stream.shutdown().await };
        let (meter, stop) = (FlowMeter::new(), CancellationToken::new());
        let idle = async {
            while meter.since_up().min(meter.since_down()) < IDLE {
                sleep(IDLE / 10).await;
            }
            stop.cancel();
        };
        tokio::select! {
            _ended = copy_both(&mut arrival.stream, &mut server, &meter, stop.cancelled()) => {}
            // The copying sees the word to stop, but need not be waited for.
            () = idle => {}
        }
        Ok(())
    }

    async fn packets(&self, mut arrival: Arrival) -> io::Result<()> {
        let addresses = self.addresses(&arrival.to, Deadline::after(CONNECT)).await;
        arrival.stream.write_all(&vless::encode_answer()).await?;
        arrival.stream.flush().await?;
        let Some(to) = addresses.first().copied() else { return arrival.stream.shutdown().await };
        let socket = self.network.bind_udp(to).await?;
        let (mut from_client, mut to_client) = tokio::io::split(arrival.stream);
        let out = async {
            let mut came = Vec::with_capacity(4096);
            loop {
                while let Some((packet, taken)) = vless::packet(&came) {
                    let _may_be_lost = socket.send_to(packet, to).await;
                    came.drain(..taken);
                }
                if timeout(IDLE_PACKETS, from_client.read_buf(&mut came))
                    .await
                    .map_err(|_| io::ErrorKind::TimedOut)??
                    == 0
                {
                    return io::Result::Ok(());
                }
            }
        };
        let back = async {
            let mut packet = vec![0; vless::LARGEST_PACKET];
            loop {
                let received = timeout(IDLE_PACKETS, socket.recv_from(&mut packet)).await;
                let (length, from) = received.map_err(|_| io::ErrorKind::TimedOut)??;
                if from != to {
                    continue;
                }
                let framed = vless::encode_packet(&packet[..length]).map_err(|_| io::ErrorKind::InvalidData)?;
                to_client.write_all(&framed).await?;
                to_client.flush().await?;
            }
        };
        tokio::select! {
            ended = out => ended,
            ended = back => ended,
        }
    }

    /// Where a destination is; nothing when it is nowhere, or where nobody from outside has any business.
    async fn addresses(&self, to: &Destination, deadline: Deadline) -> Vec<SocketAddr> {
        let ips = match &to.host {
            Host::Ip(ip) => vec![*ip],
            Host::Name(name) => self.resolver.resolve(name, deadline).await.map_or(Vec::new(), |answer| answer.addrs),
        };
        let allowed = |ip: &IpAddr| self.allow_private || !is_bogon(ip.to_canonical());
        ips.into_iter().filter(allowed).map(|ip| SocketAddr::new(ip, to.port)).collect()
    }
}
