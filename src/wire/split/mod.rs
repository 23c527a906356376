//! How a first write is cut so that a reader on the way does not find the name in it: over several segments
//! (`split`), over several TLS records (`tlsfrag`), or both. The notation is that of Outline's smart dialer and
//! configurl: steps joined by `|`, the rightmost touching the bytes first. `sni` as a position is byway's own and
//! stands for the middle of the name. Steps that need more than cutting (`disorder`, `override`) are refused by name.

#[cfg(test)]
mod tests;

use super::tls::{self, Hello, RECORD_HEADER};
use std::fmt;
use std::str::FromStr;

/// A way of cutting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe(Vec<Step>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Two segments, cut at a position in the stream.
    Split(Position),
    /// Two records, cut at a position in the payload of the first.
    TlsFrag(Position),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    /// After so many bytes; from the end when negative.
    At(i32),
    /// In the middle of the name.
    Sni,
}

/// Why a text is no recipe.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRecipe {
    /// Nothing to do.
    #[error("the recipe is empty; expected steps like split:2 or tlsfrag:1, joined by |")]
    Empty,
    /// A step of the notation that is more than cutting.
    #[error("step {0:?} is not one that byway can take; expected split:N or tlsfrag:N")]
    UnknownStep(String),
    /// A step without a position that makes sense.
    #[error("step {0:?} has no position; expected a number of bytes other than 0, or sni")]
    BadPosition(String),
    /// `split` with a negative number: a stream has no end to count from.
    #[error("step {0:?} counts from the end, which only tlsfrag can; expected a positive number, or sni")]
    Negative(String),
    /// More steps than anybody needs.
    #[error("the recipe has more than {MOST_STEPS} steps")]
    TooMany,
}

/// More cuts make more packets, not more cover.
const MOST_STEPS: usize = 16;

impl FromStr for Recipe {
    type Err = BadRecipe;

    fn from_str(text: &str) -> Result<Self, BadRecipe> {
        if text.trim().is_empty() {
            return Err(BadRecipe::Empty);
        }
        let steps = text.split('|').map(|part| step(part.trim())).collect::<Result<Vec<_>, _>>()?;
        if steps.len() > MOST_STEPS {
            return Err(BadRecipe::TooMany);
        }
        Ok(Self(steps))
    }
}

fn step(text: &str) -> Result<Step, BadRecipe> {
    let (kind, position) = text.split_once(':').unwrap_or((text, ""));
    let make = match kind {
        "split" => Step::Split,
        "tlsfrag" => Step::TlsFrag,
        _ => return Err(BadRecipe::UnknownStep(text.to_owned())),
    };
    let position = match position {
        "sni" => Position::Sni,
        number => match number.parse::<i32>() {
            Ok(0) | Err(_) => return Err(BadRecipe::BadPosition(text.to_owned())),
            Ok(at) if at < 0 && kind == "split" => return Err(BadRecipe::Negative(text.to_owned())),
            Ok(at) => Position::At(at),
        },
    };
    Ok(make(position))
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            let bar = if index > 0 { "|" } else { "" };
            let (kind, position) = match step {
                Step::Split(position) => ("split", position),
                Step::TlsFrag(position) => ("tlsfrag", position),
            };
            match position {
                Position::At(at) => write!(f, "{bar}{kind}:{at}")?,
                Position::Sni => write!(f, "{bar}{kind}:sni")?,
            }
        }
        Ok(())
    }
}

impl Recipe {
    /// The pieces of a first write; each must be one write of its own, so that it becomes a segment. Records are cut
    /// only when the bytes begin with a whole ClientHello; anything else is cut into segments at most. No piece is
    /// empty; put together they are the same bytes, but for the record headers that `tlsfrag` adds.
    pub fn cut(&self, first_write: &[u8]) -> Vec<Vec<u8>> {
        let mut bytes = first_write.to_vec();
        let mut cuts = Vec::new();
        for step in self.0.iter().rev() {
            match step {
                Step::Split(position) => cuts.extend(offset(*position, &bytes)),
                Step::TlsFrag(position) => {
                    // Like Outline's: the hello is gathered before it is cut, so cuts made before are gone.
                    if let Some(fragmented) = fragment(*position, &bytes) {
                        bytes = fragmented;
                        cuts.clear();
                    }
                }
            }
        }
        pieces(&bytes, cuts)
    }
}

/// A place strictly within the bytes.
fn offset(position: Position, bytes: &[u8]) -> Option<usize> {
    let at = match position {
        Position::At(at) => usize::try_from(at).ok()?,
        Position::Sni => middle_of_name(bytes)?,
    };
    (1..bytes.len()).contains(&at).then_some(at)
}

fn middle_of_name(bytes: &[u8]) -> Option<usize> {
    let Hello::Hello(hello) = tls::client_hello(bytes) else { return None };
    let name = hello.name_range?;
    Some(name.start + name.len() / 2)
}

/// The same bytes with the first record cut in two.
fn fragment(position: Position, bytes: &[u8]) -> Option<Vec<u8>> {
    if !matches!(tls::client_hello(bytes), Hello::Hello(_)) {
        return None;
    }
    let (header, rest) = bytes.split_at_checked(RECORD_HEADER)?;
    let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
    let (payload, rest) = rest.split_at_checked(length)?;
    let at = match position {
        Position::At(at) if at < 0 => length.checked_sub(at.unsigned_abs() as usize)?,
        Position::At(at) => usize::try_from(at).ok()?,
        Position::Sni => middle_of_name(bytes)?.checked_sub(RECORD_HEADER)?,
    };
    if !(1..length).contains(&at) {
        return None;
    }
    let mut out = Vec::with_capacity(bytes.len() + RECORD_HEADER);
    for part in [&payload[..at], &payload[at..]] {
        out.extend_from_slice(&header[..3]);
        out.extend_from_slice(&(part.len() as u16).to_be_bytes());
        out.extend_from_slice(part);
    }
    out.extend_from_slice(rest);
    Some(out)
}

fn pieces(bytes: &[u8], mut cuts: Vec<usize>) -> Vec<Vec<u8>> {
    cuts.sort_unstable();
    cuts.dedup();
    cuts.push(bytes.len());
    let mut begins = 0;
    let mut out = Vec::with_capacity(cuts.len());
    for end in cuts {
        out.push(bytes[begins..end].to_vec());
        begins = end;
    }
    out.retain(|piece| !piece.is_empty());
    out
}
