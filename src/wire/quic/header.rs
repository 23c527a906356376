//! Long headers: the part that every version shares (RFC 8999 §5.1), and what version 1 puts behind it (RFC 9000 §17.2).

use super::{LONGEST_ID, V1, varint};
use crate::wire::cursor::Cursor;

/// The bit of the long form.
const LONG: u8 = 0x80;
/// The bit that is always set in version 1.
const FIXED: u8 = 0x40;
/// The two bits of a version 1 packet's type.
const TYPE: u8 = 0x30;

/// The types of version 1 that have a name here (RFC 9000 §17.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Initial,
    Retry,
    /// 0-RTT or Handshake: nothing that opens with what both sides know at the beginning.
    Other,
}

/// What stands in every long header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Long<'a> {
    pub(super) first: u8,
    pub(super) version: u32,
    pub(super) to: &'a [u8],
    pub(super) from: &'a [u8],
    /// How many bytes the header took.
    pub(super) length: usize,
    /// What follows it.
    pub(super) rest: &'a [u8],
}

/// Where the parts of a protected packet lie, from its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Where the packet number begins: the end of what is in the clear.
    pub(super) number: usize,
    /// Where the packet ends; another may follow in the same datagram (RFC 9000 §12.2).
    pub(super) end: usize,
}

impl<'a> Long<'a> {
    /// Reads the header of a packet; `None` when it is a short one or cut off.
    pub(super) fn read(packet: &'a [u8]) -> Option<Self> {
        let mut cursor = Cursor::new(packet);
        let first = cursor.u8().filter(|first| first & LONG != 0)?;
        let version = u32::from_be_bytes(cursor.array()?);
        let to = usize::from(cursor.u8()?);
        let to = cursor.take(to)?;
        let from = usize::from(cursor.u8()?);
        let from = cursor.take(from)?;
        Some(Self { first, version, to, from, length: cursor.at(), rest: cursor.rest() })
    }

    /// The type of a version 1 packet; `None` when it is of another version or breaks its rules.
    pub(super) fn kind(&self) -> Option<Kind> {
        let fits = self.version == V1 && self.first & FIXED != 0;
        if !fits || self.to.len() > LONGEST_ID || self.from.len() > LONGEST_ID {
            return None;
        }
        Some(match (self.first & TYPE) >> 4 {
            0 => Kind::Initial,
            3 => Kind::Retry,
            _ => Kind::Other,
        })
    }

    /// Where the parts of this Initial packet lie, its token passed over.
    pub(super) fn initial_layout(&self) -> Option<Layout> {
        let mut cursor = Cursor::new(self.rest);
        let token = usize::try_from(varint::take(&mut cursor)?).ok()?;
        cursor.take(token)?;
        let length = usize::try_from(varint::take(&mut cursor)?).ok()?;
        let number = self.length + cursor.at();
        cursor.take(length)?;
        Some(Layout { number, end: number + length })
    }
}

/// The beginning of a long header.
pub(super) fn put(out: &mut Vec<u8>, first: u8, version: u32, to: &[u8], from: &[u8]) {
    out.push(LONG | first);
    out.extend_from_slice(&version.to_be_bytes());
    for id in [to, from] {
        out.push(id.len() as u8);
        out.extend_from_slice(id);
    }
}

/// The first byte of an Initial packet whose number has `number` bytes.
pub(super) const fn initial_first(number: usize) -> u8 {
    FIXED | (number as u8 - 1)
}

/// The first byte of a Retry packet (RFC 9000 §17.2.5).
pub(super) const RETRY_FIRST: u8 = FIXED | TYPE;
