//! Judgements, words, and what a shared check-up must never hold.

use super::*;
use crate::control::Stamp;
use crate::control::report::Up;
use crate::control::tests::checkup::{WELL, fixed_findings};
use crate::lang::{Tongue, Words};
use crate::model::{Cause, Ground, LinkState, Sign, TransportId};
use crate::probe::{ByFamily, Carried, Clock, FamilyFacts, LineFacts, NameFacts, PacketFacts};
use std::time::Duration;

fn codes(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|found| found.reason.as_str()).collect()
}

fn on(state: LinkState, ground: Ground) -> LineFacts {
    LineFacts { state, ground, ..WELL }
}

#[test]
fn the_line_is_judged_by_what_is_wrong_with_it_and_blamed_once() {
    let judged = |line: LineFacts| {
        let all = [portal(&line), clock(&line), internet(&line), mtu(&line)];
        all.map(|found| found.reason).join(" ")
    };
    for (line, wanted) in [
        (WELL, "portal_none clock_right internet_answers mtu_good"),
        (on(LinkState::Captive, Ground::Portal), "portal_there clock_right internet_unknown mtu_unknown"),
        (on(LinkState::Offline, Ground::NothingAnswers), "portal_unknown clock_right internet_silent mtu_unknown"),
        (on(LinkState::Whitelist, Ground::OnlyDomestic), "portal_none clock_right internet_domestic mtu_unknown"),
        (on(LinkState::LinkBad, Ground::Interception), "portal_none clock_right internet_intercepted mtu_unknown"),
        (on(LinkState::LinkBad, Ground::PathMtu), "portal_none clock_right internet_unknown mtu_hole"),
        (
            LineFacts { clock: Clock::Wrong, ..on(LinkState::LinkBad, Ground::Clock) },
            "portal_none clock_wrong internet_unknown mtu_unknown",
        ),
        (LineFacts { asks_canaries: false, ..WELL }, "portal_unknown clock_right internet_answers mtu_good"),
    ] {
        assert_eq!(judged(line), wanted, "{line:?}");
    }
}

#[test]
fn names_are_doubted_only_where_a_secure_resolver_knows_better() {
    let well = NameFacts { asked: 3, secure: 3, lie: None, system_answers: true };
    for (facts, wanted) in [
        (well, Reason::NamesAgree),
        (NameFacts { lie: Some(Sign::DnsLie), ..well }, Reason::NamesForged),
        (NameFacts { lie: Some(Sign::DnsSilent), ..well }, Reason::NamesSilent),
        (NameFacts { lie: Some(Sign::DnsSilent), system_answers: false, ..well }, Reason::NamesDead),
        (NameFacts { secure: 0, ..well }, Reason::NamesInsecure),
        (NameFacts { secure: 0, system_answers: false, ..well }, Reason::NamesUnknown),
        (NameFacts::default(), Reason::NamesUnknown),
    ] {
        assert_eq!(names(&facts).reason, wanted.code(), "{facts:?}");
    }
}

#[test]
fn families_and_packets_are_told_apart() {
    use ByFamily::{Absent, Silent, Untried, Works};
    for (v4, v6, wanted) in [
        (Works, Works, Reason::BothFamilies),
        (Works, Silent, Reason::V6Silent),
        (Silent, Works, Reason::V4Silent),
        (Works, Absent, Reason::OnlyV4),
        (Absent, Works, Reason::OnlyV6),
        (Silent, Silent, Reason::FamiliesUnknown),
        (Untried, Untried, Reason::FamiliesUnknown),
    ] {
        assert_eq!(families(&FamilyFacts { v4, v6 }).reason, wanted.code());
    }
    for (stun, other, wanted) in [
        (Some(true), Some(false), Reason::UdpWorks),
        (Some(false), Some(true), Reason::UdpNoStun),
        (Some(false), Some(false), Reason::UdpNone),
        (None, Some(false), Reason::UdpNone),
        (None, None, Reason::UdpUnknown),
    ] {
        assert_eq!(packets(&PacketFacts { stun, other }).reason, wanted.code());
    }
}

#[test]
fn a_way_is_told_how_far_it_came() {
    let id = TransportId::from("tokyo");
    for (carried, wanted) in [
        (Ok(Carried::Whole(Duration::from_millis(9))), Reason::WayCarries),
        (Ok(Carried::Answered(Duration::from_millis(9))), Reason::WayAnswers),
        (Ok(Carried::NotIn(Cause::AuthenticationFailed)), Reason::WayWrongKey),
        (Ok(Carried::NotIn(Cause::CertificateExpired)), Reason::WayCertificate),
        (Ok(Carried::NotIn(Cause::ConnectionRefused)), Reason::WayRefused),
        (Ok(Carried::NotIn(Cause::GenericTimeoutError)), Reason::WaySilent),
        (Ok(Carried::NotIn(Cause::ConnectionReset)), Reason::WayNotIn),
        (Ok(Carried::NotThrough(Cause::EofError)), Reason::WayNotThrough),
        (Ok(Carried::Stopped(Cause::StalledAfterBytes, 17_000)), Reason::WayStops),
        (Ok(Carried::NothingToAsk), Reason::WayUntested),
        (Err("no such device"), Reason::WayBroken),
    ] {
        let found = way(&id, carried);
        assert_eq!((found.reason.as_str(), found.state), (wanted.code(), wanted.state()));
    }
    assert_eq!(ways_left_out(0), None);
}

