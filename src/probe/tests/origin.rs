//! Small servers on in-memory pipes, and ways that lead to them.

use crate::model::{Cause, Destination, Failure, Stage, TcpFacts, TransportId, Whose};
use crate::net::{Deadline, Io, Stream};
use crate::transport::Transport;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};

/// Every name and address that was dialled, in order.
pub(crate) type Dialled = Arc<Mutex<Vec<String>>>;

/// A way whose every stream is served by `serve`; `None` refuses.
pub(crate) fn way<F>(id: &str, bare: bool, serve: F) -> (Transport, Dialled)
where
    F: Fn(&Destination) -> Option<Served> + Send + Sync + 'static,
{
    let dialled = Dialled::default();
    let noted = Arc::clone(&dialled);
    let dial = move |to: &Destination, _: Deadline| -> BoxFuture<'static, Result<Stream, Failure>> {
        noted.lock().unwrap().push(to.authority());
        let served = serve(to);
        async move {
            let served = served.ok_or(Failure::new(Stage::Connect, Cause::ConnectionRefused, Whose::Network))?;
            let (client, server) = tokio::io::duplex(256 * 1024);
            tokio::spawn((served.0)(server));
            Ok(Box::new(Kernel { pipe: client, facts: served.1 }) as Stream)
        }
        .boxed()
    };
    let kind = if bare { "direct" } else { "shadowsocks" };
    let streams = Arc::new(Dial(dial));
    (
        Transport {
            id: TransportId::from(id),
            kind,
            bare,
            streams,
            packets: None,
            trouble: Arc::default(),
            life: None,
        },
        dialled,
    )
}

struct Dial<F>(F);

impl<F> crate::transport::StreamDialer for Dial<F>
where
    F: Fn(&Destination, Deadline) -> BoxFuture<'static, Result<Stream, Failure>> + Send + Sync,
{
    fn dial<'a>(&'a self, to: &'a Destination, deadline: Deadline) -> BoxFuture<'a, Result<Stream, Failure>> {
        (self.0)(to, deadline)
    }
}

/// A server for one stream, and what the kernel would say of it.
pub(crate) struct Served(Box<dyn FnOnce(DuplexStream) -> BoxFuture<'static, ()> + Send>, Option<TcpFacts>);

impl Served {
    pub(crate) fn by<F, R>(serve: F) -> Self
    where
        F: FnOnce(DuplexStream) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        Self(Box::new(|pipe| serve(pipe).boxed()), None)
    }

    pub(crate) fn by_facts<F, R>(facts: TcpFacts, serve: F) -> Self
    where
        F: FnOnce(DuplexStream) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        Self(Self::by(serve).0, Some(facts))
    }

    /// Reads for ever and says nothing.
    pub(crate) fn mute(facts: TcpFacts) -> Self {
        Self(Box::new(|pipe| silence(pipe).boxed()), Some(facts))
    }

    /// Ends as soon as something was said.
    pub(crate) fn eof() -> Self {
        Self::by(|mut pipe| async move {
            let _ = pipe.read(&mut [0; 4096]).await;
        })
    }

    /// Says `bytes` once spoken to, then nothing more.
    pub(crate) fn saying(bytes: Vec<u8>) -> Self {
        Self::by(|mut pipe| async move {
            let _ = pipe.read(&mut [0; 4096]).await;
            let _ = pipe.write_all(&bytes).await;
            silence(pipe).await;
        })
    }
}

async fn silence(mut pipe: DuplexStream) {
    let mut sink = [0; 4096];
    while matches!(pipe.read(&mut sink).await, Ok(1..)) {}
}

struct Kernel {
    pipe: DuplexStream,
    facts: Option<TcpFacts>,
}

impl AsyncRead for Kernel {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_read(cx, buf)
    }
}

impl AsyncWrite for Kernel {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.pipe).poll_write(cx, bytes)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_shutdown(cx)
    }
}

impl Io for Kernel {
    fn tcp_facts(&self) -> Option<TcpFacts> {
        self.facts
    }
    fn endpoint(&self) -> Option<std::net::SocketAddr> {
        Some(std::net::SocketAddr::from(([192, 0, 2, 7], 443)))
    }
}

/// A certificate authority and the servers under it.
pub(crate) struct Pki {
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
    pub(crate) root: Vec<u8>,
}

impl Pki {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let key = rcgen::KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap().der().to_vec();
        Self { issuer: rcgen::Issuer::new(params, key), root }
    }

    /// A TLS acceptor for `name` that takes the first of `alpn` a client offers.
    pub(crate) fn acceptor(&self, name: &str, alpn: &[&str]) -> tokio_rustls::TlsAcceptor {
        let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)
            .unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        tokio_rustls::TlsAcceptor::from(Arc::new(config))
    }
}

type Body = http_body_util::Full<hyper::body::Bytes>;

/// What a web server answers to every request.
#[derive(Clone, Default)]
pub(crate) struct Site {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(&'static str, &'static str)>,
    pub(crate) body: Vec<u8>,
    /// The first lines of the requests, with their Host.
    pub(crate) asked: Dialled,
}

impl Site {
    fn answer(&self, request: &hyper::Request<hyper::body::Incoming>) -> hyper::Response<Body> {
        let host = request.headers().get("host").map(|h| h.to_str().unwrap().to_owned());
        let host = host.or_else(|| request.uri().authority().map(ToString::to_string)).unwrap_or_default();
        let line = format!("{:?} {} {} {host}", request.version(), request.method(), request.uri().path());
        self.asked.lock().unwrap().push(line);
        let mut response = hyper::Response::builder().status(self.status);
        // Left to itself the library tells the real date.
        let date = ("date", "Sat, 01 Aug 2026 00:00:00 GMT");
        let is_dated = self.fields.iter().any(|(name, _)| *name == "date");
        for (name, value) in self.fields.iter().chain((!is_dated).then_some(&date)) {
            response = response.header(*name, *value);
        }
        response.body(Body::new(self.body.clone().into())).unwrap()
    }

    /// Serves one connection in whichever version of HTTP was agreed.
    pub(crate) async fn serve(self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, is_http2: bool) {
        let io = hyper_util::rt::TokioIo::new(stream);
        let service = hyper::service::service_fn(move |request| {
            let response = self.answer(&request);
            async move { Ok::<_, std::convert::Infallible>(response) }
        });
        if is_http2 {
            let executor = hyper_util::rt::TokioExecutor::new();
            let _ = hyper::server::conn::http2::Builder::new(executor).serve_connection(io, service).await;
        } else {
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
        }
    }

    /// Serves one connection behind TLS.
    pub(crate) fn behind(self, acceptor: tokio_rustls::TlsAcceptor) -> Served {
        Served::by(move |pipe| async move {
            if let Ok(tls) = acceptor.accept(pipe).await {
                let is_http2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
                self.serve(tls, is_http2).await;
            }
        })
    }
}
