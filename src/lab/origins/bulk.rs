//! What flows once a chat protocol's greeting is over. The lab does not play the encrypted sessions; it moves
//! bytes of their sizes: a client orders an amount, the server sends it.

use std::ops::ControlFlow;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The first byte of an order; four bytes of size, big-endian, follow.
const ORDER: u8 = 0x0b;
/// The longest order.
const MOST: u32 = 64 << 20;

/// Orders are filled in pieces of this size.
const PIECE: usize = 16 * 1024;
/// The length before a Noise frame.
const NOISE_HEADER: usize = 3;

/// In what the pieces of an order are wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum Framing {
    /// Abridged MTProto frames.
    Mtproto,
    /// Noise frames, three bytes of length each.
    Noise,
}

/// What an order of `size` bytes weighs when each piece is a frame.
pub(in crate::lab) fn framed_size(size: u32, framing: Framing) -> usize {
    let header = |piece: usize| match framing {
        Framing::Mtproto if piece / 4 < 127 => 1,
        Framing::Mtproto => 4,
        Framing::Noise => NOISE_HEADER,
    };
    let (size, mut total) = (size as usize, 0);
    for start in (0..size).step_by(PIECE) {
        let piece = (size - start).min(PIECE);
        total += piece + header(piece);
    }
    total
}

/// A piece as a Noise frame of the chat server.
pub(super) fn noise_frame(piece: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(piece.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&length[..], piece].concat()
}

/// An order for `size` bytes.
pub(in crate::lab) fn order(size: u32) -> [u8; 5] {
    let [a, b, c, d] = size.to_be_bytes();
    [ORDER, a, b, c, d]
}

/// Fills orders until the client has gone; `wrap` makes a piece of payload what the protocol sends.
pub(super) async fn fill_orders<S, W>(stream: &mut S, mut wrap: W) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
    W: FnMut(&[u8]) -> Vec<u8>,
{
    loop {
        let mut asked = [0; 5];
        if read_order(stream, &mut asked).await?.is_break() {
            return stream.shutdown().await;
        }
        let [ORDER, size @ ..] = asked else { return Ok(()) };
        let mut left = u32::from_be_bytes(size).min(MOST) as usize;
        while left > 0 {
            let piece = left.min(PIECE);
            stream.write_all(&wrap(&vec![0x5a; piece])).await?;
            left -= piece;
        }
    }
}

async fn read_order<S: AsyncRead + Unpin>(stream: &mut S, order: &mut [u8; 5]) -> std::io::Result<ControlFlow<()>> {
    match stream.read(&mut order[..1]).await? {
        0 => Ok(ControlFlow::Break(())),
        _ => stream.read_exact(&mut order[1..]).await.map(|_| ControlFlow::Continue(())),
    }
}
