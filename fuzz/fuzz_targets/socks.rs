//! Every SOCKS message, both ends.
#![no_main]

use byway::wire::socks::{self, Parsed};
use libfuzzer_sys::fuzz_target;

/// No more is taken than there is, and fewer bytes are never enough.
fn bounded<T>(parse: impl Fn(&[u8]) -> Parsed<T>, bytes: &[u8]) -> Option<T> {
    let (value, taken) = parse(bytes).ok().flatten()?;
    assert!(taken <= bytes.len());
    assert!(matches!(parse(&bytes[..taken - 1]), Ok(None)));
    Some(value)
}

fuzz_target!(|bytes: &[u8]| {
    bounded(socks::greeting, bytes);
    bounded(socks::parse_choice, bytes);
    bounded(socks::parse_login_answer, bytes);
    bounded(socks::parse_reply, bytes);
    bounded(socks::request4, bytes);
    if let Some(login) = bounded(socks::login, bytes) {
        let written = socks::encode_login(&login.user, login.password.expose()).unwrap();
        assert!(bytes.starts_with(&written));
    }
    if let Some(request) = bounded(socks::request, bytes) {
        let written = socks::encode_request(request.command, &request.to).unwrap();
        assert_eq!(socks::request(&written), Ok(Some((request, written.len()))));
    }
    if let Ok((to, begins)) = socks::udp_header(bytes) {
        assert!(begins <= bytes.len());
        let written = socks::encode_udp_header(&to).unwrap();
        assert_eq!(socks::udp_header(&written), Ok((to, written.len())));
    }
});
