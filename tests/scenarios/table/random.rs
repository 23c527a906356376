//! Chance: packets lost at random on one service or on everything, flows killed now and then.

use crate::scene::{Course, Goes, Never, PLAIN, Says, Scene};
use crate::seen::Seen;
use byway::lab::{Action, Direction, Rule};
use byway::model::Confidence::Anomaly;
use byway::model::Phase::{Blocked, Degraded};
use byway::model::Technique::{IpDrop, RandomDrop, SniDropHello, Throttled};
use byway::model::{Ground, LinkState, Phase};
use std::time::Duration;

const fn lose(percent: u8) -> Action {
    Action::Lose { percent, direction: Direction::Both }
}

pub(super) const RANDOM_60: Scene = Scene {
    number: 21,
    name: "rand-drop-60",
    what: "60 % both ways on prefix",
    course: Course::Falls(|stage| _ = stage.on_addresses(lose(60)), 12),
    route: Goes::Tunnel,
    verdict: Says::Named(&[Degraded], &[RandomDrop], Anomaly),
    ..PLAIN
};

pub(super) const RANDOM_95: Scene = Scene {
    number: 22,
    name: "rand-drop-95",
    what: "95 % both ways",
    course: Course::Falls(|stage| _ = stage.on_addresses(lose(95)), 12),
    route: Goes::Tunnel,
    verdict: Says::Named(&[Blocked], &[IpDrop], Anomaly),
    never: &[Never::Named(Throttled)],
    ..PLAIN
};

pub(super) const CONGESTED: Scene = Scene {
    number: 23,
    name: "congested-link",
    what: "20 % loss + 300 ms for everything",
    course: Course::Passes(
        |stage| {
            stage.on_everything(Action::Delay(Duration::from_millis(300)));
            stage.on_everything(lose(20));
        },
        8,
        5,
    ),
    route: Goes::Hold,
    verdict: Says::Line(LinkState::LinkBad, &[Ground::Lossy, Ground::TooFew]),
    never: &[Never::Blocked],
    ..PLAIN
};

pub(super) const FLAKY: Scene = Scene {
    number: 34,
    name: "flaky-26",
    what: "26 % of flows killed, 180 s 3-tuple",
    course: Course::Falls(
        |stage| {
            let rule = Rule::new(stage.addresses(), Action::DropHello).chance(26).residual(Duration::from_secs(180));
            stage.country.censor().add(rule);
        },
        60,
    ),
    route: Goes::Tunnel,
    // About ten flows until three were killed; the rest is people's leisure. The punished minutes count nothing.
    verdict: Says::Named(&[Blocked, Phase::Recovering], &[RandomDrop, SniDropHello, IpDrop], Anomaly),
    besides: no_way_back,
    ..PLAIN
};

/// Once it is called blocked, nobody goes that way again.
fn no_way_back(seen: &Seen) -> Vec<String> {
    let beliefs = seen.beliefs();
    let Some((at, _)) = beliefs.iter().find(|(_, belief)| belief.phase == Blocked) else { return Vec::new() };
    let ways = seen.ways(seen.subject, seen.facet);
    let back = ways.iter().find(|(when, way)| when > at && way == "direct");
    back.map(|_| String::from("it flaps")).into_iter().collect()
}
