//! What a client's first bytes are, so that it is known whether they may be sent again on another way before any
//! answer has come. Whether they *should* be is decided elsewhere.

use super::http::{self, Body, Head, RequestHead, is_idempotent};
use super::tls::{self, ClientHello, Hello};
use super::{mtproto, noise};
use crate::model::{Destination, FirstFlight, Private};
use std::fmt;

/// Methods that begin a request; others are not taken for HTTP.
const METHODS: [&[u8]; 9] =
    [b"GET ", b"HEAD ", b"OPTIONS ", b"TRACE ", b"PUT ", b"DELETE ", b"POST ", b"PATCH ", b"CONNECT "];

/// What a first flight is. Debug output hides names.
#[derive(Clone, PartialEq, Eq)]
pub enum Kind {
    /// A whole ClientHello.
    Tls(ClientHello),
    /// The beginning of WhatsApp's Noise handshake.
    Noise,
    /// The beginning of MTProto, obfuscated or not.
    Mtproto,
    /// At least one whole head of a request.
    Http {
        /// Whether every request in it may be sent twice.
        idempotent: bool,
        /// The host it is for, from the target or the `Host` field.
        host: Option<String>,
    },
    /// Something else.
    Unknown,
    /// The beginning of something known, or nothing at all.
    Incomplete,
}

impl Kind {
    /// Whether these bytes may be sent again. An unfinished hello or head may: no server acts on half of it.
    pub const fn may_replay(&self) -> bool {
        match self {
            Self::Tls(_) | Self::Noise | Self::Mtproto | Self::Incomplete => true,
            Self::Http { idempotent, .. } => *idempotent,
            Self::Unknown => false,
        }
    }

    /// Whether a server answers these bytes at once, and the client has to say more after that: one that ends its side
    /// instead has gone.
    pub const fn is_dialogue(&self) -> bool {
        matches!(self, Self::Tls(_) | Self::Noise | Self::Mtproto)
    }

    /// The host name the bytes themselves tell.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Tls(hello) => hello.server_name.as_deref(),
            Self::Http { host, .. } => host.as_deref(),
            Self::Noise | Self::Mtproto | Self::Unknown | Self::Incomplete => None,
        }
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tls(hello) => f.debug_tuple("Tls").field(hello).finish(),
            Self::Noise => f.write_str("Noise"),
            Self::Mtproto => f.write_str("Mtproto"),
            Self::Http { idempotent, host } => {
                let mut out = f.debug_struct("Http");
                out.field("idempotent", idempotent).field("host", &host.as_ref().map(Private)).finish()
            }
            Self::Unknown => f.write_str("Unknown"),
            Self::Incomplete => f.write_str("Incomplete"),
        }
    }
}

/// What `bytes` are. `hint` is what the destination's service says of flows that look like nothing: an obfuscated
/// MTProto start is known by its own key once its 64 bytes are there; before that only the hint can tell it from
/// something that must not be sent twice.
pub fn kind(bytes: &[u8], hint: FirstFlight) -> Kind {
    if bytes.is_empty() {
        return Kind::Incomplete;
    }
    match tls::client_hello(bytes) {
        Hello::Hello(hello) => return Kind::Tls(hello),
        Hello::Incomplete => return Kind::Incomplete,
        Hello::NotTls => {}
    }
    if let Some(request) = http_kind(bytes) {
        return request;
    }
    match noise::begins(bytes) {
        Some(true) => return Kind::Noise,
        None => return Kind::Incomplete,
        Some(false) => {}
    }
    match hint {
        _ if mtproto::is_init(bytes) => Kind::Mtproto,
        // In the clear the abridged transport begins with EF, the others with four bytes that nothing else begins with.
        FirstFlight::Mtproto if bytes.len() >= 64 || bytes[0] == 0xEF => Kind::Mtproto,
        FirstFlight::Mtproto if bytes.starts_with(&[0xEE; 4]) || bytes.starts_with(&[0xDD; 4]) => Kind::Mtproto,
        FirstFlight::Mtproto => Kind::Incomplete,
        FirstFlight::Sniff | FirstFlight::Noise => Kind::Unknown,
    }
}

