//! How a datagram is refused on the network itself: ICMP "port unreachable" (RFC 792; RFC 4443 §3.1), which the sender's
//! own system turns into an error of its socket at once. Needs CAP_NET_RAW; who has it not says nothing.

use crate::net::mark::marked;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Sockets that refusals are sent from.
#[derive(Debug)]
pub struct Unreachable {
    four: Option<Socket>,
    six: Option<Socket>,
}

impl Unreachable {
    /// Opens them, where the right to do so is there.
    pub fn open() -> Self {
        let open = |domain, protocol| {
            let socket = Socket::new(domain, Type::RAW, Some(protocol))?;
            socket.set_nonblocking(true)?;
            marked(&SockRef::from(&socket));
            Ok::<_, io::Error>(socket)
        };
        Self { four: open(Domain::IPV4, Protocol::ICMPV4).ok(), six: open(Domain::IPV6, Protocol::ICMPV6).ok() }
    }

    /// Tells `client` that nobody listens at `meant`. Whether it could be said.
    pub fn refuse(&self, client: SocketAddr, meant: SocketAddr, payload: usize) -> bool {
        let (socket, to) = match client.ip() {
            IpAddr::V4(ip) => (&self.four, IpAddr::V4(ip)),
            IpAddr::V6(ip) => (&self.six, IpAddr::V6(ip)),
        };
        let Some((socket, message)) = socket.as_ref().zip(port_unreachable(client, meant, payload)) else {
            return false;
        };
        socket.send_to(&message, &SocketAddr::new(to, 0).into()).is_ok()
    }
}

/// The protocol number of UDP.
const UDP: u8 = 17;

/// The message: its own eight bytes, then the IP and UDP headers of the datagram that is refused, which `client` sent to
/// `meant`. `None` for two addresses of different families. The kernel fills ICMPv6's checksum in (RFC 3542 §3.1).
fn port_unreachable(client: SocketAddr, meant: SocketAddr, payload: usize) -> Option<Vec<u8>> {
    let length = u16::try_from(payload.checked_add(8)?).ok()?;
    let udp = [client.port().to_be_bytes(), meant.port().to_be_bytes(), length.to_be_bytes(), [0; 2]].concat();
    match (client.ip(), meant.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let mut message = vec![3, 3, 0, 0, 0, 0, 0, 0];
            message.extend(header_four(from, to, length)?);
            message.extend(udp);
            let sum = checksum(&message);
            message[2..4].copy_from_slice(&sum.to_be_bytes());
            Some(message)
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let mut message = vec![1, 4, 0, 0, 0, 0, 0, 0];
            message.extend(header_six(from, to, length));
            message.extend(udp);
            Some(message)
        }
        _ => None,
    }
}

/// RFC 791 §3.1.
fn header_four(from: Ipv4Addr, to: Ipv4Addr, length: u16) -> Option<Vec<u8>> {
    let [high, low] = length.checked_add(20)?.to_be_bytes();
    let mut header = vec![0x45, 0, high, low, 0, 0, 0, 0, 64, UDP, 0, 0];
    header.extend(from.octets());
    header.extend(to.octets());
    let sum = checksum(&header);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    Some(header)
}

/// RFC 8200 §3.
fn header_six(from: Ipv6Addr, to: Ipv6Addr, length: u16) -> Vec<u8> {
    let [high, low] = length.to_be_bytes();
    let mut header = vec![0x60, 0, 0, 0, high, low, UDP, 64];
    header.extend(from.octets());
    header.extend(to.octets());
    header
}

/// RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    let mut sum: u32 = words.sum();
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_refusal_shows_the_headers_of_what_is_refused() {
        let message = port_unreachable(at("192.168.1.20:50000"), at("198.51.100.7:443"), 1200).unwrap();
        assert_eq!((message.len(), &message[..2]), (8 + 20 + 8, &[3, 3][..]));
        assert_eq!(&message[20..28], &[192, 168, 1, 20, 198, 51, 100, 7]);
        assert_eq!(&message[28..34], &[0xC3, 0x50, 0x01, 0xBB, 0x04, 0xB8]);
        assert_eq!(checksum(&message), 0, "the sum over all of it, itself included");
        assert_eq!(checksum(&message[8..28]), 0, "and that of the header inside");

        let message = port_unreachable(at("[2001:db8::20]:50000"), at("[2001:db8::7]:443"), 100).unwrap();
        assert_eq!((message.len(), &message[..2], message[8], message[14]), (8 + 40 + 8, &[1, 4][..], 0x60, UDP));
    }

    #[test]
    fn what_cannot_be_said_is_not() {
        assert_eq!(port_unreachable(at("192.0.2.1:1"), at("[2001:db8::7]:443"), 8), None);
        assert_eq!(port_unreachable(at("192.0.2.1:1"), at("192.0.2.2:2"), 70_000), None);
    }
}
