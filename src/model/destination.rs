//! Where a client asked to go, kept as it asked: names stay names until a way needs an address,
//! so that lookups happen on the far side of a tunnel and never leak.

use super::Private;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Bytes of a name without its trailing dot (RFC 1035 §2.3.4).
const LONGEST_NAME: usize = 253;
/// Bytes between two dots (RFC 1035 §2.3.4).
const LONGEST_LABEL: usize = 63;

/// A host as the client named it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A domain name, lower-case, without a trailing dot.
    Name(Arc<str>),
    /// An address literal.
    Ip(IpAddr),
}

/// A host and a port. Debug output hides the host (see [`Private`]).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Destination {
    /// The host as asked.
    pub host: Host,
    /// The port as asked.
    pub port: u16,
}

/// Why a text is no destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDestination {
    /// No host at all.
    #[error("the host is empty")]
    EmptyHost,
    /// Longer than RFC 1035 §2.3.4 allows.
    #[error("the host name is longer than 253 bytes")]
    NameTooLong,
    /// Two dots with nothing between them, or one at the front (RFC 1035 §3.1: only the root's label is empty).
    #[error("the host name has an empty part between its dots")]
    EmptyLabel,
    /// A label longer than RFC 1035 §2.3.4 allows.
    #[error("a part of the host name is longer than 63 bytes")]
    LabelTooLong,
    /// A byte that no host name holds: a space, a control character, a slash …
    #[error("the host name holds a character that no host name has")]
    BadCharacter,
    /// No port, or not a number from 1 to 65535.
    #[error("the port is missing or not a number from 1 to 65535")]
    BadPort,
}

impl Host {
    /// Reads a host: an address literal (IPv6 with or without brackets) or a name.
    pub fn parse(text: &str) -> Result<Self, BadDestination> {
        let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
        if let Ok(ip) = bare.parse::<IpAddr>() {
            return Ok(Self::Ip(ip));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        if name.is_empty() {
            return Err(BadDestination::EmptyHost);
        }
        if name.len() > LONGEST_NAME {
            return Err(BadDestination::NameTooLong);
        }
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.') || b >= 0x80;
        if !name.bytes().all(fits) {
            return Err(BadDestination::BadCharacter);
        }
        let labels = || name.as_bytes().split(|byte| *byte == b'.');
        if labels().any(<[u8]>::is_empty) {
            return Err(BadDestination::EmptyLabel);
        }
        if labels().any(|label| label.len() > LONGEST_LABEL) {
            return Err(BadDestination::LabelTooLong);
        }
        Ok(Self::Name(name.to_ascii_lowercase().into()))
    }

    /// The name, when the client gave one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::Ip(_) => None,
        }
    }

    /// The address, when the client gave one.
    pub const fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Name(_) => None,
            Self::Ip(ip) => Some(*ip),
        }
    }
}

impl Destination {
    /// A destination from its parts.
    pub const fn new(host: Host, port: u16) -> Self {
        Self { host, port }
    }

    /// Reads `host:port` or `[v6]:port` (the authority of RFC 9112 §3.2.3).
    pub fn parse(authority: &str) -> Result<Self, BadDestination> {
        let (host, port) = authority.rsplit_once(':').ok_or(BadDestination::BadPort)?;
        if host.contains(':') && !host.starts_with('[') {
            return Err(BadDestination::BadPort);
        }
        let port = port.parse::<u16>().ok().filter(|p| *p != 0).ok_or(BadDestination::BadPort)?;
        Ok(Self::new(Host::parse(host)?, port))
    }

    /// `host:port` for the wire (a CONNECT target, a Host header). Never for a log.
    pub fn authority(&self) -> String {
        match &self.host {
            Host::Name(name) => format!("{name}:{}", self.port),
            Host::Ip(ip) => SocketAddr::new(*ip, self.port).to_string(),
        }
    }
}

impl From<SocketAddr> for Destination {
    fn from(addr: SocketAddr) -> Self {
        Self::new(Host::Ip(addr.ip()), addr.port())
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "Name({:?})", Private(name)),
            Self::Ip(ip) => write!(f, "Ip({:?})", Private(ip)),
        }
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_are_read_and_written_back() {
        for (text, back) in [
            ("Web.Telegram.ORG:443", "web.telegram.org:443"),
            ("149.154.167.51:443", "149.154.167.51:443"),
            ("[2001:67c:4e8:f002::a]:80", "[2001:67c:4e8:f002::a]:80"),
            ("g.whatsapp.net.:5222", "g.whatsapp.net:5222"),
        ] {
            assert_eq!(Destination::parse(text).unwrap().authority(), back);
        }
    }

    #[test]
    fn what_is_no_authority_says_why() {
        for (text, why) in [
            ("example.org", BadDestination::BadPort),
            ("example.org:0", BadDestination::BadPort),
            ("example.org:99999", BadDestination::BadPort),
            ("2001:db8::1:443", BadDestination::BadPort),
            (":443", BadDestination::EmptyHost),
            (".:443", BadDestination::EmptyHost),
            ("..:443", BadDestination::EmptyLabel),
            (".a:443", BadDestination::EmptyLabel),
            ("a..b:443", BadDestination::EmptyLabel),
            ("a b:443", BadDestination::BadCharacter),
        ] {
            assert_eq!(Destination::parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn names_and_their_labels_are_as_long_as_dns_allows() {
        let label = "a".repeat(63);
        assert!(Host::parse(&label).is_ok());
        assert_eq!(Host::parse(&format!("b.{label}a.c")), Err(BadDestination::LabelTooLong));
        let name = [&label[..], &label, &label, &label[..61]].join(".");
        assert!(Host::parse(&name).is_ok() && Host::parse(&format!("{name}.")).is_ok());
        assert_eq!(Host::parse(&format!("{name}a")), Err(BadDestination::NameTooLong));
    }

    #[test]
    fn debug_output_hides_where_a_person_goes() {
        let to = Destination::parse("web.telegram.org:443").unwrap();
        assert!(!format!("{to:?}").contains("telegram"));
    }
}
