//! A server's stream, followed by its own lengths, after every kind of first flight.
#![no_main]

use byway::model::FirstFlight;
use byway::wire::first_flight::kind;
use byway::wire::follow::Follow;
use byway::wire::{mtproto, noise};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static MTPROTO: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let random = std::array::from_fn(|at| (at as u8).wrapping_mul(91).wrapping_add(0x80));
    let start = mtproto::Start { random, nonce: [1; 16], dc: 2, msg_id: 4, padding_words: 0, padding: [3; 252] };
    mtproto::Client::hello(&start).1
});

fuzz_target!(|bytes: &[u8]| {
    let [step, length, rest @ ..] = bytes else { return };
    let (flight, stream) = rest.split_at(usize::from(*length).min(rest.len()));
    let flights: [&[u8]; 6] = [flight, &MTPROTO, &[0xEF], &[0xEE; 4], b"WA\x06\x03", b"GET / HTTP/1.1\r\n\r\n"];
    for flight in flights {
        let kind = kind(flight, FirstFlight::Mtproto);
        let (mut at_once, mut in_steps) = (Follow::after(&kind, flight), Follow::after(&kind, flight));
        at_once.feed(stream);
        stream.chunks(usize::from((*step).max(1))).for_each(|part| in_steps.feed(part));
        assert_eq!(at_once.debt(), in_steps.debt());
        if let Some(mut frames) = noise::Frames::after(flight) {
            frames.feed(stream);
        }
    }
});
