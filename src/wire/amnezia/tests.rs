use super::cloak::keyed;
use super::*;
use blake2::{Blake2s256, Digest};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use gotatun::noise::errors::WireGuardError;
use gotatun::noise::index_table::IndexTable;
use gotatun::noise::rate_limiter::RateLimiter;
use gotatun::noise::{Tunn, TunnResult};
use gotatun::packet::{Packet, WgKind};
use gotatun::x25519::{PublicKey, StaticSecret};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(1);

fn disguise() -> Disguise {
    let header = |first, last| Header::new(first, last).unwrap();
    Disguise {
        junk: 5,
        junk_least: 40,
        junk_most: 90,
        prefixes: [15, 72, 20, 12],
        headers: [header(100, 200), header(1000, 2000), header(30_000, 30_000), header(4_000_000, u32::MAX)],
        signatures: vec![Signature::parse("<b 0xc3000001><r 20><t><rc 8><rd 8><c>").unwrap()],
    }
    .checked()
    .unwrap()
}

/// One end: a core behind its shim.
struct End {
    core: Tunn,
    cloak: Cloak,
    limiter: Arc<RateLimiter>,
    own: [u8; 32],
    random: u8,
}

/// A key of the paper's §5.4.4 and §5.4.7.
fn labelled(label: &[u8], public: &[u8; 32]) -> [u8; 32] {
    Blake2s256::new().chain_update(label).chain_update(public).finalize().into()
}

impl End {
    fn new(own: [u8; 32], peer: [u8; 32], disguise: Disguise, handshakes: u64) -> Self {
        let public = |key| PublicKey::from(&StaticSecret::from(key));
        let limiter = Arc::new(RateLimiter::new(&public(own), handshakes));
        let index = IndexTable::from_os_rng();
        Self {
            core: Tunn::new(own.into(), public(peer), None, None, index, Arc::clone(&limiter)),
            cloak: Cloak::new(disguise, public(peer).as_bytes()),
            limiter,
            own: public(own).to_bytes(),
            random: 0,
        }
    }

    fn pair(disguise: Disguise, handshakes: u64) -> (Self, Self) {
        let end = |own, peer| Self::new([own; 32], [peer; 32], disguise.clone(), handshakes);
        (end(1, 2), end(2, 1))
    }

    /// A message as it goes on the wire, and what goes before it.
    fn put(&mut self, message: WgKind) -> Vec<Vec<u8>> {
        let message: Packet = message.into();
        let random = &mut self.random;
        let chance: &mut dyn FnMut(&mut [u8]) = &mut |bytes| {
            for byte in bytes {
                *random = random.wrapping_mul(5).wrapping_add(113);
                *byte = *random;
            }
        };
        let mut datagrams = Vec::new();
        if Cloak::is_initiation(&message) {
            datagrams = self.cloak.before_initiation(1_700_000_000, chance);
        }
        let mut wire = Vec::new();
        let length = self.cloak.put(&message, SOON, chance, &mut wire);
        assert_eq!(length, wire.len());
        datagrams.push(wire);
        datagrams
    }

    /// What a datagram makes the core do. MAC1 is checked over what was on the wire, as AmneziaWG's own server does; the
    /// core checks it, and MAC2 under load, where that is WireGuard's.
    fn take(&mut self, datagram: Vec<u8>) -> Option<TunnResult> {
        let mut taken = datagram.clone();
        let message = Packet::copy_from(&*self.cloak.take(&mut taken, SOON)?);
        let wire = &datagram[datagram.len() - message.len()..];
        if wire[..4] != message[..4] && message[0] < 3 {
            let (body, macs) = wire.split_at(wire.len() - 32);
            if keyed(&labelled(b"mac1----", &self.own), &[body]) != macs[..16] {
                return Some(TunnResult::Err(WireGuardError::InvalidMac));
            }
            return Some(self.core.handle_incoming_packet(message.try_into_wg().unwrap()));
        }
        let from: SocketAddr = "192.0.2.1:51820".parse().unwrap();
        match self.limiter.verify_packet(from, message) {
            Ok(message) => Some(self.core.handle_incoming_packet(message)),
            Err(refused) => Some(refused),
        }
    }

    fn initiation(&mut self) -> Vec<Vec<u8>> {
        let message = self.core.format_handshake_initiation(true).unwrap();
        self.put(message.into())
    }
}

