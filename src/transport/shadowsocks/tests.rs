//! Our client against the library's own server side, in memory: every cipher, streams and packets.

use super::*;
use crate::model::{Cause, Secret, Stage};
use crate::net::{PacketIo, copy_both};
use ::shadowsocks::relay::tcprelay::ProxyServerStream;
use ::shadowsocks::relay::udprelay::options::UdpSocketControlData;
use ::shadowsocks::relay::udprelay::proxy_socket::UdpSocketType;
use ::shadowsocks::relay::udprelay::{DatagramReceive, DatagramSend, ProxySocket};
use base64::Engine;
use std::io;
use std::sync::Mutex;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio::sync::mpsc;

fn settings(method: &str, seed: u8, prefix: &[u8]) -> ShadowsocksServer {
    let password = match method.strip_prefix("2022-") {
        None => format!("password {seed}"),
        Some(rest) => {
            let length = if rest.contains("128") { 16 } else { 32 };
            base64::engine::general_purpose::STANDARD.encode(vec![seed; length])
        }
    };
    ShadowsocksServer {
        server: Destination::parse("tokyo.example:8388").unwrap(),
        method: method.into(),
        password: Secret::new(password),
        prefix: prefix.to_vec(),
        plugin: None,
    }
}

/// A way to the server that hands out one end of a pipe and gives the other to the test.
fn pipe(size: usize) -> (Arc<dyn StreamDialer>, mpsc::UnboundedReceiver<DuplexStream>) {
    let (give, take) = mpsc::unbounded_channel();
    let dial = crate::transport::dialer(move |to, _| {
        assert_eq!(to.authority(), "tokyo.example:8388");
        let (near, far) = duplex(size);
        give.send(far).unwrap();
        Box::pin(async { Ok(Box::new(near) as Stream) })
    });
    (Arc::new(dial), take)
}

fn server_side(account: &Account, carrier: DuplexStream) -> ProxyServerStream<DuplexStream> {
    let shared = Context::new_shared(ServerType::Server);
    ProxyServerStream::from_stream(shared, carrier, account.config.method(), account.config.key())
}

struct Open {
    client: Stream,
    carrier: DuplexStream,
    account: Arc<Account>,
}

async fn open(settings: &ShadowsocksServer, size: usize) -> Open {
    let account = Arc::new(Account::new(settings).unwrap());
    let (inner, mut far) = pipe(size);
    let to = Destination::parse("web.telegram.org:443").unwrap();
    let streams = Streams { account: account.clone(), inner };
    let client = streams.dial(&to, Deadline::after(Duration::from_secs(1))).await.unwrap();
    Open { client, carrier: far.recv().await.unwrap(), account }
}

