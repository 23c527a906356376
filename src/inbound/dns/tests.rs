use super::*;
use crate::model::{Cause, Failure, Stage, Whose};
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};

fn asks(name: &str, kind: RecordType, edns: Option<u16>) -> Vec<u8> {
    let mut message = Message::new(7, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    message.edns = edns.map(|size| {
        let mut edns = Edns::new();
        edns.set_max_payload(size);
        edns
    });
    message.to_vec().unwrap()
}

fn question(bytes: &[u8]) -> Box<Question> {
    match message::read(bytes) {
        Asked::Question(question) => question,
        _ => panic!("no question"),
    }
}

fn found(count: u8, ttl: u64) -> Found {
    let addrs = (0..count).map(|last| IpAddr::from([192, 0, 2, last])).collect();
    Found { addrs, ttl: Duration::from_secs(ttl) }
}

#[test]
fn an_answer_repeats_the_question_and_says_how_long_it_holds() {
    let bytes = asks("WWW.Chat.Test.", RecordType::A, Some(4096));
    let question = question(&bytes);
    assert_eq!((&*question.name, question.wants_six()), ("www.chat.test", Some(false)));
    let answer = Message::from_vec(&question.answer(&found(2, 299), Over::Udp.room(&question)).unwrap()).unwrap();
    assert_eq!((answer.metadata.id, answer.metadata.message_type), (7, MessageType::Response));
    assert!(answer.metadata.recursion_desired && answer.metadata.recursion_available);
    assert_eq!(answer.queries[0].name().to_ascii(), "WWW.Chat.Test.");
    assert_eq!(answer.answers.iter().map(|record| record.ttl).collect::<Vec<_>>(), [299, 299]);
    assert!(answer.edns.is_some());
}

#[test]
fn what_does_not_fit_a_datagram_is_said_to_be_longer() {
    for (edns, count, cut) in [(None, 20, false), (None, 40, true), (Some(4096), 60, false), (Some(4096), 100, true)] {
        let question = question(&asks("chat.test.", RecordType::A, edns));
        let by_udp = question.answer(&found(count, 60), Over::Udp.room(&question)).unwrap();
        let answer = Message::from_vec(&by_udp).unwrap();
        assert_eq!((answer.metadata.truncation, answer.answers.is_empty()), (cut, cut), "{edns:?} {count}");
        let by_tcp = question.answer(&found(count, 60), Over::Tcp.room(&question)).unwrap();
        assert_eq!(Message::from_vec(&by_tcp).unwrap().answers.len(), usize::from(count));
    }
}

#[test]
fn a_failure_is_no_address_or_a_word_of_the_names_owner() {
    let question = question(&asks("chat.test.", RecordType::A, None));
    for (cause, code) in [
        (Cause::DnsNxdomainError, ResponseCode::NXDomain),
        (Cause::DnsNoAnswer, ResponseCode::NoError),
        (Cause::DnsBogonError, ResponseCode::ServFail),
        (Cause::GenericTimeoutError, ResponseCode::ServFail),
        (Cause::NotSupported, ResponseCode::ServFail),
    ] {
        let said = question.without(&Failure::new(Stage::Resolve, cause, Whose::Network)).unwrap();
        let said = Message::from_vec(&said).unwrap();
        assert_eq!((said.metadata.response_code, said.answers.len()), (code, 0), "{cause:?}");
    }
}

#[test]
fn only_addresses_are_asked_for() {
    for (kind, six) in
        [(RecordType::AAAA, Some(true)), (RecordType::HTTPS, None), (RecordType::SVCB, None), (RecordType::ANY, None)]
    {
        assert_eq!(question(&asks("chat.test.", kind, None)).wants_six(), six);
    }
}

#[test]
fn what_is_no_question_is_not_answered_as_one() {
    let mut answer = asks("chat.test.", RecordType::A, None);
    answer[2] |= 0x80;
    assert!(matches!(message::read(&answer), Asked::Nothing), "two resolvers would talk for ever");
    assert!(matches!(message::read(b"short"), Asked::Nothing));
    let code = |bytes: &[u8]| match message::read(bytes) {
        Asked::Refused(refusal) => (refusal[0..2].to_vec(), refusal[2] & 0x80, refusal[3] & 0x0F),
        _ => panic!("not refused"),
    };
    let mut update = asks("chat.test.", RecordType::A, None);
    update[2] |= 5 << 3;
    assert_eq!(code(&update), (vec![0, 7], 0x80, 4));
    let mut two = asks("chat.test.", RecordType::A, None);
    two[5] = 2;
    assert_eq!(code(&two), (vec![0, 7], 0x80, 1));
    assert_eq!(code(&asks("chat.test.", RecordType::A, None)[..20]).2, 1);
}

#[tokio::test]
async fn who_may_ask_is_the_household_or_whom_it_names() {
    let admits = |sources: &Sources, ip: &str| sources.admits(ip.parse().unwrap());
    let household = Sources::new(None, vec!["nosuch0".to_owned()]);
    let named = Sources::new(Some(vec!["198.51.100.0/24".parse().unwrap()]), Vec::new());
    for (ip, of_household, of_named) in [
        ("192.168.1.7", true, false),
        ("::ffff:192.168.1.7", true, false),
        ("127.0.0.1", true, false),
        ("fd00::7", true, false),
        ("198.51.100.7", false, true),
        ("100.64.0.7", false, false),
        ("2001:db8::7", false, false),
    ] {
        assert_eq!((admits(&household, ip), admits(&named, ip)), (of_household, of_named), "{ip}");
    }
}
