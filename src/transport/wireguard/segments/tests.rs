//! What is joined and cut again is what it was; what may not be joined is left as it came, in its order.

use super::*;
use smoltcp::wire::{Ipv4Address, Ipv6Address};

/// One end of a connection, which says one thing after the other.
#[derive(Clone)]
struct End {
    four: bool,
    port: u16,
    next: i32,
    ack: i32,
    said: u16,
}

const PUSH: u8 = 0x08;
const FINISH: u8 = 0x01;

impl End {
    fn new(four: bool, port: u16) -> Self {
        Self { four, port, next: i32::MAX - 2_000, ack: 77, said: 0 }
    }

    /// The next segment: a header with a timestamp, and `length` bytes that tell where they belong.
    fn says(&mut self, length: usize, flags: u8) -> Vec<u8> {
        let ip = if self.four { 20 } else { 40 };
        let mut packet = vec![0; ip + 32 + length];
        let (from, to): (IpAddress, IpAddress) = if self.four {
            (Ipv4Address::new(10, 0, 0, 1).into(), Ipv4Address::new(10, 0, 0, 2).into())
        } else {
            (Ipv6Address::new(0xfd00, 0, 0, 0, 0, 0, 0, 1).into(), Ipv6Address::new(0xfd00, 0, 0, 0, 0, 0, 0, 2).into())
        };
        packet[ip + 12] = 8 << 4;
        packet[ip + 13] = 0x10 | flags;
        packet[ip + 20..ip + 32].copy_from_slice(&[1, 1, 8, 10, 0, 0, 0, 5, 0, 0, 0, 9]);
        for (at, byte) in packet[ip + 32..].iter_mut().enumerate() {
            *byte = (self.next.wrapping_add(at as i32) % 251) as u8;
        }
        let mut tcp = TcpPacket::new_unchecked(&mut packet[ip..]);
        tcp.set_src_port(self.port);
        tcp.set_dst_port(443);
        tcp.set_seq_number(TcpSeqNumber(self.next));
        tcp.set_ack_number(TcpSeqNumber(self.ack));
        tcp.set_window_len(500);
        tcp.fill_checksum(&from, &to);
        self.next = self.next.wrapping_add(length as i32);
        let whole = packet.len() as u16;
        if self.four {
            let mut ip = Ipv4Packet::new_unchecked(&mut packet);
            ip.set_version(4);
            ip.set_header_len(20);
            ip.set_total_len(whole);
            ip.set_ident(self.said);
            ip.set_dont_frag(true);
            ip.set_hop_limit(64);
            ip.set_next_header(IpProtocol::Tcp);
            ip.set_src_addr(Ipv4Address::new(10, 0, 0, 1));
            ip.set_dst_addr(Ipv4Address::new(10, 0, 0, 2));
            ip.fill_checksum();
            self.said += 1;
        } else {
            let mut ip = Ipv6Packet::new_unchecked(&mut packet);
            ip.set_version(6);
            ip.set_payload_len(whole - 40);
            ip.set_hop_limit(64);
            ip.set_next_header(IpProtocol::Tcp);
            ip.set_src_addr(Ipv6Address::new(0xfd00, 0, 0, 0, 0, 0, 0, 1));
            ip.set_dst_addr(Ipv6Address::new(0xfd00, 0, 0, 0, 0, 0, 0, 2));
        }
        packet
    }
}

/// What the kernel is given for these packets.
fn given(packets: &[Vec<u8>]) -> Vec<(Undone, Vec<u8>)> {
    let mut given = Vec::new();
    for joined in joined(packets.iter().map(Vec::as_slice)) {
        joined.written(&mut Vec::new(), |undone, parts| given.push((undone, parts.concat())));
    }
    given
}

/// How many packets each that the kernel is given was made of.
fn made_of(packets: &[Vec<u8>]) -> Vec<usize> {
    given(packets).iter().map(|(undone, packet)| pieces_of(*undone, packet).len()).collect()
}

