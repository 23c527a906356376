//! Questions in packets: QUIC, calls, and what the neutral halves make of silence.

use super::controls::{canaries, clean};
use super::kinds::{failure, https, pinned, spec};
use super::origin::{Pki, Site, way};
use super::{asker, sources};
use crate::board::Board;
use crate::health::Params;
use crate::model::{
    Cause, Destination, DirectRule, Evidence, Facet, Failure, FirstFlight, Grade, L4, NetworkId, Route, Service,
    ServiceId, Sign, Source, Stage, Technique, TransportId, Twin,
};
use crate::net::{Deadline, PacketIo, Packets};
use crate::probe::spec::{Anchors, Kind, Spec};
use crate::probe::{Prober, Settings, Setup};
use crate::transport::{PacketDialer, Transport};
use crate::wire::quic::server::{Asked, read, version_negotiation};
use crate::wire::{ntp, stun};
use futures_util::future::BoxFuture;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::ReadBuf;
use tokio_util::sync::CancellationToken;

/// What passes on the way to a place, and what each place answers.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    /// QUIC version 1 does not pass.
    drops_initials: bool,
    /// No QUIC at all passes.
    drops_quic: bool,
    /// STUN to neutral places does not pass.
    drops_stun: bool,
    /// The service's relay is silent.
    drops_relay: bool,
    /// Nor does anything else.
    drops_time: bool,
    /// As many datagrams are lost first.
    lossy: usize,
    /// Junk comes before every answer.
    noisy: bool,
}

/// Every datagram that was sent, with the number of the port it came from.
type Sent = Arc<Mutex<Vec<(usize, String)>>>;

struct Ports {
    line: Arc<Mutex<Line>>,
    sent: Sent,
    opened: Mutex<usize>,
}

struct Port {
    number: usize,
    line: Arc<Mutex<Line>>,
    sent: Sent,
    came: Mutex<VecDeque<(Vec<u8>, Destination)>>,
}

impl PacketDialer for Ports {
    fn associate(&self, _: Deadline) -> BoxFuture<'_, Result<Packets, Failure>> {
        let mut opened = self.opened.lock().unwrap();
        *opened += 1;
        let (line, sent) = (Arc::clone(&self.line), Arc::clone(&self.sent));
        let port = Port { number: *opened, line, sent, came: Mutex::default() };
        Box::pin(async move { Ok(Box::new(port) as Packets) })
    }
}

impl PacketIo for Port {
    fn poll_send(&self, cx: &mut Context<'_>, packet: &[u8], to: &Destination) -> Poll<io::Result<()>> {
        self.sent.lock().unwrap().push((self.number, to.authority()));
        let mut line = self.line.lock().unwrap();
        if line.lossy > 0 {
            line.lossy -= 1;
            return Poll::Ready(Ok(()));
        }
        let mut came = self.came.lock().unwrap();
        if line.noisy {
            came.push_back((b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), to.clone()));
        }
        came.extend(line.answer(packet, to).map(|answer| (answer, to.clone())));
        cx.waker().wake_by_ref();
        Poll::Ready(Ok(()))
    }

    fn poll_recv(&self, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<Destination>> {
        match self.came.lock().unwrap().pop_front() {
            Some((packet, from)) => {
                buf.put_slice(&packet);
                Poll::Ready(Ok(from))
            }
            None => Poll::Pending,
        }
    }
}

