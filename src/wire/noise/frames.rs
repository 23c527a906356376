//! The frames of a server, counted and not read: has it begun one that it owes the rest of?

use super::LONGEST;
use super::server::begins;

/// The most bytes of a frame after the handshake; real ones stay far below.
const LARGEST: u32 = 1 << 22;
/// The fewest bytes that hold an answer to a hello: two keys, one of them sealed.
const SHORTEST_ANSWER: u32 = 32 + 48;
/// How that answer begins: field 3 of the handshake message, of bytes.
const SERVER_HELLO: u8 = 0x1A;

/// Follows the frames in a server's stream, from its first byte: three bytes of length each, most significant first.
#[derive(Clone, Debug)]
pub struct Frames {
    header: [u8; 3],
    /// How much of the length has come.
    filled: u8,
    /// How much of the frame is still to come.
    remaining: u32,
    /// Where the first frame is: its length must fit an answer, and so must its first byte.
    first: First,
    foreign: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    Length,
    Byte,
    Past,
}

impl Frames {
    /// What answers a client that began with `flight`, with or without a routing hint; `None` when that is no hello
    /// of this protocol.
    pub fn after(flight: &[u8]) -> Option<Self> {
        (begins(flight) == Some(true)).then_some(Self {
            header: [0; 3],
            filled: 0,
            remaining: 0,
            first: First::Length,
            foreign: false,
        })
    }

    /// Takes the next bytes of the stream.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        while let Some(next) = bytes.first().filter(|_| !self.foreign) {
            let mut passed = 1;
            if self.remaining == 0 {
                self.header[usize::from(self.filled)] = *next;
                self.filled += 1;
                if self.filled == 3 {
                    self.begin();
                }
            } else {
                if self.first == First::Byte {
                    self.foreign = *next != SERVER_HELLO;
                    self.first = First::Past;
                }
                passed = usize::try_from(self.remaining).map_or(bytes.len(), |left| left.min(bytes.len()));
                self.remaining -= u32::try_from(passed).unwrap_or(self.remaining);
            }
            bytes = &bytes[passed..];
        }
    }

    /// Whether a frame has begun and not ended. Never so for a stream that is none of this protocol.
    pub const fn is_owed(&self) -> bool {
        !self.foreign && (self.remaining > 0 || self.filled > 0)
    }

    fn begin(&mut self) {
        let [a, b, c] = self.header;
        let length = u32::from_be_bytes([0, a, b, c]);
        let fits = match self.first {
            First::Length => (SHORTEST_ANSWER..=LONGEST as u32).contains(&length),
            First::Byte | First::Past => (1..=LARGEST).contains(&length),
        };
        if self.first == First::Length {
            self.first = First::Byte;
        }
        self.foreign = !fits;
        self.remaining = length;
        self.filled = 0;
    }
}
