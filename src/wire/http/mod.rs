//! Heads of HTTP/1.1 messages (RFC 9112), read strictly: a proxy that reads more leniently than the server behind it
//! lets requests be smuggled. Refused: folded lines, bare line feeds, Content-Length together with
//! Transfer-Encoding, lengths that disagree, heads over 64 KB or over 100 fields. Bodies are not read here; only where
//! they end is told.

mod address;
mod body;
mod fields;
mod head;
mod rest;

#[cfg(test)]
mod tests;

pub use address::{BadAddress, HttpsAddress};
pub use body::Body;
pub use fields::{Fields, is_hop_by_hop};
pub use head::{RequestHead, ResponseHead, request_head, response_head};
pub use rest::Rest;

use super::{Error, Protocol};
use crate::model::Secret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// The most bytes of a head, line ends included.
pub const LONGEST_HEAD: usize = 64 * 1024;
/// The most fields of a head.
pub const MOST_FIELDS: usize = 100;

/// What bytes hold so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head<T> {
    /// The head has not ended yet.
    Incomplete,
    /// A head, and how many bytes it took.
    Head(T, usize),
}

/// Whether a request with this method may be sent twice (RFC 9110 §9.2.2).
pub fn is_idempotent(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE")
}

/// User and password of a `Proxy-Authorization` or `Authorization` value (RFC 7617); `None` when it is not that.
pub fn basic_login(header_value: &str) -> Option<(String, Secret<String>)> {
    let (scheme, credentials) = header_value.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = Zeroizing::new(STANDARD.decode(credentials.trim_start()).ok()?);
    let (user, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((user.to_owned(), Secret::new(password.to_owned())))
}

const fn malformed(what: &'static str) -> Error {
    Error::malformed(Protocol::Http, what)
}

/// RFC 9110 §5.6.2.
fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b))
}

/// RFC 9110 §5.5: what a field value (and a reason) may hold.
fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| matches!(b, b'\t' | b' '..=b'~' | 0x80..))
}
