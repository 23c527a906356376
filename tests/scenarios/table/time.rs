//! What takes long: blocks that end, blocks that pause, ways that die, days of nothing.

use crate::people::{Life, Lived, SUBJECT};
use crate::scene::{Course, Goes, Never, PLAIN, Says, Scene};
use crate::seen::Seen;
use crate::stage::{Stage, mins, secs};
use byway::app::move_to;
use byway::lab::{Action, Crossing, Place, Rule, Target};
use byway::model::Confidence::Anomaly;
use byway::model::Phase::{self, Blocked};
use byway::model::Technique::IpDrop;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A household that uses the service in question all evening, with photos.
const EVENING: &[Life] = &[
    Life { pause: (15, 60), photos: 15, away: (10, 60), ..SUBJECT },
    Life { app: Some("signal"), pause: (60, 240), exchanges: 2, photos: 5, away: (120, 400), ..SUBJECT },
];

pub(super) const LATE_BLOCK: Scene = Scene {
    number: 31,
    name: "mtproto-late",
    what: "pass 10 min, then drop new flows to the DC ip:port",
    subjects: &["telegram"],
    people: EVENING,
    course: Course::Story(|stage| late_block(stage).boxed()),
    route: Goes::Tunnel,
    verdict: Says::Named(&[Blocked], &[IpDrop], Anomaly),
    ..PLAIN
};

/// The block comes back each time that new flows have been seen for ten minutes.
async fn late_block(stage: &Stage) {
    sleep(stage.draw(60, 240)).await;
    stage.onset();
    let mut holds = Vec::new();
    for _ in 0..3 {
        let block = stage.country.censor().add(Rule::new(stage.addresses(), Action::Drop));
        if !stage.until(mins(40), |stage| stage.phase() == Blocked).await {
            return stage.foul(format!("not blocked but {}", stage.phase()));
        }
        let held = stage.standing().and_then(|standing| standing.held_until);
        holds.push(held.map_or(Duration::ZERO, |until| until.since(stage.byway.board().now())));
        stage.country.censor().lift(block);
        if holds.len() == 3 {
            break;
        }
        if !stage.until(mins(600), |stage| stage.phase() == Phase::Recovering).await {
            return stage.foul("no recovery");
        }
        sleep(mins(10) + stage.draw(0, 60)).await;
    }
    let (first, second) = (holds[1], holds[2]);
    if first < mins(14) || second < first.mul_f64(1.4) {
        stage.foul(format!("holds {holds:?}"));
    }
    stage.country.censor().add(Rule::new(stage.addresses(), Action::Drop));
    sleep(mins(2)).await;
}

pub(super) const UNBLOCK: Scene = Scene {
    number: 42,
    name: "unblock",
    what: "block lifted",
    people: EVENING,
    course: Course::Story(|stage| unblock(stage).boxed()),
    route: Goes::Back,
    verdict: Says::Works,
    never: &[Never::Mishap],
    ..PLAIN
};

async fn unblock(stage: &Stage) {
    sleep(stage.draw(60, 240)).await;
    let before = stage.way();
    let block = stage.on_addresses(Action::Drop);
    if !stage.until(mins(15), |stage| stage.phase() == Blocked).await {
        return stage.foul("never blocked");
    }
    stage.onset();
    // Somebody who stays in a chat, over the tunnel, for as long as it takes.
    let chat = tokio::spawn({
        let (person, app) = (stage.person(), byway::lab::people::App::of(stage.subject));
        async move {
            let mut session = person.open(&app).await?;
            session.chat(secs(25), 140).await
        }
    });
    sleep(stage.draw(60, 300)).await;
    stage.country.censor().lift(block);
    let lifted = Instant::now();
    let back = stage.until(mins(240), |stage| stage.phase() == Phase::Ok && stage.way() == before).await;
    let took = lifted.elapsed();
    if !back {
        stage.foul(format!("not back after {took:?}: {}", stage.phase()));
    } else if took < mins(15) {
        stage.foul(format!("back after {took:?}"));
    }
    match chat.await.unwrap() {
        Ok(()) => {}
        Err(mishap) => stage.foul(format!("a chat over the tunnel ended: {mishap}")),
    }
}

pub(super) const PAUSE: Scene = Scene {
    number: 43,
    name: "lift-for-2-min",
    what: "block off for 2 min",
    people: EVENING,
    course: Course::Story(|stage| pause(stage).boxed()),
    route: Goes::Tunnel,
    verdict: Says::Named(&[Blocked, Phase::Recovering], &[IpDrop], Anomaly),
    never: &[Never::Moves(0)],
    ..PLAIN
};

