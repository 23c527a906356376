//! One Shadowsocks stream: the library's ciphers, our own salt (so that it can begin with a prefix), and a header
//! that goes out with the client's first bytes, or alone when the client waits for the server to speak.

use super::Account;
use crate::model::TcpFacts;
use crate::net::{Io, Stream};
use ::shadowsocks::context::SharedContext;
use ::shadowsocks::relay::Address;
use ::shadowsocks::relay::tcprelay::crypto_io::{DecryptedReader, EncryptedWriter, ProtocolError, StreamType};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// How long the header waits for the client's first bytes before it goes alone.
const QUIET: Duration = Duration::from_millis(100);
/// The most padding of a 2022 header that goes alone (SIP022 §3.1.3).
const MOST_PADDING: usize = 900;

/// What a server's answer can be that nobody with the key has written.
#[derive(Debug, thiserror::Error)]
enum Undecipherable {
    #[error("the server's bytes are not encrypted with this key: check password and method")]
    Frame,
    #[error("the server's answer belongs to another request")]
    ForeignAnswer,
}

pub(super) struct ShadowStream {
    carrier: Stream,
    shared: SharedContext,
    writer: EncryptedWriter,
    reader: DecryptedReader,
    is_2022: bool,
    header: Header,
    /// Ciphertext of taken bytes sits in the writer.
    undrained: bool,
    /// The reader sent the header and must see it out, as long as no writer comes.
    reader_drains: bool,
    answer_checked: bool,
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
    pub(super) fn new(account: &Account, carrier: Stream, to: &Address) -> Self {
        let (config, method) = (&account.config, account.config.method());
        let mut salt = vec![0; method.salt_len()];
        account.shared.generate_nonce(method, &mut salt, false);
        for (byte, wanted) in salt.iter_mut().zip(&account.prefix) {
            *byte = *wanted;
        }
        let mut address = Vec::with_capacity(to.serialized_len());
        to.write_to_buf(&mut address);
        Self {
            carrier,
            shared: account.shared.clone(),
            writer: EncryptedWriter::with_identity(
                StreamType::Client,
                method,
                config.key(),
                &salt,
                config.identity_keys(),
            ),
            reader: DecryptedReader::new(StreamType::Client, method, config.key()),
            is_2022: method.is_aead_2022(),
            header: Header::Unsent { address, quiet: None },
            undrained: false,
            reader_drains: false,
            answer_checked: false,
        }
    }

    /// The first chunk: the address, in the 2022 edition padding when nothing follows, and the first bytes.
    fn first_chunk(&self, address: &[u8], payload: &[u8]) -> Vec<u8> {
        let mut chunk = address.to_vec();
        if self.is_2022 {
            let padding = if payload.is_empty() { fastrand::usize(1..=MOST_PADDING) } else { 0 };
            chunk.extend_from_slice(&(padding as u16).to_be_bytes());
            chunk.resize(chunk.len() + padding, 0);
        }
        chunk.extend_from_slice(payload);
        chunk
    }

    /// Encrypts one chunk and writes what the carrier takes. `bytes` must be within a chunk's bound.
    fn take(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> io::Result<()> {
        match self.writer.poll_write_encrypted(cx, &mut self.carrier, bytes) {
            Poll::Ready(outcome) => outcome.map(|_| ()).map_err(sort),
            Poll::Pending => {
                self.undrained = true;
                Ok(())
            }
        }
    }

    /// Writes out what the writer still holds.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.undrained {
            // While a chunk is being written the bytes given are not looked at.
            ready!(self.writer.poll_write_encrypted(cx, &mut self.carrier, &[])).map_err(sort)?;
            self.undrained = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Sends the header alone, when it has not gone out yet.
    fn send_header(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if let Header::Unsent { address, .. } = std::mem::replace(&mut self.header, Header::Sent) {
            let chunk = self.first_chunk(&address, &[]);
            self.take(cx, &chunk)?;
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

    /// In the 2022 edition an answer names the request it belongs to (SIP022 §3.1.4).
    fn check_answer(&mut self) -> io::Result<()> {
        if self.is_2022 && !self.answer_checked {
            if self.reader.request_nonce() != Some(self.writer.nonce()) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, Undecipherable::ForeignAnswer));
            }
            self.answer_checked = true;
        }
        Ok(())
    }
}

/// The carrier's error as it is; anything of the library's own means that the bytes are not what our key encrypts.
fn sort(error: ProtocolError) -> io::Error {
    match io::Error::from(error) {
        own if own.kind() == io::ErrorKind::Other && own.get_ref().is_some() => {
            io::Error::new(io::ErrorKind::InvalidData, Undecipherable::Frame)
        }
        error => error,
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
        match ready!(this.reader.poll_read_decrypted(cx, &this.shared, &mut this.carrier, buf)).map_err(sort) {
            // Before the answer's first chunk an end is an end, whatever the edition calls it.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && !this.reader.handshaked() => {
                Poll::Ready(Ok(()))
            }
            Err(error) => Poll::Ready(Err(error)),
            Ok(()) if buf.filled().len() > before => Poll::Ready(this.check_answer()),
            Ok(()) => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for ShadowStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        /// The least of both editions' bounds on a chunk (SIP004: 0x3FFF), with room for the longest header.
        const CHUNK: usize = 0x3FFF - 512;
        let this = &mut *self;
        this.reader_drains = false;
        ready!(this.poll_drain(cx))?;
        let bytes = &bytes[..bytes.len().min(CHUNK)];
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        // Taken at once; what the carrier does not want now goes out with the next write or flush.
        match std::mem::replace(&mut this.header, Header::Sent) {
            Header::Sent => this.take(cx, bytes)?,
            Header::Unsent { address, .. } => {
                let chunk = this.first_chunk(&address, bytes);
                this.take(cx, &chunk)?;
            }
        }
        Poll::Ready(Ok(bytes.len()))
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
