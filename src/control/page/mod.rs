//! The status page's own little web server: HTTP/1.1 on loopback, off unless asked for, silent to whoever has not been
//! let in by a link of `byway ui`. It shows and commands what the [`Operator`] does, and knows nothing beside it.
//!
//! Built on hyper alone: a dozen exact paths need no router. To add a route: a file here with
//! `pub(super) const ROUTE: Route`, and a line in [`routes::ROUTES`].

mod assets;
mod check_up;
mod feed;
mod front;
mod guard;
mod keys;
mod language;
mod metrics;
mod order;
mod reply;
mod routes;
mod scene;
mod view;

#[cfg(test)]
mod tests;

use super::fetched::Unshown;
use super::{ControlError, Operator, PageLink, Refusal, RefusalCode, token};
use crate::model::Secret;
use check_up::CheckUp;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use keys::Keys;
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// Connections at once. 32: a browser opens six, one of them stays for the events; a few windows.
const CONNECTIONS: usize = 32;
/// For a request's head to arrive. 10 s: it never leaves the machine.
const HEAD: Duration = Duration::from_secs(10);
/// The longest request head; a browser's is below 4 KiB.
const HEAD_AT_MOST: usize = 16 << 10;

/// The status page: closed until [`Page::open`] or the first [`Page::link`].
pub struct Page {
    operator: Arc<dyn Operator>,
    keys: Mutex<Keys>,
    door: Mutex<Door>,
    opened: Notify,
    check_up: Arc<CheckUp>,
    /// What a monitoring system shows.
    scraper: Mutex<Option<Secret<String>>>,
}

/// Where the page listens.
#[derive(Default)]
struct Door {
    at: Option<SocketAddr>,
    /// Bound, and not yet taken by [`Page::run`].
    waiting: Option<TcpListener>,
}

impl Page {
    /// A page that shows what `operator` tells. It listens nowhere yet.
    pub fn new(operator: Arc<dyn Operator>) -> Arc<Self> {
        Arc::new(Self {
            operator,
            keys: Mutex::default(),
            door: Mutex::default(),
            opened: Notify::new(),
            check_up: Arc::default(),
            scraper: Mutex::default(),
        })
    }

    /// Whoever shows `token` reads `/metrics` from now on; nobody without one.
    pub fn admit_scraper(&self, token: Option<Secret<String>>) {
        *lock(&self.scraper) = token;
    }

    /// Whom it asks.
    pub fn operator(&self) -> &dyn Operator {
        &*self.operator
    }

    /// Where it listens, if it does.
    pub fn at(&self) -> Option<SocketAddr> {
        lock(&self.door).at
    }

    /// Listens on `at`, a loopback address; port 0 takes any that is free. Where it listens already, it stays.
    pub fn open(&self, at: SocketAddr) -> Result<SocketAddr, ControlError> {
        if !at.ip().is_loopback() {
            return Err(ControlError::PageNotLocal { at });
        }
        let mut door = lock(&self.door);
        if let Some(open) = door.at {
            return Ok(open);
        }
        let failed = |source: io::Error| ControlError::Page { at, source };
        let listener = TcpListener::bind(at).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let open = listener.local_addr().map_err(failed)?;
        *door = Door { at: Some(open), waiting: Some(listener) };
        self.opened.notify_one();
        Ok(open)
    }

    /// A link that lets one browser in, once; opens the page on any free port where it is closed.
    pub fn link(&self) -> Result<PageLink, Refusal> {
        let failed = |error: &dyn std::fmt::Display| Refusal::new(RefusalCode::Failed, error.to_string());
        let at = self.open((Ipv4Addr::LOCALHOST, 0).into()).map_err(|error| failed(&error))?;
        let token = token::fresh().map_err(|error| failed(&error))?;
        let link = Unshown(format!("http://{at}/?token={}", token.expose()));
        lock(&self.keys).promise(token, Instant::now());
        Ok(PageLink { at, link, valid_secs: keys::LINK_LASTS.as_secs() })
    }

    /// Answers browsers from when the page is opened until `stop` is cancelled.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            if stop.run_until_cancelled(self.opened.notified()).await.is_none() {
                return;
            }
            let Some((listener, at)) = self.take_door() else { continue };
            match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => return self.serve(listener, at, &stop).await,
                Err(error) => {
                    tracing::warn!(%error, "the status page cannot be served");
                    *lock(&self.door) = Door::default();
                }
            }
        }
    }

    fn take_door(&self) -> Option<(TcpListener, SocketAddr)> {
        let mut door = lock(&self.door);
        Some((door.waiting.take()?, door.at?))
    }

    async fn serve(self: &Arc<Self>, listener: tokio::net::TcpListener, at: SocketAddr, stop: &CancellationToken) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let mut visits = JoinSet::new();
        loop {
            // Both waits are cancel-safe: accepting and joining keep what they have not handed out.
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = listener.accept() => accepted,
                Some(_) = visits.join_next() => continue,
            };
            match (accepted, Arc::clone(&places).try_acquire_owned()) {
                (Ok((stream, _)), Ok(place)) => {
                    let page = Arc::clone(self);
                    visits.spawn(async move {
                        page.visit(stream, at).await;
                        drop(place);
                    });
                }
                // Too many: this one is hung up on.
                (Ok(_), Err(_)) => {}
                (Err(error), _) => {
                    tracing::debug!(%error, "the status page could not accept a visitor");
                    tokio::select! { () = stop.cancelled() => break, () = sleep(Duration::from_millis(200)) => {} }
                }
            }
        }
        visits.shutdown().await;
        self.check_up.stop().await;
    }

    /// One connection of a browser.
    async fn visit(self: Arc<Self>, stream: tokio::net::TcpStream, at: SocketAddr) {
        let service = service_fn(move |request| {
            let page = Arc::clone(&self);
            async move { Ok::<_, Infallible>(routes::answer(&page, at, request).await) }
        });
        let served = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(HEAD_AT_MOST)
            .auto_date_header(false)
            .serve_connection(TokioIo::new(stream), service)
            .await;
        if let Err(error) = served {
            tracing::debug!(%error, "a visitor of the status page left early");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
