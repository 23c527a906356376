use super::*;
use crate::model::{BadDestination, Host};
use proptest::prelude::*;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

fn to(text: &str) -> Destination {
    Destination::parse(text).unwrap()
}

/// Feeds `bytes` one by one: nothing may be said before the last one.
fn step_by_step<T: PartialEq + std::fmt::Debug>(parse: impl Fn(&[u8]) -> Parsed<T>, bytes: &[u8]) -> T {
    for end in 0..bytes.len() {
        assert_eq!(parse(&bytes[..end]), Ok(None), "at {end}");
    }
    let with_more = [bytes, b"early data"].concat();
    let (value, taken) = parse(&with_more).unwrap().unwrap();
    assert_eq!(taken, bytes.len());
    value
}

#[test]
fn a_greeting_lists_its_methods() {
    let methods = step_by_step(greeting, &[5, 3, 0, 1, 2]);
    assert_eq!(methods, [Method::NoAuth, Method::Other(1), Method::Login]);
    assert_eq!(encode_greeting(&methods), [5, 3, 0, 1, 2]);
    assert_eq!(choice(Method::Login), [5, 2]);
    assert_eq!(choice(Method::NoneAcceptable), [5, 0xFF]);
    assert_eq!(step_by_step(parse_choice, &[5, 0xFF]), Method::NoneAcceptable);
}

#[test]
fn a_login_keeps_its_bytes_and_hides_its_password() {
    let bytes = encode_login("jos\u{e9}".as_bytes(), b"open sesame").unwrap();
    let login = step_by_step(login, &bytes);
    assert_eq!(login.user, "jos\u{e9}".as_bytes());
    assert_eq!(login.password.expose(), b"open sesame");
    assert!(!format!("{login:?}").contains("sesame"));
    assert!(encode_login(&[b'u'; 256], b"p").is_err());
    assert!(step_by_step(parse_login_answer, &login_answer(true)));
    assert!(!step_by_step(parse_login_answer, &login_answer(false)));
}

#[test]
fn a_request_of_version_5_is_read_as_rfc_1928_draws_it() {
    let by_name = [&[5, 1, 0, 3, 11][..], b"example.org", &[1, 187]].concat();
    let Request { command, to: there } = step_by_step(request, &by_name);
    assert_eq!((command, there), (Command::Connect, to("example.org:443")));
    let by_v4 = [5, 1, 0, 1, 149, 154, 167, 51, 0, 80];
    assert_eq!(step_by_step(request, &by_v4).to, to("149.154.167.51:80"));
    let by_v6 = [&[5, 3, 0, 4][..], &[0; 15], &[1, 0, 0]].concat();
    let association = step_by_step(request, &by_v6);
    assert_eq!(association.command, Command::UdpAssociate);
    assert_eq!(association.to.port, 0);
}

#[test]
fn an_address_in_a_name_field_is_an_address() {
    let written = [&[5, 1, 0, 3, 9][..], b"127.0.0.1", &[0, 80]].concat();
    assert_eq!(step_by_step(request, &written).to.host, Host::Ip(Ipv4Addr::LOCALHOST.into()));
    let four_a = [&[4, 1, 0, 80, 0, 0, 0, 1, 0][..], b"::1", &[0]].concat();
    assert_eq!(step_by_step(request4, &four_a).to, to("[::1]:80"));
}

#[test]
fn what_cannot_be_served_gets_its_own_reply_code() {
    let wrong = |bytes: &[u8]| request(bytes).unwrap_err();
    assert_eq!(Reply::to_error(&wrong(&[5, 9])), Reply::CommandNotSupported);
    assert_eq!(Reply::to_error(&wrong(&[5, 1, 0, 9])), Reply::AddressTypeNotSupported);
    let bad_name = [&[5, 1, 0, 3, 3][..], b"a b", &[0, 80]].concat();
    assert_eq!(wrong(&bad_name), Error::BadHost { protocol: Protocol::Socks, why: BadDestination::BadCharacter });
    assert_eq!(Reply::to_error(&wrong(&bad_name)), Reply::GeneralFailure);
    let no_port = [5, 1, 0, 1, 1, 2, 3, 4, 0, 0];
    assert_eq!(wrong(&no_port), Error::BadHost { protocol: Protocol::Socks, why: BadDestination::BadPort });
    for bytes in [&[4u8][..], &[0x16, 3, 1]] {
        assert!(matches!(wrong(bytes), Error::Malformed { .. }));
    }
    assert!(matches!(request4(&[4, 3]), Err(Error::UnknownCommand(3))));
}

#[test]
fn a_name_with_an_empty_label_is_none() {
    for name in [".", "..", "a..b", ".a", "a.."] {
        let bytes = [&[5, 1, 0, 3, name.len() as u8][..], name.as_bytes(), &[0, 80]].concat();
        assert!(request(&bytes).is_err(), "{name}");
    }
    let with_root = [&[5, 1, 0, 3, 4][..], b"a.b.", &[0, 80]].concat();
    assert_eq!(step_by_step(request, &with_root).to, to("a.b:80"));
}

