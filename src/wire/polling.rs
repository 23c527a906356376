//! A stream as a row of HTTP requests, for CDNs that pass nothing else: byway's own protocol between its client and its
//! relay, in the manner of Tor's meek. Both directions are numbered by bytes, so that a request whose answer was lost
//! can be sent again without harm. Headers to values and back; no HTTP here.
//!
//! ```text
//! POST path                                         all of one stream carry its session
//! X-Session-Id: 22 characters                       16 random bytes, base64 (RFC 4648 §5) without padding
//! X-Session-Seq: up-OFFSET | down-OFFSET            of the body's first byte | bytes received so far: the rest is wanted
//! X-Session-End: 1                                  with the last of a direction, in request or answer
//! ```
//! The first request of a session is `up-0` and holds the tunnel's whole header. The answer to `down` says the offset of
//! its body in `X-Session-Seq`; the server may wait for bytes before it answers.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Which stream.
pub const ID: &str = "x-session-id";
/// Which bytes.
pub const SEQ: &str = "x-session-seq";
/// Nothing follows.
pub const END: &str = "x-session-end";

/// The most bytes in a request: what CDNs take without asking.
pub const MOST_UP: usize = 128 * 1024;
/// The most bytes in an answer.
pub const MOST_DOWN: usize = 256 * 1024;

/// A stream's name, made of random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(pub [u8; 16]);

/// Which bytes a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seq {
    /// Its body begins here.
    Up(u64),
    /// So much has been received.
    Down(u64),
}

impl SessionId {
    /// As a header's value.
    pub fn encode(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Reads a header's value.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 22 {
            return None;
        }
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }
}

impl Seq {
    /// As a header's value.
    pub fn encode(self) -> String {
        match self {
            Self::Up(offset) => format!("up-{offset}"),
            Self::Down(offset) => format!("down-{offset}"),
        }
    }

    /// Reads a header's value.
    pub fn parse(text: &str) -> Option<Self> {
        let (direction, offset) = text.split_once('-')?;
        if offset.is_empty() || !offset.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let offset = offset.parse().ok()?;
        match direction {
            "up" => Some(Self::Up(offset)),
            "down" => Some(Self::Down(offset)),
            _ => None,
        }
    }
}

/// What of a body that begins at `offset` is new to who has `known` bytes; `None` when bytes in between are missing.
pub fn fresh(body: &[u8], offset: u64, known: u64) -> Option<&[u8]> {
    let old = usize::try_from(known.checked_sub(offset)?).ok()?;
    Some(body.get(old..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_header_of_ours_is_none() {
        for text in ["", "up", "up-", "up-x", "up--1", "up-+1", "side-1", "down-99999999999999999999"] {
            assert_eq!(Seq::parse(text), None, "{text}");
        }
        for text in ["", "short", "AAAAAAAAAAAAAAAAAAAAA!", "AAAAAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(SessionId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn bytes_that_came_twice_are_told_from_new_ones_and_from_a_gap() {
        assert_eq!(fresh(b"abcdef", 10, 10), Some(&b"abcdef"[..]));
        assert_eq!(fresh(b"abcdef", 10, 13), Some(&b"def"[..]));
        assert_eq!(fresh(b"abcdef", 10, 16), Some(&b""[..]));
        assert_eq!(fresh(b"abcdef", 10, 99), Some(&b""[..]));
        assert_eq!(fresh(b"abcdef", 10, 9), None);
    }

    proptest! {
        #[test]
        fn headers_come_back(id: [u8; 16], offset: u64, up: bool) {
            prop_assert_eq!(SessionId::parse(&SessionId(id).encode()), Some(SessionId(id)));
            let seq = if up { Seq::Up(offset) } else { Seq::Down(offset) };
            prop_assert_eq!(Seq::parse(&seq.encode()), Some(seq));
        }

        #[test]
        fn no_text_breaks_a_parser(text: String, offset: u64, known: u64, body: Vec<u8>) {
            let _ = (SessionId::parse(&text), Seq::parse(&text), fresh(&body, offset, known));
        }
    }
}
