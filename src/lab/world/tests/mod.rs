mod calls;
mod loss;
mod moves;
mod quic;

use super::*;
use crate::lab::{Action, Direction, Target};
use crate::net::{Io, Network};
use crate::wire::stun;
use std::io::{ErrorKind, Result};
use std::net::{IpAddr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

const RTT: Duration = Duration::from_millis(40);

fn country() -> Country {
    World::new().start().unwrap()
}

fn telegram() -> SocketAddr {
    "149.154.167.51:443".parse().unwrap()
}

/// How a connect ends, and after how long; `None` when it has not ended after 10 s.
async fn connect(network: &dyn Network, to: SocketAddr) -> (Option<Result<crate::net::Stream>>, Duration) {
    let start = Instant::now();
    let end = timeout(Duration::from_secs(10), network.connect(to)).await.ok();
    (end, start.elapsed())
}

fn kind(end: &Option<Result<crate::net::Stream>>) -> Option<ErrorKind> {
    end.as_ref().and_then(|end| end.as_ref().err()).map(std::io::Error::kind)
}

#[tokio::test(start_paused = true)]
async fn a_connect_takes_one_round_trip_and_a_tunnel_is_farther() {
    let country = country();
    let (end, took) = connect(&country, telegram()).await;
    assert_eq!(took, RTT);
    let stream = end.unwrap().unwrap();
    assert_eq!((stream.endpoint(), stream.tcp_facts().unwrap().bytes_acked), (Some(telegram()), 1));
    let (end, took) = connect(&country, country.socks_server()).await;
    assert!(end.unwrap().is_ok() && took == Duration::from_millis(100), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn each_rule_about_a_syn_gives_the_errno_of_the_table() {
    for (action, expected, soonest, latest) in [
        (Action::Drop, None, 10_000, 10_000),
        (Action::RejectSyn, Some(ErrorKind::ConnectionRefused), 1, 39),
        (Action::Unreachable, Some(ErrorKind::HostUnreachable), 1, 39),
        (Action::LinkDown, Some(ErrorKind::NetworkUnreachable), 0, 0),
        (Action::Lose { percent: 100, direction: Direction::Down }, None, 10_000, 10_000),
    ] {
        let country = country();
        country.censor().block(country.target("telegram"), action.clone());
        let (end, took) = connect(&country, telegram()).await;
        assert_eq!(kind(&end), expected, "{action:?}");
        assert!(end.is_none_or(|end| end.is_err()), "{action:?}");
        assert!((soonest..=latest).contains(&took.as_millis()), "{action:?} {took:?}");
        let (end, _) = connect(&country, SocketAddr::new(country.anchors()[0].0, 443)).await;
        assert!(end.unwrap().is_ok(), "{action:?} must not touch others");
        assert!(connect(&country.outside(), telegram()).await.0.unwrap().is_ok(), "{action:?} is at home only");
    }
}

#[tokio::test(start_paused = true)]
async fn a_syn_is_sent_again_and_gets_through_when_the_drop_ends() {
    let country = country();
    let rule = country.censor().block(Target::everything(), Action::Drop);
    let censor = country.censor().clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(2500)).await;
        censor.lift(rule);
    });
    let (end, took) = connect(&country, telegram()).await;
    assert!(end.unwrap().is_ok());
    assert_eq!(took, Duration::from_secs(3) + RTT);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_down_refuses_everybody() {
    let country = country();
    country.take_down(country.addresses("telegram"));
    let (end, took) = connect(&country, telegram()).await;
    assert_eq!((kind(&end), took), (Some(ErrorKind::ConnectionRefused), RTT));
    assert_eq!(kind(&connect(&country.outside(), telegram()).await.0), Some(ErrorKind::ConnectionRefused));
    country.bring_up(country.addresses("telegram"));
    assert!(connect(&country, telegram()).await.0.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_known_host_refuses_a_closed_port_and_an_unknown_host_is_silent() {
    let country = country();
    let (closed, _) = connect(&country, "149.154.167.51:22".parse().unwrap()).await;
    assert_eq!(kind(&closed), Some(ErrorKind::ConnectionRefused));
    assert!(connect(&country, "10.10.34.36:443".parse().unwrap()).await.0.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_slow_host_answers_its_syn_late() {
    let country = country();
    country.slow_down(telegram().ip(), Duration::from_secs(3));
    let (end, took) = connect(&country, telegram()).await;
    assert!(end.unwrap().is_ok());
    assert_eq!(took, Duration::from_secs(3) + RTT);
}

#[tokio::test(start_paused = true)]
async fn the_resolver_lies_about_the_named_only() {
    let bogon: IpAddr = "10.10.34.36".parse().unwrap();
    let country = country();
    let ask = |name: &'static str| async move { country.system_lookup(name).await.map_err(|why| why.kind()) };
    let truth = ask("chat.signal.org").await.unwrap();
    assert_eq!(truth.len(), 2);
    let country = self::country();
    for (action, expected) in [
        (Action::NoSuchName, Err(ErrorKind::NotFound)),
        (Action::ForgeAddress(bogon), Ok(vec![bogon])),
        (Action::SilentResolver, Err(ErrorKind::TimedOut)),
    ] {
        let rule = country.censor().block(Target::name("signal.org"), action.clone());
        let lie = country.system_lookup("chat.signal.org").await.map_err(|why| why.kind());
        assert_eq!(lie, expected, "{action:?}");
        assert!(country.system_lookup("web.whatsapp.com").await.is_ok());
        assert_eq!(country.outside().system_lookup("chat.signal.org").await.unwrap(), truth);
        country.censor().lift(rule);
    }
    let nobody = country.system_lookup("no.such.name.example").await;
    assert_eq!(nobody.unwrap_err().kind(), ErrorKind::NotFound);
}

async fn ask_stun(country: &Country, server: SocketAddr) -> Option<SocketAddr> {
    let socket = country.bind_udp(server).await.unwrap();
    socket.send_to(&stun::binding_request([4; 12]), server).await.unwrap();
    let mut buf = [0; 200];
    let (size, from) = timeout(Duration::from_secs(3), socket.recv_from(&mut buf)).await.ok()?.unwrap();
    assert_eq!(from, server);
    let mapped = stun::mapped_address(&buf[..size], &[4; 12]).unwrap();
    assert_eq!(mapped, socket.local_addr().unwrap());
    Some(mapped)
}

#[tokio::test(start_paused = true)]
async fn stun_answers_after_one_round_trip_until_udp_is_blocked() {
    let country = country();
    let server: SocketAddr = "198.51.100.210:3478".parse().unwrap();
    let start = Instant::now();
    assert!(ask_stun(&country, server).await.is_some());
    assert_eq!(start.elapsed(), RTT);
    for action in [Action::DropUdp, Action::DropStun, Action::Drop, Action::Captive("http://login.example/".into())] {
        let rule = country.censor().block(Target::everything(), action.clone());
        assert!(ask_stun(&country, server).await.is_none(), "{action:?}");
        country.censor().lift(rule);
        assert!(ask_stun(&country, server).await.is_some(), "after {action:?}");
    }
}

/// A plain HTTP request as an operating system's canary sends it.
async fn canary(country: &Country, host: &str, path: &str) -> String {
    let ip = country.system_lookup(host).await.unwrap()[0];
    let mut stream = country.connect(SocketAddr::new(ip, 80)).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(start_paused = true)]
async fn canaries_answer_exactly_and_a_portal_answers_in_their_place() {
    let country = country();
    let google = ("connectivitycheck.gstatic.com", "/generate_204");
    assert!(canary(&country, google.0, google.1).await.starts_with("HTTP/1.1 204"));
    let apple = canary(&country, "captive.apple.com", "/hotspot-detect.html").await;
    assert!(apple.ends_with("<BODY>Success</BODY></HTML>\n"), "{apple}");
    country.censor().block(Target::everything(), Action::Captive("http://login.example/".into()));
    let portal = canary(&country, google.0, google.1).await;
    assert!(portal.starts_with("HTTP/1.1 302") && portal.contains("http://login.example/"), "{portal}");
    let mut tls = country.connect(SocketAddr::new(country.anchors()[0].0, 443)).await.unwrap();
    tls.write_all(&[22, 3, 1, 0, 5]).await.unwrap();
    assert_eq!(tls.read(&mut [0; 5]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test(start_paused = true)]
async fn a_block_page_answers_for_the_named_only() {
    let country = World::new().origin("banned.example").origin("fine.example").start().unwrap();
    let page = Action::BlockPage("http://warning.example/".into());
    country.censor().block(Target::name("banned.example"), page);
    assert!(canary(&country, "banned.example", "/").await.contains("http://warning.example/"));
    assert!(canary(&country, "fine.example", "/").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test(start_paused = true)]
async fn a_narrow_line_is_shared_by_all_that_uses_it() {
    let country = World::new().line(100_000).start().unwrap();
    let start = Instant::now();
    let fetch = |path: &'static str| {
        let country = country.clone();
        async move { canary(&country, "anchor-one.example", path).await.len() }
    };
    let (one, other) = tokio::join!(fetch("/bulk?bytes=100000"), fetch("/bulk?bytes=100000"));
    assert!(one > 100_000 && other > 100_000);
    assert!((2000..2400).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
}
