//! Packets to one service: dropped, refused, cut off after the hello, frozen.

use crate::people::{Life, SUBJECT};
use crate::scene::{Course, Goes, Never, PLAIN, Says, Scene};
use byway::lab::{Action, Rule, Target};
use byway::model::Confidence::{Anomaly, Confirmed};
use byway::model::Phase::{Blocked, Degraded, Recovering};
use byway::model::Technique::{Freeze, IpDrop, SniDropAnswer, SniDropHello, SniRst, TcpReject};
use std::net::IpAddr;
use std::time::Duration;

/// Services whose apps show a name in a TLS hello.
const NAMED: &[&str] = &["signal", "discord"];

pub(super) const IP_DROP_ALL: Scene = Scene {
    number: 8,
    name: "ip-drop-all",
    what: "drop all service prefixes",
    course: Course::Falls(|stage| _ = stage.on_addresses(Action::Drop), 10),
    route: Goes::Tunnel,
    verdict: Says::Named(&[Blocked], &[IpDrop], Anomaly),
    never: &[Never::Late],
    ..PLAIN
};

pub(super) const IP_DROP_ONE: Scene = Scene {
    number: 9,
    name: "ip-drop-one",
    what: "drop 1 of 4 endpoints",
    subjects: &["telegram", "signal"],
    course: Course::Falls(
        |stage| {
            // One that the app does not need: its name has another address, or it talks to another data centre.
            let dead: IpAddr = if stage.subject == "signal" { [15, 197, 251, 99] } else { [149, 154, 167, 91] }.into();
            stage.country.censor().block(Target::prefix(dead), Action::Drop);
        },
        15,
    ),
    route: Goes::Direct,
    verdict: Says::Works,
    never: &[Never::Blocked, Never::Mishap],
    ..PLAIN
};

pub(super) const SYN_RST: Scene = Scene {
    number: 10,
    name: "syn-rst",
    what: "RST to SYN on all",
    course: Course::Falls(|stage| _ = stage.on_addresses(Action::RejectSyn), 10),
    route: Goes::Tunnel,
    verdict: Says::Named(&[Blocked], &[TcpReject], Anomaly),
    never: &[Never::Late],
    ..PLAIN
};

pub(super) const ICMP_ADMIN: Scene = Scene {
    number: 11,
    name: "icmp-admin",
    what: "ICMP 3/13",
    course: Course::Falls(|stage| _ = stage.on_addresses(Action::Unreachable), 10),
    route: Goes::Tunnel,
    verdict: Says::Named(&[Blocked], &[TcpReject], Anomaly),
    never: &[Never::Late],
    ..PLAIN
};

pub(super) const SNI_RST: Scene = Scene {
    number: 12,
    name: "sni-rst",
    what: "RST after hello with name",
    subjects: NAMED,
    course: Course::Falls(|stage| _ = stage.on_names(Action::ResetHello), 10),
    route: Goes::Tunnel,
    verdict: Says::Named(&[Blocked], &[SniRst], Confirmed),
    never: &[Never::Late],
    ..PLAIN
};

pub(super) const SNI_FIN: Scene = Scene {
    number: 13,
    name: "sni-fin",
    what: "FIN with 0 bytes after hello",
    subjects: NAMED,
    course: Course::Falls(|stage| _ = stage.on_names(Action::EndHello), 10),
    route: Goes::Tunnel,
    verdict: Says::Named(&[Blocked], &[SniRst], Anomaly),
    never: &[Never::Late],
    ..PLAIN
};

pub(super) const HELLO_DROP: Scene = Scene {
    number: 14,
    name: "hello-drop",
    what: "client payload with name dropped",
    subjects: NAMED,
    course: Course::Falls(|stage| _ = stage.on_names(Action::DropHello), 10),
    route: Goes::Tunnel,
    verdict: Says::Named(&[Blocked], &[SniDropHello], Anomaly),
    never: &[Never::Late],
    ..PLAIN
};

pub(super) const HELLO_MUTE: Scene = Scene {
    number: 15,
    name: "hello-mute",
    what: "server payload dropped after hello",
    subjects: NAMED,
    course: Course::Falls(|stage| _ = stage.on_names(Action::MuteAnswer), 10),
    route: Goes::Tunnel,
    verdict: Says::Named(&[Blocked], &[SniDropAnswer], Anomaly),
    never: &[Never::Late],
    ..PLAIN
};

pub(super) const RESIDUAL: Scene = Scene {
    number: 16,
    name: "residual-75",
    what: "12 + all to (ip,port) dropped 75 s",
    subjects: NAMED,
    course: Course::Falls(
        |stage| {
            let rule = Rule::new(stage.names(), Action::ResetHello).residual(Duration::from_secs(75));
            stage.country.censor().add(rule);
        },
        12,
    ),
    route: Goes::Tunnel,
    verdict: Says::Named(&[Blocked], &[SniRst], Anomaly),
    never: &[Never::Named(IpDrop)],
    ..PLAIN
};

/// Somebody who sends photos.
const PHOTOS: Life = Life { photos: 40, ..SUBJECT };

pub(super) const FREEZE: Scene = Scene {
    number: 17,
    name: "freeze-16k",
    what: "drop after 16 000 reply bytes",
    people: &[PHOTOS, Life { app: Some("signal"), ..SUBJECT }, Life { app: Some("www.messenger.com"), ..SUBJECT }],
    course: Course::Falls(|stage| _ = stage.on_addresses(Action::FreezeBytes(16_000)), 10),
    route: Goes::Tunnel,
    // Small answers still come: the block is recovering from the next of them on, and its verdict stands meanwhile.
    verdict: Says::Named(&[Degraded, Blocked, Recovering], &[Freeze], Anomaly),
    never: &[Never::Late],
    ..PLAIN
};

pub(super) const FREEZE_25: Scene = Scene {
    number: 18,
    name: "l4-25",
    what: "drop after 25 packets both ways, small packets too",
    course: Course::Falls(|stage| _ = stage.on_addresses(Action::FreezePackets(25)), 10),
    never: &[],
    ..FREEZE
};
