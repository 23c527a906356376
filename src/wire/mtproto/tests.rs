use super::framing::Framing;
use super::*;
use proptest::prelude::*;

fn start(padding_words: u8) -> Start {
    let random = std::array::from_fn(|at| (at as u8).wrapping_mul(37).wrapping_add(11));
    Start { random, nonce: [0xA5; 16], dc: 2, msg_id: 0x6500_0000_1234_5678, padding_words, padding: [0x3C; 252] }
}

/// A client that has asked, and a server that has heard it.
fn asked(start: &Start) -> (Client, Server) {
    let (client, hello) = Client::hello(start);
    let mut server = Server::new();
    assert_eq!(server.receive(&hello), Ok(Some(start.nonce)));
    (client, server)
}

#[test]
fn the_question_is_heard_and_the_answer_understood() {
    let (mut client, mut server) = asked(&start(0));
    let bytes = server.res_pq(&[0xA5; 16], &[7; 16], &[PRODUCTION_KEY, 5]);
    assert!((85..=109).contains(&bytes.len()), "{}", bytes.len());
    let answer = Answer::ResPq { fingerprints: vec![PRODUCTION_KEY, 5], server_nonce: [7; 16] };
    assert_eq!(client.answer(&bytes), Ok(Some(answer)));
}

#[test]
fn the_hello_is_as_the_apps_send_it() {
    for (words, length) in [(0, 105), (1, 109), (63, 357), (64, 357), (255, 357)] {
        let start = start(words);
        let (_, hello) = Client::hello(&start);
        assert_eq!(hello.len(), length, "{words} words");
        assert_eq!(hello[..56], start.random[..56], "the key travels in the clear");
        // What an observer can work out for itself.
        let init = hello.first_chunk().unwrap();
        let (mut streams, framing) = obfuscation::server(init).unwrap();
        assert_eq!(framing, Framing::Abridged);
        let clear = streams.receiving.turn(&hello[64..]);
        let payload = length - 65;
        assert_eq!(usize::from(clear[0]), payload / 4);
        assert_eq!(clear[1..9], [0; 8]);
        let msg_id = i64::from_le_bytes(clear[9..17].try_into().unwrap());
        assert_eq!((msg_id % 4, msg_id >> 32), (0, start.msg_id >> 32));
        assert_eq!(clear[17..21], (length as u32 - 85).to_le_bytes());
        assert_eq!(clear[21..25], [0x78, 0x97, 0x46, 0x60]);
        assert_eq!(clear[25..41], start.nonce);
        assert!(clear[41..].iter().all(|byte| *byte == 0x3C));
    }
}

#[test]
fn the_init_names_framing_and_data_centre_under_its_own_key() {
    let mut from = start(0);
    from.dc = -10_004;
    let (_, hello) = Client::hello(&from);
    // Independent of our own stream: counter mode written out block by block.
    let key = aws_lc_rs::cipher::UnboundCipherKey::new(&aws_lc_rs::cipher::AES_256, &hello[8..40]).unwrap();
    let block = aws_lc_rs::cipher::EncryptingKey::ecb(key).unwrap();
    let counter = u128::from_be_bytes(hello[40..56].try_into().unwrap());
    let mut pad = counter.wrapping_add(3).to_be_bytes();
    block.encrypt(&mut pad).unwrap();
    let clear: Vec<u8> = hello[48..64].iter().zip(pad).map(|(a, b)| a ^ b).collect();
    assert_eq!(clear[8..12], [0xEF; 4]);
    assert_eq!(i16::from_le_bytes([clear[12], clear[13]]), -10_004);
    assert!(is_init(&hello) && !is_init(&hello[..63]) && !is_init(&[0x55; 64]));
}

#[test]
fn a_start_that_looks_like_another_protocol_is_changed() {
    let words: [&[u8]; 10] = [
        b"HEAD",
        b"POST",
        b"GET ",
        b"OPTI",
        &[0xDD; 4],
        &[0xEE; 4],
        &[0x16, 3, 1, 2],
        &[0xEF],
        &[0xEF, 1, 2, 3],
        &[1, 2, 3, 4, 0, 0, 0, 0],
    ];
    for word in words {
        for spare in [0, 1, 17, 255] {
            let mut from = start(3);
            from.random[..word.len()].copy_from_slice(word);
            from.random[56..60].fill(spare);
            let (_, hello) = Client::hello(&from);
            assert!(!hello.starts_with(word), "{word:x?}");
            assert!(is_init(&hello), "{word:x?}");
            assert_ne!(hello[0], 0xEF);
            assert_ne!(hello[4..8], [0; 4]);
            assert_eq!(hello[8..56], from.random[8..56]);
            assert_eq!(Server::new().receive(&hello), Ok(Some(from.nonce)));
        }
    }
}

