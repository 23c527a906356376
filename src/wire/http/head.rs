//! The start line and the fields, line by line; a fault is told as soon as its line is there.

use super::{Body, Fields, Head, LONGEST_HEAD, MOST_FIELDS, body, is_text, is_token, malformed};
use crate::model::Private;
use crate::wire::{Error, Protocol};
use std::fmt;

/// The head of a request (RFC 9112 §3). Debug output hides the target.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestHead {
    /// The method, case kept.
    pub method: String,
    /// The target as sent: absolute form, authority, path or `*`.
    pub target: String,
    /// 0 or 1, of HTTP/1.x.
    pub minor: u8,
    /// The fields.
    pub fields: Fields,
    /// Where the body ends.
    pub body: Body,
}

/// The head of an answer (RFC 9112 §4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseHead {
    /// Three digits.
    pub status: u16,
    /// The words after the status; often empty.
    pub reason: String,
    /// 0 or 1, of HTTP/1.x.
    pub minor: u8,
    /// The fields.
    pub fields: Fields,
}

/// Reads the head of a request. One empty line before it is skipped (RFC 9112 §2.2).
pub fn request_head(bytes: &[u8]) -> Result<Head<RequestHead>, Error> {
    let skipped = if bytes.starts_with(b"\r\n") { 2 } else { 0 };
    let Some((line, mut fields, length)) = split(&bytes[skipped..], request_line)? else {
        return Ok(Head::Incomplete);
    };
    let (method, target, minor) = line;
    if fields.all("host").nth(1).is_some() {
        return Err(malformed("host is given twice"));
    }
    let body = body::of_request(&fields, minor)?;
    fields.keep_first("content-length");
    Ok(Head::Head(RequestHead { method, target, minor, fields, body }, skipped + length))
}

/// Reads the head of an answer.
pub fn response_head(bytes: &[u8]) -> Result<Head<ResponseHead>, Error> {
    let Some(((status, reason, minor), mut fields, length)) = split(bytes, status_line)? else {
        return Ok(Head::Incomplete);
    };
    body::of_response(&fields, minor, status, "GET")?;
    fields.keep_first("content-length");
    Ok(Head::Head(ResponseHead { status, reason, minor, fields }, length))
}

impl RequestHead {
    /// The bytes of this head.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = format!("{} {} HTTP/1.{}\r\n", self.method, self.target, self.minor).into_bytes();
        self.fields.write(&mut out);
        out
    }
}

impl ResponseHead {
    /// The bytes of this head.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = format!("HTTP/1.{} {} {}\r\n", self.minor, self.status, self.reason).into_bytes();
        self.fields.write(&mut out);
        out
    }

    /// Where the body ends, if this answers a request with `method`.
    pub fn body(&self, method: &str) -> Result<Body, Error> {
        body::of_response(&self.fields, self.minor, self.status, method)
    }
}

impl fmt::Debug for RequestHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("RequestHead");
        out.field("method", &self.method).field("target", &Private(())).field("minor", &self.minor);
        out.field("fields", &self.fields).field("body", &self.body).finish()
    }
}

/// The start line read by `start`, the fields, and the length of both.
fn split<S>(bytes: &[u8], start: impl FnOnce(&[u8]) -> Result<S, Error>) -> Result<Option<(S, Fields, usize)>, Error> {
    let mut lines = Lines { bytes, at: 0 };
    let Some(first) = lines.next()? else { return Ok(None) };
    let first = start(first)?;
    let mut fields = Fields::new();
    while let Some(line) = lines.next()? {
        if line.is_empty() {
            return Ok(Some((first, fields, lines.at)));
        }
        if fields.len() == MOST_FIELDS {
            return Err(Error::too_large(Protocol::Http, "the number of fields", MOST_FIELDS));
        }
        field(line, &mut fields)?;
    }
    Ok(None)
}

fn request_line(line: &[u8]) -> Result<(String, String, u8), Error> {
    let mut parts = line.split(|b| *b == b' ');
    let (Some(method), Some(target), Some(version), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(malformed("the request line is not method, target and version"));
    };
    if !is_token(method) {
        return Err(malformed("the method holds a character that no method has"));
    }
    if target.is_empty() || !target.iter().all(u8::is_ascii_graphic) {
        return Err(malformed("the target is empty or holds a character that no target has"));
    }
    Ok((ascii(method), ascii(target), minor(version)?))
}

fn status_line(line: &[u8]) -> Result<(u16, String, u8), Error> {
    let mut parts = line.splitn(3, |b| *b == b' ');
    let minor = minor(parts.next().unwrap_or_default())?;
    let status = match parts.next() {
        Some([a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9']) => {
            [a, b, c].iter().fold(0, |sum, digit| sum * 10 + u16::from(**digit - b'0'))
        }
        _ => return Err(malformed("the status is not three digits")),
    };
    let reason = parts.next().unwrap_or_default();
    if !is_text(reason) {
        return Err(malformed("the reason holds a control character"));
    }
    Ok((status, String::from_utf8_lossy(reason).into_owned(), minor))
}

fn minor(version: &[u8]) -> Result<u8, Error> {
    match version {
        b"HTTP/1.0" => Ok(0),
        b"HTTP/1.1" => Ok(1),
        _ => Err(malformed("the version is neither http/1.0 nor http/1.1")),
    }
}

fn field(line: &[u8], fields: &mut Fields) -> Result<(), Error> {
    if line.starts_with(b" ") || line.starts_with(b"\t") {
        return Err(malformed("a field is folded over two lines"));
    }
    let colon = line.iter().position(|b| *b == b':').ok_or(malformed("a field has no colon"))?;
    // A space before the colon is refused by the name (RFC 9112 §5.1).
    fields.push(&String::from_utf8_lossy(&line[..colon]), &line[colon + 1..])
}

fn ascii(bytes: &[u8]) -> String {
    bytes.iter().map(|b| char::from(*b)).collect()
}

/// Lines that end with CR LF, and with nothing else.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<Option<&'a [u8]>, Error> {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|b| *b == b'\n');
        let taken = self.at + end.map_or(rest.len(), |end| end + 1);
        if taken > LONGEST_HEAD {
            return Err(Error::too_large(Protocol::Http, "the head in bytes", LONGEST_HEAD));
        }
        let Some(end) = end else { return Ok(None) };
        let line = rest[..end].strip_suffix(b"\r").ok_or(malformed("a line ends without a carriage return"))?;
        self.at = taken;
        Ok(Some(line))
    }
}