#[tokio::test(start_paused = true)]
async fn every_cipher_carries_bytes_whole_both_ways_under_back_pressure() {
    let sent: Vec<u8> = (0..200_000_u32).map(|i| (i % 251) as u8).collect();
    for method in METHODS {
        let Open { mut client, carrier, account } = open(&settings(method, 7, b""), 3000).await;
        let mut server = server_side(&account, carrier);
        let echo = tokio::spawn(async move {
            let to = server.handshake().await.unwrap();
            assert_eq!(to.to_string(), "web.telegram.org:443");
            let mut got = Vec::new();
            server.read_to_end(&mut got).await.unwrap();
            server.write_all(&got).await.unwrap();
            server.flush().await.unwrap();
            server.shutdown().await.unwrap();
        });
        client.write_all(&sent).await.unwrap();
        client.shutdown().await.unwrap();
        let mut back = Vec::new();
        client.read_to_end(&mut back).await.unwrap();
        assert!(back == sent, "{method}: {} bytes came back", back.len());
        echo.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_speaks_first_is_heard_without_a_byte_from_the_client() {
    for method in ["aes-256-gcm", "2022-blake3-aes-128-gcm"] {
        let Open { mut client, carrier, account } = open(&settings(method, 7, b""), 1 << 16).await;
        let mut server = server_side(&account, carrier);
        tokio::spawn(async move {
            server.handshake().await.unwrap();
            server.write_all(b"220 ready\r\n").await.unwrap();
            server.flush().await.unwrap();
            let mut asked = [0; 4];
            server.read_exact(&mut asked).await.unwrap();
            assert_eq!(&asked, b"QUIT");
            server.write_all(b"221 bye\r\n").await.unwrap();
            server.shutdown().await.unwrap();
        });
        let mut banner = [0; 11];
        client.read_exact(&mut banner).await.unwrap();
        assert_eq!(&banner, b"220 ready\r\n");
        client.write_all(b"QUIT").await.unwrap();
        client.flush().await.unwrap();
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"221 bye\r\n", "{method}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_header_goes_out_with_the_clients_first_bytes_as_one_write() {
    let Open { mut client, mut carrier, .. } = open(&settings("aes-128-gcm", 7, b""), 1 << 16).await;
    client.write_all(&[1; 100]).await.unwrap();
    client.flush().await.unwrap();
    let mut first = vec![0; 4096];
    let length = carrier.read(&mut first).await.unwrap();
    // Salt, sealed length, sealed (type, length, name, port, 100 bytes).
    assert_eq!(length, 16 + 2 + 16 + (1 + 1 + 16 + 2 + 100) + 16);
}

#[tokio::test(start_paused = true)]
async fn a_prefix_is_what_the_wire_sees_first_and_the_server_understands() {
    let prefix = [0x16, 0x03, 0x01, 0x05, 0xA8, 0x01, 0x01];
    for method in ["chacha20-ietf-poly1305", "2022-blake3-aes-256-gcm"] {
        let Open { mut client, mut carrier, account } = open(&settings(method, 7, &prefix), 1 << 16).await;
        client.write_all(b"hello").await.unwrap();
        client.flush().await.unwrap();
        let mut seen = vec![0; 4096];
        let length = carrier.read(&mut seen).await.unwrap();
        assert_eq!(seen[..7], prefix);

        let (mut again, fresh) = duplex(1 << 16);
        again.write_all(&seen[..length]).await.unwrap();
        let mut server = server_side(&account, fresh);
        server.handshake().await.unwrap();
        let mut got = [0; 5];
        server.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"hello", "{method}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_streams_never_share_a_salt() {
    let mut salts = std::collections::HashSet::new();
    for _ in 0..50 {
        let Open { mut client, mut carrier, .. } = open(&settings("aes-128-gcm", 7, &[1; 8]), 1 << 16).await;
        client.write_all(b"x").await.unwrap();
        let mut salt = [0; 16];
        carrier.read_exact(&mut salt).await.unwrap();
        assert!(salts.insert(salt));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_by_another_key_is_a_failure_and_an_early_end_is_an_end() {
    let Open { mut client, carrier, .. } = open(&settings("aes-256-gcm", 7, b""), 1 << 16).await;
    let stranger = Account::new(&settings("aes-256-gcm", 8, b"")).unwrap();
    client.write_all(b"hello").await.unwrap();
    let mut server = server_side(&stranger, carrier);
    server.write_all(b"not for you").await.unwrap();
    server.flush().await.unwrap();
    let error = client.read(&mut [0; 64]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert!(error.to_string().contains("check password and method"));
    assert_eq!(Failure::from_io(Stage::FirstFlight, &error).cause, Cause::UnknownFailure);

    for method in ["aes-256-gcm", "2022-blake3-aes-128-gcm"] {
        let Open { mut client, carrier, .. } = open(&settings(method, 7, b""), 1 << 16).await;
        client.write_all(b"hello").await.unwrap();
        drop(carrier);
        assert_eq!(client.read(&mut [0; 64]).await.unwrap(), 0, "{method}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_replayed_answer_of_another_request_is_refused() {
    let settings = settings("2022-blake3-aes-128-gcm", 7, b"");
    let mut first = open(&settings, 1 << 16).await;
    first.client.write_all(b"hello").await.unwrap();
    let (carrier, mut tap) = duplex(1 << 16);
    let mut asked = vec![0; 4096];
    let length = first.carrier.read(&mut asked).await.unwrap();
    tap.write_all(&asked[..length]).await.unwrap();
    let mut server = server_side(&first.account, carrier);
    server.handshake().await.unwrap();
    server.write_all(b"answer").await.unwrap();
    server.flush().await.unwrap();
    let mut answer = vec![0; 4096];
    let length = tap.read(&mut answer).await.unwrap();

    let mut second = open(&settings, 1 << 16).await;
    second.client.write_all(b"hello").await.unwrap();
    second.carrier.write_all(&answer[..length]).await.unwrap();
    let error = second.client.read(&mut [0; 64]).await.unwrap_err();
    assert!(error.to_string().contains("another request"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_relay_over_it_keeps_half_close() {
    let Open { mut client, carrier, account } = open(&settings("2022-blake3-aes-256-gcm", 7, b""), 1 << 16).await;
    let mut server = server_side(&account, carrier);
    let (mut app, near) = duplex(1 << 16);
    let mut near: Stream = Box::new(near);
    let (meter, stop) = (crate::net::FlowMeter::new(), tokio_util::sync::CancellationToken::new());
    let relay = async { copy_both(&mut near, &mut client, &meter, stop.cancelled()).await };
    let talk = async {
        app.write_all(b"question").await.unwrap();
        app.shutdown().await.unwrap();
        server.handshake().await.unwrap();
        let mut asked = Vec::new();
        server.read_to_end(&mut asked).await.unwrap();
        server.write_all(b"answer").await.unwrap();
        server.flush().await.unwrap();
        server.shutdown().await.unwrap();
        let mut answer = Vec::new();
        app.read_to_end(&mut answer).await.unwrap();
        (asked, answer)
    };
    let (ended, (asked, answer)) = tokio::join!(relay, talk);
    assert_eq!((asked.as_slice(), answer.as_slice()), (&b"question"[..], &b"answer"[..]));
    assert_eq!(ended.outcome, Ok(()));
}

#[test]
fn what_is_unsafe_or_wrong_is_refused_with_a_reason_and_no_secret() {
    let refused = |change: fn(&mut ShadowsocksServer)| {
        let mut settings = settings("2022-blake3-aes-128-gcm", 7, b"");
        change(&mut settings);
        let error = Account::new(&settings).err().unwrap();
        assert!(!error.to_string().contains("hunter2"), "{error}");
        error
    };
    assert!(matches!(refused(|s| s.method = "none".into()), BuildError::Method { .. }));
    assert!(matches!(refused(|s| s.method = "rc4-md5".into()), BuildError::Method { .. }));
    assert!(matches!(refused(|s| s.password = Secret::new(String::new())), BuildError::NoPassword));
    let key = refused(|s| s.password = Secret::new("hunter2".into()));
    assert!(matches!(key, BuildError::Key { bytes: 16, .. }));
    assert!(matches!(refused(|s| s.prefix = vec![0; 9]), BuildError::Prefix { length: 9, longest: 8 }));
}

/// An association in memory: what is sent comes to the other end with the sender's place.
struct Wire {
    to: mpsc::UnboundedSender<Vec<u8>>,
    from: Mutex<mpsc::UnboundedReceiver<Vec<u8>>>,
}

fn wires() -> (Wire, Wire) {
    let ((a, b), (c, d)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
    (Wire { to: a, from: Mutex::new(d) }, Wire { to: c, from: Mutex::new(b) })
}

impl PacketIo for Wire {
    fn poll_send(&self, _: &mut TaskContext<'_>, packet: &[u8], to: &Destination) -> Poll<io::Result<()>> {
        assert_eq!(to.authority(), "tokyo.example:8388");
        self.to.send(packet.to_vec()).unwrap();
        Poll::Ready(Ok(()))
    }
    fn poll_recv(&self, cx: &mut TaskContext<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<Destination>> {
        let packet = std::task::ready!(self.from.lock().unwrap().poll_recv(cx)).unwrap();
        buf.put_slice(&packet);
        Poll::Ready(Ok(Destination::parse("192.0.2.7:8388").unwrap()))
    }
}

impl DatagramSend for Wire {
    fn poll_send(&self, _: &mut TaskContext<'_>, packet: &[u8]) -> Poll<io::Result<usize>> {
        self.to.send(packet.to_vec()).unwrap();
        Poll::Ready(Ok(packet.len()))
    }
    fn poll_send_to(&self, cx: &mut TaskContext<'_>, packet: &[u8], _: SocketAddr) -> Poll<io::Result<usize>> {
        DatagramSend::poll_send(self, cx, packet)
    }
    fn poll_send_ready(&self, _: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl DatagramReceive for Wire {
    fn poll_recv(&self, cx: &mut TaskContext<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        PacketIo::poll_recv(self, cx, buf).map_ok(|_| ())
    }
    fn poll_recv_from(&self, cx: &mut TaskContext<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<SocketAddr>> {
        PacketIo::poll_recv(self, cx, buf).map_ok(|_| SocketAddr::from(([192, 0, 2, 7], 8388)))
    }
    fn poll_recv_ready(&self, _: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test(start_paused = true)]
async fn packets_go_and_come_with_every_cipher_and_repetitions_are_dropped() {
    for method in METHODS {
        let account = Account::new(&settings(method, 7, b"")).unwrap();
        let (near, far) = wires();
        let again = far.to.clone();
        let packets: Packets = Box::new(udp::ShadowPackets::new(&account, Box::new(near)));
        let server = ProxySocket::from_socket(
            UdpSocketType::Server,
            Context::new_shared(ServerType::Server),
            &account.config,
            far,
        );
        let to = Destination::parse("stun.example:3478").unwrap();
        let (mut at_server, mut at_client) = (vec![0; 65536], vec![0; 2048]);
        for number in 0..3_u64 {
            packets.send(b"ping", &to).await.unwrap();
            let (length, asked, _, control) = server.recv_with_ctrl(&mut at_server).await.unwrap();
            assert_eq!((&at_server[..length], asked.to_string().as_str()), (&b"ping"[..], "stun.example:3478"));
            let mut answer = UdpSocketControlData::default();
            answer.client_session_id = control.map_or(0, |control| control.client_session_id);
            answer.server_session_id = 99;
            answer.packet_id = number;
            again.send(b"noise from elsewhere".to_vec()).unwrap();
            let from = Address::SocketAddress("192.0.2.9:3478".parse().unwrap());
            server.send_with_ctrl(&from, &answer, format!("pong {number}").as_bytes()).await.unwrap();
            let (length, from) = packets.recv(&mut at_client).await.unwrap();
            assert_eq!(
                (&at_client[..length], from.authority().as_str()),
                (format!("pong {number}").as_bytes(), "192.0.2.9:3478")
            );
        }
        if method.starts_with("2022") {
            let mut answer = UdpSocketControlData::default();
            answer.client_session_id = 1;
            let from = Address::SocketAddress("192.0.2.9:3478".parse().unwrap());
            server.send_with_ctrl(&from, &answer, b"of another session").await.unwrap();
            let waited = tokio::time::timeout(Duration::from_secs(1), packets.recv(&mut at_client)).await;
            assert!(waited.is_err(), "{method}");
        }
    }
}
