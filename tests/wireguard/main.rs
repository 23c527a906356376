//! byway's WireGuard against a real peer (`wireguard-go`) in network namespaces: the bytes that go through, in both
//! directions and both versions of IP, packets, names, and what happens when the peer or the network is not what it was.
//!
//! Needs root, /dev/net/tun and the programs; without them each test says that it is skipped, unless
//! `BYWAY_REQUIRE_PEERS=1`. Nothing leaves the namespaces, and they are gone when a test ends.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says what went wrong by ending")]
#![allow(clippy::print_stdout, reason = "measured figures are told")]

mod ground;
mod services;

use aws_lc_rs::digest::{Context, SHA256};
use base64::prelude::{BASE64_STANDARD, Engine};
use byway::model::{Destination, Secret};
use byway::net::resolve::Settings;
use byway::net::{Deadline, Network, OsNetwork, Resolver, Stream};
use byway::transport::{Kind, Spec, Transport, WireGuardServer, build};
use ground::{Ground, INNER, Keys, OWN, OWN_SIX, Peer, Resident, SERVER, inside, on_path, preshared};
use services::{Asked, SINK, SOURCE, pattern};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Bytes of one transfer.
const MUCH: u64 = 64 << 20;

/// A server with everything behind it, and the keys of one client.
struct Town {
    ground: Ground,
    settings: WireGuardServer,
    peer: Peer,
    asked: Asked,
    _services: Resident,
}

impl Town {
    fn open() -> Option<Self> {
        let ground = Ground::lay()?;
        let (server, client, shared) = (Keys::new(), Keys::new(), preshared());
        let program = on_path("wireguard-go").unwrap();
        let own = format!("{OWN}/32, {OWN_SIX}/128");
        let peer = ground.peer(&program, &server, &[(&client.public, &shared, &own)]);
        let (services, asked) = services::open(&ground.server);
        let settings = WireGuardServer {
            server: format!("{SERVER}:{}", ground::PORT).parse::<SocketAddr>().unwrap().into(),
            private_key: Secret::new(key(&client.private)),
            public_key: key(&server.public),
            preshared_key: Some(Secret::new(key(&shared))),
            addresses: vec![OWN.parse().unwrap(), OWN_SIX.parse().unwrap()],
            dns: vec![INNER.parse().unwrap()],
            mtu: 1280,
            keepalive: None,
            disguise: byway::wire::amnezia::Disguise::default(),
        };
        Some(Self { ground, settings, peer, asked, _services: services })
    }

    /// Does something on the client's machine.
    fn with<T: Send, F: Future<Output = T>>(&self, work: impl FnOnce(Transport) -> F + Send) -> T {
        let settings = self.settings.clone();
        inside(&self.ground.client, move || work(way(settings)))
    }
}

fn key(text: &str) -> [u8; 32] {
    BASE64_STANDARD.decode(text).unwrap().try_into().unwrap()
}

fn way(settings: WireGuardServer) -> Transport {
    let network: Arc<dyn Network> = Arc::new(OsNetwork);
    let resolver = Arc::new(Resolver::new(network.clone(), Settings::system_only()).unwrap());
    let spec = Spec { id: "home".into(), via: None, kind: Kind::WireGuard(Box::new(settings)) };
    build(&[spec], &network, &resolver).pop().unwrap().1.unwrap()
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

fn at(ip: &str, port: u16) -> Destination {
    SocketAddr::new(ip.parse().unwrap(), port).into()
}

async fn dial(way: &Transport, to: &Destination) -> Stream {
    way.streams.dial(to, soon()).await.unwrap()
}

/// Takes `length` bytes from the source and checks each; gives MB/s.
async fn download(way: &Transport, ip: &str, length: u64) -> f64 {
    let mut stream = dial(way, &at(ip, SOURCE)).await;
    stream.write_all(&length.to_be_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    let began = Instant::now();
    let (mut came, mut want) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut so_far = 0;
    loop {
        let n = soon().run(stream.read(&mut came)).await.expect("in time").unwrap();
        if n == 0 {
            break;
        }
        pattern(so_far, &mut want[..n]);
        assert!(came[..n] == want[..n], "other bytes than were sent, after {so_far}");
        so_far += n as u64;
    }
    assert_eq!(so_far, length);
    rate(length, began)
}

/// Gives `length` bytes to the sink, and compares the hash; gives MB/s.
async fn upload(way: &Transport, ip: &str, length: u64) -> f64 {
    let mut stream = dial(way, &at(ip, SINK)).await;
    let began = Instant::now();
    let (mut hash, mut buf) = (Context::new(&SHA256), vec![0; 1 << 16]);
    let mut so_far = 0;
    while so_far < length {
        let n = usize::try_from(length - so_far).unwrap().min(buf.len());
        pattern(so_far, &mut buf[..n]);
        hash.update(&buf[..n]);
        soon().run(stream.write_all(&buf[..n])).await.expect("in time").unwrap();
        so_far += n as u64;
    }
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    soon().run(stream.read_to_end(&mut answer)).await.expect("in time").unwrap();
    assert_eq!(answer, hash.finish().as_ref(), "the server received other bytes");
    rate(length, began)
}

fn rate(length: u64, began: Instant) -> f64 {
    length as f64 / 1e6 / began.elapsed().as_secs_f64()
}

#[test]
fn sixty_four_mebibytes_go_through_both_ways_byte_for_byte() {
    let Some(town) = Town::open() else { return };
    town.with(|way| async move {
        let down = download(&way, INNER, MUCH).await;
        let up = upload(&way, INNER, MUCH).await;
        println!("one stream: {down:.0} MB/s down, {up:.0} MB/s up");
    });
}
