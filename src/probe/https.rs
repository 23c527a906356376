//! Does the web server of a service answer? TLS and one request (RFC 9110), over HTTP/2 when the server takes it.
//! Any status from behind a right chain is an answer; a large body, when asked for, is read to clear a freeze.

use super::ask::{Asker, Farewell, Spoken};
use super::exchange::Fault;
use super::spec::{Https, Method, Roots};
use super::tap::Tap;
use super::{date, tls};
use crate::judge::http as page;
use crate::model::{Cause, Destination, Grade, Host, Sign, Stage, Whose};
use crate::net::Stream;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::header::{ACCEPT, DATE, HOST, HeaderMap, LOCATION, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio_util::task::TaskTracker;

/// So much of one body clears a freeze (detection rules §0.2).
pub(super) const BODY_PROOF: u64 = 64 * 1024;

/// What came back, as far as it is looked at.
pub(super) struct Page {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// Bytes of the body that came, more than are kept.
    pub(super) length: u64,
}

impl Page {
    /// When the server says it is, in seconds since 1970.
    pub(super) fn date(&self) -> Option<u64> {
        self.headers.get(DATE).and_then(|value| value.to_str().ok()).and_then(date::parse)
    }

    /// The host it sends us to, when it names one.
    fn location(&self) -> Option<String> {
        let uri: hyper::Uri = self.headers.get(LOCATION)?.to_str().ok()?.parse().ok()?;
        uri.host().map(str::to_ascii_lowercase)
    }

    /// Whether it stands in the service's place (T12). Behind the right certificate nothing can; the controls find a
    /// captive portal.
    pub(super) fn is_a_stub(&self, asked: &Host, vouched: bool) -> bool {
        let (location, asked) = (self.location(), asked.name().unwrap_or_default());
        let seen = page::Page { status: self.status, location: location.as_deref(), asked, vouched };
        page::page(&seen, |_| false, true) == Some(Sign::BlockPage)
    }
}

/// What is asked for. The first bytes of a body are kept to recognise a page by.
pub(super) struct Query<'a> {
    pub(super) host: &'a Host,
    pub(super) port: u16,
    pub(super) path: &'a str,
    pub(super) method: Method,
    /// Read this much of the body, when there is so much.
    pub(super) body_bytes: u32,
    pub(super) user_agent: &'a str,
}

/// As much of a body is kept as any page needs to be recognised.
const KEPT: usize = 4096;

/// Asks `target` over an open stream.
pub(super) async fn ask(
    stream: Stream,
    https: &Https,
    target: &Destination,
    asker: &Asker,
    tap: &Tap,
) -> Result<Spoken, Fault> {
    let host = tls::host(https, target)?;
    let session = tls::open(stream, https, &https.alpn, target, asker).await?;
    tap.at(Stage::App);
    let query = Query {
        host: &host,
        port: target.port,
        path: &https.path,
        method: if https.body_bytes > 0 { Method::Get } else { https.method },
        body_bytes: https.body_bytes,
        user_agent: &asker.settings.user_agent,
    };
    let (page, farewell) = if session.alpn() == Some(b"h2") {
        over_http2(Box::new(session), &query, tap, &asker.tasks).await?
    } else {
        over_http1(Box::new(session), &query, tap).await?
    };
    let vouched = !matches!(https.roots, Roots::Any);
    if page.is_a_stub(&host, vouched) {
        return Err(Fault::Found(Cause::Blockpage, Whose::Network));
    }
    let is_proven = https.proof_header.as_deref().is_none_or(|name| page.headers.contains_key(name));
    let grade = if is_proven && vouched { Grade::A } else { Grade::B };
    Ok(Spoken { grade, body_proven: page.length >= BODY_PROOF, date: page.date(), farewell })
}

/// A connection over which the same is asked several times.
pub(super) struct Talk<'a> {
    https: &'a Https,
    host: Host,
    port: u16,
    user_agent: &'a str,
    sender: http1::SendRequest<Empty<Bytes>>,
    connection: Connection,
}

impl<'a> Talk<'a> {
    /// Greets `target` over an open stream.
    pub(super) async fn open(
        stream: Stream,
        https: &'a Https,
        target: &Destination,
        asker: &'a Asker,
        tap: &Tap,
    ) -> Result<Self, Fault> {
        let host = tls::host(https, target)?;
        let session = tls::open(stream, https, &https.alpn, target, asker).await?;
        tap.at(Stage::App);
        let stream: Stream = Box::new(session);
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|_| Fault::Layer)?;
        let connection = connection.map(drop).boxed().fuse();
        let (port, user_agent) = (target.port, asker.settings.user_agent.as_str());
        Ok(Self { https, host, port, user_agent, sender, connection })
    }

    /// One more request and its whole answer.
    pub(super) async fn ask(&mut self) -> Result<Spoken, Fault> {
        let query = Query {
            host: &self.host,
            port: self.port,
            path: &self.https.path,
            method: self.https.method,
            body_bytes: 0,
            user_agent: self.user_agent,
        };
        let request = query.request(query.path)?.header(HOST, query.authority()).body(Empty::<Bytes>::new());
        let request = request.map_err(|_| unaskable())?;
        let sender = &mut self.sender;
        let page = drive(&mut self.connection, async {
            let (head, mut body) = sender.send_request(request).await.map_err(|_| Fault::Layer)?.into_parts();
            while let Some(frame) = body.frame().await {
                frame.map_err(|_| Fault::Layer)?;
            }
            // A server that wants no more says so; what it has said counts.
            let _closed = sender.ready().await;
            Ok::<_, Fault>(Page { status: head.status.as_u16(), headers: head.headers, body: Vec::new(), length: 0 })
        });
        let page = page.await?;
        let vouched = !matches!(self.https.roots, Roots::Any);
        if page.is_a_stub(&self.host, vouched) {
            return Err(Fault::Found(Cause::Blockpage, Whose::Network));
        }
        let is_proven = self.https.proof_header.as_deref().is_none_or(|name| page.headers.contains_key(name));
        let grade = if is_proven && vouched { Grade::A } else { Grade::B };
        Ok(Spoken { grade, body_proven: false, date: page.date(), farewell: async {}.boxed() })
    }

    /// Whether the server would take one more.
    pub(super) fn is_open(&self) -> bool {
        self.sender.is_ready()
    }

    /// The orderly end.
    pub(super) fn farewell(self) -> Farewell {
        goodbye(self.sender, self.connection)
    }
}

