//! What TLS shows in the clear: the name and the protocols in a ClientHello, an alert instead of an answer, and
//! whether a server has begun a record that it does not finish. Decrypts nothing, checks no certificate.

mod hello;
mod records;

#[cfg(test)]
pub(crate) mod tests;

pub use hello::{ClientHello, Hello, client_hello};
pub use records::Records;

/// RFC 8446 §5.1: type, version, length.
pub(super) const RECORD_HEADER: usize = 5;
/// RFC 8446 §5.1: the most bytes of a record in the clear.
pub(super) const LONGEST_RECORD: usize = 1 << 14;
/// RFC 8446 §5.1: the type of a record that holds handshake messages.
pub(super) const HANDSHAKE: u8 = 22;
