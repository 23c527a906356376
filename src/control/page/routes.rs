//! From a request to its answer: guarded first, then by its exact path. Whoever is not let in learns nothing, not even
//! which paths there are.

use super::check_up::{self, CheckUp};
use super::reply::{self, Reply};
use super::{Page, assets, feed, front, guard, keys, lock, metrics, order};
use crate::control::{Operator, token};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Request, StatusCode};
use percent_encoding::percent_decode_str;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Every route there is.
const ROUTES: &[Route] = &[
    front::ROUTE,
    feed::ROUTE,
    order::USE,
    order::TEST,
    check_up::BEGIN,
    check_up::STOP,
    assets::SCRIPT,
    assets::STYLE,
    assets::ICON,
];

/// The longest form; a real one is below 200 bytes.
const FORM_AT_MOST: usize = 4 << 10;
/// For a form to arrive.
const FORM: Duration = Duration::from_secs(10);

/// One path of the page.
pub(super) struct Route {
    /// The method: `GET` reads, `POST` changes something and must come from the page itself.
    pub(super) method: Method,
    /// The exact path.
    pub(super) path: &'static str,
    /// Who gives the answer.
    pub(super) answer: fn(Call) -> BoxFuture<'static, Reply>,
}

/// A request that may be answered.
pub(super) struct Call {
    /// Whom to ask.
    pub(super) operator: Arc<dyn Operator>,
    /// The page's check-up.
    pub(super) check_up: Arc<CheckUp>,
    /// The request's head.
    pub(super) head: Parts,
    /// The fields of its query, or of its form.
    pub(super) fields: Fields,
}

/// Fields of a query or a form, decoded.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `application/x-www-form-urlencoded` (WHATWG URL §5.1); what is not UTF-8 is left out.
    pub(super) fn read(text: &str) -> Self {
        let decoded = |part: &str| {
            let spaced = part.replace('+', " ");
            percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
        };
        let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
        Self(pairs.filter_map(|(name, value)| Some((decoded(name)?, decoded(value)?))).collect())
    }

    /// The first field of this name.
    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The answer to a request that came to the page at `at`.
pub(super) async fn answer(page: &Arc<Page>, at: SocketAddr, request: Request<Incoming>) -> Reply {
    let (head, body) = request.into_parts();
    if !guard::is_for(at, &head.uri, &head.headers) {
        return reply::silence();
    }
    let query = Fields::read(head.uri.query().unwrap_or_default());
    if let (&Method::GET, "/", Some(shown)) = (&head.method, head.uri.path(), query.one("token")) {
        return exchange(page, at, shown);
    }
    if metrics::is_scraper(page, &head) {
        return metrics::answer(page.operator()).await;
    }
    if !is_let_in(page, at, &head.headers) {
        return reply::silence();
    }
    let route = match find(&head.method, head.uri.path()) {
        Ok(route) => route,
        Err(status) => return reply::plain(status, "there is nothing here that could be asked so"),
    };
    let (operator, check_up) = (Arc::clone(&page.operator), Arc::clone(&page.check_up));
    let mut call = Call { operator, check_up, head, fields: query };
    if route.method == Method::POST {
        if !guard::is_from_the_page(at, &call.head.headers) {
            return reply::plain(StatusCode::FORBIDDEN, "only the page itself may change anything");
        }
        match form(body).await {
            Some(text) => call.fields = Fields::read(&String::from_utf8_lossy(&text)),
            None => return reply::plain(StatusCode::BAD_REQUEST, "the form is too long or did not arrive"),
        }
    }
    (route.answer)(call).await
}

fn is_let_in(page: &Page, at: SocketAddr, headers: &HeaderMap) -> bool {
    let (mut keys, now) = (lock(&page.keys), Instant::now());
    guard::is_unprompted(headers) && guard::sessions(at, headers).any(|shown| keys.admit(shown, now))
}

fn find(method: &Method, path: &str) -> Result<&'static Route, StatusCode> {
    if ROUTES.iter().all(|route| route.path != path) {
        return Err(StatusCode::NOT_FOUND);
    }
    let found = ROUTES.iter().find(|route| route.path == path && route.method == *method);
    found.ok_or(StatusCode::METHOD_NOT_ALLOWED)
}

/// A link's token for a session, once.
fn exchange(page: &Page, at: SocketAddr, shown: &str) -> Reply {
    let Ok(session) = token::fresh() else { return reply::silence() };
    let cookie = format!(
        "{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}",
        guard::cookie_name(at),
        session.expose(),
        keys::SESSION_LASTS.as_secs()
    );
    if lock(&page.keys).exchange(shown, session, Instant::now()) {
        reply::with_cookie(reply::see("/"), &cookie)
    } else {
        reply::silence()
    }
}

async fn form(body: Incoming) -> Option<Bytes> {
    let whole = timeout(FORM, Limited::new(body, FORM_AT_MOST).collect()).await.ok()?;
    whole.ok().map(http_body_util::Collected::to_bytes)
}
