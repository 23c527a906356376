//! Slowness that somebody makes.

use crate::people::{Life, SUBJECT};
use crate::scene::{Course, Goes, PLAIN, Says, Scene};
use crate::seen::Seen;
use byway::lab::Action;
use byway::model::Confidence::Anomaly;
use byway::model::Facet;
use byway::model::Phase::{Blocked, Degraded};
use byway::model::Technique::Throttled;
use std::time::Duration;

/// Somebody who looks at one picture after another.
const PICTURES: Life =
    Life { app: Some("mmg.whatsapp.net"), pause: (1, 5), exchanges: 30, photos: 100, away: (5, 10), ..SUBJECT };

pub(super) const POLICED: Scene = Scene {
    number: 19,
    name: "police-130k",
    what: "130 kbit/s on prefix",
    subjects: &["whatsapp"],
    facet: Facet::Media,
    people: &[PICTURES, SUBJECT, Life { app: Some("signal"), ..SUBJECT }],
    course: Course::Falls(|stage| _ = stage.on_addresses(Action::Throttle { bytes_per_second: 16_250 }), 10),
    route: Goes::Any,
    verdict: Says::Named(&[Degraded], &[Throttled], Anomaly),
    besides: text_stays_and_it_is_said_soon,
    ..PLAIN
};

/// Chats stay on the direct way, and pictures are said to be slow within a minute of use.
fn text_stays_and_it_is_said_soon(seen: &Seen) -> Vec<String> {
    let mut faults = Vec::new();
    let ways = seen.ways(seen.subject, Facet::Text);
    if ways.iter().any(|(_, way)| way != "direct") {
        faults.push(format!("text went {ways:?}"));
    }
    let named = seen.beliefs().iter().find(|(_, belief)| belief.technique == Some(Throttled)).map(|(at, _)| *at);
    let late = named.map(|at| at - seen.onset);
    // Pictures are looked at all the time: a pause between two of them is no use.
    if late.is_none_or(|late| late > Duration::from_secs(60 + 10)) {
        faults.push(format!("named after {late:?}"));
    }
    faults
}

pub(super) const CRAWLING: Scene = Scene {
    number: 20,
    name: "police-650B",
    what: "650 B/s",
    people: &[Life { photos: 30, ..SUBJECT }, Life { app: Some("www.messenger.com"), ..SUBJECT }],
    course: Course::Falls(|stage| _ = stage.on_addresses(Action::Throttle { bytes_per_second: 650 }), 10),
    route: Goes::Tunnel,
    verdict: Says::Named(&[Degraded, Blocked], &[Throttled], Anomaly),
    ..PLAIN
};
