//! `GET /metrics` for a monitoring system on this machine, which shows a token instead of a session (RFC 6750 §2.1). Who
//! shows none, or another, is a stranger like any.

use super::reply::{self, Reply};
use super::{Page, lock};
use crate::control::metrics::CONTENT_TYPE;
use crate::control::{Operator, token};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode, header};

/// Whether the request is for the metrics and shows the token for them.
pub(super) fn is_scraper(page: &Page, head: &Parts) -> bool {
    let scraper = lock(&page.scraper);
    let Some(ours) = scraper.as_ref() else { return false };
    let mut shown = head.headers.get_all(header::AUTHORIZATION).iter();
    let (first, more) = (shown.next().and_then(|value| value.to_str().ok()), shown.next());
    let bearer = first.and_then(|value| value.strip_prefix("Bearer ")).filter(|_| more.is_none());
    head.method == Method::GET && head.uri.path() == "/metrics" && bearer.is_some_and(|shown| token::same(ours, shown))
}

pub(super) async fn answer(operator: &dyn Operator) -> Reply {
    match operator.metrics().await {
        Ok(text) => reply::whole(CONTENT_TYPE, text),
        Err(refusal) => reply::plain(StatusCode::SERVICE_UNAVAILABLE, refusal.to_string()),
    }
}
