//! AmneziaWG: WireGuard's messages with other types (H1–H4), random bytes before them (S1–S4), and packets that mean
//! nothing before a handshake (Jc, I1–I5). A shim around any WireGuard core; without parameters it changes nothing.
//! WireGuard's own messages are those of its paper, §5.4.

mod cloak;
mod signature;

pub use cloak::{Chance, Cloak};
pub use signature::{BadSignature, Signature};

use std::fmt;

/// WireGuard's four messages (paper §5.4.2 to §5.4.6); the discriminant is the type on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// The first of a handshake.
    Initiation = 1,
    /// The second.
    Response = 2,
    /// What a server under load sends instead of it.
    Cookie = 3,
    /// A packet of the tunnel.
    Data = 4,
}

impl Message {
    const ALL: [Self; 4] = [Self::Initiation, Self::Response, Self::Cookie, Self::Data];

    /// Its length; the least for data.
    const fn length(self) -> usize {
        match self {
            Self::Initiation => 148,
            Self::Response => 92,
            Self::Cookie => 64,
            Self::Data => 32,
        }
    }

    const fn index(self) -> usize {
        self as usize - 1
    }
}

/// The types that one message may have: one of `first..=last`, chosen anew each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    first: u32,
    last: u32,
}

impl Header {
    /// A range of types.
    pub const fn new(first: u32, last: u32) -> Option<Self> {
        if first <= last { Some(Self { first, last }) } else { None }
    }

    /// WireGuard's own type of `message`.
    pub const fn plain(message: Message) -> Self {
        Self { first: message as u32, last: message as u32 }
    }

    const fn holds(self, value: u32) -> bool {
        self.first <= value && value <= self.last
    }

    const fn meets(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// One of the range; `chance` decides.
    fn pick(self, chance: u32) -> u32 {
        let width = u64::from(self.last - self.first) + 1;
        self.first + u32::try_from(u64::from(chance) % width).unwrap_or(0)
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last { write!(f, "{}", self.first) } else { write!(f, "{}-{}", self.first, self.last) }
    }
}

/// How a peer disguises its packets. The default is plain WireGuard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disguise {
    /// Jc: packets of junk before a handshake.
    pub junk: u8,
    /// Jmin: the least bytes of one.
    pub junk_least: u16,
    /// Jmax: the most bytes of one.
    pub junk_most: u16,
    /// S1 to S4: bytes before an initiation, a response, a cookie, data.
    pub prefixes: [u16; 4],
    /// H1 to H4: the types of the same.
    pub headers: [Header; 4],
    /// I1 to I5: packets that look like another protocol's, sent before the junk.
    pub signatures: Vec<Signature>,
}

impl Default for Disguise {
    fn default() -> Self {
        Self {
            junk: 0,
            junk_least: 0,
            junk_most: 0,
            prefixes: [0; 4],
            headers: Message::ALL.map(Header::plain),
            signatures: Vec::new(),
        }
    }
}

/// Why parameters do not make a disguise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDisguise {
    /// More junk than the protocol allows.
    #[error("Jc is at most 128")]
    TooMuchJunk,
    /// Jmin and Jmax.
    #[error("Jmin must not be larger than Jmax, nor Jmax than 1280")]
    JunkSizes,
    /// S1 to S4.
    #[error("S1 to S4 are at most 1132, 1188, 1216 and 256")]
    Prefix,
    /// An initiation and a response of one length could not be told apart.
    #[error("S1 + 56 must not equal S2")]
    SameLength,
    /// H1 to H4 share a value.
    #[error("H1 to H4 must not overlap")]
    HeadersMeet,
}

impl Disguise {
    /// Whether nothing is disguised.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the messages themselves are plain WireGuard's, whatever is sent before them.
    fn messages_are_plain(&self) -> bool {
        self.prefixes == [0; 4] && self.headers == Message::ALL.map(Header::plain)
    }

    /// Checks what the protocol demands.
    pub fn checked(self) -> Result<Self, BadDisguise> {
        let [first, second, third, fourth] = self.headers;
        let meet = first.meets(second) || first.meets(third) || first.meets(fourth);
        if self.junk > 128 {
            return Err(BadDisguise::TooMuchJunk);
        }
        if self.junk_least > self.junk_most || self.junk_most > 1280 {
            return Err(BadDisguise::JunkSizes);
        }
        if self.prefixes.iter().zip([1132, 1188, 1216, 256]).any(|(prefix, most)| *prefix > most) {
            return Err(BadDisguise::Prefix);
        }
        if self.prefixes[0] + 56 == self.prefixes[1] {
            return Err(BadDisguise::SameLength);
        }
        if meet || second.meets(third) || second.meets(fourth) || third.meets(fourth) {
            return Err(BadDisguise::HeadersMeet);
        }
        Ok(self)
    }

    /// How many bytes a packet of the tunnel becomes longer than WireGuard's.
    pub const fn overhead(&self) -> u16 {
        self.prefixes[3]
    }

    /// Which message a datagram is, and where in it the message begins.
    fn recognise(&self, datagram: &[u8]) -> Option<(Message, usize)> {
        let fits = |message: &Message| {
            let begin = usize::from(self.prefixes[message.index()]);
            let length = datagram.len().checked_sub(begin)?;
            let right_length = match message {
                Message::Data => length >= message.length(),
                _ => length == message.length(),
            };
            let header = datagram.get(begin..begin + 4)?.try_into().ok().map(u32::from_le_bytes)?;
            (right_length && self.headers[message.index()].holds(header)).then_some((*message, begin))
        };
        Message::ALL.iter().find_map(fits)
    }
}

#[cfg(test)]
mod tests;
