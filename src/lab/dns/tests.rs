use super::*;
use crate::lab::{Action, Country, Rule, Target, World};
use crate::net::Network;
use hickory_proto::op::Query;
use hickory_proto::rr::{Name, RData, RecordType};
use std::time::Duration;
use tokio::time::{Instant, timeout};

const LISTED: &str = "web.whatsapp.com";

/// What a resolver said: addresses, or a code other than NOERROR.
type Said = Result<Vec<IpAddr>, ResponseCode>;

fn query(name: &str) -> Vec<u8> {
    let mut message = Message::new(77, MessageType::Query, OpCode::Query);
    let mut name = Name::from_utf8(name).unwrap();
    name.set_fqdn(true);
    message.add_query(Query::query(name, RecordType::A));
    message.to_vec().unwrap()
}

fn read(packet: &[u8]) -> Said {
    let message = Message::from_vec(packet).unwrap();
    assert_eq!(message.metadata.id, 77);
    if message.metadata.response_code != ResponseCode::NoError {
        return Err(message.metadata.response_code);
    }
    let address = |data: &RData| if let RData::A(a) = data { Some(IpAddr::V4(a.0)) } else { None };
    Ok(message.answers.iter().filter_map(|record| address(&record.data)).collect())
}

/// Everything that comes within 3 s of a question over UDP, and when.
async fn by_udp(country: &Country, resolver: SocketAddr, name: &str) -> Vec<(Duration, Said)> {
    let socket = country.bind_udp(resolver).await.unwrap();
    let start = Instant::now();
    socket.send_to(&query(name), resolver).await.unwrap();
    let (mut all, mut buf) = (Vec::new(), [0; 1500]);
    while let Ok(came) = timeout(Duration::from_secs(3), socket.recv_from(&mut buf)).await {
        let (size, from) = came.unwrap();
        assert_eq!(from, resolver);
        all.push((start.elapsed(), read(&buf[..size])));
    }
    all
}

async fn by_tcp(country: &Country, resolver: SocketAddr, name: &str) -> Option<Said> {
    let mut stream = country.connect(resolver).await.unwrap();
    let asked = query(name);
    stream.write_u16(asked.len() as u16).await.unwrap();
    stream.write_all(&asked).await.unwrap();
    let length = timeout(Duration::from_secs(3), stream.read_u16()).await.ok()?.unwrap();
    let mut answer = vec![0; length.into()];
    stream.read_exact(&mut answer).await.unwrap();
    Some(read(&answer))
}

