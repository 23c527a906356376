//! A client that asked for something and has not been answered yet. The answer is given once, by consuming
//! the request: an early success or a silent close cannot be written.

use super::transparent::{Named, SharedNaming};
use crate::model::Destination;
use crate::net::Stream;
use futures_util::future::BoxFuture;
use std::io;
use std::net::SocketAddr;
use tokio::sync::oneshot;

/// What is left of a request once its way is settled: the relay. It may last for days, and thousands may last beside it;
/// so it is handed back, and all that led up to it can go.
pub struct Rest(BoxFuture<'static, Option<Onward>>);

/// A relay that goes on outside the task that it began in. What it is given is kept until it has ended.
pub type Onward = Box<dyn FnOnce(Box<dyn Send>) + Send>;

impl Rest {
    /// What is left: run until it has ended, or can go on elsewhere.
    pub fn new(run: impl Future<Output = Option<Onward>> + Send + 'static) -> Self {
        Self(Box::pin(run))
    }

    /// Runs it, and keeps `room` until it has ended. When this is over it has, or goes on elsewhere.
    pub async fn run(self, room: impl Send + 'static) {
        if let Some(onward) = self.0.await {
            onward(Box::new(room));
        }
    }

    /// Runs it to its end.
    pub async fn to_end(self) {
        let (room, ended) = oneshot::channel::<()>();
        self.run(room).await;
        // Nothing is ever sent: the room is given up.
        let _ended = ended.await;
    }
}

/// What a client wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// A stream to there.
    Stream(Destination),
    /// A UDP association (RFC 1928 §7).
    Packets,
}

/// The language a client spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// SOCKS version 4 or 4a.
    Socks4,
    /// SOCKS version 5.
    Socks5,
    /// HTTP CONNECT.
    HttpConnect,
    /// A plain HTTP request in absolute form.
    HttpForward,
    /// WhatsApp's own proxy setting.
    WhatsApp,
    /// None: it means somebody else and was caught on the way.
    Transparent,
}

impl Protocol {
    /// The name in machine output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Socks4 => "socks4",
            Self::Socks5 => "socks5",
            Self::HttpConnect => "http_connect",
            Self::HttpForward => "http_forward",
            Self::WhatsApp => "whatsapp",
            Self::Transparent => "transparent",
        }
    }
}

/// Why a request is refused, in words that every protocol can carry in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// No way is allowed or left (SOCKS5 2, HTTP 502).
    NoWayLeft,
    /// Nothing answered in time (SOCKS5 4, HTTP 504).
    TimedOut,
    /// The destination refused (SOCKS5 5, HTTP 502).
    Refused,
    /// No way to the host (SOCKS5 4, HTTP 502).
    HostUnreachable,
    /// No way to the network (SOCKS5 3, HTTP 502).
    NetworkUnreachable,
    /// The name does not exist (SOCKS5 4, HTTP 502).
    NoSuchName,
    /// The way there cannot do that: UDP (SOCKS5 7, HTTP 502).
    NotSupported,
    /// byway itself is out of something (SOCKS5 1, HTTP 503).
    Local,
}

/// The two halves of an accepted UDP association.
pub struct Association {
    /// Datagrams to and from the client, SOCKS headers already taken off and put on. Only the pinned client's
    /// packets come out. Ends (`UnexpectedEof` on receive) when the TCP connection ends.
    pub packets: crate::net::Packets,
    /// Who names the addresses that they go to, where the client itself does not.
    pub naming: Option<SharedNaming>,
}

/// Answers a request in the client's own protocol.
pub trait Answer: Send {
    /// Says yes to a stream and hands it over, early bytes included.
    fn accept_stream(self: Box<Self>) -> BoxFuture<'static, io::Result<Stream>>;
    /// Says yes to an association.
    fn accept_packets(self: Box<Self>) -> BoxFuture<'static, io::Result<Association>>;
    /// Says no, and why.
    fn refuse(self: Box<Self>, why: Refusal, words: String) -> BoxFuture<'static, io::Result<()>>;
    /// The request was dropped unanswered: says so if that can be done at once, and without a runtime.
    fn abandon(self: Box<Self>) {}
}

/// An answer still to be given; says that there is none when it is dropped.
struct Owed(Option<Box<dyn Answer>>);

impl Owed {
    fn give(mut self) -> io::Result<Box<dyn Answer>> {
        // It is there until it is given, which consumes this.
        self.0.take().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        if let Some(answer) = self.0.take() {
            answer.abandon();
        }
    }
}

/// An unanswered request. Dropped unanswered, it still tells the client no where that can be done at once.
pub struct Request {
    /// What is wanted.
    pub want: Want,
    /// Who wants it.
    pub peer: SocketAddr,
    /// In which language.
    pub protocol: Protocol,
    /// What is known of the address that is wanted, beside the address.
    pub named: Named,
    answer: Owed,
}

impl Request {
    /// A request that `answer` will answer.
    pub fn new(want: Want, peer: SocketAddr, protocol: Protocol, answer: Box<dyn Answer>) -> Self {
        Self { want, peer, protocol, named: Named::Nothing, answer: Owed(Some(answer)) }
    }

    /// The same with what is known of the address that is wanted.
    pub fn named(self, named: Named) -> Self {
        Self { named, ..self }
    }

    /// Says that a way is up; the client's bytes may flow.
    pub async fn accept(self) -> io::Result<Stream> {
        self.answer.give()?.accept_stream().await
    }

    /// Says that the association is open.
    pub async fn accept_packets(self) -> io::Result<Association> {
        self.answer.give()?.accept_packets().await
    }

    /// Says no. `words` reach a person only where the protocol has a body; they hold no destination.
    pub async fn refuse(self, why: Refusal, words: String) -> io::Result<()> {
        self.answer.give()?.refuse(why, words).await
    }
}
