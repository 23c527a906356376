//! One DNS-over-HTTPS server (RFC 8484): POST over HTTP/2, or HTTP/1.1 where it offers nothing better. One
//! connection is kept and used for every question; a stale one is replaced once, without the asker noticing.

use super::message::{self, Family, Records};
use super::{Opener, SecureServer};
use crate::model::{Cause, Failure, Host, Stage, Whose};
use crate::net::Deadline;
use crate::net::tls::{Calendar, Names, TlsClient, TlsError};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::{http1, http2};
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// RFC 8484 §6.
const MEDIA_TYPE: &str = "application/dns-message";
/// How long one question may take, connecting included.
const QUERY: Duration = Duration::from_secs(4);
/// How long a kept connection may be silent before it is thought dead.
const STALE: Duration = Duration::from_millis(1500);
/// The largest DNS message there is.
const LARGEST: usize = 65_535;

/// A client of one server.
pub(super) struct Doh {
    server: SecureServer,
    tls: TlsClient,
    opener: Opener,
    /// Held while connecting, so that many questions at once open one connection.
    opening: tokio::sync::Mutex<()>,
    open: Mutex<Option<Open>>,
}

#[derive(Clone)]
struct Open {
    number: u64,
    sender: Sender,
}

#[derive(Clone)]
enum Sender {
    Two(http2::SendRequest<Full<Bytes>>),
    One(Arc<tokio::sync::Mutex<http1::SendRequest<Full<Bytes>>>>),
}

impl Doh {
    pub(super) fn new(server: SecureServer, opener: Opener, calendar: Option<Calendar>) -> Result<Self, TlsError> {
        let tls = TlsClient::new(&server.trust, &["h2", "http/1.1"])?;
        let tls = calendar.map_or_else(|| tls.clone(), |calendar| tls.clone().dated(calendar));
        Ok(Self { server, tls, opener, opening: tokio::sync::Mutex::default(), open: Mutex::default() })
    }

    /// Drops the kept connection.
    pub(super) fn disconnect(&self) {
        if let Ok(mut open) = self.open.lock() {
            *open = None;
        }
    }

    /// The addresses of `name` in one family.
    pub(super) async fn lookup(&self, name: &str, family: Family, deadline: Deadline) -> Result<Records, Failure> {
        message::answer(&self.ask(message::query(name, family)?, deadline).await?)
    }

    /// The key under which the name of `name` can be hidden (RFC 9849), where it has one.
    pub(super) async fn ech(&self, name: &str, deadline: Deadline) -> Result<Option<Vec<u8>>, Failure> {
        Ok(message::ech_answer(&self.ask(message::https_query(name)?, deadline).await?))
    }

    /// One question and its answer.
    async fn ask(&self, query: Vec<u8>, deadline: Deadline) -> Result<Bytes, Failure> {
        let deadline = deadline.at_most(QUERY);
        let body = Bytes::from(query);
        let work = async {
            let (open, kept) = self.connection(deadline).await?;
            let patience = if kept { deadline.at_most(STALE) } else { deadline };
            match self.exchange(&open, body.clone(), patience).await {
                Err(_) if kept => {
                    self.discard(open.number);
                    let (open, _) = self.connection(deadline).await?;
                    self.exchange(&open, body, deadline).await
                }
                outcome => outcome,
            }
        };
        deadline.run(work).await.unwrap_or_else(|| Err(silent()))
    }

    /// The kept connection (`true`), or a new one.
    async fn connection(&self, deadline: Deadline) -> Result<(Open, bool), Failure> {
        let _turn = self.opening.lock().await;
        let kept = self.open.lock().map_or(None, |open| open.clone());
        let next = match kept {
            Some(open) if open.sender.is_usable() => return Ok((open, true)),
            Some(open) => open.number + 1,
            None => fastrand::u64(..u64::MAX / 2),
        };
        let open = Open { number: next, sender: self.connect(deadline).await? };
        if let Ok(mut slot) = self.open.lock() {
            *slot = Some(open.clone());
        }
        Ok((open, false))
    }

    fn discard(&self, number: u64) {
        if let Ok(mut slot) = self.open.lock()
            && slot.as_ref().is_some_and(|open| open.number == number)
        {
            *slot = None;
        }
    }

