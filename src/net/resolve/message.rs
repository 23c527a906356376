//! DNS messages as DoH carries them: one question out, padded (RFC 8467 §4.1); addresses or a reason back.

use crate::model::{Cause, Failure, Stage, Whose};
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::rr::rdata::svcb::SvcParamValue;
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
    padded_query(name, family.kind())
}

/// The same for how the host is to be spoken to (RFC 9460).
pub(super) fn https_query(name: &str) -> Result<Vec<u8>, Failure> {
    padded_query(name, RecordType::HTTPS)
}

/// The ECHConfigList (RFC 9848) of an answer to [`https_query`], where the host has one: of its most preferred record.
pub(super) fn ech_answer(bytes: &[u8]) -> Option<Vec<u8>> {
    let message = Message::from_vec(bytes).ok()?;
    if message.metadata.message_type != MessageType::Response {
        return None;
    }
    let mut found: Vec<(u16, Vec<u8>)> = Vec::new();
    for record in &message.answers {
        let RData::HTTPS(https) = &record.data else { continue };
        for (_, value) in &https.0.svc_params {
            // Priority 0 is an alias (RFC 9460 §2.4.2).
            if let SvcParamValue::EchConfigList(configs) = value
                && https.0.svc_priority > 0
            {
                found.push((https.0.svc_priority, configs.0.clone()));
            }
        }
    }
    found.sort();
    found.into_iter().next().map(|(_, configs)| configs)
}

fn padded_query(name: &str, kind: RecordType) -> Result<Vec<u8>, Failure> {
    let bad_name = |_| Failure::new(Stage::Resolve, Cause::DnsNxdomainError, Whose::Local);
    let mut fqdn = Name::from_utf8(name).map_err(bad_name)?;
    fqdn.set_fqdn(true);
    let mut message = Message::new(0, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(fqdn, kind));
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
    fn the_key_that_hides_a_name_is_found_in_the_preferred_record() {
        use hickory_proto::rr::Record;
        use hickory_proto::rr::rdata::HTTPS;
        use hickory_proto::rr::rdata::svcb::{EchConfigList, SVCB, SvcParamKey};
        let record = |priority, ech: Option<&[u8]>| {
            let value = |bytes: &[u8]| SvcParamValue::EchConfigList(EchConfigList(bytes.to_vec()));
            let params = ech.map(|bytes| (SvcParamKey::EchConfigList, value(bytes))).into_iter().collect();
            let data = RData::HTTPS(HTTPS(SVCB::new(priority, Name::root(), params)));
            Record::from_rdata(Name::from_utf8("a.test.").unwrap(), 60, data)
        };
        let answer = |records: Vec<Record>| {
            let mut message = Message::new(0, MessageType::Response, OpCode::Query);
            message.add_answers(records);
            ech_answer(&message.to_vec().unwrap())
        };
        assert_eq!(answer(vec![record(2, Some(b"second")), record(1, Some(b"first"))]), Some(b"first".to_vec()));
        assert_eq!(answer(vec![record(1, None)]), None);
        assert_eq!(answer(Vec::new()), None);
        assert_eq!(ech_answer(&https_query("a.test").unwrap()), None, "a question is no answer");
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        assert_eq!(answer(&[1, 2, 3]).unwrap_err().cause, Cause::InvalidAnswer);
        let echoed = query("a.io", Family::Four).unwrap();
        assert_eq!(answer(&echoed).unwrap_err().cause, Cause::InvalidAnswer);
    }
}
