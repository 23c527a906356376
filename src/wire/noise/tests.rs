use super::chain::{Certificate, Chain, Details};
use super::*;
use crate::model::Grade;
use proptest::prelude::*;

const NOW: u64 = 1_780_000_000;

fn authority() -> Authority {
    Authority::new(&std::array::from_fn(|at| at as u8 ^ 0x5A))
}

fn random(seed: u8) -> [u8; 64] {
    std::array::from_fn(|at| (at as u8).wrapping_mul(73) ^ seed)
}

fn exchange(authority: &Authority, root: &[u8; 32], now: u64) -> Result<Option<Grade>, Error> {
    let (mut client, hello) = Client::hello([0x42; 32]).unwrap();
    let answer = serve(&hello, authority, &random(1)).unwrap().unwrap();
    client.answer(&answer, root, now)
}

fn hex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[test]
fn the_hello_is_43_bytes_as_clients_send_it() {
    let (_, hello) = Client::hello([0x42; 32]).unwrap();
    assert_eq!(hello.len(), 43);
    assert_eq!(hello[..11], [0x57, 0x41, 0x06, 0x03, 0, 0, 0x24, 0x12, 0x22, 0x0A, 0x20]);
    assert_eq!(hello[11..], xeddsa::public(&[0x42; 32]));
}

#[test]
fn a_chain_to_the_pinned_root_is_grade_a() {
    let authority = authority();
    assert_eq!(exchange(&authority, &authority.root(), NOW), Ok(Some(Grade::A)));
}

#[test]
fn the_answer_has_the_size_of_a_real_one() {
    let (_, hello) = Client::hello([0x42; 32]).unwrap();
    let dated = authority().valid(NOW - 1000, NOW + 1000);
    let answer = serve(&hello, &dated, &random(1)).unwrap().unwrap();
    assert!((337..=357).contains(&answer.len()), "{}", answer.len());
}

#[test]
fn another_root_is_somebody_elses_key() {
    let other = Authority::new(&random(9)).root();
    for root in [other, PINNED_ROOT, [0; 32], [0xFF; 32]] {
        assert!(matches!(exchange(&authority(), &root, NOW), Err(Error::ForeignKey(_))));
    }
}

#[test]
fn a_wrong_clock_is_told_from_a_wrong_key() {
    let at = |now| exchange(&authority().valid(NOW, NOW + 10), &authority().root(), now);
    assert_eq!(at(NOW), Ok(Some(Grade::A)));
    assert_eq!(at(NOW + 10), Ok(Some(Grade::A)));
    assert!(matches!(at(NOW - 1), Err(Error::OutOfDate(_))));
    assert!(matches!(at(NOW + 11), Err(Error::OutOfDate(_))));
    let other = Authority::new(&random(9)).root();
    assert!(matches!(exchange(&authority().valid(NOW, NOW), &other, 0), Err(Error::ForeignKey(_))));
}

#[test]
fn every_link_of_the_chain_counts() {
    let (root, middle, other) = ([1; 32], [2; 32], [3; 32]);
    let server = xeddsa::public(&[4; 32]);
    let certificate = |serial, issuer_serial, key, by: &[u8; 32]| {
        let details = Details { serial, issuer_serial, key, not_before: 0, not_after: NOW }.encode();
        Certificate { signature: xeddsa::sign(by, &details, &[0; 64]), details }
    };
    let chain = |leaf, intermediate| Chain { leaf, intermediate };
    let middle_key = xeddsa::public(&middle);
    let good_leaf = certificate(8, 7, server, &middle);
    let good_middle = certificate(7, 0, middle_key, &root);
    let check = |chain: Chain| {
        let chain = Chain::parse(&chain.encode()).unwrap();
        chain.check(&xeddsa::public(&root), &server, NOW)
    };
    assert_eq!(check(chain(good_leaf.clone(), good_middle.clone())), Ok(()));
    for (broken, why) in [
        (chain(good_leaf.clone(), certificate(7, 0, middle_key, &other)), "not signed by the root"),
        (chain(good_leaf.clone(), certificate(7, 5, middle_key, &root)), "another issuer than the root"),
        (chain(certificate(8, 7, server, &other), good_middle.clone()), "not signed by the intermediate"),
        (chain(certificate(8, 6, server, &middle), good_middle.clone()), "another issuer than the intermediate"),
        (chain(certificate(8, 7, [9; 32], &middle), good_middle.clone()), "another key"),
        (chain(good_leaf, certificate(7, 0, [0; 32], &root)), "not signed by the intermediate"),
    ] {
        let error = check(broken).unwrap_err();
        assert!(matches!(error, Error::ForeignKey(_)) && error.to_string().contains(why), "{error}: {why}");
    }
}

