//! A server's answers to the first packets of QUIC, and a client's datagrams.
#![no_main]

use byway::wire::quic::{Client, Ids, SHORTEST_DATAGRAM, V1, server, version_answer};
use libfuzzer_sys::fuzz_target;

const IDS: Ids = Ids { to: *b"toserver", from: *b"toclient" };

fuzz_target!(|bytes: &[u8]| {
    let Ok(client) = Client::new(IDS, vec![1, 0, 0, 0]) else { return };
    let check = |packet: &[u8]| {
        let _ = client.answer(packet);
        let _ = version_answer(IDS, packet);
        if let Some(server::Asked::Initial(initial)) = server::read(packet) {
            let _ = initial.hello();
        }
    };
    check(bytes);
    // The same behind a header that fits the question.
    let Some((first, rest)) = bytes.split_first() else { return };
    for version in [0, V1] {
        let ids = [&[8][..], &IDS.from, &[8], b"ofserver"].concat();
        let mut packet = [&[first | 0xc0][..], &u32::to_be_bytes(version), &ids, rest].concat();
        check(&packet);
        packet.resize(packet.len().max(SHORTEST_DATAGRAM), 0);
        check(&packet);
    }
});
