//! An address as versions 5 and UDP headers carry it: type, host, port (RFC 1928 §5).

use super::malformed;
use crate::model::{BadDestination, Destination, Host};
use crate::wire::{Error, Protocol, cursor::Cursor};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// Reads an address; `None` when bytes are missing.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Option<Destination>, Error> {
    let Some(kind) = cursor.u8() else { return Ok(None) };
    let host = match kind {
        IPV4 => cursor.array::<4>().map(|octets| Host::Ip(IpAddr::V4(Ipv4Addr::from(octets)))),
        IPV6 => cursor.array::<16>().map(|octets| Host::Ip(IpAddr::V6(Ipv6Addr::from(octets)))),
        NAME => {
            let text = cursor.u8().and_then(|length| cursor.take(usize::from(length)));
            text.map(name).transpose()?
        }
        other => return Err(Error::UnknownAddressType(other)),
    };
    Ok(host.zip(cursor.u16()).map(|(host, port)| Destination::new(host, port)))
}

/// A host from the bytes of a name field.
pub(super) fn name(text: &[u8]) -> Result<Host, Error> {
    let text = std::str::from_utf8(text).map_err(|_| malformed("the name is not text"))?;
    Host::parse(text).map_err(|why| Error::BadHost { protocol: Protocol::Socks, why })
}

/// Writes an address.
pub(super) fn write(to: &Destination, out: &mut Vec<u8>) -> Result<(), Error> {
    match &to.host {
        Host::Ip(IpAddr::V4(ip)) => {
            out.push(IPV4);
            out.extend_from_slice(&ip.octets());
        }
        Host::Ip(IpAddr::V6(ip)) => {
            out.push(IPV6);
            out.extend_from_slice(&ip.octets());
        }
        Host::Name(name) => {
            let too_long = |_| Error::BadHost { protocol: Protocol::Socks, why: BadDestination::NameTooLong };
            out.push(NAME);
            out.push(u8::try_from(name.len()).map_err(too_long)?);
            out.extend_from_slice(name.as_bytes());
        }
    }
    out.extend_from_slice(&to.port.to_be_bytes());
    Ok(())
}

/// A destination that can be dialled: port 0 is nowhere.
pub(super) const fn with_port(to: &Destination) -> Result<(), Error> {
    if to.port == 0 {
        return Err(Error::BadHost { protocol: Protocol::Socks, why: BadDestination::BadPort });
    }
    Ok(())
}
