use super::protect::Side;
use super::server::Asked;
use super::*;
use crate::wire::{Error, Protocol};
use proptest::prelude::*;

const IDS: Ids = Ids { to: [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08], from: *b"clientid" };
/// The ClientHello of RFC 9001 §A.2, for example.com.
const HELLO: &str = "
    010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c000004130113020100
    00c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d0017001800100007000504616c
    706e000500050100000000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e9
    94ec74d748002b0003020304000d0010000e0403050306030203080408050806002d00020101001c0002400100390032
    0408ffffffffffffffff05048000ffff07048000ffff0801100104800075300901100f088394c8f03e51570806048000
    ffff";

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn client() -> Client {
    Client::new(IDS, hex(HELLO)).unwrap()
}

fn asked(client: &mut Client) -> server::Initial {
    match server::read(&client.initial().unwrap()) {
        Some(Asked::Initial(initial)) => initial,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_clients_initial_of_rfc_9001_a_2_is_written_bit_by_bit() {
    let hello = hex(HELLO);
    let frames = [&[6, 0, 0x40, 0xf1][..], &hello].concat();
    let keys = protect::keys(&IDS.to, Side::Client).unwrap();
    let initial = protect::Initial { to: &IDS.to, from: &[], number: 2, frames: &frames, at_least: 1200 };
    let packet = protect::seal(&keys, &initial).unwrap();
    assert_eq!(packet.len(), 1200);
    assert_eq!(packet[..32], hex("c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11")[..]);
    assert_eq!(packet[1184..], hex("e221af44860018ab0856972e194cd934")[..]);
}

#[test]
fn the_servers_initial_of_rfc_9001_a_3_opens() {
    let packet = hex("
        cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb3
        8cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84
        022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc42158407dd074ee");
    let keys = protect::keys(&IDS.to, Side::Client).unwrap();
    let opened = protect::open(&keys, &packet).unwrap();
    assert_eq!((opened.number, &opened.from[..], &opened.to[..]), (1, &hex("f067a5502a4262b5")[..], &[][..]));
    assert_eq!(opened.frames[..9], hex("02000000000600405a")[..]);
    let followed = [&packet[..], &[0xe0, 1, 2, 3]].concat();
    assert_eq!(protect::open(&keys, &followed), Ok(opened), "another packet may follow in the datagram");
}

#[test]
fn the_retry_of_rfc_9001_a_4_has_the_right_tag() {
    let packet = hex("ff000000010008f067a5502a4262b5746f6b656e04a265ba2eff4d829058fb3f0f2496ba");
    let (body, tag) = packet.split_last_chunk::<16>().unwrap();
    assert_eq!(protect::retry_tag(&IDS.to, body).unwrap(), *tag);
}

#[test]
fn a_server_reads_the_name_and_its_answer_is_known() {
    let mut client = client();
    let initial = asked(&mut client);
    assert_eq!(initial.hello().unwrap().server_name.as_deref(), Some("example.com"));
    assert_eq!((initial.to(), initial.crypto()), (&IDS.to[..], &hex(HELLO)[..]));
    let answer = initial.answer(*b"serverid", &[2, 0, 0, 1, 0]).unwrap();
    assert_eq!(client.answer(&answer), Ok(Answer::Initial(b"serverid".to_vec())));
    assert_eq!(client.answer(&initial.retry(*b"serverid", b"token").unwrap()), Ok(Answer::Retry));
    assert_eq!(client.close(b"serverid").unwrap().len(), SHORTEST_DATAGRAM);
}

#[test]
fn a_refusal_is_known_for_one_and_only_by_whom_it_is_for() {
    let mut client = client();
    let refusal = asked(&mut client).refuse(*b"serverid").unwrap();
    assert_eq!(client.answer(&refusal), Ok(Answer::Closed(CONNECTION_REFUSED)));
    let stranger = Client::new(Ids { to: [3; 8], from: IDS.from }, hex(HELLO)).unwrap();
    assert!(stranger.answer(&refusal).is_err(), "other keys");
}

#[test]
fn no_packet_number_is_used_twice() {
    let mut client = client();
    let (first, second) = (client.initial().unwrap(), client.initial().unwrap());
    assert!(first != second && first.len() == SHORTEST_DATAGRAM && second.len() == SHORTEST_DATAGRAM);
    let Some(Asked::Initial(initial)) = server::read(&second) else { panic!("the second one is an initial too") };
    assert_eq!(client.answer(&initial.answer([1; 8], b"x").unwrap()), Ok(Answer::Initial(vec![1; 8])));
}

#[test]
fn an_unknown_version_is_answered_with_those_that_are_spoken() {
    let packet = unknown_version(IDS, &[0x5c; SHORTEST_DATAGRAM]);
    assert_eq!(packet.len(), SHORTEST_DATAGRAM);
    let Some(Asked::OtherVersion { version, to, from }) = server::read(&packet) else { panic!("it has a long header") };
    assert_eq!((version & 0x0f0f_0f0f, &to[..], &from[..]), (0x0a0a_0a0a, &IDS.to[..], &IDS.from[..]));
    let answer = server::version_negotiation(&to, &from, 0x33, &[0x1a2a_3a4a, V1]);
    assert_eq!(version_answer(IDS, &answer), Ok(vec![0x1a2a_3a4a, V1]));
    assert!(client().answer(&answer).is_err(), "an answer to version 1 does not offer version 1");
    let newer = server::version_negotiation(&to, &from, 0x33, &[0x6b33_43cf]);
    assert_eq!(client().answer(&newer), Ok(Answer::Versions(vec![0x6b33_43cf])));
}

#[test]
fn what_does_not_fit_the_question_is_no_answer() {
    let mut client = client();
    let initial = asked(&mut client);
    let mut others = Client::new(Ids { to: [9; 8], ..IDS }, hex(HELLO)).unwrap();
    let versions = server::version_negotiation(&IDS.to, &IDS.from, 0, &[2]);
    let answers =
        [initial.answer([1; 8], b"hello").unwrap(), initial.retry([1; 8], b"token").unwrap(), versions.clone()];
    for answer in &answers {
        for end in 0..answer.len() {
            // A list of versions may end after any of them; it has one here.
            assert!(client.answer(&answer[..end]).is_err(), "cut at {end}");
        }
        let mut to_another = answer.clone();
        to_another[6] ^= 1;
        assert!(client.answer(&to_another).is_err());
    }
    assert!(client.answer(&asked(&mut others).answer([1; 8], b"hello").unwrap()).is_err(), "another connection's keys");
    assert!(client.answer(&asked(&mut others).retry([1; 8], b"token").unwrap()).is_err(), "another connection's tag");
    assert!(client.answer(&client_echo()).is_err(), "an echo");
    assert!(client.answer(&initial.retry(IDS.to, b"token").unwrap()).is_err(), "our own choice as the server's");
    assert!(client.answer(&initial.retry([1; 8], b"").unwrap()).is_err(), "no token");
    for at in [5, 20, 40, 1199] {
        let mut altered = answers[0].clone();
        altered[at] ^= 0x10;
        assert!(client.answer(&altered).is_err(), "byte {at}");
    }
}

fn client_echo() -> Vec<u8> {
    client().initial().unwrap()
}

#[test]
fn a_hello_that_browsers_cut_and_mixed_is_put_together() {
    let hello = hex(HELLO);
    let (head, tail) = hello.split_at(100);
    let frames = [&[1, 0, 0, 6, 0x40, 100, 0x40, tail.len() as u8][..], tail, &[1, 6, 0, 0x40, 100], head].concat();
    let keys = protect::keys(&IDS.to, Side::Client).unwrap();
    let initial = protect::Initial { to: &IDS.to, from: &IDS.from, number: 0, frames: &frames, at_least: 1200 };
    let Some(Asked::Initial(read)) = server::read(&protect::seal(&keys, &initial).unwrap()) else { panic!("opens") };
    assert_eq!(read.crypto(), hello);
}

#[test]
fn short_datagrams_and_long_hellos_are_refused() {
    let whole = client_echo();
    assert!(server::read(&whole[..1199]).is_none());
    let limit =
        Error::TooLarge { protocol: Protocol::Quic, what: "the client hello of one packet in bytes", limit: 1136 };
    assert_eq!(Client::new(IDS, vec![0; 1137]).err(), Some(limit));
    assert!(Client::new(IDS, vec![0; 1136]).unwrap().initial().unwrap().len() == SHORTEST_DATAGRAM);
}

#[test]
fn the_transport_parameters_name_the_clients_own_id() {
    let bytes = transport_parameters(IDS);
    assert!(bytes.ends_with(&[&[0x0f, 8][..], &IDS.from].concat()));
}

proptest! {
    #[test]
    fn no_bytes_upset_the_readers(bytes: Vec<u8>, frames in prop::collection::vec(any::<u8>(), 0..300)) {
        let client = client();
        let _ = (client.answer(&bytes), server::read(&bytes), version_answer(IDS, &bytes));
        // The same behind the right header, and as the frames of a packet that opens.
        for first in [0xc0, 0xf0, 0x80] {
            for version in [0, V1] {
                let mut packet = Vec::new();
                header::put(&mut packet, first, version, &IDS.from, b"server");
                packet.extend_from_slice(&bytes);
                let _ = client.answer(&packet);
                packet.resize(packet.len().max(SHORTEST_DATAGRAM), 7);
                let _ = server::read(&packet);
            }
        }
        let keys = protect::keys(&IDS.to, Side::Client).unwrap();
        let initial = protect::Initial { to: &IDS.to, from: &IDS.from, number: 0, frames: &frames, at_least: 1200 };
        if let Some(Asked::Initial(read)) = server::read(&protect::seal(&keys, &initial).unwrap()) {
            let _ = read.hello();
        }
    }
}
