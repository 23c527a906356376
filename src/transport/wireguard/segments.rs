//! Long TCP segments on the kernel's side, packets of the tunnel's size on the other: what the kernel left uncut is cut,
//! and what came one behind the other is joined (segmentation, RFC 9293 §3.7). A packet is only joined
//! when its checksums are right, for whoever takes the whole believes them.

use crate::wire::offload::{Checksum, Cut, Undone};
use bytes::BytesMut;
use gotatun::packet::Packet;
use smoltcp::wire::{
    IPV4_HEADER_LEN, IPV6_HEADER_LEN, IpAddress, IpProtocol, IpVersion, Ipv4Packet, Ipv6Packet, TcpPacket,
    TcpSeqNumber, checksum,
};
use std::ops::Range;

/// What an IP packet holds at most.
const LONGEST: usize = 65_535;
/// Where a TCP header has its checksum.
const TCP_CHECKSUM: u16 = 16;
/// What a sealed packet is a multiple of (WireGuard paper §5.4.6).
const PADDED: usize = 16;

/// Cuts a packet of the kernel's into those that `each` is given, checksums and all. One that makes no sense is dropped.
pub(super) fn cut(packet: &mut [u8], undone: Undone, each: impl FnMut(Packet)) {
    // Both answer `None` for what cannot be: the kernel does not send such.
    let _sense = match undone.cut {
        Some(how) => pieces(packet, how, each),
        None => whole(packet, undone.checksum, each),
    };
}

fn whole(packet: &mut [u8], unsummed: Option<Checksum>, mut each: impl FnMut(Packet)) -> Option<()> {
    if let Some(Checksum { begin, offset }) = unsummed {
        let summed = packet.get_mut(usize::from(begin)..)?;
        let sum = !checksum::data(summed);
        let place = summed.get_mut(offset.into()..usize::from(offset) + 2)?;
        // Zero would say that there is none (RFC 768); the two are one number.
        place.copy_from_slice(&if sum == 0 { 0xffff } else { sum }.to_be_bytes());
    }
    each(sealed_size(&[packet]));
    Some(())
}

fn pieces(packet: &[u8], how: Cut, mut each: impl FnMut(Packet)) -> Option<()> {
    let ip = ip_header(packet)?;
    let tcp = TcpPacket::new_checked(packet.get(ip.length..)?).ok()?;
    let (headers, payload) = packet.split_at_checked(ip.length + usize::from(tcp.header_len()))?;
    let (first, size) = (tcp.seq_number(), usize::from(how.size));
    let (finished, pushed, reduced) = (tcp.fin(), tcp.psh(), tcp.cwr());
    if size == 0 {
        return None;
    }
    let count = payload.len().div_ceil(size);
    for (number, piece) in payload.chunks(size).enumerate() {
        let mut segment = sealed_size(&[headers, piece]);
        let bytes = segment.buf_mut();
        ip.lengthened(bytes, headers.len() + piece.len(), number);
        let mut tcp = TcpPacket::new_unchecked(bytes.get_mut(ip.length..)?);
        let last = number + 1 == count;
        tcp.set_seq_number(first + number * size);
        tcp.set_fin(finished && last);
        tcp.set_psh(pushed && last);
        tcp.set_cwr(reduced && number == 0);
        tcp.fill_checksum(&ip.from, &ip.to);
        each(segment);
    }
    Some(())
}

/// A packet with room for the padding.
fn sealed_size(parts: &[&[u8]]) -> Packet {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut bytes = BytesMut::with_capacity(length.next_multiple_of(PADDED));
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    Packet::from_bytes(bytes)
}

/// What is needed of an IP header.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Ip {
    from: IpAddress,
    to: IpAddress,
    length: usize,
    ident: u16,
}

impl Ip {
    fn is_four(&self) -> bool {
        self.from.version() == IpVersion::Ipv4
    }

    fn has_no_options(&self) -> bool {
        self.length == if self.is_four() { IPV4_HEADER_LEN } else { IPV6_HEADER_LEN }
    }

    /// Writes the length of the whole into a packet, and what follows from it.
    fn lengthened(&self, packet: &mut [u8], length: usize, number: usize) {
        let field = |length: usize| u16::try_from(length).unwrap_or(u16::MAX);
        if self.is_four() {
            let mut ip = Ipv4Packet::new_unchecked(packet);
            ip.set_total_len(field(length));
            ip.set_ident(self.ident.wrapping_add(u16::try_from(number).unwrap_or(0)));
            ip.fill_checksum();
        } else {
            Ipv6Packet::new_unchecked(packet).set_payload_len(field(length.saturating_sub(IPV6_HEADER_LEN)));
        }
    }
}

/// The header of a packet that TCP directly follows, whole and in one piece.
fn ip_header(packet: &[u8]) -> Option<Ip> {
    match packet.first()? >> 4 {
        4 => {
            let ip = Ipv4Packet::new_checked(packet).ok()?;
            let fragment = ip.more_frags() || ip.frag_offset() != 0;
            let usual = ip.next_header() == IpProtocol::Tcp && !fragment && usize::from(ip.total_len()) == packet.len();
            let (from, to) = (ip.src_addr().into(), ip.dst_addr().into());
            usual.then_some(Ip { from, to, length: ip.header_len().into(), ident: ip.ident() })
        }
        6 => {
            let ip = Ipv6Packet::new_checked(packet).ok()?;
            let usual = ip.next_header() == IpProtocol::Tcp && ip.total_len() == packet.len();
            usual.then_some(Ip {
                from: ip.src_addr().into(),
                to: ip.dst_addr().into(),
                length: IPV6_HEADER_LEN,
                ident: 0,
            })
        }
        _ => None,
    }
}

