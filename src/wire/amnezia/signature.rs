//! The language of I1 to I5: a packet described by tags. `<b 0x…>` are bytes, `<r n>` random bytes, `<rd n>` random
//! digits, `<rc n>` random letters, `<t>` the time (4 bytes), `<c>` a counter (4 bytes).

use super::cloak::Chance;
use std::fmt::{self, Write};

/// The largest packet a signature may describe: what fits an Ethernet frame.
const MOST_BYTES: usize = 1472;
/// Letters of `<rc n>`.
const LETTERS: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// A packet that looks like another protocol's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature(Vec<Tag>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Tag {
    Bytes(Vec<u8>),
    Random(usize),
    Digits(usize),
    Letters(usize),
    Time,
    Counter,
}

/// Why a text is no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    /// Something stands outside the tags, or a tag is not closed.
    #[error("it is not a row of tags like <b 0xf6ab> or <r 16>")]
    Shape,
    /// A tag that is not known.
    #[error("it has a tag other than b, r, rd, rc, t and c")]
    UnknownTag,
    /// The bytes of `b`.
    #[error("<b …> needs bytes in hexadecimal, as 0xf6ab")]
    Bytes,
    /// The number of `r`, `rd` or `rc`.
    #[error("<r …>, <rd …> and <rc …> need a number of bytes")]
    Number,
    /// Too large a packet.
    #[error("the packet would be empty or larger than 1472 bytes")]
    Size,
}

impl Signature {
    /// Reads the tags.
    pub fn parse(text: &str) -> Result<Self, BadSignature> {
        let mut tags = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (tag, behind) =
                rest.strip_prefix('<').and_then(|rest| rest.split_once('>')).ok_or(BadSignature::Shape)?;
            tags.push(Tag::parse(tag)?);
            rest = behind.trim_start();
        }
        let size = tags.iter().try_fold(0_usize, |sum, tag| sum.checked_add(tag.length()));
        match size {
            Some(1..=MOST_BYTES) => Ok(Self(tags)),
            _ => Err(BadSignature::Size),
        }
    }

    /// The packet. `unix` is the time in seconds, `counter` how many packets have been made before.
    pub(super) fn packet(&self, unix: u32, counter: u32, chance: &mut Chance<'_>) -> Vec<u8> {
        let mut packet = Vec::new();
        for tag in &self.0 {
            let begin = packet.len();
            match tag {
                Tag::Bytes(bytes) => packet.extend_from_slice(bytes),
                Tag::Time => packet.extend(unix.to_be_bytes()),
                Tag::Counter => packet.extend(counter.to_be_bytes()),
                Tag::Random(length) | Tag::Digits(length) | Tag::Letters(length) => {
                    packet.resize(begin + length, 0);
                    chance(&mut packet[begin..]);
                }
            }
            for byte in &mut packet[begin..] {
                match tag {
                    Tag::Digits(_) => *byte = b'0' + *byte % 10,
                    Tag::Letters(_) => *byte = LETTERS[usize::from(*byte) % LETTERS.len()],
                    _ => {}
                }
            }
        }
        packet
    }
}

impl Tag {
    fn parse(text: &str) -> Result<Self, BadSignature> {
        let mut words = text.split_ascii_whitespace();
        let (name, value) = (words.next().unwrap_or_default(), words.next());
        if words.next().is_some() {
            return Err(BadSignature::Shape);
        }
        let number = || {
            let number = value.and_then(|value| value.parse().ok()).filter(|number| *number <= MOST_BYTES);
            number.ok_or(BadSignature::Number)
        };
        Ok(match name {
            "b" => Self::Bytes(value.and_then(hexadecimal).ok_or(BadSignature::Bytes)?),
            "r" => Self::Random(number()?),
            "rd" => Self::Digits(number()?),
            "rc" => Self::Letters(number()?),
            "t" => Self::Time,
            "c" => Self::Counter,
            "" => return Err(BadSignature::Shape),
            _ => return Err(BadSignature::UnknownTag),
        })
    }

    const fn length(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Random(length) | Self::Digits(length) | Self::Letters(length) => *length,
            Self::Time | Self::Counter => 4,
        }
    }
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    if digits.is_empty() || !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks_exact(2).map(|pair| Some(value(pair[0])? << 4 | value(pair[1])?)).collect()
}

/// As it is written.
impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for tag in &self.0 {
            match tag {
                Tag::Bytes(bytes) => {
                    f.write_str("<b 0x")?;
                    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                    f.write_char('>')?;
                }
                Tag::Random(length) => write!(f, "<r {length}>")?,
                Tag::Digits(length) => write!(f, "<rd {length}>")?,
                Tag::Letters(length) => write!(f, "<rc {length}>")?,
                Tag::Time => f.write_str("<t>")?,
                Tag::Counter => f.write_str("<c>")?,
            }
        }
        Ok(())
    }
}
