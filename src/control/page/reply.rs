//! What goes out, and the fields that go with all of it: nothing from elsewhere is loaded, nothing inline runs, nothing
//! is kept, framed or told on.

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, SET_COOKIE};
use hyper::{Response, StatusCode};
use std::convert::Infallible;

/// The body of an answer.
pub(super) type Body = UnsyncBoxBody<Bytes, Infallible>;
/// An answer.
pub(super) type Reply = Response<Body>;

/// With every answer that is for somebody who has been let in.
const ALWAYS: [(HeaderName, &str); 7] = [
    (
        HeaderName::from_static("content-security-policy"),
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (HeaderName::from_static("referrer-policy"), "no-referrer"),
    (HeaderName::from_static("x-content-type-options"), "nosniff"),
    (HeaderName::from_static("x-frame-options"), "DENY"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (CACHE_CONTROL, "no-store"),
];

/// What a stranger gets, whatever was asked: that there is nothing here.
pub(super) fn silence() -> Reply {
    let mut reply = Reply::new(Full::new(Bytes::new()).boxed_unsync());
    *reply.status_mut() = StatusCode::NOT_FOUND;
    reply
}

/// A whole answer.
pub(super) fn whole(kind: &'static str, body: impl Into<Bytes>) -> Reply {
    of(kind, Full::new(body.into()).boxed_unsync())
}

/// A plain sentence with a status.
pub(super) fn plain(status: StatusCode, text: impl Into<Bytes>) -> Reply {
    let mut reply = whole("text/plain; charset=utf-8", text);
    *reply.status_mut() = status;
    reply
}

/// "See `path`" (RFC 9110 §15.4.4).
pub(super) fn see(path: &'static str) -> Reply {
    let mut reply = plain(StatusCode::SEE_OTHER, "");
    reply.headers_mut().insert(LOCATION, HeaderValue::from_static(path));
    reply
}

/// The same with a cookie (RFC 6265); without it when its text cannot be one.
pub(super) fn with_cookie(mut reply: Reply, cookie: &str) -> Reply {
    if let Ok(mut value) = HeaderValue::from_str(cookie) {
        value.set_sensitive(true);
        reply.headers_mut().append(SET_COOKIE, value);
    }
    reply
}

fn of(kind: &'static str, body: Body) -> Reply {
    let mut reply = Reply::new(body);
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    for (name, value) in ALWAYS {
        reply.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    reply
}