#[test]
fn doors_files_and_what_is_left_behind() {
    let door = |port, guarded, state| Door { address: ([127, 0, 0, 1], port).into(), guarded, state };
    let all =
        [door(4180, false, DoorState::Open), door(16_050, false, DoorState::Free), door(8080, true, DoorState::Taken)];
    assert_eq!(codes(&doors(&all)), ["listener_open", "listener_free", "port_scanned", "port_taken"]);
    assert_eq!(codes(&doors(&[])), ["listener_none"]);
    let file = |guarded| FileFacts { path: "/x".into(), guarded };
    assert_eq!(codes(&files(&[file(Guarded::Well), file(Guarded::Open { mode: 0o644 })])), ["file_open"]);
    assert_eq!(codes(&files(&[file(Guarded::Unknown)])), ["files_unguarded"]);
    assert_eq!(codes(&files(&[file(Guarded::Well)])), ["files_private"]);
    for (facts, proxy, wall) in [
        (None, State::NotApplicable, State::NotApplicable),
        (Some(LeftBehind::Nothing), State::Ok, State::Ok),
        (Some(LeftBehind::InForce), State::Ok, State::Ok),
        (Some(LeftBehind::Orphaned), State::Failed, State::Failed),
    ] {
        assert_eq!((system_proxy(facts).state, firewall(facts).state), (proxy, wall));
    }
    assert_eq!(version("1.0.0", Some("1.0.0")).state, State::Ok);
    assert_eq!(version("1.0.0", Some("0.9.0")).state, State::Warning);
}

#[test]
fn a_service_is_as_its_facets_are() {
    let of = |facets: &[Up]| {
        let facts = ServiceFacts { title: "Signal".into(), id: "signal".into(), facets: facets.to_vec() };
        services(&[facts])[0].reason.clone()
    };
    assert_eq!(of(&[Up::Yes, Up::Unsure]), "service_works");
    assert_eq!(of(&[Up::Yes, Up::No]), "service_partly");
    assert_eq!(of(&[Up::No, Up::Unsure]), "service_down");
    assert_eq!(of(&[Up::Unsure]), "service_unsure");
}

#[test]
fn the_gravest_finding_is_the_outcome() {
    let found = |check, reason| Finding::new(check, reason);
    let down = |id: &str| found(Check::Way, Reason::WaySilent).of(id);
    let up = found(Check::Way, Reason::WayCarries).of("direct");
    assert_eq!(Outcome::of(&[]), Outcome::Well);
    assert_eq!(Outcome::of(&[found(Check::Control, Reason::ControlNone)]), Outcome::Well, "a warning is no failure");
    assert_eq!(Outcome::of(&[down("a"), up.clone()]), Outcome::Degraded);
    assert_eq!(Outcome::of(&[down("a"), down("b")]), Outcome::NoWay);
    assert_eq!(Outcome::of(&[down("a"), found(Check::Route, Reason::RouteNone)]), Outcome::NoInternet);
    assert_eq!(
        Outcome::of(&[
            found(Check::Route, Reason::RouteNone),
            found(Check::Configuration, Reason::ConfigurationFaulty)
        ]),
        Outcome::Faulty
    );
}

#[test]
fn every_reason_has_its_words_in_every_language_and_every_trouble_one_remedy() {
    for tongue in Tongue::ALL {
        let words = Words::of(tongue);
        for reason in Reason::ALL {
            let finding = Finding::new(Check::Other, *reason);
            assert_ne!(why(&words, &finding), reason.code(), "{tongue:?}");
            let troubled = matches!(reason.state(), State::Warning | State::Failed);
            assert_eq!(remedy(&words, &finding).is_some(), troubled, "{}", reason.code());
            assert_ne!(remedy(&words, &finding).as_deref(), Some(reason.code()), "{tongue:?}");
            let key = format!("doctor-do-{}", reason.code().replace('_', "-"));
            assert_eq!(words.say(&key) != key, troubled, "{tongue:?}: a remedy that nobody reads");
        }
        for check in Check::ALL.into_iter().chain([Check::Other]) {
            assert!(!check_words(&words, check).starts_with("doctor-"), "{tongue:?} {check:?}");
        }
        for outcome in [Outcome::Well, Outcome::Degraded, Outcome::NoWay, Outcome::NoInternet, Outcome::Faulty] {
            assert!(!outcome_words(&words, outcome).starts_with("doctor-"), "{tongue:?} {outcome:?}");
        }
    }
}