async fn pause(stage: &Stage) {
    sleep(stage.draw(60, 240)).await;
    let block = stage.on_addresses(Action::Drop);
    if !stage.until(mins(15), |stage| stage.phase() == Blocked).await {
        return stage.foul("never blocked");
    }
    stage.onset();
    sleep(stage.draw(60, 600)).await;
    stage.country.censor().lift(block);
    sleep(mins(2)).await;
    stage.on_addresses(Action::Drop);
    sleep(mins(20)).await;
}

pub(super) const TUNNEL_DIES: Scene = Scene {
    number: 44,
    name: "tunnel-dies",
    what: "active tunnel dropped after 30 packets",
    course: Course::Story(|stage| tunnel_dies(stage).boxed()),
    route: Goes::Tunnel,
    verdict: Says::In(Blocked),
    besides: |seen| {
        let last = seen.ways(seen.subject, seen.facet).pop();
        if last.as_ref().is_some_and(|(_, way)| way == "oslo") { Vec::new() } else { vec![format!("at last {last:?}")] }
    },
    ..PLAIN
};

async fn tunnel_dies(stage: &Stage) {
    sleep(stage.draw(60, 240)).await;
    stage.on_addresses(Action::Drop);
    if !stage.until(mins(15), |stage| stage.phase() == Blocked).await {
        return stage.foul("never blocked");
    }
    stage.onset();
    let [tokyo, _] = stage.country.shadowsocks_servers();
    stage.country.censor().block(Target::prefix(tokyo.ip()), Action::FreezePackets(30));
    sleep(mins(10) + stage.draw(0, 60)).await;
}

pub(super) const SLEEP: Scene = Scene {
    number: 40,
    name: "sleep-resume",
    what: "40 min suspend",
    course: Course::Story(|stage| sleep_and_wake(stage).boxed()),
    route: Goes::Hold,
    verdict: Says::Works,
    never: &[Never::Blocked],
    besides: undoubted,
    ..PLAIN
};

/// Nobody is doubted.
fn undoubted(seen: &Seen) -> Vec<String> {
    let doubted = seen.watched.beliefs.iter().filter_map(|(route, beliefs)| {
        let bad = |phase| !matches!(phase, Phase::Ok | Phase::Unknown);
        let (_, belief) = beliefs.iter().find(|(at, belief)| *at > seen.onset && bad(belief.phase))?;
        Some(format!("{route} became {}", belief.phase))
    });
    doubted.collect()
}

/// A lid is closed while connections are being opened, and forty minutes later it is opened.
async fn sleep_and_wake(stage: &Stage) {
    sleep(stage.draw(60, 240)).await;
    stage.onset();
    for _ in 0..3 {
        byway::app::suspend(&stage.country, &stage.byway, mins(40));
        sleep(mins(3) + stage.draw(0, 60)).await;
    }
}

pub(super) const SWITCH: Scene = Scene {
    number: 41,
    name: "net-switch",
    what: "blocked home → clean café",
    people: EVENING,
    course: Course::Story(|stage| switch(stage).boxed()),
    route: Goes::Tunnel,
    verdict: Says::Named(&[Blocked, Phase::Recovering], &[IpDrop], Anomaly),
    ..PLAIN
};

async fn switch(stage: &Stage) {
    sleep(stage.draw(60, 240)).await;
    stage.on_addresses(Action::Drop);
    if !stage.until(mins(15), |stage| stage.phase() == Blocked).await {
        return stage.foul("never blocked");
    }
    move_to(&stage.country, &stage.byway, Place::Cafe);
    sleep(secs(1)).await;
    if stage.phase() != Phase::Unknown || stage.way() != "direct" {
        stage.foul(format!("in the café at once {} by {}", stage.phase(), stage.way()));
    }
    if !stage.until(mins(3), |stage| stage.phase() == Phase::Ok).await {
        stage.foul(format!("in the café {}", stage.phase()));
    }
    sleep(mins(30) + stage.draw(0, 600)).await;
    let doubted: Vec<_> =
        stage.byway.board().snapshot().standings.iter().map(|(route, s)| (route.clone(), s.phase)).collect();
    for (route, phase) in doubted {
        if !matches!(phase, Phase::Ok | Phase::Unknown) {
            stage.foul(format!("in the café {route} is {phase}"));
        }
    }
    move_to(&stage.country, &stage.byway, Place::Home);
    sleep(secs(1)).await;
    stage.onset();
    sleep(mins(3)).await;
}

