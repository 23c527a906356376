//! QUIC and calls: a browser that asks a site for QUIC and goes on by TCP, and somebody who calls people.

use crate::people::{CALLERS, Entry, Habit, Life, Lived, SUBJECT};
use crate::scene::{Course, Goes, PLAIN, Says, Scene};
use crate::seen::Seen;
use byway::lab::people::Mishap;
use byway::lab::{Action, Rule, Target};
use byway::model::Confidence::Anomaly;
use byway::model::Phase::{Blocked, Ok, Unknown};
use byway::model::Technique::{QuicBlock, StunDpi, UdpBlocked};
use byway::model::{Facet, L4, Route};
use std::time::Duration;

const BROWSER: Life = Life { app: Some("web.whatsapp.com"), habit: Habit::Browser, ..SUBJECT };

pub(super) const QUIC: Scene = Scene {
    number: 27,
    name: "quic-sni",
    what: "drop v1 Initial with name",
    subjects: &["whatsapp"],
    facet: Facet::Web,
    l4: L4::Udp,
    people: &[BROWSER, SUBJECT],
    course: Course::Falls(
        |stage| {
            let rule = Rule::new(stage.names(), Action::DropQuic).residual(Duration::from_secs(420));
            stage.country.censor().add(rule);
        },
        20,
    ),
    route: Goes::Direct,
    verdict: Says::Named(&[Blocked], &[QuicBlock], Anomaly),
    besides: |seen| [streams_are_well(seen), quic_is_refused(seen)].concat(),
    ..PLAIN
};

pub(super) const UDP_OFF: Scene = Scene {
    number: 28,
    name: "udp-off",
    what: "drop all UDP but 53",
    subjects: &["signal", "telegram", "whatsapp"],
    facet: Facet::Calls,
    l4: L4::Udp,
    people: CALLERS,
    course: Course::Falls(
        |stage| _ = stage.country.censor().block(Target::everything().except_port(53), Action::DropUdp),
        25,
    ),
    route: Goes::Any,
    verdict: Says::Named(&[Blocked], &[UdpBlocked], Anomaly),
    besides: |seen| [streams_are_well(seen), calls_are_refused(seen)].concat(),
    ..PLAIN
};

pub(super) const STUN: Scene = Scene {
    number: 29,
    name: "stun-dpi",
    what: "drop packets with STUN magic",
    course: Course::Falls(|stage| _ = stage.on_everything(Action::DropStun), 25),
    route: Goes::Tunnel,
    verdict: Says::Named(&[Blocked], &[StunDpi], Anomaly),
    besides: |seen| [streams_are_well(seen), calls_go_on(seen)].concat(),
    ..UDP_OFF
};

/// Streams to the same places are nobody's business.
fn streams_are_well(seen: &Seen) -> Vec<String> {
    let mut faults = Vec::new();
    for facet in [Facet::Text, Facet::Web] {
        let route = Route { facet, l4: L4::Tcp, ..seen.route.clone() };
        if let Some((_, belief)) = seen.beliefs_of(&route).iter().find(|(_, b)| !matches!(b.phase, Ok | Unknown)) {
            faults.push(format!("{route} became {}", belief.phase));
        }
    }
    let ways = seen.ways(seen.subject, Facet::Text);
    if ways.iter().any(|(_, way)| way != "direct") {
        faults.push(format!("text went {ways:?}"));
    }
    faults
}

/// What people lived to see who wished for something so long after the subject's direct route was called blocked.
fn lived_after(seen: &Seen, settled: Duration) -> Vec<&Entry> {
    let called = seen.beliefs().into_iter().find(|(_, belief)| belief.phase == Blocked).map(|(at, _)| at);
    let later = seen.diary.iter().filter(|entry| called.is_some_and(|at| entry.wished >= at + settled));
    later.collect()
}

/// From the verdict on, a browser's QUIC is refused at once, and it goes on by TCP.
fn quic_is_refused(seen: &Seen) -> Vec<String> {
    let told = lived_after(seen, Duration::from_secs(5)).into_iter().filter_map(|entry| match &entry.what {
        Lived::Quic(outcome) => Some(*outcome),
        _ => None,
    });
    let told: Vec<_> = told.collect();
    let refused = |told: &Result<Duration, Mishap>| *told == Err(Mishap::Refused);
    let right = told.len() > 5 && told.iter().all(refused);
    if right { Vec::new() } else { vec![format!("QUIC was told {told:?}")] }
}

/// What became of calls, once byway had the time to find out about its tunnels.
fn calls(seen: &Seen) -> Vec<Result<(), Mishap>> {
    let told = lived_after(seen, Duration::from_secs(120)).into_iter().filter_map(|entry| match entry.what {
        Lived::Connected(_) => Some(Result::Ok(())),
        Lived::CallLost(mishap) => Some(Err(mishap)),
        _ => None,
    });
    told.collect()
}

/// Where no way carries packets, calls are told so at once: nobody waits.
fn calls_are_refused(seen: &Seen) -> Vec<String> {
    let told = calls(seen);
    let right = told.len() > 5 && told.iter().all(|told| *told == Err(Mishap::Refused));
    if right { Vec::new() } else { vec![format!("calls ended {told:?}")] }
}

/// Through the tunnel calls go on as ever.
fn calls_go_on(seen: &Seen) -> Vec<String> {
    let told = calls(seen);
    let right = told.len() > 5 && told.iter().all(Result::is_ok);
    if right { Vec::new() } else { vec![format!("calls ended {told:?}")] }
}
