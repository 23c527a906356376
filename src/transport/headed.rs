//! A stream whose first bytes are a tunnel's header: it goes out with the client's first bytes, in one write, or alone
//! when the client waits for the server to speak. What the server says before the destination's bytes is taken off.

use super::drain::Drain;
use super::proof::Proof;
use crate::model::{Destination, TcpFacts};
use crate::net::{Io, Stream};
use crate::wire::vless;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// How long the header waits for the client's first bytes before it goes alone.
const QUIET: Duration = Duration::from_millis(100);
/// The most of the client's bytes that go with the header: one TLS record holds both.
const FIRST: usize = 15 * 1024;

/// What a server says before the destination's bytes.
pub(super) enum Preface {
    /// VLESS's answer: so much of it has come.
    Vless(Vec<u8>),
    /// Nothing (Trojan). A web page in its place is the site that strangers are shown; `asked_page` when the client's
    /// own bytes may have been answered by one.
    Trojan { asked_page: bool },
    /// It is over.
    Done,
}

/// A stream through a tunnel.
pub(super) struct Headed {
    carrier: Stream,
    header: Header,
    /// The header and the first bytes, on their way.
    drain: Drain,
    /// The reader sent the header and must see it out, as long as no writer comes.
    reader_drains: bool,
    preface: Preface,
    to: Destination,
    proof: Arc<Proof>,
}

enum Header {
    /// Not sent; the timer starts when somebody first waits for the server.
    Unsent(Vec<u8>, Option<Pin<Box<Sleep>>>),
    Sent,
}

impl Headed {
    /// A stream to `to` over `carrier` that begins with `header`.
    pub(super) fn new(carrier: Stream, header: Vec<u8>, preface: Preface, to: Destination, proof: Arc<Proof>) -> Self {
        let header = Header::Unsent(header, None);
        Self { carrier, header, drain: Drain::default(), reader_drains: false, preface, to, proof }
    }

    fn send_header(&mut self, first: &[u8]) {
        if let Header::Unsent(mut bytes, _) = std::mem::replace(&mut self.header, Header::Sent) {
            if let Preface::Trojan { asked_page } = &mut self.preface {
                *asked_page = is_http(first);
            }
            bytes.extend_from_slice(first);
            self.drain.extend([bytes]);
        }
    }

    /// Lets a client wait for the server to speak first: the header goes out after a moment of quiet.
    fn poll_quiet(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if let Header::Unsent(_, quiet) = &mut self.header {
            let timer = quiet.get_or_insert_with(|| Box::pin(tokio::time::sleep(QUIET)));
            if timer.as_mut().poll(cx).is_pending() {
                return Ok(());
            }
            self.send_header(&[]);
            self.reader_drains = true;
        }
        if self.reader_drains && self.drain.poll_drain(cx, &mut self.carrier)?.is_ready() {
            self.reader_drains = Pin::new(&mut self.carrier).poll_flush(cx)?.is_pending();
        }
        Ok(())
    }

    /// Takes off `came`, which begins at `before` in `buf`, what is not the destination's.
    fn take_preface(&mut self, buf: &mut ReadBuf<'_>, before: usize) -> io::Result<()> {
        match &mut self.preface {
            Preface::Done => return Ok(()),
            Preface::Trojan { asked_page } => {
                if !*asked_page && is_http_answer(&buf.filled()[before..]) {
                    return Err(self.proof.turned_away().into_io());
                }
            }
            Preface::Vless(seen) => {
                seen.extend_from_slice(&buf.filled()[before..]);
                buf.set_filled(before);
                let Some(((), length)) = vless::answer(seen).map_err(|_| self.proof.turned_away().into_io())? else {
                    return Ok(());
                };
                // No more than was just read: all before it was the answer's.
                buf.put_slice(&seen[length..]);
            }
        }
        self.preface = Preface::Done;
        self.proof.answered();
        Ok(())
    }

    /// What an end without an answer means.
    fn ended(&self, how: io::Result<()>) -> io::Result<()> {
        let is_end = how.as_ref().map_or_else(
            |error| matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof),
            |()| true,
        );
        if matches!(self.preface, Preface::Done) || !is_end {
            return how;
        }
        self.proof.hung_up(&self.to).map_or(how, |failure| Err(failure.into_io()))
    }
}

/// Whether a request's first bytes could be HTTP: a method begins with a capital.
fn is_http(first: &[u8]) -> bool {
    first.first().is_none_or(u8::is_ascii_uppercase)
}

fn is_http_answer(first: &[u8]) -> bool {
    first.starts_with(b"HTTP/1.")
}

impl AsyncRead for Headed {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.poll_quiet(cx)?;
        let before = buf.filled().len();
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        loop {
            let read = ready!(Pin::new(&mut this.carrier).poll_read(cx, buf));
            if read.is_err() || buf.filled().len() == before {
                return Poll::Ready(this.ended(read));
            }
            if let Err(error) = this.take_preface(buf, before) {
                // Nothing was read, as far as the reader knows.
                buf.set_filled(before);
                return Poll::Ready(Err(error));
            }
            if buf.filled().len() > before {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl AsyncWrite for Headed {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        this.reader_drains = false;
        if matches!(this.header, Header::Unsent(..)) && !bytes.is_empty() {
            let first = &bytes[..bytes.len().min(FIRST)];
            this.send_header(first);
            // Taken at once; what the carrier does not want now goes out with the next write or flush.
            let _ = this.drain.poll_drain(cx, &mut this.carrier)?;
            return Poll::Ready(Ok(first.len()));
        }
        ready!(this.drain.poll_drain(cx, &mut this.carrier))?;
        Pin::new(&mut this.carrier).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.reader_drains = false;
        ready!(this.drain.poll_drain(cx, &mut this.carrier))?;
        Pin::new(&mut this.carrier).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.reader_drains = false;
        this.send_header(&[]);
        ready!(this.drain.poll_drain(cx, &mut this.carrier))?;
        Pin::new(&mut this.carrier).poll_shutdown(cx)
    }
}

impl Io for Headed {
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

#[cfg(test)]
mod tests;
