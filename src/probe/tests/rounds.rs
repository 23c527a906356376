//! Whole rounds, with a real board: what is asked, in which order, and what the board hears of it.

use super::controls::{Machine, canaries, clean};
use super::kinds::{https, pinned, spec};
use super::origin::{Dialled, Pki, Served, Site, way};
use super::sources;
use crate::board::Board;
use crate::health::Params;
use crate::model::{
    Anchors as Vouched, Destination, DirectRule, Evidence, Facet, FirstFlight, L4, NetworkId, Route, Service,
    ServiceId, Sign, TcpFacts, Technique, TransportId, Twin,
};
use crate::probe::spec::{Anchors, Kind, Spec};
use crate::probe::{Prober, Settings, Setup};
use crate::transport::Transport;
use crate::wire::tls;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

pub(super) fn route(service: &str, transport: &str) -> Route {
    let (service, transport) = (ServiceId::from(service), TransportId::from(transport));
    Route { service, facet: Facet::Text, transport, l4: L4::Tcp }
}

/// A prober over `ways` in this order, with a board and its keeper.
pub(super) struct World {
    pub(super) prober: Prober,
    pub(super) board: Board,
}

pub(super) struct Build {
    specs: Vec<Spec>,
    ways: Vec<Transport>,
    direct: DirectRule,
    pub(super) anchors: Anchors,
    pub(super) machine: Machine,
}

impl Build {
    pub(super) fn new(specs: Vec<Spec>, ways: Vec<Transport>) -> Self {
        let anchors = Anchors { captive: canaries(), ..Anchors::default() };
        Self { specs, ways, direct: DirectRule::UntilBlocked, anchors, machine: clean() }
    }

    pub(super) fn start(self) -> World {
        let mut services: Vec<Service> = Vec::new();
        for spec in &self.specs {
            let service = Service {
                id: spec.service.clone(),
                title: String::new(),
                order: self.ways.iter().map(|way| way.id.clone()).collect(),
                direct: self.direct,
                first_flight: FirstFlight::Sniff,
            };
            if !services.contains(&service) {
                services.push(service);
            }
        }
        let routes = services.iter().flat_map(|s| s.order.iter().map(|id| route(s.id.as_str(), id.as_str())));
        let params = Params { bare: vec![TransportId::from("direct")], ..Params::default() };
        let (board, keeper) = Board::new(params, routes.collect(), NetworkId(1));
        tokio::spawn(keeper.run(CancellationToken::new()));
        let prober = Prober::new(Setup {
            settings: Settings::default(),
            specs: self.specs,
            anchors: self.anchors,
            ways: self.ways,
            services,
            board: board.clone(),
            network: Arc::new(self.machine),
            resolver: None,
            sources: sources(),
        });
        World { prober, board }
    }
}

impl World {
    /// One round about the route over `transport`.
    pub(super) async fn round(&self, transport: &str) {
        self.prober.rounds.probe(&route("svc", transport)).await;
    }

    /// The score against that route.
    async fn blame(&self, transport: &str) -> f64 {
        let story = self.board.story(&ServiceId::from("svc")).await;
        story.iter().filter(|s| s.route == route("svc", transport)).map(|s| s.standing.score).sum()
    }

    /// What the board heard of that route.
    pub(super) async fn heard(&self, transport: &str) -> Vec<Evidence> {
        let story = self.board.story(&ServiceId::from("svc")).await;
        let of_it = story.into_iter().filter(|s| s.route == route("svc", transport));
        of_it.flat_map(|s| s.evidence).map(|(evidence, _)| evidence).collect()
    }
}

/// A service's server behind a censor that ends every connection whose hello holds the service's name.
pub(super) fn behind_a_name_filter(pki: &Arc<Pki>) -> Served {
    let pki = Arc::clone(pki);
    Served::by(move |pipe| async move {
        let (mut pipe, mut hello, mut buf) = (pipe, Vec::new(), [0; 4096]);
        let name = loop {
            let Ok(count @ 1..) = pipe.read(&mut buf).await else { return };
            hello.extend_from_slice(&buf[..count]);
            match tls::client_hello(&hello) {
                tls::Hello::Incomplete => {}
                tls::Hello::NotTls => return,
                tls::Hello::Hello(hello) => break hello.server_name,
            }
        };
        if name.as_deref() == Some("svc.test") {
            return;
        }
        let (read, write) = tokio::io::split(pipe);
        let acceptor = pki.acceptor("svc.test", &["h2"]);
        let _ = acceptor.accept(tokio::io::join(std::io::Cursor::new(hello).chain(read), write)).await;
    })
}

