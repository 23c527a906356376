//! The server's end, for the lab: an authority of its own, and the answer to a hello.

use super::chain::{Certificate, Chain, Details};
use super::protobuf::{Message, put_bytes};
use super::symmetric::{KeyPair, Symmetric};
use super::{HEADER, LONGEST, ROUTING, frame, malformed, unframe, xeddsa};
use crate::wire::{Error, Protocol, cursor::Cursor};
use zeroize::Zeroizing;

const INTERMEDIATE_SERIAL: u64 = 1;
const LEAF_SERIAL: u64 = 2;

/// A root key and an intermediate one, to certify servers with.
pub struct Authority {
    root: Zeroizing<[u8; 32]>,
    intermediate: Zeroizing<[u8; 32]>,
    valid: (u64, u64),
}

impl Authority {
    /// From 64 random bytes. What it certifies is valid at any time.
    pub fn new(random: &[u8; 64]) -> Self {
        let (mut root, mut intermediate) = (Zeroizing::new([0; 32]), Zeroizing::new([0; 32]));
        root.copy_from_slice(&random[..32]);
        intermediate.copy_from_slice(&random[32..]);
        Self { root, intermediate, valid: (0, u64::MAX) }
    }

    /// The same, but what it certifies is valid from `not_before` to `not_after` only, in seconds since 1970.
    #[must_use]
    pub fn valid(self, not_before: u64, not_after: u64) -> Self {
        Self { valid: (not_before, not_after), ..self }
    }

    /// The key to pin.
    pub fn root(&self) -> [u8; 32] {
        xeddsa::public(&self.root)
    }

    fn certify(&self, key: [u8; 32], random: &[u8; 64]) -> Chain {
        let (not_before, not_after) = self.valid;
        let certificate = |serial, issuer_serial, key, by: &[u8; 32]| {
            let details = Details { serial, issuer_serial, key, not_before, not_after }.encode();
            Certificate { signature: xeddsa::sign(by, &details, random), details }
        };
        let intermediate_key = xeddsa::public(&self.intermediate);
        Chain {
            leaf: certificate(LEAF_SERIAL, INTERMEDIATE_SERIAL, key, &self.intermediate),
            intermediate: certificate(INTERMEDIATE_SERIAL, 0, intermediate_key, &self.root),
        }
    }
}

/// The server's answer to a hello, certified by `authority`; `None` when the hello is not whole yet. `random` makes
/// the server's two keys. What follows the hello is not read.
pub fn serve(hello: &[u8], authority: &Authority, random: &[u8; 64]) -> Result<Option<Vec<u8>>, Error> {
    let Some(client) = client_ephemeral(hello)? else { return Ok(None) };
    let (mut ephemeral, mut fixed) = (Zeroizing::new([0; 32]), Zeroizing::new([0; 32]));
    ephemeral.copy_from_slice(&random[..32]);
    fixed.copy_from_slice(&random[32..]);
    let (ephemeral, fixed) = (KeyPair::new(&ephemeral)?, KeyPair::new(&fixed)?);
    let mut symmetric = Symmetric::new(&HEADER);
    symmetric.mix_hash(&client);
    symmetric.mix_hash(&ephemeral.public);
    symmetric.mix_agreement(&ephemeral, &client)?;
    let key = symmetric.seal(&fixed.public)?;
    symmetric.mix_agreement(&fixed, &client)?;
    let payload = symmetric.seal(&authority.certify(fixed.public, random).encode())?;
    let mut server_hello = Vec::new();
    put_bytes(&mut server_hello, 1, &ephemeral.public);
    put_bytes(&mut server_hello, 2, &key);
    put_bytes(&mut server_hello, 3, &payload);
    let mut message = Vec::new();
    put_bytes(&mut message, 3, &server_hello);
    Ok(Some(frame(&message)))
}

/// Whether these bytes begin as a client of WhatsApp does. `None`: too few to tell.
pub fn begins(bytes: &[u8]) -> Option<bool> {
    // The fourth byte is the version of a dictionary, which changes.
    let begun = |with: &[u8]| bytes.iter().zip(with).all(|(a, b)| a == b);
    let (plain, routed) = (begun(&HEADER[..3]), begun(&ROUTING));
    let enough = if routed { ROUTING.len() } else { 3 };
    match plain || routed {
        true if bytes.len() < enough => None,
        known => Some(known),
    }
}

/// The client's ephemeral key, from its hello.
fn client_ephemeral(hello: &[u8]) -> Result<Option<[u8; 32]>, Error> {
    let mut cursor = Cursor::new(hello);
    let same = |with: [u8; 4]| hello.iter().zip(with).all(|(a, b)| *a == b);
    if same(ROUTING) {
        let Some(length) = cursor.take(ROUTING.len()).and_then(|_| cursor.u24()) else { return Ok(None) };
        if length as usize > LONGEST {
            return Err(Error::too_large(Protocol::Noise, "the routing hint in bytes", LONGEST));
        }
        if cursor.take(length as usize).is_none() {
            return Ok(None);
        }
    }
    let begun = cursor.rest().iter().zip(HEADER).all(|(a, b)| *a == b);
    if !begun {
        return Err(malformed("the hello does not begin with the header of a client"));
    }
    if cursor.take(HEADER.len()).is_none() {
        return Ok(None);
    }
    let Some(message) = unframe(&mut cursor)? else { return Ok(None) };
    let ephemeral = Message::parse(message).and_then(|message| message.message(2)?.array(1));
    ephemeral.map(Some).ok_or(malformed("the hello holds no clientHello with a key"))
}

#[cfg(test)]
impl Authority {
    pub(super) fn certify_for_test(&self, key: [u8; 32], random: &[u8; 64]) -> Chain {
        self.certify(key, random)
    }
}
