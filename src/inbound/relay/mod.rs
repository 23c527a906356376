//! The door for byway's own clients abroad: a web server that carries VLESS in a WebSocket or in POSTs
//! ([`wire::polling`](crate::wire::polling)) for whom it knows, and is an ordinary, dull web site to anybody else. Plain
//! HTTP behind a CDN or another web server, or TLS with a certificate. It connects nowhere: an [`Arrival`] is handed on.
//!
//! A stranger sees the decoy: the same page and the same 404 whether the path is the right one or not. Only a WebSocket's
//! opening on the right path is answered to anybody, for the user is told inside it; who then says nothing right is
//! heard out in silence until the deadline, whatever was wrong.

mod decoy;
mod hearing;
mod sessions;

#[cfg(test)]
mod tests;

pub use decoy::Decoy;

use crate::model::Destination;
use crate::net::tls::{TlsError, TlsServer};
use crate::net::{Deadline, Messages, Rewound, Stream};
use crate::wire::polling;
use crate::wire::vless::{Command, UserId};
use crate::wire::websocket::{accept_key, early_data};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderMap, HeaderValue, UPGRADE};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use sessions::Sessions;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What a relay is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where it listens.
    pub addresses: Vec<SocketAddr>,
    /// The path its clients ask for.
    pub path: String,
    /// Who may use it.
    pub users: Vec<UserId>,
    /// Its certificate and key (PEM); plain HTTP without.
    pub tls: Option<Certificate>,
    /// What strangers see.
    pub decoy: Decoy,
    /// Streams at once.
    pub max_sessions: usize,
    /// Whether clients may reach this machine and its neighbours.
    pub allow_private: bool,
}

/// A certificate and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The chain, leaf first (PEM).
    pub chain: Vec<u8>,
    /// The key (PEM).
    pub key: crate::model::Secret<Vec<u8>>,
}

/// How long a client may take to say who it is and where to. 10 s, as at the other doors.
const NEGOTIATION: Duration = Duration::from_secs(10);
/// How long a connection may be silent between requests.
const IDLE: Duration = Duration::from_secs(75);
/// Requests at once in one HTTP/2 connection.
const MOST_STREAMS: u32 = 200;

/// The most streams that may be asked for.
const MOST_SESSIONS: usize = 100_000;
/// Connections that are none of a user's, or not yet, beside those that are.
const STRANGERS: usize = 256;

/// A client that has said who it is and where to.
pub struct Arrival {
    /// A stream, or packets.
    pub command: Command,
    /// Where to.
    pub to: Destination,
    /// The client's end, the request taken off. The answer ([`wire::vless::encode_answer`](crate::wire::vless)) is still
    /// owed, before anything else.
    pub stream: Stream,
    _room: OwnedSemaphorePermit,
}

/// Takes an arrival to where it wants.
pub type Submit = Arc<dyn Fn(Arrival) -> BoxFuture<'static, ()> + Send + Sync>;
/// Runs what outlives the connection that brought it: a stream made of POSTs.
pub type Spawn = Arc<dyn Fn(BoxFuture<'static, ()>) + Send + Sync>;

/// A relay, ready for visits. Clones are the same relay.
#[derive(Clone)]
pub struct Relay(Arc<Inner>);

struct Inner {
    path: String,
    users: Vec<UserId>,
    decoy: Decoy,
    tls: Option<TlsServer>,
    room: Arc<Semaphore>,
    connections: Arc<Semaphore>,
    sessions: Sessions,
    submit: Submit,
    spawn: Spawn,
}

type Page = Response<Full<Bytes>>;

impl Relay {
    /// A relay of `settings`. Fails only when its certificate cannot be used.
    pub fn new(settings: &Settings, submit: Submit, spawn: Spawn) -> Result<Self, TlsError> {
        let tls = settings.tls.as_ref();
        let tls = tls.map(|tls| TlsServer::new(&tls.chain, tls.key.expose(), &["h2", "http/1.1"])).transpose()?;
        let most = settings.max_sessions.clamp(1, MOST_SESSIONS);
        let (room, connections) = (Arc::new(Semaphore::new(most)), most * 2 + STRANGERS);
        Ok(Self(Arc::new(Inner {
            path: settings.path.clone(),
            users: settings.users.clone(),
            decoy: settings.decoy.clone(),
            tls,
            room,
            connections: Arc::new(Semaphore::new(connections)),
            sessions: Sessions::default(),
            submit,
            spawn,
        })))
    }

    /// Waits until there is room for one more connection. To be asked before `accept`, as [`super::Gate::enter`]. A
    /// stream made of POSTs has two. Cancel-safe.
    pub async fn enter(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.connections).acquire_owned().await.ok()
    }

    /// Serves one connection to its end, and the stream that a WebSocket in it carries.
    pub async fn serve(&self, stream: Stream) {
        let (stream, alpn) = match &self.0.tls {
            None => (stream, None),
            Some(tls) => match tls.accept(stream, Deadline::after(NEGOTIATION)).await {
                Ok(accepted) => accepted,
                Err(_) => return,
            },
        };
        let upgrading = Arc::new(Mutex::new(None));
        let (inner, slot) = (Arc::clone(&self.0), Arc::clone(&upgrading));
        let service = hyper::service::service_fn(move |request| {
            let (inner, slot) = (Arc::clone(&inner), Arc::clone(&slot));
            async move { Ok::<_, Infallible>(inner.answer(request, &slot).await) }
        });
        let io = TokioIo::new(stream);
        // A connection that breaks is the client's own affair.
        let _ended = if alpn.as_deref() == Some(b"h2") {
            hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .max_concurrent_streams(MOST_STREAMS)
                .keep_alive_interval(IDLE)
                .serve_connection(io, service)
                .await
        } else {
            hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(IDLE)
                .serve_connection(io, service)
                .with_upgrades()
                .await
        };
        let upgrade = upgrading.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(upgrade) = upgrade {
            self.0.upgraded(upgrade).await;
        }
    }

    /// Drops streams of POSTs that nobody asks for any more; for ever. To be run beside the visits.
    pub async fn tidy(&self) {
        self.0.sessions.tidy().await;
    }
}

