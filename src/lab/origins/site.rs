//! A web server: HTTP/1.1 and h2 (RFC 9112, RFC 9113), over TLS or plain, with the manners of one service.
//! `/bulk?bytes=N` gives a body of that size everywhere, `/sink` takes one of any size, and the large pages of the
//! catalogue are large.

use super::names;
use super::websocket::{Talk, upgrade};
use crate::lab::land::Land;
use crate::lab::line::Crossing;
use crate::lab::tcp::Wire;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

/// The longest body `/bulk` gives.
const MOST: usize = 16 << 20;

/// Pages that are as large as the catalogue takes them to be.
const LARGE: [&str; 5] = ["/js/telegram-web-app.js", "/download", "/login/", "/accounts/login/", "/i/flow/login"];
/// How large.
const LARGE_SIZE: usize = 96 << 10;

/// How a site answers.
#[derive(Clone)]
pub(in crate::lab) enum Manners {
    /// 200 and a short page.
    Plain,
    /// As Signal's servers: with the header that only they send.
    Signal,
    /// As the canaries by which operating systems find portals.
    Canary,
    /// As a messenger's web front: this is said in a WebSocket; other requests get 200 and a short page.
    Messenger(Talk),
    /// A resolver over HTTPS (RFC 8484) that tells the truth.
    Resolver(Arc<Land>),
}

/// Serves one connection: TLS when there is a configuration, plain otherwise.
pub(in crate::lab) async fn site(wire: Wire, tls: Option<Arc<ServerConfig>>, manners: Manners) {
    let Some(config) = tls else {
        return speak_http(wire, false, manners).await;
    };
    // A client that does not finish its handshake gets no page.
    if let Ok(stream) = TlsAcceptor::from(config).accept(wire).await {
        let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2".as_slice());
        speak_http(stream, h2, manners).await;
    }
}

/// Speaks HTTP over any stream until the client goes away.
pub(in crate::lab) async fn speak_http<S>(stream: S, h2: bool, manners: Manners)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        let manners = manners.clone();
        async move { Ok::<_, Infallible>(answer(request, &manners).await) }
    });
    let io = TokioIo::new(stream);
    // How a client leaves is its own business.
    let _left = if h2 {
        http2::Builder::new(TokioExecutor::new()).serve_connection(io, service).await
    } else {
        http1::Builder::new().half_close(true).serve_connection(io, service).with_upgrades().await
    };
}

async fn answer(mut request: Request<Incoming>, manners: &Manners) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    if path == "/bulk" {
        let size = request.uri().query().and_then(|query| query.strip_prefix("bytes=")).and_then(|n| n.parse().ok());
        return page(StatusCode::OK, vec![0x5a; size.unwrap_or(0).min(MOST)]);
    }
    if LARGE.contains(&path.as_str()) && request.method() == hyper::Method::GET {
        return page(StatusCode::OK, vec![0x5a; LARGE_SIZE]);
    }
    if path == "/sink" {
        return swallow(request).await;
    }
    match manners {
        Manners::Plain => page(StatusCode::OK, "a page\n"),
        Manners::Signal => {
            let mut response = page(StatusCode::OK, "");
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            if let Ok(value) = HeaderValue::from_str(&since.as_millis().to_string()) {
                response.headers_mut().insert("x-signal-timestamp", value);
            }
            response
        }
        Manners::Canary => canary(&path),
        Manners::Messenger(talk) => match upgrade(&mut request, talk.clone()) {
            Some(response) => response,
            None if path == "/api/v10/gateway" => typed("application/json", r#"{"url":"wss://gateway.discord.gg"}"#),
            None => page(StatusCode::OK, "a page\n"),
        },
        Manners::Resolver(land) => resolve(request, land).await,
    }
}

/// Reads a body to its end and tells how long it was.
async fn swallow(request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (mut body, mut size) = (request.into_body(), 0);
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => size += frame.data_ref().map_or(0, Bytes::len),
            Err(_) => return page(StatusCode::BAD_REQUEST, ""),
        }
    }
    page(StatusCode::OK, format!("{size}\n"))
}

/// The exact answers of the well-known canaries.
fn canary(path: &str) -> Response<Full<Bytes>> {
    const APPLE: &str = "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>\n";
    match path {
        "/generate_204" => page(StatusCode::NO_CONTENT, ""),
        "/hotspot-detect.html" => page(StatusCode::OK, APPLE),
        "/connecttest.txt" => page(StatusCode::OK, "Microsoft Connect Test"),
        "/success.txt" | "/canonical.html" => page(StatusCode::OK, "success\n"),
        _ => page(StatusCode::NOT_FOUND, ""),
    }
}

async fn resolve(request: Request<Incoming>, land: &Land) -> Response<Full<Bytes>> {
    let get = request.uri().query().and_then(names::from_query);
    let question = match get {
        Some(question) => question,
        None => match request.into_body().collect().await {
            Ok(body) => body.to_bytes().to_vec(),
            Err(_) => return page(StatusCode::BAD_REQUEST, ""),
        },
    };
    let truth = |name: &str| {
        land.line.note(Crossing::SecureQuestion(name.to_ascii_lowercase()));
        land.truth(name)
    };
    match names::answer(&question, truth) {
        Some(message) => typed("application/dns-message", message),
        None => page(StatusCode::BAD_REQUEST, ""),
    }
}

fn page(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response
}

fn typed(kind: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = page(StatusCode::OK, body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
