//! One visit at a door, from accept to the last request answered. Tells the client's language by the first byte,
//! hears it out by a deadline, and submits what it wants. It dials nothing and decides nothing about ways.

use super::error::{Error, Stranger};
use super::http::Script;
use super::login::Login;
use super::{Protocol, Request, Rest, Settings, http, socks};
use crate::net::{DatagramListener, Deadline, Rewound, Stream};
use crate::wire;
use crate::wire::socks::Parsed;
use bytes::{Buf, BytesMut};
use futures_util::future::BoxFuture;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// What comes of a visit that asked for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served {
    /// The language of the first request.
    pub protocol: Protocol,
    /// How many requests were submitted; more than one only over HTTP keep-alive.
    pub requests: u32,
}

/// A door, ready for visits.
#[derive(Clone)]
pub struct Door {
    /// Who may come in; `None` for everybody who can reach it.
    pub login: Option<Login>,
    /// How patient it is.
    pub settings: Settings,
    /// Where the datagrams of those come in who ask for an association.
    pub datagrams: Arc<dyn DatagramListener>,
    /// The proxy auto-configuration script that is handed out here.
    pub script: Option<Script>,
}

/// Who is at the door.
#[derive(Clone, Copy)]
pub(super) struct Visitor {
    /// Where it comes from.
    pub(super) peer: SocketAddr,
    /// When it must have said what it wants.
    pub(super) deadline: Deadline,
}

impl Door {
    /// Serves one accepted connection. `submit` gets each request and must answer it; SOCKS yields exactly one, HTTP
    /// one per request. Returns when all that was submitted is settled, with what is left to be run; dropping that, or
    /// this, ends the connection.
    pub async fn serve<S>(&self, stream: Stream, peer: SocketAddr, submit: S) -> Result<(Served, Option<Rest>), Error>
    where
        S: Fn(Request) -> BoxFuture<'static, Option<Rest>> + Send + Sync + 'static,
    {
        let visitor = Visitor { peer: canonical(peer), deadline: Deadline::after(self.settings.negotiation) };
        let too_slow = Error::TooSlow(self.settings.negotiation);
        match visitor.deadline.run(self.hear_out(stream, visitor)).await.unwrap_or(Err(too_slow))? {
            Heard::Socks(request) => {
                let protocol = request.protocol;
                let rest = submit(request).await;
                Ok((Served { protocol, requests: 1 }, rest))
            }
            // It is large, and most visitors speak SOCKS.
            Heard::Http(hearing) => Box::pin(http::serve(hearing, self, visitor, Box::new(submit))).await,
        }
    }

    /// Hears a SOCKS client out; of an HTTP client no more than the first byte.
    async fn hear_out(&self, stream: Stream, visitor: Visitor) -> Result<Heard, Error> {
        let mut hearing = Hearing::new(stream);
        match hearing.first_byte().await? {
            4 => socks::negotiate4(hearing, self.login.as_ref(), visitor).await.map(Heard::Socks),
            5 => socks::negotiate5(hearing, self, visitor).await.map(Heard::Socks),
            // A method of RFC 9110 §9.1, or one somebody made up: letters.
            letter if letter.is_ascii_alphabetic() => Ok(Heard::Http(hearing)),
            0x16 => Err(Error::Stranger(Stranger::TlsHello)),
            _ => Err(Error::Stranger(Stranger::Garbage)),
        }
    }
}

/// What was heard of a client by its deadline.
enum Heard {
    Socks(Request),
    Http(Hearing),
}

/// The address the client reached us at: the kernel's word, else the loopback of its family with port 0.
fn reached_at(stream: &Stream, peer: SocketAddr) -> SocketAddr {
    stream.as_tcp().and_then(|tcp| tcp.local_addr().ok()).map_or_else(
        || match peer.ip().to_canonical() {
            IpAddr::V4(_) => (Ipv4Addr::LOCALHOST, 0).into(),
            IpAddr::V6(_) => (Ipv6Addr::LOCALHOST, 0).into(),
        },
        canonical,
    )
}

