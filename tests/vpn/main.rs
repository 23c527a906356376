//! byway's WireGuard against a real peer (`wireguard-go`), and a device of OpenVPN's, in network namespaces: the bytes that go through, in both
//! directions and both versions of IP, packets, names, and what happens when the peer or the network is not what it was.
//!
//! Needs root, /dev/net/tun and the programs; without them each test says that it is skipped, unless
//! `BYWAY_REQUIRE_PEERS=1`. Nothing leaves the namespaces, and they are gone when a test ends.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says what went wrong by ending")]
#![allow(clippy::print_stdout, reason = "measured figures are told")]

mod ground;
mod openvpn;
#[path = "../netns/resident.rs"]
#[allow(dead_code, reason = "made for more tests than these")]
mod resident;
mod services;

use aws_lc_rs::digest::{Context, SHA256};
use base64::prelude::{BASE64_STANDARD, Engine};
use byway::model::{Cause, Destination, Leg, Secret, Stage};
use byway::net::resolve::Settings;
use byway::net::{Deadline, Network, OsNetwork, Packets, Resolver, Stream};
use byway::transport::{Kind, Spec, TcpBy, Transport, WireGuardServer, build};
use byway::wire::amnezia::{Disguise, Header, Signature};
use ground::{Ground, INNER, INNER_SIX, Keys, OWN, OWN_SIX, Peer, SERVER, SERVER_SIX};
use ground::{inside, on_path, preshared};
use resident::Resident;
use services::{Asked, CLOSED, ECHO, LONG_NAME, NAME, SINK, SOURCE, pattern};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Bytes of one transfer.
const MUCH: u64 = 64 << 20;

/// A server with everything behind it, and the keys of one client.
struct Town {
    settings: WireGuardServer,
    peer: Peer,
    asked: Asked,
    _services: Resident,
    ground: Ground,
}

impl Town {
    fn open() -> Option<Self> {
        let ground = Ground::lay()?;
        Some(Self::with_peer(ground, &on_path("wireguard-go").unwrap(), "", Disguise::default()))
    }

    /// The peer is `program`, with more lines for its `[Interface]` where it knows them.
    fn with_peer(ground: Ground, program: &Path, more: &str, disguise: Disguise) -> Self {
        let (server, client, shared) = (Keys::new(), Keys::new(), preshared());
        let own = format!("{OWN}/32, {OWN_SIX}/128");
        let peer = ground.peer(program, &server, more, &[(&client.public, &shared, &own)]);
        let (services, asked) = services::open(&ground.server);
        let settings = WireGuardServer {
            server: at(SERVER, ground::PORT),
            private_key: Secret::new(key(&client.private)),
            public_key: key(&server.public),
            preshared_key: Some(Secret::new(key(&shared))),
            addresses: vec![OWN.parse().unwrap(), OWN_SIX.parse().unwrap()],
            dns: vec![INNER.parse().unwrap()],
            mtu: 1280,
            keepalive: None,
            tcp: TcpBy::Own,
            disguise,
        };
        Self { settings, peer, asked, _services: services, ground }
    }

    /// Does something on the client's machine.
    fn with<T: Send, F: Future<Output = T>>(&self, work: impl FnOnce(Transport) -> F + Send) -> T {
        self.with_settings(self.settings.clone(), work)
    }

