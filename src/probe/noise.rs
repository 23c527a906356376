//! Is this WhatsApp? The Noise XX hello of its apps; the certificate in the answer must end at the pinned root,
//! which is a full test for somebody in the middle, without an account. We never finish the handshake.
//! Detection rules §2.1.

use super::Sources;
use super::exchange::Exchange;
use crate::model::{Cause, Failure, Stage, Whose};
use crate::wire::noise::Client;

/// Prepares the question; the chain must end at `root`.
pub(super) fn begin(root: &[u8; 32], sources: &Sources) -> Result<Exchange, Failure> {
    let (mut client, hello) = Client::hello(sources.chance.bytes()?)
        .map_err(|_| Failure::new(Stage::Connect, Cause::LocalResource, Whose::Local))?;
    let (root, now) = (*root, (sources.unix_now)());
    let listen = move |came: &[u8]| Ok(client.answer(came, &root, now)?);
    Ok(Exchange { hello, listen: Box::new(listen) })
}
