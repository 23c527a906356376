//! QUIC's first packets (RFC 8999, RFC 9000, RFC 9001): a client's v1 Initial that carries a ClientHello, a packet of a
//! version that nobody speaks, and what a server says to either. Nothing after the Initial packets is read: that a
//! server opened ours and answered under the same keys is enough to know that QUIC passes.

mod client;
mod header;
mod protect;
pub mod server;
mod varint;

pub use client::{Answer, Client, Ids, transport_parameters, unknown_version, version_answer};

#[cfg(test)]
mod tests;

/// QUIC version 1 (RFC 9000).
pub const V1: u32 = 1;
/// RFC 9000 §14.1: the least length of a datagram that carries an Initial packet.
pub const SHORTEST_DATAGRAM: usize = 1200;
/// RFC 9000 §19.19: the connection is over, by the transport's own word.
const CONNECTION_CLOSE: u64 = 0x1c;
/// RFC 9000 §20.1: the server refuses a new connection.
pub const CONNECTION_REFUSED: u64 = 0x02;
/// RFC 9000 §17.2: the longest connection id of version 1.
const LONGEST_ID: usize = 20;
