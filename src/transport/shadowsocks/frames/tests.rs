//! Our frames against the library's, both ways, however they are cut: every cipher, every fault.

use super::*;
use proptest::prelude::*;
use shadowsocks::config::ServerType;
use shadowsocks::context::Context;
use shadowsocks::relay::tcprelay::crypto_io::{DecryptedReader, EncryptedWriter, StreamType};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, Waker};
use tokio::io::{AsyncRead, ReadBuf};

const METHODS: [CipherKind; 6] = [
    CipherKind::AES_128_GCM,
    CipherKind::AES_256_GCM,
    CipherKind::CHACHA20_POLY1305,
    CipherKind::AEAD2022_BLAKE3_AES_128_GCM,
    CipherKind::AEAD2022_BLAKE3_AES_256_GCM,
    CipherKind::AEAD2022_BLAKE3_CHACHA20_POLY1305,
];

fn key(method: CipherKind) -> Vec<u8> {
    (1..=method.key_len() as u8).collect()
}

fn salt(method: CipherKind, byte: u8) -> Vec<u8> {
    vec![byte; method.salt_len()]
}

fn unix() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 31 % 251) as u8).collect()
}

/// What the library's side of `kind` writes for `chunks`.
fn library_writes(method: CipherKind, kind: StreamType, request: &[u8], chunks: &[&[u8]]) -> Vec<u8> {
    let mut writer = EncryptedWriter::new(kind, method, &key(method), &salt(method, 7));
    if method.is_aead_2022() && matches!(kind, StreamType::Server) {
        writer.set_request_nonce(request.to_vec().into());
    }
    let (mut wire, mut cx) = (Vec::new(), TaskContext::from_waker(Waker::noop()));
    for chunk in chunks {
        assert!(matches!(writer.poll_write_encrypted(&mut cx, &mut wire, chunk), Poll::Ready(Ok(_))));
    }
    wire
}

/// Bytes that come in whatever pieces are asked for.
struct Wire(std::io::Cursor<Vec<u8>>);

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

/// What the library's server reads from `wire`.
fn library_reads(method: CipherKind, wire: Vec<u8>) -> Vec<u8> {
    let shared = Context::new(ServerType::Server);
    let mut reader = DecryptedReader::new(StreamType::Server, method, &key(method));
    let (mut wire, mut all, mut space) = (Wire(std::io::Cursor::new(wire)), Vec::new(), vec![0; 70_000]);
    let mut cx = TaskContext::from_waker(Waker::noop());
    loop {
        let mut buf = ReadBuf::new(&mut space);
        assert!(matches!(reader.poll_read_decrypted(&mut cx, &shared, &mut wire, &mut buf), Poll::Ready(Ok(()))));
        match buf.filled() {
            [] => return all,
            bytes => all.extend_from_slice(bytes),
        }
    }
}

/// Opens `wire` in pieces of these sizes, into room of these sizes, in turn.
fn opens(opener: &mut Opener, wire: &[u8], asked: &Asked<'_>, pieces: &[usize], rooms: &[usize]) -> Vec<u8> {
    let (mut came, mut opened) = (Vec::new(), Vec::new());
    let (mut pieces, mut rooms, mut rest) = (pieces.iter().cycle(), rooms.iter().cycle(), wire);
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.len().min(*pieces.next().unwrap()));
        came.extend_from_slice(piece);
        rest = after;
        let mut room = vec![0; *rooms.next().unwrap()];
        let (mut used, length) = opener.open(&came, &mut room, asked);
        opened.extend_from_slice(&room[..length]);
        if opener.is_held_up(&came[used..]) {
            let mut room = vec![0; came.len() - used];
            let (more, length) = opener.open(&came[used..], &mut room, asked);
            opened.extend_from_slice(&room[..length]);
            used += more;
        }
        came.drain(..used);
    }
    opened
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_library_reads_what_we_seal(which in 0..6_usize, first in 1..900_usize, length in 0..300_000_usize,
                                      space in 70_000..280_000_usize) {
        let method = METHODS[which];
        let (head, bytes) = (pattern(first), pattern(length));
        let mut wire = library_writes(method, StreamType::Client, &[], &[&head]);
        let mut cipher = Cipher::new(method, &key(method), &salt(method, 7), 2).unwrap();
        let (mut taken, mut space) = (0, vec![0; space]);
        while taken < length {
            let (more, filled) = cipher.seal(&bytes[taken..], &mut space).unwrap();
            prop_assert!(more > 0);
            wire.extend_from_slice(&space[..filled]);
            taken += more;
        }
        prop_assert!(library_reads(method, wire) == [head, bytes].concat());
    }

    #[test]
    fn we_open_what_the_library_seals(which in 0..6_usize, chunks in prop::collection::vec(0..16_383_usize, 1..12),
                                      pieces in prop::collection::vec(1..90_000_usize, 1..6),
                                      rooms in prop::collection::vec(0..90_000_usize, 1..6)) {
        let method = METHODS[which];
        let chunks: Vec<Vec<u8>> = chunks.into_iter().map(pattern).collect();
        let chunks: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
        let (master, request) = (key(method), salt(method, 9));
        let wire = library_writes(method, StreamType::Server, &request, &chunks);
        let asked = Asked { master: &master, salt: &request, unix: unix() };
        let mut opener = Opener::new(method);
        prop_assert!(opens(&mut opener, &wire, &asked, &pieces, &rooms) == chunks.concat());
        prop_assert!(opener.fault().is_none() && opener.may_end(&[]));
    }

    #[test]
    fn a_changed_byte_is_a_fault_and_what_came_before_it_is_good(which in 0..6_usize, at in any::<prop::sample::Index>(),
                                                                  bit in 0..8_u8) {
        let method = METHODS[which];
        let (master, request, bytes) = (key(method), salt(method, 9), pattern(3000));
        let mut wire = library_writes(method, StreamType::Server, &request, &[&bytes, &bytes, &bytes]);
        let at = at.index(wire.len());
        wire[at] ^= 1 << bit;
        let asked = Asked { master: &master, salt: &request, unix: unix() };
        let mut opener = Opener::new(method);
        let opened = opens(&mut opener, &wire, &asked, &[wire.len()], &[wire.len()]);
        prop_assert!(opener.fault().is_some());
        prop_assert!(opened.len() < 9000 && bytes.repeat(3).starts_with(&opened));
    }

    #[test]
    fn a_part_of_it_is_no_fault_and_no_end_either(which in 0..6_usize, part in any::<prop::sample::Index>()) {
        let method = METHODS[which];
        let (master, request, bytes) = (key(method), salt(method, 9), pattern(3000));
        let wire = library_writes(method, StreamType::Server, &request, &[&bytes, &bytes]);
        let asked = Asked { master: &master, salt: &request, unix: unix() };
        let (mut opener, part) = (Opener::new(method), part.index(wire.len()));
        let mut out = vec![0; 6000];
        let (used, opened) = opener.open(&wire[..part], &mut out, &asked);
        prop_assert!(opener.fault().is_none() && bytes.repeat(2).starts_with(&out[..opened]));
        let at_a_frames_end = used == part && opened % 3000 == 0 && !matches!(opener.stage, Stage::Body(_));
        prop_assert_eq!(opener.may_end(&wire[used..part]), !opener.has_begun() || at_a_frames_end);
    }
}

