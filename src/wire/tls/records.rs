//! The records of a server, counted and not read: has it begun one that it owes the rest of?

use super::{LONGEST_RECORD, RECORD_HEADER};

/// RFC 5246 §6.2.3: an encrypted record may be this much longer than one in the clear.
const EXPANSION: usize = 2048;

/// Follows the records in a stream of TLS, from its first byte. A freeze in the middle of a record is told from a
/// server with nothing to say.
#[derive(Clone, Debug, Default)]
pub struct Records {
    header: [u8; RECORD_HEADER],
    /// How much of the header has come.
    filled: usize,
    /// How much of the payload is still to come.
    remaining: usize,
    foreign: bool,
}

impl Records {
    /// Before the first byte.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes of the stream.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.foreign {
            if self.remaining > 0 {
                let passed = self.remaining.min(bytes.len());
                self.remaining -= passed;
                bytes = &bytes[passed..];
                continue;
            }
            let wanted = (RECORD_HEADER - self.filled).min(bytes.len());
            let (header, rest) = bytes.split_at(wanted);
            self.header[self.filled..self.filled + wanted].copy_from_slice(header);
            self.filled += wanted;
            bytes = rest;
            if self.filled == RECORD_HEADER {
                self.begin();
            }
        }
    }

    /// Whether a record has begun and not ended. Never so for a stream that is not TLS.
    pub const fn is_owed(&self) -> bool {
        !self.foreign && (self.remaining > 0 || self.filled > 0)
    }

    /// Whether it is not TLS.
    pub const fn is_foreign(&self) -> bool {
        self.foreign
    }

    fn begin(&mut self) {
        let [kind, major, minor, high, low] = self.header;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let fits = (20..=24).contains(&kind) && major == 3 && minor <= 4 && length <= LONGEST_RECORD + EXPANSION;
        self.foreign = !fits;
        self.remaining = length;
        self.filled = 0;
    }
}
