//! The proxy auto-configuration script, for who knows its path. To anybody else the door says nothing, as before.

use super::page::Page;
use crate::model::Secret;
use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Response, Uri};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// A script that a door hands out.
#[derive(Clone)]
pub struct Script {
    /// The path that it is asked for by, which nobody guesses.
    path: Arc<Secret<String>>,
    text: Arc<dyn Fn(SocketAddr) -> String + Send + Sync>,
}

impl Script {
    /// The script at `path`; `text` makes it for who reaches the door at an address.
    pub fn new(path: Secret<String>, text: Arc<dyn Fn(SocketAddr) -> String + Send + Sync>) -> Self {
        Self { path: Arc::new(path), text }
    }

    /// The path, for who is to be told.
    pub fn path(&self) -> &Secret<String> {
        &self.path
    }

    /// The answer to a request, if it is for the script. Answered without a login: it holds none, and the programs that
    /// fetch it could give none. What stands behind a `?` only keeps old copies out.
    pub(super) fn answer(&self, method: &Method, target: &Uri, at: SocketAddr) -> Option<Response<Page>> {
        let for_a_server = target.authority().is_none() && matches!(*method, Method::GET | Method::HEAD);
        let (asked, ours) = (target.path().as_bytes(), self.path.expose().as_bytes());
        if !for_a_server || aws_lc_rs::constant_time::verify_slices_are_equal(asked, ours).is_err() {
            return None;
        }
        let mut page = Response::new(Either::Left(Full::new(Bytes::from((self.text)(at)))));
        let headers = page.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ns-proxy-autoconfig"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Some(page)
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("path", &self.path).finish_non_exhaustive()
    }
}
