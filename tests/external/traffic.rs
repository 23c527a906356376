//! What a way must carry.

use byway::model::{Destination, Failure};
use byway::net::resolve::Settings;
use byway::net::{Deadline, Network, OsNetwork, Packets, Resolver, Stream};
use byway::transport::{Kind, Spec, Transport, build};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

/// The last of a chain of ways, each over the one before it.
pub(crate) fn chain(kinds: Vec<Kind>) -> Transport {
    let network: Arc<dyn Network> = Arc::new(OsNetwork);
    let resolver = Arc::new(Resolver::new(network.clone(), Settings::system_only()).unwrap());
    let name = |n: usize| format!("way{n}").as_str().into();
    let spec = |(n, kind): (usize, Kind)| Spec { id: name(n), via: n.checked_sub(1).map(name), kind };
    let specs: Vec<Spec> = kinds.into_iter().enumerate().map(spec).collect();
    build(&specs, &network, &resolver).pop().unwrap().1.unwrap()
}

pub(crate) fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

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

pub(crate) async fn dial(way: &Transport, to: SocketAddr) -> Result<Stream, Failure> {
    way.streams.dial(&to.into(), soon()).await
}

/// 4 MiB there and back at once, byte for byte.
pub(crate) async fn carries(way: &Transport) {
    let sent: Vec<u8> = (0..4_u32 << 20).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let stream = dial(way, echo().await).await.unwrap_or_else(|failure| {
        let trouble = way.life.as_ref().and_then(|life| life.trouble());
        panic!("{failure:?} {trouble:?}")
    });
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

pub(crate) async fn echoes_packets(way: &Transport) {
    echo_of(way, &[udp_echo().await]).await;
}

/// From two places in turn, by one association: each packet goes where it is sent, and each answer tells whence it comes.
pub(crate) async fn echoes_packets_of_two(way: &Transport) {
    echo_of(way, &[udp_echo().await, udp_echo().await]).await;
}

/// Packets may be lost, so each is sent until it comes back; an answer that comes late is known by what it says.
async fn echo_of(way: &Transport, places: &[SocketAddr]) {
    let packets: Packets = way.packets.as_ref().unwrap().associate(soon()).await.unwrap();
    let mut asked: Vec<(Vec<u8>, Destination)> = Vec::new();
    let mut buf = vec![0; 65536];
    for (size, place) in [1, 500, 1200].into_iter().flat_map(|size| (0..places.len()).map(move |place| (size, place))) {
        let to: Destination = places[place].into();
        asked.push((vec![(size + place) as u8; size], to.clone()));
        let mut came = None;
        for _ in 0..20 {
            packets.send(&asked.last().unwrap().0, &to).await.unwrap();
            let answer = async {
                loop {
                    let (length, from) = packets.recv(&mut buf).await.unwrap();
                    let which = asked.iter().position(|asked| *asked == (buf[..length].to_vec(), from.clone()));
                    if which.expect("from where it was sent") + 1 == asked.len() {
                        return;
                    }
                }
            };
            came = Deadline::after(Duration::from_millis(500)).run(answer).await;
            if came.is_some() {
                break;
            }
        }
        came.expect("an echo");
    }
}

/// Waits until something holds; the test's runner ends a wait without end.
pub(crate) async fn until(mut holds: impl FnMut() -> bool) {
    let comes = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), comes).await.expect("it comes to pass");
}
