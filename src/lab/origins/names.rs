//! DNS messages (RFC 1035) as DNS over HTTPS carries them (RFC 8484): question in, answer from the true zone out.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA};
use hickory_proto::rr::{RData, Record, RecordType};
use std::net::IpAddr;

/// How long an answer holds, in seconds.
const TTL: u32 = 60;

/// The message in a GET's query (RFC 8484 §4.1).
pub(super) fn from_query(query: &str) -> Option<Vec<u8>> {
    let dns = query.split('&').find_map(|pair| pair.strip_prefix("dns="))?;
    URL_SAFE_NO_PAD.decode(dns).ok()
}

/// Answers one question; `None` when it is none.
pub(in crate::lab) fn answer(question: &[u8], zone: impl Fn(&str) -> Vec<IpAddr>) -> Option<Vec<u8>> {
    let asked = Message::from_vec(question).ok()?;
    let query = asked.queries.first()?.clone();
    let mut message = Message::new(asked.metadata.id, MessageType::Response, OpCode::Query);
    message.metadata.recursion_desired = asked.metadata.recursion_desired;
    message.metadata.recursion_available = true;
    let addresses = zone(&query.name().to_ascii());
    if addresses.is_empty() {
        message.metadata.response_code = ResponseCode::NXDomain;
    }
    for address in addresses {
        let data = match (address, query.query_type()) {
            (IpAddr::V4(v4), RecordType::A) => RData::A(A(v4)),
            (IpAddr::V6(v6), RecordType::AAAA) => RData::AAAA(AAAA(v6)),
            _ => continue,
        };
        message.add_answer(Record::from_rdata(query.name().clone(), TTL, data));
    }
    message.add_query(query);
    message.to_vec().ok()
}
