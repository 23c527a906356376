//! What is asked, and the answers that byway gives itself (RFC 1035 §4, RFC 6891 for sizes).

use crate::model::{Cause, Failure, Host};
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA};
use hickory_proto::rr::{DNSClass, RData, Record, RecordType};
use std::net::IpAddr;
use std::time::Duration;

/// A header's length (RFC 1035 §4.1.1).
const HEADER: usize = 12;
/// What is said of the size that may come by UDP: it fits a packet on every line (RFC 9715 §3).
const FITS: u16 = 1232;
/// Without EDNS (RFC 1035 §4.2.1).
const OLD_LIMIT: u16 = 512;

/// What a message is.
pub(super) enum Asked {
    /// A question that can be answered.
    Question(Box<Question>),
    /// One that cannot, and what is said to it.
    Refused(Vec<u8>),
    /// None.
    Nothing,
}

/// One question.
pub(super) struct Question {
    message: Message,
    query: Query,
    /// The name, lower-case, without the last dot.
    pub(super) name: String,
}

/// What a name has.
#[derive(Default)]
pub(super) struct Found {
    pub(super) addrs: Vec<IpAddr>,
    pub(super) ttl: Duration,
}

/// Reads a message.
pub(super) fn read(bytes: &[u8]) -> Asked {
    // An answer to nobody's question, or less than a header.
    if bytes.len() < HEADER || bytes[2] & 0x80 != 0 {
        return Asked::Nothing;
    }
    let refused = |code: u8| {
        let opcode_and_rd = bytes[2] & 0x79;
        Asked::Refused(vec![bytes[0], bytes[1], 0x80 | opcode_and_rd, 0x80 | code, 0, 0, 0, 0, 0, 0, 0, 0])
    };
    let Ok(message) = Message::from_vec(bytes) else { return refused(ResponseCode::FormErr.low()) };
    if message.metadata.op_code != OpCode::Query {
        return refused(ResponseCode::NotImp.low());
    }
    let [query] = message.queries.as_slice() else { return refused(ResponseCode::FormErr.low()) };
    let text = query.name().to_ascii().to_ascii_lowercase();
    let name = text.strip_suffix('.').unwrap_or(&text).to_owned();
    // What is no host's name is no listed one either; it is passed on.
    let name = Host::parse(&name).ok().and_then(|host| host.name().map(str::to_owned)).unwrap_or(name);
    let query = query.clone();
    Asked::Question(Box::new(Question { message, query, name }))
}

impl Question {
    /// Whether it asks for an IPv6 address; `None` when for no address.
    pub(super) fn wants_six(&self) -> Option<bool> {
        match (self.query.query_class(), self.query.query_type()) {
            (DNSClass::IN, RecordType::A) => Some(false),
            (DNSClass::IN, RecordType::AAAA) => Some(true),
            _ => None,
        }
    }

    /// How long an answer by UDP may be.
    pub(super) fn most_by_udp(&self) -> u16 {
        self.message.edns.as_ref().map_or(OLD_LIMIT, |edns| edns.max_payload().clamp(OLD_LIMIT, FITS))
    }

    /// An answer with addresses; one that is longer than `room` says so instead.
    pub(super) fn answer(&self, found: &Found, room: usize) -> Option<Vec<u8>> {
        let mut reply = self.reply(ResponseCode::NoError);
        let ttl = u32::try_from(found.ttl.as_secs()).unwrap_or(u32::MAX);
        let data = |ip: &IpAddr| match ip {
            IpAddr::V4(ip) => RData::A(A(*ip)),
            IpAddr::V6(ip) => RData::AAAA(AAAA(*ip)),
        };
        reply.add_answers(found.addrs.iter().map(|ip| Record::from_rdata(self.query.name().clone(), ttl, data(ip))));
        let bytes = reply.to_vec().ok()?;
        if bytes.len() <= room {
            return Some(bytes);
        }
        let mut reply = self.reply(ResponseCode::NoError);
        reply.metadata.truncation = true;
        reply.to_vec().ok()
    }

    /// What is said when a name has no address, or none could be had.
    pub(super) fn without(&self, failure: &Failure) -> Option<Vec<u8>> {
        let code = match failure.cause {
            Cause::DnsNxdomainError => ResponseCode::NXDomain,
            Cause::DnsNoAnswer => ResponseCode::NoError,
            _ => ResponseCode::ServFail,
        };
        self.reply(code).to_vec().ok()
    }

    /// What is said when nobody answered.
    pub(super) fn failed(&self) -> Option<Vec<u8>> {
        self.reply(ResponseCode::ServFail).to_vec().ok()
    }

    fn reply(&self, code: ResponseCode) -> Message {
        let asked = &self.message.metadata;
        let mut reply = Message::new(asked.id, MessageType::Response, OpCode::Query);
        reply.metadata.recursion_desired = asked.recursion_desired;
        reply.metadata.recursion_available = true;
        reply.metadata.checking_disabled = asked.checking_disabled;
        reply.metadata.response_code = code;
        reply.add_query(self.query.clone());
        if self.message.edns.is_some() {
            let mut edns = Edns::new();
            edns.set_max_payload(FITS);
            reply.edns = Some(edns);
        }
        reply
    }
}
