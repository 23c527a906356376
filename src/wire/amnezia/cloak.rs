//! The shim itself: from the core's messages to the wire's and back. A message whose type changes needs its MAC1 anew
//! (WireGuard paper §5.4.4), and with it the cookie becomes the shim's to keep: the core knows another MAC1.

use super::{Disguise, Header, Message};
use blake2::digest::consts::U16;
use blake2::digest::{FixedOutput, KeyInit, Update};
use blake2::{Blake2s256, Blake2sMac, Digest};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use std::time::Duration;

/// Fills bytes by chance.
pub type Chance<'a> = dyn FnMut(&mut [u8]) + 'a;

/// How long a cookie is good (paper §5.4.7).
const COOKIE_LIFE: Duration = Duration::from_secs(120);
const MAC: usize = 16;

/// The disguise of one peer, and what must be remembered for it. Times are since any fixed beginning.
pub struct Cloak {
    disguise: Disguise,
    mac1_key: [u8; 32],
    cookie_key: [u8; 32],
    last_mac1: Option<[u8; MAC]>,
    cookie: Option<([u8; MAC], Duration)>,
    made: u32,
}

impl Cloak {
    /// The disguise of what is exchanged with the peer of this public key.
    pub fn new(disguise: Disguise, peer: &[u8; 32]) -> Self {
        let key = |label: &[u8]| Blake2s256::new().chain_update(label).chain_update(peer).finalize().into();
        Self {
            disguise,
            mac1_key: key(b"mac1----"),
            cookie_key: key(b"cookie--"),
            last_mac1: None,
            cookie: None,
            made: 0,
        }
    }

    /// What goes out before an initiation: first the signatures, then the junk. `unix` is the time in seconds.
    pub fn before_initiation(&mut self, unix: u32, chance: &mut Chance<'_>) -> Vec<Vec<u8>> {
        let mut packets = Vec::new();
        for signature in &self.disguise.signatures {
            packets.push(signature.packet(unix, self.made, chance));
            self.made = self.made.wrapping_add(1);
        }
        let sizes = Header { first: self.disguise.junk_least.into(), last: self.disguise.junk_most.into() };
        for _ in 0..self.disguise.junk {
            let mut packet = vec![0; sizes.pick(number(chance)) as usize];
            chance(&mut packet);
            packets.push(packet);
        }
        packets.retain(|packet| !packet.is_empty());
        packets
    }

    /// Whether a message is an initiation, before which [`Cloak::before_initiation`] is due.
    pub fn is_initiation(message: &[u8]) -> bool {
        message.len() == Message::Initiation.length() && message.first() == Some(&(Message::Initiation as u8))
    }

    /// A message of the core's as it goes on the wire, put behind `wire`. Says its length there.
    pub fn put(&mut self, message: &[u8], now: Duration, chance: &mut Chance<'_>, wire: &mut Vec<u8>) -> usize {
        let before = wire.len();
        let kind = Message::ALL.into_iter().find(|kind| message.first() == Some(&(*kind as u8)));
        let Some(kind) = kind.filter(|_| !self.disguise.messages_are_plain()) else {
            wire.extend_from_slice(message);
            return message.len();
        };
        let begin = before + usize::from(self.disguise.prefixes[kind.index()]);
        wire.resize(begin, 0);
        chance(&mut wire[before..]);
        wire.extend_from_slice(message);
        let header = self.disguise.headers[kind.index()];
        if header != Header::plain(kind) {
            let message = &mut wire[begin..];
            message[..4].copy_from_slice(&header.pick(number(chance)).to_le_bytes());
            if matches!(kind, Message::Initiation | Message::Response) {
                self.authenticate(message, now);
            }
        }
        wire.len() - before
    }

    /// The core's message in a datagram of the wire's; `None` when it is none, or only for the shim.
    pub fn take<'a>(&mut self, datagram: &'a mut [u8], now: Duration) -> Option<&'a mut [u8]> {
        if self.disguise.messages_are_plain() {
            return Some(datagram);
        }
        let (kind, begin) = self.disguise.recognise(datagram)?;
        let message = &mut datagram[begin..];
        message[..4].copy_from_slice(&(kind as u32).to_le_bytes());
        if kind == Message::Cookie && self.disguise.headers[0] != Header::plain(Message::Initiation) {
            self.cookie = self.open_cookie(message).map(|cookie| (cookie, now + COOKIE_LIFE));
            return None;
        }
        Some(message)
    }

    /// Writes MAC1 and, while there is a cookie, MAC2 over what stands there.
    fn authenticate(&mut self, message: &mut [u8], now: Duration) {
        let (body, macs) = message.split_at_mut(message.len() - 2 * MAC);
        let (mac1, mac2) = macs.split_at_mut(MAC);
        mac1.copy_from_slice(&keyed(&self.mac1_key, &[body]));
        self.last_mac1 = mac1.try_into().ok();
        self.cookie = self.cookie.filter(|(_, until)| now < *until);
        match &self.cookie {
            Some((cookie, _)) => mac2.copy_from_slice(&keyed(cookie, &[body, mac1])),
            None => mac2.fill(0),
        }
    }

    /// Opens a cookie reply (paper §5.4.7): type, receiver, 24 bytes of nonce, 32 of sealed cookie.
    fn open_cookie(&self, message: &[u8]) -> Option<[u8; MAC]> {
        let (nonce, sealed) = message.get(8..64)?.split_at(24);
        let aad = &self.last_mac1?;
        let cipher = XChaCha20Poly1305::new((&self.cookie_key).into());
        let opened = cipher.decrypt(XNonce::from_slice(nonce), Payload { msg: sealed, aad }).ok()?;
        opened.try_into().ok()
    }
}

/// Keyed BLAKE2s with 16 bytes of output (paper §5.4).
pub(super) fn keyed(key: &[u8], parts: &[&[u8]]) -> [u8; MAC] {
    let Ok(mut mac) = <Blake2sMac<U16> as KeyInit>::new_from_slice(key) else {
        // Keys are 16 or 32 bytes long, and 32 is the most there may be.
        return [0; MAC];
    };
    parts.iter().for_each(|part| Update::update(&mut mac, part));
    mac.finalize_fixed().into()
}

fn number(chance: &mut Chance<'_>) -> u32 {
    let mut bytes = [0; 4];
    chance(&mut bytes);
    u32::from_le_bytes(bytes)
}
