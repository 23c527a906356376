//! The packets of a server, counted and not read: has it begun one that it owes the rest of? The keys of the server's
//! stream are in the client's first 64 bytes for everybody to see (core.telegram.org/mtproto/mtproto-transports,
//! "Transport obfuscation"), so the lengths before the packets can be read. What is inside them, a cipher text of its
//! own, is skipped, never turned and never kept.

use super::framing::Framing;
use super::obfuscation::{self, Backward, INIT};

/// The most bytes of a packet: what 24 bits of words can say. Telegram sends files in parts of a megabyte at most.
const LONGEST: u32 = 1 << 26;
/// An abridged length in three more bytes.
const LONG_FORM: u8 = 0x7F;
/// From here on a byte has its highest bit.
const QUICK: u8 = 0x80;

/// Follows the packets in a server's stream, from its first byte.
#[derive(Clone)]
pub struct Frames {
    framing: Framing,
    /// `None` for a stream in the clear.
    keys: Option<Backward>,
    /// Where in the stream the next byte is.
    at: u64,
    /// The bytes of a length that have come, as they came.
    header: [u8; 4],
    filled: u8,
    /// How much of the packet is still to come.
    remaining: u32,
    foreign: bool,
}

impl Frames {
    /// What answers a client that began with `flight`; `None` when that names no framing.
    pub fn after(flight: &[u8]) -> Option<Self> {
        let (keys, framing) = match flight.first_chunk::<INIT>().and_then(obfuscation::backward) {
            Some((keys, framing)) => (Some(keys), framing),
            None if flight.first() == Some(&0xEF) => (None, Framing::Abridged),
            None => (None, flight.first_chunk::<4>().and_then(|tag| Framing::from_tag(tag))?),
        };
        Some(Self { framing, keys, at: 0, header: [0; 4], filled: 0, remaining: 0, foreign: false })
    }

    /// Takes the next bytes of the stream.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        while let Some(first) = bytes.first().filter(|_| !self.foreign) {
            let passed = match usize::try_from(self.remaining) {
                Ok(0) | Err(_) => {
                    self.header[usize::from(self.filled)] = *first;
                    self.filled += 1;
                    1
                }
                Ok(remaining) => {
                    let passed = remaining.min(bytes.len());
                    self.remaining -= u32::try_from(passed).unwrap_or(self.remaining);
                    passed
                }
            };
            bytes = &bytes[passed..];
            self.at += passed as u64;
            if self.filled > 0 {
                self.read_length();
            }
        }
    }

    /// Whether a packet has begun and not ended. Never so for a stream that is none of these.
    pub const fn is_owed(&self) -> bool {
        !self.foreign && (self.remaining > 0 || self.filled > 0)
    }

    /// Reads the length before a packet, if it is whole.
    fn read_length(&mut self) {
        let filled = usize::from(self.filled);
        let clear = match &self.keys {
            None => Some(self.header),
            Some(keys) => keys.turn(self.at - filled as u64, self.header),
        };
        let Some(clear) = clear else {
            self.foreign = true;
            return;
        };
        // The highest bit marks a quick acknowledgement: four bytes and no packet.
        let [first, .., last] = clear;
        let abridged = self.framing == Framing::Abridged;
        let (needed, quick) = match (abridged, first) {
            (true, LONG_FORM) => (4, false),
            (true, QUICK..) => (4, true),
            (true, _) => (1, false),
            (false, _) => (4, last >= QUICK),
        };
        if filled < needed {
            return;
        }
        let length = match (abridged, clear) {
            _ if quick => Some(0),
            (true, [LONG_FORM, a, b, c]) => at_least_one(u32::from_le_bytes([a, b, c, 0]) * 4),
            (true, [words, ..]) => at_least_one(u32::from(words) * 4),
            (false, length) => at_least_one(u32::from_le_bytes(length)),
        };
        self.foreign = length.is_none();
        self.remaining = length.unwrap_or(0);
        self.filled = 0;
        self.header = [0; 4];
    }
}

/// A length that a packet can have.
fn at_least_one(length: u32) -> Option<u32> {
    (1..=LONGEST).contains(&length).then_some(length)
}
