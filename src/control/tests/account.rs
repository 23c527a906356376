//! What `report` adds up: whose time is whose, and what is left out.

use super::world::{clock, fixed_account, route, service};
use crate::control::report::{Account, Present, Spread, WayAccount, Window, account, percent};
use crate::control::{Entry, Stamp};
use crate::model::*;
use std::time::Duration;

const HOME: NetworkId = NetworkId(7);
const AWAY: NetworkId = NetworkId(8);

/// Minutes after an hour that is whole.
fn min(minutes: u64) -> Stamp {
    Stamp::from_secs(1_785_672_000 + minutes * 60)
}

fn entry(minutes: u64, record: Record) -> Entry {
    Entry { at: min(minutes), record }
}

fn turn_of(transport: &str, network: NetworkId, from: Phase, to: Phase) -> Record {
    let verdict = match to {
        Phase::Blocked => Verdict::Blocked(Technique::SniRst),
        Phase::Degraded => Verdict::Degraded(Technique::Throttled),
        Phase::ServiceDown => Verdict::Down,
        _ => Verdict::Works,
    };
    Record::Transition(Transition {
        route: route("telegram", Facet::Text, transport),
        network,
        from,
        to,
        verdict,
        confidence: Confidence::Anomaly,
        score: 0.0,
        why: vec![],
        endpoints: 1,
        took_ms: 20_000,
        next_secs: None,
    })
}

fn turn(from: Phase, to: Phase) -> Record {
    turn_of("direct", HOME, from, to)
}

fn link(from: LinkState, to: LinkState) -> Record {
    Record::Link { network: HOME, from, to, ground: Ground::NothingAnswers }
}

fn takes(to: Option<&str>) -> Record {
    Record::Way(WayChange {
        service: "telegram".into(),
        facet: Facet::Text,
        from: None,
        to: to.map(Into::into),
        why: String::new(),
        delay_ms: 0,
    })
}

fn carried(transport: &str, answered: u32, saved: u32, lost: u32) -> Carried {
    Carried { route: route("telegram", Facet::Text, transport), answered, saved, lost }
}

fn told(entries: &[Entry], present: Option<&Present>, since: u64, until: u64) -> Account {
    let telegram = service("telegram", "Telegram");
    account(entries, present, &[&telegram], Window { since: min(since), until: min(until) })
}

fn way<'a>(account: &'a Account, transport: &str) -> &'a WayAccount {
    let mut ways = account.services[0].facets.iter().flat_map(|facet| &facet.ways);
    ways.find(|way| way.transport.as_str() == transport).unwrap()
}

fn minutes(way: &WayAccount) -> (u64, u64, u64) {
    (way.worked_secs / 60, way.failed_secs / 60, way.unknown_secs / 60)
}

/// A process that goes on running.
fn alive(began: u64) -> Present {
    Present { began: min(began), ..Present::default() }
}

#[test]
fn time_is_counted_only_while_byway_runs_on_a_line_that_is_well() {
    use LinkState::{Offline, Online};
    use Phase::{Blocked, Ok, Suspect, Unknown};
    let past = [
        entry(0, Record::Started),
        entry(10, turn(Unknown, Ok)),
        entry(20, link(Online, Offline)),
        entry(30, link(Offline, Online)),
        entry(39, turn(Ok, Suspect)),
        entry(40, turn(Suspect, Blocked)),
        entry(55, turn(Blocked, Ok)),
        entry(60, Record::Stopped),
        entry(120, Record::Started),
    ];
    let found = told(&past, Some(&alive(120)), 0, 130);
    assert_eq!((found.ran_secs / 60, found.online_secs / 60), (70, 60));
    // Well 10–20, 30–39 and 55–60; badly 39–55; before 10 and after 120 nothing was known.
    assert_eq!(minutes(way(&found, "direct")), (24, 16, 20));
    assert_eq!(way(&found, "direct").worked_words().as_deref(), Some("60 %"));
}

#[test]
fn without_a_running_byway_nothing_is_claimed_after_the_last_record() {
    let past =
        [entry(0, Record::Started), entry(10, turn(Phase::Unknown, Phase::Ok)), entry(20, takes(Some("direct")))];
    let found = told(&past, None, 0, 600);
    assert_eq!((found.ran_secs / 60, minutes(way(&found, "direct"))), (20, (10, 0, 10)));
}