    async fn connect(&self, deadline: Deadline) -> Result<Sender, Failure> {
        let stream = (self.opener)(self.server.address, deadline).await.map_err(at_resolve)?;
        let shown = self.server.shown.clone().unwrap_or_else(|| self.server.name.clone());
        let names = Names { shown: Some(shown), checked: self.server.name.clone() };
        let tls = self.tls.connect(stream, &names, deadline).await.map_err(|error| at_resolve(error.failure))?;
        let two = tls.alpn() == Some(b"h2");
        let io = TokioIo::new(tls);
        // The connection's task ends when the last sender is dropped or the server hangs up.
        if two {
            let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.map_err(|e| sort(&e))?;
            tokio::spawn(connection);
            Ok(Sender::Two(sender))
        } else {
            let (sender, connection) = http1::handshake(io).await.map_err(|e| sort(&e))?;
            tokio::spawn(connection);
            Ok(Sender::One(Arc::new(tokio::sync::Mutex::new(sender))))
        }
    }

    async fn exchange(&self, open: &Open, body: Bytes, deadline: Deadline) -> Result<Bytes, Failure> {
        let work = async {
            let response = open.sender.send(self.request(&open.sender, body)?).await.map_err(|e| sort(&e))?;
            if response.status() != StatusCode::OK {
                return Err(failure(Cause::DnsServfailError, Whose::Peer));
            }
            if response.headers().get(CONTENT_TYPE).is_none_or(|kind| kind != MEDIA_TYPE) {
                return Err(failure(Cause::InvalidAnswer, Whose::Peer));
            }
            let body = Limited::new(response.into_body(), LARGEST).collect().await;
            Ok(body.map_err(|_| failure(Cause::InvalidAnswer, Whose::Network))?.to_bytes())
        };
        deadline.run(work).await.unwrap_or_else(|| Err(silent()))
    }

    fn request(&self, sender: &Sender, body: Bytes) -> Result<Request<Full<Bytes>>, Failure> {
        let authority = self.authority();
        let builder = match sender {
            Sender::Two(_) => Request::builder().uri(format!("https://{authority}{}", self.server.path)),
            Sender::One(_) => Request::builder().uri(self.server.path.as_str()).header(HOST, authority),
        };
        builder
            .method(Method::POST)
            .header(CONTENT_TYPE, MEDIA_TYPE)
            .header(ACCEPT, MEDIA_TYPE)
            .body(Full::new(body))
            .map_err(|_| failure(Cause::UnknownFailure, Whose::Local))
    }

    fn authority(&self) -> String {
        let host = match &self.server.name {
            Host::Name(name) => name.to_string(),
            Host::Ip(std::net::IpAddr::V4(four)) => four.to_string(),
            Host::Ip(std::net::IpAddr::V6(six)) => format!("[{six}]"),
        };
        match self.server.address.port() {
            443 => host,
            port => format!("{host}:{port}"),
        }
    }
}

impl Sender {
    fn is_usable(&self) -> bool {
        match self {
            Self::Two(sender) => !sender.is_closed(),
            // Locked means in use, so it was alive a moment ago.
            Self::One(sender) => sender.try_lock().map_or(true, |sender| !sender.is_closed()),
        }
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> hyper::Result<Response<hyper::body::Incoming>> {
        match self {
            Self::Two(sender) => {
                let mut sender = sender.clone();
                sender.ready().await?;
                sender.send_request(request).await
            }
            Self::One(sender) => {
                let mut sender = sender.lock().await;
                sender.ready().await?;
                sender.send_request(request).await
            }
        }
    }
}

const fn failure(cause: Cause, whose: Whose) -> Failure {
    Failure::new(Stage::Resolve, cause, whose)
}

const fn silent() -> Failure {
    failure(Cause::GenericTimeoutError, Whose::Network)
}

/// Whatever went wrong on the way to a resolver, for the asker it is a name that was not resolved.
fn at_resolve(inner: Failure) -> Failure {
    Failure { stage: Stage::Resolve, ..inner }
}

fn sort(error: &hyper::Error) -> Failure {
    let io = std::error::Error::source(error).and_then(|source| source.downcast_ref::<std::io::Error>());
    match io {
        Some(io) => Failure::from_io(Stage::Resolve, io),
        None if error.is_closed() || error.is_canceled() || error.is_incomplete_message() => {
            failure(Cause::EofError, Whose::Network)
        }
        None => failure(Cause::UnknownFailure, Whose::Network),
    }
}
