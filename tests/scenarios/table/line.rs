//! The line itself: well, out, dead beyond the gateway, behind a portal.

use crate::people::{Life, SUBJECT};
use crate::scene::{Course, Goes, Never, PLAIN, Says, Scene};
use crate::seen::Seen;
use crate::stage::Stage;
use byway::lab::people::{App, Tally};
use byway::lab::{Action, Protocol, Target};
use byway::model::{Ground, LinkState, Partial, Technique};
use futures_util::FutureExt;
use std::time::Duration;

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
    verdict: Says::Line(LinkState::Offline, &[Ground::Unplugged]),
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
    verdict: Says::Line(LinkState::Offline, &[Ground::NothingAnswers]),
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
    verdict: Says::Line(LinkState::Captive, &[Ground::Portal]),
    never: &[Never::Blocked],
    ..PLAIN
};

pub(super) const WHITELIST: Scene = Scene {
    number: 32,
    name: "whitelist",
    what: "only domestic IPs pass, SYN to others answered, payload dropped",
    people: WITH_DOMESTIC,
    course: Course::Passes(
        |stage| {
            stage.country.censor().add(stage.country.whitelist());
        },
        8,
        8,
    ),
    route: Goes::Hold,
    verdict: Says::Line(LinkState::Whitelist, &[Ground::OnlyDomestic]),
    never: &[Never::Blocked],
    ..PLAIN
};

/// People who also read the news of their own country.
const WITH_DOMESTIC: &[Life] =
    &[SUBJECT, Life { app: Some("telegram"), ..SUBJECT }, Life { app: Some("news.domestic.example"), ..SUBJECT }];

pub(super) const MTU: Scene = Scene {
    number: 38,
    name: "mtu-hole",
    what: "ICMP-less 1300 B MTU",
    people: PHOTOS,
    course: Course::Passes(|stage| _ = stage.on_everything(Action::DropLarger(1240)), 8, 5),
    route: Goes::Hold,
    verdict: Says::Line(LinkState::LinkBad, &[Ground::PathMtu]),
    never: &[Never::Blocked, Never::Named(Technique::Freeze)],
    ..PLAIN
};

/// People who send photos.
const PHOTOS: &[Life] = &[
    Life { photos: 30, ..SUBJECT },
    Life { app: Some("telegram"), photos: 30, ..SUBJECT },
    Life { app: Some("signal"), ..SUBJECT },
];

pub(super) const CLOCK: Scene = Scene {
    number: 39,
    name: "clock-skew",
    what: "client date +2 y",
    world: |world| world.clock_skew(2 * 365 * 86_400),
    course: Course::Story(|stage| {
        async move {
            stage.onset();
            tokio::time::sleep(crate::stage::mins(12) + stage.draw(0, 120)).await;
        }
        .boxed()
    }),
    route: Goes::Hold,
    verdict: Says::Line(LinkState::LinkBad, &[Ground::Clock]),
    never: &[Never::Blocked, Never::Named(Technique::Mitm)],
    ..PLAIN
};

pub(super) const SIX: Scene = Scene {
    number: 37,
    name: "v4-only-block",
    what: "v4 dropped, v6 clean",
    subjects: &["whatsapp", "signal"],
    world: byway::lab::World::dual_stack,
    course: Course::Falls(
        |stage| {
            stage.country.censor().block(stage.country.target_v4(stage.subject), Action::Drop);
        },
        15,
    ),
    route: Goes::Direct,
    // Of the route as a whole: it works, by its other family. That the first does not answer is said beside it.
    verdict: Says::Works,
    never: &[Never::Blocked, Never::Mishap],
    besides: |seen| match seen.partial {
        Some(Partial::OnlyIpv6) => Vec::new(),
        other => vec![format!("of the addresses it says {other:?}")],
    },
    ..PLAIN
};

pub(super) const BURST: Scene = Scene {
    number: 33,
    name: "burst-police",
    what: "4th TLS to one SNI in 400 ms → 120 s drop",
    subjects: &["discord", "signal"],
    people: BROWSER,
    course: Course::Story(|stage| bursts(stage).boxed()),
    route: Goes::Direct,
    verdict: Says::Works,
    never: &[Never::Blocked, Never::Mishap],
    ..PLAIN
};

const BROWSER: &[Life] = &[SUBJECT, Life { app: Some("telegram"), ..SUBJECT }];

/// Now and then an app opens six connections at once, as browsers do.
async fn bursts(stage: &Stage) {
    let police =
        Action::PoliceBurst { hellos: 4, within: Duration::from_millis(400), freeze: Duration::from_secs(120) };
    stage.country.censor().block(Target::protocol(Protocol::Tls), police);
    stage.onset();
    let app = App::of(if stage.subject == "discord" { "discord.com" } else { stage.subject });
    for _ in 0..4 {
        tokio::time::sleep(stage.draw(60, 180)).await;
        let person = stage.person();
        let opened = Tally::of(&person, &app, 6, Duration::from_millis(5)).await;
        if !opened.mishaps().is_empty() {
            stage.foul(format!("of six at once failed {:?}", opened.mishaps()));
        }
    }
    tokio::time::sleep(crate::stage::mins(3)).await;
}
