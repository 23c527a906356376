//! The server's side of the first packets, for the lab and for tests: reads what a client sends, shows the hello in it,
//! and writes each of the three answers.

use super::header::{self, Kind, Long};
use super::protect::{self, Side};
use super::{CONNECTION_CLOSE, CONNECTION_REFUSED, SHORTEST_DATAGRAM, V1, varint};
use crate::wire::Error;
use crate::wire::cursor::Cursor;
use crate::wire::tls::{ClientHello, Hello, client_hello};
use rustls::quic::Keys;
use std::fmt;

/// RFC 9000 §19.1, §19.2: they say nothing.
const PADDING: u64 = 0x00;
const PING: u64 = 0x01;
/// RFC 9000 §19.6.
const CRYPTO: u64 = 0x06;
/// RFC 9000 §19.3: one packet, the one that came.
const ACK: u64 = 0x02;
/// The most that is put together of a hello.
const LONGEST_HELLO: usize = 1 << 14;

/// What a client's first datagram is.
#[derive(Debug)]
pub enum Asked {
    /// An Initial packet of version 1.
    Initial(Initial),
    /// A packet of a version that is not spoken here.
    OtherVersion {
        /// The version.
        version: u32,
        /// The connection id that the client gave the server.
        to: Vec<u8>,
        /// The client's own.
        from: Vec<u8>,
    },
}

/// A client's Initial packet, opened.
pub struct Initial {
    to: Vec<u8>,
    from: Vec<u8>,
    number: u32,
    keys: Keys,
    crypto: Vec<u8>,
}

/// Reads a client's datagram; `None` when it begins no connection. One shorter than 1200 bytes does not (RFC 9000
/// §14.1): an answer would be larger than the question.
pub fn read(datagram: &[u8]) -> Option<Asked> {
    let long = Long::read(datagram).filter(|long| long.version != 0 && datagram.len() >= SHORTEST_DATAGRAM)?;
    if long.version != V1 {
        let (to, from) = (long.to.to_vec(), long.from.to_vec());
        return Some(Asked::OtherVersion { version: long.version, to, from });
    }
    if long.kind() != Some(Kind::Initial) {
        return None;
    }
    let keys = protect::keys(long.to, Side::Server).ok()?;
    let opened = protect::open(&keys, datagram).ok()?;
    let crypto = crypto(&opened.frames)?;
    Some(Asked::Initial(Initial { to: opened.to, from: opened.from, number: opened.number, keys, crypto }))
}

impl Initial {
    /// What the ClientHello in it shows; `None` when it is not whole or none.
    pub fn hello(&self) -> Option<ClientHello> {
        let length = u16::try_from(self.crypto.len()).ok()?.to_be_bytes();
        match client_hello(&[&[22, 3, 1][..], &length, &self.crypto].concat()) {
            Hello::Hello(hello) => Some(hello),
            Hello::Incomplete | Hello::NotTls => None,
        }
    }

    /// The handshake messages in it, for a TLS library.
    pub fn crypto(&self) -> &[u8] {
        &self.crypto
    }

    /// The connection id that the client gave the server.
    pub fn to(&self) -> &[u8] {
        &self.to
    }

    /// The server's own Initial packet: it acknowledges the client's, and carries `crypto`, the ServerHello.
    pub fn answer(&self, own: [u8; 8], crypto: &[u8]) -> Result<Vec<u8>, Error> {
        let mut frames = Vec::new();
        for value in [ACK, self.number.into(), 0, 0, 0, CRYPTO, 0, crypto.len() as u64] {
            varint::put(&mut frames, value);
        }
        frames.extend_from_slice(crypto);
        let (to, from, frames) = (&self.from[..], &own[..], &frames[..]);
        protect::seal(&self.keys, &protect::Initial { to, from, number: 0, frames, at_least: SHORTEST_DATAGRAM })
    }

    /// A refusal: the connection is over before it began (RFC 9000 §20.1), so its client goes on by TCP at once.
    pub fn refuse(&self, own: [u8; 8]) -> Result<Vec<u8>, Error> {
        let mut frames = Vec::new();
        // No frame at fault, no words (RFC 9000 §19.19).
        for value in [ACK, self.number.into(), 0, 0, 0, CONNECTION_CLOSE, CONNECTION_REFUSED, 0, 0] {
            varint::put(&mut frames, value);
        }
        let (to, from, frames) = (&self.from[..], &own[..], &frames[..]);
        protect::seal(&self.keys, &protect::Initial { to, from, number: 0, frames, at_least: SHORTEST_DATAGRAM })
    }

    /// A Retry with `token` (RFC 9000 §17.2.5).
    pub fn retry(&self, own: [u8; 8], token: &[u8]) -> Result<Vec<u8>, Error> {
        let mut packet = Vec::new();
        header::put(&mut packet, header::RETRY_FIRST, V1, &self.from, &own);
        packet.extend_from_slice(token);
        let tag = protect::retry_tag(&self.to, &packet)?;
        packet.extend_from_slice(&tag);
        Ok(packet)
    }
}

impl fmt::Debug for Initial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Initial").field("number", &self.number).field("hello", &self.hello()).finish_non_exhaustive()
    }
}

/// The answer to a packet with these connection ids and a version that is not spoken (RFC 9000 §17.2.1). `random` is the
/// unused part of the first byte.
pub fn version_negotiation(to: &[u8], from: &[u8], random: u8, versions: &[u32]) -> Vec<u8> {
    let mut packet = Vec::new();
    header::put(&mut packet, random, 0, from, to);
    packet.extend(versions.iter().flat_map(|version| version.to_be_bytes()));
    packet
}

/// The handshake bytes in a client's frames from the first on; browsers cut them in pieces and mix these. `None` when
/// there is a frame that an Initial packet of a client's first flight does not hold.
fn crypto(frames: &[u8]) -> Option<Vec<u8>> {
    let mut cursor = Cursor::new(frames);
    let mut pieces: Vec<(usize, &[u8])> = Vec::new();
    while !cursor.is_empty() {
        match varint::take(&mut cursor)? {
            PADDING | PING => {}
            CRYPTO => {
                let offset = usize::try_from(varint::take(&mut cursor)?).ok()?;
                let length = usize::try_from(varint::take(&mut cursor)?).ok()?;
                pieces.push((offset, cursor.take(length)?));
            }
            _ => return None,
        }
    }
    pieces.sort_by_key(|(offset, _)| *offset);
    let mut whole = Vec::new();
    for (offset, piece) in pieces {
        let Some(fresh) = whole.len().checked_sub(offset) else { break };
        whole.extend_from_slice(piece.get(fresh..).unwrap_or_default());
        if whole.len() > LONGEST_HELLO {
            return None;
        }
    }
    Some(whole)
}