/// HTTP, or `None` when the bytes are not the beginning of a request.
fn http_kind(bytes: &[u8]) -> Option<Kind> {
    let begins = |method: &[u8]| bytes.iter().zip(method).all(|(a, b)| a == b);
    if !METHODS.iter().any(|method| begins(method)) {
        return None;
    }
    let (first, mut at) = match http::request_head(bytes) {
        Ok(Head::Head(head, length)) => (head, length),
        Ok(Head::Incomplete) => return Some(Kind::Incomplete),
        Err(_) => return None,
    };
    let host = host(&first);
    let mut idempotent = is_idempotent(&first.method);
    let mut head = first;
    // Requests may follow one another without waiting; one that must not be repeated is enough.
    loop {
        at = match head.body {
            Body::None => at,
            Body::Length(length) => at.saturating_add(usize::try_from(length).unwrap_or(usize::MAX)),
            // Where a chunked body ends, and what follows it, is not looked at.
            Body::Chunked | Body::UntilClose => return Some(Kind::Http { idempotent: false, host }),
        };
        match bytes.get(at..).filter(|rest| !rest.is_empty()).map(http::request_head) {
            None | Some(Ok(Head::Incomplete)) => return Some(Kind::Http { idempotent, host }),
            Some(Ok(Head::Head(next, length))) => {
                at += length;
                idempotent &= is_idempotent(&next.method);
                head = next;
            }
            Some(Err(_)) => return Some(Kind::Http { idempotent: false, host }),
        }
    }
}

