//! byway's transports against real peers, found on PATH: shadowsocks-libev, microsocks, dante, tinyproxy. An absent
//! one is reported as skipped with the line that installs it, and fails the test when `BYWAY_REQUIRE_PEERS` is `1`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test, outside cfg(test)")]

mod peers;

use crate::peers::*;
use byway::model::{Cause, Destination, Failure, Leg, Secret};
use byway::net::resolve::Settings;
use byway::net::{Deadline, Network, OsNetwork, Packets, Resolver, Stream};
use byway::transport::{HttpServer, Kind, Login, ShadowsocksServer, Socks5Server, Spec, Transport, build};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

fn shadowsocks(at: SocketAddr, method: &str, password: &str, prefix: &[u8]) -> Kind {
    let (method, password) = (method.to_string(), Secret::new(password.to_string()));
    Kind::Shadowsocks(ShadowsocksServer { server: at.into(), method, password, prefix: prefix.to_vec(), plugin: None })
}

fn login(user: &str, password: &str) -> Option<Login> {
    Some(Login { user: user.into(), password: Secret::new(password.into()) })
}

fn socks5(at: SocketAddr, login: Option<Login>) -> Kind {
    Kind::Socks5(Socks5Server { server: at.into(), login })
}

fn http(at: SocketAddr, login: Option<Login>) -> Kind {
    Kind::Http(HttpServer { server: at.into(), tls: None, login })
}

/// The last of a chain of ways, each over the one before it.
fn chain(kinds: Vec<Kind>) -> Transport {
    let network: Arc<dyn Network> = Arc::new(OsNetwork);
    let resolver = Arc::new(Resolver::new(network.clone(), Settings::system_only()).unwrap());
    let specs: Vec<Spec> = kinds
        .into_iter()
        .enumerate()
        .map(|(n, kind)| Spec {
            id: n.to_string().as_str().into(),
            via: n.checked_sub(1).map(|below| below.to_string().as_str().into()),
            kind,
        })
        .collect();
    build(&specs, &network, &resolver).pop().unwrap().1.unwrap()
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(15))
}

/// Echoes each byte as it comes, and ends when the client does.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.into_split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    at
}

/// Speaks first, as mail servers do.
async fn greeter() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = stream.write_all(b"220 ready").await;
                let _ = stream.read(&mut [0; 1]).await;
            });
        }
    });
    at
}

async fn udp_echo() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let at = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buf = vec![0; 65536];
        while let Ok((length, from)) = socket.recv_from(&mut buf).await {
            let _ = socket.send_to(&buf[..length], from).await;
        }
    });
    at
}

async fn dial(way: &Transport, to: SocketAddr) -> Result<Stream, Failure> {
    way.streams.dial(&to.into(), soon()).await
}

/// 1 MiB there and back at once, byte for byte.
async fn carries_a_mebibyte(way: &Transport) {
    let sent: Vec<u8> = (0..1_u32 << 20).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let stream = dial(way, echo().await).await.unwrap();
    let (mut from, mut to) = tokio::io::split(stream);
    let mut back = vec![0; sent.len()];
    let write = async {
        to.write_all(&sent).await.unwrap();
        to.flush().await.unwrap();
    };
    let read = async { from.read_exact(&mut back).await.map(|_| ()) };
    let both = async { tokio::join!(write, read) };
    let ((), read) = soon().run(both).await.expect("in time");
    read.unwrap();
    assert!(back == sent, "the bytes that came back are others");
}

/// The client ends its direction first; all that it sent still comes back.
async fn keeps_half_close(way: &Transport) {
    let mut stream = dial(way, echo().await).await.unwrap();
    stream.write_all(b"last words").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut back = Vec::new();
    soon().run(stream.read_to_end(&mut back)).await.expect("in time").unwrap();
    assert_eq!(back, b"last words");
}

async fn hears_a_server_that_speaks_first(way: &Transport) {
    let mut stream = dial(way, greeter().await).await.unwrap();
    let mut banner = [0; 9];
    soon().run(stream.read_exact(&mut banner)).await.expect("in time").unwrap();
    assert_eq!(&banner, b"220 ready");
}

