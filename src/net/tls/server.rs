//! TLS as a server, with a certificate from files: for the relay, which looks like any web server.

use super::TlsError;
use super::ahead::{Ahead, poll_read_all};
use crate::model::TcpFacts;
use crate::net::{Deadline, Io, Stream};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsAcceptor;

/// Accepts TLS sessions under one certificate. Cheap to clone.
#[derive(Clone)]
pub struct TlsServer(TlsAcceptor);

impl TlsServer {
    /// A server that shows the chain in `certificates` (PEM, leaf first), whose key is in `key` (PEM), and takes one of
    /// `alpn` (RFC 7301).
    pub fn new(certificates: &[u8], key: &[u8], alpn: &[&str]) -> Result<Self, TlsError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificates).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or(TlsError::NoCertificate)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::NoKey)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// Shakes hands with a client by `deadline`; its protocol, when one was agreed on.
    pub async fn accept(&self, stream: Stream, deadline: Deadline) -> io::Result<(Stream, Option<Vec<u8>>)> {
        let accepted = deadline.run(self.0.accept(Ahead::new(stream))).await;
        let tls = accepted.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))?;
        let alpn = tls.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
        Ok((Box::new(Accepted { tls, broken: None }), alpn))
    }
}

/// The server's end of a session.
struct Accepted {
    tls: tokio_rustls::server::TlsStream<Ahead>,
    broken: Option<io::Error>,
}

impl Io for Accepted {
    fn tcp_facts(&self) -> Option<TcpFacts> {
        self.tls.get_ref().0.stream().tcp_facts()
    }
    fn endpoint(&self) -> Option<SocketAddr> {
        self.tls.get_ref().0.stream().endpoint()
    }
    fn abort_on_drop(&mut self) {
        self.tls.get_mut().0.stream_mut().abort_on_drop();
    }
}

impl AsyncRead for Accepted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { tls, broken } = &mut *self;
        poll_read_all(tls, cx, buf, broken, |tls| tls.get_ref().0.holds())
    }
}

impl AsyncWrite for Accepted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tls).poll_write(cx, bytes)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_shutdown(cx)
    }
}
