use super::*;
use crate::model::Host;
use proptest::prelude::*;
use std::net::IpAddr;

#[test]
fn a_key_is_the_hash_of_its_password() {
    // FIPS 180-4's example for SHA-224.
    assert_eq!(key("abc").expose(), "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7");
}

#[test]
fn a_request_is_written_as_the_description_says() {
    let to = Destination::parse("a.test:443").unwrap();
    let bytes = encode_request(&key("abc"), Command::Stream, &to).unwrap();
    assert_eq!(&bytes[56..], b"\r\n\x01\x03\x06a.test\x01\xbb\r\n");
    assert_eq!(request(&key("abc"), &bytes), Ok(Some((Request { command: Command::Stream, to }, bytes.len()))));
    assert!(request(&key("abd"), &bytes).is_err(), "another password");
}

#[test]
fn packets_come_out_of_a_stream_one_by_one() {
    let (one, two) = (Destination::parse("192.0.2.1:53").unwrap(), Destination::parse("[2001:db8::1]:443").unwrap());
    let stream = [encode_packet(&one, b"first").unwrap(), encode_packet(&two, b"").unwrap()].concat();
    let ((from, payload), taken) = packet(&stream).unwrap().unwrap();
    assert_eq!((from, payload), (one, &b"first"[..]));
    assert_eq!(packet(&stream[taken..]), Ok(Some(((two.clone(), &b""[..]), stream.len() - taken))));
    assert!(encode_packet(&two, &[0; LARGEST_PACKET + 1]).is_err());
    assert!(packet(b"HTTP/1.1 400 Bad Request\r\n").is_err());
}

fn any_destination() -> impl Strategy<Value = Destination> {
    let host = prop_oneof![
        any::<IpAddr>().prop_map(Host::Ip),
        "[a-z0-9]{1,20}(\\.[a-z]{1,20}){1,3}".prop_map(|name| Host::Name(name.into()))
    ];
    (host, 1..=u16::MAX).prop_map(|(host, port)| Destination::new(host, port))
}

proptest! {
    #[test]
    fn a_request_comes_back_whole_and_never_before(password: String, to in any_destination(), packets: bool) {
        let command = if packets { Command::Packets } else { Command::Stream };
        let key = key(&password);
        let bytes = encode_request(&key, command, &to).unwrap();
        for cut in 0..bytes.len() {
            prop_assert_eq!(request(&key, &bytes[..cut]), Ok(None));
        }
        prop_assert_eq!(request(&key, &[&bytes[..], b"more"].concat()), Ok(Some((Request { command, to }, bytes.len()))));
    }

    #[test]
    fn a_packet_comes_back_whole_and_never_before(to in any_destination(), payload in prop::collection::vec(any::<u8>(), 0..300)) {
        let bytes = encode_packet(&to, &payload).unwrap();
        for cut in 0..bytes.len() {
            prop_assert_eq!(packet(&bytes[..cut]), Ok(None));
        }
        prop_assert_eq!(packet(&bytes), Ok(Some(((to, &payload[..]), bytes.len()))));
    }

    #[test]
    fn no_bytes_break_a_parser(bytes: Vec<u8>) {
        let known = key("");
        let behind = [known.expose().as_bytes(), b"\r\n", &bytes].concat();
        for taken in [request(&known, &behind).ok().flatten().map(|(_, taken)| taken), packet(&bytes).ok().flatten().map(|(_, taken)| taken)] {
            prop_assert!(taken.is_none_or(|taken| taken <= behind.len()));
        }
    }
}
