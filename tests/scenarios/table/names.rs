//! The resolver: a name that is said not to exist, forged answers, silence.

use crate::people::{Life, SUBJECT};
use crate::scene::{Course, Goes, Never, PLAIN, Says, Scene};
use byway::lab::{Action, Lie, Target};
use byway::model::Technique::DnsTamper;
use byway::model::{Confidence, Facet, Phase};

const WEB: Life = Life { app: Some("web.whatsapp.com"), ..SUBJECT };
const CHAT: Life = Life { app: Some("telegram"), ..SUBJECT };

pub(super) const NX_ONE: Scene = Scene {
    number: 5,
    name: "dns-nx-one",
    what: "resolver NX for whatsapp.com only",
    subjects: &["whatsapp"],
    facet: Facet::Web,
    people: &[WEB, SUBJECT, CHAT],
    course: Course::Falls(
        |stage| _ = stage.country.censor().block(Target::name("whatsapp.com"), Action::NoSuchName),
        10,
    ),
    route: Goes::Direct,
    verdict: Says::Named(&[Phase::Ok, Phase::Unknown], &[DnsTamper], Confidence::Anomaly),
    never: &[Never::Blocked, Never::Mishap],
    ..PLAIN
};

pub(super) const DEAD: Scene = Scene {
    number: 7,
    name: "dns-dead",
    what: "resolver silent for all",
    subjects: &["whatsapp", "signal"],
    course: Course::Falls(|stage| _ = stage.on_everything(Action::SilentResolver), 10),
    route: Goes::Hold,
    verdict: Says::Works,
    never: &[Never::Blocked],
    ..PLAIN
};

pub(super) const INJECT: Scene = Scene {
    number: 6,
    name: "dns-inject",
    what: "forged NX first, true answer 80 ms later",
    course: Course::Falls(
        |stage| {
            stage.country.censor().block(Target::name("whatsapp.com"), Action::InjectDns(Lie::NoSuchName));
        },
        10,
    ),
    verdict: Says::Named(&[Phase::Ok, Phase::Unknown], &[DnsTamper], Confidence::Confirmed),
    ..NX_ONE
};
