//! The door for phones, with hellos as the app's are described.

use super::*;
use crate::model::Secret;
use crate::wire::noise::Client;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::ServerName;
use tokio::io::AsyncWriteExt;
use tokio::io::{DuplexStream, duplex};
use tokio::sync::mpsc;

const HOME: &str = "192.168.1.7:50000";

fn door(allow_public: bool) -> WhatsApp {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed([String::from("phone.invalid")]).unwrap();
    let certificate =
        Certificate { chain: cert.pem().into_bytes(), key: Secret::new(signing_key.serialize_pem().into_bytes()) };
    let settings =
        Settings { chat: Vec::new(), media: Vec::new(), allow_public, max_connections: 2, certificate: PathBuf::new() };
    WhatsApp::new(&settings, &certificate, Arc::new(|name| name.ends_with(".whatsapp.net"))).unwrap()
}

/// A client of the door, what it asks for, and how its visit ends.
struct Visit {
    client: DuplexStream,
    asked: mpsc::UnboundedReceiver<Request>,
    ended: tokio::task::JoinHandle<Result<Served, Error>>,
}

fn visit(door: &WhatsApp, port: Port, peer: &str) -> Visit {
    let (client, server) = duplex(64 * 1024);
    let (ask, asked) = mpsc::unbounded_channel();
    let (door, peer) = (door.clone(), peer.parse().unwrap());
    let submit = move |request| -> BoxFuture<'static, Option<Rest>> {
        ask.send(request).unwrap();
        Box::pin(ready(None))
    };
    let ended = tokio::spawn(async move {
        let served = door.serve(port, Box::new(server), peer, submit).await;
        served.map(|(served, _)| served)
    });
    Visit { client, asked, ended }
}

fn noise_hello() -> Vec<u8> {
    Client::hello([7; 32]).unwrap().1
}

/// A ClientHello that names `name`.
fn tls_hello(name: &str) -> Vec<u8> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut connection = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut hello = Vec::new();
    connection.write_tls(&mut hello).unwrap();
    hello
}

fn to(request: &Request) -> String {
    let Want::Stream(to) = &request.want else { panic!("a stream is wanted") };
    to.authority()
}