/// Packets may be lost, so each is sent until it comes back.
async fn echoes_packets(way: &Transport) {
    let to: Destination = udp_echo().await.into();
    let packets: Packets = way.packets.as_ref().unwrap().associate(soon()).await.unwrap();
    for size in [1, 500, 1300] {
        let packet = vec![size as u8; size];
        let mut buf = vec![0; 65536];
        let mut came = None;
        for _ in 0..20 {
            packets.send(&packet, &to).await.unwrap();
            came = Deadline::after(Duration::from_millis(500)).run(packets.recv(&mut buf)).await;
            if came.is_some() {
                break;
            }
        }
        let (length, from) = came.expect("an echo").unwrap();
        assert_eq!((&buf[..length], from), (&packet[..], to.clone()));
    }
}

/// A port of loopback that nobody listens on.
async fn closed_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn the_direct_and_the_split_way() {
    let direct = chain(vec![Kind::Direct]);
    carries_a_mebibyte(&direct).await;
    keeps_half_close(&direct).await;
    echoes_packets(&direct).await;
    let split = chain(vec![Kind::Split { recipe: "split:2|tlsfrag:5".parse().unwrap() }]);
    carries_a_mebibyte(&split).await;
    keeps_half_close(&split).await;
}

#[tokio::test]
async fn shadowsocks_with_each_cipher_of_libev() {
    for method in ["aes-128-gcm", "aes-256-gcm", "chacha20-ietf-poly1305"] {
        let Some(peer) = ss_server(method).await else { return };
        let way = chain(vec![shadowsocks(peer.at, method, "correct horse", b"")]);
        carries_a_mebibyte(&way).await;
        hears_a_server_that_speaks_first(&way).await;
        echoes_packets(&way).await;
    }
}

