//! Beliefs, records and an operator with fixed contents, for tests here and in the commands.

pub(crate) use super::checkup::fixed_check_up;
pub(crate) use super::operator::Fixed;
use crate::board::RouteStory;
use crate::control::report::{
    Account, Counters, FacetFacts, FlowLine, Measurement, Present, Running, Seen, ServiceFacts, Status, TransportLine,
    Why, Window, account, measurements, status, why,
};
use crate::control::{Cell, Clock, Entry, ProbeItem, Refusal, RefusalCode, Stamp};
use crate::model::*;
use std::time::Duration;

/// 2026-08-02T14:17:00Z, one hour after the program's origin.
pub(crate) fn clock() -> Clock {
    Clock { now: at(60), wall: Stamp::from_secs(1_785_680_220) }
}

/// A moment `min` minutes after the origin.
pub(crate) fn at(min: u64) -> Moment {
    Moment::from_millis(min * 60_000)
}

pub(crate) fn way(name: &str) -> TransportId {
    TransportId::from(name)
}

pub(crate) fn service(id: &str, title: &str) -> Service {
    Service {
        id: ServiceId::from(id),
        title: title.into(),
        order: ["direct", "split", "tokyo"].map(way).to_vec(),
        direct: DirectRule::UntilBlocked,
        first_flight: FirstFlight::Sniff,
    }
}

pub(crate) fn route(id: &str, facet: Facet, transport: &str) -> Route {
    let l4 = if facet == Facet::Calls { L4::Udp } else { L4::Tcp };
    Route { service: ServiceId::from(id), facet, transport: way(transport), l4 }
}

pub(crate) fn attempts(ways: &[&str]) -> Vec<Attempt> {
    ways.iter().map(|name| Attempt { transport: way(name), canary: false }).collect()
}

pub(crate) fn well(since: Moment) -> Standing {
    let first_byte = Some(Duration::from_millis(180));
    Standing {
        phase: Phase::Ok,
        score: -3.0,
        verdict: Verdict::Works,
        confidence: Confidence::Confirmed,
        last_good: Some(at(58)),
        rtt: Some(Duration::from_millis(120)),
        first_byte,
        ..Standing::unknown(since)
    }
}

pub(crate) fn blocked(how: Technique, since: Moment) -> Standing {
    Standing {
        phase: Phase::Blocked,
        score: 7.5,
        verdict: Verdict::Blocked(how),
        confidence: Confidence::Anomaly,
        last_good: Some(at(40)),
        last_bad: Some(since),
        held_until: Some(at(67)),
        ..Standing::unknown(since)
    }
}

/// Telegram's messages go through tokyo, its calls directly; WhatsApp goes out directly; Signal is unknown.
pub(crate) fn snapshot() -> Snapshot {
    let mut snapshot = Snapshot { network: NetworkId(0xab12), ..Snapshot::default() };
    for (key, standing) in [
        (route("telegram", Facet::Text, "direct"), blocked(Technique::SniDropHello, at(48))),
        (route("telegram", Facet::Text, "split"), blocked(Technique::SniDropHello, at(49))),
        (route("telegram", Facet::Text, "tokyo"), well(at(30))),
        (route("telegram", Facet::Calls, "direct"), well(at(10))),
        (route("whatsapp", Facet::Text, "direct"), well(at(5))),
    ] {
        snapshot.standings.insert(key, standing);
    }
    snapshot
}

pub(crate) fn facet(facet: Facet, plan: Plan) -> FacetFacts {
    let l4 = if facet == Facet::Calls { L4::Udp } else { L4::Tcp };
    FacetFacts { facet, l4, plan, since: None, last_block: None }
}

pub(crate) fn telegram_text() -> FacetFacts {
    let over = [("direct", Technique::SniDropHello), ("split", Technique::SniDropHello)];
    let passed_over = over.map(|(name, how)| (way(name), Reason::Blocked(how))).to_vec();
    let plan = Plan { attempts: attempts(&["tokyo"]), passed_over };
    FacetFacts { last_block: Some(clock().stamp(at(48))), ..facet(Facet::Text, plan) }
}

pub(crate) fn telegram_calls() -> FacetFacts {
    let passed_over = vec![(way("split"), Reason::NoPackets)];
    facet(Facet::Calls, Plan { attempts: attempts(&["direct", "tokyo"]), passed_over })
}

