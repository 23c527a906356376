//! A user of VLESS: 16 bytes, written as a UUID (RFC 9562) or, as Xray has it, as any short word, whose UUID of
//! version 5 in the nil namespace is meant.

use crate::model::Secret;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use std::fmt;

/// Who asks. Whoever knows it may use the server, so it never prints itself.
#[derive(Clone)]
pub struct UserId(Secret<[u8; 16]>);

/// The longest word that stands for a user.
const LONGEST_WORD: usize = 30;

impl UserId {
    /// A user from its bytes.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(Secret::new(bytes))
    }

    /// Reads a UUID, dashes or not, or a word of 1 to 30 bytes; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
        if digits.len() == 32 && digits.iter().all(u8::is_ascii_hexdigit) && is_dashed_rightly(text) {
            return Some(Self::new(from_hex(&digits)?));
        }
        (!text.is_empty() && text.len() <= LONGEST_WORD).then(|| Self::named(text))
    }

    /// RFC 9562 §5.5 with 16 zero bytes as the namespace.
    fn named(word: &str) -> Self {
        let mut hash = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
        hash.update(&[0; 16]);
        hash.update(word.as_bytes());
        let mut bytes = [0; 16];
        for (byte, hashed) in bytes.iter_mut().zip(hash.finish().as_ref()) {
            *byte = *hashed;
        }
        bytes[6] = bytes[6] & 0x0F | 0x50;
        bytes[8] = bytes[8] & 0x3F | 0x80;
        Self::new(bytes)
    }

    /// The bytes, for the wire.
    pub(super) const fn bytes(&self) -> &[u8; 16] {
        self.0.expose()
    }

    /// The UUID as text, for a configuration.
    pub fn expose(&self) -> String {
        let hex: String = self.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    }
}

impl PartialEq for UserId {
    /// Takes the same time wherever the two differ.
    fn eq(&self, other: &Self) -> bool {
        verify_slices_are_equal(self.bytes(), other.bytes()).is_ok()
    }
}

impl Eq for UserId {}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// No dash at all, or those of RFC 9562 §4.
fn is_dashed_rightly(text: &str) -> bool {
    let dashes: Vec<usize> = text.match_indices('-').map(|(at, _)| at).collect();
    dashes.is_empty() || dashes == [8, 13, 18, 23]
}

fn from_hex(digits: &[u8]) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}