impl Line {
    fn answer(self, packet: &[u8], to: &Destination) -> Option<Vec<u8>> {
        if to.port == 123 {
            let stamp: [u8; 8] = packet[40..48].try_into().unwrap();
            let answer = [&[0x24][..], &[0; 23], &stamp, &[0; 16]].concat();
            return (!self.drops_time).then_some(answer).filter(|answer| ntp::is_answer(answer, stamp));
        }
        if let Some(transaction) = stun::parse_request(packet) {
            let drops = if to.host.name() == Some("svc.test") { self.drops_relay } else { self.drops_stun };
            return (!drops).then(|| stun::binding_answer(transaction, "203.0.113.5:4000".parse().unwrap()));
        }
        match read(packet)? {
            _ if self.drops_quic => None,
            Asked::OtherVersion { to, from, .. } => Some(version_negotiation(&to, &from, 5, &[1])),
            Asked::Initial(initial) => {
                let named = initial.hello().is_some_and(|hello| hello.server_name.as_deref() == Some("svc.test"));
                (named && !self.drops_initials).then(|| initial.answer([7; 8], b"\x02\0\0\0").unwrap())
            }
        }
    }
}

/// A way whose packets meet `line`, and whose streams reach a web server.
fn line(id: &str, bare: bool, line: Line, pki: &Arc<Pki>) -> (Transport, Arc<Mutex<Line>>, Sent) {
    let pki = Arc::clone(pki);
    let web = move |_: &_| Some(Site { status: 200, ..Site::default() }.behind(pki.acceptor("svc.test", &["h2"])));
    let (mut way, _) = way(id, bare, web);
    let (line, sent) = (Arc::new(Mutex::new(line)), Sent::default());
    way.packets = Some(Arc::new(Ports { line: Arc::clone(&line), sent: Arc::clone(&sent), opened: Mutex::default() }));
    (way, line, sent)
}

fn quic(pki: &Pki) -> Spec {
    let https = crate::probe::Https { alpn: vec!["h3".into()], ..https(pinned(pki)) };
    Spec { l4: L4::Udp, facet: Facet::Web, ..spec(Kind::Quic(https)) }
}

fn calls() -> Spec {
    let targets = vec![Destination::parse("svc.test:3478").unwrap()];
    Spec { l4: L4::Udp, facet: Facet::Calls, targets, ..spec(Kind::Stun) }
}

#[tokio::test(start_paused = true)]
async fn a_servers_own_initial_is_an_answer_and_the_connection_is_ended() {
    let pki = Arc::new(Pki::new("service"));
    let (way, _, sent) = line("direct", true, Line { noisy: true, ..Line::default() }, &pki);
    let spec = quic(&pki);
    let asked = asker().ask(&way, &spec, &spec.targets[0]).await;
    assert_eq!(asked.outcome.unwrap().0.grade, Grade::B);
    assert_eq!(sent.lock().unwrap().len(), 2, "the question and the goodbye");
}

#[tokio::test(start_paused = true)]
async fn a_lost_initial_is_sent_again_after_a_second_and_three_times_in_all() {
    let pki = Arc::new(Pki::new("service"));
    let spec = quic(&pki);
    let (way, _, _) = line("direct", true, Line { lossy: 1, ..Line::default() }, &pki);
    let asked = asker().ask(&way, &spec, &spec.targets[0]).await;
    assert!(asked.outcome.is_ok() && asked.took == Duration::from_secs(1));
    let (way, _, sent) = line("direct", true, Line { drops_initials: true, ..Line::default() }, &pki);
    let asked = asker().ask(&way, &spec, &spec.targets[0]).await;
    assert_eq!((asked.took, sent.lock().unwrap().len()), (Duration::from_secs(5), 3));
    let failure = failure(asked);
    assert_eq!((failure.stage, failure.cause), (Stage::Udp, Cause::UdpNoReply));
}

struct World {
    prober: Prober,
    board: Board,
    route: Route,
}

impl World {
    fn new(spec: Spec, ways: Vec<Transport>) -> Self {
        let specs = vec![spec.clone()];
        Self::knowing(specs, &spec, ways)
    }