#[test]
fn a_middleman_with_the_real_certificates_is_found_out() {
    // He replays the chain of the real server, but cannot have its key.
    let real = authority().certify_for_test([7; 32], &random(1));
    let check = real.check(&authority().root(), &xeddsa::public(&[8; 32]), NOW);
    assert!(matches!(check, Err(Error::ForeignKey(why)) if why.contains("another key")));
}

#[test]
fn an_altered_answer_is_never_grade_a() {
    let authority = authority();
    let root = authority.root();
    let (_, hello) = Client::hello([0x42; 32]).unwrap();
    let answer = serve(&hello, &authority, &random(1)).unwrap().unwrap();
    for bit in 0..answer.len() * 8 {
        let mut altered = answer.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        let (mut client, _) = Client::hello([0x42; 32]).unwrap();
        let said = client.answer(&altered, &root, NOW);
        // X25519 ignores the top bit of a public key, but the hash does not.
        assert_ne!(said, Ok(Some(Grade::A)), "bit {bit}");
    }
}

#[test]
fn a_hello_altered_on_the_way_is_never_grade_a() {
    let authority = authority();
    let root = authority.root();
    for bit in (11 * 8..43 * 8).step_by(17) {
        let (mut client, mut hello) = Client::hello([0x42; 32]).unwrap();
        hello[bit / 8] ^= 1 << (bit % 8);
        let Ok(Some(answer)) = serve(&hello, &authority, &random(1)) else { continue };
        assert_eq!(client.answer(&answer, &root, NOW), Ok(Some(Grade::B)), "bit {bit}");
    }
}

#[test]
fn an_answer_of_the_right_shape_that_does_not_open_is_grade_b() {
    let authority = authority();
    let (_, hello) = Client::hello([0x42; 32]).unwrap();
    let to_another = serve(&hello, &authority, &random(1)).unwrap().unwrap();
    let (mut client, _) = Client::hello([0x43; 32]).unwrap();
    assert_eq!(client.answer(&to_another, &authority.root(), NOW), Ok(Some(Grade::B)));
}

#[test]
fn both_ends_wait_for_the_last_byte_and_no_longer() {
    let authority = authority();
    let root = authority.root();
    let (_, hello) = Client::hello([0x42; 32]).unwrap();
    let routed = [&ROUTING[..], &[0, 0, 5], b"route", &hello].concat();
    for hello in [hello, routed] {
        for end in 0..hello.len() {
            assert_eq!(serve(&hello[..end], &authority, &random(1)), Ok(None), "at {end}");
        }
        let answer = serve(&[&hello[..], b"more"].concat(), &authority, &random(1)).unwrap().unwrap();
        let (mut client, _) = Client::hello([0x42; 32]).unwrap();
        let (last, first) = answer.split_last().unwrap();
        for byte in first {
            assert_eq!(client.answer(&[*byte], &root, NOW), Ok(None));
        }
        assert_eq!(client.answer(&[*last], &root, NOW), Ok(Some(Grade::A)));
        assert!(client.answer(&[0], &root, NOW).is_err(), "there is one answer only");
    }
}

#[test]
fn what_is_no_handshake_is_refused() {
    let (mut client, _) = Client::hello([1; 32]).unwrap();
    assert!(matches!(client.answer(b"HTTP/1.1 400 Bad Request\r\n", &PINNED_ROOT, NOW), Err(Error::TooLarge { .. })));
    let (mut client, _) = Client::hello([1; 32]).unwrap();
    assert!(client.answer(&[0, 0, 0], &PINNED_ROOT, NOW).is_err());
    let (mut client, hello) = Client::hello([1; 32]).unwrap();
    assert!(client.answer(&hello[4..], &PINNED_ROOT, NOW).is_err(), "an echo is no answer");
    for hello in [&b"GET /"[..], &[0x57, 0x41, 0x06, 0x02], &[0x57, 0x41, 6, 3, 0, 0, 1, 0]] {
        assert!(serve(hello, &authority(), &random(1)).is_err(), "{hello:?}");
    }
}

