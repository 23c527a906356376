//! VLESS, version 0 (the public description of Project V and Xray): who asks and where to, in front of a stream that
//! something else encrypts; and the length before each packet. Both ends. Knows no `flow`, no add-ons of its own and
//! no multiplexing: a server that needs them cannot be reached this way.
//!
//! ```text
//! request   00 user[16] addons:len,bytes command port[2] type host    command 1 stream, 2 packets; type 1 v4, 2 name, 3 v6
//! answer    00 addons:len,bytes                                       before the first byte that comes back
//! packet    length[2] bytes                                           one destination a stream
//! ```

mod user;

#[cfg(test)]
mod tests;

pub use user::UserId;

use super::address::Codes;
use super::cursor::Cursor;
use super::{Error, Protocol};
use crate::model::Destination;

/// `Ok(None)`: not enough bytes yet. Otherwise the value, and how many bytes it took.
pub type Parsed<T> = Result<Option<(T, usize)>, Error>;

const VERSION: u8 = 0;
const CODES: Codes = Codes { protocol: Protocol::Vless, ipv4: 1, name: 2, ipv6: 3 };

/// The most a packet may hold: what two bytes can say.
pub const LARGEST_PACKET: usize = u16::MAX as usize;

/// The longest a request can be: every add-on and a name of 255 bytes.
pub const LONGEST_REQUEST: usize = 1 + 16 + 1 + 255 + 1 + 2 + 2 + 255;

/// What a client wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// A stream.
    Stream,
    /// Packets, each behind its length.
    Packets,
}

/// What a client says first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Who asks.
    pub user: UserId,
    /// For what.
    pub command: Command,
    /// Where to.
    pub to: Destination,
}

/// Writes a request.
pub fn encode_request(user: &UserId, command: Command, to: &Destination) -> Result<Vec<u8>, Error> {
    let mut out = Vec::with_capacity(64);
    out.push(VERSION);
    out.extend_from_slice(user.bytes());
    out.push(0);
    out.push(match command {
        Command::Stream => 1,
        Command::Packets => 2,
    });
    out.extend_from_slice(&to.port.to_be_bytes());
    CODES.write(&to.host, &mut out)?;
    Ok(out)
}

/// Reads who asks, as soon as that much is there: so that nobody else is listened to any further.
pub fn user(bytes: &[u8]) -> Parsed<UserId> {
    let mut cursor = Cursor::new(bytes);
    let Some(version) = cursor.u8() else { return Ok(None) };
    if version != VERSION {
        return Err(Error::malformed(Protocol::Vless, "the version is not 0"));
    }
    Ok(cursor.array().map(|bytes| (UserId::new(bytes), cursor.at())))
}

/// Reads a request.
pub fn request(bytes: &[u8]) -> Parsed<Request> {
    let Some((user, taken)) = user(bytes)? else { return Ok(None) };
    let mut cursor = Cursor::new(bytes);
    if cursor.take(taken).is_none() {
        return Ok(None);
    }
    let Some(()) = skip_addons(&mut cursor) else { return Ok(None) };
    let Some(command) = cursor.u8() else { return Ok(None) };
    let command = match command {
        1 => Command::Stream,
        2 => Command::Packets,
        _ => return Err(Error::malformed(Protocol::Vless, "the command is neither 1 (stream) nor 2 (packets)")),
    };
    let Some(port) = cursor.u16() else { return Ok(None) };
    let Some(host) = CODES.read(&mut cursor)? else { return Ok(None) };
    let to = CODES.destination(host, port)?;
    Ok(Some((Request { user, command, to }, cursor.at())))
}

/// What a server says before the first byte that comes back.
pub const fn encode_answer() -> [u8; 2] {
    [VERSION, 0]
}

/// Reads that.
pub fn answer(bytes: &[u8]) -> Parsed<()> {
    let mut cursor = Cursor::new(bytes);
    match cursor.u8() {
        None => Ok(None),
        Some(VERSION) => Ok(skip_addons(&mut cursor).map(|()| ((), cursor.at()))),
        Some(_) => Err(Error::malformed(Protocol::Vless, "the answer's version is not 0")),
    }
}

/// Writes a packet behind its length.
pub fn encode_packet(packet: &[u8]) -> Result<Vec<u8>, Error> {
    let too_large = |_| Error::too_large(Protocol::Vless, "a packet in bytes", LARGEST_PACKET);
    let length = u16::try_from(packet.len()).map_err(too_large)?;
    let mut out = Vec::with_capacity(2 + packet.len());
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(packet);
    Ok(out)
}

/// Reads a packet from the front of a stream.
pub fn packet(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let mut cursor = Cursor::new(bytes);
    let length = cursor.u16()?;
    let packet = cursor.take(usize::from(length))?;
    Some((packet, cursor.at()))
}

fn skip_addons(cursor: &mut Cursor<'_>) -> Option<()> {
    let length = cursor.u8()?;
    cursor.take(usize::from(length)).map(drop)
}
