//! Names for the LAN: what a client is answered, and what the provider hears of it.

use crate::ground::{GATEWAY, NAMED, ORIGIN_SIX, PLAIN};
use crate::resident::inside;
use crate::router::{Household, TPROXY, Wish};
use crate::wan::TTL;
use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

fn door() -> SocketAddr {
    SocketAddr::new(GATEWAY.parse().unwrap(), 53)
}

fn question(name: &str, kind: RecordType) -> Message {
    let mut message = Message::new(fastrand::u16(..), MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from_utf8(format!("{name}.")).unwrap(), kind));
    message
}

/// Asks over UDP from the LAN.
pub(crate) fn ask(home: &Household, name: &str, kind: RecordType) -> Message {
    ask_from(&home.ground.lan, name, kind).expect("an answer")
}

fn ask_from(namespace: &str, name: &str, kind: RecordType) -> Option<Message> {
    let question = question(name, kind);
    inside(namespace, || async move {
        let socket = UdpSocket::bind("0.0.0.0:0").await.unwrap();
        socket.connect(door()).await.unwrap();
        socket.send(&question.to_vec().unwrap()).await.unwrap();
        let mut buf = [0; 2048];
        let heard = tokio::time::timeout(Duration::from_secs(6), socket.recv(&mut buf)).await.ok()?.ok()?;
        let answer = Message::from_vec(&buf[..heard]).unwrap();
        assert_eq!((answer.metadata.id, &answer.queries), (question.metadata.id, &question.queries));
        Some(answer)
    })
}

fn ask_by_tcp(home: &Household, name: &str, kind: RecordType) -> Message {
    let question = question(name, kind).to_vec().unwrap();
    inside(&home.ground.lan, || async move {
        let mut stream = TcpStream::connect(door()).await.unwrap();
        let length = u16::try_from(question.len()).unwrap();
        stream.write_all(&[&length.to_be_bytes()[..], &question].concat()).await.unwrap();
        let mut answer = vec![0; stream.read_u16().await.unwrap().into()];
        stream.read_exact(&mut answer).await.unwrap();
        Message::from_vec(&answer).unwrap()
    })
}

/// Addresses and how long they hold.
fn records(answer: &Message) -> Vec<(String, u32)> {
    answer.answers.iter().map(|record| (record.data.to_string(), record.ttl)).collect()
}

/// What the provider's resolver heard.
fn overheard(home: &Household) -> Vec<String> {
    home.wan.asked.lock().unwrap().clone()
}

#[test]
fn listed_names_come_from_the_secure_resolver_alone_and_the_rest_is_passed_on() {
    let Some(home) = Household::new(&TPROXY) else { return };
    let listed = ask(&home, "www.Chat.test", RecordType::A);
    assert!(listed.metadata.recursion_available);
    let [(address, ttl)] = &records(&listed)[..] else { panic!("{listed:?}") };
    assert_eq!(address, NAMED);
    assert!((TTL - 5..=TTL).contains(ttl), "{ttl}");
    let six = ask_by_tcp(&home, "www.chat.test", RecordType::AAAA);
    assert_eq!(records(&six)[0].0, ORIGIN_SIX);
    for kind in [RecordType::HTTPS, RecordType::SVCB, RecordType::TXT] {
        let nothing = ask(&home, "chat.test", kind);
        assert_eq!((nothing.metadata.response_code, nothing.answers.len()), (ResponseCode::NoError, 0), "{kind}");
    }
    assert_eq!(ask(&home, "absent.chat.test", RecordType::A).metadata.response_code, ResponseCode::NXDomain);
    assert_eq!(overheard(&home), [""; 0]);

    assert_eq!(records(&ask(&home, "Shop.test", RecordType::A)), [(PLAIN.to_owned(), 77)]);
    assert_eq!(records(&ask_by_tcp(&home, "shop.test", RecordType::A)), [(PLAIN.to_owned(), 77)]);
    assert_eq!(ask(&home, "absent.test", RecordType::A).metadata.response_code, ResponseCode::NXDomain);
    assert_eq!(overheard(&home), ["shop.test.", "shop.test.", "absent.test."]);
}

#[test]
fn when_the_secure_resolver_is_down_a_listed_name_is_refused_and_stays_unheard() {
    let Some(home) = Household::new(&TPROXY) else { return };
    home.wan.secure.store(false, Ordering::SeqCst);
    // Every packet to the plain port is counted, whoever answers it.
    crate::ground::Ground::nft(
        &home.ground.wan,
        "table inet count {\nchain in {\ntype filter hook input priority -300; policy accept;\n\
         th dport 53 counter\n}\n}\n",
    );
    let refused = ask(&home, "www.chat.test", RecordType::A);
    assert_eq!(refused.metadata.response_code, ResponseCode::ServFail);
    assert_eq!(ask_by_tcp(&home, "www.chat.test", RecordType::AAAA).metadata.response_code, ResponseCode::ServFail);
    let mut nft = crate::resident::command_in(&home.ground.wan, "nft");
    nft.args(["list", "table", "inet", "count"]);
    let counted = crate::resident::finish(nft, "");
    assert!(counted.contains("counter packets 0 bytes 0"), "{counted}");
    assert_eq!(overheard(&home), [""; 0]);
    home.wan.secure.store(true, Ordering::SeqCst);
    assert_eq!(records(&ask(&home, "www.chat.test", RecordType::A))[0].0, NAMED);
}

#[test]
fn who_is_not_of_the_lan_hears_nothing() {
    let Some(home) = Household::new(&TPROXY) else { return };
    // The WAN's machine has a way to the LAN's address of the router, and is none of its household.
    assert!(ask_from(&home.ground.wan, "shop.test", RecordType::A).is_none());
    assert!(ask_from(&home.ground.lan, "shop.test", RecordType::A).is_some());
}

#[test]
fn where_ipv6_is_not_caught_listed_names_have_none() {
    let Some(home) = Household::new(&Wish { ipv6: false, ..TPROXY }) else { return };
    let six = ask(&home, "www.chat.test", RecordType::AAAA);
    assert_eq!((six.metadata.response_code, six.answers.len()), (ResponseCode::NoError, 0));
    assert_eq!(records(&ask(&home, "www.chat.test", RecordType::A))[0].0, NAMED);
    assert_eq!(ask(&home, "shop.test", RecordType::AAAA).answers.len(), 1);
}
