//! How a tunnel's server is reached: the way below, TLS, and where it is wanted a WebSocket or a row of POSTs. What comes
//! out is a stream to the server itself; who speaks in it, and what, is the tunnel's matter.

use super::StreamDialer;
use super::fronted::Polling;
use super::secure::Secure;
use super::socks5::silent;
use super::tagged::at_server;
use super::tunnels::{Carrier, FrontedServer, ServerTls, WebSocketSpec};
use super::websocket;
use crate::model::{Destination, Failure};
use crate::net::tls::TlsError;
use crate::net::{Deadline, Resolver, Stream};
use std::sync::Arc;
use tokio::time::Instant;

/// The way to one server.
pub(super) enum Reach {
    /// TLS, and a WebSocket inside it or not.
    Straight { below: Box<Below>, websocket: Option<WebSocketSpec> },
    /// POSTs.
    Polling(Polling),
}

/// What a way stands on.
pub(super) struct Under {
    /// Reaches the server.
    pub(super) streams: Arc<dyn StreamDialer>,
    /// Knows the keys that hide names.
    pub(super) resolver: Arc<Resolver>,
}

/// A server's address, the way that reaches it, and TLS to it.
pub(super) struct Below {
    server: Destination,
    secure: Secure,
    inner: Arc<dyn StreamDialer>,
}

impl Below {
    fn new(server: &Destination, tls: &ServerTls, alpn: &[&str], under: Under) -> Result<Self, TlsError> {
        let secure = Secure::new(tls, alpn, &under.resolver)?;
        Ok(Self { server: server.clone(), secure, inner: under.streams })
    }

    /// A TLS session with the server. A failure is of the near leg.
    pub(super) async fn open(&self, deadline: Deadline) -> Result<crate::net::tls::TlsStream, Failure> {
        let start = Instant::now();
        let stream = self.inner.dial(&self.server, deadline).await.map_err(at_server)?;
        self.secure.shake_hands(stream, deadline).await.map_err(|failure| failure.after(start.elapsed()))
    }
}

impl Reach {
    /// TLS to `server`, and a WebSocket where it wants one.
    pub(super) fn straight(
        server: &Destination,
        tls: &ServerTls,
        websocket: Option<&WebSocketSpec>,
        under: Under,
    ) -> Result<Self, TlsError> {
        // A web server that were offered HTTP/2 would take it, and RFC 6455 is HTTP/1.1. A bare tunnel offers what
        // browsers do, so that it looks like one.
        let alpn: &[&str] = if websocket.is_some() { &["http/1.1"] } else { &["h2", "http/1.1"] };
        let below = Box::new(Below::new(server, tls, alpn, under)?);
        Ok(Self::Straight { below, websocket: websocket.cloned() })
    }

    /// Through a CDN's edge.
    pub(super) fn fronted(server: &FrontedServer, under: Under) -> Result<Self, TlsError> {
        let (host, path) = (server.host.clone(), server.path.clone());
        match server.carrier {
            Carrier::WebSocket { early_data } => {
                let websocket = WebSocketSpec { host, path, early_data };
                Self::straight(&server.connect, &server.tls, Some(&websocket), under)
            }
            Carrier::Polling => {
                let below = Below::new(&server.connect, &server.tls, &["h2", "http/1.1"], under)?;
                Ok(Self::Polling(Polling::new(below, host, path)))
            }
        }
    }

    /// A stream to the server. A failure is of the near leg.
    pub(super) async fn open(&self, deadline: Deadline) -> Result<Stream, Failure> {
        match self {
            Self::Polling(polling) => polling.open(deadline).await,
            Self::Straight { below, websocket } => {
                let start = Instant::now();
                let stream: Stream = Box::new(below.open(deadline).await?);
                match websocket {
                    None => Ok(stream),
                    Some(spec) if spec.early_data > 0 => Ok(websocket::open_with_first(stream, spec)),
                    Some(spec) => {
                        let endpoint = stream.endpoint().map(crate::net::endpoint_tag);
                        let outcome =
                            deadline.run(websocket::open(stream, spec)).await.unwrap_or_else(|| Err(silent()));
                        outcome.map_err(|failure| Failure { endpoint, ..failure.after(start.elapsed()) })
                    }
                }
            }
        }
    }
}