/// An IPv4 address that came in an IPv6 socket as what it is; the zone of a link-local IPv6 address is kept.
fn canonical(addr: SocketAddr) -> SocketAddr {
    match addr.ip().to_canonical() {
        IpAddr::V4(ip) => SocketAddr::new(ip.into(), addr.port()),
        IpAddr::V6(_) => addr,
    }
}

/// The most that is read of a client before its request is complete; the rest stays in the kernel. SOCKS4a with two
/// names of 255 bytes fits many times over.
const HEARD_AT_MOST: usize = 4096;

const TOO_LONG: wire::Error =
    wire::Error::TooLarge { protocol: wire::Protocol::Socks, what: "a negotiation in bytes", limit: HEARD_AT_MOST };

/// How long a dismissed client may take to read why.
const LAST_WORD: Duration = Duration::from_secs(1);

/// A client that is being heard out: what it has said and is not understood yet stays in front.
pub(super) struct Hearing {
    stream: Stream,
    heard: BytesMut,
}

impl Hearing {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, heard: BytesMut::with_capacity(512) }
    }

    /// The first byte, without taking it.
    async fn first_byte(&mut self) -> Result<u8, Error> {
        loop {
            if let Some(first) = self.heard.first() {
                return Ok(*first);
            }
            self.hear_more().await?;
        }
    }

    /// Takes the next value that `parse` finds, reading only while it finds none. The inner error is the client's:
    /// it may still be told why.
    pub(super) async fn take<T>(
        &mut self,
        parse: impl Fn(&[u8]) -> Parsed<T>,
    ) -> Result<Result<T, wire::Error>, Error> {
        loop {
            match parse(&self.heard) {
                Ok(Some((value, length))) => {
                    self.heard.advance(length.min(self.heard.len()));
                    return Ok(Ok(value));
                }
                Ok(None) if self.heard.len() < HEARD_AT_MOST => self.hear_more().await?,
                Ok(None) => return Ok(Err(TOO_LONG)),
                Err(why) => return Ok(Err(why)),
            }
        }
    }

    /// The address the client reached us at.
    pub(super) fn reached_at(&self, visitor: &Visitor) -> SocketAddr {
        reached_at(&self.stream, visitor.peer)
    }

    /// Says something back.
    pub(super) async fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Says a last word, ends our side, and reads the client's side to its end for a moment: closing over unread
    /// bytes would make the kernel send a reset, which may destroy the word on its way (RFC 1122 §4.2.2.13).
    pub(super) fn dismiss(mut self, bytes: &[u8]) -> BoxFuture<'_, io::Result<()>> {
        Box::pin(async move {
            self.say(bytes).await?;
            self.stream.shutdown().await?;
            let mut rest = [0; 1024];
            let drain = async { while matches!(self.stream.read(&mut rest).await, Ok(n) if n > 0) {} };
            let _drained_or_out_of_patience = Deadline::after(LAST_WORD).run(drain).await;
            Ok(())
        })
    }

    /// Says a last word if the connection takes it at once. For a drop, where nothing can be waited for.
    pub(super) fn part(mut self, bytes: &[u8]) {
        let mut nobody = Context::from_waker(Waker::noop());
        let _may_be_lost = Pin::new(&mut self.stream).poll_write(&mut nobody, bytes);
    }

    /// [`Self::dismiss`] to who is not let in, whether the word arrives or not.
    pub(super) async fn turn_away(self, bytes: &[u8], because: Error) -> Error {
        let _may_be_lost = self.dismiss(bytes).await;
        because
    }

    /// [`Self::dismiss`] as a future that owns its bytes.
    pub(super) fn dismiss_later(self, bytes: Vec<u8>) -> BoxFuture<'static, io::Result<()>> {
        Box::pin(async move { self.dismiss(&bytes).await })
    }

    /// The same as a plain stream.
    pub(super) fn into_stream(self) -> Stream {
        if self.heard.is_empty() { self.stream } else { self.into_rewound().into_stream() }
    }

    /// The connection with all that was heard and not taken in front.
    pub(super) fn into_rewound(self) -> Rewound {
        Rewound::new(self.heard, self.stream)
    }

    async fn hear_more(&mut self) -> Result<(), Error> {
        match self.stream.read_buf(&mut self.heard).await? {
            0 => Err(Error::Gone),
            _ => Ok(()),
        }
    }
}
