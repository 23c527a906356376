//! VLESS, Trojan, the opening of a WebSocket, and the headers of polling.
#![no_main]

use byway::wire::http::Head;
use byway::wire::websocket::{self, Opening};
use byway::wire::{polling, trojan, vless};
use libfuzzer_sys::fuzz_target;

/// No more is taken than there is, and fewer bytes are never enough.
fn bounded<'b, T: 'b, E>(parse: impl Fn(&'b [u8]) -> Result<Option<(T, usize)>, E>, bytes: &'b [u8]) -> Option<T> {
    let (value, taken) = parse(bytes).ok().flatten()?;
    assert!(taken <= bytes.len());
    assert!(matches!(parse(&bytes[..taken - 1]), Ok(None)));
    Some(value)
}

fuzz_target!(|bytes: &[u8]| {
    bounded(vless::user, bytes);
    bounded(vless::answer, bytes);
    if let Some(request) = bounded(vless::request, bytes) {
        let written = vless::encode_request(&request.user, request.command, &request.to).unwrap();
        assert!(written.len() <= vless::LONGEST_REQUEST);
        assert_eq!(vless::request(&written), Ok(Some((request, written.len()))));
    }
    if let Some((packet, taken)) = vless::packet(bytes) {
        assert_eq!(vless::encode_packet(packet).unwrap(), &bytes[..taken]);
    }
    let key = trojan::key("");
    let behind = [key.expose().as_bytes(), b"\r\n", bytes].concat();
    if let Some(request) = bounded(|bytes| trojan::request(&key, bytes), &behind) {
        let written = trojan::encode_request(&key, request.command, &request.to).unwrap();
        assert_eq!(trojan::request(&key, &written), Ok(Some((request, written.len()))));
    }
    let _ = trojan::request(&key, bytes);
    bounded(trojan::packet, bytes);
    let opening = Opening { host: "a.test", path: "/", user_agent: "x", nonce: [7; 16], early: &[] };
    if let Ok(Head::Head(_, taken)) = opening.answer(bytes) {
        assert!(taken <= bytes.len());
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Some(seq) = polling::Seq::parse(text) {
            assert_eq!(polling::Seq::parse(&seq.encode()), Some(seq));
        }
        if let Some(id) = polling::SessionId::parse(text) {
            assert_eq!(polling::SessionId::parse(&id.encode()), Some(id));
        }
        websocket::early_data(text);
        if let Some(user) = vless::UserId::parse(text) {
            assert_eq!(vless::UserId::parse(&user.expose()), Some(user));
        }
    }
});