#[test]
fn a_transport_error_is_an_answer() {
    let (mut client, mut server) = asked(&start(9));
    assert_eq!(client.answer(&server.transport_error(-404)), Ok(Some(Answer::TransportError(-404))));
    assert!(matches!(client.answer(&server.frame(&404i32.to_le_bytes())), Err(Error::Malformed { .. })));
}

#[test]
fn an_answer_to_another_question_is_refused() {
    let (mut client, mut server) = asked(&start(0));
    let replayed = server.res_pq(&[0xA4; 16], &[7; 16], &[PRODUCTION_KEY]);
    assert_eq!(client.answer(&replayed), Err(Error::WrongNonce));
}

#[test]
fn an_answer_is_the_same_in_any_portions_and_never_early() {
    let (_, mut server) = asked(&start(0));
    let bytes = server.res_pq(&[0xA5; 16], &[7; 16], &[PRODUCTION_KEY]);
    let (mut client, hello) = Client::hello(&start(0));
    let mut slow = Server::new();
    let heard: Vec<_> = hello.iter().map(|byte| slow.receive(&[*byte]).unwrap()).collect();
    assert_eq!(heard.iter().position(Option::is_some), Some(hello.len() - 1));
    let said: Vec<_> = bytes.iter().map(|byte| client.answer(&[*byte]).unwrap()).collect();
    assert_eq!(said.iter().position(Option::is_some), Some(bytes.len() - 1));
}

#[test]
fn an_altered_answer_is_never_taken_for_another_one() {
    let (_, mut server) = asked(&start(0));
    let bytes = server.res_pq(&[0xA5; 16], &[7; 16], &[PRODUCTION_KEY]);
    let right = Answer::ResPq { fingerprints: vec![PRODUCTION_KEY], server_nonce: [7; 16] };
    for bit in 0..bytes.len() * 8 {
        let mut altered = bytes.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        let (mut client, _) = Client::hello(&start(0));
        let said = client.answer(&altered);
        // Unsigned parts may change unnoticed: the server's nonce, pq, the fingerprint, the identifier. What counts
        // for the probe, nonce and known fingerprint, may not.
        let in_nonce = (25 * 8..41 * 8).contains(&bit);
        if in_nonce {
            assert_eq!(said, Err(Error::WrongNonce), "bit {bit}");
        }
        if let Ok(Some(Answer::ResPq { fingerprints, .. })) = said {
            let in_key = bit >= (bytes.len() - 8) * 8;
            assert_eq!(fingerprints == [PRODUCTION_KEY], !in_key, "bit {bit}");
        }
    }
    let (mut client, _) = Client::hello(&start(0));
    assert_eq!(client.answer(&bytes), Ok(Some(right)));
}

#[test]
fn the_server_takes_every_framing_and_both_questions() {
    for framing in [Framing::Abridged, Framing::Intermediate, Framing::Padded] {
        for question in [0x6046_9778u32, 0xbe7e_8ef1] {
            let (mut streams, init) = obfuscation::client(&start(0).random, framing, 4);
            let body = [&question.to_le_bytes()[..], &[9; 16]].concat();
            let mut packet = [&[0; 8][..], &8i64.to_le_bytes(), &20u32.to_le_bytes(), &body].concat();
            if framing == Framing::Padded {
                packet.extend([1, 2, 3]);
            }
            let mut server = Server::new();
            assert_eq!(server.receive(&init), Ok(None));
            assert_eq!(server.receive(&streams.sending.turn(&framing.wrap(&packet))), Ok(Some([9; 16])));
            let answer = streams.receiving.turn(&server.res_pq(&[9; 16], &[1; 16], &[2]));
            let (packet, taken) = framing.unwrap(&answer).unwrap().unwrap();
            assert_eq!(taken, answer.len());
            assert!(
                matches!(message::said(packet), Ok(message::Said::ResPq { fingerprints, .. }) if fingerprints == [2])
            );
        }
    }
}

