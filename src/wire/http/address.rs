//! Where a document is: an `https://` address (RFC 9110 §4.2.2), read by hand. What is behind the host is as good as a
//! password with the addresses that people are given, so none of it is ever printed. Any other scheme is refused.

use crate::model::{Destination, Host, Secret};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use std::fmt;

/// The longest address: far more than any real one.
const LONGEST: usize = 8 * 1024;

/// An `https://` address. Prints as `https://***`.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpsAddress {
    server: Destination,
    target: Secret<String>,
    login: Option<Secret<String>>,
}

/// Why an address cannot be used. Holds nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// Another scheme.
    #[error("it does not begin with https://; nothing is fetched where anybody could read or change it")]
    NotHttps,
    /// Too long.
    #[error("it is longer than any address")]
    TooLong,
    /// No host, or none that could be.
    #[error("there is no host name in it")]
    Host,
    /// A port that is none.
    #[error("its port is not a number from 1 to 65535")]
    Port,
    /// A character that an address has only percent-encoded.
    #[error("there is a character in it that an address has only percent-encoded")]
    Character,
}

impl HttpsAddress {
    /// Reads an address. What stands after `#` is not sent and not kept.
    pub fn parse(text: &str) -> Result<Self, BadAddress> {
        let text = text.trim();
        if text.len() > LONGEST {
            return Err(BadAddress::TooLong);
        }
        let (scheme, rest) = text.split_once("://").ok_or(BadAddress::NotHttps)?;
        if !scheme.eq_ignore_ascii_case("https") {
            return Err(BadAddress::NotHttps);
        }
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let (login, server) = match authority.rsplit_once('@') {
            Some((login, server)) => (Some(login), server),
            None => (None, authority),
        };
        let login = login.map(|login| Secret::new(percent_decode_str(login).decode_utf8_lossy().into_owned()));
        Ok(Self { server: self::server(server)?, target: self::target(target)?, login })
    }

    /// Where a server at this address sends on to (RFC 9110 §10.2.2). A login goes along only to the same server.
    pub fn redirected(&self, location: &str) -> Result<Self, BadAddress> {
        let location = location.trim().split('#').next().unwrap_or_default();
        let is_elsewhere = location.split_once("://").is_some_and(|(scheme, _)| {
            !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        });
        let next = if let Some(rest) = location.strip_prefix("//") {
            Self::parse(&format!("https://{rest}"))?
        } else if is_elsewhere {
            Self::parse(location)?
        } else {
            let path = self.target.expose().split('?').next().unwrap_or("/");
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let target = match location.chars().next() {
                Some('/') => location.to_owned(),
                Some('?') => format!("{path}{location}"),
                _ => format!("{folder}/{location}"),
            };
            Self { server: self.server.clone(), target: self::target(&target)?, login: None }
        };
        let login = next.login.or_else(|| self.login.clone().filter(|_| next.server == self.server));
        Ok(Self { server: next.server, target: next.target, login })
    }

    /// The server and its port, 443 unless told.
    pub const fn server(&self) -> &Destination {
        &self.server
    }

    /// The `Host` of a request: the port only where it is not 443.
    pub fn authority(&self) -> String {
        let whole = self.server.authority();
        if self.server.port == 443 { whole.trim_end_matches(":443").to_owned() } else { whole }
    }

    /// Path and query, for the one place that puts them on the wire.
    pub const fn target(&self) -> &Secret<String> {
        &self.target
    }

    /// The `Authorization` of a request, where the address has a user (RFC 7617).
    pub fn authorization(&self) -> Option<Secret<String>> {
        self.login.as_ref().map(|login| Secret::new(format!("Basic {}", STANDARD.encode(login.expose()))))
    }

    /// The whole address, for a configuration.
    pub fn text(&self) -> Secret<String> {
        let login = self.login.as_ref().map_or_else(String::new, |login| {
            let encoded = percent_encoding::utf8_percent_encode(login.expose(), percent_encoding::NON_ALPHANUMERIC);
            format!("{}@", encoded.to_string().replacen("%3A", ":", 1))
        });
        Secret::new(format!("https://{login}{}{}", self.authority(), self.target.expose()))
    }
}

