//! Does a STUN server answer, and with which address of ours? A Binding request and its answer (RFC 8489 §5, §14),
//! nothing else: no authentication, no TURN.

use super::{Error, Protocol, cursor::Cursor};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// RFC 8489 §5: the fixed value after type and length.
const MAGIC: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const BINDING_ERROR: u16 = 0x0111;
const MAPPED_ADDRESS: u16 = 0x0001;
const ERROR_CODE: u16 = 0x0009;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const IPV4: u8 = 1;
const IPV6: u8 = 2;

/// A Binding request without attributes: 20 bytes.
pub fn binding_request(transaction: [u8; 12]) -> [u8; 20] {
    let mut out = [0; 20];
    out[..2].copy_from_slice(&BINDING_REQUEST.to_be_bytes());
    out[4..8].copy_from_slice(&MAGIC);
    out[8..].copy_from_slice(&transaction);
    out
}

/// The server's answer: a success with XOR-MAPPED-ADDRESS (RFC 8489 §14.2).
pub fn binding_answer(transaction: [u8; 12], from: SocketAddr) -> Vec<u8> {
    let pad = pad(&transaction);
    let mut value = match from.ip() {
        IpAddr::V4(ip) => [&[0, IPV4, 0, 0], ip.octets().as_slice()].concat(),
        IpAddr::V6(ip) => [&[0, IPV6, 0, 0], ip.octets().as_slice()].concat(),
    };
    value[2..4].copy_from_slice(&from.port().to_be_bytes());
    xor(&mut value[2..4], &pad);
    xor(&mut value[4..], &pad);
    let length = value.len() as u16;
    let mut out = Vec::with_capacity(24 + value.len());
    out.extend_from_slice(&BINDING_SUCCESS.to_be_bytes());
    out.extend_from_slice(&(length + 4).to_be_bytes());
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&transaction);
    out.extend_from_slice(&XOR_MAPPED_ADDRESS.to_be_bytes());
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&value);
    out
}

/// The transaction of a Binding request; `None` when the packet is something else.
pub fn parse_request(bytes: &[u8]) -> Option<[u8; 12]> {
    let message = message(bytes)?;
    (message.kind == BINDING_REQUEST).then_some(message.transaction)
}

/// Our address as the server saw it. Checks the transaction, so that an answer to another question counts nothing.
pub fn mapped_address(bytes: &[u8], transaction: &[u8; 12]) -> Result<SocketAddr, Error> {
    let malformed = |what| Error::malformed(Protocol::Stun, what);
    let message = message(bytes).ok_or(malformed("the packet is no stun message"))?;
    if message.transaction != *transaction {
        return Err(malformed("the answer is to another transaction"));
    }
    let mut mapped = None;
    let mut attributes = Cursor::new(message.attributes);
    while !attributes.is_empty() {
        let (kind, value) = attribute(&mut attributes).ok_or(malformed("an attribute is longer than the message"))?;
        match (message.kind, kind) {
            (BINDING_ERROR, ERROR_CODE) => {
                let code = error_code(value).ok_or(malformed("the error code is none"))?;
                return Err(Error::Refused(code));
            }
            (BINDING_SUCCESS, XOR_MAPPED_ADDRESS) => {
                return address(value, &pad(transaction)).ok_or(malformed("the mapped address is none"));
            }
            (BINDING_SUCCESS, MAPPED_ADDRESS) => mapped = address(value, &[0; 16]),
            _ => {}
        }
    }
    // RFC 8489 §14.1: servers of RFC 3489 send only the plain form.
    mapped.ok_or(malformed("the message is no success with a mapped address"))
}

struct Message<'a> {
    kind: u16,
    transaction: [u8; 12],
    attributes: &'a [u8],
}

fn message(bytes: &[u8]) -> Option<Message<'_>> {
    let mut cursor = Cursor::new(bytes);
    let kind = cursor.u16()?;
    let length = usize::from(cursor.u16()?);
    let magic = cursor.array::<4>()?;
    let transaction = cursor.array()?;
    let fits = magic == MAGIC && length.is_multiple_of(4) && cursor.rest().len() == length;
    fits.then_some(Message { kind, transaction, attributes: cursor.rest() })
}

fn attribute<'a>(cursor: &mut Cursor<'a>) -> Option<(u16, &'a [u8])> {
    let kind = cursor.u16()?;
    let length = usize::from(cursor.u16()?);
    let value = cursor.take(length)?;
    cursor.take(length.next_multiple_of(4) - length)?;
    Some((kind, value))
}

fn error_code(value: &[u8]) -> Option<u16> {
    let [_, _, class, number, ..] = *value else { return None };
    let fits = (3..=6).contains(&(class & 7)) && number < 100;
    fits.then_some(u16::from(class & 7) * 100 + u16::from(number))
}

fn address(value: &[u8], pad: &[u8; 16]) -> Option<SocketAddr> {
    let mut cursor = Cursor::new(value);
    let [_, family] = cursor.array()?;
    let mut port = cursor.array::<2>()?;
    xor(&mut port, pad);
    let mut octets = cursor.rest().to_vec();
    xor(&mut octets, pad);
    let ip = match family {
        IPV4 => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(octets).ok()?)),
        IPV6 => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(octets).ok()?)),
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_be_bytes(port)))
}