fn pieces_of(undone: Undone, packet: &[u8]) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    cut(&mut packet.to_vec(), undone, |piece| pieces.push(piece.to_vec()));
    pieces
}

#[test]
fn what_is_joined_and_cut_again_is_what_it_was() {
    for four in [true, false] {
        let mut end = End::new(four, 5000);
        let mut packets: Vec<_> = (0..20).map(|_| end.says(1368, 0)).collect();
        packets.push(end.says(500, PUSH));
        let given = given(&packets);
        let [(undone, whole)] = &given[..] else { panic!("{}", given.len()) };
        let headers = if four { 52 } else { 72 };
        assert_eq!(undone.cut, Some(Cut { four, headers, size: 1368 }));
        assert_eq!(whole.len(), usize::from(headers) + 20 * 1368 + 500);
        assert_eq!(pieces_of(*undone, whole), packets);
    }
}

#[test]
fn connections_that_come_in_turns_are_joined_each_for_itself() {
    let (mut one, mut other) = (End::new(true, 5000), End::new(true, 5001));
    let packets: Vec<_> = (0..5).flat_map(|_| [one.says(1000, 0), other.says(1200, 0)]).collect();
    assert_eq!(made_of(&packets), [5, 5]);
}

#[test]
fn what_is_not_the_next_piece_begins_anew() {
    let whole = |change: fn(&mut End)| {
        let mut end = End::new(true, 5000);
        let first = end.says(1000, 0);
        change(&mut end);
        made_of(&[first, end.says(1000, 0)])
    };
    assert_eq!(whole(|_| {}), [2]);
    assert_eq!(whole(|end| end.next += 1), [1, 1], "a gap");
    assert_eq!(whole(|end| end.next -= 1000), [1, 1], "the same again");
    assert_eq!(whole(|end| end.ack += 1), [1, 1], "another acknowledgement");
    assert_eq!(whole(|end| end.port += 1), [1, 1], "another connection");
    assert_eq!(whole(|end| *end = End { four: false, ..end.clone() }), [1, 1], "another version");
}

#[test]
fn a_short_piece_or_a_push_is_the_last() {
    let mut end = End::new(true, 5000);
    let lengths = [(1000, 0), (1000, PUSH), (1000, 0), (400, 0), (1000, 0), (1200, 0), (0, 0), (0, 0)];
    let packets: Vec<_> = lengths.into_iter().map(|(length, flags)| end.says(length, flags)).collect();
    assert_eq!(made_of(&packets), [2, 2, 1, 1, 1, 1]);
    let pushed = &given(&packets)[0].1;
    assert!(TcpPacket::new_unchecked(&pushed[20..]).psh());
}

#[test]
fn a_packet_whose_checksum_is_wrong_is_left_to_the_kernel_as_it_came() {
    let mut end = End::new(true, 5000);
    let mut packets: Vec<_> = (0..4).map(|_| end.says(1000, 0)).collect();
    packets[1][700] ^= 1;
    let given = given(&packets);
    let kinds: Vec<_> = given.iter().map(|(undone, _)| undone.cut.is_some()).collect();
    assert_eq!(kinds, [false, false, true]);
    assert_eq!(given[1], (Undone::default(), packets[1].clone()));
}

#[test]
fn an_end_and_what_is_no_tcp_go_as_they_came_in_their_order() {
    let mut end = End::new(true, 5000);
    let mut packets = vec![end.says(1000, 0), end.says(1000, 0), end.says(1000, FINISH)];
    let mut udp = packets[0].clone();
    udp[9] = 17;
    packets.extend([udp, vec![0x45], Vec::new(), vec![0xff; 40]]);
    let given = given(&packets);
    assert_eq!(given.len(), 6);
    for (given, packet) in given[1..].iter().zip(&packets[2..]) {
        assert_eq!(given, &(Undone::default(), packet.clone()));
    }
}