fn answer(result: Option<TunnResult>) -> WgKind {
    match result {
        Some(TunnResult::WriteToNetwork(message)) => message,
        other => panic!("no answer: {other:?}"),
    }
}

/// A handshake and a packet each way. Gives the datagrams of both ends.
fn converse(client: &mut End, server: &mut End) -> Vec<Vec<u8>> {
    let mut seen = client.initiation();
    for junk in &seen[..seen.len() - 1] {
        assert!(server.take(junk.clone()).is_none_or(|result| matches!(result, TunnResult::Err(_))), "junk is nothing");
    }
    let response = answer(server.take(seen.last().unwrap().clone()));
    seen.extend(server.put(response));
    let keepalive = answer(client.take(seen.last().unwrap().clone()));
    seen.extend(client.put(keepalive));
    assert!(matches!(server.take(seen.last().unwrap().clone()), Some(TunnResult::WriteToTunnel(p)) if p.is_empty()));
    // An IPv4 packet of 20 bytes, header only.
    let mut packet = [0_u8; 20];
    (packet[0], packet[3]) = (0x45, 20);
    let carry = |from: &mut End, to: &mut End, seen: &mut Vec<Vec<u8>>| {
        let sealed = from.core.handle_outgoing_packet(Packet::copy_from(&packet[..]), None).unwrap();
        seen.extend(from.put(sealed));
        let opened = to.take(seen.last().unwrap().clone());
        assert!(matches!(opened, Some(TunnResult::WriteToTunnel(p)) if p[..] == packet[..]));
    };
    carry(client, server, &mut seen);
    carry(server, client, &mut seen);
    seen
}

#[test]
fn two_shims_understand_each_other_and_nobody_else_sees_wireguard() {
    let (mut client, mut server) = End::pair(disguise(), 100);
    let seen = converse(&mut client, &mut server);
    assert_eq!(seen.len(), 6 + 5, "a signature, five of junk, and five messages");
    assert_eq!(seen[0][..4], [0xc3, 0, 0, 1]);
    assert_eq!(seen[0][24..28], 1_700_000_000_u32.to_be_bytes());
    assert!(seen[0][28..36].iter().all(u8::is_ascii_alphabetic) && seen[0][36..44].iter().all(u8::is_ascii_digit));
    assert!(seen[1..6].iter().all(|junk| (40..=90).contains(&junk.len())));
    let lengths: Vec<usize> = seen[6..].iter().map(Vec::len).collect();
    assert_eq!(lengths, [15 + 148, 72 + 92, 12 + 32, 12 + 52, 12 + 52]);
    for datagram in &seen[6..] {
        assert!(!matches!(datagram[..4], [1..=4, 0, 0, 0]), "WireGuard's own type at its own place");
    }
}

#[test]
fn without_parameters_nothing_is_changed_and_junk_alone_suits_a_plain_server() {
    let (mut client, mut server) = End::pair(Disguise::default(), 100);
    let seen = converse(&mut client, &mut server);
    assert_eq!(seen.iter().map(Vec::len).collect::<Vec<_>>(), [148, 92, 32, 52, 52]);
    let junk = Disguise { junk: 3, junk_least: 10, junk_most: 50, ..Disguise::default() };
    let mut client = End::new([1; 32], [2; 32], junk, 100);
    let (_, mut server) = End::pair(Disguise::default(), 100);
    assert_eq!(converse(&mut client, &mut server).len(), 3 + 5);
}

#[test]
fn a_plain_server_under_load_gets_its_cookie_back() {
    // The second handshake within a second is one too many.
    let (mut client, mut server) = End::pair(Disguise::default(), 1);
    let first = client.initiation().pop().unwrap();
    answer(server.take(first));
    let second = client.initiation().pop().unwrap();
    let cookie = answer(server.take(second));
    assert!(matches!(cookie, WgKind::CookieReply(_)), "{cookie:?}");
    let cookie = server.put(cookie).pop().unwrap();
    let _taken = client.take(cookie);
    let third = client.initiation().pop().unwrap();
    assert!(matches!(answer(server.take(third)), WgKind::HandshakeResp(_)), "the cookie is what was asked for");
}

