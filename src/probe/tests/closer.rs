//! Comparisons that need more than two halves, and what a size, a speed or a number of packets does.

use super::asker;
use super::controls::{canaries, clean};
use super::kinds::{https, pinned, spec};
use super::origin::{Dialled, Pki, Served, Site, way};
use super::rounds::{Build, World, behind_a_name_filter, dials, route, web, web_spec, with_neutral};
use crate::judge::packets::{Half, Pair};
use crate::model::{Destination, Evidence, Sign, Source, TcpFacts, Technique, Twin};
use crate::probe::controls::run;
use crate::probe::spec::{Anchors, Https, Kind, Spec};
use crate::probe::trickle;
use crate::wire::tls;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

/// A web server behind a line on which a ClientHello of more than 600 bytes vanishes.
fn behind_a_size_filter(pki: &Arc<Pki>) -> Served {
    let pki = Arc::clone(pki);
    let swallowed = TcpFacts { bytes_acked: 1, unacked: 2, retransmits: 3, ..TcpFacts::default() };
    Served::by_facts(swallowed, move |mut pipe| async move {
        let (mut hello, mut buf) = (Vec::new(), [0; 4096]);
        loop {
            let Ok(count @ 1..) = pipe.read(&mut buf).await else { return };
            hello.extend_from_slice(&buf[..count]);
            if matches!(tls::client_hello(&hello), tls::Hello::Hello(_)) {
                break;
            }
        }
        if hello.len() > 600 {
            std::future::pending::<()>().await;
        }
        let (read, write) = tokio::io::split(pipe);
        let stream = tokio::io::join(std::io::Cursor::new(hello).chain(read), write);
        if let Ok(mut session) = pki.acceptor("svc.test", &["h2"]).accept(stream).await {
            let _ = session.read(&mut buf).await;
        }
    })
}