impl fmt::Debug for HttpsAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("https://***")
    }
}

fn server(authority: &str) -> Result<Destination, BadAddress> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => {
            (host, port.parse::<u16>().ok().filter(|port| *port != 0).ok_or(BadAddress::Port)?)
        }
        _ => (authority, 443),
    };
    let host = percent_decode_str(host).decode_utf8().map_err(|_| BadAddress::Host)?;
    Ok(Destination::new(Host::parse(&host).map_err(|_| BadAddress::Host)?, port))
}

/// Path and query as they go on the wire: characters beyond ASCII encoded, none of those that would end the line.
fn target(text: &str) -> Result<Secret<String>, BadAddress> {
    if text.bytes().any(|b| b.is_ascii_control() || b == b' ') {
        return Err(BadAddress::Character);
    }
    let ascii = percent_encoding::utf8_percent_encode(text, percent_encoding::CONTROLS).to_string();
    Ok(Secret::new(if ascii.starts_with('/') { ascii } else { format!("/{ascii}") }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (String, u16, String) {
        let address = HttpsAddress::parse(text).unwrap();
        (address.authority(), address.server().port, address.target().expose().clone())
    }

    #[test]
    fn an_address_is_cut_into_server_and_target() {
        for (text, authority, port, target) in [
            ("https://panel.example/sub/TOKEN", "panel.example", 443, "/sub/TOKEN"),
            (" HTTPS://Panel.Example:8443/a?b=c#name ", "panel.example:8443", 8443, "/a?b=c"),
            ("https://panel.example", "panel.example", 443, "/"),
            ("https://panel.example?token=1", "panel.example", 443, "/?token=1"),
            ("https://[2001:db8::1]/x", "[2001:db8::1]", 443, "/x"),
            ("https://192.0.2.1:443/ключ", "192.0.2.1", 443, "/%D0%BA%D0%BB%D1%8E%D1%87"),
        ] {
            assert_eq!(parts(text), (authority.to_owned(), port, target.to_owned()), "{text}");
            let again = HttpsAddress::parse(HttpsAddress::parse(text).unwrap().text().expose()).unwrap();
            assert_eq!(again, HttpsAddress::parse(text).unwrap(), "{text}");
        }
    }

    #[test]
    fn what_is_no_https_address_is_refused_by_name() {
        for (text, why) in [
            ("http://panel.example/sub", BadAddress::NotHttps),
            ("panel.example/sub", BadAddress::NotHttps),
            ("https:///sub", BadAddress::Host),
            ("https://panel.example:0/", BadAddress::Port),
            ("https://panel.example/a\r\nHost: b", BadAddress::Character),
        ] {
            assert_eq!(HttpsAddress::parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn a_redirect_stays_on_https_and_its_login_with_its_server() {
        let from = HttpsAddress::parse("https://user:pa%40ss@panel.example/a/b?c=d").unwrap();
        for (location, whole) in [
            ("/x", "https://panel.example/x"),
            ("x?y", "https://panel.example/a/x?y"),
            ("?z", "https://panel.example/a/b?z"),
            ("//cdn.example/x", "https://cdn.example/x"),
            ("https://cdn.example:8443/x#f", "https://cdn.example:8443/x"),
        ] {
            let to = from.redirected(location).unwrap();
            assert_eq!(format!("https://{}{}", to.authority(), to.target().expose()), whole);
            assert_eq!(to.authorization().is_some(), to.server() == from.server(), "{location}");
        }
        assert_eq!(from.redirected("http://panel.example/x"), Err(BadAddress::NotHttps));
        // "user:pa@ss" in base64.
        assert_eq!(from.authorization().unwrap().expose(), "Basic dXNlcjpwYUBzcw==");
    }

    #[test]
    fn an_address_never_prints_itself() {
        let address = HttpsAddress::parse("https://panel.example/TOKEN").unwrap();
        assert_eq!(format!("{address:?}"), "https://***");
    }
}
