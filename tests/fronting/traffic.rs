//! What is sent through a way, and what must come back.

use byway::model::{Destination, Failure};
use byway::net::resolve::Settings;
use byway::net::{Deadline, Network, OsNetwork, Packets, Resolver, Stream};
use byway::transport::{Kind, Spec, Transport, build};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

pub(crate) fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

pub(crate) fn way(kind: Kind) -> Transport {
    let network: Arc<dyn Network> = Arc::new(OsNetwork);
    let resolver = Arc::new(Resolver::new(network.clone(), Settings::system_only()).unwrap());
    build(&[Spec { id: "tunnel".into(), via: None, kind }], &network, &resolver).pop().unwrap().1.unwrap()
}

pub(crate) async fn dial(way: &Transport, to: SocketAddr) -> Result<Stream, Failure> {
    way.streams.dial(&to.into(), soon()).await
}

/// Echoes each byte as it comes, and ends when the client does.
pub(crate) async fn echo() -> SocketAddr {
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

/// Speaks first, as mail servers do, and ends.
pub(crate) async fn greeter() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"220 ready").await;
        }
    });
    at
}

/// A web site that says `400` to everything, as nginx does to what is no HTTP.
pub(crate) async fn web_site() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                if matches!(stream.read(&mut [0; 1024]).await, Ok(1..)) {
                    let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
                }
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

fn sha256(bytes: &[u8]) -> Vec<u8> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref().to_vec()
}

/// 16 MiB there and back at once, by their hash.
pub(crate) async fn carries_16_mebibytes(way: &Transport) {
    carries(way, 16 << 20).await;
}

/// So many bytes there and back at once, by their hash.
pub(crate) async fn carries(way: &Transport, size: usize) {
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed.to_le_bytes()
    };
    let sent: Vec<u8> = (0..size / 8).flat_map(|_| next()).collect();
    let stream = dial(way, echo().await).await.unwrap();
    let (mut from, mut to) = tokio::io::split(stream);
    let mut back = vec![0; sent.len()];
    let write = async {
        to.write_all(&sent).await.unwrap();
        to.flush().await.unwrap();
    };
    let read = async { from.read_exact(&mut back).await.map(|_| ()) };
    let both = async { tokio::join!(write, read) };
    let ((), read) = Deadline::after(Duration::from_secs(240)).run(both).await.expect("in time");
    read.unwrap();
    assert_eq!(sha256(&back), sha256(&sent), "the bytes that came back are others");
}

pub(crate) async fn hears_a_server_that_speaks_first(way: &Transport) {
    let mut stream = dial(way, greeter().await).await.unwrap();
    let mut banner = Vec::new();
    soon().run(stream.read_to_end(&mut banner)).await.expect("in time").unwrap();
    assert_eq!(banner, b"220 ready");
}

/// The client ends its direction first; all that it sent still comes back.
pub(crate) async fn keeps_half_close(way: &Transport) {
    let mut stream = dial(way, echo().await).await.unwrap();
    stream.write_all(b"last words").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut back = Vec::new();
    soon().run(stream.read_to_end(&mut back)).await.expect("in time").unwrap();
    assert_eq!(back, b"last words");
}

/// Two destinations in one association. Packets may be lost, so each is sent until it comes back.
pub(crate) async fn echoes_packets(way: &Transport) {
    let packets: Packets = way.packets.as_ref().unwrap().associate(soon()).await.unwrap();
    for to in [udp_echo().await, udp_echo().await] {
        let to: Destination = to.into();
        for size in [1, 500, 1300] {
            let packet = vec![size as u8; size];
            let mut buf = vec![0; 65536];
            let mut came = None;
            for _ in 0..40 {
                packets.send(&packet, &to).await.unwrap();
                // An echo of an earlier sending may still be on its way.
                let echo = async {
                    loop {
                        let (length, from) = packets.recv(&mut buf).await.unwrap();
                        if length == size && from == to {
                            return length;
                        }
                    }
                };
                came = Deadline::after(Duration::from_millis(500)).run(echo).await;
                if came.is_some() {
                    break;
                }
            }
            let length = came.expect("an echo");
            assert_eq!(&buf[..length], &packet[..]);
        }
    }
}
