//! The obfuscated transport: 64 random-looking bytes that carry the keys of two AES-256-CTR streams, one each way
//! (core.telegram.org/mtproto/mtproto-transports, "Transport obfuscation"). Hides nothing from who reads the first
//! 64 bytes; only makes the stream look like no protocol.

use super::framing::Framing;
use crate::wire::{Error, Protocol};
use aws_lc_rs::cipher::{AES_256, DecryptionContext, StreamingDecryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;

/// The length of the first bytes.
pub(super) const INIT: usize = 64;
const BLOCK: usize = 16;

/// One direction: counter mode, where enciphering and deciphering are the same. `None` once the cipher library has
/// failed: nothing comes out any more, least of all clear bytes.
pub(super) struct Stream(Option<StreamingDecryptingKey>);

impl Stream {
    /// `material` is a key of 32 bytes and a counter of 16.
    fn new(material: &[u8; 48]) -> Self {
        let build = || {
            let key = UnboundCipherKey::new(&AES_256, &material[..32])?;
            let iv = FixedLength::<BLOCK>::try_from(&material[32..])?;
            StreamingDecryptingKey::ctr(key, DecryptionContext::Iv128(iv))
        };
        Self(build().ok())
    }

    /// The next bytes of the stream, turned.
    pub(super) fn turn(&mut self, bytes: &[u8]) -> Vec<u8> {
        // The library asks for room for one more block than a stream cipher fills.
        let mut out = vec![0; bytes.len() + BLOCK];
        let written = self.0.as_mut().and_then(|key| key.update(bytes, &mut out).ok()).map(|done| done.written().len());
        if written.is_none() {
            self.0 = None;
        }
        out.truncate(written.unwrap_or(0));
        out
    }

    /// Whether the cipher library has failed.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.0.as_ref().map(|_| ()).ok_or(Error::Cipher(Protocol::Mtproto))
    }
}

/// Both directions of a connection, as one end sees them.
pub(super) struct Streams {
    /// What this end sends.
    pub(super) sending: Stream,
    /// What this end receives.
    pub(super) receiving: Stream,
}

impl Streams {
    /// Whether the cipher library has failed, either way.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.sending.check().and_then(|()| self.receiving.check())
    }
}

/// The client's end: the streams, and the 64 bytes to send first.
pub(super) fn client(random: &[u8; INIT], framing: Framing, dc: i16) -> (Streams, Vec<u8>) {
    let mut init = allowed(*random);
    init[56..60].copy_from_slice(&framing.tag());
    init[60..62].copy_from_slice(&dc.to_le_bytes());
    let (forward, backward) = materials(&init);
    let mut sending = Stream::new(&forward);
    // The tag and the number of the data centre travel enciphered, at their own place in the stream.
    let turned = sending.turn(&init);
    let out = [&init[..56], turned.get(56..).unwrap_or_default()].concat();
    (Streams { sending, receiving: Stream::new(&backward) }, out)
}

/// The server's end, from the client's first 64 bytes.
pub(super) fn server(init: &[u8; INIT]) -> Result<(Streams, Framing), Error> {
    let (forward, backward) = materials(init);
    let mut receiving = Stream::new(&forward);
    let clear = receiving.turn(init);
    receiving.check()?;
    let framing = clear.get(56..60).and_then(Framing::from_tag);
    let framing = framing.ok_or(super::malformed("the first 64 bytes do not name a known framing"))?;
    Ok((Streams { sending: Stream::new(&backward), receiving }, framing))
}

/// The keys of a server's stream, from which any place of it can be turned.
#[derive(Clone)]
pub(super) struct Backward([u8; 48]);

impl Backward {
    /// Four bytes that stand at `at` in the stream, turned; `None` when the cipher library fails.
    pub(super) fn turn(&self, at: u64, bytes: [u8; 4]) -> Option<[u8; 4]> {
        let mut material = self.0;
        let block = u128::from(at / BLOCK as u64);
        let counter = material.last_chunk().map(|counter| u128::from_be_bytes(*counter))?;
        material[32..].copy_from_slice(&counter.wrapping_add(block).to_be_bytes());
        let within = (at % BLOCK as u64) as usize;
        let mut place = [0; BLOCK + 4];
        place[within..within + 4].copy_from_slice(&bytes);
        let turned = Stream::new(&material).turn(&place[..within + 4]);
        turned.get(within..)?.try_into().ok()
    }
}

/// What opens the stream of the server that this client's first 64 bytes reach, and its framing; `None` when they are
/// no obfuscated start.
pub(super) fn backward(init: &[u8; INIT]) -> Option<(Backward, Framing)> {
    let (_, framing) = Some(init).filter(|init| !is_forbidden(init)).and_then(|init| server(init).ok())?;
    Some((Backward(materials(init).1), framing))
}

/// Whether these 64 bytes are an obfuscated start: their own key opens a known tag. By chance: 3 in 2³².
pub(in crate::wire) fn is_init(bytes: &[u8]) -> bool {
    let init = bytes.first_chunk().filter(|init| !is_forbidden(init));
    init.is_some_and(|init| server(init).is_ok())
}

/// Key and counter of the client's stream, and those of the server's: the same 48 bytes reversed.
fn materials(init: &[u8; INIT]) -> ([u8; 48], [u8; 48]) {
    let mut forward = [0; 48];
    forward.copy_from_slice(&init[8..56]);
    let mut backward = forward;
    backward.reverse();
    (forward, backward)
}

/// What a server would take for another transport, or for another protocol.
fn is_forbidden(init: &[u8; INIT]) -> bool {
    let first = [init[0], init[1], init[2], init[3]];
    let words: [&[u8; 4]; 7] = [b"HEAD", b"POST", b"GET ", b"OPTI", &[0xDD; 4], &[0xEE; 4], &[0x16, 0x03, 0x01, 0x02]];
    init[0] == 0xEF || words.contains(&&first) || init[4..8] == [0; 4]
}

/// The same bytes, with the first eight changed until they are allowed. Those four that the tag replaces later are
/// the random bytes to change them with.
fn allowed(mut init: [u8; INIT]) -> [u8; INIT] {
    let spare = [init[56], init[57], init[58], init[59]];
    let mut turn = 0u8;
    while is_forbidden(&init) {
        for (at, with) in spare.iter().enumerate() {
            init[at] = init[at].wrapping_add(*with).wrapping_add(turn);
            init[4 + at] = init[4 + at].wrapping_add(*with).wrapping_add(turn);
        }
        turn = turn.wrapping_add(1);
    }
    init
}