#[test]
fn a_key_of_small_order_is_refused() {
    let mut server_hello = Vec::new();
    protobuf::put_bytes(&mut server_hello, 1, &[0; 32]);
    protobuf::put_bytes(&mut server_hello, 2, &[0; 48]);
    protobuf::put_bytes(&mut server_hello, 3, &[0; 64]);
    let mut message = Vec::new();
    protobuf::put_bytes(&mut message, 3, &server_hello);
    let (mut client, _) = Client::hello([1; 32]).unwrap();
    assert!(matches!(client.answer(&frame(&message), &PINNED_ROOT, NOW), Err(Error::Malformed { .. })));
}

#[test]
fn the_first_message_follows_the_deviation() {
    // h after the first message, computed from its definition: SHA-256(SHA-256(name ‖ header) ‖ key), nothing more.
    let sha = |data: &[u8]| aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, data).as_ref().to_vec();
    let name = b"Noise_XX_25519_AESGCM_SHA256\0\0\0\0";
    let expected = sha(&[&sha(&[&name[..], &HEADER].concat())[..], &[5; 32]].concat());
    let mut state = symmetric::Symmetric::new(&HEADER);
    state.mix_hash(&[5; 32]);
    assert_eq!(state.hash_for_test().as_slice(), expected);
}

#[test]
fn a_signature_of_libsignal_is_accepted() {
    // The vector of the Java and Rust libraries' own tests (an identity key and a signed key).
    let key: [u8; 32] = hex("ab7e717d4a163b7d9a1d8071dfe9dcf8cdcd1cea3339b6356be84d887e322c64").try_into().unwrap();
    let message = hex("05edce9d9c415ca78cb7252e72c2c4a554d3eb29485a0e1d503118d1a82d99fb4a");
    let signature: [u8; 64] = hex(concat!(
        "5de88ca9a89b4a115da79109c67c9c7464a3e4180274f1cb8c63c2984e286dfb",
        "ede82deb9dcd9fae0bfbb821569b3d9001bd8130cd11d486cef047bd60b86e88"
    ))
    .try_into()
    .unwrap();
    assert!(xeddsa::verify(&key, &message, &signature));
    for at in 0..64 {
        let mut altered = signature;
        altered[at] ^= 1;
        assert!(!xeddsa::verify(&key, &message, &altered), "byte {at}");
    }
    assert!(!xeddsa::verify(&key, &message[1..], &signature));
}

