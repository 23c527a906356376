//! The door for clients that know nothing of byway: what the machine's firewall brings here was meant for somebody else,
//! and goes on to there. The kernel has shaken hands already, so that nothing can be answered early; but nothing is dialled
//! on a guess either. Where the address alone does not tell the service, the client's first words are awaited for a moment,
//! for the name in them; who says nothing is carried by address, so that servers may speak first. A refused stream is reset,
//! a refused datagram is answered by ICMP: an app then goes on by itself at once.

mod packets;

#[cfg(test)]
mod tests;

pub use packets::CaughtPackets;

use super::door::Served;
use super::error::Error;
use super::{Answer, Association, Protocol, Refusal, Request, Rest, Want};
use crate::model::{Destination, FirstFlight, Host};
use crate::net::transparent::Capture;
use crate::net::{Deadline, Rewound, Stream};
use crate::wire::first_flight::{Kind, kind};
use bytes::BytesMut;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;

/// What is caught, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How the firewall brings it.
    pub capture: Capture,
    /// To which port.
    pub port: u16,
    /// Whether IPv6 is caught too.
    pub ipv6: bool,
}

impl Settings {
    /// Where is listened: on every address for REDIRECT, which goes to the address of the interface that a packet came
    /// in by; on loopback for TPROXY, where nobody can dial it from outside.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let (four, six) = match self.capture {
            Capture::Redirect => (Ipv4Addr::UNSPECIFIED, Ipv6Addr::UNSPECIFIED),
            Capture::Tproxy => (Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST),
        };
        let mut all = vec![SocketAddr::new(four.into(), self.port)];
        all.extend(self.ipv6.then(|| SocketAddr::new(six.into(), self.port)));
        all
    }
}

/// What is known of an address beside the address itself.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Named {
    /// Nothing, or nothing is needed: the address alone tells.
    #[default]
    Nothing,
    /// byway itself gave this address out for the name.
    Known(Host),
    /// The client says so; it may decide where a second try goes, never the first.
    Shown(Host),
}

/// Names addresses.
pub trait Naming: Send + Sync {
    /// Whether the address alone tells its service, so that no name is waited for.
    fn is_plain(&self, to: SocketAddr) -> bool;
    /// What is known of `to`, to which a client says `shown`.
    fn named(&self, to: SocketAddr, shown: Option<&Host>) -> Named;
}

/// How long a client's first words are awaited. 300 ms: clients that speak first do so within a round trip of the LAN, and
/// a server that speaks first is late by no more than that.
const LISTENS: Duration = Duration::from_millis(300);
/// The most that is read for a name; hellos with post-quantum keys have two kilobytes.
const HEARD_AT_MOST: usize = 16 << 10;

/// Serves one stream until its way is settled; what is left is to be run. `meant` is where it was meant to go; without that it is sent away.
pub async fn serve<S>(
    mut stream: Stream,
    peer: SocketAddr,
    meant: Option<SocketAddr>,
    naming: &dyn Naming,
    submit: S,
) -> Result<(Served, Option<Rest>), Error>
where
    S: Fn(Request) -> BoxFuture<'static, Option<Rest>>,
{
    let Some(to) = meant else {
        stream.abort_on_drop();
        return Err(Error::MeansUs);
    };
    let (shown, stream) = if naming.is_plain(to) { (None, stream) } else { overhear(stream).await? };
    let named = naming.named(to, shown.as_ref());
    let request =
        Request::new(Want::Stream(Destination::from(to)), peer, Protocol::Transparent, Box::new(StreamAnswer(stream)));
    let rest = submit(request.named(named)).await;
    Ok((Served { protocol: Protocol::Transparent, requests: 1 }, rest))
}

/// The name in a client's first words, if they come soon; and the stream with those words in front again.
async fn overhear(mut stream: Stream) -> Result<(Option<Host>, Stream), Error> {
    let deadline = Deadline::after(LISTENS);
    let mut heard = BytesMut::new();
    let shown = loop {
        match kind(&heard, FirstFlight::Sniff) {
            Kind::Incomplete if heard.len() < HEARD_AT_MOST => {}
            told => break told.name().and_then(|name| Host::parse(name).ok()).filter(|host| host.name().is_some()),
        }
        // A read that is given up has taken nothing.
        match deadline.run(stream.read_buf(&mut heard)).await {
            Some(Ok(0)) if heard.is_empty() => return Err(Error::Gone),
            Some(Ok(0)) | None => break None,
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error.into()),
        }
    };
    Ok((shown, Rewound::new(heard, stream).into_stream()))
}

/// A stream that has been accepted by the kernel long ago.
struct StreamAnswer(Stream);

impl Answer for StreamAnswer {
    fn accept_stream(self: Box<Self>) -> BoxFuture<'static, io::Result<Stream>> {
        async { Ok(self.0) }.boxed()
    }

    fn accept_packets(self: Box<Self>) -> BoxFuture<'static, io::Result<Association>> {
        async { Err(io::ErrorKind::Unsupported.into()) }.boxed()
    }

    fn refuse(mut self: Box<Self>, _: Refusal, _: String) -> BoxFuture<'static, io::Result<()>> {
        self.0.abort_on_drop();
        async { Ok(()) }.boxed()
    }

    fn abandon(mut self: Box<Self>) {
        self.0.abort_on_drop();
    }
}

/// Names nothing: everything is known by its address alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct ByAddress;

impl Naming for ByAddress {
    fn is_plain(&self, _: SocketAddr) -> bool {
        true
    }

    fn named(&self, _: SocketAddr, _: Option<&Host>) -> Named {
        Named::Nothing
    }
}

/// Who names the addresses of an association.
pub type SharedNaming = Arc<dyn Naming>;
