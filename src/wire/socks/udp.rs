//! The header before each datagram of an association (RFC 1928 §7). A datagram comes whole, so what is too short is
//! wrong.

use super::{address, malformed};
use crate::model::Destination;
use crate::wire::{Error, cursor::Cursor};

/// Where a datagram goes (or comes from), and where its payload begins. Fragments are refused.
pub fn udp_header(datagram: &[u8]) -> Result<(Destination, usize), Error> {
    let short = malformed("the datagram is shorter than its header");
    let mut cursor = Cursor::new(datagram);
    let Some([_, _, fragment]) = cursor.array() else { return Err(short) };
    if fragment != 0 {
        return Err(Error::Fragment(fragment));
    }
    let Some(to) = address::read(&mut cursor)? else { return Err(short) };
    address::with_port(&to)?;
    Ok((to, cursor.at()))
}

/// The header to put before a payload.
pub fn encode_udp_header(to: &Destination) -> Result<Vec<u8>, Error> {
    let mut out = vec![0, 0, 0];
    address::write(to, &mut out)?;
    Ok(out)
}
