//! What the HTTP door says by itself. Plain text for people; nothing in it names this program.

use super::super::Refusal;
use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue, PROXY_AUTHENTICATE};
use hyper::{Response, StatusCode};

/// An origin's body, or words of our own.
pub(super) type Page = Either<Full<Bytes>, Incoming>;

fn page(status: StatusCode, words: &str, last: bool) -> Response<Page> {
    let text = if words.is_empty() { Bytes::new() } else { Bytes::from(format!("{words}\n")) };
    let mut page = Response::new(Either::Left(Full::new(text)));
    *page.status_mut() = status;
    if !words.is_empty() {
        page.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    }
    if last {
        page.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    page
}

/// For whoever takes the proxy for a server: an empty refusal, the same with a login and without.
pub(super) fn silence() -> Response<Page> {
    page(StatusCode::BAD_REQUEST, "", true)
}

/// A proxy client asked for something that cannot be.
pub(super) fn bad_request(words: &str) -> Response<Page> {
    page(StatusCode::BAD_REQUEST, words, true)
}

/// RFC 9110 §15.5.8. The connection stays open for another try unless this was the `last`.
pub(super) fn login_wanted(last: bool) -> Response<Page> {
    let mut page = page(StatusCode::PROXY_AUTHENTICATION_REQUIRED, "a login is needed", last);
    page.headers_mut().insert(PROXY_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"proxy\""));
    page
}

/// The session side gave no answer at all: it was stopped.
pub(super) fn unanswered() -> Response<Page> {
    page(StatusCode::SERVICE_UNAVAILABLE, "the proxy is stopping; try again", true)
}

/// The origin took the request and its connection ended without an answer.
pub(super) fn no_answer() -> Response<Page> {
    page(StatusCode::BAD_GATEWAY, "the connection ended before an answer came", false)
}

/// The origin answered with what no proxy can pass on.
pub(super) fn not_an_answer() -> Response<Page> {
    page(StatusCode::BAD_GATEWAY, "the answer is not HTTP/1.1 as a proxy can pass it on", false)
}

/// A refusal of the session, with its words. `last` closes the connection: after a refused CONNECT the client may have
/// sent bytes ahead that are no HTTP.
pub(super) fn refusal(why: Refusal, words: &str, last: bool) -> Response<Page> {
    let (status, usual) = match why {
        Refusal::NoWayLeft => (StatusCode::BAD_GATEWAY, "no way there is left or allowed"),
        Refusal::TimedOut => (StatusCode::GATEWAY_TIMEOUT, "nothing answered in time"),
        Refusal::Refused => (StatusCode::BAD_GATEWAY, "the destination refused the connection"),
        Refusal::HostUnreachable => (StatusCode::BAD_GATEWAY, "there is no way to the host"),
        Refusal::NetworkUnreachable => (StatusCode::BAD_GATEWAY, "there is no way to the network"),
        Refusal::NoSuchName => (StatusCode::BAD_GATEWAY, "the name does not exist"),
        Refusal::NotSupported => (StatusCode::BAD_GATEWAY, "the way there cannot do that"),
        Refusal::Local => (StatusCode::SERVICE_UNAVAILABLE, "the proxy is out of something it needs; try again"),
    };
    page(status, if words.is_empty() { usual } else { words }, last)
}