proptest! {
    // Point arithmetic without optimisation is slow.
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn every_signature_is_accepted_and_no_other(private: [u8; 32], message: Vec<u8>, random: [u8; 32], bit in 0usize..512) {
        let random = std::array::from_fn(|at| random[at % 32]);
        let signature = xeddsa::sign(&private, &message, &random);
        let key = xeddsa::public(&private);
        prop_assert!(xeddsa::verify(&key, &message, &signature));
        let mut altered = signature;
        altered[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(!xeddsa::verify(&key, &message, &altered));
        prop_assert!(!xeddsa::verify(&key, &[&message[..], &[0]].concat(), &signature));
    }

    #[test]
    fn every_exchange_is_grade_a(client: [u8; 32], server: [[u8; 32]; 2], keys: [[u8; 32]; 2], now: u64, step in 1usize..400) {
        let authority = Authority::new(keys.as_flattened().first_chunk().unwrap());
        let root = authority.root();
        let (mut end, hello) = Client::hello(client).unwrap();
        let answer = serve(&hello, &authority, server.as_flattened().first_chunk().unwrap()).unwrap().unwrap();
        let said: Vec<_> =
            answer.chunks(step).filter_map(|part| end.answer(part, &root, now).unwrap()).collect();
        prop_assert_eq!(said, [Grade::A]);
    }

}

proptest! {
    #[test]
    fn no_bytes_upset_either_end(bytes: Vec<u8>) {
        let (mut client, _) = Client::hello([1; 32]).unwrap();
        let _ = client.answer(&bytes, &PINNED_ROOT, NOW);
        let (mut client, _) = Client::hello([1; 32]).unwrap();
        let _ = client.answer(&frame(&bytes), &PINNED_ROOT, NOW);
        let _ = serve(&bytes, &authority(), &random(1));
        let _ = serve(&[&HEADER[..], &frame(&bytes)].concat(), &authority(), &random(1));
        let _ = Chain::parse(&bytes);
        let _ = begins(&bytes);
    }

    #[test]
    fn every_protobuf_reads_back(field in 1u64..1 << 29, number: u64, bytes: Vec<u8>) {
        let mut out = Vec::new();
        protobuf::put_number(&mut out, field, number);
        protobuf::put_bytes(&mut out, field + 1, &bytes);
        let message = protobuf::Message::parse(&out).unwrap();
        prop_assert_eq!((message.number(field), message.bytes(field + 1)), (Some(number), Some(&bytes[..])));
        prop_assert_eq!((message.number(field + 2), message.bytes(field)), (Some(0), None));
        prop_assert!(protobuf::Message::parse(&out[..out.len() - 1]).is_none_or(|_| bytes.is_empty()));
    }
}

/// What a server sends: its answer, and frames of these sizes.
fn frames_after_answer(sizes: &[usize]) -> (Vec<u8>, Vec<usize>) {
    let (_, hello) = Client::hello([0x42; 32]).unwrap();
    let mut stream = serve(&hello, &authority(), &random(1)).unwrap().unwrap();
    let mut ends = vec![0, stream.len()];
    for size in sizes {
        stream.extend(frame(&vec![0x5A; *size]));
        ends.push(stream.len());
    }
    (stream, ends)
}

#[test]
fn a_frame_is_owed_from_its_first_byte_to_its_last() {
    let (_, hello) = Client::hello([0x42; 32]).unwrap();
    let routed = [&[0x45, 0x44, 0, 1, 0, 0, 2, 9, 9][..], &hello].concat();
    let (stream, ends) = frames_after_answer(&[1, 40, 70_000]);
    for flight in [&hello, &routed] {
        let mut frames = Frames::after(flight).unwrap();
        for (at, byte) in stream.iter().enumerate() {
            frames.feed(&[*byte]);
            assert_eq!(frames.is_owed(), !ends.contains(&(at + 1)), "after {}", at + 1);
        }
    }
}

#[test]
fn what_is_no_answer_to_a_hello_is_not_followed() {
    let (_, hello) = Client::hello([0x42; 32]).unwrap();
    for stream in [&b"\x00\x00\x05hello"[..5], b"HTTP/1.1 400 Bad", b"\x00\x01\x5e\x1bxx", b"\x15\x03\x01\x00\x02\x02"]
    {
        let mut frames = Frames::after(&hello).unwrap();
        frames.feed(stream);
        assert!(!frames.is_owed(), "{stream:x?}");
    }
    assert!(Frames::after(b"\x16\x03\x01").is_none() && Frames::after(b"WA").is_none());
}

proptest! {
    #[test]
    fn frames_are_followed_alike_in_any_portions(
        sizes in prop::collection::vec(1usize..3_000, 0..6), cut in 0usize..9_000, step in 1usize..700,
    ) {
        let (_, hello) = Client::hello([0x42; 32]).unwrap();
        let (whole, ends) = frames_after_answer(&sizes);
        let stream = &whole[..cut.min(whole.len())];
        let (mut at_once, mut in_steps) = (Frames::after(&hello).unwrap(), Frames::after(&hello).unwrap());
        at_once.feed(stream);
        stream.chunks(step).for_each(|part| in_steps.feed(part));
        prop_assert_eq!(at_once.is_owed(), in_steps.is_owed());
        prop_assert_eq!(at_once.is_owed(), !ends.contains(&stream.len()));
    }

    #[test]
    fn no_stream_upsets_the_follower(stream: Vec<u8>) {
        let mut frames = Frames::after(b"WA\x06\x03").unwrap();
        frames.feed(&stream);
        let _ = frames.is_owed();
    }
}
