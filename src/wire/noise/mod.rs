//! Does WhatsApp answer, and is it WhatsApp? The first two messages of its `Noise_XX_25519_AESGCM_SHA256` handshake
//! (noiseprotocol.org revision 34 §7.5), for both ends. The server's answer proves its key, and a chain of
//! certificates leads from that key to a pinned root: a test for somebody in the middle without any account. Ends
//! there: the third message, which would log in, is never written.

mod chain;
mod client;
mod frames;
mod protobuf;
mod server;
mod symmetric;
mod xeddsa;

#[cfg(test)]
mod tests;

pub use client::Client;
pub use frames::Frames;
pub use server::{Authority, serve};

pub use server::begins;

use super::{Error, Protocol};

/// The root key of the chat servers' certificates, as independent clients pin it.
pub const PINNED_ROOT: [u8; 32] = [
    0x14, 0x23, 0x75, 0x57, 0x4d, 0x0a, 0x58, 0x71, 0x66, 0xaa, 0xe7, 0x1e, 0xbe, 0x51, 0x64, 0x37, 0xc4, 0xa2, 0x8b,
    0x73, 0xe3, 0x69, 0x5c, 0x6c, 0xe1, 0xf7, 0xf9, 0x54, 0x5d, 0xa8, 0xee, 0x6b,
];

/// What a client sends first: "WA", magic 6, dictionary 3. Also the prologue of the handshake.
const HEADER: [u8; 4] = [0x57, 0x41, 0x06, 0x03];
/// Phones may put this and a routing hint of so many bytes (u24) before the header.
const ROUTING: [u8; 4] = [0x45, 0x44, 0x00, 0x01];
/// The most bytes of one frame that is held. A real answer has about 350.
const LONGEST: usize = 16 * 1024;

const fn malformed(what: &'static str) -> Error {
    Error::malformed(Protocol::Noise, what)
}

/// A frame with its length before it, three bytes, most significant first.
fn frame(payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], payload].concat()
}

/// The frame at the cursor; `None` when it is not whole yet.
fn unframe<'a>(cursor: &mut super::cursor::Cursor<'a>) -> Result<Option<&'a [u8]>, Error> {
    let Some(length) = cursor.u24() else { return Ok(None) };
    match length as usize {
        0 => Err(malformed("a frame is empty")),
        length if length > LONGEST => Err(Error::too_large(Protocol::Noise, "a frame in bytes", LONGEST)),
        length => Ok(cursor.take(length)),
    }
}
