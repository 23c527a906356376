//! Frames written and taken apart in any pieces, and what is refused.

use super::*;
use proptest::prelude::*;

fn framed(bytes: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    let mut head = [0; LONGEST_HEAD];
    let length = data_head(&mut head, bytes.len(), mask);
    let mut frame = head[..length].to_vec();
    frame.resize(length + bytes.len(), 0);
    mask_into(bytes, &mut frame[length..], mask.unwrap_or_default());
    frame
}

fn read(reader: &mut Reader, wire: &[u8], pieces: &[usize]) -> (Vec<u8>, Vec<Control>) {
    let (mut all, mut controls, mut rest, mut pieces) = (Vec::new(), Vec::new(), wire, pieces.iter().cycle());
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.len().min(*pieces.next().unwrap()));
        let mut piece = piece.to_vec();
        let kept = reader.take(&mut piece, &mut controls);
        all.extend_from_slice(&piece[..kept]);
        rest = after;
    }
    (all, controls)
}

#[test]
fn the_rfcs_own_examples() {
    // §5.7, with text for binary.
    let mut client = Reader::new(Role::Client);
    let (hello, _) = read(&mut client, &[0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f], &[100]);
    let pieces = [0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f];
    assert_eq!((hello.as_slice(), read(&mut client, &pieces, &[1]).0), (&b"Hello"[..], b"Hello".to_vec()));
    let mut server = Reader::new(Role::Server);
    let masked = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(read(&mut server, &masked, &[3]).0, b"Hello");
    let (_, controls) = read(&mut client, &[0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f], &[2]);
    assert_eq!(controls, [Control::Ping(b"Hello".to_vec())]);
    assert_eq!(pong(b"Hello", Some([0x37, 0xfa, 0x21, 0x3d])), [&[0x8a][..], &masked[1..]].concat());
    assert_eq!(framed(&[0; 256], None)[..4], [0x82, 0x7E, 0x01, 0x00]);
    assert_eq!(framed(&[0; 65536], None)[..10], [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0]);
}

#[test]
fn what_a_peer_must_not_send_is_a_fault() {
    for (role, wire) in [
        (Role::Client, &[0x82, 0x81, 0, 0, 0, 0][..]),
        (Role::Server, &[0x82, 0x01]),
        (Role::Client, &[0xC2, 0x01]),
        (Role::Client, &[0x83, 0x01]),
        (Role::Client, &[0x09, 0x00]),
        (Role::Client, &[0x89, 0x7E]),
        (Role::Client, &[0x82, 0x7F, 0x80, 0, 0, 0, 0, 0, 0, 0]),
    ] {
        let mut reader = Reader::new(role);
        read(&mut reader, wire, &[1]);
        assert!(reader.fault().is_some(), "{wire:?}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_in_any_pieces(messages in prop::collection::vec(0..70_000_usize, 0..5),
                                             mask in prop::option::of(any::<[u8; 4]>()),
                                             pieces in prop::collection::vec(1..80_000_usize, 1..5)) {
        let role = if mask.is_some() { Role::Server } else { Role::Client };
        let (mut wire, mut bytes) = (Vec::new(), Vec::new());
        for length in messages {
            let message: Vec<u8> = (0..length).map(|i| (i * 31 % 251) as u8).collect();
            wire.extend(framed(&message, mask));
            wire.extend(ping(b"x", mask));
            bytes.extend(message);
        }
        wire.extend(close(mask));
        let mut reader = Reader::new(role);
        let (read, controls) = read(&mut reader, &wire, &pieces);
        prop_assert!(read == bytes && reader.fault().is_none() && reader.may_end());
        prop_assert_eq!(controls.last(), Some(&Control::Close));
    }

    #[test]
    fn no_bytes_whatever_break_it(wire in prop::collection::vec(any::<u8>(), 0..400), server in any::<bool>(),
                                  pieces in prop::collection::vec(1..50_usize, 1..5)) {
        let mut reader = Reader::new(if server { Role::Server } else { Role::Client });
        let (all, _) = read(&mut reader, &wire, &pieces);
        prop_assert!(all.len() <= wire.len());
    }
}
