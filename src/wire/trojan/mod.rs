//! Trojan (the protocol page of trojan-gfw): a password's hash and a SOCKS-like request at the start of a TLS session.
//! A server that is not shown the hash behaves as the web site in front of which it stands, so a wrong password is
//! answered by that site. Both ends, streams and packets.
//!
//! ```text
//! request   hex(SHA-224(password))[56] CRLF command type host port[2] CRLF    command 1 stream, 3 packets; type 1 v4, 3 name, 4 v6
//! packet    type host port[2] length[2] CRLF bytes                            to it, and from it
//! ```

#[cfg(test)]
mod tests;

use super::address::Codes;
use super::cursor::Cursor;
use super::{Error, Protocol};
use crate::model::{Destination, Secret};
use aws_lc_rs::digest;

/// `Ok(None)`: not enough bytes yet. Otherwise the value, and how many bytes it took.
pub type Parsed<T> = Result<Option<(T, usize)>, Error>;

const CODES: Codes = Codes { protocol: Protocol::Trojan, ipv4: 1, name: 3, ipv6: 4 };
const CRLF: &[u8] = b"\r\n";
const KEY: usize = 56;

/// The most that this end puts into a packet: what servers hold (8 KiB in the first one, 16 KiB in others).
pub const LARGEST_PACKET: usize = 8 * 1024;

/// What a client wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// A stream.
    Stream,
    /// Packets to anywhere.
    Packets,
}

/// What a client says first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// For what.
    pub command: Command,
    /// Where to; for packets it is of no weight.
    pub to: Destination,
}

/// The hash that stands for a password: 56 lower-case hexadecimal digits. As good as the password itself.
pub fn key(password: &str) -> Secret<String> {
    let hash = digest::digest(&digest::SHA224, password.as_bytes());
    Secret::new(hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Writes a request.
pub fn encode_request(key: &Secret<String>, command: Command, to: &Destination) -> Result<Vec<u8>, Error> {
    let mut out = Vec::with_capacity(128);
    out.extend_from_slice(key.expose().as_bytes());
    out.extend_from_slice(CRLF);
    out.push(match command {
        Command::Stream => 1,
        Command::Packets => 3,
    });
    write(to, &mut out)?;
    out.extend_from_slice(CRLF);
    Ok(out)
}

/// Reads a request of who knows `key`.
pub fn request(key: &Secret<String>, bytes: &[u8]) -> Parsed<Request> {
    let malformed = |what| Err(Error::malformed(Protocol::Trojan, what));
    let mut cursor = Cursor::new(bytes);
    let Some(shown) = cursor.take(KEY) else { return Ok(None) };
    if aws_lc_rs::constant_time::verify_slices_are_equal(shown, key.expose().as_bytes()).is_err() {
        return malformed("the key is not ours");
    }
    match cursor.array::<2>() {
        None => return Ok(None),
        Some(end) if end != *CRLF => return malformed("no line ends after the key"),
        Some(_) => {}
    }
    let Some(command) = cursor.u8() else { return Ok(None) };
    let command = match command {
        1 => Command::Stream,
        3 => Command::Packets,
        _ => return malformed("the command is neither 1 (stream) nor 3 (packets)"),
    };
    let Some(to) = read(&mut cursor)? else { return Ok(None) };
    match cursor.array::<2>() {
        None => Ok(None),
        Some(end) if end != *CRLF => malformed("no line ends after the request"),
        Some(_) => Ok(Some((Request { command, to }, cursor.at()))),
    }
}

/// Writes a packet with where it goes.
pub fn encode_packet(to: &Destination, packet: &[u8]) -> Result<Vec<u8>, Error> {
    let too_large = Error::too_large(Protocol::Trojan, "a packet in bytes", LARGEST_PACKET);
    let length = u16::try_from(packet.len()).ok().filter(|_| packet.len() <= LARGEST_PACKET).ok_or(too_large)?;
    let mut out = Vec::with_capacity(32 + packet.len());
    write(to, &mut out)?;
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(CRLF);
    out.extend_from_slice(packet);
    Ok(out)
}

/// Reads a packet from the front of a stream: where it comes from, and what it holds.
pub fn packet(bytes: &[u8]) -> Parsed<(Destination, &[u8])> {
    let mut cursor = Cursor::new(bytes);
    let Some(from) = read(&mut cursor)? else { return Ok(None) };
    let Some(length) = cursor.u16() else { return Ok(None) };
    match cursor.array::<2>() {
        None => return Ok(None),
        Some(end) if end != *CRLF => return Err(Error::malformed(Protocol::Trojan, "no line ends before the packet")),
        Some(_) => {}
    }
    Ok(cursor.take(usize::from(length)).map(|packet| ((from, packet), cursor.at())))
}

fn write(to: &Destination, out: &mut Vec<u8>) -> Result<(), Error> {
    CODES.write(&to.host, out)?;
    out.extend_from_slice(&to.port.to_be_bytes());
    Ok(())
}

fn read(cursor: &mut Cursor<'_>) -> Result<Option<Destination>, Error> {
    let Some(host) = CODES.read(cursor)? else { return Ok(None) };
    Ok(cursor.u16().map(|port| Destination::new(host, port)))
}
