//! What a request head asks a proxy for (RFC 9112 §3.2). Origin-form and asterisk-form are for servers: whoever sends
//! them here is no proxy client.

use crate::model::{Destination, Host};
use hyper::{Method, Uri};

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// CONNECT: a tunnel.
    Tunnel(Destination),
    /// Absolute form: a request to pass on.
    Origin {
        /// Where.
        to: Destination,
        /// The `Host` field for it (RFC 9112 §3.2.2), as the client wrote the host and port.
        host: String,
    },
}

/// Why there is no target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bad {
    /// A request to a server, not to a proxy.
    NoProxyRequest,
    /// Not `http://`.
    Scheme,
    /// No readable host or port.
    Host,
}

impl Bad {
    /// For a person.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::NoProxyRequest => "",
            Self::Scheme => "only http:// addresses are passed on; for anything else use CONNECT",
            Self::Host => "the address has no readable host and port",
        }
    }
}

/// Where a request with this method and target goes.
pub(super) fn of(method: &Method, target: &Uri) -> Result<Target, Bad> {
    let authority = target.authority().map(|a| a.as_str());
    if method == Method::CONNECT {
        let to = Destination::parse(authority.ok_or(Bad::Host)?);
        return to.map(Target::Tunnel).map_err(|_| Bad::Host);
    }
    let scheme = target.scheme_str().ok_or(Bad::NoProxyRequest)?;
    if !scheme.eq_ignore_ascii_case("http") {
        return Err(Bad::Scheme);
    }
    let authority = authority.ok_or(Bad::Host)?;
    // A login for the origin in the address is no part of the host, and is not passed on (RFC 9110 §4.2.4).
    let place = authority.rsplit_once('@').map_or(authority, |(_userinfo, place)| place);
    let host = target.host().ok_or(Bad::Host)?;
    let port = match place.strip_prefix(host) {
        Some("" | ":") => 80,
        Some(_) => target.port_u16().filter(|port| *port != 0).ok_or(Bad::Host)?,
        None => return Err(Bad::Host),
    };
    let to = Destination::new(Host::parse(host).map_err(|_| Bad::Host)?, port);
    let host = if port == 80 { host.to_owned() } else { format!("{host}:{port}") };
    Ok(Target::Origin { to, host })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read() {
        for (method, target, authority, host) in [
            ("CONNECT", "web.telegram.org:443", "web.telegram.org:443", None),
            ("CONNECT", "[2001:db8::1]:443", "[2001:db8::1]:443", None),
            ("GET", "http://Example.org", "example.org:80", Some("Example.org")),
            ("GET", "http://example.org:80/a?b", "example.org:80", Some("example.org")),
            ("GET", "HTTP://example.org:8080/", "example.org:8080", Some("example.org:8080")),
            ("POST", "http://user:pass@example.org/", "example.org:80", Some("example.org")),
            ("GET", "http://[2001:db8::1]/", "[2001:db8::1]:80", Some("[2001:db8::1]")),
            ("GET", "http://192.0.2.7:81/", "192.0.2.7:81", Some("192.0.2.7:81")),
        ] {
            let found = of(&method.parse().unwrap(), &target.parse().unwrap()).unwrap();
            let to = Destination::parse(authority).unwrap();
            let expected = match host {
                None => Target::Tunnel(to),
                Some(host) => Target::Origin { to, host: host.to_owned() },
            };
            assert_eq!(found, expected, "{method} {target}");
        }
    }

    #[test]
    fn what_is_no_target_says_why() {
        for (method, target, why) in [
            ("GET", "/", Bad::NoProxyRequest),
            ("GET", "/pac?x", Bad::NoProxyRequest),
            ("OPTIONS", "*", Bad::NoProxyRequest),
            ("GET", "example.org:80", Bad::NoProxyRequest),
            ("GET", "https://example.org/", Bad::Scheme),
            ("GET", "ftp://example.org/", Bad::Scheme),
            ("GET", "http://example.org:0/", Bad::Host),
            ("CONNECT", "example.org", Bad::Host),
            ("CONNECT", "example.org:0", Bad::Host),
            ("CONNECT", "/", Bad::Host),
        ] {
            assert_eq!(of(&method.parse().unwrap(), &target.parse().unwrap()), Err(why), "{method} {target}");
        }
    }
}