/// One request over HTTP/1.1.
pub(super) async fn over_http1(stream: Stream, query: &Query<'_>, tap: &Tap) -> Result<(Page, Farewell), Fault> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|_| Fault::Layer)?;
    let connection: Connection = connection.map(drop).boxed().fuse();
    let request = query.request(query.path)?.header(HOST, query.authority()).body(Empty::<Bytes>::new());
    let request = request.map_err(|_| unaskable())?;
    let answer = async move {
        let response = sender.send_request(request).await.map_err(|_| Fault::Layer)?;
        Ok((read(response, query, tap).await?, sender))
    };
    take(connection, answer).await
}

/// One request over HTTP/2. The library wants to run the connection in a task; `tasks` owns it.
async fn over_http2(
    stream: Stream,
    query: &Query<'_>,
    tap: &Tap,
    tasks: &TaskTracker,
) -> Result<(Page, Farewell), Fault> {
    let executor = Owned(tasks.clone());
    let (mut sender, connection) = http2::handshake(executor, TokioIo::new(stream)).await.map_err(|_| Fault::Layer)?;
    let connection: Connection = connection.map(drop).boxed().fuse();
    let uri = format!("https://{}{}", query.authority(), query.path);
    let request = query.request(&uri)?.body(Empty::<Bytes>::new()).map_err(|_| unaskable())?;
    let answer = async move {
        let response = sender.send_request(request).await.map_err(|_| Fault::Layer)?;
        Ok((read(response, query, tap).await?, sender))
    };
    take(connection, answer).await
}

type Connection = futures_util::future::Fuse<BoxFuture<'static, ()>>;

/// Waits for the answer. The sender is let go, and the connection closed, only in the farewell.
async fn take<S: Send + 'static>(
    mut connection: Connection,
    answer: impl Future<Output = Result<(Page, S), Fault>>,
) -> Result<(Page, Farewell), Fault> {
    let (page, sender) = drive(&mut connection, answer).await?;
    Ok((page, goodbye(sender, connection)))
}

/// Runs `work` with the connection beside it; what the connection still held when it ended is not lost.
async fn drive<T>(connection: &mut Connection, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    // Both arms are polled by reference and lose nothing.
    tokio::select! {
        biased;
        done = &mut work => return done,
        () = connection => {}
    }
    work.await
}

/// The orderly end.
fn goodbye<S: Send + 'static>(sender: S, connection: Connection) -> Farewell {
    async move {
        drop(sender);
        connection.await;
    }
    .boxed()
}

async fn read(response: Response<Incoming>, query: &Query<'_>, tap: &Tap) -> Result<Page, Fault> {
    let (head, mut body) = response.into_parts();
    let mut page = Page { status: head.status.as_u16(), headers: head.headers, body: Vec::new(), length: 0 };
    if query.body_bytes > 0 {
        tap.at(Stage::Body);
    }
    while page.length < u64::from(query.body_bytes) {
        let Some(frame) = body.frame().await else { break };
        let frame = frame.map_err(|_| Fault::Layer)?;
        let Some(data) = frame.data_ref() else { continue };
        let room = KEPT.saturating_sub(page.body.len()).min(data.len());
        page.body.extend_from_slice(data.get(..room).unwrap_or_default());
        page.length += data.len() as u64;
    }
    Ok(page)
}

impl Query<'_> {
    fn request(&self, uri: &str) -> Result<hyper::http::request::Builder, Fault> {
        let method = match self.method {
            Method::Get => hyper::Method::GET,
            Method::Head => hyper::Method::HEAD,
        };
        let uri = uri.parse::<hyper::Uri>().map_err(|_| unaskable())?;
        let builder = Request::builder().method(method).uri(uri);
        Ok(builder.header(USER_AGENT, self.user_agent).header(ACCEPT, "*/*"))
    }

    fn authority(&self) -> String {
        let full = Destination::new(self.host.clone(), self.port).authority();
        let default = if self.port == 443 { ":443" } else { ":80" };
        full.strip_suffix(default).map(str::to_owned).unwrap_or(full)
    }
}

/// A path or name that no request can hold: the configuration's fault.
const fn unaskable() -> Fault {
    Fault::Found(Cause::LocalResource, Whose::Local)
}

#[derive(Clone)]
struct Owned(TaskTracker);

impl<F> hyper::rt::Executor<F> for Owned
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        self.0.spawn(task);
    }
}
