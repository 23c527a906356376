//! Is this a Telegram data centre? The check Telegram Desktop puts to every candidate connection: an obfuscated,
//! randomly padded `req_pq`. The answer must hold our nonce; that proves freshness, not identity, for `resPQ` is
//! signed by nobody. Detection rules §2.2.

use super::Sources;
use super::exchange::Exchange;
use crate::model::{Failure, Grade};
use crate::wire::mtproto::{Answer, Client, Start};
use std::sync::Arc;

/// Prepares the question for data centre `dc`, of which a key in `fingerprints` is expected.
pub(super) fn begin(dc: i16, fingerprints: &Arc<[u64]>, sources: &Sources) -> Result<Exchange, Failure> {
    let chance = &sources.chance;
    // A message's number is its time in 2^-32 seconds, divisible by four.
    let fraction = i64::from(u32::from_be_bytes(chance.bytes()?) & !3);
    let seconds = i64::try_from((sources.unix_now)()).unwrap_or_default();
    let start = Start {
        random: chance.bytes()?,
        nonce: chance.bytes()?,
        dc,
        msg_id: (seconds << 32) | fraction,
        padding_words: u8::try_from(chance.below(64)).unwrap_or_default(),
        padding: chance.bytes()?,
    };
    let (mut client, hello) = Client::hello(&start);
    let known = Arc::clone(fingerprints);
    let listen = move |came: &[u8]| {
        Ok(client.answer(came)?.map(|answer| match answer {
            Answer::ResPq { fingerprints, .. } if fingerprints.iter().any(|key| known.contains(key)) => Grade::A,
            // Our nonce came back with other keys, or a transport error such as -404: a server spoke.
            Answer::ResPq { .. } | Answer::TransportError(_) => Grade::B,
        }))
    };
    Ok(Exchange { hello, listen: Box::new(listen) })
}
