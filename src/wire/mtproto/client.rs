//! The client's end: one question, and what comes back.

use super::framing::Framing;
use super::message::{self, Said};
use super::obfuscation::{self, Streams};
use crate::wire::Error;

/// What a question is made of. All of it random, but for `dc`, `msg_id` and the range of `padding_words`.
#[derive(Clone, Debug)]
pub struct Start {
    /// The first 64 bytes; those with a meaning are put in their place.
    pub random: [u8; 64],
    /// Names the question; the answer must carry it.
    pub nonce: [u8; 16],
    /// The data centre: 1 to 5; negative for media only; plus 10000 for a test one.
    pub dc: i16,
    /// Seconds since 1970 times 2³². Made divisible by 4.
    pub msg_id: i64,
    /// How many words of `padding` follow the question: 0 to 63, and 63 is taken for more. The apps draw one at
    /// random; a constant length would be a fingerprint.
    pub padding_words: u8,
    /// Random bytes to pad with.
    pub padding: [u8; 252],
}

/// What Telegram answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// `resPQ` to our nonce.
    ResPq {
        /// The keys the server offers. [`PRODUCTION_KEY`](super::PRODUCTION_KEY) is among those of the real one.
        fingerprints: Vec<u64>,
        /// The server's part of the exchange.
        server_nonce: [u8; 16],
    },
    /// A transport error, such as -404: Telegram was reached and does not want to talk.
    TransportError(i32),
}

/// A connection on which the question was asked.
pub struct Client {
    streams: Streams,
    nonce: [u8; 16],
    /// Deciphered, not yet read.
    held: Vec<u8>,
}

impl Client {
    /// A client, and what it sends first: 64 bytes and the question, in the abridged transport. Should the cipher
    /// library fail, [`Client::answer`] says so.
    pub fn hello(start: &Start) -> (Self, Vec<u8>) {
        let (mut streams, mut out) = obfuscation::client(&start.random, Framing::Abridged, start.dc);
        let padding = &start.padding[..usize::from(start.padding_words.min(63)) * 4];
        let question = message::req_pq(start.msg_id, &start.nonce, padding);
        out.extend(streams.sending.turn(&Framing::Abridged.wrap(&question)));
        (Self { streams, nonce: start.nonce, held: Vec::new() }, out)
    }

    /// Takes the next bytes from the server. `None`: the answer is not whole yet. An answer to another nonce is an
    /// error: a replay, or not Telegram.
    pub fn answer(&mut self, bytes: &[u8]) -> Result<Option<Answer>, Error> {
        let Some(packet) = self.packet(bytes)? else { return Ok(None) };
        match message::said(&packet)? {
            Said::TransportError(code) => Ok(Some(Answer::TransportError(code))),
            Said::ResPq { nonce, .. } if nonce != self.nonce => Err(Error::WrongNonce),
            Said::ResPq { server_nonce, fingerprints, .. } => Ok(Some(Answer::ResPq { fingerprints, server_nonce })),
        }
    }

    /// Takes the next bytes from the server and gives the next whole packet, whatever is in it. More may be held:
    /// ask again with no bytes until there is none.
    pub fn packet(&mut self, bytes: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.held.extend(self.streams.receiving.turn(bytes));
        self.streams.check()?;
        let Some((packet, taken)) = Framing::Abridged.unwrap(&self.held)? else { return Ok(None) };
        let packet = packet.to_vec();
        self.held.drain(..taken);
        Ok(Some(packet))
    }

    /// The bytes of a further packet with `payload`, for traffic after the question.
    pub fn frame(&mut self, payload: &[u8]) -> Vec<u8> {
        self.streams.sending.turn(&Framing::Abridged.wrap(payload))
    }
}
