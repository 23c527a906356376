//! Sleep, another network, a wrong clock, two stacks.

use super::*;
use crate::lab::Place;
use crate::lab::people::{App, Mishap, Person};
use crate::model::{Cause, Host};
use crate::net::Deadline;
use crate::net::tls::{Names, TlsClient, Trust};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

const CHAT: &str = "157.240.253.61:5222";

#[tokio::test(start_paused = true)]
async fn after_a_sleep_every_connection_is_reset_when_it_is_used() {
    let country = country();
    let date = country.unix_now();
    let mut before = country.connect(CHAT.parse().unwrap()).await.unwrap();
    country.suspend(Duration::from_secs(2400));
    assert!((2400..2403).contains(&(country.unix_now() - date)));
    assert!(timeout(Duration::from_secs(60), before.read(&mut [0])).await.is_err(), "nobody says anything unasked");
    before.write_all(b"still there?").await.unwrap();
    assert_eq!(before.read(&mut [0]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(connect(&country, CHAT.parse().unwrap()).await.0.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn each_place_has_a_censor_of_its_own_and_keeps_its_connections() {
    let country = country();
    country.censor().block(country.target("whatsapp"), Action::RejectSyn);
    country.censor().block(Target::name("t.me"), Action::NoSuchName);
    let mut at_home = country.connect(telegram()).await.unwrap();
    let refused = Some(ErrorKind::ConnectionRefused);
    assert_eq!(kind(&connect(&country, CHAT.parse().unwrap()).await.0), refused);
    country.move_to(Place::Cafe);
    at_home.write_all(&[0; 64]).await.unwrap();
    assert_eq!(at_home.read(&mut [0]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(connect(&country, CHAT.parse().unwrap()).await.0.unwrap().is_ok());
    assert!(country.system_lookup("t.me").await.is_ok());
    country.cafe().block(country.target("telegram"), Action::RejectSyn);
    assert_eq!(kind(&connect(&country, telegram()).await.0), refused);
    country.move_to(Place::Home);
    assert_eq!(kind(&connect(&country, CHAT.parse().unwrap()).await.0), refused);
    assert!(country.system_lookup("t.me").await.is_err());
    assert!(connect(&country, telegram()).await.0.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_attempt_from_another_place_gets_no_answer() {
    let country = country();
    country.censor().block(Target::everything(), Action::Drop);
    let attempt = {
        let country = country.clone();
        tokio::spawn(async move { connect(&country, telegram()).await })
    };
    tokio::time::sleep(Duration::from_millis(500)).await;
    country.move_to(Place::Cafe);
    assert!(attempt.await.unwrap().0.is_none());
}

#[tokio::test(start_paused = true)]
async fn without_a_cable_there_is_no_default_route() {
    let country = country();
    assert!(country.has_default_route());
    let rule = country.censor().block(Target::everything(), Action::LinkDown);
    assert!(!country.has_default_route());
    country.move_to(Place::Cafe);
    assert!(country.has_default_route());
    country.censor().lift(rule);
}

#[tokio::test(start_paused = true)]
async fn to_a_client_whose_clock_is_off_certificates_are_not_valid() {
    let year = 365 * 86_400;
    for (skew, expected) in
        [(0, None), (2 * year, Some(Cause::SslInvalidCertificate)), (-2 * year, Some(Cause::SslInvalidCertificate))]
    {
        let country = World::new().clock_skew(skew).start().unwrap();
        let roots: Vec<Vec<u8>> =
            CertificateDer::pem_slice_iter(country.web_roots().as_bytes()).map(|root| root.unwrap().to_vec()).collect();
        let clock = country.clone();
        let client = TlsClient::new(&Trust::Only(roots.into()), &[]).unwrap().dated(Arc::new(move || clock.unix_now()));
        let (ip, name) = country.anchors()[0];
        let stream = country.connect(SocketAddr::new(ip, 443)).await.unwrap();
        let names = Names::same(Host::parse(name).unwrap());
        let shaken = client.connect(stream, &names, Deadline::after(Duration::from_secs(5))).await;
        assert_eq!(shaken.err().map(|refused| refused.failure.cause), expected, "{skew}");
        let date = canary(&country, name, "/").await;
        let year =
            |text: &str| text.split_once("date: ").and_then(|(_, rest)| rest.split_whitespace().nth(3)?.parse().ok());
        let now: u64 = year(&date.to_ascii_lowercase()).unwrap();
        assert!(now.abs_diff(1970 + clock::true_time() / 31_556_952) < 2, "servers know the true time");
    }
}

#[tokio::test(start_paused = true)]
async fn with_two_stacks_every_name_has_both_and_one_can_be_blocked() {
    let country = World::new().dual_stack().start().unwrap();
    for name in ["g.whatsapp.net", "chat.signal.org", "anchor-one.example", "web.telegram.org"] {
        let addresses = country.system_lookup(name).await.unwrap();
        let (four, six): (Vec<IpAddr>, Vec<IpAddr>) = addresses.into_iter().partition(IpAddr::is_ipv4);
        assert_eq!(four.len(), six.len(), "{name}");
        for ip in four.into_iter().chain(six) {
            assert!(connect(&country, SocketAddr::new(ip, 443)).await.0.unwrap().is_ok(), "{name} {ip}");
        }
    }
    country.censor().block(country.target_v4("whatsapp"), Action::Drop);
    for ip in country.system_lookup("g.whatsapp.net").await.unwrap() {
        let end = connect(&country, SocketAddr::new(ip, 5222)).await.0;
        assert_eq!(end.is_some_and(|end| end.is_ok()), ip.is_ipv6(), "{ip}");
    }
    country.censor().block(country.target("whatsapp"), Action::Drop);
    let six = country.addresses("whatsapp").into_iter().find(|net| net.addr().is_ipv6()).unwrap();
    assert!(connect(&country, SocketAddr::new(six.addr(), 443)).await.0.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_changed_server_refuses_a_bare_hello_and_serves_a_hinted_one() {
    let country = country();
    let bare = Person::new(&country, country.plain_door(), 1).unwrap();
    let hinted = bare.clone().with_routing_hint();
    for (person, changed, expected) in
        [(&bare, false, None), (&hinted, false, None), (&bare, true, Some(Mishap::Died)), (&hinted, true, None)]
    {
        country.refuse_bare_hello(changed);
        assert_eq!(person.open(&App::WhatsApp).await.err(), expected, "changed: {changed}");
    }
}
