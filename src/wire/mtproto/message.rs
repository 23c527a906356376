//! The unencrypted messages of the key exchange (core.telegram.org/mtproto/auth_key, and "Unencrypted Message" of
//! core.telegram.org/mtproto/description): the question `req_pq`, the answer `resPQ`, and the transport's error codes.
//! TL numbers are written with the least significant byte first; `pq` itself is a string with the most significant
//! first.

use super::malformed;
use crate::wire::{Error, cursor::Cursor};

const REQ_PQ: u32 = 0x6046_9778;
const REQ_PQ_MULTI: u32 = 0xbe7e_8ef1;
const RES_PQ: u32 = 0x0516_2463;
const VECTOR: u32 = 0x1cb5_c415;
/// A product of two primes below 2³², so that an answer is like a real one (the example of the documentation).
const PQ: u64 = 0x17ED_4894_1A08_F981;
/// Telegram has had two keys in use at most; a list of this length is no list of keys.
const MOST_FINGERPRINTS: u32 = 32;

/// An unencrypted message with `body`.
fn unencrypted(msg_id: i64, body: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 8];
    out.extend_from_slice(&msg_id.to_le_bytes());
    out.extend_from_slice(&(body.len() as u32).to_le_bytes());
    out.extend_from_slice(body);
    out
}

/// The identifier and the body of an unencrypted message; `None` when it is encrypted.
fn body(packet: &[u8]) -> Result<Option<(i64, &[u8])>, Error> {
    let mut cursor = Cursor::new(packet);
    if cursor.u64_le().is_some_and(|key| key != 0) {
        return Ok(None);
    }
    let header = cursor.u64_le().zip(cursor.u32_le());
    let (msg_id, length) = header.ok_or(malformed("the message is shorter than its header"))?;
    // Behind the body there may be the padding of the transport.
    let body = cursor.take(length as usize).ok_or(malformed("the message is longer than its packet"))?;
    Ok(Some((msg_id.cast_signed(), body)))
}

/// The question, with padding after it that its length counts, as the apps send it to test a connection.
pub(super) fn req_pq(msg_id: i64, nonce: &[u8; 16], padding: &[u8]) -> Vec<u8> {
    // Identifiers from a client are divisible by 4.
    unencrypted(msg_id & !3, &[&REQ_PQ.to_le_bytes()[..], nonce, padding].concat())
}

/// What a client asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// `req_pq` or `req_pq_multi` with this nonce.
    ReqPq([u8; 16]),
    /// An encrypted message: what comes after the exchange.
    Encrypted,
}

/// Reads what a client asks.
pub(super) fn question(packet: &[u8]) -> Result<Question, Error> {
    let Some((msg_id, body)) = body(packet)? else { return Ok(Question::Encrypted) };
    let mut cursor = Cursor::new(body);
    let (kind, nonce) = cursor.u32_le().zip(cursor.array()).ok_or(malformed("the question is cut short"))?;
    if kind != REQ_PQ && kind != REQ_PQ_MULTI {
        return Err(malformed("the question is neither req_pq nor req_pq_multi"));
    }
    if msg_id & 3 != 0 || !cursor.rest().len().is_multiple_of(4) {
        return Err(malformed("the question's identifier or padding is not one of a client"));
    }
    Ok(Question::ReqPq(nonce))
}

/// A server's answer. `msg_id` is made one of an answer.
pub(super) fn res_pq(msg_id: i64, nonce: &[u8; 16], server_nonce: &[u8; 16], fingerprints: &[u64]) -> Vec<u8> {
    let mut body = RES_PQ.to_le_bytes().to_vec();
    body.extend_from_slice(nonce);
    body.extend_from_slice(server_nonce);
    // A TL string: its length, its bytes, zeros up to a whole word.
    body.push(8);
    body.extend_from_slice(&PQ.to_be_bytes());
    body.extend_from_slice(&[0; 3]);
    body.extend_from_slice(&VECTOR.to_le_bytes());
    body.extend_from_slice(&(fingerprints.len() as u32).to_le_bytes());
    body.extend(fingerprints.iter().flat_map(|fingerprint| fingerprint.to_le_bytes()));
    unencrypted(msg_id & !3 | 1, &body)
}

/// What a server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    ResPq { nonce: [u8; 16], server_nonce: [u8; 16], fingerprints: Vec<u64> },
    TransportError(i32),
}

/// Reads what a server says.
pub(super) fn said(packet: &[u8]) -> Result<Said, Error> {
    // An error is four bytes alone; padding of the transport may follow, but never so much that a message fits.
    if packet.len() < 20 {
        let code = Cursor::new(packet).u32_le().map(u32::cast_signed).filter(|code| *code < 0);
        return code.map(Said::TransportError).ok_or(malformed("the packet is too short for a message"));
    }
    let (msg_id, body) = body(packet)?.ok_or(malformed("an encrypted message came before any key"))?;
    if msg_id & 3 != 1 {
        return Err(malformed("the message is not an answer by its identifier"));
    }
    res_pq_body(body).ok_or(malformed("the answer is not resPQ"))
}

fn res_pq_body(body: &[u8]) -> Option<Said> {
    let mut cursor = Cursor::new(body);
    let kind = cursor.u32_le()?;
    let nonce = cursor.array()?;
    let server_nonce = cursor.array()?;
    let length = cursor.u8()?;
    let pq = u64::from_be_bytes(cursor.array()?);
    cursor.take(3)?;
    let vector = cursor.u32_le()?;
    let count = cursor.u32_le()?;
    // pq is composite and fits in 63 bits; that it is even would be a factor for nothing.
    let fits = kind == RES_PQ && length == 8 && pq > 3 && pq >> 63 == 0 && pq % 2 == 1 && vector == VECTOR;
    if !fits || !(1..=MOST_FINGERPRINTS).contains(&count) {
        return None;
    }
    let fingerprints = (0..count).map(|_| cursor.u64_le()).collect::<Option<Vec<_>>>()?;
    Some(Said::ResPq { nonce, server_nonce, fingerprints })
}