#[test]
fn a_reply_is_read_back_by_a_client() {
    for code in 0..=255 {
        let sent = Reply::from_code(code);
        assert_eq!(sent.code(), code);
        let bound: SocketAddr = "[2001:db8::7]:4180".parse().unwrap();
        let (got, at) = step_by_step(parse_reply, &reply(sent, bound));
        assert_eq!((got, at), (sent, bound.into()));
    }
    assert_eq!(reply(Reply::Succeeded, "0.0.0.0:0".parse().unwrap()), [5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn version_4_is_told_from_4a_by_the_address() {
    let four = [&[4, 1, 0, 80, 10, 0, 0, 1][..], b"me\0"].concat();
    let asked = step_by_step(request4, &four);
    assert_eq!((asked.to, asked.user, asked.is_4a), (to("10.0.0.1:80"), b"me".to_vec(), false));
    let four_a = [&[4, 1, 1, 187, 0, 0, 0, 255][..], b"\0web.telegram.org\0"].concat();
    let asked = step_by_step(request4, &four_a);
    assert_eq!((asked.to, asked.user, asked.is_4a), (to("web.telegram.org:443"), vec![], true));
    let all_zero = [4, 1, 0, 80, 0, 0, 0, 0, 0];
    assert!(!step_by_step(request4, &all_zero).is_4a);
    let bound = SocketAddrV4::new(Ipv4Addr::new(1, 2, 3, 4), 258);
    assert_eq!(reply4(true, bound), [0, 90, 1, 2, 1, 2, 3, 4]);
    assert_eq!(reply4(false, bound)[1], 91);
}

#[test]
fn a_user_without_end_is_not_held_forever() {
    let endless = [&[4, 1, 0, 80, 10, 0, 0, 1][..], &[b'a'; 256]].concat();
    assert!(matches!(request4(&endless), Err(Error::TooLarge { .. })));
    assert_eq!(request4(&endless[..endless.len() - 1]), Ok(None));
}

#[test]
fn a_datagram_names_its_destination_and_fragments_are_refused() {
    let header = encode_udp_header(&to("stun.example:3478")).unwrap();
    let datagram = [&header[..], b"payload"].concat();
    let (there, begins) = udp_header(&datagram).unwrap();
    assert_eq!((there, &datagram[begins..]), (to("stun.example:3478"), &b"payload"[..]));
    for end in 0..header.len() {
        assert!(udp_header(&header[..end]).is_err(), "at {end}");
    }
    let mut fragment = header;
    fragment[2] = 1;
    assert_eq!(udp_header(&fragment), Err(Error::Fragment(1)));
}

#[test]
fn a_name_that_does_not_fit_is_refused_not_cut() {
    let long = Destination::new(Host::Name("a".repeat(256).into()), 443);
    assert!(encode_request(Command::Connect, &long).is_err());
    assert!(encode_udp_header(&long).is_err());
}

fn any_destination() -> impl Strategy<Value = Destination> {
    let host = prop_oneof![
        any::<std::net::IpAddr>().prop_map(Host::Ip),
        "[a-z][a-z0-9-]{0,30}(\\.[a-z]{2,9}){1,3}".prop_map(|name| Host::parse(&name).unwrap()),
    ];
    (host, 1u16..).prop_map(|(host, port)| Destination::new(host, port))
}

proptest! {
    #[test]
    fn every_request_reads_back(there in any_destination(), command in 1u8..=3) {
        let command = Command::parse(command).unwrap();
        let bytes = encode_request(command, &there).unwrap();
        prop_assert_eq!(step_by_step(request, &bytes), Request { command, to: there.clone() });
        let header = encode_udp_header(&there).unwrap();
        prop_assert_eq!(udp_header(&header), Ok((there, header.len())));
    }

    #[test]
    fn every_login_reads_back(
        user in prop::collection::vec(any::<u8>(), 0..=255), password in prop::collection::vec(any::<u8>(), 0..=255)
    ) {
        let read = step_by_step(login, &encode_login(&user, &password).unwrap());
        prop_assert_eq!((read.user, read.password.expose()), (user, &password));
    }

    #[test]
    fn no_bytes_upset_a_parser(first in prop::sample::select(vec![0u8, 1, 4, 5]), mut bytes: Vec<u8>) {
        if let Some(b) = bytes.first_mut() {
            *b = first;
        }
        let whole = bytes.len();
        let taken = [
            greeting(&bytes).map(|p| p.map(|p| p.1)),
            login(&bytes).map(|p| p.map(|p| p.1)),
            request(&bytes).map(|p| p.map(|p| p.1)),
            request4(&bytes).map(|p| p.map(|p| p.1)),
            parse_choice(&bytes).map(|p| p.map(|p| p.1)),
            parse_login_answer(&bytes).map(|p| p.map(|p| p.1)),
            parse_reply(&bytes).map(|p| p.map(|p| p.1)),
            udp_header(&bytes).map(|p| Some(p.1)),
        ];
        for taken in taken.into_iter().flatten().flatten() {
            prop_assert!(taken <= whole);
        }
    }
}