#[tokio::test]
async fn shadowsocks_2022_with_the_reference_server() {
    const SHORT: &str = "AAECAwQFBgcICQoLDA0ODw==";
    const LONG: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const WRONG: &str = "AAECAwQFBgcICQoLDA0OAA==";
    for (method, key, wrong) in [
        ("2022-blake3-aes-128-gcm", SHORT, Some(WRONG)),
        ("2022-blake3-aes-256-gcm", LONG, None),
        ("2022-blake3-chacha20-poly1305", LONG, None),
        ("aes-256-gcm", "correct horse", None),
    ] {
        let Some(peer) = ssserver(method, key).await else { return };
        for prefix in [&b""[..], b"POST "] {
            let way = chain(vec![shadowsocks(peer.at, method, key, prefix)]);
            carries_a_mebibyte(&way).await;
            keeps_half_close(&way).await;
            hears_a_server_that_speaks_first(&way).await;
            echoes_packets(&way).await;
        }
        if let Some(wrong) = wrong {
            let mut stream = dial(&chain(vec![shadowsocks(peer.at, method, wrong, b"")]), echo().await).await.unwrap();
            stream.write_all(b"hello").await.unwrap();
            stream.flush().await.unwrap();
            let answer = soon().run(stream.read(&mut [0; 16])).await.expect("the 2022 edition hangs up at once");
            assert!(!matches!(answer, Ok(1..)), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn shadowsocks_with_a_prefix() {
    let Some(peer) = ss_server("chacha20-ietf-poly1305").await else { return };
    let prefix = [0x16, 0x03, 0x01, 0x05, 0xA8, 0x01, 0x01];
    let way = chain(vec![shadowsocks(peer.at, "chacha20-ietf-poly1305", "correct horse", &prefix)]);
    carries_a_mebibyte(&way).await;
}

#[tokio::test]
async fn a_wrong_key_gives_no_byte_whatever_the_server_does() {
    let Some(peer) = ss_server("aes-256-gcm").await else { return };
    let way = chain(vec![shadowsocks(peer.at, "aes-256-gcm", "wrong", b"")]);
    let mut stream = dial(&way, echo().await).await.expect("a connect proves nothing");
    stream.write_all(b"hello").await.unwrap();
    stream.flush().await.unwrap();
    let answer = Deadline::after(Duration::from_secs(1)).run(stream.read(&mut [0; 16])).await;
    assert!(!matches!(answer, Some(Ok(1..))), "{answer:?}");
}

#[tokio::test]
async fn a_destination_that_refuses_is_an_end_without_a_byte() {
    let Some(peer) = ss_server("aes-256-gcm").await else { return };
    let way = chain(vec![shadowsocks(peer.at, "aes-256-gcm", "correct horse", b"")]);
    let mut stream = dial(&way, closed_port().await).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    stream.flush().await.unwrap();
    let answer = soon().run(stream.read(&mut [0; 16])).await.expect("an end in time");
    assert!(!matches!(answer, Ok(1..)), "{answer:?}");
}

#[tokio::test]
async fn socks5_with_microsocks() {
    let (Some(open), Some(locked)) = (microsocks(false).await, microsocks(true).await) else { return };
    let way = chain(vec![socks5(open.at, None)]);
    carries_a_mebibyte(&way).await;
    hears_a_server_that_speaks_first(&way).await;
    let failure = dial(&way, closed_port().await).await.err().unwrap();
    assert_eq!((failure.cause, failure.leg), (Cause::ConnectionRefused, Leg::Far));

    carries_a_mebibyte(&chain(vec![socks5(locked.at, login("me", "open sesame"))])).await;
    for wrong in [None, login("me", "close sesame")] {
        let failure = dial(&chain(vec![socks5(locked.at, wrong)]), echo().await).await.err().unwrap();
        assert_eq!((failure.cause, failure.leg), (Cause::AuthenticationFailed, Leg::Near));
    }
}

#[tokio::test]
async fn socks5_with_dante_streams_and_packets() {
    let Some(peer) = danted().await else { return };
    let way = chain(vec![socks5(peer.at, None)]);
    carries_a_mebibyte(&way).await;
    keeps_half_close(&way).await;
    echoes_packets(&way).await;
}

#[tokio::test]
async fn http_with_tinyproxy() {
    let (Some(open), Some(locked)) = (tinyproxy(false).await, tinyproxy(true).await) else { return };
    let way = chain(vec![http(open.at, None)]);
    carries_a_mebibyte(&way).await;
    hears_a_server_that_speaks_first(&way).await;
    let failure = dial(&way, closed_port().await).await.err().unwrap();
    assert_eq!((failure.cause, failure.leg), (Cause::RefusedByProxy, Leg::Far));

    carries_a_mebibyte(&chain(vec![http(locked.at, login("me", "opensesame"))])).await;
    for wrong in [None, login("me", "closesesame")] {
        let failure = dial(&chain(vec![http(locked.at, wrong)]), echo().await).await.err().unwrap();
        assert_eq!((failure.cause, failure.leg), (Cause::AuthenticationFailed, Leg::Near));
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_of_the_near_leg() {
    let closed = closed_port().await;
    let ways = [shadowsocks(closed, "aes-256-gcm", "x", b""), socks5(closed, None), http(closed, None)];
    for kind in ways {
        let failure = dial(&chain(vec![kind]), echo().await).await.err().unwrap();
        assert_eq!((failure.cause, failure.leg), (Cause::ConnectionRefused, Leg::Near));
    }
}

#[tokio::test]
async fn three_ways_over_each_other() {
    let (Some(http_peer), Some(socks_peer), Some(ss_peer)) =
        (tinyproxy(false).await, microsocks(false).await, ss_server("aes-256-gcm").await)
    else {
        return;
    };
    let ss = || shadowsocks(ss_peer.at, "aes-256-gcm", "correct horse", b"");
    carries_a_mebibyte(&chain(vec![http(http_peer.at, None), socks5(socks_peer.at, None), ss()])).await;
    carries_a_mebibyte(&chain(vec![ss(), http(http_peer.at, None), socks5(socks_peer.at, None)])).await;
    hears_a_server_that_speaks_first(&chain(vec![socks5(socks_peer.at, None), ss()])).await;
}

#[tokio::test]
async fn packets_of_one_way_over_another() {
    let (Some(socks_peer), Some(ss_peer)) = (danted().await, ss_server("aes-256-gcm").await) else { return };
    let ss = || shadowsocks(ss_peer.at, "aes-256-gcm", "correct horse", b"");
    echoes_packets(&chain(vec![socks5(socks_peer.at, None), ss()])).await;
    echoes_packets(&chain(vec![ss(), socks5(socks_peer.at, None)])).await;
}
