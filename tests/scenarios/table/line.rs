//! The line itself: well, out, dead beyond the gateway, behind a portal.

use crate::scene::{Course, Goes, Never, PLAIN, Says, Scene};
use crate::seen::Seen;
use byway::lab::Action;
use byway::model::{Ground, LinkState};

pub(super) const CLEAN: Scene = Scene {
    number: 1,
    name: "clean",
    what: "nothing",
    course: Course::Falls(|_| {}, 10),
    route: Goes::Direct,
    verdict: Says::Works,
    never: &[Never::Blocked, Never::Mishap],
    besides: probed_in_use,
    ..PLAIN
};

/// A route that people use needs no probe.
fn probed_in_use(seen: &Seen) -> Vec<String> {
    let mine = format!("route={}", seen.route);
    let probes = seen.log_lines().filter(|line| line.contains("probe ") && line.contains(&mine));
    probes.map(|line| format!("a route in use is probed: {line}")).collect()
}

pub(super) const CABLE_OUT: Scene = Scene {
    number: 2,
    name: "cable-out",
    what: "link down",
    course: Course::Passes(|stage| _ = stage.on_everything(Action::LinkDown), 5, 5),
    route: Goes::Hold,
    verdict: Says::Line(LinkState::Offline, Ground::Unplugged),
    never: &[Never::Blocked],
    besides: unmoved,
    ..PLAIN
};

/// Nothing is believed of anybody that was not before.
fn unmoved(seen: &Seen) -> Vec<String> {
    let doubted = seen.watched.beliefs.iter().filter_map(|(route, beliefs)| {
        let bad = |phase| !matches!(phase, byway::model::Phase::Ok | byway::model::Phase::Unknown);
        let (_, belief) = beliefs.iter().find(|(at, belief)| *at > seen.onset && bad(belief.phase))?;
        Some(format!("{route} became {}", belief.phase))
    });
    doubted.collect()
}

pub(super) const GATEWAY_ONLY: Scene = Scene {
    number: 3,
    name: "gateway-only",
    what: "LAN ok, no upstream",
    course: Course::Passes(|stage| _ = stage.on_everything(Action::Drop), 5, 5),
    route: Goes::Hold,
    verdict: Says::Line(LinkState::Offline, Ground::NothingAnswers),
    never: &[Never::Blocked],
    ..PLAIN
};

pub(super) const CAPTIVE: Scene = Scene {
    number: 4,
    name: "captive-302",
    what: "all HTTP →302 login, TLS reset",
    course: Course::Passes(
        |stage| _ = stage.on_everything(Action::Captive(String::from("http://portal.domestic.example/welcome"))),
        5,
        5,
    ),
    route: Goes::Hold,
    verdict: Says::Line(LinkState::Captive, Ground::Portal),
    never: &[Never::Blocked],
    ..PLAIN
};
