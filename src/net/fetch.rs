//! One document over HTTPS (RFC 9110, RFC 9112), over a stream that somebody else opened: asked for once, read up to a
//! size, by a deadline. It follows no redirect itself, decodes no compression, keeps no connection and no cookie, and
//! believes no certificate that `TlsClient` does not.

use super::io::Stream;
use super::network::Deadline;
use super::tls::{Names, TlsClient, TlsFailure};
use crate::model::{Cause, Failure, Secret, Stage, Whose};
use crate::wire::http::HttpsAddress;
use bytes::Bytes;
use futures_util::future::{Either, select};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper::header::{
    ACCEPT, AUTHORIZATION, CONTENT_ENCODING, ETAG, HOST, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, LAST_MODIFIED, LOCATION, USER_AGENT,
};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::pin::pin;

/// What is asked for, and how.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Where it is.
    pub address: &'a HttpsAddress,
    /// `User-Agent`.
    pub user_agent: &'a str,
    /// Headers besides.
    pub headers: &'a [(String, Secret<String>)],
    /// What an earlier answer was known by, so that it need not come again.
    pub known: Option<&'a Mark>,
    /// The most bytes that are read.
    pub most: usize,
}

/// By what a server knows whether a document has changed (RFC 9110 §8.8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// `ETag`.
    pub tag: Option<String>,
    /// `Last-Modified`.
    pub modified: Option<String>,
}

/// What a server answered.
#[derive(Debug)]
pub enum Fetched {
    /// The document.
    Document(Document),
    /// It is as it was.
    Unchanged(Headers),
    /// It is elsewhere; as the server wrote it.
    Elsewhere(Secret<String>),
}

/// A document.
#[derive(Debug)]
pub struct Document {
    /// What was sent with it.
    pub headers: Headers,
    /// Its bytes, and never shown.
    pub body: Secret<Vec<u8>>,
    /// By what to ask for it again.
    pub mark: Mark,
}

/// What was sent with an answer.
#[derive(Debug, Default)]
pub struct Headers(HeaderMap);

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The handshake failed.
    #[error("{0}")]
    Tls(Box<TlsFailure>),
    /// The connection failed, or the answer did not come whole.
    #[error("{0}")]
    Broken(Failure),
    /// Another status than 200.
    #[error("the server answers {0}")]
    Status(u16),
    /// More bytes than were wanted.
    #[error("the document is larger than {0} bytes")]
    TooLarge(usize),
    /// Compressed, which was not asked for.
    #[error("the document is compressed, which was not asked for")]
    Compressed,
    /// What was wanted cannot be asked for.
    #[error("a header cannot be sent as it is")]
    Header,
}

impl Headers {
    /// The value of a header, when it is text.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().ok().map(str::trim).filter(|value| !value.is_empty())
    }
}

/// Asks for a document over `stream`, which leads to the server of its address.
pub async fn fetch(
    stream: Stream,
    tls: &TlsClient,
    wanted: Wanted<'_>,
    deadline: Deadline,
) -> Result<Fetched, FetchError> {
    let request = request(wanted).ok_or(FetchError::Header)?;
    let names = Names::same(wanted.address.server().host.clone());
    let secure = tls.connect(stream, &names, deadline).await.map_err(|error| FetchError::Tls(Box::new(error)))?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(secure)).await.map_err(|error| sort(Stage::App, &error))?;
    let exchange = pin!(async {
        let response = sender.send_request(request).await.map_err(|error| sort(Stage::App, &error))?;
        answer(response, wanted.most).await
    });
    let work = async {
        match select(exchange, pin!(connection)).await {
            Either::Left((found, _)) => found,
            // The server hung up; what it said before is still to be read.
            Either::Right((_, exchange)) => exchange.await,
        }
    };
    let late = || Err(FetchError::Broken(Failure::new(Stage::App, Cause::GenericTimeoutError, Whose::Network)));
    deadline.run(work).await.unwrap_or_else(late)
}

fn request(wanted: Wanted<'_>) -> Option<Request<Empty<Bytes>>> {
    let mut request = Request::get(wanted.address.target().expose().as_str())
        .header(HOST, wanted.address.authority())
        .header(USER_AGENT, wanted.user_agent)
        .header(ACCEPT, "*/*");
    if let Some(login) = wanted.address.authorization() {
        request = request.header(AUTHORIZATION, secret(login.expose())?);
    }
    for (name, value) in wanted.headers {
        request = request.header(HeaderName::try_from(name).ok()?, secret(value.expose())?);
    }
    if let Some(known) = wanted.known {
        let marks = [(IF_NONE_MATCH, &known.tag), (IF_MODIFIED_SINCE, &known.modified)];
        for (name, value) in marks.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))) {
            request = request.header(name, value);
        }
    }
    request.body(Empty::new()).ok()
}

fn secret(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

async fn answer(response: Response<hyper::body::Incoming>, most: usize) -> Result<Fetched, FetchError> {
    let (parts, body) = response.into_parts();
    let headers = Headers(parts.headers);
    match parts.status {
        StatusCode::OK => {}
        StatusCode::NOT_MODIFIED => return Ok(Fetched::Unchanged(headers)),
        status if status.is_redirection() && headers.0.contains_key(LOCATION) => {
            let location = headers.get(LOCATION.as_str()).unwrap_or_default();
            return Ok(Fetched::Elsewhere(Secret::new(location.to_owned())));
        }
        status => return Err(FetchError::Status(status.as_u16())),
    }
    if headers.get(CONTENT_ENCODING.as_str()).is_some_and(|coding| !coding.eq_ignore_ascii_case("identity")) {
        return Err(FetchError::Compressed);
    }
    let body = match Limited::new(body, most).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(FetchError::TooLarge(most)),
        Err(error) => {
            let cut = |_| FetchError::Broken(Failure::new(Stage::Body, Cause::EofError, Whose::Network));
            return Err(error.downcast::<hyper::Error>().map_or_else(cut, |error| sort(Stage::Body, &error)));
        }
    };
    let text = |name: HeaderName| headers.get(name.as_str()).map(str::to_owned);
    let mark = Mark { tag: text(ETAG), modified: text(LAST_MODIFIED) };
    Ok(Fetched::Document(Document { body: Secret::new(body.to_vec()), mark, headers }))
}

fn sort(stage: Stage, error: &hyper::Error) -> FetchError {
    let io = std::error::Error::source(error).and_then(|source| source.downcast_ref::<std::io::Error>());
    FetchError::Broken(match io {
        Some(io) => Failure::from_io(stage, io),
        None if error.is_closed() || error.is_canceled() || error.is_incomplete_message() => {
            Failure::new(stage, Cause::EofError, Whose::Network)
        }
        None => Failure::new(stage, Cause::InvalidAnswer, Whose::Peer),
    })
}

#[cfg(test)]
mod tests;