#[test]
fn traffic_flows_both_ways_after_the_question() {
    let (mut client, mut server) = asked(&start(5));
    let upload = client.frame(&[1; 70_000]);
    let (head, tail) = upload.split_at(1000);
    assert_eq!(server.packet(head), Ok(None));
    assert_eq!(server.packet(tail), Ok(Some(vec![1; 70_000])));
    let two = [server.frame(&[2; 8]), server.frame(&[3; 4])].concat();
    assert_eq!(client.packet(&two), Ok(Some(vec![2; 8])));
    assert_eq!(client.packet(&[]), Ok(Some(vec![3; 4])));
    assert_eq!(client.packet(&[]), Ok(None));
    assert_eq!(server.receive(&client.frame(&[4; 40])), Ok(None), "an encrypted message after the question");
    assert!(Server::new().frame(b"early").is_empty());
}

#[test]
fn what_is_no_question_is_refused() {
    assert!(matches!(Server::new().receive(&[0x55; 64]), Err(Error::Malformed { .. })));
    let asks = |packet: &[u8]| {
        let (mut streams, init) = obfuscation::client(&start(0).random, Framing::Abridged, 1);
        let mut server = Server::new();
        server.receive(&[&init[..], &streams.sending.turn(&Framing::Abridged.wrap(packet))].concat())
    };
    assert!(asks(&[1; 40]).is_err(), "encrypted before any key");
    assert!(asks(&[0; 40]).is_err(), "no known question");
    assert!(asks(&[0; 12]).is_err(), "no whole header");
    assert!(asks(&[]).is_err(), "nothing");
    let quick_ack = [0x80, 1, 2, 3];
    assert!(Framing::Abridged.unwrap(&quick_ack).is_err());
    assert!(Framing::Padded.unwrap(&[0xFF; 4]).is_err());
}

#[test]
fn long_packets_use_the_long_form() {
    let at = |words: usize| Framing::Abridged.wrap(&vec![6; words * 4]);
    assert_eq!(at(126)[..2], [126, 6]);
    assert_eq!(at(127)[..5], [0x7F, 127, 0, 0, 6]);
    assert_eq!(at(0x1234)[..5], [0x7F, 0x34, 0x12, 0, 6]);
    for words in [126, 127, 0x1234] {
        assert_eq!(Framing::Abridged.unwrap(&at(words)), Ok(Some((&vec![6; words * 4][..], at(words).len()))));
    }
}

proptest! {
    #[test]
    fn every_question_is_heard(
        random in prop::array::uniform32(any::<[u8; 2]>()), nonce: [u8; 16], dc: i16, msg_id: i64, padding_words: u8, step in 1usize..80,
    ) {
        let random = *random.as_flattened().first_chunk().unwrap();
        let start = Start { random, nonce, dc, msg_id, padding_words, padding: [9; 252] };
        let (_, hello) = Client::hello(&start);
        let mut server = Server::new();
        let heard: Vec<_> = hello.chunks(step).filter_map(|part| server.receive(part).unwrap()).collect();
        prop_assert_eq!(heard, [nonce]);
    }

    #[test]
    fn no_bytes_upset_either_end(bytes: Vec<u8>, length in 0u8..40) {
        let (mut client, mut server) = asked(&start(0));
        let _ = client.answer(&bytes);
        let _ = server.receive(&bytes);
        // Past the cipher, so that the readers behind it are met.
        let (mut client, mut server) = asked(&start(0));
        let packet = [&[length][..], &bytes].concat();
        if let Some((streams, _)) = &mut server.session {
            let _ = client.answer(&streams.sending.turn(&packet));
        }
        let _ = message::said(&bytes);
        let _ = message::question(&bytes);
        for framing in [Framing::Abridged, Framing::Intermediate, Framing::Padded] {
            let _ = framing.unwrap(&bytes);
        }
    }

    #[test]
    fn every_packet_is_unwrapped(words in prop::collection::vec(any::<[u8; 4]>(), 1..600), rest: Vec<u8>) {
        let payload = words.as_flattened();
        for framing in [Framing::Abridged, Framing::Intermediate, Framing::Padded] {
            let wrapped = framing.wrap(payload);
            let stream = [&wrapped[..], &rest].concat();
            prop_assert_eq!(framing.unwrap(&stream), Ok(Some((payload, wrapped.len()))));
            prop_assert_eq!(framing.unwrap(&wrapped[..wrapped.len() - 1]), Ok(None));
        }
    }
}

