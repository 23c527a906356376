//! A box on the line that answers in the origin's place: a false certificate, a block page, a portal. Flows it
//! is not interested in are carried on to the origin, byte for byte.

use super::censor::{Intercept, Target};
use super::land::Land;
use super::origins::{self, Manners};
use super::pki::Authority;
use super::tcp::Wire;
use crate::net::{Io, Rewound};
use crate::wire::{http, noise, tls};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

/// Who plays the services' servers, and how many bytes of people's it got to read.
pub(super) struct Impostor {
    authority: Authority,
    noise: noise::Authority,
    read: Arc<AtomicU64>,
}

impl Impostor {
    /// An impostor with keys of its own.
    pub(super) fn new(authority: Authority, noise: noise::Authority) -> Self {
        Self { authority, noise, read: Arc::default() }
    }

    /// Bytes inside TLS that were meant for a service and came here.
    pub(super) fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

/// Serves one connection that was meant for `to`.
pub(super) async fn serve(land: Arc<Land>, mut wire: Wire, to: SocketAddr, target: Target, by: Intercept) {
    let mut first = Vec::new();
    let mut buf = [0; 4096];
    let known = loop {
        match wire.read(&mut buf).await {
            Ok(0) | Err(_) => return,
            Ok(size) => first.extend_from_slice(&buf[..size]),
        }
        if let Some(known) = Known::of(&first) {
            break known;
        }
    };
    // How such a connection ends is the client's business; nothing here depends on it.
    let _ended = match (by, known) {
        (Intercept::Redirect(page), Known::Http(name)) if fits(&target, to, name.as_deref()) => {
            redirect(wire, &page).await
        }
        (Intercept::Impersonator, Known::Tls(name)) if fits(&target, to, name.as_deref()) => {
            impersonate(&land, Rewound::new(first, wire), to, name).await
        }
        (Intercept::Impersonator, Known::Noise) if fits(&target, to, None) => pretend_noise(&land, &first, wire).await,
        _ => carry_on(&land, Rewound::new(first, wire), to).await,
    };
}

/// Whether the flow is one the rule is about; a flow without a name only when the rule names none.
fn fits(target: &Target, to: SocketAddr, name: Option<&str>) -> bool {
    target.fits_address(to) && target.fits_name(name.unwrap_or_default())
}

/// What the first bytes tell the box.
enum Known {
    Tls(Option<String>),
    Http(Option<String>),
    Noise,
    Other,
}

impl Known {
    fn of(first: &[u8]) -> Option<Self> {
        match tls::client_hello(first) {
            tls::Hello::Hello(hello) => return Some(Self::Tls(hello.server_name)),
            tls::Hello::Incomplete => return None,
            tls::Hello::NotTls => {}
        }
        if first.starts_with(b"WA") {
            return Some(Self::Noise);
        }
        match http::request_head(first) {
            // Random bytes are no beginning of a request, or who sends them would wait for ever.
            Ok(http::Head::Incomplete) if first.len() < 4096 && is_text(first) => None,
            Ok(http::Head::Head(head, _)) => Some(Self::Http(head.fields.get("host").map(str::to_owned))),
            _ => Some(Self::Other),
        }
    }
}

fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
}

async fn redirect(mut wire: Wire, page: &str) -> io::Result<()> {
    let answer = format!("HTTP/1.1 302 Found\r\nLocation: {page}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    wire.write_all(answer.as_bytes()).await?;
    wire.shutdown().await?;
    // Reads to the end, so that the close is an orderly one.
    tokio::io::copy(&mut wire, &mut tokio::io::sink()).await.map(drop)
}

async fn impersonate(land: &Land, stream: Rewound<Wire>, to: SocketAddr, name: Option<String>) -> io::Result<()> {
    let name = name.unwrap_or_else(|| to.ip().to_string());
    let config = land.impostor.authority.server(&[name]).map_err(|_| ErrorKind::InvalidData)?;
    let tls = tokio_rustls::TlsAcceptor::from(config).accept(stream).await?;
    let counted = Counted { inner: tls, read: land.impostor.read.clone() };
    origins::speak_http(counted, false, Manners::Plain).await;
    Ok(())
}

async fn pretend_noise(land: &Land, first: &[u8], mut wire: Wire) -> io::Result<()> {
    let random = std::array::from_fn(|_| fastrand::u8(..));
    if let Ok(Some(answer)) = noise::serve(first, &land.impostor.noise, &random) {
        wire.write_all(&answer).await?;
    }
    let read = tokio::io::copy(&mut wire, &mut tokio::io::sink()).await?;
    land.impostor.read.fetch_add(read, Ordering::Relaxed);
    Ok(())
}

async fn carry_on(land: &Land, mut stream: Rewound<Wire>, to: SocketAddr) -> io::Result<()> {
    match land.behind_the_box(to) {
        Ok(mut origin) => tokio::io::copy_bidirectional(&mut stream, &mut origin).await.map(drop),
        Err(refused) => {
            stream.abort_on_drop();
            Err(refused)
        }
    }
}

/// A stream that counts what is read from it.
struct Counted<S> {
    inner: S,
    read: Arc<AtomicU64>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.inner).poll_read(cx, buf);
        self.read.fetch_add((buf.filled().len() - before) as u64, Ordering::Relaxed);
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