#[test]
fn an_end_that_nobody_recorded_ends_with_the_last_record() {
    let past = [
        entry(0, Record::Started),
        entry(10, turn(Phase::Unknown, Phase::Ok)),
        entry(30, Record::Carried { secs: 1800, routes: vec![] }),
        entry(300, Record::Started),
    ];
    let found = told(&past, Some(&alive(300)), 0, 310);
    assert_eq!((found.ran_secs / 60, minutes(way(&found, "direct"))), (40, (20, 0, 20)));
}

#[test]
fn what_held_when_the_window_begins_is_known_from_before() {
    let past = [
        entry(0, Record::Started),
        entry(5, turn(Phase::Unknown, Phase::Ok)),
        entry(6, turn(Phase::Suspect, Phase::Blocked)),
        entry(50, Record::Carried { secs: 3000, routes: vec![carried("direct", 9, 0, 9)] }),
        entry(110, Record::Carried { secs: 3600, routes: vec![carried("direct", 4, 0, 1)] }),
        entry(130, turn(Phase::Blocked, Phase::Ok)),
    ];
    let found = told(&past, Some(&alive(0)), 100, 160);
    let direct = way(&found, "direct");
    assert_eq!(minutes(direct), (30, 30, 0));
    assert_eq!((direct.answered, direct.lost), (4, 1), "what was counted before the window is not counted");
    assert!(direct.verdicts.is_empty() && direct.detect_ms.is_none(), "nor is the verdict");
    assert_eq!(direct.recover_secs, Some(Spread { times: 1, median: 124 * 60, max: 124 * 60 }));
}

#[test]
fn each_network_has_beliefs_of_its_own() {
    let past = [
        entry(0, Record::Started),
        entry(0, turn(Phase::Unknown, Phase::Blocked)),
        entry(10, Record::Network { network: AWAY }),
        entry(15, turn_of("direct", AWAY, Phase::Unknown, Phase::Ok)),
        entry(35, Record::Network { network: HOME }),
    ];
    let found = told(&past, Some(&alive(0)), 0, 60);
    let direct = way(&found, "direct");
    assert_eq!(minutes(direct), (20, 35, 5));
    assert_eq!(direct.recover_secs, None, "another network is no recovery");
}

#[test]
fn what_a_long_running_byway_believes_counts_though_its_history_has_forgotten_it() {
    let standings = vec![
        (route("telegram", Facet::Text, "direct"), Phase::Ok, min(0)),
        (route("telegram", Facet::Text, "tokyo"), Phase::Unknown, min(0)),
    ];
    let present = Present { standings, ..alive(0) };
    // The oldest record left is an hour old.
    let past = [
        entry(940, link(LinkState::Online, LinkState::Offline)),
        entry(950, link(LinkState::Offline, LinkState::Online)),
    ];
    let found = told(&past, Some(&present), 900, 1000);
    assert_eq!(minutes(way(&found, "direct")), (90, 0, 0));
    assert_eq!(found.services[0].facets[0].ways.len(), 1, "nothing is known of tokyo");
    // A journal that still has it is not counted twice.
    let past = [entry(0, Record::Started), entry(0, turn(Phase::Unknown, Phase::Ok))];
    assert_eq!(minutes(way(&told(&past, Some(&present), 0, 100), "direct")), (100, 0, 0));
}

#[test]
fn verdicts_are_counted_with_how_long_they_took_and_lasted() {
    use Phase::{Blocked, Degraded, Ok, Recovering, ServiceDown, Suspect};
    let past = [
        entry(0, Record::Started),
        entry(1, turn(Suspect, Blocked)),
        entry(8, turn(Blocked, Recovering)),
        entry(11, turn(Recovering, Ok)),
        entry(20, turn(Suspect, Blocked)),
        // The same state said again, with another resolver's word: no second verdict.
        entry(21, turn(Blocked, Blocked)),
        entry(50, turn(Blocked, Ok)),
        entry(60, turn(Ok, Degraded)),
        entry(61, turn(Degraded, Ok)),
        entry(62, turn(Suspect, ServiceDown)),
        entry(63, turn(ServiceDown, Ok)),
    ];
    let found = told(&past, Some(&alive(0)), 0, 70);
    let direct = way(&found, "direct");
    let counted: Vec<_> = direct.verdicts.iter().map(|count| (count.verdict, count.times)).collect();
    assert_eq!(
        counted,
        [(Verdict::Blocked(Technique::SniRst), 2), (Verdict::Degraded(Technique::Throttled), 1), (Verdict::Down, 1)]
    );
    assert_eq!(direct.detect_ms, Some(Spread { times: 3, median: 20_000, max: 20_000 }));
    assert_eq!(direct.recover_secs, Some(Spread { times: 2, median: 1800, max: 1800 }));
}

