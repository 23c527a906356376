//! The server's end, for the lab: reads the obfuscated start and the question, in any of the three framings, and
//! answers in the same. Keeps no key and decrypts no message.

use super::framing::Framing;
use super::message::{self, Question};
use super::obfuscation::{self, INIT, Streams};
use crate::wire::Error;

/// A connection from a client.
#[derive(Default)]
pub struct Server {
    /// Known once the client's first 64 bytes are there.
    pub(super) session: Option<(Streams, Framing)>,
    /// Not yet read; deciphered once there is a session.
    held: Vec<u8>,
    asked: bool,
    /// The identifier of the last answer.
    msg_id: i64,
}

impl Server {
    /// Before the first byte.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes from the client; the nonce once it has asked. Encrypted messages are let pass after the
    /// question, and are an error before it.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<Option<[u8; 16]>, Error> {
        let mut next = self.packet(bytes)?;
        while let Some(packet) = next {
            match message::question(&packet)? {
                Question::ReqPq(nonce) => {
                    self.asked = true;
                    return Ok(Some(nonce));
                }
                Question::Encrypted if self.asked => next = self.packet(&[])?,
                Question::Encrypted => return Err(super::malformed("an encrypted message came before any key")),
            }
        }
        Ok(None)
    }

    /// Takes the next bytes from the client and gives the next whole packet, whatever is in it. More may be held:
    /// ask again with no bytes until there is none.
    pub fn packet(&mut self, bytes: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        if let Some((streams, _)) = &mut self.session {
            self.held.extend(streams.receiving.turn(bytes));
        } else {
            self.held.extend_from_slice(bytes);
            let Some((init, rest)) = self.held.split_first_chunk::<INIT>() else { return Ok(None) };
            let (mut streams, framing) = obfuscation::server(init)?;
            self.held = streams.receiving.turn(rest);
            self.session = Some((streams, framing));
        }
        let Some((streams, framing)) = &self.session else { return Ok(None) };
        streams.check()?;
        let Some((packet, taken)) = framing.unwrap(&self.held)? else { return Ok(None) };
        let packet = packet.to_vec();
        self.held.drain(..taken);
        Ok(Some(packet))
    }

    /// The bytes of the answer to `nonce`.
    pub fn res_pq(&mut self, nonce: &[u8; 16], server_nonce: &[u8; 16], fingerprints: &[u64]) -> Vec<u8> {
        self.msg_id += 4;
        self.frame(&message::res_pq(self.msg_id, nonce, server_nonce, fingerprints))
    }

    /// The bytes of a transport error, such as -404.
    pub fn transport_error(&mut self, code: i32) -> Vec<u8> {
        self.frame(&code.to_le_bytes())
    }

    /// The bytes of a further packet with `payload`. There are none before the client's first 64 bytes have come:
    /// nothing can be enciphered yet.
    pub fn frame(&mut self, payload: &[u8]) -> Vec<u8> {
        let Some((streams, framing)) = &mut self.session else { return Vec::new() };
        streams.sending.turn(&framing.wrap(payload))
    }
}
