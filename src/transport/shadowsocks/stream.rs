//! One Shadowsocks stream: our own salt (so that it can begin with a prefix), a header that goes out with the client's first
//! bytes, or alone when the client waits for the server to speak, and frames by the bufferful: what the thread lends is
//! filled with as many as it holds, and nothing is kept but what the carrier did not take or has not brought whole.

use super::Account;
use super::frames::{Asked, Cipher, LARGEST, Opener};
use crate::model::TcpFacts;
use crate::net::{Io, Stream, with_lent};
use ::shadowsocks::relay::Address;
use ::shadowsocks::relay::tcprelay::crypto_io::{EncryptedWriter, StreamType};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// How long the header waits for the client's first bytes before it goes alone.
const QUIET: Duration = Duration::from_millis(100);
/// The most padding of a 2022 header that goes alone (SIP022 §3.1.3).
const MOST_PADDING: usize = 900;
/// The most of the client's bytes in the first frame: the least of both editions' bounds (SIP004: 0x3FFF), with room for
/// the longest header.
const FIRST: usize = 0x3FFF - 512;
/// How often the first flight has used the key: for the header or its length, and for the first frame.
const FIRST_SEALS: u64 = 2;
/// The least that is asked of the carrier at a time, however small the reader's buffer is.
const LEAST: usize = 20 * 1024;

pub(super) struct ShadowStream {
    carrier: Stream,
    account: Arc<Account>,
    salt: Vec<u8>,
    header: Header,
    /// Seals what follows the first flight.
    cipher: Option<Cipher>,
    /// Ciphertext of taken bytes that the carrier has not taken, and how much of it has gone.
    waiting: Vec<u8>,
    gone: usize,
    /// The reader sent the header and must see it out, as long as no writer comes.
    reader_drains: bool,
    opener: Opener,
    /// The beginning of a frame.
    begun: Vec<u8>,
    /// Opened bytes that the reader had no room for, and how much of them was given since.
    opened: Vec<u8>,
    given: usize,
}

/// The request's header: where the stream shall go.
enum Header {
    /// Not sent; the timer starts when somebody first waits for the server.
    Unsent {
        address: Vec<u8>,
        quiet: Option<Pin<Box<Sleep>>>,
    },
    Sent,
}

impl ShadowStream {
    pub(super) fn new(account: &Arc<Account>, carrier: Stream, to: &Address) -> Self {
        let method = account.config.method();
        let mut salt = vec![0; method.salt_len()];
        account.shared.generate_nonce(method, &mut salt, false);
        for (byte, wanted) in salt.iter_mut().zip(&account.prefix) {
            *byte = *wanted;
        }
        let mut address = Vec::with_capacity(to.serialized_len());
        to.write_to_buf(&mut address);
        Self {
            carrier,
            account: Arc::clone(account),
            salt,
            header: Header::Unsent { address, quiet: None },
            cipher: None,
            waiting: Vec::new(),
            gone: 0,
            reader_drains: false,
            opener: Opener::new(method),
            begun: Vec::new(),
            opened: Vec::new(),
            given: 0,
        }
    }

    /// Everything up to the end of the first frame, which holds the address, in the 2022 edition padding when nothing
    /// follows, and the first bytes.
    fn first_flight(&self, cx: &mut Context<'_>, address: &[u8], payload: &[u8]) -> io::Result<Vec<u8>> {
        let config = &self.account.config;
        let mut chunk = address.to_vec();
        if config.method().is_aead_2022() {
            let padding = if payload.is_empty() { fastrand::usize(1..=MOST_PADDING) } else { 0 };
            chunk.extend_from_slice(&(padding as u16).to_be_bytes());
            chunk.resize(chunk.len() + padding, 0);
        }
        chunk.extend_from_slice(payload);
        let (method, key, identities) = (config.method(), config.key(), config.identity_keys());
        let mut writer = EncryptedWriter::with_identity(StreamType::Client, method, key, &self.salt, identities);
        let mut flight = Vec::with_capacity(chunk.len() + 256);
        match writer.poll_write_encrypted(cx, &mut flight, &chunk) {
            Poll::Ready(Ok(_)) => Ok(flight),
            Poll::Ready(Err(error)) => Err(error.into()),
            // Memory never lets anybody wait.
            Poll::Pending => Err(io::ErrorKind::WriteZero.into()),
        }
    }

    /// Seals as many of `bytes` as go into one write, with the header before them when it has not gone out yet; writes
    /// what the carrier takes. Their number.
    fn take(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> io::Result<usize> {
        let (mut flight, mut taken) = (Vec::new(), 0);
        if let Header::Unsent { address, .. } = std::mem::replace(&mut self.header, Header::Sent) {
            let first = &bytes[..bytes.len().min(FIRST)];
            flight = self.first_flight(cx, &address, first)?;
            taken = first.len();
            let config = &self.account.config;
            let cipher = Cipher::new(config.method(), config.key(), &self.salt, FIRST_SEALS);
            self.cipher = Some(cipher.map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?);
        }
        with_lent(|space| {
            let begun = flight.len();
            space[..begun].copy_from_slice(&flight);
            let Some(cipher) = &mut self.cipher else { return Err(io::ErrorKind::InvalidInput.into()) };
            let sealed = cipher.seal(&bytes[taken..], &mut space[begun..]);
            let (more, length) = sealed.map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
            self.put(cx, &space[..begun + length])?;
            Ok(taken + more)
        })
    }

    /// Writes what the carrier takes of `sealed` and keeps the rest.
    fn put(&mut self, cx: &mut Context<'_>, sealed: &[u8]) -> io::Result<()> {
        let mut written = 0;
        while written < sealed.len() {
            match Pin::new(&mut self.carrier).poll_write(cx, &sealed[written..])? {
                Poll::Ready(0) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(n) => written += n,
                Poll::Pending => {
                    self.waiting = sealed[written..].to_vec();
                    break;
                }
            }
        }
        Ok(())
    }

    /// Writes out what waits.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.gone < self.waiting.len() {
            match ready!(Pin::new(&mut self.carrier).poll_write(cx, &self.waiting[self.gone..]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                n => self.gone += n,
            }
        }
        (self.waiting, self.gone) = (Vec::new(), 0);
        Poll::Ready(Ok(()))
    }