    /// A prober that knows these questions, and the route that `spec` is about.
    fn knowing(specs: Vec<Spec>, spec: &Spec, ways: Vec<Transport>) -> Self {
        let route = |way: &Transport| Route {
            service: spec.service.clone(),
            facet: spec.facet,
            transport: way.id.clone(),
            l4: spec.l4,
        };
        let routes: Vec<Route> = ways.iter().map(route).collect();
        let params = Params { bare: vec![TransportId::from("direct")], ..Params::default() };
        let (board, keeper) = Board::new(params, routes.clone(), NetworkId(1));
        tokio::spawn(keeper.run(CancellationToken::new()));
        let service = Service {
            id: spec.service.clone(),
            title: String::new(),
            order: ways.iter().map(|way| way.id.clone()).collect(),
            direct: DirectRule::UntilBlocked,
            first_flight: FirstFlight::Sniff,
        };
        let places = |list: &[&str]| list.iter().map(|place| Destination::parse(place).unwrap()).collect();
        let anchors = Anchors {
            captive: canaries(),
            stun: places(&["stun.test:3478", "stun.other.test:19302"]),
            time: places(&["time.test:123", "time.other.test:123"]),
            ..Anchors::default()
        };
        let prober = Prober::new(Setup {
            settings: Settings::default(),
            specs,
            anchors,
            ways,
            services: vec![service],
            board: board.clone(),
            network: Arc::new(clean()),
            resolver: None,
            sources: sources(),
        });
        Self { prober, board, route: routes[0].clone() }
    }

    /// What one round tells of the direct way.
    async fn round(&self) -> Evidence {
        self.prober.rounds.probe(&self.route).await;
        self.last().await.unwrap()
    }

    /// People's call over the direct way got no answer.
    fn swallowed(&self, twin: Twin) {
        let now = self.board.now();
        let fact =
            Evidence::new(self.route.clone(), Source::Traffic, Sign::UdpNoReply, now - Duration::from_secs(5), now);
        self.board.report(Evidence { twin, ..fact });
    }

    /// What was told of the direct way last.
    async fn last(&self) -> Option<Evidence> {
        let story = self.board.story(&ServiceId::from("svc")).await;
        let of_it = story.into_iter().filter(|story| story.route == self.route);
        of_it.flat_map(|story| story.evidence).map(|(evidence, _)| evidence).last()
    }
}

#[tokio::test(start_paused = true)]
async fn three_silent_initials_beside_a_negotiated_version_and_tcp_are_a_block_of_quic() {
    let pki = Arc::new(Pki::new("service"));
    let (way, _, sent) = line("direct", true, Line { drops_initials: true, ..Line::default() }, &pki);
    let told = World::new(quic(&pki), vec![way]).round().await;
    assert_eq!((told.sign, told.pair), (Sign::QuicSilent, Some(Technique::QuicBlock)));
    let sent = sent.lock().unwrap();
    let mut ports: Vec<usize> = sent.iter().map(|(port, _)| *port).collect();
    ports.dedup();
    assert_eq!(ports, [1, 2, 3, 4], "three Initials and the neutral half, each from a port of its own");
    assert!(sent.iter().all(|(_, to)| to == "svc.test:443"), "with an answer there, nobody else is asked");
}

#[tokio::test(start_paused = true)]
async fn silence_that_other_packets_share_is_no_property_of_quic() {
    let pki = Arc::new(Pki::new("service"));
    let dead = Line { drops_quic: true, drops_stun: true, drops_time: true, ..Line::default() };
    let (way, _, sent) = line("direct", true, dead, &pki);
    let told = World::new(quic(&pki), vec![way]).round().await;
    assert_eq!((told.sign, told.pair), (Sign::UdpNoReply, None));
    assert!(sent.lock().unwrap().iter().filter(|(_, to)| to == "svc.test:443").count() <= 6, "hopeless: not again");
}

