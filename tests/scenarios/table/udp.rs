//! QUIC and calls. Packets of people do not come in by memory, so here the questions tell: the facet is in use, and
//! byway finds out for itself.

use crate::people::{HOUSEHOLD, SUBJECT};
use crate::scene::{Course, Goes, PLAIN, Says, Scene};
use crate::seen::Seen;
use crate::stage::{Stage, mins};
use byway::lab::{Action, Rule, Target};
use byway::model::Confidence::Anomaly;
use byway::model::Phase::{Blocked, Ok, Unknown};
use byway::model::Technique::{QuicBlock, StunDpi, UdpBlocked};
use byway::model::{Facet, L4, Route};
use futures_util::FutureExt;
use std::time::Duration;
use tokio::time::{Instant, sleep};

pub(super) const QUIC: Scene = Scene {
    number: 27,
    name: "quic-sni",
    what: "drop v1 Initial with name",
    subjects: &["whatsapp"],
    facet: Facet::Web,
    l4: L4::Udp,
    people: &[crate::people::Life { app: Some("web.whatsapp.com"), ..SUBJECT }, SUBJECT],
    course: Course::Story(|stage| {
        in_use(stage, |stage| {
            let rule = Rule::new(stage.names(), Action::DropQuic).residual(Duration::from_secs(420));
            stage.country.censor().add(rule);
        })
        .boxed()
    }),
    route: Goes::Any,
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
    people: HOUSEHOLD,
    course: Course::Story(|stage| {
        in_use(stage, |stage| {
            stage.country.censor().block(Target::everything().except_port(53), Action::DropUdp);
        })
        .boxed()
    }),
    route: Goes::Any,
    verdict: Says::Named(&[Blocked], &[UdpBlocked], Anomaly),
    besides: streams_are_well,
    ..PLAIN
};

pub(super) const STUN: Scene = Scene {
    number: 29,
    name: "stun-dpi",
    what: "drop packets with STUN magic",
    course: Course::Story(|stage| in_use(stage, |stage| _ = stage.on_everything(Action::DropStun)).boxed()),
    verdict: Says::Named(&[Blocked], &[StunDpi], Anomaly),
    ..UDP_OFF
};

/// The facet is in use all the time; in the midst of it this falls.
async fn in_use(stage: &Stage, falls: fn(&Stage)) {
    let used = || stage.byway.board().used(stage.route());
    let pass = |span: Duration| async move {
        let ends = Instant::now() + span;
        while Instant::now() < ends {
            used();
            sleep(stage.draw(20, 60)).await;
        }
    };
    pass(mins(10) + stage.draw(0, 120)).await;
    stage.onset();
    falls(stage);
    pass(mins(40)).await;
}

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
