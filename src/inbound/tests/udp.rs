//! UDP associations over loopback.

use super::*;
use crate::inbound::Association;
use crate::net::with_train;
use tokio::net::UdpSocket;

const TO_STUN: &[u8] = b"\x00\x00\x00\x01\x01\x02\x03\x04\x0d\x96";

/// A client with an association and the association itself.
struct Call {
    scene: Scene,
    relay: SocketAddr,
    association: Association,
}

async fn call(announced: SocketAddr) -> Call {
    let mut scene = Scene::at(door());
    let mut request = b"\x05\x01\x00\x05\x03\x00\x01".to_vec();
    let SocketAddr::V4(announced) = announced else { panic!("an IPv4 test") };
    request.extend_from_slice(&announced.ip().octets());
    request.extend_from_slice(&announced.port().to_be_bytes());
    scene.says(request).await;
    let request = scene.request().await;
    assert_eq!(request.want, Want::Packets);
    let association = request.accept_packets().await.unwrap();
    scene.hears(b"\x05\x00\x05\x00\x00\x01\x7f\x00\x00\x01").await;
    let port = scene.client.read_u16().await.unwrap();
    Call { scene, relay: SocketAddr::new([127, 0, 0, 1].into(), port), association }
}

fn nowhere() -> SocketAddr {
    "0.0.0.0:0".parse().unwrap()
}

async fn socket() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").await.unwrap()
}

async fn received(association: &Association) -> (Vec<u8>, Destination) {
    let mut buf = [0; 2048];
    let (length, to) = association.packets.recv(&mut buf).await.unwrap();
    (buf[..length].to_vec(), to)
}

#[tokio::test]
async fn packets_go_both_ways_with_their_headers_taken_off_and_put_on() {
    let call = call(nowhere()).await;
    let app = socket().await;
    app.send_to(&[TO_STUN, b"ping"].concat(), call.relay).await.unwrap();
    let (packet, to) = received(&call.association).await;
    assert_eq!((packet.as_slice(), to.authority().as_str()), (&b"ping"[..], "1.2.3.4:3478"));
    app.send_to(b"\x00\x00\x00\x03\x04a.bc\x00\x35named", call.relay).await.unwrap();
    let (packet, to) = received(&call.association).await;
    assert_eq!((packet.as_slice(), to.authority().as_str()), (&b"named"[..], "a.bc:53"));
    let from = Destination::parse("[2001:db8::1]:3478").unwrap();
    call.association.packets.send(b"pong", &from).await.unwrap();
    let mut buf = [0; 64];
    let (length, sender) = app.recv_from(&mut buf).await.unwrap();
    assert_eq!(sender, call.relay);
    assert_eq!(&buf[..length], b"\x00\x00\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x0d\x96pong");
}

/// Packets of a few sizes for two places, some of which have names.
fn mixture() -> impl proptest::strategy::Strategy<Value = Vec<(bool, usize)>> {
    use proptest::prelude::*;
    let some = (any::<bool>(), prop::sample::select(vec![1_usize, 160, 1200, 1201, 2900]), 1..6_usize);
    let mixed = prop::collection::vec(some, 1..10);
    mixed.prop_map(|groups| {
        groups.into_iter().flat_map(|(named, size, count)| std::iter::repeat_n((named, size), count)).take(32).collect()
    })
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(32))]
    #[test]
    fn any_mixture_goes_both_ways_in_its_order(mixture in mixture()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(there_and_back(&mixture));
    }
}

async fn there_and_back(mixture: &[(bool, usize)]) {
    const NAMED: &[u8] = b"\x00\x00\x00\x03\x04a.bc\x00\x35";
    let head = |named: bool| if named { NAMED } else { TO_STUN };
    let call = call(nowhere()).await;
    let app = socket().await;
    let packets: Vec<_> = mixture.iter().zip(0..).map(|((named, size), n)| (*named, vec![n; *size])).collect();
    for (named, packet) in &packets {
        app.send_to(&[head(*named), packet].concat(), call.relay).await.unwrap();
    }
    let mut came = Vec::new();
    while came.len() < packets.len() {
        let poll = |cx: &mut std::task::Context<'_>| {
            with_train(|train| {
                std::task::ready!(call.association.packets.poll_recv_train(cx, train)).unwrap();
                for (to, mut run) in train.runs() {
                    came.extend(run.packets().map(|packet| (to.host.name().is_some(), packet.to_vec())));
                    assert!(call.association.packets.poll_send_run(cx, &mut run, to).is_ready(), "there is room");
                }
                std::task::Poll::Ready(())
            })
        };
        std::future::poll_fn(poll).await;
    }
    assert_eq!(came, packets);
    let mut space = vec![0; 4096];
    for (named, packet) in &packets {
        let length = app.recv(&mut space).await.unwrap();
        assert_eq!(&space[..length], [head(*named), packet].concat());
    }
}

