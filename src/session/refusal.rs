//! How an app is told no in the words of what it sent. QUIC has such words: a connection refused (RFC 9000 §20.1), or a
//! version not spoken. An association has none, and STUN's are believed only from who can sign them (RFC 8489 §9).

use crate::wire::quic::V1;
use crate::wire::quic::server::{Asked, read, version_negotiation};

/// The refusal of a client's first QUIC packet; `None` when it is none. A newer version is sent to version 1, which is
/// refused: only that one's keys are known.
pub(super) fn of_quic(packet: &[u8]) -> Option<Vec<u8>> {
    match read(packet)? {
        Asked::Initial(initial) => initial.refuse(fastrand::u64(..).to_be_bytes()).ok(),
        Asked::OtherVersion { to, from, .. } => Some(version_negotiation(&to, &from, fastrand::u8(..), &[V1])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::quic::{Answer, CONNECTION_REFUSED, Client, Ids, unknown_version, version_answer};

    const IDS: Ids = Ids { to: [7; 8], from: [9; 8] };

    #[test]
    fn each_first_packet_is_refused_in_its_own_words() {
        let mut client = Client::new(IDS, vec![1, 0, 0, 0]).unwrap();
        let refusal = of_quic(&client.initial().unwrap()).unwrap();
        assert_eq!(client.answer(&refusal), Ok(Answer::Closed(CONNECTION_REFUSED)));
        let refusal = of_quic(&unknown_version(IDS, &[0x3c; 1200])).unwrap();
        assert_eq!(version_answer(IDS, &refusal), Ok(vec![V1]));
        assert_eq!(of_quic(b"\x00\x01\x00\x00\x21\x12\xa4\x42"), None, "STUN");
    }
}
