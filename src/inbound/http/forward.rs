//! Passing a request on (RFC 9110 §7.6): hop-by-hop fields taken away in both directions, `Host` written anew, the
//! path alone as target, the body as it comes. An upstream connection is kept for the next request to the same place.

use super::Conversation;
use super::page::{self, Page};
use crate::model::Destination;
use crate::wire;
use http_body_util::Either;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONNECTION, HOST, HeaderMap, HeaderValue};
use hyper::http::uri::PathAndQuery;
use hyper::{Request, Response, StatusCode, Uri, Version};
use hyper_util::rt::TokioIo;

/// Upstream connections kept beside one client connection. A page has a handful of hosts; more would be idle weight.
const KEPT_AT_MOST: usize = 4;

/// An upstream connection waiting for its next request.
pub(super) struct Kept {
    to: Destination,
    sender: SendRequest<Incoming>,
}

impl Conversation {
    /// Passes a request on and brings the answer back.
    pub(super) async fn forward(&self, request: Request<Incoming>, to: Destination, host: &str) -> Response<Page> {
        let Some(mut request) = rewritten(request, host) else {
            return page::bad_request("the address cannot be passed on");
        };
        // A kept connection may have died unseen; it hands the unsent request back, and a fresh one takes it.
        while let Some(mut sender) = self.take_kept(&to) {
            match sender.try_send_request(request).await {
                Ok(response) => return self.passed_back(response, to, sender),
                Err(mut failed) => match failed.take_message() {
                    Some(unsent) => request = unsent,
                    None => return page::no_answer(),
                },
            }
        }
        let pipe = match self.open(to.clone()).await {
            Ok(pipe) => pipe,
            Err(refused) => return *refused,
        };
        let upstream =
            http1::Builder::new().preserve_header_case(true).title_case_headers(true).handshake(TokioIo::new(pipe));
        let Ok((mut sender, connection)) = upstream.await else { return page::no_answer() };
        // How it ends shows in the request that was on it.
        self.join_crew(Box::pin(async move { drop(connection.await) })).await;
        match sender.send_request(request).await {
            Ok(response) => self.passed_back(response, to, sender),
            Err(e) if e.is_parse() => page::not_an_answer(),
            Err(_) => page::no_answer(),
        }
    }

    /// A kept connection to there that is alive and idle.
    fn take_kept(&self, to: &Destination) -> Option<SendRequest<Incoming>> {
        let mut kept = self.kept();
        kept.retain(|k| !k.sender.is_closed());
        let at = kept.iter().position(|k| k.to == *to && k.sender.is_ready())?;
        Some(kept.remove(at).sender)
    }

    fn passed_back(
        &self,
        response: Response<Incoming>,
        to: Destination,
        sender: SendRequest<Incoming>,
    ) -> Response<Page> {
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return page::not_an_answer();
        }
        let mut kept = self.kept();
        if kept.len() >= KEPT_AT_MOST {
            kept.remove(0);
        }
        kept.push(Kept { to, sender });
        let (mut head, body) = response.into_parts();
        head.version = Version::HTTP_11;
        remove_hop_by_hop(&mut head.headers);
        Response::from_parts(head, Either::Right(body))
    }
}

/// The request as the origin gets it.
fn rewritten(request: Request<Incoming>, host: &str) -> Option<Request<Incoming>> {
    let (mut head, body) = request.into_parts();
    let path = head.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    head.uri = Uri::from(path);
    head.version = Version::HTTP_11;
    remove_hop_by_hop(&mut head.headers);
    head.headers.insert(HOST, HeaderValue::from_str(host).ok()?);
    Some(Request::from_parts(head, body))
}

/// RFC 9110 §7.6.1: the fields of one connection, those it names itself included.
fn remove_hop_by_hop(fields: &mut HeaderMap) {
    let named: Vec<String> = fields
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    // Built anew, because taking fields out of a map shuffles those that stay.
    let all = std::mem::take(fields);
    fields.reserve(all.len());
    for (name, value) in &all {
        if !wire::http::is_hop_by_hop(name.as_str(), &named) {
            fields.append(name, value.clone());
        }
    }
}