#[tokio::test(start_paused = true)]
async fn a_server_without_quic_is_not_called_blocked_and_one_that_a_tunnel_reaches_is() {
    let pki = Arc::new(Pki::new("service"));
    let mute = Line { drops_quic: true, ..Line::default() };
    let told = World::new(quic(&pki), vec![line("direct", true, mute, &pki).0]).round().await;
    assert_eq!(told.pair, None, "nobody has heard QUIC from it");
    let tunnel = line("home", false, Line::default(), &pki).0;
    let told = World::new(quic(&pki), vec![line("direct", true, mute, &pki).0, tunnel]).round().await;
    assert_eq!((told.sign, told.pair), (Sign::QuicSilent, Some(Technique::QuicBlock)));
    let mute_tunnel = line("home", false, mute, &pki).0;
    let told = World::new(quic(&pki), vec![line("direct", true, mute, &pki).0, mute_tunnel]).round().await;
    assert_eq!((told.sign, told.pair), (Sign::UdpNoReply, None), "silent on every way");
}

#[tokio::test(start_paused = true)]
async fn neutral_packets_tell_which_kind_is_stopped() {
    let pki = Arc::new(Pki::new("service"));
    let silent = Line { drops_relay: true, ..Line::default() };
    for (line_is, technique) in [
        (Line { drops_stun: true, ..silent }, Some(Technique::StunDpi)),
        (Line { drops_stun: true, drops_time: true, ..silent }, Some(Technique::UdpBlocked)),
        (silent, None),
    ] {
        let (way, _, _) = line("direct", true, line_is, &pki);
        let told = World::new(calls(), vec![way]).round().await;
        assert_eq!((told.sign, told.pair), (Sign::UdpNoReply, technique), "{line_is:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn relays_are_called_blocked_after_half_a_minute_of_silence_and_an_answer_ends_it() {
    let pki = Arc::new(Pki::new("service"));
    let (way, line, _) = line("direct", true, Line { drops_relay: true, ..Line::default() }, &pki);
    let world = World::new(calls(), vec![way]);
    let pause = || tokio::time::sleep(Duration::from_secs(30));
    assert_eq!(world.round().await.pair, None);
    pause().await;
    assert_eq!(world.round().await.pair, Some(Technique::CallsBlocked));
    line.lock().unwrap().drops_relay = false;
    pause().await;
    assert!(world.round().await.sign.is_good());
    line.lock().unwrap().drops_relay = true;
    pause().await;
    assert_eq!(world.round().await.pair, None, "a new silence");
}

#[tokio::test(start_paused = true)]
async fn calls_that_nobody_can_be_asked_about_are_looked_into_at_neutral_places() {
    let pki = Arc::new(Pki::new("service"));
    let pause = || tokio::time::sleep(Duration::from_secs(50));
    for (stops, technique) in [
        (Line { drops_stun: true, ..Line::default() }, Technique::StunDpi),
        (Line { drops_stun: true, drops_time: true, ..Line::default() }, Technique::UdpBlocked),
    ] {
        let (way, line, sent) = line("direct", true, stops, &pki);
        let world = World::knowing(Vec::new(), &calls(), vec![way]);
        world.swallowed(Twin::FailedToo);
        world.last().await;
        let told = world.round().await;
        assert_eq!((told.source, told.sign, told.pair), (Source::Probe, Sign::UdpNoReply, Some(technique)));
        assert!(sent.lock().unwrap().iter().all(|(_, to)| !to.starts_with("svc.")), "nothing goes to the service");
        *line.lock().unwrap() = Line::default();
        pause().await;
        assert!(world.round().await.sign.is_good(), "what was stopped passes again");
    }
}

#[tokio::test(start_paused = true)]
async fn their_relays_alone_are_blocked_only_where_another_way_reached_them() {
    let pki = Arc::new(Pki::new("service"));
    for (twin, technique) in [(Twin::Answered, Some(Technique::CallsBlocked)), (Twin::FailedToo, None)] {
        let (way, _, _) = line("direct", true, Line::default(), &pki);
        let world = World::knowing(Vec::new(), &calls(), vec![way]);
        for _ in 0..2 {
            world.swallowed(twin);
            tokio::time::sleep(Duration::from_secs(40)).await;
        }
        assert_eq!(world.round().await.pair, technique, "{twin:?}");
    }
}
