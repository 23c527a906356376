//! Which addresses no public name can have (OONI's `dns_bogon_error`; RFC 6890 and its registries).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether `addr` cannot be the public address of anything.
pub fn is_bogon(addr: IpAddr) -> bool {
    match addr {
        IpAddr::V4(four) => is_bogon_v4(four),
        IpAddr::V6(six) => match six.to_ipv4_mapped() {
            Some(four) => is_bogon_v4(four),
            None => is_bogon_v6(six),
        },
    }
}

fn is_bogon_v4(addr: Ipv4Addr) -> bool {
    let [a, b, c, _] = addr.octets();
    match a {
        // This network, private, loopback; multicast, reserved and broadcast.
        0 | 10 | 127 | 224..=255 => true,
        // Carrier-grade NAT (RFC 6598).
        100 => (64..128).contains(&b),
        169 => b == 254,
        172 => (16..32).contains(&b),
        192 => b == 168 || (b == 0 && (c == 0 || c == 2)),
        // Benchmarking (RFC 2544), also the usual "fake IP" range; documentation (RFC 5737).
        198 => b == 18 || b == 19 || (b == 51 && c == 100),
        203 => b == 0 && c == 113,
        _ => false,
    }
}

fn is_bogon_v6(addr: Ipv6Addr) -> bool {
    let segments = addr.segments();
    addr.is_unspecified()
        || addr.is_loopback()
        || addr.is_multicast()
        || segments[0] & 0xfe00 == 0xfc00
        || segments[0] & 0xffc0 == 0xfe80
        || (segments[0] == 0x2001 && segments[1] == 0x0db8)
        || (segments[0] == 0x0100 && segments[1..4] == [0, 0, 0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_public_is_refused_and_the_neighbours_pass() {
        for (text, bogon) in [
            ("0.0.0.0", true),
            ("127.0.0.1", true),
            ("10.10.34.35", true),
            ("100.64.0.1", true),
            ("100.128.0.1", false),
            ("172.31.255.255", true),
            ("172.32.0.1", false),
            ("192.168.1.1", true),
            ("198.18.0.5", true),
            ("198.20.0.1", false),
            ("203.0.113.9", true),
            ("255.255.255.255", true),
            ("149.154.167.51", false),
            ("::", true),
            ("::1", true),
            ("fd00::1", true),
            ("fe80::1", true),
            ("::ffff:10.0.0.1", true),
            ("2001:db8::1", true),
            ("2001:67c:4e8:f002::a", false),
        ] {
            assert_eq!(is_bogon(text.parse().unwrap()), bogon, "{text}");
        }
    }
}
