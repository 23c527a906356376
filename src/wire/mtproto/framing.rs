//! Where a packet ends: the abridged, the intermediate and the padded intermediate transport
//! (core.telegram.org/mtproto/mtproto-transports). Quick acknowledgements are not asked for, so one is an error.

use super::malformed;
use crate::wire::{Error, Protocol, cursor::Cursor};

/// The most bytes of a packet that is held. A `resPQ` has about 100; Telegram itself allows far more.
const LONGEST: usize = 1 << 20;
/// From this length in words on, the abridged form writes it in three bytes.
const LONG_FORM: usize = 0x7F;

/// A way of marking where packets end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// One byte of length in words, or 7F and three.
    Abridged,
    /// Four bytes of length.
    Intermediate,
    /// Four bytes of length that count 0 to 15 bytes of padding too.
    Padded,
}

impl Framing {
    const ALL: [Self; 3] = [Self::Abridged, Self::Intermediate, Self::Padded];

    /// How the obfuscated start names it.
    pub(super) const fn tag(self) -> [u8; 4] {
        match self {
            Self::Abridged => [0xEF; 4],
            Self::Intermediate => [0xEE; 4],
            Self::Padded => [0xDD; 4],
        }
    }

    /// The framing with that tag.
    pub(super) fn from_tag(tag: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|framing| framing.tag() == tag)
    }

    /// A packet with its length before it. Abridged packets are whole words: zeros are added where they are not.
    pub(super) fn wrap(self, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(payload.len() + 8);
        match self {
            Self::Abridged => {
                let words = payload.len().div_ceil(4);
                match u8::try_from(words) {
                    Ok(short) if words < LONG_FORM => out.push(short),
                    _ => {
                        out.push(LONG_FORM as u8);
                        out.extend_from_slice(&(words as u32).to_le_bytes()[..3]);
                    }
                }
                out.extend_from_slice(payload);
                out.extend(std::iter::repeat_n(0, words * 4 - payload.len()));
            }
            Self::Intermediate | Self::Padded => {
                out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
                out.extend_from_slice(payload);
            }
        }
        out
    }

    /// The first packet in `bytes` and how many bytes it took; `None` when it is not whole yet.
    pub(super) fn unwrap(self, bytes: &[u8]) -> Result<Option<(&[u8], usize)>, Error> {
        let mut cursor = Cursor::new(bytes);
        let length = match self {
            Self::Abridged => match cursor.u8().map(usize::from) {
                Some(LONG_FORM) => cursor.array::<3>().map(|[a, b, c]| u32::from_le_bytes([a, b, c, 0]) as usize * 4),
                Some(LONG_FORM..) => return Err(malformed("a quick acknowledgement came that nobody asked for")),
                words => words.map(|words| words * 4),
            },
            Self::Intermediate | Self::Padded => cursor.u32_le().map(|length| length as usize),
        };
        match length {
            Some(0) => Err(malformed("a packet is empty")),
            Some(length) if length > LONGEST => Err(Error::too_large(Protocol::Mtproto, "a packet in bytes", LONGEST)),
            Some(length) => Ok(cursor.take(length).map(|packet| (packet, cursor.at()))),
            None => Ok(None),
        }
    }
}
