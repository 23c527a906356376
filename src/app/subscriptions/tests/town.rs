//! An in-process network: a panel that serves a list, and a proxy beside it.

use crate::net::{Datagrams, Network, Stream};
use futures_util::future::BoxFuture;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

pub(super) const PANEL: &str = "203.0.113.1:443";
pub(super) const TUNNEL: &str = "203.0.113.9:3128";

/// The machine's network: a panel, and a proxy beside it.
pub(super) struct Town {
    acceptor: tokio_rustls::TlsAcceptor,
    pub(super) root: Vec<u8>,
    /// What the panel answers.
    answer: Mutex<Vec<u8>>,
    /// What it was asked.
    asked: Mutex<Vec<String>>,
    /// Connections to the panel from here, and look-ups.
    pub(super) direct: AtomicUsize,
    pub(super) tunnelled: AtomicUsize,
}

impl Town {
    pub(super) fn new() -> Arc<Self> {
        let made = rcgen::generate_simple_self_signed(vec!["panel.example.org".to_owned()]).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key);
        Arc::new(Self {
            acceptor: Arc::new(config.unwrap()).into(),
            root: made.cert.der().to_vec(),
            answer: Mutex::default(),
            asked: Mutex::default(),
            direct: AtomicUsize::new(0),
            tunnelled: AtomicUsize::new(0),
        })
    }

    pub(super) fn answers(&self, bytes: impl Into<Vec<u8>>) {
        *self.answer.lock().unwrap() = bytes.into();
    }

    pub(super) fn serves(&self, body: &str) {
        self.answers(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    async fn panel(self: Arc<Self>, stream: tokio::io::DuplexStream) {
        let Ok(mut tls) = self.acceptor.accept(stream).await else { return };
        let head = head(&mut tls).await;
        self.asked.lock().unwrap().push(head);
        let answer = self.answer.lock().unwrap().clone();
        // An empty answer is one that does not come.
        if answer.is_empty() || tls.write_all(&answer).await.is_err() {
            return std::future::pending().await;
        }
        let _ = tls.shutdown().await;
    }

    async fn tunnel(self: Arc<Self>, mut stream: tokio::io::DuplexStream) {
        let head = head(&mut stream).await;
        assert!(head.starts_with("CONNECT panel.example.org:443 "), "{head}");
        self.tunnelled.fetch_add(1, Ordering::SeqCst);
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        self.panel(stream).await;
    }
}

pub(super) async fn head(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> String {
    let mut heard = Vec::new();
    while !heard.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => heard.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(heard).unwrap()
}

/// The network that byway sees.
pub(super) struct Here(pub(super) Arc<Town>);

impl Network for Here {
    fn connect(&self, to: SocketAddr) -> BoxFuture<'_, io::Result<Stream>> {
        Box::pin(async move {
            let (ours, theirs) = tokio::io::duplex(64 * 1024);
            let town = Arc::clone(&self.0);
            match to.to_string().as_str() {
                PANEL => {
                    town.direct.fetch_add(1, Ordering::SeqCst);
                    tokio::spawn(town.panel(theirs));
                }
                TUNNEL => drop(tokio::spawn(town.tunnel(theirs))),
                _ => return Err(io::ErrorKind::ConnectionRefused.into()),
            }
            Ok(Box::new(ours) as Stream)
        })
    }

    fn bind_udp(&self, _: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn Datagrams>>> {
        Box::pin(async { Err(io::ErrorKind::Unsupported.into()) })
    }

    fn system_lookup<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            if name != "panel.example.org" {
                return Err(io::ErrorKind::NotFound.into());
            }
            self.0.direct.fetch_add(1, Ordering::SeqCst);
            Ok(vec![PANEL.parse::<SocketAddr>().unwrap().ip()])
        })
    }
}
