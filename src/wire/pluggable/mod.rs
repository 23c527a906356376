//! What a Tor pluggable transport says as a managed client (pt-spec §3.3), line by line, and how it is told its arguments
//! with each connection (pt-spec §3.5). Starts nothing and connects to nothing. Unknown lines are no error: the
//! specification says that they are to be passed over.

use std::net::SocketAddr;

#[cfg(test)]
mod tests;

/// The longest line that is read; a longer one is passed over.
pub const LONGEST_LINE: usize = 4096;

/// The one version of the contract that there is.
pub const VERSION: &str = "1";

/// One line of a managed client's standard output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// It speaks this version of the contract.
    Version(String),
    /// It speaks none of the versions it was offered.
    NoVersion,
    /// Its environment is not as it wants it.
    EnvError(String),
    /// It cannot use the proxy that it was given.
    ProxyError(String),
    /// It will use the proxy that it was given.
    ProxyDone,
    /// A transport waits for connections.
    Method {
        /// Its name.
        name: String,
        /// What it speaks there.
        door: Door,
        /// Where.
        at: SocketAddr,
    },
    /// A transport cannot be had.
    MethodError {
        /// Its name.
        name: String,
        /// Why, in its own words.
        why: String,
    },
    /// All transports have been told of.
    MethodsDone,
    /// Something for the log. The words may hold where somebody goes.
    Log {
        /// How grave: `error`, `warning`, `notice`, `info`, `debug`.
        severity: String,
        /// What.
        message: String,
    },
    /// How a transport fares, as names and values.
    Status(Vec<(String, String)>),
    /// Nothing that the contract knows.
    Other,
}

/// What is spoken at a transport's door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// SOCKS5 (RFC 1928).
    Socks5,
    /// SOCKS4, which cannot carry many arguments.
    Socks4,
}

/// Reads one line, without its end.
pub fn line(text: &str) -> Line {
    if text.len() > LONGEST_LINE {
        return Line::Other;
    }
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let rest_owned = || rest.to_owned();
    match word {
        "VERSION" if !rest.is_empty() => Line::Version(rest_owned()),
        "VERSION-ERROR" => Line::NoVersion,
        "ENV-ERROR" => Line::EnvError(rest_owned()),
        "PROXY-ERROR" => Line::ProxyError(rest_owned()),
        "PROXY" if rest == "DONE" => Line::ProxyDone,
        "CMETHOD" => method(rest).unwrap_or(Line::Other),
        "CMETHOD-ERROR" => {
            let (name, why) = rest.split_once(' ').unwrap_or((rest, ""));
            if name.is_empty() {
                return Line::Other;
            }
            Line::MethodError { name: name.to_owned(), why: why.to_owned() }
        }
        "CMETHODS" if rest == "DONE" => Line::MethodsDone,
        "LOG" => logged(rest).unwrap_or(Line::Other),
        "STATUS" => pairs(rest).map_or(Line::Other, Line::Status),
        _ => Line::Other,
    }
}

/// `obfs4 socks5 127.0.0.1:40111`, with whatever later versions put behind it.
fn method(text: &str) -> Option<Line> {
    let mut words = text.split(' ');
    let name = words.next().filter(|name| !name.is_empty())?.to_owned();
    let door = match words.next()? {
        "socks5" => Door::Socks5,
        "socks4" => Door::Socks4,
        _ => return None,
    };
    let at: SocketAddr = words.next()?.parse().ok()?;
    // A client's door is on this machine, or it is somebody else's.
    (at.ip().is_loopback() && at.port() != 0).then_some(Line::Method { name, door, at })
}

fn logged(text: &str) -> Option<Line> {
    let mut found = pairs(text)?;
    let mut take = |key: &str| {
        let at = found.iter().position(|(name, _)| name.eq_ignore_ascii_case(key))?;
        Some(found.swap_remove(at).1)
    };
    Some(Line::Log { severity: take("SEVERITY")?, message: take("MESSAGE")? })
}

/// `KEY=value KEY="quoted value"`: pt-spec's key-value lists, quoted as C strings.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=')?;
        if key.is_empty() || key.contains([' ', '"']) {
            return None;
        }
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => unquoted(quoted)?,
            None => {
                let (value, after) = after.split_once(' ').unwrap_or((after, ""));
                (value.to_owned(), after)
            }
        };
        found.push((key.to_owned(), value));
        rest = after.trim_start();
    }
    Some(found)
}

/// The text up to the closing quote, and what follows it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return text.get(at + 1..).map(|after| (value, after)),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                'r' => value.push('\r'),
                // Octal, as C has it, up to three digits.
                digit @ '0'..='7' => {
                    let mut number = digit.to_digit(8)?;
                    for _ in 0..2 {
                        let Some(more) = chars.as_str().chars().next().and_then(|c| c.to_digit(8)) else { break };
                        number = number * 8 + more;
                        chars.next();
                    }
                    value.push(char::from(u8::try_from(number).ok()?));
                }
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

/// Why a transport's arguments cannot be told to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadArguments {
    /// User and password of RFC 1929 hold no more.
    #[error("the arguments are {0} bytes long together; a pluggable transport can be told at most 510")]
    TooLong(usize),
    /// A key is empty, or something is not printable ASCII.
    #[error("the arguments must be printable ASCII, each with a name")]
    NotPlain,
}

/// The most that one field of RFC 1929 holds.
const FIELD: usize = 255;

/// The user and the password (RFC 1929) that carry `arguments`: `key=value;…` with `\` before `;`, `=` and `\`, cut where the
/// user is full; a password that is not needed is one NUL (pt-spec §3.5). `None` when there are no arguments.
pub fn credentials<'a>(
    arguments: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Option<(String, String)>, BadArguments> {
    let mut text = String::new();
    for (key, value) in arguments {
        let plain = |text: &str| text.bytes().all(|byte| matches!(byte, 0x20..=0x7e));
        if key.is_empty() || !plain(key) || !plain(value) {
            return Err(BadArguments::NotPlain);
        }
        if !text.is_empty() {
            text.push(';');
        }
        escape(&mut text, key, true);
        text.push('=');
        escape(&mut text, value, false);
    }
    match text.len() {
        0 => Ok(None),
        1..=FIELD => Ok(Some((text, "\0".to_owned()))),
        length if length > 2 * FIELD => Err(BadArguments::TooLong(length)),
        _ => {
            // ASCII throughout, so every place is a boundary.
            let rest = text.split_off(FIELD);
            Ok(Some((text, rest)))
        }
    }
}

fn escape(into: &mut String, text: &str, is_key: bool) {
    for c in text.chars() {
        if matches!(c, '\\' | ';') || (is_key && c == '=') {
            into.push('\\');
        }
        into.push(c);
    }
}