/// RFC 8489 §14.2: the port is mixed with the magic, an address with the magic and the transaction.
fn pad(transaction: &[u8; 12]) -> [u8; 16] {
    let mut pad = [0; 16];
    pad[..4].copy_from_slice(&MAGIC);
    pad[4..].copy_from_slice(transaction);
    pad
}

fn xor(bytes: &mut [u8], pad: &[u8; 16]) {
    for (byte, with) in bytes.iter_mut().zip(pad) {
        *byte ^= with;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TRANSACTION: [u8; 12] = [0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae];

    fn answer(kind: u16, attributes: &[u8]) -> Vec<u8> {
        let length = attributes.len() as u16;
        [&kind.to_be_bytes()[..], &length.to_be_bytes(), &MAGIC, &TRANSACTION, attributes].concat()
    }

    #[test]
    fn the_answers_of_rfc_5769_are_read() {
        let software = [&[0x80, 0x22, 0, 11][..], b"test vector "].concat();
        let v4 = [0, 0x20, 0, 8, 0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43];
        let integrity = [&[0, 8, 0, 20][..], &[0x2b; 20]].concat();
        let bytes = answer(BINDING_SUCCESS, &[&software[..], &v4, &integrity].concat());
        assert_eq!(mapped_address(&bytes, &TRANSACTION), Ok("192.0.2.1:32853".parse().unwrap()));
        let v6 = [
            0, 0x20, 0, 20, 0, 2, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5,
            0xbe, 0xd2, 0xb9, 0xd9,
        ];
        let there = "[2001:db8:1234:5678:11:2233:4455:6677]:32853".parse().unwrap();
        assert_eq!(mapped_address(&answer(BINDING_SUCCESS, &v6), &TRANSACTION), Ok(there));
    }

    #[test]
    fn a_request_is_20_bytes_and_is_known_again() {
        let request = binding_request(TRANSACTION);
        assert_eq!(request[..8], [0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42]);
        assert_eq!(parse_request(&request), Some(TRANSACTION));
        assert_eq!(parse_request(&request[..19]), None);
        assert_eq!(parse_request(&binding_answer(TRANSACTION, "1.2.3.4:5".parse().unwrap())), None);
    }

    #[test]
    fn an_old_server_is_understood_and_the_mixed_form_goes_first() {
        let plain = [0, 1, 0, 8, 0, 1, 0, 80, 192, 0, 2, 9];
        assert_eq!(mapped_address(&answer(BINDING_SUCCESS, &plain), &TRANSACTION), Ok("192.0.2.9:80".parse().unwrap()));
        let mixed = [0, 0x20, 0, 8, 0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43];
        let both = answer(BINDING_SUCCESS, &[plain, mixed].concat());
        assert_eq!(mapped_address(&both, &TRANSACTION), Ok("192.0.2.1:32853".parse().unwrap()));
    }

    #[test]
    fn a_refusal_is_told_with_its_code() {
        let error = [0, 9, 0, 8, 0, 0, 4, 20, b'b', b'a', b'd', b'!'];
        assert_eq!(mapped_address(&answer(BINDING_ERROR, &error), &TRANSACTION), Err(Error::Refused(420)));
    }

    #[test]
    fn what_is_no_answer_to_us_counts_nothing() {
        let good = binding_answer(TRANSACTION, "192.0.2.1:5".parse().unwrap());
        assert!(mapped_address(&good, &[0; 12]).is_err(), "another transaction");
        assert!(mapped_address(&binding_request(TRANSACTION), &TRANSACTION).is_err(), "an echo");
        assert!(mapped_address(&answer(BINDING_SUCCESS, &[]), &TRANSACTION).is_err(), "no address");
        assert!(mapped_address(&[&good[..], &[0; 4]].concat(), &TRANSACTION).is_err(), "more than announced");
        for end in 0..good.len() {
            assert!(mapped_address(&good[..end], &TRANSACTION).is_err(), "cut at {end}");
        }
        for at in (0..20).chain([20, 21, 22, 23, 25]) {
            let mut altered = good.clone();
            altered[at] ^= 0x10;
            assert!(mapped_address(&altered, &TRANSACTION).is_err(), "byte {at}");
        }
    }

    proptest! {
        #[test]
        fn every_address_reads_back(transaction: [u8; 12], ip: IpAddr, port: u16) {
            let from = SocketAddr::new(ip, port);
            prop_assert_eq!(mapped_address(&binding_answer(transaction, from), &transaction), Ok(from));
            prop_assert_eq!(parse_request(&binding_request(transaction)), Some(transaction));
        }

        #[test]
        fn no_bytes_upset_the_reader(bytes: Vec<u8>, words in prop::collection::vec(any::<[u8; 4]>(), 0..20), kind: u16) {
            let _ = mapped_address(&bytes, &TRANSACTION);
            let _ = parse_request(&bytes);
            for kind in [kind, BINDING_SUCCESS, BINDING_ERROR] {
                let _ = mapped_address(&answer(kind, words.as_flattened()), &TRANSACTION);
            }
        }
    }
}
