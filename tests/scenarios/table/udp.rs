//! QUIC and calls: a browser that asks a site for QUIC and goes on by TCP, and somebody who calls people.

use crate::people::{CALLERS, Habit, Life, SUBJECT};
use crate::scene::{Course, Goes, PLAIN, Says, Scene};
use crate::seen::Seen;
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
        40,
    ),
    route: Goes::Direct,
    verdict: Says::Named(&[Blocked], &[QuicBlock], Anomaly),
    besides: streams_are_well,
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
        40,
    ),
    route: Goes::Any,
    verdict: Says::Named(&[Blocked], &[UdpBlocked], Anomaly),
    besides: streams_are_well,
    ..PLAIN
};

pub(super) const STUN: Scene = Scene {
    number: 29,
    name: "stun-dpi",
    what: "drop packets with STUN magic",
    course: Course::Falls(|stage| _ = stage.on_everything(Action::DropStun), 40),
    verdict: Says::Named(&[Blocked], &[StunDpi], Anomaly),
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
