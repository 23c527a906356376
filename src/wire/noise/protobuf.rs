//! As much of protobuf (protobuf.dev, "Encoding") as the handshake needs: fields that are numbers or bytes. Unknown
//! fields are skipped; of a field given twice the last counts, as every decoder has it.

use crate::wire::cursor::Cursor;

const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const BYTES: u64 = 2;
const FIXED32: u64 = 5;

/// A field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Of fixed length; the handshake has none.
    Fixed,
}

/// A message taken apart.
pub(super) struct Message<'a>(Vec<(u64, Value<'a>)>);

impl<'a> Message<'a> {
    /// Takes `bytes` apart; `None` when they are no message.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let mut fields = Vec::new();
        while !cursor.is_empty() {
            let tag = varint(&mut cursor)?;
            let value = match tag & 7 {
                VARINT => Value::Number(varint(&mut cursor)?),
                BYTES => {
                    let length = usize::try_from(varint(&mut cursor)?).ok()?;
                    Value::Bytes(cursor.take(length)?)
                }
                FIXED64 => cursor.take(8).map(|_| Value::Fixed)?,
                FIXED32 => cursor.take(4).map(|_| Value::Fixed)?,
                _ => return None,
            };
            // Field numbers begin at 1.
            if tag >> 3 == 0 {
                return None;
            }
            fields.push((tag >> 3, value));
        }
        Some(Self(fields))
    }

    fn last(&self, field: u64) -> Option<Value<'a>> {
        self.0.iter().rfind(|(known, _)| *known == field).map(|(_, value)| *value)
    }

    /// The bytes of a field.
    pub(super) fn bytes(&self, field: u64) -> Option<&'a [u8]> {
        match self.last(field)? {
            Value::Bytes(bytes) => Some(bytes),
            Value::Number(_) | Value::Fixed => None,
        }
    }

    /// The bytes of a field, exactly so many.
    pub(super) fn array<const N: usize>(&self, field: u64) -> Option<[u8; N]> {
        self.bytes(field)?.try_into().ok()
    }

    /// The number of a field; an absent one is zero.
    pub(super) fn number(&self, field: u64) -> Option<u64> {
        match self.last(field) {
            None => Some(0),
            Some(Value::Number(number)) => Some(number),
            Some(Value::Bytes(_) | Value::Fixed) => None,
        }
    }

    /// The message in a field.
    pub(super) fn message(&self, field: u64) -> Option<Self> {
        Self::parse(self.bytes(field)?)
    }
}

fn varint(cursor: &mut Cursor<'_>) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = cursor.u8()?;
        let part = u64::from(byte & 0x7F);
        // The tenth byte holds the last bit.
        if shift == 63 && part > 1 {
            return None;
        }
        number |= part << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Writes a field of bytes.
pub(super) fn put_bytes(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    put_varint(out, field << 3 | BYTES);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Writes a field that is a number.
pub(super) fn put_number(out: &mut Vec<u8>, field: u64, number: u64) {
    put_varint(out, field << 3 | VARINT);
    put_varint(out, number);
}

fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}
