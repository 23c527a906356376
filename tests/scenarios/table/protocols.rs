//! Protocols recognised by their first bytes, and what is left when only they are stopped.

use crate::people::{Life, SUBJECT};
use crate::scene::{Course, Goes, PLAIN, Says, Scene};
use crate::seen::Seen;
use byway::lab::{Action, Protocol, Target};
use byway::model::Confidence::{Anomaly, Confirmed};
use byway::model::Phase::Blocked;
use byway::model::Technique::ProtoBlock;
use byway::model::{Facet, Phase};

/// WhatsApp in a browser.
const WEB: Life = Life { app: Some("web.whatsapp.com"), ..SUBJECT };

fn no_noise(stage: &crate::stage::Stage) {
    stage.country.censor().block(Target::protocol(Protocol::Noise), Action::DropHello);
}

pub(super) const NOISE: Scene = Scene {
    number: 30,
    name: "noise-fp",
    what: "drop flows starting `WA 06` or `ED 00 01`",
    subjects: &["whatsapp"],
    people: &[SUBJECT, WEB, Life { app: Some("signal"), ..SUBJECT }],
    course: Course::Falls(no_noise, 12),
    route: Goes::Tunnel,
    verdict: Says::Named(&[Blocked], &[ProtoBlock], Confirmed),
    besides: web_is_well,
    ..PLAIN
};

/// The web front is on its own way and nobody blames it.
fn web_is_well(seen: &Seen) -> Vec<String> {
    let mut faults = Vec::new();
    let ways = seen.ways(seen.subject, Facet::Web);
    if ways.iter().any(|(_, way)| way != "direct") {
        faults.push(format!("web went {ways:?}"));
    }
    let web = byway::model::Route { facet: Facet::Web, ..seen.route.clone() };
    if seen.beliefs_of(&web).iter().any(|(_, belief)| !matches!(belief.phase, Phase::Ok | Phase::Unknown)) {
        faults.push(String::from("web is blamed"));
    }
    faults
}

pub(super) const ALL_BUT_WEB: Scene = Scene {
    number: 45,
    name: "all-dead-but-web",
    what: "raw chat blocked, wss web ok",
    subjects: &["whatsapp"],
    people: &[SUBJECT, WEB],
    // The tunnels are dead as well: the web is all that is left.
    course: Course::Falls(
        |stage| {
            no_noise(stage);
            for server in stage.country.tunnel_servers() {
                stage.country.censor().block(Target::prefix(server), Action::Drop);
            }
        },
        15,
    ),
    // The rules name no way for it: all of them are dead.
    route: Goes::Any,
    verdict: Says::Named(&[Blocked, Phase::Suspect], &[ProtoBlock], Anomaly),
    never: &[],
    besides: web_is_well,
    ..PLAIN
};
