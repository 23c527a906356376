//! The protection of Initial packets (RFC 9001 §5): keys that come from the client's first connection id alone, so that
//! both sides and everybody in between can make them. They prove that the other end read the packet, not who it is.

use super::header::{self, Kind, Layout, Long};
use super::{V1, varint};
use crate::wire::{Error, Protocol};
use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;
use rustls::quic::{Keys, Version};

pub(super) use rustls::Side;

/// Bytes of the packet numbers that are sent.
const NUMBER: usize = 4;
/// AES-128-GCM's tag.
const TAG: usize = 16;
/// RFC 9001 §5.4.2: the sample lies four bytes behind the beginning of the packet number.
const SAMPLE: (usize, usize) = (4, 16);

/// The keys of one side (RFC 9001 §5.2), from the connection id that the client chose for the server.
pub(super) fn keys(first_id: &[u8], side: Side) -> Result<Keys, Error> {
    let suite = TLS13_AES_128_GCM_SHA256.tls13().and_then(|suite| suite.quic_suite());
    Ok(suite.ok_or(Error::Cipher(Protocol::Quic))?.keys(first_id, side, Version::V1))
}

/// An Initial packet that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Opened {
    pub(super) to: Vec<u8>,
    pub(super) from: Vec<u8>,
    pub(super) number: u32,
    pub(super) frames: Vec<u8>,
}

/// What goes into an Initial packet.
pub(super) struct Initial<'a> {
    pub(super) to: &'a [u8],
    pub(super) from: &'a [u8],
    pub(super) number: u32,
    pub(super) frames: &'a [u8],
    /// Padding (RFC 9000 §19.1) is added until the packet has this length.
    pub(super) at_least: usize,
}

/// Writes a protected Initial packet, without a token.
pub(super) fn seal(keys: &Keys, initial: &Initial<'_>) -> Result<Vec<u8>, Error> {
    let mut packet = Vec::with_capacity(initial.at_least);
    header::put(&mut packet, header::initial_first(NUMBER), V1, initial.to, initial.from);
    varint::put(&mut packet, 0);
    // The length takes two bytes: no packet here is shorter than 64 bytes.
    let head = packet.len() + 2 + NUMBER;
    let room = initial.at_least.saturating_sub(head + TAG);
    let mut frames = initial.frames.to_vec();
    frames.resize(frames.len().max(room).max(64), 0);
    varint::put(&mut packet, (NUMBER + frames.len() + TAG) as u64);
    packet.extend_from_slice(&initial.number.to_be_bytes());
    let failed = |_| Error::Cipher(Protocol::Quic);
    let sealed = keys.local.packet.encrypt_in_place(initial.number.into(), &packet, &mut frames);
    let tag = sealed.map_err(failed)?;
    packet.extend_from_slice(&frames);
    packet.extend_from_slice(tag.as_ref());
    let (clear, secret) = packet.split_at_mut(head);
    let sample = secret.get(..SAMPLE.1).ok_or(Error::Cipher(Protocol::Quic))?;
    let (before, number) = clear.split_at_mut(head - NUMBER);
    let first = before.first_mut().ok_or(Error::Cipher(Protocol::Quic))?;
    keys.local.header.encrypt_in_place(sample, first, number).map_err(failed)?;
    Ok(packet)
}

/// Opens the Initial packet at the beginning of a datagram.
pub(super) fn open(keys: &Keys, datagram: &[u8]) -> Result<Opened, Error> {
    let malformed = |what| Error::malformed(Protocol::Quic, what);
    let long = Long::read(datagram).filter(|long| long.kind() == Some(Kind::Initial));
    let long = long.ok_or(malformed("the packet is no initial packet of version 1"))?;
    let Layout { number: at, end } = long.initial_layout().ok_or(malformed("the initial packet is cut off"))?;
    let mut packet = datagram.get(..end).unwrap_or_default().to_vec();
    let short = malformed("the initial packet is too short for its protection");
    let sample: [u8; SAMPLE.1] = packet
        .get(at + SAMPLE.0..at + SAMPLE.0 + SAMPLE.1)
        .and_then(|sample| sample.try_into().ok())
        .ok_or(short.clone())?;
    let (before, rest) = packet.split_at_mut(at);
    let first = before.first_mut().ok_or(short.clone())?;
    let number = rest.get_mut(..NUMBER).ok_or(short.clone())?;
    let foreign = malformed("the initial packet does not open with the connection's keys");
    keys.remote.header.decrypt_in_place(&sample, first, number).map_err(|_| foreign.clone())?;
    let width = usize::from(*first & 3) + 1;
    let number = number.iter().take(width).fold(0, |number: u32, byte| number << 8 | u32::from(*byte));
    let (head, secret) = packet.split_at_mut_checked(at + width).ok_or(short)?;
    let frames = keys.remote.packet.decrypt_in_place(number.into(), head, secret).map_err(|_| foreign)?;
    Ok(Opened { to: long.to.to_vec(), from: long.from.to_vec(), number, frames: frames.to_vec() })
}

/// The tag at the end of a Retry packet (RFC 9001 §5.8), which only somebody who saw the client's packet can make.
pub(super) fn retry_tag(first_id: &[u8], retry: &[u8]) -> Result<[u8; TAG], Error> {
    const KEY: [u8; 16] =
        [0xbe, 0x0c, 0x69, 0x0b, 0x9f, 0x66, 0x57, 0x5a, 0x1d, 0x76, 0x6b, 0x54, 0xe3, 0x68, 0xc8, 0x4e];
    const NONCE: [u8; 12] = [0x46, 0x15, 0x99, 0xd3, 0x5d, 0x63, 0x2b, 0xf2, 0x23, 0x98, 0x25, 0xbb];
    let failed = |_| Error::Cipher(Protocol::Quic);
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &KEY).map_err(failed)?);
    let mut pseudo = vec![first_id.len() as u8];
    pseudo.extend_from_slice(first_id);
    pseudo.extend_from_slice(retry);
    let nonce = Nonce::assume_unique_for_key(NONCE);
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(pseudo), &mut []).map_err(failed)?;
    tag.as_ref().try_into().map_err(|_| Error::Cipher(Protocol::Quic))
}