/// Evidence of the block: four dropped hellos at two endpoints, with controls.
pub(crate) fn stories() -> Vec<RouteStory> {
    let fact = |route: &Route, source, sign, min: u64, endpoint| {
        let mut fact = Evidence::new(route.clone(), source, sign, at(min), at(min));
        fact.anchors = Anchors::Good;
        fact.endpoint = Some(EndpointTag(endpoint));
        if sign.is_bad() {
            fact.twin = Twin::Answered;
        }
        fact
    };
    let snapshot = snapshot();
    let story = |name: &str, evidence: Vec<(Evidence, f64)>, next_probe| {
        let route = route("telegram", Facet::Text, name);
        RouteStory { standing: snapshot.standings[&route].clone(), route, evidence, next_probe }
    };
    let direct = route("telegram", Facet::Text, "direct");
    let tokyo = route("telegram", Facet::Text, "tokyo");
    vec![
        story("tokyo", vec![(fact(&tokyo, Source::Traffic, Sign::FlowProven, 48, 9), -4.0)], None),
        story(
            "direct",
            vec![
                (fact(&direct, Source::Probe, Sign::Answer(Grade::A), 20, 7), -3.0),
                (fact(&direct, Source::Traffic, Sign::HelloDropped, 46, 1), 3.0),
                (fact(&direct, Source::Traffic, Sign::HelloDropped, 46, 2), 4.96),
                (fact(&direct, Source::Probe, Sign::HelloDropped, 47, 1), 6.2),
                (fact(&direct, Source::Probe, Sign::HelloDropped, 48, 1), 7.5),
            ],
            Some(at(67)),
        ),
        story("split", vec![], None),
    ]
}

pub(crate) fn fixed_status() -> Status {
    let (telegram, whatsapp, signal) =
        (service("telegram", "Telegram"), service("whatsapp", "WhatsApp"), service("signal", "Signal"));
    let direct = || Plan { attempts: attempts(&["direct", "split", "tokyo"]), passed_over: vec![] };
    let transport = |name: &str, kind: &str, packets, problem: Option<&str>| TransportLine {
        id: way(name),
        kind: kind.into(),
        packets,
        problem: problem.map(Into::into),
        trouble: None,
        last_good: (name == "tokyo").then(|| clock().stamp(at(58))),
        manner: None,
        warning: None,
    };
    let running = Running {
        subscriptions: Vec::new(),
        version: "0.1.0".into(),
        uptime_secs: 3 * 3600 + 12 * 60,
        transports: vec![
            transport("direct", "direct", true, None),
            transport("split", "split", false, None),
            transport("tokyo", "shadowsocks", true, None),
        ],
        flows: vec![FlowLine {
            service: ServiceId::from("telegram"),
            transport: way("tokyo"),
            open: 2,
            up_bytes: 3_400,
            down_bytes: 1_250_000,
        }],
        listens: vec!["127.0.0.1:4180".into()],
        firewall: Vec::new(),
        system_proxy: false,
        counters: Counters { connections: 120, open: 7, saved: 3, failed: 0, probes: 14, probe_bytes: 12_288 },
    };
    let services = [
        ServiceFacts { service: &telegram, facets: vec![telegram_text(), telegram_calls()] },
        ServiceFacts { service: &whatsapp, facets: vec![facet(Facet::Text, direct())] },
        ServiceFacts { service: &signal, facets: vec![facet(Facet::Text, direct())] },
    ];
    status(Seen { clock: clock(), snapshot: &snapshot() }, &services, running)
}

pub(crate) fn fixed_why() -> Why {
    let telegram = service("telegram", "Telegram");
    let facts = ServiceFacts { service: &telegram, facets: vec![telegram_text(), telegram_calls()] };
    why(Seen { clock: clock(), snapshot: &snapshot() }, &facts, &stories())
}

pub(crate) fn fixed_past() -> Vec<Entry> {
    let entry = |min: u64, record| Entry { at: clock().stamp(at(min)), record };
    let change = |from: Option<&str>, to: Option<&str>, why: &str| {
        Record::Way(WayChange {
            service: ServiceId::from("telegram"),
            facet: Facet::Text,
            from: from.map(way),
            to: to.map(way),
            why: why.into(),
            delay_ms: 900,
        })
    };
    let transition = Transition {
        route: route("telegram", Facet::Text, "direct"),
        network: NetworkId(0xab12),
        from: Phase::Suspect,
        to: Phase::Blocked,
        verdict: Verdict::Blocked(Technique::SniDropHello),
        confidence: Confidence::Anomaly,
        score: 7.5,
        why: vec![SignCount { sign: "hello_dropped".into(), count: 4 }],
        endpoints: 2,
        took_ms: 95_000,
        next_secs: Some(420),
    };
    vec![
        entry(0, Record::Started),
        entry(0, change(None, Some("direct"), "the first of its order")),
        entry(46, change(Some("direct"), Some("tokyo"), "the first message vanishes on the way there")),
        entry(48, Record::Transition(transition)),
        entry(
            52,
            Record::Link {
                network: NetworkId(0xab12),
                from: LinkState::Online,
                to: LinkState::Offline,
                ground: Ground::Unplugged,
            },
        ),
        entry(
            54,
            Record::Link {
                network: NetworkId(0xab12),
                from: LinkState::Offline,
                to: LinkState::Online,
                ground: Ground::AnchorsAnswer,
            },
        ),
        entry(55, Record::Use { service: ServiceId::from("signal"), transport: Some(way("tokyo")) }),
    ]
}