    fn with_settings<T: Send, F: Future<Output = T>>(
        &self,
        settings: WireGuardServer,
        work: impl FnOnce(Transport) -> F + Send,
    ) -> T {
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

/// What comes back of `bytes`.
async fn echoed(stream: &mut Stream, bytes: &[u8]) -> Vec<u8> {
    stream.write_all(bytes).await.unwrap();
    stream.flush().await.unwrap();
    let mut back = vec![0; bytes.len()];
    soon().run(stream.read_exact(&mut back)).await.expect("in time").unwrap();
    back
}

/// Packets may be lost, so each is sent until it comes back.
async fn echoes_packets(way: &Transport, to: &Destination, sizes: &[usize]) {
    let packets: Packets = way.packets.as_ref().unwrap().associate(soon()).await.unwrap();
    for size in sizes {
        let (packet, mut buf) = (vec![*size as u8; *size], vec![0; 65_536]);
        let mut came = None;
        for _ in 0..20 {
            packets.send(&packet, to).await.unwrap();
            came = Deadline::after(Duration::from_millis(500)).run(packets.recv(&mut buf)).await;
            if came.is_some() {
                break;
            }
        }
        let (length, from) = came.expect("an echo").unwrap();
        assert_eq!(buf[..length], packet);
        assert_eq!(from.port, to.port);
    }
}

fn trouble(way: &Transport) -> String {
    way.life.as_ref().unwrap().trouble().unwrap_or_default()
}

#[test]
fn sixty_four_mebibytes_go_through_both_ways_byte_for_byte() {
    let Some(town) = Town::open() else { return };
    for tcp in [TcpBy::Own, TcpBy::Auto] {
        town.with_settings(WireGuardServer { tcp, ..town.settings.clone() }, |way| async move {
            let down = download(&way, INNER, MUCH).await;
            let up = upload(&way, INNER, MUCH).await;
            let manner = way.life.as_ref().unwrap().manner().unwrap();
            assert_eq!(manner.contains("kernel"), tcp == TcpBy::Auto, "{manner}");
            println!("{manner}: one stream, {down:.0} MB/s down, {up:.0} MB/s up");
        });
    }
}

#[test]
fn both_versions_of_ip_go_inside_and_outside() {
    let Some(town) = Town::open() else { return };
    for tcp in [TcpBy::Own, TcpBy::Auto] {
        for outside in [SERVER, SERVER_SIX] {
            let server = at(outside, ground::PORT);
            town.with_settings(WireGuardServer { server, tcp, ..town.settings.clone() }, |way| async move {
                for ip in [INNER, INNER_SIX] {
                    let mut stream = dial(&way, &at(ip, ECHO)).await;
                    assert_eq!(echoed(&mut stream, b"hello").await, b"hello");
                    // The client ends its direction first; all that it sent still comes back.
                    stream.write_all(b"last words").await.unwrap();
                    stream.shutdown().await.unwrap();
                    let mut back = Vec::new();
                    soon().run(stream.read_to_end(&mut back)).await.expect("in time").unwrap();
                    assert_eq!(back, b"last words");
                    echoes_packets(&way, &at(ip, ECHO), &[1, 500, 1232]).await;
                    let refused = way.streams.dial(&at(ip, CLOSED), soon()).await.err().unwrap();
                    assert_eq!((refused.cause, refused.leg), (Cause::ConnectionRefused, Leg::Far));
                }
                assert_eq!(trouble(&way), "");
            });
        }
    }
}

#[test]
fn names_are_asked_inside_the_tunnel_and_nowhere_else() {
    let Some(town) = Town::open() else { return };
    town.with(|way| async move {
        for name in [NAME, LONG_NAME] {
            let to = Destination::parse(&format!("{name}:{ECHO}")).unwrap();
            let mut stream = dial(&way, &to).await;
            assert_eq!(echoed(&mut stream, name.as_bytes()).await, name.as_bytes());
            echoes_packets(&way, &to, &[100]).await;
        }
        let nobody = Destination::parse("nobody.inside.test:80").unwrap();
        let failure = way.streams.dial(&nobody, soon()).await.err().unwrap();
        assert_eq!((failure.stage, failure.cause), (Stage::Resolve, Cause::DnsNxdomainError));
    });
    assert!(town.asked.load(Ordering::Relaxed) >= 4, "each name in both versions of IP");
    // Without a resolver of its own, and no secure one known, there is nobody to ask: the machine is not asked.
    town.with_settings(WireGuardServer { dns: Vec::new(), ..town.settings.clone() }, |way| async move {
        let localhost = Destination::parse("localhost:80").unwrap();
        let failure = way.streams.dial(&localhost, soon()).await.err().unwrap();
        assert_eq!(failure.stage, Stage::Resolve);
    });
}

#[test]
fn a_packet_that_the_tunnel_does_not_hold_is_refused_with_a_word() {
    let Some(town) = Town::open() else { return };
    town.with(|way| async move {
        let packets = way.packets.as_ref().unwrap().associate(soon()).await.unwrap();
        for (ip, most) in [(INNER, 1252), (INNER_SIX, 1232)] {
            packets.send(&vec![0; most], &at(ip, ECHO)).await.unwrap();
            let error = packets.send(&vec![0; most + 1], &at(ip, ECHO)).await.unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EMSGSIZE));
        }
    });
}

#[test]
fn a_wrong_key_and_a_server_that_is_gone_are_told_as_far_as_that_can_be_known() {
    let Some(town) = Town::open() else { return };
    let patience = || Deadline::after(Duration::from_secs(12));
    let unanswered = (Stage::Handshake, Cause::UdpNoReply, Leg::Near);
    let wrong = WireGuardServer { private_key: Secret::new([7; 32]), ..town.settings.clone() };
    town.with_settings(wrong, |way| async move {
        let failure = way.streams.dial(&at(INNER, ECHO), patience()).await.err().unwrap();
        assert_eq!((failure.stage, failure.cause, failure.leg), unanswered);
        assert!(trouble(&way).contains("a key is wrong"), "{}", trouble(&way));
    });
    let nowhere =
        WireGuardServer { server: Destination::parse("no-such-host.invalid:51820").unwrap(), ..town.settings.clone() };
    town.with_settings(nowhere, |way| async move {
        let failure = way.streams.dial(&at(INNER, ECHO), patience()).await.err().unwrap();
        assert_eq!((failure.stage, failure.leg), (Stage::Resolve, Leg::Near));
        assert_eq!(trouble(&way), "the server's name was not found");
    });
    let peer = &town.peer;
    town.with(|way| async move {
        let mut stream = dial(&way, &at(INNER, ECHO)).await;
        assert_eq!(echoed(&mut stream, b"hello").await, b"hello");
        peer.signal("-STOP");
        let failure = way.streams.dial(&at(INNER, ECHO), Deadline::after(Duration::from_secs(5))).await.err().unwrap();
        assert_eq!((failure.cause, failure.leg), (Cause::UdpNoReply, Leg::Near), "nothing came through the tunnel");
        peer.signal("-CONT");
        assert_eq!(echoed(&mut stream, b"back again").await, b"back again", "a stream outlives a pause");
        assert_eq!(trouble(&way), "");
    });
}