    /// Sends the header alone, when it has not gone out yet.
    fn send_header(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if matches!(self.header, Header::Unsent { .. }) {
            self.take(cx, &[])?;
        }
        Ok(())
    }

    /// Lets a client wait for the server to speak first: the header goes out after a moment of quiet.
    fn poll_quiet(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if let Header::Unsent { quiet, .. } = &mut self.header {
            let timer = quiet.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + QUIET)));
            if timer.as_mut().poll(cx).is_pending() {
                return Ok(());
            }
            self.send_header(cx)?;
            self.reader_drains = true;
        }
        if self.reader_drains && self.poll_drain(cx)?.is_ready() {
            self.reader_drains = Pin::new(&mut self.carrier).poll_flush(cx)?.is_pending();
        }
        Ok(())
    }

    /// Gives what was opened before.
    fn give(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        let rest = &self.opened[self.given..];
        let length = rest.len().min(buf.remaining());
        buf.put_slice(&rest[..length]);
        self.given += length;
        if self.given == self.opened.len() {
            (self.opened, self.given) = (Vec::new(), 0);
        }
        length > 0
    }

    /// Reads once and opens all that is whole, into `buf` what fits. Whether the stream is at its end.
    fn poll_open(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<bool>> {
        with_lent(|space| {
            let begun = self.begun.len();
            // Some frames, and no more than fit into the reader's buffer when they are opened, if that is no small one.
            let wanted = if buf.remaining() > LARGEST + LEAST { LARGEST } else { 0 };
            let length = self.opener.rest_of_long(begun).unwrap_or(wanted.saturating_sub(begun) + LEAST);
            let end = space.len().min(begun + length);
            let mut room = ReadBuf::new(&mut space[begun..end]);
            ready!(Pin::new(&mut self.carrier).poll_read(cx, &mut room))?;
            let came = room.filled();
            let length = came.len();
            if length == 0 {
                let in_order = self.opener.may_end(&self.begun);
                return Poll::Ready(if in_order { Ok(true) } else { Err(io::ErrorKind::UnexpectedEof.into()) });
            }
            if self.opener.missing(begun) > length {
                self.begun.extend_from_slice(came);
                return Poll::Ready(Ok(false));
            }
            space[..begun].copy_from_slice(&self.begun);
            self.open(&space[..begun + length], buf);
            Poll::Ready(Ok(false))
        })
    }

    fn open(&mut self, came: &[u8], buf: &mut ReadBuf<'_>) {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let asked = Asked { master: self.account.config.key(), salt: &self.salt, unix };
        let (mut used, length) = self.opener.open(came, buf.initialize_unfilled(), &asked);
        buf.advance(length);
        if self.opener.is_held_up(&came[used..]) {
            let mut opened = vec![0; came.len() - used];
            let (more, length) = self.opener.open(&came[used..], &mut opened, &asked);
            opened.truncate(length);
            (self.opened, self.given) = (opened, 0);
            used += more;
        }
        // Gives the memory back where nothing is begun.
        self.begun = if self.opener.fault().is_some() { Vec::new() } else { came[used..].to_vec() };
    }
}

impl Io for ShadowStream {
    fn tcp_facts(&self) -> Option<TcpFacts> {
        self.carrier.tcp_facts()
    }
    fn endpoint(&self) -> Option<SocketAddr> {
        self.carrier.endpoint()
    }
    fn abort_on_drop(&mut self) {
        self.carrier.abort_on_drop();
    }
}

impl AsyncRead for ShadowStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.poll_quiet(cx)?;
        let before = buf.filled().len();
        if buf.remaining() == 0 || this.give(buf) {
            return Poll::Ready(Ok(()));
        }
        loop {
            // What was good before a fault has been given.
            if let Some(fault) = this.opener.fault() {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, fault)));
            }
            if ready!(this.poll_open(cx, buf))? || buf.filled().len() > before || this.give(buf) {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl AsyncWrite for ShadowStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        this.reader_drains = false;
        ready!(this.poll_drain(cx))?;
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        // Taken at once; what the carrier does not want now goes out with the next write or flush.
        Poll::Ready(this.take(cx, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.reader_drains = false;
        ready!(this.poll_drain(cx))?;
        Pin::new(&mut this.carrier).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.reader_drains = false;
        ready!(this.poll_drain(cx))?;
        this.send_header(cx)?;
        ready!(this.poll_drain(cx))?;
        Pin::new(&mut this.carrier).poll_shutdown(cx)
    }
}

/// A lent buffer must hold a whole frame.
const _: () = assert!(LARGEST < crate::net::LENT);
