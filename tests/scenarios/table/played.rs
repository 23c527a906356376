//! Somebody else answers: false certificates, block pages; and servers that answer nobody, or not our questions.

use crate::judge::connections_to;
use crate::people::{Life, SUBJECT};
use crate::scene::{Course, Goes, Never, PLAIN, Says, Scene};
use crate::seen::Seen;
use byway::lab::Action;
use byway::model::Confidence::Confirmed;
use byway::model::Phase::Blocked;
use byway::model::Technique::{HttpBlock, Mitm};
use byway::model::{Facet, Ground, LinkState, Phase};

pub(super) const MITM: Scene = Scene {
    number: 24,
    name: "mitm",
    what: "own CA on service name",
    subjects: &["signal", "discord"],
    course: Course::Falls(|stage| _ = stage.on_names(Action::Impersonate), 10),
    route: Goes::Tunnel,
    verdict: Says::Named(&[Blocked], &[Mitm], Confirmed),
    besides: bytes_after_mitm,
    ..PLAIN
};

/// After the verdict nothing goes there any more over the bare line: no person's byte, and no question of ours.
fn bytes_after_mitm(seen: &Seen) -> Vec<String> {
    let beliefs = seen.beliefs();
    let Some((at, _)) = beliefs.iter().find(|(_, belief)| belief.technique == Some(Mitm)) else { return Vec::new() };
    let after = connections_to(seen, &seen.addresses, *at);
    if after > 0 { vec![format!("{after} bare connections after the verdict")] } else { Vec::new() }
}

pub(super) const MITM_ALL: Scene = Scene {
    number: 25,
    name: "mitm-all",
    what: "own CA on everything",
    course: Course::Falls(|stage| _ = stage.on_everything(Action::Impersonate), 10),
    route: Goes::Hold,
    verdict: Says::Line(LinkState::LinkBad, &[Ground::Interception]),
    never: &[Never::Blocked, Never::Named(Mitm)],
    ..PLAIN
};

/// Somebody who reads pages in clear text.
const CLEAR: Life = Life { app: Some("http://web.whatsapp.com"), ..SUBJECT };

pub(super) const BLOCK_PAGE: Scene = Scene {
    number: 26,
    name: "blockpage",
    what: "HTTP 302 to stub",
    subjects: &["whatsapp"],
    facet: Facet::Web,
    people: &[CLEAR, SUBJECT, Life { app: Some("telegram"), ..SUBJECT }],
    course: Course::Falls(
        |stage| _ = stage.on_names(Action::BlockPage(String::from("http://stub.domestic.example/blocked"))),
        10,
    ),
    route: Goes::Tunnel,
    // Its TLS port is not blocked: questions there are answered, and canaries come and go.
    verdict: Says::Named(&[Blocked, Phase::Recovering], &[HttpBlock], Confirmed),
    never: &[Never::Mishap],
    ..PLAIN
};

pub(super) const SERVICE_DOWN: Scene = Scene {
    number: 35,
    name: "service-down",
    what: "endpoint refuses everywhere, tunnel too",
    course: Course::Falls(|stage| stage.country.take_down(stage.country.addresses(stage.subject)), 10),
    route: Goes::Hold,
    verdict: Says::In(Phase::ServiceDown),
    never: &[Never::Blocked],
    ..PLAIN
};

pub(super) const STALE_PROBE: Scene = Scene {
    number: 36,
    name: "stale-probe",
    what: "server closes after our hello, user flows fine",
    subjects: &["whatsapp"],
    // Used now and then, so that questions are asked in between.
    people: &[Life { pause: (60, 200), exchanges: 1, photos: 0, away: (600, 1500), ..SUBJECT }],
    course: Course::Falls(|stage| stage.country.refuse_bare_hello(true), 150),
    route: Goes::Direct,
    verdict: Says::In(Phase::ProbeStale),
    never: &[Never::Blocked, Never::Mishap],
    ..PLAIN
};
