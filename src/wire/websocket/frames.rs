//! The frames of an open WebSocket (RFC 6455 §5), both ends, as a stream of bytes sees them: where the payload of data
//! frames is, and what the control frames between them say. Messages are not told apart; extensions are refused.

use super::super::{Error, Protocol};

/// The longest head of a frame.
pub const LONGEST_HEAD: usize = 14;
/// The longest payload of a control frame (§5.5).
const LONGEST_CONTROL: usize = 125;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;
const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;

/// Which end one is: a client masks what it sends, a server does not (§5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Who opened it.
    Client,
    /// Who was asked.
    Server,
}

/// A control frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// To be answered with a pong of the same bytes.
    Ping(Vec<u8>),
    /// An answer, or a sign of life.
    Pong,
    /// The other end has said everything.
    Close,
}

/// Writes the head of a binary message of `length` bytes; how long the head is.
pub fn data_head(out: &mut [u8; LONGEST_HEAD], length: usize, mask: Option<[u8; 4]>) -> usize {
    head(out, BINARY, length, mask)
}

/// A whole ping.
pub fn ping(payload: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    control(PING, payload, mask)
}

/// A whole pong.
pub fn pong(payload: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    control(PONG, payload, mask)
}

/// A whole close, which gives no reason.
pub fn close(mask: Option<[u8; 4]>) -> Vec<u8> {
    control(CLOSE, &[], mask)
}

fn control(opcode: u8, payload: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    let payload = &payload[..payload.len().min(LONGEST_CONTROL)];
    let mut out = [0; LONGEST_HEAD];
    let length = head(&mut out, opcode, payload.len(), mask);
    let mut frame = out[..length].to_vec();
    frame.resize(length + payload.len(), 0);
    mask_into(payload, &mut frame[length..], mask.unwrap_or_default());
    frame
}

fn head(out: &mut [u8; LONGEST_HEAD], opcode: u8, length: usize, mask: Option<[u8; 4]>) -> usize {
    let masked = if mask.is_some() { MASKED } else { 0 };
    out[0] = FINAL | opcode;
    let mut at = match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..=125), _) => {
            out[1] = masked | short;
            2
        }
        (_, Ok(middle)) => {
            out[1] = masked | 126;
            out[2..4].copy_from_slice(&middle.to_be_bytes());
            4
        }
        _ => {
            out[1] = masked | 127;
            out[2..10].copy_from_slice(&(length as u64).to_be_bytes());
            10
        }
    };
    if let Some(mask) = mask {
        out[at..at + 4].copy_from_slice(&mask);
        at += 4;
    }
    at
}

/// Copies `from` to `to`, which is as long, masked (§5.3).
pub fn mask_into(from: &[u8], to: &mut [u8], mask: [u8; 4]) {
    let wide = widen(mask);
    let ((outs, out_rest), (ins, in_rest)) = (to.as_chunks_mut(), from.as_chunks());
    for (out, piece) in outs.iter_mut().zip(ins) {
        *out = masked(*piece, wide);
    }
    let rest = out_rest.iter_mut().zip(in_rest);
    rest.zip(wide.to_ne_bytes()).for_each(|((out, byte), mask)| *out = byte ^ mask);
}

fn unmask(bytes: &mut [u8], mask: [u8; 4]) {
    let wide = widen(mask);
    let (pieces, rest) = bytes.as_chunks_mut();
    for piece in pieces {
        *piece = masked(*piece, wide);
    }
    rest.iter_mut().zip(wide.to_ne_bytes()).for_each(|(byte, mask)| *byte ^= mask);
}

/// The mask four times over: sixteen bytes are masked at once, however the program was compiled.
fn widen(mask: [u8; 4]) -> u128 {
    u128::from_ne_bytes(std::array::from_fn(|i| mask[i % 4]))
}

fn masked(piece: [u8; 16], wide: u128) -> [u8; 16] {
    (u128::from_ne_bytes(piece) ^ wide).to_ne_bytes()
}

/// Takes the frames apart that come in.
#[derive(Debug)]
pub struct Reader {
    role: Role,
    /// What has come of a head, or of a control frame.
    begun: Vec<u8>,
    /// What is still to come of a data frame, and how that is masked.
    left: u64,
    mask: [u8; 4],
    masked: bool,
    fault: Option<Error>,
}

