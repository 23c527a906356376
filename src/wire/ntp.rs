//! A time server's answer, as proof that packets come back: the client's request and the answer to it (RFC 5905 §7.3),
//! without what they say of the time. The request tells nothing of this machine's clock
//! (draft-ietf-ntp-data-minimization): its stamp is random.

/// The length of a message without extensions.
const LENGTH: usize = 48;
/// Version 4, mode 3 (client).
const CLIENT: u8 = 4 << 3 | 3;
/// The low three bits of a server's first byte.
const SERVER: u8 = 4;

/// A request: 48 bytes.
pub fn request(stamp: [u8; 8]) -> [u8; LENGTH] {
    let mut out = [0; LENGTH];
    out[0] = CLIENT;
    out[40..].copy_from_slice(&stamp);
    out
}

/// Whether this is a server's answer to the request with this stamp, which it sends back as its origin timestamp.
pub fn is_answer(bytes: &[u8], stamp: [u8; 8]) -> bool {
    let mode = bytes.first().is_some_and(|first| first & 7 == SERVER);
    mode && bytes.len() >= LENGTH && bytes.get(24..32) == Some(&stamp[..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_to_this_very_request_counts() {
        let stamp = [1, 2, 3, 4, 5, 6, 7, 8];
        let asked = request(stamp);
        assert_eq!((asked[0], &asked[40..]), (0x23, &stamp[..]));
        let mut answer = [0; LENGTH];
        answer[0] = 0x24;
        answer[24..32].copy_from_slice(&stamp);
        assert!(is_answer(&answer, stamp));
        assert!(!is_answer(&answer, [0; 8]), "another request");
        assert!(!is_answer(&answer[..47], stamp), "cut off");
        assert!(!is_answer(&asked, stamp), "an echo");
    }
}
