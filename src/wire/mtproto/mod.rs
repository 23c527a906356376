//! Does Telegram answer? The first question of MTProto, `req_pq`, in the obfuscated transport that the apps use
//! (core.telegram.org/mtproto/mtproto-transports), asked and answered, for both ends. Ends there: no key is agreed
//! on, nobody logs in. A `resPQ` is proof that something which speaks MTProto was reached; it carries no signature,
//! so it is no proof that nobody is in between.

mod client;
mod frames;
mod framing;
mod message;
mod obfuscation;
mod server;

#[cfg(test)]
mod tests;

pub use client::{Answer, Client, Start};
pub use frames::Frames;
pub use server::Server;

pub(super) use obfuscation::is_init;

use super::{Error, Protocol};

/// The fingerprint of the RSA key that Telegram's production servers answer with, of two that the apps know.
pub const PRODUCTION_KEY: u64 = 0xd09d_1d85_de64_fd85;

const fn malformed(what: &'static str) -> Error {
    Error::malformed(Protocol::Mtproto, what)
}
