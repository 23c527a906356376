//! The body of a server's first answer in the clear, counted and not read: how much of a known length is still to
//! come? Answers whose end is not known beforehand owe nothing, and what follows the first answer is not looked at:
//! whether it has a body depends on questions that were not seen.

use super::{Body, Head, request_head, response_head};

/// A head longer than this is not waited for.
const LONGEST: usize = 8 * 1024;

/// Follows the first answer in a server's stream, from its first byte.
#[derive(Clone, Debug)]
pub struct Rest {
    method: Box<str>,
    /// The head, while it is not whole.
    head: Vec<u8>,
    /// How much of the body is still to come, once the head has come.
    remaining: Option<u64>,
}

impl Rest {
    /// What answers a client that began with `flight`; `None` when that is no request, or not one alone.
    pub fn after(flight: &[u8]) -> Option<Self> {
        let Ok(Head::Head(head, _)) = request_head(flight) else { return None };
        let method = head.method.into_boxed_str();
        Some(Self { method, head: Vec::new(), remaining: None })
    }

    /// Takes the next bytes of the stream.
    pub fn feed(&mut self, bytes: &[u8]) {
        if let Some(remaining) = &mut self.remaining {
            *remaining = remaining.saturating_sub(bytes.len() as u64);
            return;
        }
        self.head.extend_from_slice(bytes);
        let (come, body) = match response_head(&self.head) {
            Ok(Head::Incomplete) if self.head.len() <= LONGEST => return,
            // A word of encouragement, and then the answer (RFC 9110 §15.2); a switch to another protocol is its last.
            Ok(Head::Head(head, length)) if matches!(head.status, 100 | 102..=199) => {
                let rest = self.head.split_off(length);
                self.head = Vec::new();
                return self.feed(&rest);
            }
            Ok(Head::Head(head, length)) => (self.head.len() - length, head.body(&self.method).ok()),
            Ok(Head::Incomplete) | Err(_) => (0, None),
        };
        let length = if let Some(Body::Length(length)) = body { length } else { 0 };
        self.remaining = Some(length.saturating_sub(come as u64));
        self.head = Vec::new();
    }

    /// Whether a body of known length has begun and not ended.
    pub fn is_owed(&self) -> bool {
        self.remaining.is_some_and(|remaining| remaining > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn after(method: &str, stream: &str) -> bool {
        let request = format!("{method} / HTTP/1.1\r\nHost: a.example\r\n\r\n");
        let mut rest = Rest::after(request.as_bytes()).unwrap();
        rest.feed(stream.as_bytes());
        rest.is_owed()
    }

    #[test]
    fn only_a_known_length_is_owed() {
        for (method, stream, owed) in [
            ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true),
            ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", true),
            ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false),
            ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200", false),
            ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false),
            ("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false),
            ("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe", false),
            ("GET", "HTTP/1.1 200 OK\r\n\r\nuntil the end", false),
            ("GET", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", false),
            ("GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", true),
            ("GET", "HTTP/1.1 200 OK\r\nContent-Le", false),
            ("GET", "no answer of this protocol\r\n\r\n", false),
        ] {
            assert_eq!(after(method, stream), owed, "{method} {stream:?}");
        }
        assert!(Rest::after(b"\x16\x03\x01").is_none());
    }

    proptest! {
        #[test]
        fn a_body_is_followed_alike_in_any_portions(length in 0usize..300, come in 0usize..300, step in 1usize..40) {
            let body = "x".repeat(come.min(length));
            let stream = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
            let mut rest = Rest::after(b"GET / HTTP/1.1\r\n\r\n").unwrap();
            stream.as_bytes().chunks(step).for_each(|part| rest.feed(part));
            prop_assert_eq!(rest.is_owed(), come < length);
        }
    }
}
