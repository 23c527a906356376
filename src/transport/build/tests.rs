//! Ways from settings: each on its own, any over any.

use super::*;
use crate::model::{Cause, Failure, Leg};
use crate::net::resolve::Settings;
use crate::net::{Datagrams, Deadline, Stream};
use futures_util::future::BoxFuture;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;
use std::time::Duration;

/// Refuses every connection, and remembers where to.
#[derive(Default)]
struct Closed {
    asked: Mutex<Vec<SocketAddr>>,
}

impl Network for Closed {
    fn connect(&self, to: SocketAddr) -> BoxFuture<'_, io::Result<Stream>> {
        self.asked.lock().unwrap().push(to);
        Box::pin(async { Err(io::ErrorKind::ConnectionRefused.into()) })
    }
    fn bind_udp(&self, _: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn Datagrams>>> {
        Box::pin(async { Err(io::ErrorKind::Unsupported.into()) })
    }
    fn system_lookup<'a>(&'a self, _: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async { Ok(vec![[192, 0, 2, 80].into()]) })
    }
}

fn spec(id: &str, via: Option<&str>, kind: Kind) -> Spec {
    Spec { id: id.into(), via: via.map(TransportId::from), kind }
}

fn shadowsocks(server: &str, method: &str) -> Kind {
    Kind::Shadowsocks(ShadowsocksServer {
        server: Destination::parse(server).unwrap(),
        method: method.into(),
        password: Secret::new("secret".into()),
        prefix: Vec::new(),
        plugin: None,
    })
}

fn http(server: &str) -> Kind {
    Kind::Http(HttpServer { server: Destination::parse(server).unwrap(), tls: None, login: None })
}

fn socks5(server: &str) -> Kind {
    Kind::Socks5(Socks5Server { server: Destination::parse(server).unwrap(), login: None })
}

type Built = Vec<(TransportId, Result<Transport, BuildError>)>;

fn built(specs: &[Spec]) -> (Built, Arc<Closed>) {
    let closed = Arc::new(Closed::default());
    let network: Arc<dyn Network> = closed.clone();
    let resolver = Arc::new(Resolver::new(network.clone(), Settings::system_only()).unwrap());
    (build(specs, &network, &resolver), closed)
}

#[test]
fn a_broken_way_is_told_and_stops_no_other() {
    let (ways, _) = built(&[
        spec("direct", None, Kind::Direct),
        spec("split", None, Kind::Split { recipe: "split:2".parse().unwrap() }),
        spec("good", None, shadowsocks("tokyo.example:8388", "aes-256-gcm")),
        spec("bad", None, shadowsocks("tokyo.example:8388", "rc4-md5")),
        spec("over-bad", Some("bad"), http("proxy.example:3128")),
        spec("lost", Some("nobody"), socks5("proxy.example:1080")),
        spec("a", Some("b"), http("proxy.example:1")),
        spec("b", Some("a"), http("proxy.example:2")),
        spec("good", None, Kind::Direct),
    ]);
    let outcome: Vec<String> = ways
        .iter()
        .map(|(id, way)| match way {
            Ok(way) => format!("{id}: {}{}", way.kind, if way.bare { ", bare" } else { "" }),
            Err(error) => format!("{id}: {error}"),
        })
        .collect();
    assert_eq!(
        outcome,
        [
            "direct: direct, bare",
            "split: split, bare",
            "good: shadowsocks",
            "bad: method \"rc4-md5\" is not supported, or not safe; expected one of aes-128-gcm, aes-256-gcm, \
             chacha20-ietf-poly1305, 2022-blake3-aes-128-gcm, 2022-blake3-aes-256-gcm, 2022-blake3-chacha20-poly1305",
            "over-bad: via \"bad\": that transport could not be built",
            "lost: via \"nobody\": there is no such transport",
            "a: via \"b\" leads in a circle",
            "b: via \"a\" leads in a circle",
            "good: there are two transports of this name",
        ]
    );
}

#[test]
fn a_way_carries_packets_only_when_all_below_it_do() {
    let (ways, _) = built(&[
        spec("direct", None, Kind::Direct),
        spec("split", None, Kind::Split { recipe: "tlsfrag:1".parse().unwrap() }),
        spec("ss", None, shadowsocks("tokyo.example:8388", "aes-256-gcm")),
        spec("http", None, http("proxy.example:3128")),
        spec("socks", Some("ss"), socks5("proxy.example:1080")),
        spec("ss-over-http", Some("http"), shadowsocks("tokyo.example:8388", "aes-256-gcm")),
    ]);
    let packets: Vec<bool> = ways.iter().map(|(_, way)| way.as_ref().unwrap().packets.is_some()).collect();
    assert_eq!(packets, [true, false, true, false, true, false]);
}

async fn failure_of(ways: &Built, id: &str) -> Failure {
    let way = ways.iter().find(|(name, _)| name.as_str() == id).unwrap().1.as_ref().unwrap();
    let to = Destination::parse("149.154.167.51:443").unwrap();
    way.streams.dial(&to, Deadline::after(Duration::from_secs(4))).await.err().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_failure_names_the_innermost_way_at_fault_and_the_leg() {
    let (ways, closed) = built(&[
        spec("direct", None, Kind::Direct),
        spec("near", None, http("proxy.example:3128")),
        spec("far", Some("near"), shadowsocks("198.51.100.1:8388", "aes-256-gcm")),
        spec("over-direct", Some("direct"), socks5("198.51.100.2:1080")),
    ]);
    for (id, transport, leg) in [
        ("direct", "direct", Leg::Far),
        ("near", "near", Leg::Near),
        ("far", "near", Leg::Near),
        ("over-direct", "over-direct", Leg::Near),
    ] {
        let failure = failure_of(&ways, id).await;
        assert_eq!(failure.cause, Cause::ConnectionRefused);
        assert_eq!((failure.transport, failure.leg), (Some(transport.into()), leg), "{id}");
    }
    let asked = closed.asked.lock().unwrap().clone();
    let want = ["149.154.167.51:443", "192.0.2.80:3128", "192.0.2.80:3128", "198.51.100.2:1080"];
    assert_eq!(asked, want.map(|text| text.parse::<SocketAddr>().unwrap()));
}