/// A WebSocket that has been answered and is not open yet.
struct Upgrading {
    on: OnUpgrade,
    early: Vec<u8>,
    room: OwnedSemaphorePermit,
}

impl Inner {
    async fn answer(&self, mut request: Request<Incoming>, slot: &Mutex<Option<Upgrading>>) -> Page {
        if !self.is_ours(&request) {
            return self.decoy.answer(request.method(), request.uri().path());
        }
        if *request.method() == Method::POST {
            let (method, path) = (request.method().clone(), request.uri().path().to_owned());
            return self.poll(request).await.unwrap_or_else(|| self.decoy.answer(&method, &path));
        }
        let asked = (*request.method() == Method::GET).then(|| opening(request.headers())).flatten();
        let Some((accept, protocol)) = asked else {
            return self.decoy.answer(request.method(), request.uri().path());
        };
        let Ok(room) = Arc::clone(&self.room).try_acquire_owned() else {
            return self.decoy.full();
        };
        let on = hyper::upgrade::on(&mut request);
        let early = protocol.as_ref().and_then(|text| early_data(text.to_str().ok()?)).unwrap_or_default();
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(Upgrading { on, early, room });
        switching(accept, protocol)
    }

    fn is_ours(&self, request: &Request<Incoming>) -> bool {
        let (asked, ours) = (request.uri().path().as_bytes(), self.path.as_bytes());
        aws_lc_rs::constant_time::verify_slices_are_equal(asked, ours).is_ok()
    }

    /// A POST of a stream's; `None` for what is none of a user's.
    async fn poll(&self, request: Request<Incoming>) -> Option<Page> {
        let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let id = polling::SessionId::parse(text(polling::ID)?)?;
        let seq = polling::Seq::parse(text(polling::SEQ)?)?;
        let end = text(polling::END) == Some("1");
        if let polling::Seq::Up(0) = seq
            && !self.sessions.knows(id)
        {
            return self.begin(id, request, end).await;
        }
        self.sessions.answer(id, seq, end, request).await
    }

    /// The first POST of a stream holds the whole request, or it is nobody's.
    async fn begin(&self, id: polling::SessionId, request: Request<Incoming>, end: bool) -> Option<Page> {
        let body = sessions::read(request).await?;
        let (asked, taken) = hearing::admit(&body, &self.users)?;
        let Ok(room) = Arc::clone(&self.room).try_acquire_owned() else { return Some(self.decoy.full()) };
        let (stream, page) = self.sessions.begin(id, &body, taken, end).await?;
        let arrival = Arrival { command: asked.command, to: asked.to, stream, _room: room };
        (self.spawn)((self.submit)(arrival));
        Some(page)
    }

    async fn upgraded(&self, upgrading: Upgrading) {
        let Ok(upgraded) = upgrading.on.await else { return };
        let Some(stream) = plain(upgraded) else { return };
        let messages: Stream = Box::new(Messages::server(stream));
        let stream = Rewound::new(upgrading.early, messages).into_stream();
        let Some((asked, stream)) = hearing::hear_out(stream, &self.users, Deadline::after(NEGOTIATION)).await else {
            return;
        };
        let arrival = Arrival { command: asked.command, to: asked.to, stream, _room: upgrading.room };
        (self.submit)(arrival).await;
    }
}

/// The answer's key and the client's protocols, when headers ask for a WebSocket (RFC 6455 §4.2.1).
fn opening(headers: &HeaderMap) -> Option<(String, Option<HeaderValue>)> {
    let is = |name: &str, word: &str| {
        let text = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        text.split(',').any(|part| part.trim().eq_ignore_ascii_case(word))
    };
    if !is("connection", "upgrade") || !is("upgrade", "websocket") || !is("sec-websocket-version", "13") {
        return None;
    }
    let key = headers.get("sec-websocket-key")?.to_str().ok().filter(|key| key.len() == 24)?;
    Some((accept_key(key), headers.get("sec-websocket-protocol").cloned()))
}

/// 101; the protocols are said back, for clients that insist on it.
fn switching(accept: String, protocol: Option<HeaderValue>) -> Page {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&accept) {
        headers.insert("sec-websocket-accept", accept);
    }
    if let Some(protocol) = protocol {
        headers.insert("sec-websocket-protocol", protocol);
    }
    response
}

/// The connection below an upgrade, with what was read of it already.
fn plain(upgraded: Upgraded) -> Option<Stream> {
    let parts = upgraded.downcast::<TokioIo<Stream>>().ok()?;
    Some(Rewound::new(parts.read_buf, parts.io.into_inner()).into_stream())
}
