//! The client's side: an Initial packet with a ClientHello, sent again under a new number when nothing comes; and what
//! counts as the server's answer. Anybody can send a datagram: what does not fit the question is no answer.

use super::header::{self, Kind, Long};
use super::protect::{self, Side};
use super::{CONNECTION_CLOSE, SHORTEST_DATAGRAM, V1, varint};
use crate::wire::cursor::Cursor;
use crate::wire::{Error, Protocol};
use rustls::quic::Keys;

/// RFC 9000 §19.1.
const PADDING: u64 = 0x00;
/// RFC 9000 §19.3.
const ACK: u64 = 0x02;
/// RFC 9000 §19.6.
const CRYPTO: u64 = 0x06;
/// What header, tag and frame take of a datagram at most.
const OVERHEAD: usize = 64;
/// RFC 9001 §5.8.
const RETRY_TAG: usize = 16;

/// The connection ids that a client chooses at random (RFC 9000 §7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ids {
    /// The server's, until it names its own; the first keys come from it.
    pub to: [u8; 8],
    /// The client's.
    pub from: [u8; 8],
}

/// What a server says to an Initial packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An Initial packet of its own, under the connection's keys; with the connection id that it chose.
    Initial(Vec<u8>),
    /// It wants to see that the client's address is not forged (RFC 9000 §8.1.2); the tag is right.
    Retry,
    /// It ends the connection, with this error (RFC 9000 §20.1).
    Closed(u64),
    /// It speaks other versions than 1, these.
    Versions(Vec<u32>),
}

/// One connection attempt.
pub struct Client {
    ids: Ids,
    keys: Keys,
    hello: Vec<u8>,
    next: u32,
}

impl Client {
    /// An attempt with `hello`, the ClientHello as a handshake message without a record around it.
    pub fn new(ids: Ids, hello: Vec<u8>) -> Result<Self, Error> {
        let most = SHORTEST_DATAGRAM - OVERHEAD;
        if hello.len() > most {
            return Err(Error::too_large(Protocol::Quic, "the client hello of one packet in bytes", most));
        }
        Ok(Self { ids, keys: protect::keys(&ids.to, Side::Client)?, hello, next: 0 })
    }

    /// The next Initial packet: a datagram of 1200 bytes, with the next packet number.
    pub fn initial(&mut self) -> Result<Vec<u8>, Error> {
        let mut frames = Vec::new();
        varint::put(&mut frames, CRYPTO);
        varint::put(&mut frames, 0);
        varint::put(&mut frames, self.hello.len() as u64);
        frames.extend_from_slice(&self.hello);
        let to = self.ids.to;
        self.send(&to, &frames)
    }

    /// Ends the connection that the server, at the id it chose, has begun: without it a server repeats its answer.
    pub fn close(&mut self, server: &[u8]) -> Result<Vec<u8>, Error> {
        let mut frames = Vec::new();
        // No error, no frame at fault, no words (RFC 9000 §19.19).
        for value in [CONNECTION_CLOSE, 0, 0, 0] {
            varint::put(&mut frames, value);
        }
        self.send(server, &frames)
    }

    fn send(&mut self, to: &[u8], frames: &[u8]) -> Result<Vec<u8>, Error> {
        let number = self.next;
        self.next += 1;
        let from = &self.ids.from;
        protect::seal(&self.keys, &protect::Initial { to, from, number, frames, at_least: SHORTEST_DATAGRAM })
    }

    /// Reads a datagram that may be the server's answer.
    pub fn answer(&self, datagram: &[u8]) -> Result<Answer, Error> {
        let malformed = |what| Error::malformed(Protocol::Quic, what);
        let long = Long::read(datagram).ok_or(malformed("the answer has no long header"))?;
        if long.to != self.ids.from {
            return Err(malformed("the answer is to another connection"));
        }
        if long.version == 0 {
            let versions = version_answer(self.ids, datagram)?;
            // RFC 9000 §6.2: who speaks the version that was asked would not answer so.
            let contradicts = versions.contains(&V1);
            return if contradicts {
                Err(malformed("the version refused is offered"))
            } else {
                Ok(Answer::Versions(versions))
            };
        }
        match long.kind() {
            Some(Kind::Initial) => {
                let opened = protect::open(&self.keys, datagram)?;
                if opened.frames.iter().all(|byte| *byte == 0) {
                    return Err(malformed("the answer says nothing"));
                }
                Ok(closed(&opened.frames).map_or_else(|| Answer::Initial(opened.from), Answer::Closed))
            }
            Some(Kind::Retry) => self.retry(datagram, &long),
            Some(Kind::Other) | None => Err(malformed("the answer is no initial packet, retry or list of versions")),
        }
    }

