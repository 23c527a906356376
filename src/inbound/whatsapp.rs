//! The door for WhatsApp's own "proxy" setting on phones: chat on some ports, media on others. What comes in at a chat
//! port is the chat itself (a Noise hello), bare or inside TLS under any certificate; at a media port it is the app's own
//! TLS to one of the service's hosts, passed on unopened. The app gives no login and names no destination: this door
//! leads to WhatsApp and nowhere else, and lets in only who is on a private network, unless told otherwise. The PROXY
//! header that load balancers put in front is not taken: who stands before this door is a phone.
//!
//! As the published proxy (WhatsApp/proxy on GitHub) and reports of it describe the app; no phone was at hand.

use super::relay::Certificate;
use super::{Answer, Association, Error, Protocol, Refusal, Request, Rest, Served, Stranger, Want};
use crate::model::{Destination, Host};
use crate::net::tls::{TlsError, TlsServer};
use crate::net::{Deadline, Rewound, Stream, is_private};
use crate::wire::first_flight::{Kind, kind};
use crate::wire::noise;
use bytes::BytesMut;
use futures_util::future::{BoxFuture, ready};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Where phones come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// For the chat: 443 and 5222 are the app's own guesses, any other can be typed in.
    pub chat: Vec<SocketAddr>,
    /// For photos and files: 587 and 7777 are the app's own guesses.
    pub media: Vec<SocketAddr>,
    /// Whether clients with public addresses are let in.
    pub allow_public: bool,
    /// Connections at once.
    pub max_connections: usize,
    /// Where its certificate is kept, so that it is the same tomorrow.
    pub certificate: PathBuf,
}

/// What a port is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// The chat.
    Chat,
    /// Photos and files.
    Media,
}

/// Tells whether a name is the service's.
pub type Knows = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// The door, ready for visits. Clones are the same door.
#[derive(Clone)]
pub struct WhatsApp(Arc<Inner>);

struct Inner {
    tls: TlsServer,
    knows: Knows,
    allow_public: bool,
    room: Arc<Semaphore>,
}

/// Where the chat is.
const CHAT: (&str, u16) = ("g.whatsapp.net", 5222);
/// Where media are, for a hello that names no host.
const MEDIA: (&str, u16) = ("mmg.whatsapp.net", 443);
/// From accept to the first bytes that tell what this is.
const HEARING: Duration = Duration::from_secs(10);
/// The longest beginning: a hello with several keys is below 4 KiB.
const LONGEST: usize = 16 * 1024;
/// The first byte of a TLS record with a hello (RFC 8446 §5.1).
const HANDSHAKE: u8 = 0x16;

impl WhatsApp {
    /// A door of `settings`, under `certificate`. `knows` tells the service's names.
    pub fn new(settings: &Settings, certificate: &Certificate, knows: Knows) -> Result<Self, TlsError> {
        let tls = TlsServer::new(&certificate.chain, certificate.key.expose(), &[])?;
        let room = Arc::new(Semaphore::new(settings.max_connections.clamp(1, Semaphore::MAX_PERMITS)));
        Ok(Self(Arc::new(Inner { tls, knows, allow_public: settings.allow_public, room })))
    }

    /// Waits until there is room for one more. To be asked before `accept`, as [`super::Gate::enter`]. Cancel-safe.
    pub async fn enter(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.room).acquire_owned().await.ok()
    }

    /// Serves one connection until its way is settled: hears what it is, and submits it; what is left is to be run.
    pub async fn serve<S>(
        &self,
        port: Port,
        stream: Stream,
        peer: SocketAddr,
        submit: S,
    ) -> Result<(Served, Option<Rest>), Error>
    where
        S: FnOnce(Request) -> BoxFuture<'static, Option<Rest>>,
    {
        if !self.0.allow_public && !is_private(peer.ip()) {
            return Err(Error::Outsider);
        }
        let deadline = Deadline::after(HEARING);
        let heard = deadline.run(async {
            match port {
                Port::Chat => self.hear_chat(stream, deadline).await,
                Port::Media => self.hear_media(stream).await,
            }
        });
        let (to, stream) = heard.await.unwrap_or(Err(Error::TooSlow(HEARING)))?;
        let request = Request::new(Want::Stream(to), peer, Protocol::WhatsApp, Box::new(Heard(stream)));
        let rest = submit(request).await;
        Ok((Served { protocol: Protocol::WhatsApp, requests: 1 }, rest))
    }

    /// The chat, out of its TLS if it is in one.
    async fn hear_chat(&self, stream: Stream, deadline: Deadline) -> Result<(Destination, Stream), Error> {
        let begins = |bytes: &[u8]| bytes.first().map(|first| *first == HANDSHAKE);
        let (in_tls, stream) = hear(stream, begins).await?;
        let stream = if in_tls { self.0.tls.accept(stream, deadline).await?.0 } else { stream };
        let (is_chat, stream) = hear(stream, noise::begins).await?;
        if !is_chat {
            return Err(Error::Stranger(Stranger::Garbage));
        }
        Ok((place(CHAT), stream))
    }

    /// TLS to one of the service's hosts, whose name stands in the hello.
    async fn hear_media(&self, stream: Stream) -> Result<(Destination, Stream), Error> {
        let hello = |bytes: &[u8]| match kind(bytes, crate::model::FirstFlight::Sniff) {
            Kind::Incomplete => None,
            Kind::Tls(hello) => Some(Ok(hello.server_name)),
            _ => Some(Err(Stranger::Garbage)),
        };
        let (name, stream) = hear(stream, hello).await?;
        let to = match name.map_err(Error::Stranger)? {
            None => place(MEDIA),
            Some(name) if (self.0.knows)(&name) => {
                let host = Host::parse(&name).map_err(|_| Error::Stranger(Stranger::TlsHello))?;
                Destination::new(host, MEDIA.1)
            }
            Some(_) => return Err(Error::Stranger(Stranger::TlsHello)),
        };
        Ok((to, stream))
    }
}

/// Reads until `tell` can tell, and puts all of it back.
async fn hear<T>(mut stream: Stream, tell: impl Fn(&[u8]) -> Option<T>) -> Result<(T, Stream), Error> {
    let mut heard = BytesMut::with_capacity(2048);
    loop {
        if let Some(told) = tell(&heard) {
            return Ok((told, Rewound::new(heard, stream).into_stream()));
        }
        if heard.len() >= LONGEST {
            return Err(Error::Stranger(Stranger::Garbage));
        }
        if stream.read_buf(&mut heard).await? == 0 {
            return Err(Error::Gone);
        }
    }
}

fn place((name, port): (&str, u16)) -> Destination {
    Destination::new(Host::Name(name.into()), port)
}

/// A client that has begun to speak and waits for nothing but an answer from afar.
struct Heard(Stream);

impl Answer for Heard {
    fn accept_stream(self: Box<Self>) -> BoxFuture<'static, io::Result<Stream>> {
        Box::pin(ready(Ok(self.0)))
    }

    fn accept_packets(self: Box<Self>) -> BoxFuture<'static, io::Result<Association>> {
        Box::pin(ready(Err(io::ErrorKind::Unsupported.into())))
    }

    /// The app knows no words for a refusal: the connection ends at once, and it tries again by itself.
    fn refuse(mut self: Box<Self>, _: Refusal, _: String) -> BoxFuture<'static, io::Result<()>> {
        self.0.abort_on_drop();
        Box::pin(ready(Ok(())))
    }

    fn abandon(mut self: Box<Self>) {
        self.0.abort_on_drop();
    }
}

#[cfg(test)]
mod tests;