fn country(rule: Option<(Target, Action)>) -> Country {
    let world = World::new();
    let world = rule.into_iter().fold(world, |world, (target, action)| world.censor(Rule::new(target, action)));
    world.start().unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_resolver_tells_the_truth_over_udp_and_tcp() {
    let country = country(None);
    let truth = country.system_lookup(LISTED).await.unwrap();
    for resolver in [country.system_resolvers(), country.public_resolvers()].concat() {
        let said = by_udp(&country, resolver, LISTED).await;
        assert_eq!(said.iter().map(|(_, said)| said).collect::<Vec<_>>(), [&Ok(truth.clone())]);
        assert_eq!(by_tcp(&country, resolver, LISTED).await, Some(Ok(truth.clone())));
        let nobody = by_udp(&country, resolver, "no.such.name.example").await;
        assert_eq!(nobody[0].1, Err(ResponseCode::NXDomain));
    }
    assert_eq!(Network::system_resolvers(&country), country.system_resolvers());
}

#[tokio::test(start_paused = true)]
async fn an_injected_answer_comes_first_and_the_true_one_80_ms_later() {
    let bogon: IpAddr = "10.10.34.36".parse().unwrap();
    for (told, forged) in [(Lie::NoSuchName, Err(ResponseCode::NXDomain)), (Lie::Address(bogon), Ok(vec![bogon]))] {
        let country = country(Some((Target::name("whatsapp.com"), Action::InjectDns(told))));
        let truth = country.outside().system_lookup(LISTED).await.unwrap();
        for resolver in [country.system_resolvers()[0], country.public_resolvers()[0]] {
            let said = by_udp(&country, resolver, LISTED).await;
            assert_eq!(
                said.iter().map(|(_, said)| said.clone()).collect::<Vec<_>>(),
                [forged.clone(), Ok(truth.clone())]
            );
            assert_eq!(said[1].0 - said[0].0, Duration::from_millis(80));
            assert_eq!(by_tcp(&country, resolver, LISTED).await, Some(Ok(truth.clone())));
            assert_eq!(by_udp(&country, resolver, "chat.signal.org").await.len(), 1, "others are left alone");
        }
        assert_eq!(country.system_lookup(LISTED).await.ok(), forged.ok(), "an app believes the first answer");
    }
}

#[tokio::test(start_paused = true)]
async fn a_box_answers_even_for_a_host_that_runs_no_resolver() {
    let country = country(Some((Target::name("whatsapp.com"), Action::InjectDns(Lie::NoSuchName))));
    let nobody = SocketAddr::new(country.anchors()[0].0, PORT);
    assert_eq!(by_udp(&country, nobody, LISTED).await[0].1, Err(ResponseCode::NXDomain));
    assert!(by_udp(&country, nobody, "chat.signal.org").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_replaced_or_swallowed_answer_is_a_lie_over_udp_and_the_truth_over_tcp() {
    for (action, expected) in [
        (Action::ReplaceDns(Lie::NoSuchName), vec![Err(ResponseCode::NXDomain)]),
        (Action::ReplaceDns(Lie::Refused), vec![Err(ResponseCode::Refused)]),
        (Action::SwallowDns, vec![]),
    ] {
        let country = country(Some((Target::name("whatsapp.com"), action.clone())));
        let truth = country.outside().system_lookup(LISTED).await.unwrap();
        for resolver in [country.system_resolvers()[1], country.public_resolvers()[1]] {
            let said = by_udp(&country, resolver, LISTED).await;
            assert_eq!(said.into_iter().map(|(_, said)| said).collect::<Vec<_>>(), expected, "{action:?}");
            assert_eq!(by_tcp(&country, resolver, LISTED).await, Some(Ok(truth.clone())), "{action:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_operators_resolver_lies_over_both_and_no_other_does() {
    let country = country(Some((Target::name("whatsapp.com"), Action::NoSuchName)));
    let (own, public) = (country.system_resolvers()[0], country.public_resolvers()[0]);
    assert_eq!(by_udp(&country, own, LISTED).await[0].1, Err(ResponseCode::NXDomain));
    assert_eq!(by_tcp(&country, own, LISTED).await, Some(Err(ResponseCode::NXDomain)));
    assert!(by_udp(&country, public, LISTED).await[0].1.is_ok());
    country.censor().lift_all();
    country.censor().block(Target::everything(), Action::SilentResolver);
    assert!(by_udp(&country, own, LISTED).await.is_empty());
    assert_eq!(by_tcp(&country, own, LISTED).await, None);
    assert!(by_udp(&country, public, LISTED).await[0].1.is_ok());
}

#[tokio::test(start_paused = true)]
async fn one_resolver_can_be_singled_out_by_its_address() {
    let public = PUBLIC[0];
    let rule = (Target::name("whatsapp.com").or_prefix(public.ip()), Action::ReplaceDns(Lie::NoSuchName));
    let country = country(Some(rule));
    assert_eq!(by_udp(&country, public, LISTED).await[0].1, Err(ResponseCode::NXDomain));
    assert!(by_udp(&country, PUBLIC[1], LISTED).await[0].1.is_ok());
    assert!(country.system_lookup(LISTED).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn without_a_cable_a_question_does_not_leave() {
    let country = country(Some((Target::everything(), Action::LinkDown)));
    let socket = country.bind_udp(PUBLIC[0]).await.unwrap();
    let sent = socket.send_to(&query(LISTED), PUBLIC[0]).await;
    assert_eq!(sent.unwrap_err().kind(), io::ErrorKind::NetworkUnreachable);
}
