//! The HTTP door: an HTTP/1.1 proxy with CONNECT and absolute-form forwarding (RFC 9110 §9.3.6, RFC 9112 §3.2.2).
//! It speaks TLS to nobody, keeps nothing, adds no field that names it, and to who is no proxy client it says
//! nothing a web page could learn from.

mod answer;
mod forward;
mod page;
mod script;
mod target;

pub use script::Script;

use super::door::{Door, Hearing, Served, Visitor};
use super::error::Error;
use super::login::{Login, admits};
use super::{Answer, Protocol, Request, Rest, Want};
use crate::model::Destination;
use crate::wire;
use answer::{ConnectAnswer, ForwardAnswer};
use forward::Kept;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use hyper::Response;
use hyper::body::{Body, Incoming};
use hyper::header::{HeaderMap, PROXY_AUTHORIZATION};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use page::Page;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use target::Target;
use tokio::io::DuplexStream;
use tokio::sync::{mpsc, oneshot};

/// Gets each request and answers it.
pub(super) type Submit = Box<dyn Fn(Request) -> BoxFuture<'static, Option<Rest>> + Send + Sync>;
/// Work that goes on beside the connection: a session, or the driver of an upstream connection.
type Job = BoxFuture<'static, ()>;

/// How long a client that keeps its connection may stay silent between requests. Browsers keep theirs for minutes and
/// cope with less.
const IDLE: Duration = Duration::from_secs(60);
/// The largest request head. Cookies fill most of it; common servers take 8 to 32 KiB.
const HEAD_AT_MOST: usize = 64 * 1024;
/// Refused logins on one connection before it is closed.
const LOGINS: u32 = 3;

/// Serves one connection from its first request head to its last answer; gives back what was submitted and still runs.
pub(super) async fn serve(
    hearing: Hearing,
    door: &Door,
    visitor: Visitor,
    submit: Submit,
) -> Result<(Served, Option<Rest>), Error> {
    let (jobs, mut new_jobs) = mpsc::channel(4);
    let deadline = visitor.deadline;
    let patience = door.settings.negotiation;
    let talk = Arc::new(Conversation {
        visitor,
        login: door.login.clone(),
        script: door.script.clone().map(|script| (script, hearing.reached_at(&visitor))),
        submit,
        jobs,
        kept: Mutex::default(),
        tally: Mutex::default(),
    });
    let mut crew: FuturesUnordered<Job> = FuturesUnordered::new();
    let ended = {
        let answering = Arc::clone(&talk);
        let service = service_fn(move |request| {
            let talk = Arc::clone(&answering);
            async move { Ok::<_, Infallible>(talk.answer(request).await) }
        });
        let mut connection = pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(IDLE.max(patience))
                .max_buf_size(HEAD_AT_MOST)
                .preserve_header_case(true)
                .title_case_headers(true)
                .auto_date_header(false)
                .serve_connection(TokioIo::new(hearing.into_rewound()), service)
                .with_upgrades()
        );
        loop {
            // Each arm is cancel-safe: a connection and a crew keep their state, `recv` takes nothing it does not give.
            tokio::select! {
                ended = &mut connection => break ended,
                Some(job) = new_jobs.recv() => crew.push(job),
                Some(()) = crew.next() => {}
                () = tokio::time::sleep_until(deadline.instant()), if !talk.tally().heard => {
                    return Err(Error::TooSlow(patience));
                }
            }
        }
    };
    let tally = std::mem::take(&mut *talk.tally());
    // With it go the kept upstream connections, so that their drivers end.
    drop(talk);
    while let Ok(job) = new_jobs.try_recv() {
        crew.push(job);
    }
    let served = tally.verdict(ended.err());
    let rest = async move {
        while crew.next().await.is_some() {}
        None
    };
    match served {
        Ok(served) => Ok((served, Some(Rest::new(rest)))),
        Err(error) => {
            let _nowhere_else = rest.await;
            Err(error)
        }
    }
}

/// One client connection over HTTP.
struct Conversation {
    visitor: Visitor,
    login: Option<Login>,
    /// What is handed out to whom, and the address that he reached us at.
    script: Option<(Script, SocketAddr)>,
    submit: Submit,
    jobs: mpsc::Sender<Job>,
    kept: Mutex<Vec<Kept>>,
    tally: Mutex<Tally>,
}

