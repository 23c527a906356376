//! Streams made of POSTs, the server's end ([`wire::polling`](crate::wire::polling)). Only a user's first POST begins one,
//! so strangers hold nothing. Each holds at most a few hundred kilobytes: what has been said to the client and is not
//! acknowledged yet, and what waits in between; who is full is not read from.

use super::Page;
use crate::net::Stream;
use crate::wire::polling::{END, MOST_DOWN, MOST_UP, SEQ, Seq, SessionId, fresh};
use bytes::{Buf, Bytes, BytesMut};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};
use tokio::time::{Instant, sleep, timeout};

/// How long an answer waits for bytes. Shorter than any CDN's own patience.
const HOLD: Duration = Duration::from_secs(10);
/// Without a request for so long a stream is over.
const STALE: Duration = Duration::from_secs(60);
/// Bytes between the stream and its requests, each way.
const HELD: usize = 128 * 1024;

/// All streams made of POSTs.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<SessionId, Arc<Session>>>);

struct Session {
    up: tokio::sync::Mutex<Up>,
    down: tokio::sync::Mutex<Down>,
    asked: Mutex<Instant>,
}

struct Up {
    to: WriteHalf<DuplexStream>,
    received: u64,
}

struct Down {
    from: ReadHalf<DuplexStream>,
    /// Said and not acknowledged; its first byte is this number of the stream.
    said: BytesMut,
    begins: u64,
    ended: bool,
}

impl Sessions {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SessionId, Arc<Session>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is such a stream.
    pub(super) fn knows(&self, id: SessionId) -> bool {
        self.lock().contains_key(&id)
    }

    /// Begins a stream with what stands in `body` behind the request.
    pub(super) async fn begin(&self, id: SessionId, body: &[u8], taken: usize, end: bool) -> Option<(Stream, Page)> {
        let (near, far) = tokio::io::duplex(HELD);
        let (from, mut to) = tokio::io::split(far);
        // There is room for all of it.
        to.write_all(body.get(taken..)?).await.ok()?;
        if end {
            to.shutdown().await.ok()?;
        }
        let up = Up { to, received: body.len() as u64 };
        let down = Down { from, said: BytesMut::new(), begins: 0, ended: false };
        let session = Session {
            up: tokio::sync::Mutex::new(up),
            down: tokio::sync::Mutex::new(down),
            asked: Mutex::new(Instant::now()),
        };
        self.lock().insert(id, Arc::new(session));
        Some((Box::new(near), page(Bytes::new())))
    }

    /// Answers a request of a stream; `None` when it is none of ours.
    pub(super) async fn answer(&self, id: SessionId, seq: Seq, end: bool, request: Request<Incoming>) -> Option<Page> {
        let session = self.lock().get(&id).cloned()?;
        session.touch();
        let answer = match seq {
            Seq::Up(offset) => session.hear(offset, end, &read(request).await?).await,
            Seq::Down(_) if end => {
                self.lock().remove(&id);
                Some(page(Bytes::new()))
            }
            Seq::Down(offset) => session.say(offset).await,
        };
        session.touch();
        answer
    }

    /// Drops what nobody has asked for in a while; for ever.
    pub(super) async fn tidy(&self) {
        loop {
            sleep(STALE / 4).await;
            self.lock().retain(|_, session| !session.is_stale());
        }
    }
}

impl Session {
    fn touch(&self) {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn is_stale(&self) -> bool {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).elapsed() > STALE
    }

    /// Takes what is new of a body. Answered only when it has been taken, so a slow destination slows its client.
    async fn hear(&self, offset: u64, end: bool, body: &[u8]) -> Option<Page> {
        let mut up = self.up.lock().await;
        let new = fresh(body, offset, up.received)?;
        // A destination that takes no more has closed, and the other direction says so.
        let _closed = up.to.write_all(new).await;
        up.received += new.len() as u64;
        if end {
            let _closed = up.to.shutdown().await;
        }
        Some(page(Bytes::new()))
    }

    /// Says what comes after `offset`, waiting for it when there is nothing yet.
    async fn say(&self, offset: u64) -> Option<Page> {
        let mut down = self.down.lock().await;
        let known = usize::try_from(offset.checked_sub(down.begins)?).ok().filter(|known| *known <= down.said.len())?;
        down.said.advance(known);
        down.begins = offset;
        if down.said.is_empty() && !down.ended {
            down.fill().await;
        }
        let mut page = page(Bytes::copy_from_slice(&down.said));
        let headers = page.headers_mut();
        headers.insert(SEQ, HeaderValue::from_str(&Seq::Down(down.begins).encode()).ok()?);
        if down.ended {
            headers.insert(END, HeaderValue::from_static("1"));
        }
        Some(page)
    }
}

impl Down {
    /// Reads what comes within the hold, and what has come with it.
    async fn fill(&mut self) {
        let mut wait = HOLD;
        while self.said.len() < MOST_DOWN - HELD {
            match timeout(wait, self.from.read_buf(&mut self.said)).await {
                Ok(Ok(1..)) => wait = Duration::ZERO,
                Ok(_) => {
                    self.ended = true;
                    return;
                }
                Err(_) => return,
            }
        }
    }
}

/// A request's body, when it is no larger than one of ours.
pub(super) async fn read(request: Request<Incoming>) -> Option<Bytes> {
    let body = Limited::new(request.into_body(), MOST_UP).collect();
    Some(timeout(HOLD, body).await.ok()?.ok()?.to_bytes())
}

fn page(body: Bytes) -> Page {
    let mut response = Response::new(Full::new(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
