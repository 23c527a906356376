//! POSTs to one edge over kept connections: HTTP/2 where the edge offers it, one connection for all; HTTP/1.1 otherwise,
//! one connection for each request at a time. A connection that broke is not used again.

use crate::model::{Cause, Failure, Stage, Whose};
use crate::net::Deadline;
use crate::transport::reach::Below;
use crate::transport::websocket::USER_AGENT;
use crate::wire::polling::{END, ID, MOST_DOWN, SEQ, Seq, SessionId};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::{http1, http2};
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue, USER_AGENT as USER_AGENT_FIELD};
use hyper::{Method, Request};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::sync::Mutex;

/// Idle connections that are kept.
const MOST_IDLE: usize = 16;
/// HTTP/2's windows: a whole answer fits, on a long line too.
const WINDOW: u32 = 4 << 20;

/// One question.
pub(super) struct Ask {
    pub(super) id: SessionId,
    pub(super) seq: Seq,
    pub(super) end: bool,
    pub(super) body: Bytes,
}

/// What was said to it.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) seq: Option<Seq>,
    pub(super) end: bool,
    pub(super) body: Bytes,
}

/// The connections to one edge.
pub(super) struct Requests {
    below: Below,
    host: String,
    path: String,
    idle: Mutex<Vec<Sender>>,
}

enum Sender {
    One(http1::SendRequest<Full<Bytes>>),
    Two(http2::SendRequest<Full<Bytes>>),
}

impl Requests {
    pub(super) fn new(below: Below, host: String, path: String) -> Self {
        Self { below, host, path, idle: Mutex::default() }
    }

    /// Sees to it that a connection is up.
    pub(super) async fn prepare(&self, deadline: Deadline) -> Result<(), Failure> {
        let sender = match self.take() {
            Some(sender) => sender,
            None => self.connect(deadline).await?,
        };
        self.keep(sender);
        Ok(())
    }

    /// Asks once, on a kept connection unless a `new` one is wanted.
    pub(super) async fn send(&self, ask: &Ask, deadline: Deadline, new: bool) -> Result<Answer, Failure> {
        let kept = if new { None } else { self.take() };
        let sender = match kept {
            Some(sender) => sender,
            None => self.connect(deadline).await?,
        };
        let silent = Failure::new(Stage::Body, Cause::GenericTimeoutError, Whose::Network).near();
        deadline.run(self.exchange(sender, ask)).await.unwrap_or(Err(silent))
    }

    async fn exchange(&self, mut sender: Sender, ask: &Ask) -> Result<Answer, Failure> {
        let request = self.request(&sender, ask)?;
        let response = match &mut sender {
            Sender::One(one) => {
                one.ready().await.map_err(|error| sort(&error))?;
                one.send_request(request).await
            }
            Sender::Two(two) => {
                two.ready().await.map_err(|error| sort(&error))?;
                let sent = two.send_request(request);
                // Others may ask beside it.
                self.keep(Sender::Two(two.clone()));
                sent.await
            }
        };
        let (head, body) = response.map_err(|error| sort(&error))?.into_parts();
        let whole = Limited::new(body, MOST_DOWN).collect().await;
        let broken = Failure::new(Stage::Body, Cause::EofError, Whose::Network).near();
        let body = whole.map_err(|_| broken)?.to_bytes();
        if let Sender::One(_) = &sender {
            self.keep(sender);
        }
        let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        let (seq, end) = (text(SEQ).and_then(Seq::parse), text(END) == Some("1"));
        Ok(Answer { status: head.status.as_u16(), seq, end, body })
    }

    fn request(&self, sender: &Sender, ask: &Ask) -> Result<Request<Full<Bytes>>, Failure> {
        let request = match sender {
            Sender::Two(_) => Request::builder().uri(format!("https://{}{}", self.host, self.path)),
            Sender::One(_) => Request::builder().uri(self.path.as_str()).header(HOST, self.host.as_str()),
        };
        let mut request = request
            .method(Method::POST)
            .header(USER_AGENT_FIELD, USER_AGENT)
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(ID, ask.id.encode())
            .header(SEQ, ask.seq.encode());
        if ask.end {
            request = request.header(END, HeaderValue::from_static("1"));
        }
        let unsayable = |_| Failure::new(Stage::Handshake, Cause::NotSupported, Whose::Local).near();
        request.body(Full::new(ask.body.clone())).map_err(unsayable)
    }

    async fn connect(&self, deadline: Deadline) -> Result<Sender, Failure> {
        let tls = self.below.open(deadline).await?;
        let is_two = tls.alpn() == Some(b"h2");
        let io = TokioIo::new(tls);
        // A connection's task ends when its last sender is dropped, or the edge hangs up.
        if is_two {
            let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                .initial_stream_window_size(WINDOW)
                .initial_connection_window_size(2 * WINDOW)
                .handshake(io)
                .await
                .map_err(|error| sort(&error))?;
            tokio::spawn(connection);
            Ok(Sender::Two(sender))
        } else {
            let (sender, connection) = http1::handshake(io).await.map_err(|error| sort(&error))?;
            tokio::spawn(connection);
            Ok(Sender::One(sender))
        }
    }

    fn take(&self) -> Option<Sender> {
        let mut idle = self.idle.lock().ok()?;
        idle.retain(Sender::is_usable);
        idle.pop()
    }

    fn keep(&self, sender: Sender) {
        let Ok(mut idle) = self.idle.lock() else { return };
        let is_known = matches!(sender, Sender::Two(_)) && idle.iter().any(|kept| matches!(kept, Sender::Two(_)));
        if sender.is_usable() && !is_known && idle.len() < MOST_IDLE {
            idle.push(sender);
        }
    }
}

impl Sender {
    fn is_usable(&self) -> bool {
        match self {
            Self::One(sender) => !sender.is_closed(),
            Self::Two(sender) => !sender.is_closed(),
        }
    }
}

/// Only the connection's own errors come here; a status is an answer.
fn sort(error: &hyper::Error) -> Failure {
    let io = std::error::Error::source(error).and_then(|source| source.downcast_ref::<std::io::Error>());
    match io {
        Some(io) => Failure::from_io(Stage::Body, io),
        None if error.is_closed() || error.is_canceled() || error.is_incomplete_message() => {
            Failure::new(Stage::Body, Cause::EofError, Whose::Network)
        }
        None => Failure::new(Stage::Body, Cause::UnknownFailure, Whose::Network),
    }
    .near()
}