/// What happened on a connection, for its verdict.
#[derive(Default)]
struct Tally {
    /// Whether a whole request head has come.
    heard: bool,
    /// The language of the first request submitted.
    first: Option<Protocol>,
    requests: u32,
    logins_refused: u32,
    /// How often the script was handed out.
    scripts: u32,
    strange: bool,
}

impl Tally {
    fn verdict(self, ended: Option<hyper::Error>) -> Result<Served, Error> {
        if let Some(protocol) = self.first {
            return Ok(Served { protocol, requests: self.requests });
        }
        let malformed = Error::Malformed(Protocol::HttpForward);
        if self.scripts > 0 && !self.strange && self.logins_refused == 0 {
            return Ok(Served { protocol: Protocol::HttpForward, requests: 0 });
        }
        match ended {
            _ if self.logins_refused > 0 => Err(Error::Login),
            _ if self.strange => Err(malformed),
            Some(e) if e.is_timeout() => Err(Error::TooSlow(IDLE)),
            Some(e) if e.is_parse() => Err(malformed),
            _ => Err(Error::Gone),
        }
    }
}

impl Conversation {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, request: hyper::Request<Incoming>) -> Response<Page> {
        self.tally().heard = true;
        if let Some((script, at)) = &self.script
            && let Some(page) = script.answer(request.method(), request.uri(), *at)
        {
            self.tally().scripts += 1;
            return page;
        }
        let target = match target::of(request.method(), request.uri()) {
            Ok(target) => target,
            Err(why) => {
                self.tally().strange = true;
                return match why {
                    target::Bad::NoProxyRequest => page::silence(),
                    target::Bad::Scheme | target::Bad::Host => page::bad_request(why.words()),
                };
            }
        };
        if let Some(wanted) = &self.login
            && !may_come_in(wanted, request.headers())
        {
            let mut tally = self.tally();
            tally.logins_refused += 1;
            return page::login_wanted(tally.logins_refused >= LOGINS);
        }
        match target {
            Target::Tunnel(to) if request.body().is_end_stream() => self.tunnel(request, to).await,
            Target::Tunnel(_) => page::bad_request("a CONNECT request has no body"),
            Target::Origin { to, host } => self.forward(request, to, &host).await,
        }
    }

    /// Submits a CONNECT and waits for its answer.
    async fn tunnel(&self, mut request: hyper::Request<Incoming>, to: Destination) -> Response<Page> {
        let upgrade = hyper::upgrade::on(&mut request);
        let (reply, answered) = oneshot::channel();
        self.submit(to, Protocol::HttpConnect, Box::new(ConnectAnswer { reply, upgrade })).await;
        answered.await.unwrap_or_else(|_| page::unanswered())
    }

    /// Asks for a stream to an origin.
    async fn open(&self, to: Destination) -> Result<DuplexStream, Box<Response<Page>>> {
        let (reply, answered) = oneshot::channel();
        self.submit(to, Protocol::HttpForward, Box::new(ForwardAnswer { reply })).await;
        answered.await.unwrap_or_else(|_| Err(Box::new(page::unanswered())))
    }

    /// Hands a request to the session side, and what goes on with it to the crew of the connection.
    async fn submit(&self, to: Destination, protocol: Protocol, answer: Box<dyn Answer>) {
        {
            let mut tally = self.tally();
            tally.requests += 1;
            tally.first.get_or_insert(protocol);
        }
        let request = Request::new(Want::Stream(to), self.visitor.peer, protocol, answer);
        // A job of two boxes: the first goes when the second comes.
        let rest =
            |rest: Option<Rest>| rest.map_or_else(|| std::future::ready(()).boxed(), |rest| rest.to_end().boxed());
        self.join_crew((self.submit)(request).map(rest).flatten().boxed()).await;
    }

    async fn join_crew(&self, job: Job) {
        // The crew outlives every service call; were it gone, the job would drop and with it the answer, which refuses.
        let _crew_is_there = self.jobs.send(job).await;
    }
}

/// Whether the request's `Proxy-Authorization` fits (RFC 7617).
fn may_come_in(wanted: &Login, fields: &HeaderMap) -> bool {
    let given = fields.get(PROXY_AUTHORIZATION).and_then(|value| value.to_str().ok());
    given
        .and_then(wire::http::basic_login)
        .is_some_and(|(user, password)| admits(wanted, user.as_bytes(), password.expose().as_bytes()))
}