/// The host of a request: the authority of an absolute target, or else the `Host` field.
fn host(head: &RequestHead) -> Option<String> {
    let authority = match head.target.split_once("://") {
        Some((_, rest)) => rest.split(['/', '?', '#']).next()?,
        None => head.fields.get("host")?,
    };
    let authority = authority.rsplit('@').next()?;
    let with_port = Destination::parse(authority).or_else(|_| Destination::parse(&format!("{authority}:80"))).ok()?;
    with_port.host.name().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::tls::tests::hello;
    use proptest::prelude::*;

    fn sniff(bytes: &[u8]) -> Kind {
        kind(bytes, FirstFlight::Sniff)
    }

    fn mtproto_hello() -> Vec<u8> {
        let random = std::array::from_fn(|at| (at as u8).wrapping_mul(91).wrapping_add(0x80));
        let start = mtproto::Start { random, nonce: [1; 16], dc: 2, msg_id: 4, padding_words: 7, padding: [3; 252] };
        mtproto::Client::hello(&start).1
    }

    #[test]
    fn each_protocol_is_known_by_its_first_bytes() {
        let tls = sniff(&hello(Some("web.telegram.org"), &["h2"]));
        assert!(matches!(tls, Kind::Tls(_)) && tls.may_replay());
        assert_eq!(tls.name(), Some("web.telegram.org"));
        let (_, noise) = noise::Client::hello([1; 32]).unwrap();
        assert_eq!(sniff(&noise), Kind::Noise);
        assert_eq!(sniff(&[&[0x45, 0x44, 0, 1, 0, 0, 1, 9][..], &noise].concat()), Kind::Noise);
        assert_eq!(sniff(&mtproto_hello()), Kind::Mtproto);
        let get = sniff(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
        assert_eq!(get, Kind::Http { idempotent: true, host: Some("a.example".into()) });
        assert!(get.may_replay() && Kind::Noise.may_replay() && Kind::Mtproto.may_replay());
    }

    #[test]
    fn what_is_unknown_is_never_sent_twice() {
        for bytes in [&b"EHLO mail.example\r\n"[..], &[0x55; 64], &[0xEF, 10], &[0xEE; 4], b"SSH-2.0-", b"get / ", &[0]]
        {
            assert_eq!(sniff(bytes), Kind::Unknown, "{bytes:x?}");
        }
        assert!(!Kind::Unknown.may_replay());
    }

    #[test]
    fn a_hint_tells_what_looks_like_nothing() {
        let hinted = |bytes: &[u8]| kind(bytes, FirstFlight::Mtproto);
        assert_eq!(hinted(&[0x55; 64]), Kind::Mtproto);
        assert_eq!(hinted(&[0x55; 63]), Kind::Incomplete);
        assert_eq!(hinted(&[0xEF, 10]), Kind::Mtproto);
        assert_eq!(hinted(&[0xEE; 4]), Kind::Mtproto);
        assert_eq!(hinted(&[0xDD; 3]), Kind::Incomplete);
        assert!(matches!(hinted(&hello(None, &[])), Kind::Tls(_)));
        assert!(!hinted(b"POST /api HTTP/1.1\r\n\r\n").may_replay());
        assert_eq!(kind(b"\x00\x01", FirstFlight::Noise), Kind::Unknown);
    }

    #[test]
    fn every_beginning_of_something_known_is_incomplete() {
        let (_, noise) = noise::Client::hello([1; 32]).unwrap();
        assert_eq!(sniff(&[]), Kind::Incomplete);
        assert_eq!(sniff(&noise[..2]), Kind::Incomplete);
        assert_eq!(sniff(&[0x45, 0x44, 0]), Kind::Incomplete);
        let tls = hello(Some("a.example"), &[]);
        let post = b"POST / HTTP/1.1\r\nHost: a\r\n\r\n";
        assert!((1..tls.len()).all(|end| sniff(&tls[..end]) == Kind::Incomplete));
        assert!((1..post.len()).all(|end| sniff(&post[..end]) == Kind::Incomplete));
        assert!(Kind::Incomplete.may_replay());
    }

    #[test]
    fn one_request_that_must_not_be_repeated_is_enough() {
        let may = |text: &str| sniff(text.as_bytes()).may_replay();
        assert!(may("GET / HTTP/1.1\r\n\r\nHEAD /a HTTP/1.1\r\n\r\n"));
        assert!(may("PUT / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\n\r\n"));
        assert!(may("PUT / HTTP/1.1\r\nContent-Length: 50\r\n\r\nhello"));
        for text in [
            "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
            "CONNECT a.example:443 HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\nPOST / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nContent-Length: 2\r\n\r\nabPOST / HTTP/1.1\r\n\r\n",
            "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nPOST / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n\0\0\0\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET / HTTP/9\r\n\r\n",
        ] {
            assert!(!may(text), "{text:?}");
        }
    }

    #[test]
    fn the_host_of_a_request_is_found() {
        let name = |text: &str| sniff(text.as_bytes()).name().map(str::to_owned);
        let in_target = "GET http://me:pw@A.example:8080/x?y HTTP/1.1\r\nHost: b.example\r\n\r\n";
        assert_eq!(name(in_target).as_deref(), Some("a.example"));
        assert_eq!(name("GET /x HTTP/1.1\r\nHost: b.example:80\r\n\r\n").as_deref(), Some("b.example"));
        assert_eq!(name("GET /x HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n"), None);
        assert_eq!(name("GET /x HTTP/1.1\r\nHost: a b\r\n\r\n"), None);
        assert_eq!(name("GET /x HTTP/1.0\r\n\r\n"), None);
    }

    #[test]
    fn debug_output_hides_names() {
        for bytes in [hello(Some("hidden.example"), &[]), b"GET / HTTP/1.1\r\nHost: hidden.example\r\n\r\n".to_vec()] {
            assert!(!format!("{:?}", sniff(&bytes)).contains("hidden"));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_upset_the_reader(bytes: Vec<u8>, lines in "(GET|PUT|POST) / HTTP/1\\.1\r\n(Content-Length: [0-9]{1,20}\r\n)?\r\n.{0,40}") {
            for hint in [FirstFlight::Sniff, FirstFlight::Mtproto, FirstFlight::Noise] {
                let _ = kind(&bytes, hint);
                let _ = kind(lines.as_bytes(), hint);
            }
        }
    }
}
