//! Doors with scripted clients in front of them: raw bytes in memory, paused time, and real curl over loopback.

mod curl;
mod forward;
mod http;
mod socks;
mod udp;

use super::{Door, Error, Listen, Login, Protocol, Refusal, Request, Served, Settings, Stranger, Want};
use crate::model::{Destination, Secret};
use crate::net::OsDatagrams;
use futures_util::FutureExt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

const PEER: &str = "127.0.0.1:50000";

fn door() -> Door {
    Door { login: None, settings: Settings::default(), datagrams: Arc::new(OsDatagrams), script: None }
}

fn locked_door() -> Door {
    Door { login: Some(anna()), ..door() }
}

fn anna() -> Login {
    (String::from("anna"), Secret::new(String::from("secret")))
}

/// A client in front of a door, and what it asked for so far.
struct Scene {
    client: DuplexStream,
    asked: mpsc::UnboundedReceiver<Request>,
    serving: JoinHandle<Result<Served, Error>>,
}

impl Scene {
    fn at(door: Door) -> Self {
        Self::of(PEER, door)
    }

    fn of(peer: &'static str, door: Door) -> Self {
        let (client, near) = tokio::io::duplex(64 * 1024);
        let (tell, asked) = mpsc::unbounded_channel();
        let serving = tokio::spawn(async move {
            let submit = move |request| {
                // A test that no longer listens has seen what it came for.
                let _ = tell.send(request);
                std::future::ready(None).boxed()
            };
            let (served, rest) = door.serve(Box::new(near), peer.parse().unwrap(), submit).await?;
            if let Some(rest) = rest {
                rest.to_end().await;
            }
            Ok(served)
        });
        Self { client, asked, serving }
    }