#[test]
fn no_more_is_joined_than_a_packet_holds() {
    let mut end = End::new(true, 5000);
    let packets: Vec<_> = (0..100).map(|_| end.says(1368, 0)).collect();
    assert_eq!(made_of(&packets), [47, 47, 6]);
}

#[test]
fn the_first_piece_alone_says_that_the_window_was_reduced_and_the_last_that_it_ends() {
    let mut end = End::new(true, 5000);
    let mut whole = end.says(2500, FINISH | PUSH | 0x80);
    let undone = Undone { checksum: None, cut: Some(Cut { four: true, headers: 52, size: 1000 }) };
    let mut flags = Vec::new();
    cut(&mut whole, undone, |piece| flags.push(piece[33]));
    assert_eq!(flags, [0x90, 0x10, 0x19]);
}

#[test]
fn a_checksum_that_the_kernel_left_is_completed() {
    let mut end = End::new(true, 5000);
    let right = end.says(100, 0);
    let mut unsummed = right.clone();
    let ip = ip_header(&right).unwrap();
    let sum = checksum::pseudo_header(&ip.from, &ip.to, IpProtocol::Tcp, 132);
    unsummed[36..38].copy_from_slice(&sum.to_be_bytes());
    let undone = Undone { checksum: Some(Checksum { begin: 20, offset: 16 }), cut: None };
    assert_eq!(pieces_of(undone, &unsummed), [right]);
}

proptest::proptest! {
    #[test]
    fn no_bytes_and_no_wish_break_it(
        bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200),
        header in proptest::array::uniform10(proptest::num::u8::ANY),
    ) {
        if let Some(undone) = crate::wire::offload::read(&header) {
            cut(&mut bytes.clone(), undone, drop);
        }
        proptest::prop_assert_eq!(given(std::slice::from_ref(&bytes)), [(Undone::default(), bytes)]);
    }

    #[test]
    fn what_is_spoilt_on_the_way_breaks_nothing_and_takes_nothing_with_it(
        spoilt in proptest::collection::vec((0..6_usize, 0..90_usize, proptest::num::u8::ANY), 1..8),
        four in proptest::bool::ANY,
    ) {
        let mut end = End::new(four, 1);
        let mut packets: Vec<_> = (0..6).map(|_| end.says(100, 0)).collect();
        for (packet, at, byte) in spoilt {
            packets[packet][at] = byte;
        }
        let again: Vec<_> = given(&packets).iter().flat_map(|(undone, packet)| pieces_of(*undone, packet)).collect();
        proptest::prop_assert_eq!(again.len(), packets.len());
    }

    #[test]
    fn whatever_comes_nothing_is_lost_and_each_connection_keeps_its_order(
        said in proptest::collection::vec((0..3_usize, 0..1500_usize, proptest::bool::weighted(0.2)), 0..60),
    ) {
        let mut ends = [End::new(true, 1), End::new(true, 2), End::new(false, 1)];
        let packets: Vec<_> = said.into_iter()
            .map(|(end, length, push)| (end, ends[end].says(length, if push { PUSH } else { 0 })))
            .collect();
        let plain: Vec<_> = packets.iter().map(|(_, packet)| packet.clone()).collect();
        let again: Vec<_> = given(&plain).iter().flat_map(|(undone, packet)| pieces_of(*undone, packet)).collect();
        let of = |packets: &[Vec<u8>], end: usize| -> Vec<Vec<u8>> {
            let port = if end == 1 { 2 } else { 1 };
            let ip = if end == 2 { 40 } else { 20 };
            let own = |packet: &&Vec<u8>| (packet[0] >> 4 == 6) == (end == 2) && packet[ip + 1] == port;
            packets.iter().filter(own).cloned().collect()
        };
        for end in 0..3 {
            proptest::prop_assert_eq!(of(&again, end), of(&plain, end));
        }
    }
}