/// What a server sends: packets of these sizes, each with its length before it, under the keys of `init`.
fn packets(init: &[u8; 64], sizes: &[usize]) -> Vec<u8> {
    let (mut streams, framing) = obfuscation::server(init).unwrap();
    let clear: Vec<u8> = sizes.iter().flat_map(|size| framing.wrap(&vec![0xA5; *size])).collect();
    streams.sending.turn(&clear)
}

fn init(framing: Framing) -> [u8; 64] {
    let random = std::array::from_fn(|at| (at as u8).wrapping_mul(59).wrapping_add(0x81));
    obfuscation::client(&random, framing, 4).1.try_into().unwrap()
}

#[test]
fn a_packet_is_owed_from_its_first_byte_to_its_last() {
    for framing in [Framing::Abridged, Framing::Intermediate, Framing::Padded] {
        let init = init(framing);
        let stream = packets(&init, &[4, 88, 508, 70_000]);
        let header = if framing == Framing::Abridged { 1 } else { 4 };
        let ends = [header + 4, 2 * header + 92, 2 * header + 4 + 600];
        let mut frames = Frames::after(&init).unwrap();
        for (at, byte) in stream.iter().enumerate() {
            frames.feed(&[*byte]);
            let whole = ends.contains(&(at + 1)) || at + 1 == stream.len();
            assert_eq!(frames.is_owed(), !whole, "{framing:?} after {}", at + 1);
        }
    }
}

#[test]
fn a_quick_acknowledgement_is_no_packet() {
    for (framing, clear) in [(Framing::Abridged, [0x80, 1, 2, 3]), (Framing::Padded, [1, 2, 3, 0x80])] {
        let init = init(framing);
        let (mut streams, _) = obfuscation::server(&init).unwrap();
        let mut frames = Frames::after(&init).unwrap();
        let owed: Vec<bool> = streams
            .sending
            .turn(&clear)
            .iter()
            .map(|byte| {
                frames.feed(&[*byte]);
                frames.is_owed()
            })
            .collect();
        assert_eq!(owed, [true, true, true, false], "{framing:?}");
    }
}

#[test]
fn what_names_no_framing_is_not_followed() {
    assert!(Frames::after(&[0x55; 64]).is_none() && Frames::after(b"GET / HTTP/1.1\r\n\r\n").is_none());
    assert!(Frames::after(&[]).is_none());
    let mut clear = Frames::after(&[0xEE; 4]).unwrap();
    clear.feed(&[8, 0, 0, 0, 1, 2, 3]);
    assert!(clear.is_owed());
    clear.feed(&[4, 5, 6, 7, 8, 0, 0, 0, 0]);
    assert!(!clear.is_owed(), "a packet of nothing is none of this protocol");
}

proptest! {
    #[test]
    fn packets_are_followed_alike_in_any_portions(
        which in 0usize..3, sizes in prop::collection::vec(1usize..3_000, 1..6), cut in 0usize..9_000, step in 1usize..700,
    ) {
        let framing = [Framing::Abridged, Framing::Intermediate, Framing::Padded][which];
        let init = init(framing);
        let whole = packets(&init, &sizes);
        let stream = &whole[..cut.min(whole.len())];
        let (mut at_once, mut in_steps) = (Frames::after(&init).unwrap(), Frames::after(&init).unwrap());
        at_once.feed(stream);
        stream.chunks(step).for_each(|part| in_steps.feed(part));
        let mut ends = vec![0];
        for n in 1..=sizes.len() {
            ends.push(packets(&init, &sizes[..n]).len());
        }
        prop_assert_eq!(at_once.is_owed(), in_steps.is_owed());
        prop_assert_eq!(at_once.is_owed(), !ends.contains(&stream.len()));
    }

    #[test]
    fn no_stream_upsets_the_follower(flight: Vec<u8>, stream: Vec<u8>) {
        for flight in [&flight[..], &[0xEF], &[0xDD; 4], &init(Framing::Padded)] {
            if let Some(mut frames) = Frames::after(flight) {
                frames.feed(&stream);
                let _ = frames.is_owed();
            }
        }
    }
}
