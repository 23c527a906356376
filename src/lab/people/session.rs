//! An app's open connection: how each app greets its server, and how it fetches things afterwards.

use super::Mishap;
use super::stamp::Stamped;
use crate::lab::origins::{Framing, framed_size, order};
use crate::net::{Io, Stream};
use crate::wire::{http, mtproto, noise};
use rustls::pki_types::ServerName;
use std::io::{self, ErrorKind};
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// An open, greeted connection.
pub struct Session {
    stream: Stream,
    kind: Kind,
    first_byte: Duration,
    patience: Duration,
}

/// How things are fetched.
enum Kind {
    /// By orders; pieces come in MTProto frames.
    Mtproto,
    /// By orders; pieces come in Noise frames.
    Noise,
    /// By HTTP requests for this host.
    Http(String),
}

impl Session {
    fn new(stream: impl Io + 'static, kind: Kind, first_byte: Duration) -> Self {
        Self { stream: Box::new(stream), kind, first_byte, patience: Duration::from_secs(15) }
    }

    pub(super) const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// From the asking to the first byte of the destination.
    pub const fn first_byte(&self) -> Duration {
        self.first_byte
    }

    /// Fetches so many bytes; gives up when nothing comes for longer than the app waits.
    /// MTProto counts in words of four bytes, so the size is rounded up to one.
    pub async fn download(&mut self, size: u32) -> Result<(), Mishap> {
        let size = size.next_multiple_of(4);
        let request = match &self.kind {
            Kind::Mtproto | Kind::Noise => order(size).to_vec(),
            Kind::Http(host) => request(&format!("/bulk?bytes={size}"), host),
        };
        let patience = self.patience;
        let asked = timeout(patience, self.stream.write_all(&request)).await.map_err(|_| Mishap::Silent)?;
        asked.map_err(|why| Mishap::of(&why))?;
        let mut left = match &self.kind {
            Kind::Mtproto => framed_size(size, Framing::Mtproto),
            Kind::Noise => framed_size(size, Framing::Noise),
            Kind::Http(_) => {
                let head = timeout(patience, head(&mut self.stream)).await.map_err(|_| Mishap::Silent)?;
                let (_, early) = head.map_err(|why| Mishap::of(&why))?;
                (size as usize).saturating_sub(early)
            }
        };
        let mut buf = vec![0; left.min(65_536)];
        while left > 0 {
            let space = left.min(buf.len());
            let read = timeout(patience, self.stream.read(&mut buf[..space])).await.map_err(|_| Mishap::Silent)?;
            match read {
                Ok(0) => return Err(Mishap::Died),
                Ok(size) => left -= size,
                Err(why) => return Err(Mishap::of(&why)),
            }
        }
        Ok(())
    }

    /// Stays in the chat: a small exchange every `every`, so many times.
    pub async fn chat(&mut self, every: Duration, times: u32) -> Result<(), Mishap> {
        for _ in 0..times {
            tokio::time::sleep(every).await;
            self.download(64).await?;
        }
        Ok(())
    }
}

/// Greets a Telegram data centre.
pub(super) async fn telegram(mut stream: Stamped, random: &[u8; 333]) -> io::Result<Session> {
    let (mut init, mut nonce, mut padding) = ([0; 64], [0; 16], [0; 252]);
    init.copy_from_slice(&random[..64]);
    nonce.copy_from_slice(&random[64..80]);
    padding.copy_from_slice(&random[80..332]);
    let msg_id = i64::try_from(unix().as_secs()).unwrap_or_default() << 32;
    let padding_words = random[332] % 64;
    let start = mtproto::Start { random: init, nonce, dc: 2, msg_id, padding_words, padding };
    let (mut client, hello) = mtproto::Client::hello(&start);
    stream.write_all(&hello).await?;
    let mut buf = [0; 1024];
    loop {
        let size = some(stream.read(&mut buf).await?)?;
        match client.answer(&buf[..size]).map_err(|_| ErrorKind::InvalidData)? {
            None => {}
            Some(mtproto::Answer::ResPq { fingerprints, .. }) if fingerprints.contains(&mtproto::PRODUCTION_KEY) => {
                let first_byte = stream.first_byte();
                return Ok(Session::new(stream, Kind::Mtproto, first_byte));
            }
            Some(_) => return Err(ErrorKind::InvalidData.into()),
        }
    }
}

/// Greets a WhatsApp chat server; `hint` goes before the hello.
pub(super) async fn whatsapp(
    mut stream: Stamped,
    random: &[u8; 32],
    root: &[u8; 32],
    hint: &[u8],
) -> io::Result<Session> {
    let (mut client, hello) = noise::Client::hello(*random).map_err(|_| ErrorKind::InvalidData)?;
    stream.write_all(&[hint, &hello].concat()).await?;
    let mut buf = [0; 1024];
    loop {
        let size = some(stream.read(&mut buf).await?)?;
        let grade = client.answer(&buf[..size], root, unix().as_secs()).map_err(|_| ErrorKind::InvalidData)?;
        match grade {
            None => {}
            Some(crate::model::Grade::A) => {
                let first_byte = stream.first_byte();
                return Ok(Session::new(stream, Kind::Noise, first_byte));
            }
            Some(crate::model::Grade::B) => return Err(ErrorKind::InvalidData.into()),
        }
    }
}

/// Opens a TLS site and asks for its first page. `signal`: the answer must carry Signal's header.
pub(super) async fn web(
    stream: Stamped,
    tls: &TlsConnector,
    name: ServerName<'static>,
    signal: bool,
) -> io::Result<Session> {
    let host = name.to_str().into_owned();
    let mut stream = tls.connect(name, stream).await?;
    stream.write_all(&request("/", &host)).await?;
    let (head, early) = head(&mut stream).await?;
    if signal && head.fields.get("x-signal-timestamp").is_none() {
        return Err(ErrorKind::InvalidData.into());
    }
    let length: usize = head.fields.get("content-length").and_then(|text| text.parse().ok()).unwrap_or_default();
    let mut rest = vec![0; length.saturating_sub(early)];
    stream.read_exact(&mut rest).await?;
    let first_byte = stream.get_ref().0.first_byte();
    Ok(Session::new(Box::new(Tls(stream)) as Stream, Kind::Http(host), first_byte))
}

fn request(path: &str, host: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes()
}

/// Reads a response's head; also says how many bytes of the body came with it.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<(http::ResponseHead, usize)> {
    let mut read = Vec::new();
    loop {
        let parsed = http::response_head(&read).map_err(|_| ErrorKind::InvalidData)?;
        if let http::Head::Head(head, size) = parsed {
            return Ok((head, read.len() - size));
        }
        some(stream.read_buf(&mut read).await?)?;
    }
}

/// An end of stream where bytes are owed is a dead connection.
fn some(size: usize) -> io::Result<usize> {
    if size == 0 { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(size) }
}

fn unix() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// A TLS session as a stream of the house.
struct Tls(tokio_rustls::client::TlsStream<Stamped>);

impl AsyncRead for Tls {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        buf: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::pin::Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl tokio::io::AsyncWrite for Tls {
    fn poll_write(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> std::task::Poll<io::Result<usize>> {
        std::pin::Pin::new(&mut self.0).poll_write(cx, bytes)
    }
    fn poll_flush(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::pin::Pin::new(&mut self.0).poll_flush(cx)
    }
    fn poll_shutdown(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::pin::Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl Io for Tls {}