/// A packet, or several that are one: a header, and what follows it in pieces.
pub(super) struct Joined<'a> {
    packet: &'a [u8],
    more: Vec<&'a [u8]>,
    /// The first as a segment, where it is one; `next` moves on.
    segment: Option<Segment>,
    /// No further piece fits.
    ended: bool,
    length: usize,
}

/// A segment with nothing but bytes.
#[derive(Clone, Copy)]
struct Segment {
    ip: Ip,
    headers: usize,
    size: usize,
    next: TcpSeqNumber,
    /// It ends what was pushed (RFC 9293 §3.9.1.2).
    pushed: bool,
}

/// Joins what came one behind the other. What belongs to one connection stays in its order.
pub(super) fn joined<'a>(packets: impl Iterator<Item = &'a [u8]>) -> Vec<Joined<'a>> {
    let mut all: Vec<Joined<'a>> = Vec::new();
    for packet in packets {
        let segment = segment(packet);
        if let Some(segment) = &segment
            && let Some(joined) = all.iter_mut().rev().find(|joined| joined.same_connection(packet, segment))
            && joined.takes(packet, segment)
        {
            joined.take(packet, segment);
            continue;
        }
        let ended = segment.is_none_or(|segment| segment.pushed || segment.size == 0);
        all.push(Joined { packet, more: Vec::new(), segment, ended, length: packet.len() });
    }
    all
}

/// A packet as such a segment, if its checksums are right.
fn segment(packet: &[u8]) -> Option<Segment> {
    let ip = ip_header(packet)?;
    let tcp = TcpPacket::new_checked(packet.get(ip.length..)?).ok()?;
    let plain = tcp.ack() && !(tcp.syn() || tcp.fin() || tcp.rst() || tcp.urg() || tcp.ece() || tcp.cwr());
    let right = || {
        let header = !ip.is_four() || Ipv4Packet::new_unchecked(packet).verify_checksum();
        header && tcp.verify_checksum(&ip.from, &ip.to)
    };
    if !(plain && ip.has_no_options() && right()) {
        return None;
    }
    let size = tcp.payload().len();
    let headers = ip.length + usize::from(tcp.header_len());
    Some(Segment { ip, headers, size, next: tcp.seq_number() + size, pushed: tcp.psh() })
}

impl<'a> Joined<'a> {
    fn same(&self, packet: &[u8], range: Range<usize>) -> bool {
        self.packet.get(range.clone()) == packet.get(range)
    }

    fn same_connection(&self, packet: &[u8], segment: &Segment) -> bool {
        let version = |packet: &[u8]| packet.first().map(|byte| byte >> 4);
        let addresses = if segment.ip.is_four() { 12..20 } else { 8..40 };
        let ports = segment.ip.length..segment.ip.length + 4;
        version(self.packet) == version(packet) && self.same(packet, addresses) && self.same(packet, ports)
    }

    /// Whether that segment is the next, and its headers are the first one's but for what a cut changes.
    fn takes(&self, packet: &[u8], next: &Segment) -> bool {
        let Some(first) = self.segment.filter(|_| !self.ended) else { return false };
        let tcp = next.ip.length;
        // Class, flow and hops of either version, and of IPv4 whether it may be cut.
        let ip: &[Range<usize>] = if next.ip.is_four() { &[0..2, 6..7, 8..9] } else { &[0..4, 7..8] };
        // What is acknowledged, the window, and the options; the flags are known.
        let tcp = [tcp + 8..tcp + 13, tcp + 14..tcp + 16, tcp + 20..next.headers];
        first.headers == next.headers
            && first.next == next.next - next.size
            && (1..=first.size).contains(&next.size)
            && self.length + next.size <= LONGEST
            && ip.iter().chain(&tcp).all(|range| self.same(packet, range.clone()))
    }

    fn take(&mut self, packet: &'a [u8], next: &Segment) {
        let Some(first) = &mut self.segment else { return };
        self.more.extend(packet.get(next.headers..));
        self.length += next.size;
        self.ended = next.pushed || next.size < first.size;
        first.pushed = next.pushed;
        first.next = next.next;
    }

    /// The parts to be written one behind the other, and what the kernel is to do about them.
    pub(super) fn written(&self, head: &mut Vec<u8>, write: impl FnOnce(Undone, &[&[u8]])) {
        let Some(first) = self.segment.filter(|_| !self.more.is_empty()) else {
            return write(Undone::default(), &[self.packet]);
        };
        let (headers, payload) = self.packet.split_at(first.headers);
        head.clear();
        head.extend_from_slice(headers);
        first.ip.lengthened(head, self.length, 0);
        let Some(bytes) = head.get_mut(first.ip.length..) else { return };
        let mut tcp = TcpPacket::new_unchecked(bytes);
        tcp.set_psh(first.pushed);
        let rest = u32::try_from(self.length - first.ip.length).unwrap_or(0);
        tcp.set_checksum(checksum::pseudo_header(&first.ip.from, &first.ip.to, IpProtocol::Tcp, rest));
        let field = |value: usize| u16::try_from(value).unwrap_or(u16::MAX);
        let undone = Undone {
            checksum: Some(Checksum { begin: field(first.ip.length), offset: TCP_CHECKSUM }),
            cut: Some(Cut { four: first.ip.is_four(), headers: field(first.headers), size: field(first.size) }),
        };
        let parts: Vec<&[u8]> = [&head[..], payload].into_iter().chain(self.more.iter().copied()).collect();
        write(undone, &parts);
    }
}

#[cfg(test)]
mod tests;
