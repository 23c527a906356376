//! An HTTP proxy as a way out: CONNECT (RFC 9110 §9.3.6) over plain TCP or TLS, with Basic credentials where they
//! are asked for. Names go to it unresolved. The body of a refusal is not read.

use super::StreamDialer;
use super::build::{BuildError, HttpServer, Login};
use super::socks5::{about, silent};
use super::tagged::at_server;
use crate::model::{Cause, Destination, Failure, Host, Secret, Stage, Whose};
use crate::net::tls::{Names, TlsClient, Trust};
use crate::net::{Deadline, Rewound, Stream};
use crate::wire::http::{Head, response_head};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

/// The longest answer to CONNECT.
const LONGEST_HEAD: usize = 16 * 1024;

/// How TLS to the proxy is done.
#[derive(Clone, Debug)]
pub struct TlsSpec {
    /// The name shown and checked; the server's own when `None`.
    pub name: Option<Host>,
    /// Whose certificates are believed.
    pub trust: Trust,
}

/// Streams through an HTTP proxy.
pub(super) struct HttpProxy {
    server: Destination,
    tls: Option<(TlsClient, Names)>,
    /// The value of `Proxy-Authorization`.
    credentials: Option<Secret<String>>,
    inner: Arc<dyn StreamDialer>,
}

impl HttpProxy {
    pub(super) fn new(settings: &HttpServer, inner: Arc<dyn StreamDialer>) -> Result<Self, BuildError> {
        let tls = match &settings.tls {
            None => None,
            Some(spec) => {
                let name = spec.name.clone().unwrap_or_else(|| settings.server.host.clone());
                Some((TlsClient::new(&spec.trust, &["http/1.1"])?, Names::same(name)))
            }
        };
        let credentials = settings.login.as_ref().map(basic).transpose()?;
        Ok(Self { server: settings.server.clone(), tls, credentials, inner })
    }

    async fn shake_hands(&self, stream: Stream, deadline: Deadline) -> Result<Stream, Failure> {
        match &self.tls {
            None => Ok(stream),
            Some((client, names)) => match client.connect(stream, names, deadline).await {
                Ok(tls) => Ok(Box::new(tls)),
                Err(error) => Err(error.failure.near()),
            },
        }
    }

    /// Asks for a tunnel; what came after the answer's head belongs to the destination.
    async fn connect(&self, stream: &mut Stream, to: &Destination) -> Result<Bytes, Failure> {
        let broken = |error: io::Error| Failure::from_io(Stage::Handshake, &error).near();
        let request = self.request(to);
        stream.write_all(request.expose().as_bytes()).await.map_err(broken)?;
        stream.flush().await.map_err(broken)?;
        let mut bytes = Vec::with_capacity(1024);
        loop {
            match response_head(&bytes) {
                Ok(Head::Incomplete) if bytes.len() < LONGEST_HEAD => {}
                // An interim answer (RFC 9110 §15.2) is followed by the real one.
                Ok(Head::Head(head, length)) if (100..200).contains(&head.status) => {
                    bytes.drain(..length);
                    continue;
                }
                Ok(Head::Head(head, length)) => {
                    judge(head.status)?;
                    return Ok(Bytes::from(bytes).slice(length..));
                }
                _ => return Err(Failure::new(Stage::Handshake, Cause::InvalidAnswer, Whose::Peer).near()),
            }
            if stream.read_buf(&mut bytes).await.map_err(broken)? == 0 {
                return Err(broken(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }

    fn request(&self, to: &Destination) -> Secret<String> {
        let target = to.authority();
        let mut text = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
        if let Some(credentials) = &self.credentials {
            text.push_str("Proxy-Authorization: ");
            text.push_str(credentials.expose());
            text.push_str("\r\n");
        }
        text.push_str("\r\n");
        Secret::new(text)
    }
}

impl StreamDialer for HttpProxy {
    fn dial<'a>(&'a self, to: &'a Destination, deadline: Deadline) -> BoxFuture<'a, Result<Stream, Failure>> {
        Box::pin(async move {
            let start = Instant::now();
            let stream = self.inner.dial(&self.server, deadline).await.map_err(at_server)?;
            let mut stream = self.shake_hands(stream, deadline).await?;
            let outcome = deadline.run(self.connect(&mut stream, to)).await;
            match outcome.unwrap_or_else(|| Err(silent())) {
                Ok(early) => Ok(Rewound::new(early, stream).into_stream()),
                Err(failure) => Err(about(&stream, failure, start)),
            }
        })
    }
}

/// RFC 7617 §2; a colon in the user would move the password's beginning.
fn basic(login: &Login) -> Result<Secret<String>, BuildError> {
    if login.user.contains(':') {
        return Err(BuildError::ColonInUser);
    }
    let pair = Secret::new(format!("{}:{}", login.user, login.password.expose()));
    Ok(Secret::new(format!("Basic {}", STANDARD.encode(pair.expose()))))
}

/// What the status of an answer to CONNECT means.
fn judge(status: u16) -> Result<(), Failure> {
    let near = |cause| Err(Failure::new(Stage::Handshake, cause, Whose::Peer).near());
    let far = |cause| Err(Failure::new(Stage::Connect, cause, Whose::Peer));
    match status {
        200..300 => Ok(()),
        // Tinyproxy answers 401 to wrong credentials, 407 to none.
        401 | 407 => near(Cause::AuthenticationFailed),
        405 | 501 => near(Cause::NotSupported),
        504 => far(Cause::GenericTimeoutError),
        500..600 => far(Cause::RefusedByProxy),
        _ => near(Cause::RefusedByProxy),
    }
}

#[cfg(test)]
mod tests;
