//! What strangers see: a small web site with one page, which answers everything else as any does. Nothing in it depends
//! on why somebody is a stranger.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Response, StatusCode};

/// The page at `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoy {
    page: Bytes,
}

const USUAL: &str = "<!DOCTYPE html>\n<html>\n<head><title>Welcome</title></head>\n<body>\n<h1>It works.</h1>\n\
    <p>This site has no content yet.</p>\n</body>\n</html>\n";
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

impl Default for Decoy {
    fn default() -> Self {
        Self { page: Bytes::from_static(USUAL.as_bytes()) }
    }
}

impl Decoy {
    /// A site with this page.
    pub fn new(page: impl Into<Bytes>) -> Self {
        Self { page: page.into() }
    }

    /// What the site says to a request.
    pub(super) fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        match (method, path) {
            (&Method::GET | &Method::HEAD, "/" | "/index.html") => page(StatusCode::OK, self.page.clone()),
            (&Method::GET | &Method::HEAD | &Method::POST, _) => told(StatusCode::NOT_FOUND),
            _ => {
                let mut response = told(StatusCode::METHOD_NOT_ALLOWED);
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
                response
            }
        }
    }

    /// What it says when there is no room.
    pub(super) fn full(&self) -> Response<Full<Bytes>> {
        told(StatusCode::SERVICE_UNAVAILABLE)
    }
}

fn told(status: StatusCode) -> Response<Full<Bytes>> {
    let words = status.canonical_reason().unwrap_or_default();
    let code = status.as_u16();
    let text = format!(
        "<!DOCTYPE html>\n<html>\n<head><title>{code} {words}</title></head>\n<body>\n<h1>{words}</h1>\n</body>\n</html>\n"
    );
    page(status, text.into())
}

fn page(status: StatusCode, text: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HTML);
    response
}
