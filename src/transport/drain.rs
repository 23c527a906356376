//! Bytes that were taken from a writer and wait for the stream below: written before anything else, and on every
//! flush and shutdown. A writer that needs its bytes out must flush, as with any buffering stream.

use crate::net::Stream;
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;

/// Pieces to be written in order, each with a write of its own.
#[derive(Default)]
pub(super) struct Drain {
    pieces: VecDeque<Vec<u8>>,
    written: usize,
}

impl Drain {
    pub(super) fn extend(&mut self, pieces: impl IntoIterator<Item = Vec<u8>>) {
        self.pieces.extend(pieces.into_iter().filter(|piece| !piece.is_empty()));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Writes until nothing waits.
    pub(super) fn poll_drain(&mut self, cx: &mut Context<'_>, to: &mut Stream) -> Poll<io::Result<()>> {
        while let Some(piece) = self.pieces.front() {
            let n = ready!(Pin::new(&mut *to).poll_write(cx, &piece[self.written..]))?;
            if n == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += n;
            if self.written == piece.len() {
                self.pieces.pop_front();
                self.written = 0;
            }
        }
        Poll::Ready(Ok(()))
    }
}