#[tokio::test]
async fn the_first_packet_pins_the_port() {
    let call = call(nowhere()).await;
    let (app, thief) = (socket().await, socket().await);
    app.send_to(&[TO_STUN, b"one"].concat(), call.relay).await.unwrap();
    assert_eq!(received(&call.association).await.0, b"one");
    thief.send_to(&[TO_STUN, b"stolen"].concat(), call.relay).await.unwrap();
    app.send_to(&[TO_STUN, b"two"].concat(), call.relay).await.unwrap();
    assert_eq!(received(&call.association).await.0, b"two");
    call.association.packets.send(b"answer", &Destination::parse("1.2.3.4:3478").unwrap()).await.unwrap();
    let mut buf = [0; 64];
    assert_eq!(app.recv(&mut buf).await.unwrap(), TO_STUN.len() + 6);
    assert!(thief.try_recv(&mut buf).is_err());
}

#[tokio::test]
async fn an_announced_port_is_the_only_one() {
    let (app, thief) = (socket().await, socket().await);
    let call = call(app.local_addr().unwrap()).await;
    thief.send_to(&[TO_STUN, b"stolen"].concat(), call.relay).await.unwrap();
    app.send_to(&[TO_STUN, b"mine"].concat(), call.relay).await.unwrap();
    assert_eq!(received(&call.association).await.0, b"mine");
}

#[tokio::test]
async fn another_address_is_not_heard() {
    let call = call(nowhere()).await;
    // All of 127.0.0.0/8 is this machine on Linux; where it is not, there is no second address to send from.
    let Ok(thief) = UdpSocket::bind("127.0.0.2:0").await else { return };
    thief.send_to(&[TO_STUN, b"stolen"].concat(), call.relay).await.unwrap();
    let app = socket().await;
    app.send_to(&[TO_STUN, b"mine"].concat(), call.relay).await.unwrap();
    assert_eq!(received(&call.association).await.0, b"mine");
}

#[tokio::test]
async fn fragments_and_nonsense_are_dropped() {
    let call = call(nowhere()).await;
    let app = socket().await;
    for bad in [
        &b"\x00\x00\x01\x01\x01\x02\x03\x04\x0d\x96fragment"[..],
        b"\x00\x00\x00\x09nonsense",
        b"\x00\x00",
        b"",
        b"\x00\x00\x00\x01\x01\x02\x03\x04\x00\x00port 0",
    ] {
        app.send_to(bad, call.relay).await.unwrap();
    }
    app.send_to(&[TO_STUN, &[7; 3000][..]].concat(), call.relay).await.unwrap(); // larger than the reader's buffer
    app.send_to(&[TO_STUN, b"good"].concat(), call.relay).await.unwrap();
    assert_eq!(received(&call.association).await.0, b"good");
}

#[tokio::test]
async fn nonsense_does_not_pin_the_port() {
    let call = call(nowhere()).await;
    let (app, thief) = (socket().await, socket().await);
    thief.send_to(b"nonsense", call.relay).await.unwrap();
    app.send_to(&[TO_STUN, b"mine"].concat(), call.relay).await.unwrap();
    assert_eq!(received(&call.association).await.0, b"mine");
}

#[tokio::test]
async fn a_packet_before_the_first_of_the_client_has_nowhere_to_go() {
    let call = call(nowhere()).await;
    call.association.packets.send(b"early", &Destination::parse("1.2.3.4:3478").unwrap()).await.unwrap();
}

#[tokio::test]
async fn an_association_dies_with_its_connection() {
    let mut call = call(nowhere()).await;
    call.scene.says(b"chatter without a meaning").await;
    let waiting = async {
        let mut buf = [0; 64];
        call.association.packets.recv(&mut buf).await
    };
    let leaving = async {
        tokio::task::yield_now().await;
        drop(call.scene.client);
    };
    let (end, ()) = tokio::join!(waiting, leaving);
    assert_eq!(end.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn a_way_without_packets_is_told_by_its_code() {
    let mut scene = Scene::at(door());
    scene.says(b"\x05\x01\x00\x05\x03\x00\x01\x00\x00\x00\x00\x00\x00").await;
    let request = scene.request().await;
    scene.client.shutdown().await.unwrap();
    request.refuse(Refusal::NotSupported, String::new()).await.unwrap();
    assert_eq!(scene.hears_out().await[3], 7);
}