/// What a head says.
struct Head {
    opcode: u8,
    length: u64,
    mask: Option<[u8; 4]>,
    /// Of the head itself.
    size: usize,
}

impl Reader {
    /// Reads what is sent to that end.
    pub const fn new(role: Role) -> Self {
        Self { role, begun: Vec::new(), left: 0, mask: [0; 4], masked: false, fault: None }
    }

    /// Takes what came: the payload of data frames is moved to the front of `came`, and its length returned; control
    /// frames are added to `controls`. After a fault nothing more is taken.
    pub fn take(&mut self, came: &mut [u8], controls: &mut Vec<Control>) -> usize {
        let (mut at, mut kept) = (0, 0);
        while at < came.len() && self.fault.is_none() {
            if self.left == 0 {
                self.begun.push(came[at]);
                at += 1;
                if let Err(fault) = self.begin(controls) {
                    self.fault = Some(fault);
                }
                continue;
            }
            let length = usize::try_from(self.left).unwrap_or(usize::MAX).min(came.len() - at);
            if self.masked {
                unmask(&mut came[at..at + length], self.mask);
                self.mask.rotate_left(length % 4);
            }
            if at != kept {
                came.copy_within(at..at + length, kept);
            }
            at += length;
            kept += length;
            self.left -= length as u64;
        }
        kept
    }

    /// Why the other end is not understood any more.
    pub const fn fault(&self) -> Option<&Error> {
        self.fault.as_ref()
    }

    /// Whether the stream may end here: between two frames.
    pub const fn may_end(&self) -> bool {
        self.left == 0 && self.begun.is_empty()
    }

    /// Looks at what was begun: a whole control frame, or a data frame's head.
    fn begin(&mut self, controls: &mut Vec<Control>) -> Result<(), Error> {
        let Some(head) = read_head(&self.begun)? else { return Ok(()) };
        if head.mask.is_some() != (self.role == Role::Server) {
            return Err(malformed("frames of a client are masked, and of a server are not"));
        }
        if head.opcode & CLOSE == 0 {
            (self.left, self.mask, self.masked) = (head.length, head.mask.unwrap_or_default(), head.mask.is_some());
            self.begun.clear();
            return Ok(());
        }
        if (self.begun.len() - head.size) as u64 == head.length {
            let mut payload = self.begun.split_off(head.size);
            self.begun.clear();
            unmask(&mut payload, head.mask.unwrap_or_default());
            controls.push(match head.opcode {
                PING => Control::Ping(payload),
                PONG => Control::Pong,
                _ => Control::Close,
            });
        }
        Ok(())
    }
}

/// The head at the front, when it is whole.
fn read_head(bytes: &[u8]) -> Result<Option<Head>, Error> {
    let &[first, second, ref rest @ ..] = bytes else { return Ok(None) };
    let opcode = first & 0x0F;
    if first & 0x70 != 0 {
        return Err(malformed("an extension that was not agreed on"));
    }
    let short = u64::from(second & 0x7F);
    match opcode {
        0..=2 => {}
        CLOSE | PING | PONG if first & FINAL != 0 && short <= LONGEST_CONTROL as u64 => {}
        CLOSE | PING | PONG => return Err(malformed("a control frame in pieces, or too long")),
        _ => return Err(malformed("a frame of no known kind")),
    }
    let (length, rest, extended) = match short {
        126 => match rest.split_first_chunk::<2>() {
            Some((length, rest)) => (u64::from(u16::from_be_bytes(*length)), rest, 2),
            None => return Ok(None),
        },
        127 => match rest.split_first_chunk::<8>() {
            Some((length, rest)) => (u64::from_be_bytes(*length), rest, 8),
            None => return Ok(None),
        },
        short => (short, rest, 0),
    };
    if length > i64::MAX as u64 {
        return Err(malformed("a length of more than 63 bits"));
    }
    if second & MASKED == 0 {
        return Ok(Some(Head { opcode, length, mask: None, size: 2 + extended }));
    }
    Ok(rest.first_chunk::<4>().map(|mask| Head { opcode, length, mask: Some(*mask), size: 2 + extended + 4 }))
}

const fn malformed(what: &'static str) -> Error {
    Error::malformed(Protocol::WebSocket, what)
}

#[cfg(test)]
mod tests;
