//! Where a body ends (RFC 9112 §6.3), and the heads that leave it open: those are refused.

use super::{Fields, malformed};
use crate::wire::Error;

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// There is none.
    None,
    /// After this many bytes.
    Length(u64),
    /// With the last chunk.
    Chunked,
    /// With the connection (answers only).
    UntilClose,
}

/// The body of a request.
pub(super) fn of_request(fields: &Fields, minor: u8) -> Result<Body, Error> {
    match (coding(fields, minor)?, length(fields)?) {
        (Coding::Chunked, None) => Ok(Body::Chunked),
        (Coding::Other, _) => Err(malformed("the request's last transfer coding is not chunked")),
        (Coding::None, Some(length)) => Ok(Body::Length(length)),
        (Coding::None, None) => Ok(Body::None),
        (Coding::Chunked, Some(_)) => Err(BOTH),
    }
}

/// The body of an answer with `status` to a request with `method`.
pub(super) fn of_response(fields: &Fields, minor: u8, status: u16, method: &str) -> Result<Body, Error> {
    let framing = match (coding(fields, minor)?, length(fields)?) {
        (Coding::None, Some(length)) => Body::Length(length),
        (_, Some(_)) => return Err(BOTH),
        (Coding::Chunked, None) => Body::Chunked,
        (Coding::None | Coding::Other, None) => Body::UntilClose,
    };
    let is_tunnel = method == "CONNECT" && (200..300).contains(&status);
    let is_bare = method == "HEAD" || is_tunnel || matches!(status, 100..=199 | 204 | 304);
    Ok(if is_bare { Body::None } else { framing })
}

const BOTH: Error = malformed("both content-length and transfer-encoding are given; the request may be smuggled");

enum Coding {
    None,
    Chunked,
    Other,
}

fn coding(fields: &Fields, minor: u8) -> Result<Coding, Error> {
    if fields.all("transfer-encoding").next().is_none() {
        return Ok(Coding::None);
    }
    if minor == 0 {
        return Err(malformed("http/1.0 has no transfer-encoding"));
    }
    let codings: Vec<&[u8]> = fields.list("transfer-encoding").collect();
    let is_chunked = |coding: &&[u8]| coding.eq_ignore_ascii_case(b"chunked");
    let last_only = codings.iter().position(is_chunked).map(|at| at + 1 == codings.len());
    match last_only {
        Some(true) => Ok(Coding::Chunked),
        Some(false) => Err(malformed("chunked is not the last transfer coding")),
        None => Ok(Coding::Other),
    }
}

fn length(fields: &Fields) -> Result<Option<u64>, Error> {
    let mut found = None;
    for value in fields.all("content-length") {
        let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        let text = std::str::from_utf8(value).ok().filter(|_| digits);
        let length = text.and_then(|t| t.parse::<u64>().ok()).ok_or(malformed("content-length is not a number"))?;
        if found.is_some_and(|other| other != length) {
            return Err(malformed("two values of content-length disagree"));
        }
        found = Some(length);
    }
    Ok(found)
}