pub(crate) fn fixed_probe() -> Vec<ProbeItem> {
    let cell = |transport: &str, answered, took_ms, technique, words: &str| {
        ProbeItem::Cell(Cell {
            service: ServiceId::from("telegram"),
            title: "Telegram".into(),
            facet: Facet::Text,
            transport: way(transport),
            l4: L4::Tcp,
            answered,
            took_ms,
            technique,
            confidence: Confidence::Anomaly,
            words: words.into(),
        })
    };
    vec![
        ProbeItem::Started { routes: 2 },
        ProbeItem::Controls { link: LinkState::Online, ground: Ground::AnchorsAnswer },
        cell("direct", Some(false), 5003, Some(Technique::SniDropHello), "hello never acknowledged"),
        cell("tokyo", Some(true), 212, None, "answered, proven to be the service"),
    ]
}

fn exhibit(trial: Trial, outcome: Outcome, took_ms: u64, says: &str) -> Examined {
    let facet = (!matches!(trial, Trial::Link | Trial::Dns | Trial::LateAnswer)).then_some(Facet::Text);
    let via = facet.map(|_| way(if trial == Trial::Tunnel { "tokyo" } else { "direct" }));
    Examined::Exhibit(Exhibit { trial, facet, via, outcome, took_ms, says: says.into() })
}

pub(crate) fn fixed_examination() -> Vec<Examined> {
    let failed = |how: &str| Outcome::Failed(how.into());
    vec![
        Examined::Planned { service: ServiceId::from("telegram"), tests: 5 },
        Examined::Began(Trial::Link),
        exhibit(Trial::Link, Outcome::Passed, 240, "neutral sites over this line: as it should be"),
        exhibit(
            Trial::Service,
            failed("hello_dropped"),
            5003,
            "the service's own protocol, directly: its first message was never acknowledged",
        ),
        exhibit(Trial::NeutralName, Outcome::Passed, 190, "the same address under a neutral name: as it should be"),
        exhibit(Trial::Quic, Outcome::Skipped("it has no QUIC".into()), 0, "QUIC to it: not tested"),
        exhibit(Trial::Tunnel, Outcome::Passed, 410, "the same through a tunnel: as it should be"),
        Examined::Concluded {
            link: LinkState::Online,
            ground: Ground::AnchorsAnswer,
            facets: vec![
                Conclusion {
                    facet: Facet::Text,
                    verdict: Verdict::Blocked(Technique::SniDropHello),
                    confidence: Confidence::Confirmed,
                    says:
                        "Its first message vanishes on the way there when it bears its name, and passes when it bears \
                           another. Let it go through a tunnel: byway does so by itself."
                            .into(),
                },
                Conclusion {
                    facet: Facet::Calls,
                    verdict: Verdict::Works,
                    confidence: Confidence::Confirmed,
                    says: "Its call servers answer.".into(),
                },
            ],
        },
    ]
}

/// Telegram and WhatsApp over the hour before the clock, with a block of Telegram from 14:05 on.
pub(crate) fn fixed_account() -> Account {
    let (telegram, whatsapp) = (service("telegram", "Telegram"), service("whatsapp", "WhatsApp"));
    let carried = |transport: &str, answered, saved| Carried {
        route: route("telegram", Facet::Text, transport),
        answered,
        saved,
        lost: 0,
    };
    let standings = snapshot().standings.into_iter().map(|(r, s)| (r, s.phase, clock().stamp(s.since))).collect();
    let present = Present {
        began: clock().stamp(at(0)),
        standings,
        carried: vec![carried("direct", 57, 0), carried("tokyo", 23, 4)],
    };
    let window = Window { since: clock().wall.before(Duration::from_secs(3600)), until: clock().wall };
    let mut past = fixed_past();
    let Record::Transition(blocked) = past[3].record.clone() else { panic!("the fourth is a transition") };
    let turn = |min, from, to| {
        let turn = Transition { from, to, verdict: Verdict::Unclear, took_ms: 0, ..blocked.clone() };
        Entry { at: clock().stamp(at(min)), record: Record::Transition(turn) }
    };
    past.insert(2, turn(46, Phase::Ok, Phase::Suspect));
    past.insert(1, turn(1, Phase::Unknown, Phase::Ok));
    account(&past, Some(&present), &[&telegram, &whatsapp], window)
}

pub(crate) fn fixed_measurements(since: Duration) -> Vec<Measurement> {
    measurements(clock(), clock().wall.before(since), &[(&service("telegram", "Telegram"), stories())])
}

/// A refusal as a broken configuration causes it.
pub(crate) fn bad_config() -> Refusal {
    Refusal::new(RefusalCode::Config, "byway.toml:3:1: listen: not an address; expected \"127.0.0.1:4180\"")
}
