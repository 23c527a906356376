//! DNS messages as DoH carries them: one question out, padded (RFC 8467 §4.1); addresses or a reason back.

use crate::model::{Cause, Failure, Stage, Whose};
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::rr::{Name, RData, RecordType};
use std::net::IpAddr;
use std::time::Duration;

/// Queries are padded to a multiple of this (RFC 8467 §4.1).
const BLOCK: usize = 128;
/// The Padding option (RFC 7830).
const PADDING: u16 = 12;

/// Which addresses are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Four,
    Six,
}

impl Family {
    const fn kind(self) -> RecordType {
        match self {
            Self::Four => RecordType::A,
            Self::Six => RecordType::AAAA,
        }
    }
}

/// The addresses of one answer, and how long they may be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Records {
    /// In the order they came, no matter of which family.
    pub addrs: Vec<IpAddr>,
    /// The shortest of their lifetimes; the longest there can be when none came.
    pub ttl: Duration,
}

/// A query for `name`, with id 0 so that caches on the way can work (RFC 8484 §4.1).
pub(super) fn query(name: &str, family: Family) -> Result<Vec<u8>, Failure> {
    let bad_name = |_| Failure::new(Stage::Resolve, Cause::DnsNxdomainError, Whose::Local);
    let mut fqdn = Name::from_utf8(name).map_err(bad_name)?;
    fqdn.set_fqdn(true);
    let mut message = Message::new(0, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(fqdn, family.kind()));
    let unpadded = pad(&mut message, 0).map_err(bad_name)?;
    pad(&mut message, unpadded.len().next_multiple_of(BLOCK) - unpadded.len()).map_err(bad_name)
}

/// A query for the IPv4 addresses of `name` as the C library asks it: without padding, under `id`.
pub(super) fn plain_query(name: &str, id: u16) -> Result<Vec<u8>, Failure> {
    plain_query_for(name, id, Family::Four)
}

/// [`plain_query`] for either family.
pub(super) fn plain_query_for(name: &str, id: u16, family: Family) -> Result<Vec<u8>, Failure> {
    let bad_name = |_| Failure::new(Stage::Resolve, Cause::DnsNxdomainError, Whose::Local);
    let mut fqdn = Name::from_utf8(name).map_err(bad_name)?;
    fqdn.set_fqdn(true);
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(fqdn, family.kind()));
    message.to_vec().map_err(bad_name)
}

/// Whether `bytes` are an answer to [`plain_query`] for `name` under `id`.
pub(super) fn is_reply(bytes: &[u8], id: u16, name: &str) -> bool {
    is_reply_for(bytes, id, name, Family::Four)
}

/// [`is_reply`] for either family.
pub(super) fn is_reply_for(bytes: &[u8], id: u16, name: &str, family: Family) -> bool {
    let Ok(message) = Message::from_vec(bytes) else { return false };
    let asked = message.queries.first().is_some_and(|query| {
        let text = query.name().to_ascii();
        query.query_type() == family.kind() && text.strip_suffix('.').unwrap_or(&text).eq_ignore_ascii_case(name)
    });
    message.metadata.id == id && message.metadata.message_type == MessageType::Response && asked
}

fn pad(message: &mut Message, length: usize) -> Result<Vec<u8>, hickory_proto::ProtoError> {
    let mut edns = Edns::new();
    edns.set_max_payload(1232);
    edns.options_mut().insert(EdnsOption::Unknown(PADDING, vec![0; length]));
    message.edns = Some(edns);
    message.to_vec()
}

/// Reads an answer. No address of the family is an empty list; "no such name" is an error.
pub fn answer(bytes: &[u8]) -> Result<Records, Failure> {
    let failed = |cause| Err(Failure::new(Stage::Resolve, cause, Whose::Peer));
    let Ok(message) = Message::from_vec(bytes) else { return failed(Cause::InvalidAnswer) };
    if message.metadata.message_type != MessageType::Response {
        return failed(Cause::InvalidAnswer);
    }
    match message.metadata.response_code {
        ResponseCode::NoError => {}
        ResponseCode::NXDomain => return failed(Cause::DnsNxdomainError),
        _ => return failed(Cause::DnsServfailError),
    }
    let mut addrs = Vec::new();
    let mut ttl = u32::MAX;
    for record in &message.answers {
        match &record.data {
            RData::A(four) => addrs.push(IpAddr::V4(four.0)),
            RData::AAAA(six) => addrs.push(IpAddr::V6(six.0)),
            RData::CNAME(_) => {}
            _ => continue,
        }
        ttl = ttl.min(record.ttl);
    }
    Ok(Records { addrs, ttl: Duration::from_secs(ttl.into()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_of_different_names_have_one_length() {
        let lengths: Vec<usize> = ["a.io", "web.telegram.org", "a-rather-long-name.of-some.service.example"]
            .iter()
            .flat_map(|name| [query(name, Family::Four), query(name, Family::Six)])
            .map(|bytes| bytes.unwrap().len())
            .collect();
        assert_eq!(lengths, [128; 6]);
    }

    #[test]
    fn a_query_reads_back_as_asked() {
        let message = Message::from_vec(&query("g.whatsapp.net", Family::Six).unwrap()).unwrap();
        assert_eq!(message.queries[0].name().to_ascii(), "g.whatsapp.net.");
        assert_eq!(message.queries[0].query_type(), RecordType::AAAA);
        assert_eq!(message.metadata.id, 0);
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        assert_eq!(answer(&[1, 2, 3]).unwrap_err().cause, Cause::InvalidAnswer);
        let echoed = query("a.io", Family::Four).unwrap();
        assert_eq!(answer(&echoed).unwrap_err().cause, Cause::InvalidAnswer);
    }
}
