//! Versions 4 and 4a, the server's side: one request, one reply (Ying-Da Lee's memos "SOCKS: A protocol for TCP
//! proxy across firewalls" and "SOCKS 4A").

use super::{Command, Parsed, address, malformed};
use crate::model::{Destination, Host};
use crate::wire::{Error, Protocol, cursor::Cursor};
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};

/// The most bytes of user or name before its closing zero. A name has at most 253; no client's user is longer.
const LONGEST: usize = 255;

/// A version 4 request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request4 {
    /// What is wanted: a stream or a listening port.
    pub command: Command,
    /// Where to.
    pub to: Destination,
    /// Who the client says it is. Proves nothing.
    pub user: Vec<u8>,
    /// Whether the client named a host (4a) rather than an address.
    pub is_4a: bool,
}

/// Server: what the client wants.
pub fn request4(bytes: &[u8]) -> Parsed<Request4> {
    let mut cursor = Cursor::new(bytes);
    let Some(version) = cursor.u8() else { return Ok(None) };
    if version != 4 {
        return Err(malformed("the request is not of version 4"));
    }
    let Some(command) = cursor.u8() else { return Ok(None) };
    let command = match Command::parse(command)? {
        Command::UdpAssociate => return Err(Error::UnknownCommand(command)),
        known => known,
    };
    let Some((port, ip)) = cursor.u16().zip(cursor.array::<4>()) else { return Ok(None) };
    let Some(user) = text(&mut cursor)? else { return Ok(None) };
    // 4a: an address 0.0.0.x with x not 0 says that a name follows.
    let is_4a = ip[..3] == [0; 3] && ip[3] != 0;
    let host = if is_4a {
        let Some(name) = text(&mut cursor)? else { return Ok(None) };
        address::name(name)?
    } else {
        Host::Ip(IpAddr::V4(Ipv4Addr::from(ip)))
    };
    let to = Destination::new(host, port);
    if command == Command::Connect {
        address::with_port(&to)?;
    }
    Ok(Some((Request4 { command, to, user: user.to_vec(), is_4a }, cursor.at())))
}

/// Server: granted (90) or refused (91). Most clients ignore the address.
pub fn reply4(granted: bool, bound: SocketAddrV4) -> [u8; 8] {
    let [p, q] = bound.port().to_be_bytes();
    let [a, b, c, d] = bound.ip().octets();
    [0, if granted { 90 } else { 91 }, p, q, a, b, c, d]
}

/// Bytes up to a zero; `None` when the zero has not come yet, an error when it comes too late.
fn text<'a>(cursor: &mut Cursor<'a>) -> Result<Option<&'a [u8]>, Error> {
    let found = cursor.until(0);
    let length = found.map_or(cursor.rest().len(), <[u8]>::len);
    if length > LONGEST {
        return Err(Error::too_large(Protocol::Socks, "the user or name in bytes", LONGEST));
    }
    Ok(found)
}