    async fn says(&mut self, bytes: impl AsRef<[u8]>) {
        self.client.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Each byte as a write of its own, with time for the door to take it.
    async fn says_slowly(&mut self, bytes: impl AsRef<[u8]>) {
        for byte in bytes.as_ref() {
            self.client.write_all(&[*byte]).await.unwrap();
            for _ in 0..4 {
                tokio::task::yield_now().await;
            }
        }
    }

    async fn hears(&mut self, expected: impl AsRef<[u8]>) {
        let mut bytes = vec![0; expected.as_ref().len()];
        self.client.read_exact(&mut bytes).await.unwrap();
        assert_eq!(bytes, expected.as_ref());
    }

    /// Everything up to the end of the connection.
    async fn hears_out(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.client.read_to_end(&mut bytes).await.unwrap();
        bytes
    }

    async fn request(&mut self) -> Request {
        self.asked.recv().await.expect("nothing was asked for")
    }

    /// How the visit ends once the client has left.
    async fn verdict(self) -> Result<Served, Error> {
        drop(self.client);
        self.serving.await.unwrap()
    }
}

fn stream_to(authority: &str) -> Want {
    Want::Stream(Destination::parse(authority).unwrap())
}

#[tokio::test]
async fn a_stranger_is_shown_out_at_once_and_hears_nothing() {
    for (bytes, who) in [
        (&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], Stranger::TlsHello),
        (b"\x00\x00\x00\x00", Stranger::Garbage),
        (b"\xff\xfe", Stranger::Garbage),
        (b"\r\n\r\n", Stranger::Garbage),
        (b"\x03\x00\x00\x13", Stranger::Garbage),
        (b"{\"method\":1}", Stranger::Garbage),
    ] {
        let mut scene = Scene::at(door());
        scene.says(bytes).await;
        assert_eq!(scene.hears_out().await, b"");
        assert!(matches!(scene.verdict().await, Err(Error::Stranger(found)) if found == who), "{bytes:02x?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_stops_in_the_middle_is_let_go_at_the_deadline() {
    for said in [
        &b""[..],
        b"\x05",
        b"\x05\x01",
        b"\x05\x01\x00",
        b"\x05\x01\x00\x05\x01\x00\x03\x05abc",
        b"\x04\x01\x01\xbb\x00\x00\x00\x01user",
        b"CONN",
        b"CONNECT example.org:443 HTTP/1.1\r\nHost: exam",
        b"GET http://example.org/ HTTP/1.1\r\n",
    ] {
        let mut scene = Scene::at(door());
        scene.says(said).await;
        let began = tokio::time::Instant::now();
        let verdict = scene.serving.await.unwrap();
        assert!(matches!(verdict, Err(Error::TooSlow(_))), "{said:02x?}: {verdict:?}");
        assert_eq!(began.elapsed().as_secs(), 10, "{said:02x?}");
        assert!(scene.asked.recv().await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_drip_of_bytes_does_not_move_the_deadline() {
    for line in ["\x05\x7f", "GET http://example.org/", "\x04\x01\x01\x02\x03\x04\x05\x06"] {
        let mut scene = Scene::at(door());
        scene.says(line).await;
        let began = tokio::time::Instant::now();
        while !scene.serving.is_finished() {
            tokio::time::sleep(Duration::from_millis(900)).await;
            if scene.client.write_all(b"a").await.is_err() {
                break;
            }
        }
        assert!(matches!(scene.serving.await.unwrap(), Err(Error::TooSlow(_))), "{line:?}");
        assert!(began.elapsed() < Duration::from_secs(12), "{line:?}");
    }
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_is_gone() {
    for said in [
        &b""[..],
        b"\x05\x01\x00\x05\x01",
        b"\x04\x01",
        b"CONNECT example.org:443 HTTP/1.1\r\n",
        b"GET http://example.org/ HTTP/1.1\r\nHost: e",
    ] {
        let mut scene = Scene::at(door());
        scene.says(said).await;
        let verdict = scene.verdict().await;
        assert!(matches!(verdict, Err(Error::Gone)), "{said:02x?}: {verdict:?}");
    }
}

#[test]
fn no_error_tells_what_a_client_said() {
    for error in [
        Error::TooSlow(Duration::from_secs(10)),
        Error::Gone,
        Error::Stranger(Stranger::TlsHello),
        Error::Malformed(Protocol::Socks5),
        Error::Login,
        Error::Unsupported,
        Error::from(io::Error::new(io::ErrorKind::InvalidData, "to web.telegram.org")),
    ] {
        let text = format!("{error} {error:?}");
        assert!(!text.contains("telegram") && text.starts_with("negotiation: "), "{text}");
    }
}

const REFUSALS: [Refusal; 8] = [
    Refusal::NoWayLeft,
    Refusal::TimedOut,
    Refusal::Refused,
    Refusal::HostUnreachable,
    Refusal::NetworkUnreachable,
    Refusal::NoSuchName,
    Refusal::NotSupported,
    Refusal::Local,
];

#[test]
fn a_door_to_the_world_needs_a_login() {
    for (addr, open) in [
        ("127.0.0.1:4180", false),
        ("127.9.9.9:1", false),
        ("[::1]:4180", false),
        ("[::ffff:127.0.0.1]:1", false),
        ("0.0.0.0:4180", true),
        ("[::]:4180", true),
        ("192.168.1.2:4180", true),
    ] {
        let addr = addr.parse().unwrap();
        assert_eq!(Listen::is_open_to_all(addr, false), open, "{addr}");
        assert!(!Listen::is_open_to_all(addr, true), "{addr}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(200))]

    #[test]
    fn no_bytes_keep_a_door_busy(
        start in proptest::sample::select(vec!["", "\x05\x01\x00", "\x05\x02\x00\x02", "\x04\x01", "GET http://a/", "CONNECT "]),
        rest: Vec<u8>,
        locked: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut scene = Scene::at(if locked { locked_door() } else { door() });
            scene.says(start).await;
            // A door that has closed already has heard enough.
            let _ = scene.client.write_all(&rest).await;
            let refusing = async {
                while let Some(request) = scene.asked.recv().await {
                    let _ = request.refuse(Refusal::NoWayLeft, String::new()).await;
                }
            };
            let ended = async { tokio::time::timeout(Duration::from_secs(120), scene.serving).await };
            let (ended, ()) = tokio::join!(ended, refusing);
            assert!(ended.is_ok(), "still open after two minutes");
        });
    }
}