#[tokio::test]
async fn a_bare_chat_goes_to_the_chat_server_with_every_byte() {
    let mut visit = visit(&door(false), Port::Chat, HOME);
    let hello = noise_hello();
    // One byte at a time.
    for byte in &hello {
        visit.client.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let request = visit.asked.recv().await.unwrap();
    assert_eq!((to(&request).as_str(), request.protocol), ("g.whatsapp.net:5222", Protocol::WhatsApp));
    let mut stream = request.accept().await.unwrap();
    let mut heard = vec![0; hello.len()];
    stream.read_exact(&mut heard).await.unwrap();
    assert_eq!(heard, hello);
}

#[tokio::test]
async fn a_chat_inside_tls_comes_out_of_it() {
    let mut visit = visit(&door(false), Port::Chat, HOME);
    let client: Stream = Box::new(visit.client);
    let trust = crate::net::tls::Trust::Any;
    let tls = crate::net::tls::TlsClient::new(&trust, &[]).unwrap();
    let name = crate::net::tls::Names::same(Host::parse("192.168.1.2").unwrap());
    let hello = noise_hello();
    let said = hello.clone();
    let speaking = tokio::spawn(async move {
        let mut inside = tls.connect(client, &name, Deadline::after(HEARING)).await.unwrap();
        inside.write_all(&said).await.unwrap();
        inside.flush().await.unwrap();
        let mut answer = [0; 2];
        inside.read_exact(&mut answer).await.unwrap();
        answer
    });
    let request = visit.asked.recv().await.unwrap();
    assert_eq!(to(&request), "g.whatsapp.net:5222");
    let mut stream = request.accept().await.unwrap();
    let mut heard = vec![0; hello.len()];
    stream.read_exact(&mut heard).await.unwrap();
    stream.write_all(b"ok").await.unwrap();
    stream.flush().await.unwrap();
    assert_eq!((heard, speaking.await.unwrap()), (hello, *b"ok"));
}

#[tokio::test]
async fn media_go_to_the_host_that_their_hello_names() {
    for (name, wanted) in [
        ("mmg.whatsapp.net", "mmg.whatsapp.net:443"),
        ("media-ams2-1.cdn.whatsapp.net", "media-ams2-1.cdn.whatsapp.net:443"),
        // An address is not named in a hello (RFC 6066 §3).
        ("192.168.1.2", "mmg.whatsapp.net:443"),
    ] {
        let mut visit = visit(&door(false), Port::Media, HOME);
        let hello = tls_hello(name);
        visit.client.write_all(&hello).await.unwrap();
        let request = visit.asked.recv().await.unwrap();
        assert_eq!(to(&request), wanted);
        let mut heard = vec![0; hello.len()];
        request.accept().await.unwrap().read_exact(&mut heard).await.unwrap();
        assert_eq!(heard, hello, "passed on unopened");
    }
}

#[tokio::test]
async fn whoever_wants_something_else_is_shown_out() {
    for (port, bytes) in [
        (Port::Chat, b"GET / HTTP/1.1\r\n\r\n".to_vec()),
        (Port::Chat, b"\x05\x01\x00".to_vec()),
        (Port::Chat, b"PROXY TCP4 192.168.1.7 192.168.1.2 1 443\r\n".to_vec()),
        (Port::Media, noise_hello()),
        (Port::Media, b"CONNECT mmg.whatsapp.net:443 HTTP/1.1\r\n\r\n".to_vec()),
        (Port::Media, tls_hello("example.org")),
        (Port::Media, tls_hello("whatsapp.net.example.org")),
    ] {
        let mut visit = visit(&door(false), port, HOME);
        visit.client.write_all(&bytes).await.unwrap();
        assert!(matches!(visit.ended.await.unwrap(), Err(Error::Stranger(_))), "{port:?} {bytes:02x?}");
        assert!(visit.asked.recv().await.is_none());
        assert_eq!(visit.client.read(&mut [0; 1]).await.unwrap(), 0, "not a byte in answer");
    }
}

#[tokio::test]
async fn only_neighbours_are_let_in_unless_told_otherwise() {
    for (peer, private) in [
        ("192.168.1.7:1", true),
        ("10.0.0.7:1", true),
        ("172.31.0.7:1", true),
        ("127.0.0.1:1", true),
        ("169.254.1.1:1", true),
        ("[::ffff:192.168.1.7]:1", true),
        ("[fd00::7]:1", true),
        ("[fe80::7]:1", true),
        ("198.51.100.7:1", false),
        ("100.64.0.7:1", false),
        ("[2001:db8::7]:1", false),
    ] {
        assert_eq!(is_private(peer.parse::<SocketAddr>().unwrap().ip()), private, "{peer}");
    }
    let visit = visit(&door(false), Port::Chat, "198.51.100.7:1");
    assert!(matches!(visit.ended.await.unwrap(), Err(Error::Outsider)));
    let mut open = self::visit(&door(true), Port::Chat, "198.51.100.7:1");
    open.client.write_all(&noise_hello()).await.unwrap();
    assert!(open.asked.recv().await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_phone_that_says_nothing_is_let_go() {
    for port in [Port::Chat, Port::Media] {
        let visit = visit(&door(false), port, HOME);
        assert!(matches!(visit.ended.await.unwrap(), Err(Error::TooSlow(HEARING))));
    }
}

#[tokio::test]
async fn there_is_room_for_so_many_and_no_more() {
    let door = door(false);
    let (first, _second) = (door.enter().await.unwrap(), door.enter().await.unwrap());
    assert!(door.0.room.try_acquire().is_err());
    drop(first);
    assert!(door.0.room.try_acquire().is_ok());
}