pub(super) fn web(pki: &Arc<Pki>) -> Served {
    Site { status: 200, ..Site::default() }.behind(pki.acceptor("svc.test", &["h2"]))
}

pub(super) fn web_spec(pki: &Pki) -> Spec {
    spec(Kind::Https(https(pinned(pki))))
}

pub(super) fn with_neutral(pki: &Pki, mut build: Build) -> Build {
    let targets = vec![Destination::parse("svc-neutral.test:443").unwrap()];
    build.anchors.neutral = vec![Spec { targets, ..web_spec(pki) }];
    build
}

pub(super) fn dials(dialled: &Dialled) -> usize {
    dialled.lock().unwrap().len()
}

#[tokio::test(start_paused = true)]
async fn a_name_filter_is_proven_by_the_neutral_name_at_the_same_address() {
    let pki = Arc::new(Pki::new("service"));
    let (censored, free) = (Arc::clone(&pki), Arc::clone(&pki));
    let (direct, bare) = way("direct", true, move |_: &_| Some(behind_a_name_filter(&censored)));
    let (home, _) = way("home", false, move |_: &_| Some(web(&free)));
    let world = with_neutral(&pki, Build::new(vec![web_spec(&pki)], vec![direct, home])).start();
    world.round("direct").await;
    let heard = world.heard("direct").await;
    let seen: Vec<_> = heard.iter().map(|e| (e.sign, e.twin, e.pair)).collect();
    assert!(world.blame("direct").await > 5.0);
    let first = (Sign::EofAfterHello, Twin::Answered, None);
    assert_eq!(seen, [first, (Sign::EofAfterHello, Twin::Answered, Some(Technique::SniRst))]);
    // The real name, the neutral one, the real one again: both at the address that failed.
    assert_eq!(*bare.lock().unwrap(), ["svc.test:443", "192.0.2.7:443", "192.0.2.7:443"]);
    assert_eq!(world.heard("home").await.len(), 1, "the tunnel's answer is a fact of its own");
}

#[tokio::test]
async fn a_pair_is_not_run_again_soon() {
    let pki = Arc::new(Pki::new("service"));
    let (censored, free) = (Arc::clone(&pki), Arc::clone(&pki));
    let (direct, bare) = way("direct", true, move |_: &_| Some(behind_a_name_filter(&censored)));
    let (home, tunnel) = way("home", false, move |_: &_| Some(web(&free)));
    let world = with_neutral(&pki, Build::new(vec![web_spec(&pki)], vec![direct, home])).start();
    world.round("direct").await;
    world.round("direct").await;
    assert_eq!((dials(&bare), dials(&tunnel)), (4, 2), "a twin is asked each time: what answered before is no witness");
}

#[tokio::test(start_paused = true)]
async fn when_the_neutral_half_fails_too_it_goes_first_the_next_time() {
    let pki = Arc::new(Pki::new("service"));
    let (censored, free) = (Arc::clone(&pki), Arc::clone(&pki));
    let count = AtomicUsize::new(0);
    let (direct, bare) = way("direct", true, move |_: &_| {
        // The second connection falls into the punishment for the first.
        let punished = count.fetch_add(1, Ordering::Relaxed) == 1;
        Some(if punished { Served::eof() } else { behind_a_name_filter(&censored) })
    });
    let (home, _) = way("home", false, move |_: &_| Some(web(&free)));
    let world = with_neutral(&pki, Build::new(vec![web_spec(&pki)], vec![direct, home])).start();
    world.round("direct").await;
    let pairs: Vec<_> = world.heard("direct").await.into_iter().map(|e| e.pair).collect();
    assert_eq!((pairs, dials(&bare)), (vec![None], 2), "nothing is concluded, and the real half is not repeated");
    tokio::time::sleep(Duration::from_secs(421)).await;
    world.round("direct").await;
    let last = world.heard("direct").await.pop().unwrap();
    assert_eq!(last.pair, Some(Technique::SniRst));
    assert_eq!(bare.lock().unwrap()[2..], ["192.0.2.7:443", "192.0.2.7:443"], "the very same address");
}

