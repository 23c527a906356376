//! A tunnel that comes up over a line that loses packets, against the noise core's other end, in memory.

use super::*;
use crate::model::Host;
use crate::net::{OsNetwork, PacketIo};
use crate::transport::wireguard::core::{Came, Core, Now};
use crate::transport::wireguard::outbox::Outbox;
use gotatun::x25519::{PublicKey, StaticSecret};
use std::collections::VecDeque;
use std::io;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::io::ReadBuf;
use tokio::time::Instant;

/// A server, and the line to it: `loses` says of each datagram, counted from one, whether it is lost on the way there or
/// back.
struct Line {
    server: Mutex<Server>,
    loses: fn(usize, Way) -> bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    There,
    Back,
}

struct Server {
    core: Core,
    there: usize,
    back: usize,
    answers: VecDeque<Vec<u8>>,
    waits: Option<Waker>,
}

struct Over(Arc<Line>);

impl PacketDialer for Over {
    fn associate(&self, _: Deadline) -> BoxFuture<'_, Result<Packets, Failure>> {
        let line = Arc::clone(&self.0);
        Box::pin(async move { Ok(Box::new(Over(line)) as Packets) })
    }
}

impl PacketIo for Over {
    fn poll_send(&self, _: &mut Context<'_>, packet: &[u8], _: &Destination) -> Poll<io::Result<()>> {
        let mut server = lock(&self.0.server);
        server.there += 1;
        if (self.0.loses)(server.there, Way::There) {
            return Poll::Ready(Ok(()));
        }
        let mut outbox = Outbox::default();
        assert!(!matches!(server.core.open(packet, Now { since: Duration::ZERO, unix: 0 }, &mut outbox), Came::Noise));
        while let Some((answer, _)) = outbox.next(1) {
            let answer = answer.to_vec();
            outbox.gone(answer.len());
            server.back += 1;
            if !(self.0.loses)(server.back, Way::Back) {
                server.answers.push_back(answer);
            }
        }
        server.waits.take().into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(()))
    }

    fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<Destination>> {
        let mut server = lock(&self.0.server);
        let Some(answer) = server.answers.pop_front() else {
            server.waits = Some(cx.waker().clone());
            return Poll::Pending;
        };
        buf.put_slice(&answer);
        Poll::Ready(Ok(Destination::new(Host::Ip([192, 0, 2, 1].into()), 51820)))
    }
}

fn public(private: [u8; 32]) -> [u8; 32] {
    *PublicKey::from(&StaticSecret::from(private)).as_bytes()
}

fn settings(own: [u8; 32], peer: [u8; 32]) -> WireGuardServer {
    WireGuardServer {
        server: Destination::parse("192.0.2.1:51820").unwrap(),
        private_key: Secret::new(own),
        public_key: public(peer),
        preshared_key: None,
        addresses: vec![[10, 0, 0, 2].into()],
        dns: Vec::new(),
        mtu: 1280,
        keepalive: None,
        tcp: TcpBy::Own,
        disguise: Disguise::default(),
    }
}

/// How long a tunnel took to come up over such a line.
async fn comes_up(loses: fn(usize, Way) -> bool) -> Result<Duration, Failure> {
    let core = Core::new(&settings([2; 32], [1; 32]));
    let server = Server { core, there: 0, back: 0, answers: VecDeque::new(), waits: None };
    let line = Arc::new(Line { server: Mutex::new(server), loses });
    let tunnel = Tunnel::new(&settings([1; 32], [2; 32]), Base::Over(Arc::new(Over(line))));
    let start = Instant::now();
    // What a dial is given (see `session`).
    tunnel.up(Deadline::after(Duration::from_secs(4))).await.map(|_| start.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_lost_packet_of_the_handshake_is_made_good_while_a_dial_still_waits() {
    let nothing = comes_up(|_, _| false).await.unwrap();
    assert!(nothing < Duration::from_millis(10), "{nothing:?}");
    for loses in [(|n, way| n == 1 && way == Way::There) as fn(usize, Way) -> bool, |n, way| n == 1 && way == Way::Back]
    {
        let one = comes_up(loses).await.unwrap();
        assert!((1..2).contains(&one.as_secs()), "{one:?}");
    }
    let two = comes_up(|n, way| n <= 2 && way == Way::There).await.unwrap();
    assert!((3..4).contains(&two.as_secs()), "{two:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_told_as_such() {
    let failure = comes_up(|_, _| true).await.unwrap_err();
    assert_eq!((failure.stage, failure.cause), (Stage::Handshake, Cause::UdpNoReply));
}

#[tokio::test]
async fn nothing_is_opened_before_somebody_dials() {
    let settings = settings([1; 32], [2; 32]);
    let network: Arc<dyn crate::net::Network> = Arc::new(OsNetwork);
    let resolver = Arc::new(Resolver::new(network.clone(), crate::net::resolve::Settings::system_only()).unwrap());
    let base = Base::Straight { network, resolver: Arc::clone(&resolver) };
    let way = WireGuard::new(&settings, base, &resolver).unwrap();
    assert!(lock(&way.tunnel.running).upgrade().is_none() && way.life().trouble().is_none());
}
