//! The opening of a WebSocket (RFC 6455 §4), both ends, as tunnels behind a CDN use it: one path, one host, and
//! sometimes the first bytes already in `Sec-WebSocket-Protocol` (Xray's early data, base64 without padding). What
//! follows the opening is in [`frames`].

use super::http::{Head, ResponseHead, response_head};
use super::{Error, Protocol};
use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

pub mod frames;

/// What RFC 6455 §1.3 puts behind a key before it is hashed.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The most early data that is put into a header: servers and CDNs hold 8 KiB of headers at least.
pub const MOST_EARLY_DATA: usize = 4096;

/// What a client asks.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// The `Host`.
    pub host: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// What the client calls itself.
    pub user_agent: &'a str,
    /// 16 random bytes (RFC 6455 §4.1).
    pub nonce: [u8; 16],
    /// The first bytes of the stream; [`MOST_EARLY_DATA`] at most.
    pub early: &'a [u8],
}

impl Opening<'_> {
    /// The request. `host` and `path` must hold no control character.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\n",
            self.path,
            self.host,
            self.user_agent,
            STANDARD.encode(self.nonce)
        );
        if !self.early.is_empty() {
            out.push_str("Sec-WebSocket-Protocol: ");
            out.push_str(&URL_SAFE_NO_PAD.encode(self.early));
            out.push_str("\r\n");
        }
        out.push_str("\r\n");
        out.into_bytes()
    }

    /// Reads the answer: nobody but a WebSocket server knows the key's other half.
    pub fn answer(&self, bytes: &[u8]) -> Result<Head<Answer>, Error> {
        match response_head(bytes)? {
            Head::Incomplete => Ok(Head::Incomplete),
            Head::Head(head, length) => Ok(Head::Head(self.judge(&head)?, length)),
        }
    }

    fn judge(&self, head: &ResponseHead) -> Result<Answer, Error> {
        if head.status != 101 {
            return Ok(Answer::Refused(head.status));
        }
        let accept = head.fields.get("sec-websocket-accept");
        if accept != Some(accept_key(&STANDARD.encode(self.nonce)).as_str()) {
            return Err(Error::malformed(Protocol::Http, "the answer to the upgrade belongs to another key"));
        }
        Ok(Answer::Open)
    }
}

/// What a server says to that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Frames follow.
    Open,
    /// Another status than 101.
    Refused(u16),
}

/// `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key` (RFC 6455 §4.2.2).
pub fn accept_key(key: &str) -> String {
    let mut hash = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    hash.update(key.as_bytes());
    hash.update(GUID);
    STANDARD.encode(hash.finish())
}

/// The early data of a `Sec-WebSocket-Protocol`; `None` when it is an ordinary list of protocols.
pub fn early_data(protocol: &str) -> Option<Vec<u8>> {
    let text = protocol.trim();
    if text.is_empty() || text.len() > MOST_EARLY_DATA * 2 {
        return None;
    }
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENING: Opening<'_> =
        Opening { host: "hidden.test", path: "/ws?a=1", user_agent: "x", nonce: *b"the sample nonce", early: b"" };

    #[test]
    fn the_rfcs_own_example() {
        assert_eq!(OPENING.nonce, STANDARD.decode("dGhlIHNhbXBsZSBub25jZQ==").unwrap()[..]);
        let answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                       Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nmore";
        let length = answer.len() - 4;
        assert_eq!(OPENING.answer(answer), Ok(Head::Head(Answer::Open, length)));
        assert_eq!(OPENING.answer(&answer[..40]), Ok(Head::Incomplete));
        let other = Opening { nonce: [0; 16], ..OPENING };
        assert!(other.answer(answer).is_err());
    }

    #[test]
    fn a_refusal_is_told_by_its_status() {
        let answer = b"HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(OPENING.answer(answer), Ok(Head::Head(Answer::Refused(421), answer.len())));
    }

    #[test]
    fn early_data_is_written_and_read_back() {
        let early: Vec<u8> = (0..=255).collect();
        let text = String::from_utf8(Opening { early: &early, ..OPENING }.encode()).unwrap();
        let (_, rest) = text.split_once("Sec-WebSocket-Protocol: ").unwrap();
        assert_eq!(early_data(rest.lines().next().unwrap()), Some(early));
        assert!(text.starts_with("GET /ws?a=1 HTTP/1.1\r\nHost: hidden.test\r\n"));
        assert_eq!(early_data("chat, superchat"), None);
        assert!(!String::from_utf8(OPENING.encode()).unwrap().contains("Protocol"));
    }
}