#[tokio::test(start_paused = true)]
async fn a_protocol_that_is_swallowed_while_other_bytes_are_answered_is_proven() {
    let muted = TcpFacts { bytes_acked: 44, ..TcpFacts::default() };
    let (direct, bare) = way("direct", true, move |_: &_| {
        Some(Served::by_facts(muted, |mut pipe| async move {
            let mut hello = [0; 64];
            let count = pipe.read(&mut hello).await.unwrap_or(0);
            if hello[..count].starts_with(b"WA") {
                std::future::pending::<()>().await;
            }
        }))
    });
    let authority = Arc::new(crate::wire::noise::Authority::new(&[1; 64]));
    let root = authority.root();
    let (home, _) = way("home", false, move |_: &_| {
        let authority = Arc::clone(&authority);
        Some(Served::by(move |mut pipe| async move {
            let mut hello = [0; 43];
            pipe.read_exact(&mut hello).await.unwrap();
            let answer = crate::wire::noise::serve(&hello, &authority, &[5; 64]).unwrap().unwrap();
            pipe.write_all(&answer).await.unwrap();
            let _ = pipe.read(&mut hello).await;
        }))
    });
    let world = Build::new(vec![spec(Kind::Noise { root })], vec![direct, home]).start();
    world.round("direct").await;
    let last = world.heard("direct").await.pop().unwrap();
    assert_eq!((last.sign, last.pair), (Sign::HelloMuted, Some(Technique::ProtoBlock)));
    assert_eq!(dials(&bare), 4, "its own three times, other bytes once");
}

#[tokio::test]
async fn a_service_that_fails_on_every_way_is_told_so() {
    let pki = Pki::new("service");
    let (direct, _) = way("direct", true, |_: &_| None);
    let (home, _) = way("home", false, |_: &_| None);
    let world = Build::new(vec![web_spec(&pki)], vec![direct, home]).start();
    world.round("direct").await;
    for transport in ["direct", "home"] {
        let heard = world.heard(transport).await;
        assert_eq!(heard.iter().map(|e| (e.sign, e.twin)).collect::<Vec<_>>(), [(Sign::Refused, Twin::FailedToo)]);
    }
    assert_eq!(world.heard("direct").await[0].anchors, Vouched::Good);
}

#[tokio::test]
async fn only_the_first_tunnel_in_the_users_order_gets_the_twin() {
    let pki = Arc::new(Pki::new("service"));
    let free = Arc::clone(&pki);
    let (direct, _) = way("direct", true, |_: &_| None);
    let (home, first) = way("home", false, move |_: &_| Some(web(&free)));
    let (tokyo, second) = way("tokyo", false, |_: &_| None);
    let world = Build::new(vec![web_spec(&pki)], vec![direct, home, tokyo]).start();
    world.round("direct").await;
    assert_eq!((dials(&first), dials(&second)), (1, 0));
}

#[tokio::test]
async fn behind_a_portal_nobody_is_blamed() {
    let pki = Pki::new("service");
    let (direct, _) = way("direct", true, |_: &_| None);
    let mut build = Build::new(vec![web_spec(&pki)], vec![direct]);
    for site in build.machine.0.values_mut() {
        *site = Site { status: 302, ..Site::default() };
    }
    let world = build.start();
    world.round("direct").await;
    assert!(world.heard("direct").await.iter().all(|e| e.anchors == Vouched::Bad));
    assert!(world.blame("direct").await.abs() < f64::EPSILON);
    assert_eq!(world.board.snapshot().link, crate::model::LinkState::Captive);
}

#[tokio::test]
async fn a_service_that_must_never_go_out_bare_is_never_probed_bare() {
    let pki = Arc::new(Pki::new("service"));
    let free = Arc::clone(&pki);
    let (direct, bare) = way("direct", true, |_: &_| None);
    let (home, tunnel) = way("home", false, move |_: &_| Some(web(&free)));
    let mut build = Build::new(vec![web_spec(&pki)], vec![direct, home]);
    build.direct = DirectRule::Never;
    let world = build.start();
    world.round("direct").await;
    world.round("home").await;
    // In many packets, over HTTP/1.1, which this site does not speak; so in one as well.
    assert_eq!((dials(&bare), dials(&tunnel)), (0, 2));
    let cells: Vec<_> = world.prober.cells(None, None).into_iter().map(|cell| cell.transport).collect();
    assert_eq!(cells, [TransportId::from("home")]);
}