#[test]
fn a_disguised_server_under_load_gets_its_cookie_back() {
    let (mut client, server) = End::pair(disguise(), 1);
    let refused = client.initiation().pop().unwrap();
    let mac1 = &refused[refused.len() - 32..refused.len() - 16];
    assert_eq!(refused[refused.len() - 16..], [0; 16], "no cookie yet");
    let (cookie, nonce) = ([7; 16], [9; 24]);
    let cipher = XChaCha20Poly1305::new((&labelled(b"cookie--", &server.own)).into());
    let sealed = cipher.encrypt(XNonce::from_slice(&nonce), Payload { msg: &cookie, aad: mac1 }).unwrap();
    let reply = [&[0; 20][..], &30_000_u32.to_le_bytes(), &refused[19..23], &nonce, &sealed].concat();
    assert!(client.take(reply).is_none(), "a cookie is the shim's");
    let again = client.initiation().pop().unwrap();
    let (body, macs) = again[15..].split_at(116);
    assert_eq!(macs[16..], keyed(&cookie, &[body, &macs[..16]]), "paper §5.4.4: MAC2 over all before it");
    let late = SOON + Duration::from_secs(121);
    let (mut wire, message) = (Vec::new(), client.core.format_handshake_initiation(true).unwrap());
    let message: Packet = WgKind::from(message).into();
    client.cloak.put(&message, late, &mut |_| (), &mut wire);
    assert_eq!(wire[wire.len() - 16..], [0; 16], "a cookie is good for two minutes");
}

#[test]
fn parameters_that_contradict_each_other_are_refused() {
    let good = disguise();
    for (bad, why) in [
        (Disguise { junk: 129, ..good.clone() }, BadDisguise::TooMuchJunk),
        (Disguise { junk_least: 91, ..good.clone() }, BadDisguise::JunkSizes),
        (Disguise { prefixes: [16, 72, 0, 0], ..good.clone() }, BadDisguise::SameLength),
        (Disguise { prefixes: [0, 0, 0, 257], ..good.clone() }, BadDisguise::Prefix),
        (Disguise { headers: [good.headers[0]; 4], ..good.clone() }, BadDisguise::HeadersMeet),
    ] {
        assert_eq!(bad.checked(), Err(why));
    }
    assert_eq!(Disguise::default().checked(), Ok(Disguise::default()));
}

#[test]
fn signatures_are_read_and_written_back() {
    for text in ["<b 0xf6ab><r 16>", "<t><c><rd 3><rc 4>"] {
        assert_eq!(Signature::parse(text).unwrap().to_string(), text);
    }
    assert_eq!(Signature::parse(" <b F6AB> <r 1> ").unwrap().to_string(), "<b 0xf6ab><r 1>");
    for (text, why) in [
        ("", BadSignature::Size),
        ("<r 0>", BadSignature::Size),
        ("<r 1472><r 1>", BadSignature::Size),
        ("hello", BadSignature::Shape),
        ("<r 5", BadSignature::Shape),
        ("<>", BadSignature::Shape),
        ("<r 5 6>", BadSignature::Shape),
        ("<b 0xabc>", BadSignature::Bytes),
        ("<b>", BadSignature::Bytes),
        ("<b 0xzz>", BadSignature::Bytes),
        ("<r>", BadSignature::Number),
        ("<r 99999999999>", BadSignature::Number),
        ("<wt 5>", BadSignature::UnknownTag),
    ] {
        assert_eq!(Signature::parse(text), Err(why), "{text}");
    }
}

#[test]
fn a_header_is_any_number_of_its_range() {
    let all = Header::new(0, u32::MAX).unwrap();
    assert_eq!((all.pick(0), all.pick(u32::MAX)), (0, u32::MAX));
    let three = Header::new(5, 7).unwrap();
    assert_eq!([0, 1, 2, 3].map(|chance| three.pick(chance)), [5, 6, 7, 5]);
    assert_eq!(Header::new(2, 1), None);
}

mod what_may_come {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_datagram_is_taken_or_left(datagram in proptest::collection::vec(any::<u8>(), 0..400)) {
            let (mut client, _) = End::pair(disguise(), 100);
            let _ = client.cloak.take(&mut datagram.clone(), SOON);
        }

        #[test]
        fn any_text_is_a_signature_or_none(text in "[<>a-z0-9x ]{0,40}") {
            if let Ok(signature) = Signature::parse(&text) {
                prop_assert_eq!(Signature::parse(&signature.to_string()), Ok(signature));
            }
        }
    }
}