#[tokio::test(start_paused = true)]
async fn a_small_hello_that_passes_says_that_it_is_not_the_name() {
    let pki = Arc::new(Pki::new("service"));
    let (filtered, free) = (Arc::clone(&pki), Arc::clone(&pki));
    let (direct, bare) = way("direct", true, move |_: &_| Some(behind_a_size_filter(&filtered)));
    let (home, _) = way("home", false, move |_: &_| Some(web(&free)));
    let world = with_neutral(&pki, Build::new(vec![web_spec(&pki)], vec![direct, home])).start();
    world.round("direct").await;
    let heard = world.heard("direct").await;
    let pairs: Vec<_> = heard.iter().map(|fact| (fact.sign, fact.pair)).collect();
    let again = (Sign::HelloDropped, Some(Technique::HelloSize));
    assert_eq!(pairs, [(Sign::HelloDropped, None), again]);
    assert_eq!(dials(&bare), 4, "its own, another name, a small one, its own again");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_muted_whatever_it_hears_is_told_when_all_is_asked_before_the_name() {
    let pki = Arc::new(Pki::new("service"));
    let free = Arc::clone(&pki);
    let muted = TcpFacts { bytes_acked: 1800, ..TcpFacts::default() };
    let (direct, bare) = way("direct", true, move |_: &_| Some(Served::mute(muted)));
    let (home, _) = way("home", false, move |_: &_| Some(web(&free)));
    let world = with_neutral(&pki, Build::new(vec![web_spec(&pki)], vec![direct, home])).start();
    world.round("direct").await;
    assert!(world.heard("direct").await.iter().all(|fact| fact.pair.is_none()), "it may be a punishment");
    let before = dials(&bare);
    tokio::time::sleep(Duration::from_secs(421)).await;
    world.round("direct").await;
    let last = world.heard("direct").await.pop().unwrap();
    assert_eq!((last.sign, last.pair), (Sign::HelloMuted, Some(Technique::S2cDrop)));
    assert_eq!(dials(&bare) - before, 3, "another name, other bytes, then its own");
}

fn places(pki: &Pki) -> Vec<Spec> {
    let place = |host: &&str| Spec {
        targets: vec![Destination::parse(&format!("{host}:443")).unwrap()],
        ..spec(Kind::Https(https(pinned(pki))))
    };
    ["a.test", "b.test", "c.test"].iter().map(place).collect()
}

#[tokio::test(start_paused = true)]
async fn neutral_places_that_take_only_small_hellos_show_a_hole_in_the_line() {
    let pki = Arc::new(Pki::new("anchors"));
    let anchors = Anchors { captive: canaries(), neutral: places(&pki), ..Anchors::default() };
    let (way, _) = way("direct", true, move |_: &_| Some(behind_a_size_filter(&pki)));
    assert!(run(&asker(), &anchors, Some(&way), &clean()).await.mtu_hole);
}

#[tokio::test(start_paused = true)]
async fn neutral_places_that_take_nothing_show_no_hole() {
    let pki = Pki::new("anchors");
    let anchors = Anchors { neutral: places(&pki), ..Anchors::default() };
    let dropped = TcpFacts { bytes_acked: 1, unacked: 2, retransmits: 3, ..TcpFacts::default() };
    let (way, _) = way("direct", true, move |_: &_| Some(Served::mute(dropped)));
    assert!(!run(&asker(), &anchors, Some(&way), &clean()).await.mtu_hole);
}

fn large(pki: &Pki) -> Spec {
    let https = Https { alpn: vec!["http/1.1".into()], body_bytes: 131_072, ..https(pinned(pki)) };
    spec(Kind::Https(https))
}

/// A body of which a piece is said each tenth of a second.
fn dripping(pki: &Pki, piece: usize) -> Served {
    let acceptor = pki.acceptor("svc.test", &["http/1.1"]);
    Served::by(move |pipe| async move {
        let mut session = acceptor.accept(pipe).await.unwrap();
        let _ = session.read(&mut [0; 4096]).await;
        let _ = session.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n").await;
        while session.write_all(&vec![b'x'; piece]).await.is_ok() && session.flush().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
}

#[tokio::test(start_paused = true)]
async fn goodput_is_told_of_large_objects_within_seconds() {
    let pki = Arc::new(Pki::new("service"));
    let question = large(&pki);
    for (piece, least, most) in [(1_000, 9_000, 11_500), (100, 900, 1_300)] {
        let served = Arc::clone(&pki);
        let (way, _) = way("direct", true, move |_: &_| Some(dripping(&served, piece)));
        let began = tokio::time::Instant::now();
        let rate = asker().goodput(&way, &question, &question.targets[0]).await.unwrap();
        assert!((least..=most).contains(&rate), "{rate}");
        assert!(began.elapsed() <= Duration::from_secs(6), "{:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_small_object_says_nothing_of_a_speed() {
    let pki = Arc::new(Pki::new("service"));
    let question = large(&pki);
    let (way, _) = way("direct", true, move |_: &_| Some(web(&pki)));
    assert_eq!(asker().goodput(&way, &question, &question.targets[0]).await, None);
}

#[tokio::test(start_paused = true)]
async fn packets_are_counted_only_where_somebody_counts_them() {
    let pki = Arc::new(Pki::new("service"));
    let question = web_spec(&pki);
    for (limit, many) in [(25, Half::Stopped), (usize::MAX, Half::Answered)] {
        let acceptor = pki.acceptor("svc.test", &["http/1.1"]);
        let (way, _) = way("direct", true, move |_: &_| {
            let acceptor = acceptor.clone();
            Some(Served::by(move |pipe| async move {
                let (mut session, mut request, mut reads) = (acceptor.accept(pipe).await.unwrap(), Vec::new(), 0);
                while !request.ends_with(b"\r\n\r\n") {
                    let mut buf = [0; 512];
                    let Ok(count @ 1..) = session.read(&mut buf).await else { return };
                    request.extend_from_slice(&buf[..count]);
                    reads += 1;
                    if reads > limit {
                        std::future::pending::<()>().await;
                    }
                }
                assert_eq!(request.len(), 64);
                let _ = session.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
                let _ = session.read(&mut [0; 64]).await;
            }))
        });
        let pair = trickle::pair(&asker(), &way, &question, &question.targets[0]).await;
        assert_eq!(pair, Pair { whole: Half::Answered, many });
    }
}

#[tokio::test]
async fn the_small_hello_fits_one_packet_and_the_usual_one_does_not() {
    use crate::model::Host;
    use crate::net::tls::{Names, TlsClient, Trust};
    let names = Names::same(Host::parse("a-name-of-some-length.service.test").unwrap());
    let alpn = ["h2", "http/1.1"];
    let clients = [TlsClient::small(&Trust::Any, &alpn).unwrap(), TlsClient::new(&Trust::Any, &alpn).unwrap()];
    let mut sizes = Vec::new();
    for client in clients {
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        let names = names.clone();
        let shake = async move {
            let deadline = crate::net::Deadline::after(Duration::from_secs(5));
            let _ = client.connect(Box::new(near), &names, deadline).await;
        };
        let hear = async move {
            let mut hello = Vec::new();
            while !matches!(tls::client_hello(&hello), tls::Hello::Hello(_)) {
                let mut buf = [0; 4096];
                let count = far.read(&mut buf).await.unwrap();
                hello.extend_from_slice(&buf[..count]);
            }
            hello.len()
        };
        let (_, size) = tokio::join!(shake, hear);
        sizes.push(size);
    }
    assert!(sizes[0] < 600 && sizes[1] > 1_300, "{sizes:?}");
}

#[tokio::test]
async fn a_page_behind_a_large_object_is_asked_for_its_body_only() {
    let pki = Arc::new(Pki::new("service"));
    let free = Arc::clone(&pki);
    let (direct, bare) = way("direct", true, move |_: &_| {
        Some(Site { status: 200, ..Site::default() }.behind(free.acceptor("svc.test", &["h2"])))
    });
    let elsewhere = vec![Destination::parse("large.test:443").unwrap()];
    let world = Build::new(vec![web_spec(&pki), Spec { targets: elsewhere, ..large(&pki) }], vec![direct]).start();
    for _ in 0..6 {
        world.round("direct").await;
    }
    assert!(bare.lock().unwrap().iter().all(|to| to == "svc.test:443"));
}

/// The service is served so, and the neutral place, which is another, as ever.
fn neutral_apart(pki: Arc<Pki>, serve: impl Fn() -> Served) -> impl Fn(&Destination) -> Option<Served> {
    move |to| match to.host.name() {
        Some(name @ "svc-neutral.test") => {
            Some(Site { status: 200, ..Site::default() }.behind(pki.acceptor(name, &["h2"])))
        }
        _ => Some(serve()),
    }
}

/// What was dialled, but for the neutral place.
fn of_the_service(dialled: &Dialled) -> Vec<String> {
    dialled.lock().unwrap().iter().filter(|to| !to.starts_with("svc-neutral")).cloned().collect()
}

/// Somebody's hello is cut off on the direct way while another way answers; then the prober has a minute.
async fn a_minute_after_somebodys_hello_was_cut_off(world: &World) {
    let now = world.board.now();
    let told = Evidence::new(route("svc", "direct"), Source::Traffic, Sign::EofAfterHello, now, now);
    world.board.report(Evidence { twin: Twin::Answered, ..told });
    let stop = CancellationToken::new();
    let running = tokio::spawn(world.prober.clone().run(stop.clone()));
    tokio::time::sleep(Duration::from_secs(60)).await;
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn while_somebodys_failure_may_be_punished_for_the_neutral_half_goes_first() {
    let pki = Arc::new(Pki::new("service"));
    let (censored, free) = (Arc::clone(&pki), Arc::clone(&pki));
    let (direct, bare) = way("direct", true, neutral_apart(Arc::clone(&pki), move || behind_a_name_filter(&censored)));
    let (home, _) = way("home", false, move |_: &_| Some(web(&free)));
    let world = with_neutral(&pki, Build::new(vec![web_spec(&pki)], vec![direct, home])).start();
    a_minute_after_somebodys_hello_was_cut_off(&world).await;
    let heard: Vec<_> = world.heard("direct").await.iter().map(|fact| (fact.source, fact.pair)).collect();
    let proven = (Source::Probe, Some(Technique::SniRst));
    assert_eq!(heard, [(Source::Traffic, None), (Source::Probe, None), proven]);
    assert_eq!(of_the_service(&bare), ["svc.test:443", "192.0.2.7:443", "192.0.2.7:443"]);
}

#[tokio::test(start_paused = true)]
async fn where_the_neutral_half_is_punished_the_real_one_waits() {
    let pki = Arc::new(Pki::new("service"));
    let free = Arc::clone(&pki);
    let (direct, bare) = way("direct", true, neutral_apart(Arc::clone(&pki), Served::eof));
    let (home, _) = way("home", false, move |_: &_| Some(web(&free)));
    let world = with_neutral(&pki, Build::new(vec![web_spec(&pki)], vec![direct, home])).start();
    a_minute_after_somebodys_hello_was_cut_off(&world).await;
    assert_eq!(of_the_service(&bare), ["svc.test:443"], "the neutral half");
    assert_eq!(world.heard("direct").await.len(), 1, "which is no evidence");
}