#[test]
fn every_sentence_has_all_its_values() {
    let mut all = fixed_findings();
    all.extend(canaries());
    for tongue in Tongue::ALL {
        let words = Words::of(tongue);
        for finding in &all {
            let said = format!("{} {:?}", why(&words, finding), remedy(&words, finding));
            assert!(!said.contains("{$") && !said.contains("{ $"), "{tongue:?}: {said}");
        }
    }
}

#[test]
fn a_reason_of_another_version_is_said_as_it_stands() {
    let text = r#"{"check":"astrology","state":"failed","reason":"mars_is_wrong"}"#;
    let finding: Finding = serde_json::from_str(text).unwrap();
    assert_eq!(finding.check, Check::Other);
    assert_eq!(why(&Words::of(Tongue::Russian), &finding), "mars_is_wrong");
}

/// What must never leave: keys, servers, addresses, the user's name, a network's name, links.
const SECRETS: [&str; 11] = [
    "ss://YWVzLTI1Ni1nY206aHVudGVyMg@vpn.secret.example:8388#aunt",
    "vpn.secret.example",
    "hunter2horsebattery",
    "kFq3vX0cPz9uY7wT5rB1nM8sD6gH4jL2aE0iO3uQ1xC=",
    "203.0.113.77",
    "2001:db8:77::1",
    "/home/mina/byway/config.toml",
    "C:\\Users\\mina\\byway.toml",
    "aunt-marias-wifi",
    "d342d11e-d424-4583-b36e-524ab1f0afa4",
    "02:fc:aa:bb:cc:dd",
];

/// Findings with something secret in every field that can hold a text.
fn canaries() -> Vec<Finding> {
    let mut all = Vec::new();
    for secret in SECRETS {
        let place = || secret.to_owned();
        let faults = vec![format!("{secret}:3:1: transport.aunt.password: \"{secret}\" is wrong")];
        let id = TransportId::from(secret);
        all.extend(configuration(&ConfigurationFacts { file: Some(place()), faults, ..Default::default() }));
        let idle = vec![id.clone()];
        all.extend(configuration(&ConfigurationFacts { file: Some(place()), idle, ..Default::default() }));
        for guarded in [Guarded::Open { mode: 0o644 }, Guarded::Unreadable, Guarded::Unwritable] {
            all.extend(files(&[FileFacts { path: place(), guarded }]));
        }
        for facts in [
            ControlFacts::Stale { place: place() },
            ControlFacts::Forbidden { place: place() },
            ControlFacts::Silent { place: place() },
        ] {
            all.push(control(&facts));
        }
        all.extend(leftovers(&[place()]));
        all.push(way(&id, Err(&format!("the key of {secret} is wrong"))));
        all.push(way(&id, Ok(Carried::NotIn(Cause::GenericTimeoutError))));
        all.extend(services(&[ServiceFacts { title: place(), id: place(), facets: vec![Up::No] }]));
    }
    let address = "203.0.113.77:1080".parse().unwrap();
    for state in [DoorState::Open, DoorState::Free, DoorState::Taken, DoorState::Forbidden, DoorState::NotOurs] {
        all.extend(doors(&[Door { address, guarded: false, state }]));
    }
    all
}

#[test]
fn nothing_that_identifies_is_in_a_shared_check_up() {
    for tongue in Tongue::ALL {
        let all = canaries();
        let text = shared(&Words::of(tongue), &all, "1.0.0", "linux x86_64", Stamp::from_secs(1_785_680_220));
        for secret in SECRETS.into_iter().chain(["mina", "aunt", "secret", "hunter2", "203.0", "8388"]) {
            assert!(!text.contains(secret), "{secret} is in\n{text}");
        }
        assert!(text.contains("2026-08-02") && !text.contains("14:17"), "the day, and not the minute");
        assert!(text.contains("way_silent") && text.contains("file_open"), "the codes stay: {text}");
    }
}

#[test]
fn a_shared_check_up_tells_the_same_way_by_the_same_number_and_keeps_the_common_names() {
    let found = [
        way(&TransportId::from("direct"), Ok(Carried::Whole(Duration::ZERO))),
        way(&TransportId::from("tokyo"), Ok(Carried::NotIn(Cause::GenericTimeoutError))),
        way(&TransportId::from("aunt"), Ok(Carried::NotIn(Cause::GenericTimeoutError))),
        Finding::new(Check::Configuration, Reason::ConfigurationIdle).of("tokyo"),
    ];
    let text = shared(&Words::of(Tongue::English), &found, "1.0.0", "linux x86_64", Stamp::default());
    let headings: Vec<_> = text.lines().filter(|line| line.starts_with('[')).collect();
    assert_eq!(
        headings,
        [
            "[ok] way: direct (way_carries)",
            "[failed] way: t1 (way_silent)",
            "[failed] way: t2 (way_silent)",
            "[warning] configuration: t1 (configuration_idle)",
        ]
    );
}