#[test]
fn the_way_in_use_is_told_by_its_share() {
    let past = [
        entry(0, Record::Started),
        entry(0, turn(Phase::Unknown, Phase::Ok)),
        entry(0, turn_of("tokyo", HOME, Phase::Unknown, Phase::Ok)),
        entry(10, takes(Some("direct"))),
        entry(40, takes(Some("tokyo"))),
        entry(50, takes(None)),
    ];
    let found = told(&past, Some(&alive(0)), 0, 60);
    assert_eq!((way(&found, "direct").used_secs / 60, way(&found, "tokyo").used_secs / 60), (30, 10));
    assert_eq!(found.services[0].facets[0].no_way_secs / 60, 10);
}

#[test]
fn what_is_counted_since_the_last_record_is_added() {
    let past =
        [entry(0, Record::Started), entry(59, Record::Carried { secs: 3540, routes: vec![carried("tokyo", 5, 2, 0)] })];
    let present = Present { carried: vec![carried("tokyo", 3, 1, 1), carried("direct", 1, 0, 0)], ..alive(0) };
    let found = told(&past, Some(&present), 0, 70);
    let service = &found.services[0];
    assert_eq!((service.answered, service.saved, service.lost), (9, 3, 1));
    assert_eq!(service.sentence, "Telegram: 3 connections saved, 1 lost.");
}

#[test]
fn one_sentence_tells_the_whole() {
    use Phase::{Blocked, Ok, Unknown};
    let well = || entry(0, turn(Unknown, Ok));
    let sentence = |more: Vec<Entry>, carried: Vec<Carried>| {
        let past: Vec<_> = [entry(0, Record::Started), well()].into_iter().chain(more).collect();
        told(&past, Some(&Present { carried, ..alive(0) }), 0, 100).services[0].sentence.clone()
    };
    let blocked = || vec![entry(62, turn(Ok, Blocked))];
    assert_eq!(sentence(vec![], vec![]), "Telegram: direct worked all the time.");
    assert_eq!(
        sentence(vec![], vec![carried("direct", 1, 0, 0)]),
        "Telegram: direct worked all the time; 1 connection, 0 lost."
    );
    assert_eq!(
        sentence(blocked(), vec![carried("tokyo", 60, 41, 0)]),
        "Telegram: direct worked 62 % of the time; tokyo carried the rest; 41 connections saved, 0 lost."
    );
    assert_eq!(
        sentence(blocked(), vec![carried("tokyo", 60, 41, 2), carried("split", 3, 1, 0)]),
        "Telegram: direct worked 62 % of the time; split and tokyo stood in; 42 connections saved, 2 lost."
    );
    let never = vec![entry(0, turn(Unknown, Blocked))];
    assert_eq!(sentence(never, vec![]), "Telegram: direct worked 0 % of the time.");
    assert_eq!(
        sentence(blocked(), vec![carried("direct", 3, 0, 5)]),
        "Telegram: direct worked 62 % of the time; 3 connections, 5 lost."
    );
}

#[test]
fn all_is_said_only_of_all_and_nothing_only_of_nothing() {
    let words = [(0, 0), (0, 9), (9, 9), (1, 1000), (999, 1000), (62, 100)].map(|(part, whole)| percent(part, whole));
    let words: Vec<_> = words.iter().map(|words| words.as_deref().unwrap_or("-")).collect();
    assert_eq!(words, ["-", "0 %", "100 %", "under 1 %", "over 99 %", "62 %"]);
}

#[test]
fn a_clock_that_was_set_back_gives_no_time_twice() {
    let past = [
        entry(0, Record::Started),
        entry(0, turn(Phase::Unknown, Phase::Ok)),
        entry(50, takes(Some("direct"))),
        entry(20, takes(Some("direct"))),
    ];
    assert_eq!(minutes(way(&told(&past, Some(&alive(0)), 0, 60), "direct")), (60, 0, 0));
}

#[test]
fn services_come_in_the_configured_order_and_read_back_as_they_were() {
    let found = fixed_account();
    let ids: Vec<_> = found.services.iter().map(|service| service.id.as_str()).collect();
    assert_eq!((ids, found.at.since(found.since)), (vec!["telegram", "whatsapp"], Duration::from_secs(3600)));
    assert_eq!(found.at, clock().wall);
    let text = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<Account>(&text).unwrap(), found);
}
