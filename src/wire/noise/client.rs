//! The client's end: 43 bytes, and how much of the answer is proven.

use super::chain::Chain;
use super::protobuf::{Message, put_bytes};
use super::symmetric::{KeyPair, Symmetric, TAG};
use super::{HEADER, frame, malformed, unframe};
use crate::model::Grade;
use crate::wire::Error;
use crate::wire::cursor::Cursor;

/// A handshake in which the first message was sent.
pub struct Client {
    symmetric: Option<Symmetric>,
    ephemeral: KeyPair,
    held: Vec<u8>,
}

impl Client {
    /// A client, and the 43 bytes it sends, from 32 random bytes.
    pub fn hello(ephemeral_private: [u8; 32]) -> Result<(Self, Vec<u8>), Error> {
        let ephemeral = KeyPair::new(&ephemeral_private)?;
        let mut symmetric = Symmetric::new(&HEADER);
        symmetric.mix_hash(&ephemeral.public);
        let mut client_hello = Vec::new();
        put_bytes(&mut client_hello, 1, &ephemeral.public);
        let mut message = Vec::new();
        put_bytes(&mut message, 2, &client_hello);
        let out = [&HEADER[..], &frame(&message)].concat();
        Ok((Self { symmetric: Some(symmetric), ephemeral, held: Vec::new() }, out))
    }

    /// Takes the next bytes from the server. `None`: the answer is not whole yet.
    ///
    /// Grade A: the server holds the key that `root` vouches for at `now_unix` (seconds since 1970). Grade B: the
    /// answer has the right shape, but proves nothing: it does not open, or the certificates are of a kind we do not
    /// know. [`Error::ForeignKey`]: it opens, and the certificates do not lead to the root.
    pub fn answer(&mut self, bytes: &[u8], root: &[u8; 32], now_unix: u64) -> Result<Option<Grade>, Error> {
        self.held.extend_from_slice(bytes);
        let Some(message) = unframe(&mut Cursor::new(&self.held))? else { return Ok(None) };
        let hello = ServerHello::parse(message).ok_or(malformed("the answer is no serverHello"))?;
        let symmetric = self.symmetric.take().ok_or(malformed("a second answer came"))?;
        match open(symmetric, &self.ephemeral, &hello)? {
            Some((key, chain)) => chain.check(root, &key, now_unix).map(|()| Some(Grade::A)),
            None => Ok(Some(Grade::B)),
        }
    }
}

/// The server's key and its certificates; `None` when anything of it does not open.
fn open(
    mut symmetric: Symmetric,
    ephemeral: &KeyPair,
    hello: &ServerHello<'_>,
) -> Result<Option<([u8; 32], Chain)>, Error> {
    symmetric.mix_hash(&hello.ephemeral);
    symmetric.mix_agreement(ephemeral, &hello.ephemeral)?;
    let key: Option<[u8; 32]> = symmetric.open(hello.key).and_then(|key| key.try_into().ok());
    let Some(key) = key else { return Ok(None) };
    symmetric.mix_agreement(ephemeral, &key)?;
    let payload = symmetric.open(hello.payload);
    Ok(payload.and_then(|payload| Chain::parse(&payload)).map(|chain| (key, chain)))
}

/// The answer's parts.
struct ServerHello<'a> {
    ephemeral: [u8; 32],
    /// The server's static key, sealed.
    key: &'a [u8],
    /// The certificates, sealed.
    payload: &'a [u8],
}

impl<'a> ServerHello<'a> {
    fn parse(message: &'a [u8]) -> Option<Self> {
        let hello = Message::parse(message)?.message(3)?;
        let key = hello.bytes(2).filter(|key| key.len() == 32 + TAG)?;
        let payload = hello.bytes(3).filter(|payload| payload.len() > TAG)?;
        Some(Self { ephemeral: hello.array(1)?, key, payload })
    }
}