#[tokio::test]
async fn the_next_endpoint_is_asked_after_a_failure_one_at_a_time() {
    let (direct, bare) = way("direct", true, |_: &_| None);
    let targets = ["one.test:443", "two.test:443", "three.test:443"].map(|t| Destination::parse(t).unwrap());
    let spec = Spec { targets: targets.to_vec(), ..web_spec(&Pki::new("service")) };
    let world = Build::new(vec![spec], vec![direct]).start();
    for _ in 0..4 {
        world.round("direct").await;
    }
    assert_eq!(*bare.lock().unwrap(), ["one.test:443", "two.test:443", "two.test:443", "one.test:443"], "each twice");
}

#[tokio::test]
async fn somebody_elses_certificate_is_nobodys_fault_while_the_anchors_have_strange_ones_too() {
    let (service, scanner) = (Arc::new(Pki::new("service")), Arc::new(Pki::new("virus scanner")));
    let free = Arc::clone(&service);
    let (direct, _) = way("direct", true, move |to: &Destination| {
        Some(Site { status: 200, ..Site::default() }.behind(scanner.acceptor(to.host.name().unwrap(), &["h2"])))
    });
    let (home, _) = way("home", false, move |_: &_| Some(web(&free)));
    let world = with_neutral(&service, Build::new(vec![web_spec(&service)], vec![direct, home])).start();
    world.round("direct").await;
    assert!(world.heard("direct").await.iter().all(|e| e.anchors == Vouched::Bad));
    assert!(world.blame("direct").await.abs() < f64::EPSILON);
}

#[tokio::test(start_paused = true)]
async fn the_loop_keeps_two_in_flight_and_one_per_service_and_stops_when_told() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, peak) = (Arc::clone(&now), Arc::clone(&most));
    let (direct, bare) = way("direct", true, move |_: &_| {
        let (counted, peak) = (Arc::clone(&counted), Arc::clone(&peak));
        Some(Served::by(move |mut pipe| async move {
            peak.fetch_max(counted.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            while matches!(pipe.read(&mut [0; 512]).await, Ok(1..)) {}
            counted.fetch_sub(1, Ordering::SeqCst);
        }))
    });
    let pki = Pki::new("service");
    let services = ["svc", "whatsapp", "messenger", "telegram", "signal"];
    let specs = services.map(|id| Spec { service: ServiceId::from(id), ..web_spec(&pki) }).to_vec();
    let world = Build::new(specs, vec![direct]).start();
    for id in services {
        world.board.used(route(id, "direct"));
    }
    let stop = CancellationToken::new();
    let running = tokio::spawn(world.prober.clone().run(stop.clone()));
    tokio::time::sleep(Duration::from_secs(3 * 3600)).await;
    stop.cancel();
    running.await.unwrap();
    assert!(dials(&bare) > 0);
    assert!((1..=2).contains(&most.load(Ordering::SeqCst)), "{most:?} at once");
    tokio::task::yield_now().await;
    assert_eq!(now.load(Ordering::SeqCst), 0, "nothing stays open");
}

#[tokio::test]
async fn the_matrix_tells_each_cell_as_it_is_known() {
    let pki = Arc::new(Pki::new("service"));
    let free = Arc::clone(&pki);
    let (direct, _) = way("direct", true, |_: &_| None);
    let (home, _) = way("home", false, move |_: &_| Some(web(&free)));
    let other = Spec { service: ServiceId::from("other-svc"), ..web_spec(&pki) };
    let world = Build::new(vec![web_spec(&pki), other], vec![direct, home]).start();
    assert_eq!(world.prober.cells(None, None).len(), 4);
    let (rows, mut seen) = tokio::sync::mpsc::channel(8);
    world.prober.ask_once(Some(&ServiceId::from("svc")), None, rows).await;
    let mut found = Vec::new();
    while let Some(row) = seen.recv().await {
        found.push((row.transport.to_string(), row.outcome.is_ok(), row.technique));
    }
    found.sort();
    let refused = ("direct".to_owned(), false, Some(Technique::TcpReject));
    assert_eq!(found, [refused, ("home".to_owned(), true, None)]);
    assert_eq!(world.heard("home").await.len(), 1, "the board hears of it too");
}
