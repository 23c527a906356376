use super::*;
use crate::lab::{Action, Country, Target, World};
use crate::model::Destination;
use crate::net::{Datagrams, Network, Stream};
use crate::wire::stun;
use ::shadowsocks::ProxyClientStream;
use ::shadowsocks::config::{ServerConfig, ServerType};
use ::shadowsocks::context::{Context, SharedContext};
use ::shadowsocks::relay::socks5::Address;
use ::shadowsocks::relay::udprelay::crypto_io::{decrypt_server_payload, encrypt_client_payload};
use ::shadowsocks::relay::udprelay::options::UdpSocketControlData;
use bytes::BytesMut;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

fn client() -> SharedContext {
    Context::new_shared(ServerType::Local)
}

fn accounts(country: &Country) -> Vec<ServerConfig> {
    country.shadowsocks_links().iter().map(|link| ServerConfig::from_url(link).unwrap()).collect()
}

async fn dial(country: &Country, account: &ServerConfig, to: &str) -> ProxyClientStream<Stream> {
    let server = account.addr().to_string().parse().unwrap();
    let stream = country.connect(server).await.unwrap();
    let to = Destination::parse(to).unwrap();
    let address = match to.host {
        Host::Name(name) => Address::DomainNameAddress(name.to_string(), to.port),
        Host::Ip(ip) => Address::SocketAddress((ip, to.port).into()),
    };
    ProxyClientStream::from_stream(client(), stream, account, address)
}

async fn page(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> std::io::Result<String> {
    stream.write_all(b"GET / HTTP/1.1\r\nHost: anchor-one.example\r\nConnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.map(|_| answer)
}

#[tokio::test(start_paused = true)]
async fn streams_pass_by_name_and_by_address_in_the_tunnels_time() {
    let country = World::new().start().unwrap();
    for account in accounts(&country) {
        for to in ["anchor-one.example:80", "198.51.100.11:80"] {
            let mut stream = dial(&country, &account, to).await;
            let start = Instant::now();
            assert!(page(&mut stream).await.unwrap().contains("a page"), "{to}");
            // One round trip to the server, and two from there: the connect and the request.
            let took = start.elapsed();
            assert!((140..155).contains(&took.as_millis()), "{} {took:?}", account.method());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_blocked_at_home_is_open_through_the_tunnel() {
    let country = World::new().origin("banned.example").start().unwrap();
    for action in [Action::ResetHello, Action::NoSuchName, Action::BlockPage("http://warning.example".into())] {
        country.censor().block(Target::name("banned.example"), action);
    }
    country.censor().block(Target::prefix("203.0.113.60".parse::<IpAddr>().unwrap()), Action::Drop);
    let account = &accounts(&country)[0];
    let mut stream = dial(&country, account, "banned.example:80").await;
    assert!(page(&mut stream).await.unwrap().starts_with("HTTP/1.1 200"));
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_refuses_breaks_the_tunnelled_stream() {
    let country = World::new().start().unwrap();
    country.take_down(country.addresses("telegram"));
    let mut stream = dial(&country, &accounts(&country)[0], "149.154.167.51:443").await;
    assert!(page(&mut stream).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_gets_no_answer() {
    let country = World::new().start().unwrap();
    let right = &accounts(&country)[1];
    let wrong = ServerConfig::new(right.addr().clone(), "something else", right.method()).unwrap();
    let mut stream = dial(&country, &wrong, "198.51.100.11:80").await;
    assert!(page(&mut stream).await.map_or(true, |answer| answer.is_empty()));
}

#[tokio::test(start_paused = true)]
async fn a_tunnel_dies_in_the_middle_when_the_censor_wants_it() {
    let country = World::new().start().unwrap();
    let account = &accounts(&country)[0];
    country.censor().block(Target::prefix(country.tunnel_servers()[0]), Action::FreezePackets(30));
    let mut stream = dial(&country, account, "198.51.100.11:80").await;
    stream.write_all(b"GET /bulk?bytes=200000 HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let end = timeout(Duration::from_secs(60), stream.read_to_end(&mut answer)).await;
    assert!(end.is_err() && !answer.is_empty() && answer.len() < 40_000, "{}", answer.len());
}

#[tokio::test(start_paused = true)]
async fn packets_pass_both_ways_with_either_generation() {
    let country = World::new().start().unwrap();
    country.censor().block(Target::prefix("198.51.100.210".parse::<IpAddr>().unwrap()), Action::DropUdp);
    let stun_server: SocketAddr = "198.51.100.210:3478".parse().unwrap();
    for account in accounts(&country) {
        let context = client();
        let server: SocketAddr = account.addr().to_string().parse().unwrap();
        let socket: Box<dyn Datagrams> = country.bind_udp(server).await.unwrap();
        for packet_id in 1..4 {
            let mut control = UdpSocketControlData::default();
            (control.client_session_id, control.packet_id) = (77, packet_id);
            let mut sealed = BytesMut::new();
            let (to, request) = (Address::SocketAddress(stun_server), stun::binding_request([6; 12]));
            let (method, key) = (account.method(), account.key());
            encrypt_client_payload(&context, method, key, &to, &control, &[], &request, &mut sealed);
            socket.send_to(&sealed, server).await.unwrap();
            let mut buf = [0; 1500];
            let (size, from) = timeout(Duration::from_secs(2), socket.recv_from(&mut buf)).await.unwrap().unwrap();
            assert_eq!(from, server);
            let (size, from, _) = decrypt_server_payload(&context, method, key, &mut buf[..size]).unwrap();
            assert_eq!(from, to);
            let mapped = stun::mapped_address(&buf[..size], &[6; 12]).unwrap();
            assert_eq!(mapped.ip(), server.ip());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_friends_socks_server_passes_on_and_says_why_not() {
    let country = World::new().start().unwrap();
    let door = country.friends_door();
    let open = |to: &'static str| {
        let socket = door();
        async move { tokio_socks::tcp::Socks5Stream::connect_with_socket(socket.await.unwrap(), to).await }
    };
    let mut stream = open("anchor-one.example:80").await.unwrap();
    assert!(page(&mut stream).await.unwrap().contains("a page"));
    assert!(matches!(open("anchor-one.example:81").await.err(), Some(tokio_socks::Error::ConnectionRefused)));
    assert!(matches!(open("nobody.example:80").await.err(), Some(tokio_socks::Error::HostUnreachable)));
}