#[test]
fn an_answer_of_the_2022_edition_is_for_this_request_and_of_this_minute() {
    let method = CipherKind::AEAD2022_BLAKE3_AES_256_GCM;
    let (master, request, other) = (key(method), salt(method, 9), salt(method, 10));
    let wire = library_writes(method, StreamType::Server, &request, &[b"answer"]);
    let fault = |salt: &[u8], unix: u64| {
        let mut opener = Opener::new(method);
        let (_, opened) = opener.open(&wire, &mut [0; 64], &Asked { master: &master, salt, unix });
        (opener.fault(), opened)
    };
    assert_eq!(fault(&request, unix()), (None, 6));
    assert_eq!(fault(&other, unix()), (Some(Undecipherable::ForeignAnswer), 0));
    for unix in [unix() - 40, unix() + 40] {
        assert_eq!(fault(&request, unix), (Some(Undecipherable::Untimely), 0));
    }
    let echoed = library_writes(method, StreamType::Client, &[], &[b"a request, which is no answer, sent back to us"]);
    let mut opener = Opener::new(method);
    opener.open(&echoed, &mut [0; 64], &Asked { master: &master, salt: &request, unix: unix() });
    assert_eq!(opener.fault(), Some(Undecipherable::Frame));
}

#[test]
fn frames_are_the_largest_that_the_edition_allows() {
    for (method, longest) in [(CipherKind::AES_128_GCM, 0x3FFF), (CipherKind::AEAD2022_BLAKE3_AES_128_GCM, 0xFFFF)] {
        let mut cipher = Cipher::new(method, &key(method), &salt(method, 7), 2).unwrap();
        let mut space = vec![0; 256 * 1024];
        let (taken, filled) = cipher.seal(&pattern(3 * longest), &mut space).unwrap();
        assert_eq!((taken, filled), (3 * longest, 3 * (longest + OVERHEAD)));
        let (taken, filled) = cipher.seal(&pattern(3 * longest), &mut space[..2 * longest]).unwrap();
        assert_eq!((taken, filled), (longest, longest + OVERHEAD), "no odd pieces");
    }
}

#[test]
fn who_reads_what_is_left_of_a_long_frame_has_no_part_of_another() {
    let (method, sent) = (CipherKind::AEAD2022_BLAKE3_AES_256_GCM, pattern(LONGEST_2022));
    let (master, request) = (key(method), salt(method, 9));
    let wire = library_writes(method, StreamType::Server, &request, &[&sent, &sent, &sent]);
    let asked = Asked { master: &master, salt: &request, unix: unix() };
    let (mut opener, mut came, mut rest, mut opened) = (Opener::new(method), Vec::new(), &wire[..], 0);
    while !rest.is_empty() {
        let length = opener.rest_of_long(came.len()).unwrap_or(20_000).min(rest.len());
        let is_whole = opener.missing(came.len()) <= length && opener.has_begun();
        came.extend_from_slice(rest.split_off(..length).unwrap());
        let mut room = vec![0; LONGEST_2022];
        let (used, length) = opener.open(&came, &mut room, &asked);
        came.drain(..used);
        assert_eq!((came.is_empty(), &room[..length] == sent.as_slice()), (is_whole, is_whole));
        opened += length;
    }
    assert_eq!((opened, opener.fault()), (3 * LONGEST_2022, None));
}
