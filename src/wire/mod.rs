//! Bytes to values and back, for the public protocols byway speaks or recognises. Pure: what came goes in as a
//! slice, what must be sent comes out as bytes, random bytes and the time are arguments. "Not enough yet" is a
//! value, never an error, so that a caller may feed bytes as they come.

pub mod amnezia;
pub mod first_flight;
pub mod follow;
pub mod http;
pub mod mtproto;
pub mod noise;
pub mod ntp;
pub mod offload;
pub mod pluggable;
pub mod polling;
pub mod quic;
pub mod rtnetlink;
pub mod socks;
pub mod split;
pub mod stun;
pub mod tls;
pub mod trojan;
pub mod vless;
pub mod websocket;

mod address;
mod cursor;
mod error;

pub use error::{Error, Protocol};
