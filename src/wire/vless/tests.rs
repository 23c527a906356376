use super::*;
use crate::model::Host;
use proptest::prelude::*;
use std::net::IpAddr;

const UUID: &str = "b831381d-6324-4d53-ad4f-8cda48b30811";

fn someone() -> UserId {
    UserId::parse(UUID).unwrap()
}

#[test]
fn a_request_is_written_as_the_description_says() {
    let to = Destination::parse("web.telegram.org:443").unwrap();
    let bytes = encode_request(&someone(), Command::Stream, &to).unwrap();
    assert_eq!(bytes[..2], [0, 0xb8]);
    assert_eq!(bytes[17..23], [0, 1, 1, 187, 2, 16]);
    assert_eq!(&bytes[23..], b"web.telegram.org");
    assert_eq!(request(&bytes), Ok(Some((Request { user: someone(), command: Command::Stream, to }, bytes.len()))));
}

#[test]
fn addons_are_skipped_on_both_ends() {
    let mut bytes =
        encode_request(&someone(), Command::Packets, &Destination::parse("[2001:db8::1]:53").unwrap()).unwrap();
    bytes.splice(17..18, [3, 9, 9, 9]);
    let (read, taken) = request(&bytes).unwrap().unwrap();
    assert_eq!((read.command, read.to.port, taken), (Command::Packets, 53, bytes.len()));
    assert_eq!(answer(&[0, 2, 7, 7, 1]), Ok(Some(((), 4))));
    assert_eq!(answer(&encode_answer()), Ok(Some(((), 2))));
}

#[test]
fn what_is_not_vless_is_refused_at_its_first_byte() {
    assert!(request(b"GET / HTTP/1.1").is_err());
    assert!(answer(b"HTTP/1.1 400 Bad Request").is_err());
    let mut bytes = encode_request(&someone(), Command::Stream, &Destination::parse("a.test:1").unwrap()).unwrap();
    bytes[18] = 3;
    assert!(request(&bytes).is_err(), "multiplexing is not spoken");
    bytes[18] = 1;
    bytes[19..21].fill(0);
    assert!(request(&bytes).is_err(), "port 0 is nowhere");
}

#[test]
fn a_user_is_a_uuid_or_a_word() {
    assert_eq!(someone().expose(), UUID);
    assert_eq!(UserId::parse(&UUID.replace('-', "").to_uppercase()).unwrap(), someone());
    // Xray's documentation of its mapping gives this pair.
    assert_eq!(UserId::parse("example").unwrap().expose(), "feb54431-301b-52bb-a6dd-e1e93e81bb9e");
    for wrong in ["", "b831381d6324-4d53-ad4f-8cda48b30811-", &"x".repeat(31)] {
        assert!(UserId::parse(wrong).is_none(), "{wrong}");
    }
    assert_eq!(format!("{:?}", someone()), "***");
}

#[test]
fn packets_come_out_of_a_stream_one_by_one() {
    let stream =
        [encode_packet(b"one").unwrap(), encode_packet(b"").unwrap(), encode_packet(b"three").unwrap()].concat();
    let (one, at) = packet(&stream).unwrap();
    let (two, next) = packet(&stream[at..]).unwrap();
    let (three, _) = packet(&stream[at + next..]).unwrap();
    assert_eq!((one, two, three), (&b"one"[..], &b""[..], &b"three"[..]));
    assert_eq!(packet(&stream[..4]), None);
    assert!(encode_packet(&[0; 65_536]).is_err());
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
    fn a_request_comes_back_whole_and_never_before(user: [u8; 16], to in any_destination(), packets: bool) {
        let command = if packets { Command::Packets } else { Command::Stream };
        let bytes = encode_request(&UserId::new(user), command, &to).unwrap();
        prop_assert!(bytes.len() <= LONGEST_REQUEST);
        for cut in 0..bytes.len() {
            prop_assert_eq!(request(&bytes[..cut]), Ok(None));
        }
        let want = Request { user: UserId::new(user), command, to };
        prop_assert_eq!(request(&[&bytes[..], b"more"].concat()), Ok(Some((want, bytes.len()))));
    }

    #[test]
    fn no_bytes_break_a_parser(bytes: Vec<u8>) {
        for taken in [
            request(&bytes).ok().flatten().map(|(_, taken)| taken),
            answer(&bytes).ok().flatten().map(|(_, taken)| taken),
            packet(&bytes).map(|(_, taken)| taken),
        ] {
            prop_assert!(taken.is_none_or(|taken| taken <= bytes.len()));
        }
    }
}
