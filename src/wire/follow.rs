//! Is a server in the middle of something that it owes the rest of? Its stream is followed by the lengths that it
//! shows by itself: TLS records, frames of the messengers' own transports, an HTTP body of known length. Nothing is
//! read and nothing kept. A silence between two frames means nothing; one inside a frame has no harmless reason
//! but a dead line.

use super::first_flight::Kind;
use super::{http, mtproto, noise, tls};

/// What a server has begun and not finished.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Debt {
    /// Nothing.
    #[default]
    None,
    /// A record, or another frame that is written at once.
    Record,
    /// A body of known length, which may be slow in the making.
    Body,
}

/// Follows a server's stream, from its first byte.
pub struct Follow(Protocol);

enum Protocol {
    Tls(tls::Records),
    Noise(noise::Frames),
    Mtproto(Box<mtproto::Frames>),
    Http(Box<http::Rest>),
    Unknown,
}

impl Follow {
    /// The answer to a client that began with `flight`, which is of that kind. What begins like nothing known may
    /// still be answered in TLS, by a server that speaks first for example.
    pub fn after(kind: &Kind, flight: &[u8]) -> Self {
        let known = match kind {
            Kind::Noise => noise::Frames::after(flight).map(Protocol::Noise),
            Kind::Mtproto => mtproto::Frames::after(flight).map(|frames| Protocol::Mtproto(Box::new(frames))),
            Kind::Http { .. } => http::Rest::after(flight).map(|rest| Protocol::Http(Box::new(rest))),
            Kind::Tls(_) | Kind::Unknown | Kind::Incomplete => Some(Protocol::Tls(tls::Records::new())),
        };
        Self(known.unwrap_or(Protocol::Unknown))
    }

    /// Takes the next bytes of the stream.
    pub fn feed(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            Protocol::Tls(records) => records.feed(bytes),
            Protocol::Noise(frames) => frames.feed(bytes),
            Protocol::Mtproto(frames) => frames.feed(bytes),
            Protocol::Http(rest) => rest.feed(bytes),
            Protocol::Unknown => {}
        }
    }

    /// Whether nothing more can be told: these are not the frames that they were taken for, or none that are known.
    pub const fn is_lost(&self) -> bool {
        match &self.0 {
            Protocol::Tls(records) => records.is_foreign(),
            Protocol::Unknown => true,
            Protocol::Noise(_) | Protocol::Mtproto(_) | Protocol::Http(_) => false,
        }
    }

    /// Some of the stream passed unseen: where the next frame begins is not known any more.
    pub fn lose(&mut self) {
        self.0 = Protocol::Unknown;
    }

    /// What is owed now.
    pub fn debt(&self) -> Debt {
        let record = |owed: bool| if owed { Debt::Record } else { Debt::None };
        match &self.0 {
            Protocol::Tls(records) => record(records.is_owed()),
            Protocol::Noise(frames) => record(frames.is_owed()),
            Protocol::Mtproto(frames) => record(frames.is_owed()),
            Protocol::Http(rest) if rest.is_owed() => Debt::Body,
            Protocol::Http(_) | Protocol::Unknown => Debt::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FirstFlight;
    use crate::wire::first_flight::kind;

    fn follow(flight: &[u8], hint: FirstFlight) -> Follow {
        Follow::after(&kind(flight, hint), flight)
    }

    #[test]
    fn each_protocol_is_followed_by_its_own_lengths() {
        let noise = noise::Client::hello([1; 32]).unwrap().1;
        for (what, flight, answer, debt) in [
            ("half a record", &b"\x16\x03\x01"[..], &b"\x16\x03\x03\x00\x10abc"[..], Debt::Record),
            ("a whole record", b"\x16\x03\x01", b"\x16\x03\x03\x00\x03abc", Debt::None),
            ("half a frame", &noise, b"\x00\x01\x5e\x1aabc", Debt::Record),
            ("an answer of another protocol", &noise, b"HTTP/1.1 400 Bad Request\r\n", Debt::None),
            ("a body", b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", Debt::Body),
            ("a greeting", b"EHLO a.example\r\n", b"220 ready\r\n", Debt::None),
        ] {
            let mut follow = follow(flight, FirstFlight::Sniff);
            follow.feed(answer);
            assert_eq!(follow.debt(), debt, "{what}");
        }
        let mut clear = follow(&[0xEF, 10], FirstFlight::Mtproto);
        clear.feed(&[2, 1, 1, 1, 1]);
        assert_eq!(clear.debt(), Debt::Record);
    }
}
