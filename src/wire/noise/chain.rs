//! The certificates that a server sends: the root signs an intermediate, the intermediate signs the leaf, the leaf
//! names the server's key.

use super::protobuf::{Message, put_bytes, put_number};
use super::xeddsa;
use crate::wire::Error;

/// The serial number by which an intermediate names the root.
const ROOT_SERIAL: u64 = 0;

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Details {
    pub(super) serial: u64,
    pub(super) issuer_serial: u64,
    pub(super) key: [u8; 32],
    /// Seconds since 1970, both inclusive.
    pub(super) not_before: u64,
    pub(super) not_after: u64,
}

impl Details {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_number(&mut out, 1, self.serial);
        put_number(&mut out, 2, self.issuer_serial);
        put_bytes(&mut out, 3, &self.key);
        put_number(&mut out, 4, self.not_before);
        put_number(&mut out, 5, self.not_after);
        out
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let message = Message::parse(bytes)?;
        Some(Self {
            serial: message.number(1)?,
            issuer_serial: message.number(2)?,
            key: message.array(3)?,
            not_before: message.number(4)?,
            not_after: message.number(5)?,
        })
    }

    fn check_dates(&self, name: &'static str, now_unix: u64) -> Result<(), Error> {
        let holds = (self.not_before..=self.not_after).contains(&now_unix);
        holds.then_some(()).ok_or(Error::OutOfDate(name))
    }
}

/// A certificate as it travels: the signature is over the bytes of the details.
#[derive(Clone)]
pub(super) struct Certificate {
    pub(super) details: Vec<u8>,
    pub(super) signature: [u8; 64],
}

impl Certificate {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_bytes(&mut out, 1, &self.details);
        put_bytes(&mut out, 2, &self.signature);
        out
    }

    fn read(message: &Message<'_>) -> Option<Self> {
        Some(Self { details: message.bytes(1)?.to_vec(), signature: message.array(2)? })
    }

    fn details_signed_by(&self, key: &[u8; 32]) -> Option<Details> {
        xeddsa::verify(key, &self.details, &self.signature).then(|| Details::parse(&self.details))?
    }
}

/// Leaf and intermediate.
#[derive(Clone)]
pub(super) struct Chain {
    pub(super) leaf: Certificate,
    pub(super) intermediate: Certificate,
}

impl Chain {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_bytes(&mut out, 1, &self.leaf.encode());
        put_bytes(&mut out, 2, &self.intermediate.encode());
        out
    }

    /// Reads a chain; `None` when the bytes are none.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let message = Message::parse(bytes)?;
        let leaf = Certificate::read(&message.message(1)?)?;
        let intermediate = Certificate::read(&message.message(2)?)?;
        Some(Self { leaf, intermediate })
    }

    /// Whether `root` vouches for `key` at `now_unix`. Dates are looked at last, so that a wrong clock is told from a
    /// wrong key.
    pub(super) fn check(&self, root: &[u8; 32], key: &[u8; 32], now_unix: u64) -> Result<(), Error> {
        let foreign = Error::ForeignKey;
        let intermediate = self.intermediate.details_signed_by(root);
        let intermediate = intermediate.ok_or(foreign("the intermediate certificate is not signed by the root"))?;
        if intermediate.issuer_serial != ROOT_SERIAL {
            return Err(foreign("the intermediate certificate names another issuer than the root"));
        }
        let leaf = self.leaf.details_signed_by(&intermediate.key);
        let leaf = leaf.ok_or(foreign("the leaf certificate is not signed by the intermediate"))?;
        if leaf.issuer_serial != intermediate.serial {
            return Err(foreign("the leaf certificate names another issuer than the intermediate"));
        }
        if leaf.key != *key {
            return Err(foreign("the certificate is for another key than the server has"));
        }
        intermediate.check_dates("intermediate", now_unix)?;
        leaf.check_dates("leaf", now_unix)
    }
}