#[test]
fn a_stream_outlives_a_change_of_address() {
    let Some(town) = Town::open() else { return };
    let ground = &town.ground;
    for (tcp, own) in [(TcpBy::Own, "10.78.0.33"), (TcpBy::Auto, "10.78.0.34")] {
        town.with_settings(WireGuardServer { tcp, ..town.settings.clone() }, |way| async move {
            let mut stream = dial(&way, &at(INNER, ECHO)).await;
            assert_eq!(echoed(&mut stream, b"here").await, b"here");
            ground.at_the_client(&format!("addr flush dev home0 scope global\naddr add {own}/24 dev home0\n"));
            way.life.as_ref().unwrap().moved();
            let began = Instant::now();
            assert_eq!(echoed(&mut stream, b"there").await, b"there");
            println!("{tcp:?}: the tunnel was back {} ms after the move", began.elapsed().as_millis());
        });
    }
}

#[test]
fn a_key_that_another_device_uses_too_is_told() {
    let Some(town) = Town::open() else { return };
    let settings = town.settings.clone();
    town.with(|one| async move {
        let other = way(settings);
        let end = Instant::now() + Duration::from_secs(60);
        let mut streams = (dial(&one, &at(INNER, ECHO)).await, dial(&other, &at(INNER, ECHO)).await);
        // Each takes the server from the other; what is lost on the way is sent again by TCP.
        while !trouble(&one).contains("another device") && !trouble(&other).contains("another device") {
            assert!(Instant::now() < end, "{:?} {:?}", trouble(&one), trouble(&other));
            for stream in [&mut streams.0, &mut streams.1] {
                let _ = stream.write_all(b"x").await;
                let _ = Deadline::after(Duration::from_millis(300)).run(stream.read(&mut [0; 64])).await;
            }
        }
    });
}

#[test]
fn two_hundred_connections_at_once_and_five_hundred_in_a_row() {
    let Some(town) = Town::open() else { return };
    town.with(|way| async move {
        let mut open = Vec::new();
        for _ in 0..200 {
            open.push(dial(&way, &at(INNER, ECHO)).await);
        }
        for stream in &mut open {
            assert_eq!(echoed(stream, b"one of many").await, b"one of many");
        }
        drop(open);
        let began = Instant::now();
        for _ in 0..500 {
            let mut stream = dial(&way, &at(INNER, ECHO)).await;
            assert_eq!(echoed(&mut stream, b"short").await, b"short");
        }
        println!("500 short connections: {} ms", began.elapsed().as_millis());
    });
}

#[test]
fn amneziawg_against_its_own_server() {
    let Some(program) = std::env::var_os("BYWAY_AMNEZIAWG_GO").map(PathBuf::from) else {
        let _ = writeln!(std::io::stderr(), "skipped: BYWAY_AMNEZIAWG_GO names no amneziawg-go");
        return;
    };
    let Some(ground) = Ground::lay() else { return };
    let header = |first, last| Header::new(first, last).unwrap();
    let disguise = Disguise {
        junk: 4,
        junk_least: 40,
        junk_most: 90,
        prefixes: [15, 72, 20, 12],
        headers: [header(100, 200), header(1000, 2000), header(30_000, 30_000), header(4_000_000, 4_000_100)],
        signatures: vec![Signature::parse("<b 0xc300000001><r 20><t><rc 8><rd 8>").unwrap()],
    };
    let lines = "s1=15\ns2=72\ns3=20\ns4=12\nh1=100-200\nh2=1000-2000\nh3=30000\nh4=4000000-4000100\n";
    let town = Town::with_peer(ground, &program, lines, disguise);
    town.with(|way| async move {
        let (down, up) = (download(&way, INNER, MUCH).await, upload(&way, INNER, MUCH).await);
        println!("amneziawg-go: {down:.0} MB/s down, {up:.0} MB/s up");
    });
}