    fn retry(&self, datagram: &[u8], long: &Long<'_>) -> Result<Answer, Error> {
        let malformed = |what| Error::malformed(Protocol::Quic, what);
        let (body, tag) = datagram.split_last_chunk::<RETRY_TAG>().ok_or(malformed("the retry is cut off"))?;
        // RFC 9000 §17.2.5.2: a token that is none, and the client's own choice as the server's, are refused.
        if long.rest.len() <= RETRY_TAG || long.from == self.ids.to {
            return Err(malformed("the retry has no token or no connection id of its own"));
        }
        let right = protect::retry_tag(&self.ids.to, body)? == *tag;
        if right { Ok(Answer::Retry) } else { Err(malformed("the retry's tag is wrong")) }
    }
}

/// The error that a server's first frames end the connection with, if they do; an acknowledgement may stand before.
fn closed(frames: &[u8]) -> Option<u64> {
    let mut cursor = Cursor::new(frames);
    loop {
        match varint::take(&mut cursor)? {
            PADDING => {}
            ACK => {
                // The largest number, the delay, further ranges, the first range (RFC 9000 §19.3); few packets have come.
                let [_, _, further, _] = [(); 4].map(|()| varint::take(&mut cursor));
                if further? > 0 {
                    return None;
                }
            }
            CONNECTION_CLOSE => return varint::take(&mut cursor),
            _ => return None,
        }
    }
}

/// The TLS extension that every QUIC ClientHello carries (RFC 9000 §18): ordinary limits, and the client's own id.
pub fn transport_parameters(ids: Ids) -> Vec<u8> {
    const MEGABYTE: u64 = 1 << 20;
    // Idle time-out in milliseconds, the largest datagram, data in all, data per stream (three kinds), streams (two).
    let limits = [
        (0x01, 30_000),
        (0x03, 1472),
        (0x04, 15 * MEGABYTE),
        (0x05, 6 * MEGABYTE),
        (0x06, 6 * MEGABYTE),
        (0x07, 6 * MEGABYTE),
        (0x08, 100),
        (0x09, 103),
    ];
    let mut out = Vec::new();
    let mut parameter = |id: u64, value: &[u8]| {
        varint::put(&mut out, id);
        varint::put(&mut out, value.len() as u64);
        out.extend_from_slice(value);
    };
    for (id, limit) in limits {
        let mut value = Vec::new();
        varint::put(&mut value, limit);
        parameter(id, &value);
    }
    // initial_source_connection_id: without it a server refuses (RFC 9000 §7.3).
    parameter(0x0f, &ids.from);
    out
}

/// A packet of a version that nobody speaks (RFC 9000 §15: `0x?a?a?a?a`), which a server answers with the versions it
/// does speak (§6.1). `random` fills it: where no version is known, nobody can know what it means.
pub fn unknown_version(ids: Ids, random: &[u8; SHORTEST_DATAGRAM]) -> Vec<u8> {
    let [first, a, b, c, d, ..] = *random;
    let version = u32::from_be_bytes([a, b, c, d]) & 0xf0f0_f0f0 | 0x0a0a_0a0a;
    let mut packet = Vec::with_capacity(SHORTEST_DATAGRAM);
    header::put(&mut packet, first | header::initial_first(1), version, &ids.to, &ids.from);
    packet.extend(random.iter().skip(packet.len()));
    packet
}

/// The versions in a server's Version Negotiation packet (RFC 8999 §6). Both connection ids must come back exchanged: so
/// it was made by somebody who saw the question.
pub fn version_answer(ids: Ids, datagram: &[u8]) -> Result<Vec<u32>, Error> {
    let malformed = |what| Error::malformed(Protocol::Quic, what);
    let long = Long::read(datagram).filter(|long| long.version == 0).ok_or(malformed("this is no list of versions"))?;
    if long.to != ids.from || long.from != ids.to {
        return Err(malformed("the list of versions is for another connection"));
    }
    let (versions, rest) = long.rest.as_chunks::<4>();
    if versions.is_empty() || !rest.is_empty() {
        return Err(malformed("the list of versions is empty or cut off"));
    }
    Ok(versions.iter().map(|version| u32::from_be_bytes(*version)).collect())
}