pub(super) const SLOW_ACCEPT: Scene = Scene {
    number: 46,
    name: "slow-accept",
    what: "upstream SYN-ACK after 3 s",
    course: Course::Story(|stage| slow_accept(stage).boxed()),
    route: Goes::Direct,
    verdict: Says::Works,
    never: &[Never::Blocked],
    ..PLAIN
};

/// A place of nobody's, so that only the direct way is taken: SOCKS may say yes only when it has answered.
async fn slow_accept(stage: &Stage) {
    sleep(stage.draw(60, 120)).await;
    stage.onset();
    let (address, name) = stage.country.domestic()[0];
    stage.country.slow_down(address, secs(3));
    for _ in 0..5 {
        let began = Instant::now();
        let socket = (stage.door())().await.unwrap();
        let opened = tokio_socks::tcp::Socks5Stream::connect_with_socket(socket, (name, 443)).await;
        let took = began.elapsed();
        match opened {
            Ok(_) if took < secs(3) + stage.rtt => stage.foul(format!("SOCKS said yes after {took:?}")),
            Ok(_) => {}
            Err(error) => stage.foul(format!("SOCKS said no: {error}")),
        }
        sleep(stage.draw(5, 60)).await;
    }
}

/// A service that is asked after though nobody uses it.
const IDLE: [&str; 3] = ["telegram", "whatsapp", "signal"];

pub(super) const SOAK: Scene = Scene {
    number: 47,
    name: "soak-24h",
    what: "clean, 3 idle services",
    people: &[],
    course: Course::Story(|stage| soak(stage).boxed()),
    route: Goes::Direct,
    verdict: Says::Works,
    never: &[Never::Blocked],
    besides: no_beat,
    ..PLAIN
};

/// Three services are used just often enough that byway keeps looking after them.
fn soak(stage: &Stage) -> BoxFuture<'_, ()> {
    Box::pin(async move {
        stage.onset();
        let ends = Instant::now() + mins(24 * 60);
        while Instant::now() < ends {
            for service in IDLE {
                stage.byway.board().used(stage.route_of(service));
            }
            sleep(stage.draw(600, 1500)).await;
        }
        let spent = stage.byway.board().spent();
        if spent.bytes > 3_000_000 {
            stage.foul(format!("{} bytes of probes by the book", spent.bytes));
        }
    })
}

/// No beat: intervals vary, no two are alike, at most two questions are under way, and all of it is little.
fn no_beat(seen: &Seen) -> Vec<String> {
    let mut faults = Vec::new();
    let mut bytes_sent = 0;
    let mut flights: Vec<(Instant, i32)> = Vec::new();
    let mut begun: BTreeMap<&str, Vec<Instant>> = BTreeMap::new();
    for crossing in &seen.crossings {
        let Crossing::Connection { to, opened, closed, bytes } = crossing else { continue };
        bytes_sent += bytes;
        if seen.neutral.contains(&to.ip()) {
            continue;
        }
        flights.push((*opened, 1));
        flights.extend(closed.map(|at| (at, -1)));
        if let Some((service, _)) = seen.places.iter().find(|(_, nets)| nets.iter().any(|net| net.contains(&to.ip()))) {
            begun.entry(service).or_default().push(*opened);
        }
    }
    if bytes_sent > 3_000_000 {
        faults.push(format!("{bytes_sent} bytes on the line"));
    }
    flights.sort_by_key(|(at, change)| (*at, *change));
    let mut under_way = 0;
    let most = flights.iter().map(|(_, change)| {
        under_way += change;
        under_way
    });
    let most = most.max().unwrap_or(0);
    if most > 2 {
        faults.push(format!("{most} probes under way"));
    }
    for service in IDLE {
        let began = begun.remove(service).unwrap_or_default();
        let mut between: Vec<f64> = began.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect();
        let mean = between.iter().sum::<f64>() / between.len() as f64;
        let variance = between.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / between.len() as f64;
        let variation = variance.sqrt() / mean;
        between.sort_by(f64::total_cmp);
        let twice = between.windows(2).filter(|pair| pair[0] == pair[1]).count();
        if between.len() < 10 || variation.is_nan() || variation < 0.3 || twice > 0 {
            faults.push(format!("{service}: {} intervals vary by {variation:.2}, {twice} equal", between.len()));
        }
    }
    if seen.diary.iter().any(|entry| matches!(entry.what, Lived::Opened(_))) {
        faults.push(String::from("somebody was there"));
    }
    faults
}
