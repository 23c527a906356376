//! A host and a port as tunnels carry them: SOCKS's layout (RFC 1928 §5) under each protocol's own codes and order.

use super::cursor::Cursor;
use super::{Error, Protocol};
use crate::model::{BadDestination, Destination, Host};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How one protocol writes the type of an address.
#[derive(Clone, Copy)]
pub(super) struct Codes {
    pub(super) protocol: Protocol,
    pub(super) ipv4: u8,
    pub(super) name: u8,
    pub(super) ipv6: u8,
}

impl Codes {
    /// Reads type and host; `None` when bytes are missing.
    pub(super) fn read(self, cursor: &mut Cursor<'_>) -> Result<Option<Host>, Error> {
        let Some(kind) = cursor.u8() else { return Ok(None) };
        if kind == self.ipv4 {
            return Ok(cursor.array::<4>().map(|octets| Host::Ip(Ipv4Addr::from(octets).into())));
        }
        if kind == self.ipv6 {
            return Ok(cursor.array::<16>().map(|octets| Host::Ip(Ipv6Addr::from(octets).into())));
        }
        if kind != self.name {
            return Err(Error::malformed(self.protocol, "the type of the address is not known"));
        }
        let text = cursor.u8().and_then(|length| cursor.take(usize::from(length)));
        text.map(|text| self.name(text)).transpose()
    }

    /// Writes type and host.
    pub(super) fn write(self, host: &Host, out: &mut Vec<u8>) -> Result<(), Error> {
        match host {
            Host::Ip(IpAddr::V4(ip)) => {
                out.push(self.ipv4);
                out.extend_from_slice(&ip.octets());
            }
            Host::Ip(IpAddr::V6(ip)) => {
                out.push(self.ipv6);
                out.extend_from_slice(&ip.octets());
            }
            Host::Name(name) => {
                let length = u8::try_from(name.len()).map_err(|_| self.bad(BadDestination::NameTooLong))?;
                out.extend_from_slice(&[self.name, length]);
                out.extend_from_slice(name.as_bytes());
            }
        }
        Ok(())
    }

    /// A destination that can be dialled: port 0 is nowhere.
    pub(super) fn destination(self, host: Host, port: u16) -> Result<Destination, Error> {
        if port == 0 {
            return Err(self.bad(BadDestination::BadPort));
        }
        Ok(Destination::new(host, port))
    }

    fn name(self, text: &[u8]) -> Result<Host, Error> {
        let text = std::str::from_utf8(text).map_err(|_| self.bad(BadDestination::BadCharacter))?;
        Host::parse(text).map_err(|why| self.bad(why))
    }

    const fn bad(self, why: BadDestination) -> Error {
        Error::BadHost { protocol: self.protocol, why }
    }
}
