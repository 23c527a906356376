//! The scenarios in which nobody is to blame (detection rules §5), and those of coming back, one by one.

use super::evening::{evening, nobody_is_blamed, verdict_of};
use super::world::{A, B, Probed, World, mins, route, secs};
use crate::health::{Event, LinkReport};
use crate::model::{
    Anchors, Confidence, EndpointTag, Evidence, Ground, LinkState, NetworkId, Phase, Sign, Source, Technique, Twin,
    Verdict,
};

#[test]
fn s01_clean_needs_no_probe_while_traffic_flows() {
    let mut world = evening();
    let before = world.probes_of(&route("telegram", "direct")).len();
    for _ in 0..120 {
        world.traffic("direct", A);
        world.pass(mins(1));
    }
    assert_eq!(world.probes_of(&route("telegram", "direct")).len(), before);
    assert_eq!(world.verdict(), Verdict::Works);
    nobody_is_blamed(&world);
}

#[test]
fn s02_s03_cable_out_and_no_upstream_change_nothing() {
    let mut world = evening();
    let before = world.transitions().len();
    world.link = Some(LinkState::Offline);
    for second in 0..600 {
        let fact = world.fact(route("telegram", "direct"), Sign::ConnectTimeout);
        world.tell(Evidence { endpoint: Some(EndpointTag(second % 5)), ..fact });
        let tunnel = world.fact(route("telegram", "tokyo"), Sign::TransportDown);
        world.tell(tunnel);
        world.pass(secs(1));
    }
    assert_eq!(world.transitions().len(), before, "no route changes");
    assert_eq!(world.state().snapshot(&world.params).link, LinkState::Offline);
    let controls = world.controls.len();
    world.link = Some(LinkState::Online);
    world.traffic("direct", A);
    world.pass(secs(2));
    assert!(world.controls.len() > controls, "an answer is looked into at once");
    assert_eq!(world.state().snapshot(&world.params).link, LinkState::Online);
    assert_eq!(world.phase("direct"), Phase::Ok);
}

#[test]
fn s02_s33_a_burst_is_called_punished_only_by_who_was_heard_after_it() {
    const ROUTE: [&str; 2] = ["telegram", "direct"];
    // What is heard after each of two swallowed bursts, what the controls say then, and whether it was a punishment.
    let cases: [(&str, Option<LinkState>, fn(&mut World), bool); 6] = [
        ("the anchors answer", Some(LinkState::Online), |_| {}, true),
        (
            "another service answers",
            None,
            |w| {
                w.pass(secs(2));
                let fact = w.fact(route("signal", "direct"), A);
                w.tell(fact);
            },
            true,
        ),
        ("the cable is out", Some(LinkState::Offline), |_| {}, false),
        ("nobody is asked", None, |_| {}, false),
        (
            "the line was away for a moment",
            None,
            |w| {
                let late = w.fact(route(ROUTE[0], ROUTE[1]), B);
                w.pass(secs(1));
                w.tell(Evidence { at: w.now, ..late });
                let fact = w.fact(route("signal", "direct"), A);
                w.pass(secs(2));
                w.tell(Evidence { began: w.now - secs(1), at: w.now, ..fact });
            },
            false,
        ),
        ("the network changed", Some(LinkState::Online), |w| w.event(Event::NetworkChanged(NetworkId(1))), false),
    ];
    for (what, link, heard, punished) in cases {
        let mut world = World::new(&["telegram", "signal"], &["direct", "tokyo"]);
        world.pass(secs(30));
        for _ in 0..2 {
            let before = world.fact(route("signal", "direct"), A);
            world.tell(Evidence { source: Source::Probe, ..before });
            world.link = link;
            // A tunnel that carries on says nothing of the line before it did.
            let burst = world.fact(route(ROUTE[0], ROUTE[1]), Sign::BurstFrozen);
            world.tell(Evidence { twin: Twin::Answered, ..burst });
            heard(&mut world);
            world.pass(secs(15));
            world.link = Some(LinkState::Online);
            world.pass(mins(11));
        }
        let named = world.direct().technique();
        assert_eq!(named, punished.then_some(Technique::BurstPolice), "{what}");
        assert!(!world.ever(Phase::Suspect) && !world.ever(Phase::Blocked), "{what}");
    }
}

#[test]
fn s33_a_silence_that_turns_out_to_be_a_bursts_is_taken_back() {
    let mut world = World::telegram();
    world.traffic("direct", A);
    world.pass(secs(60));
    let silence = world.fact(route("telegram", "direct"), Sign::Silence);
    world.tell(Evidence { twin: Twin::Answered, ..silence.clone() });
    assert_eq!(world.phase("direct"), Phase::Suspect);
    world.pass(secs(5));
    world.tell(Evidence { sign: Sign::BurstFrozen, sharpens: true, twin: Twin::Answered, at: world.now, ..silence });
    world.pass(secs(1));
    assert!(world.direct().score < 0.1 && world.phase("direct") != Phase::Suspect, "{:?}", world.direct());
}

#[test]
fn s04_a_captive_portal_blames_no_service() {
    let mut world = evening();
    let before = world.transitions().len();
    world.link = Some(LinkState::Captive);
    for _ in 0..60 {
        for sign in [Sign::ResetAfterHello, Sign::BlockPage, Sign::ForeignKey, Sign::Refused] {
            let fact = world.fact(route("telegram", "direct"), sign);
            world.tell(fact);
        }
        world.pass(secs(10));
    }
    assert_eq!(world.transitions().len(), before);
    assert!(!world.direct().hostile);
    assert_eq!(world.state().snapshot(&world.params).link, LinkState::Captive);
}

#[test]
fn s05_s06_a_lying_resolver_is_named_and_moves_nothing() {
    for (sign, confidence) in [(Sign::DnsLie, Confidence::Anomaly), (Sign::DnsInjected, Confidence::Confirmed)] {
        let mut world = evening();
        for _ in 0..50 {
            world.traffic("direct", sign);
            world.traffic("direct", A);
            world.pass(secs(10));
        }
        assert_eq!(world.phase("direct"), Phase::Ok);
        assert_eq!(world.verdict(), Verdict::Degraded(Technique::DnsTamper));
        assert_eq!(world.direct().confidence, confidence);
        let told = world.transitions().iter().filter(|t| t.verdict == world.verdict()).count();
        assert_eq!(told, 1, "told once");
        nobody_is_blamed(&world);
        for _ in 0..70 {
            world.traffic("direct", A);
            world.pass(mins(1));
        }
        assert_eq!(world.verdict(), Verdict::Works, "an old lie is no news");
    }
}

#[test]
fn s07_a_dead_resolver_is_not_a_block() {
    // `judge` makes nothing of a resolver that answers for no name; what little comes is weak.
    let mut world = evening();
    world.traffic("direct", Sign::DnsSilent);
    world.pass(mins(5));
    nobody_is_blamed(&world);
}

#[test]
fn s09_one_dead_endpoint_of_four_is_no_block() {
    let mut world = evening();
    for _ in 0..100 {
        let fact = world.fact(route("telegram", "direct"), Sign::ConnectTimeout);
        world.tell(Evidence { anchors: Anchors::Good, endpoint: Some(EndpointTag(1)), ..fact });
        world.traffic("direct", A);
        world.pass(secs(30));
    }
    assert_eq!(world.phase("direct"), Phase::Ok);
    nobody_is_blamed(&world);
}

#[test]
fn s35_a_service_that_is_down_everywhere_moves_nothing_for_good() {
    let mut world = evening();
    for _ in 0..20 {
        for transport in ["direct", "tokyo"] {
            let fact = world.fact(route("telegram", transport), Sign::Refused);
            world.tell(Evidence { twin: Twin::FailedToo, ..fact });
        }
        world.pass(secs(30));
    }
    assert_eq!(world.phase("direct"), Phase::ServiceDown);
    assert_eq!(world.verdict(), Verdict::Down);
    assert!(!world.ever(Phase::Blocked) && !world.ever(Phase::Suspect), "nobody is blamed");
    world.traffic("direct", A);
    assert_eq!(world.phase("direct"), Phase::Ok, "and back with the first answer");
}

#[test]
fn s35_one_failure_everywhere_is_looked_at_again_in_two_minutes() {
    let mut world = evening();
    let fact = world.fact(route("telegram", "direct"), Sign::Refused);
    world.tell(Evidence { twin: Twin::FailedToo, ..fact });
    world.pass(secs(2));
    assert_eq!(world.phase("direct"), Phase::Ok, "not after one");
    world
        .country
        .insert(route("telegram", "direct"), Probed { twin: Twin::FailedToo, bytes: 700, ..Probed::of(Sign::Refused) });
    world.pass(mins(15));
    assert!(!world.probes_of(&route("telegram", "direct")).is_empty());
    assert_ne!(world.phase("direct"), Phase::Blocked);
}

#[test]
fn s36_a_stale_probe_does_not_contradict_people() {
    let mut world = evening();
    for _ in 0..10 {
        let fact = world.fact(route("telegram", "direct"), Sign::EofAfterHello);
        world.tell(Evidence { source: Source::Probe, twin: Twin::FailedToo, anchors: Anchors::Good, ..fact });
        world.traffic("direct", A);
        world.pass(mins(1));
    }
    assert_eq!(world.phase("direct"), Phase::ProbeStale);
    assert_eq!(world.verdict(), Verdict::Works);
    nobody_is_blamed(&world);
}

#[test]
fn s39_a_wrong_clock_accuses_nobody() {
    let mut world = evening();
    world.link = Some(LinkState::LinkBad);
    for _ in 0..10 {
        let fact = world.fact(route("telegram", "direct"), Sign::ForeignKey);
        world.tell(fact);
        world.pass(secs(30));
    }
    nobody_is_blamed(&world);
    assert!(!world.direct().hostile);
}

#[test]
fn s40_what_was_under_way_during_a_sleep_is_discarded() {
    let mut world = evening();
    world.event(Event::Resumed(40 * 60_000));
    for end in 0..20 {
        let fact = world.fact(route("telegram", "direct"), Sign::ConnectTimeout);
        world.tell(Evidence { endpoint: Some(EndpointTag(end)), twin: Twin::Answered, ..fact });
    }
    world.pass(secs(2));
    nobody_is_blamed(&world);
    assert_eq!(world.phase("direct"), Phase::Ok);
}

#[test]
fn s41_another_network_starts_unknown_and_the_old_one_is_remembered_for_a_day() {
    let mut world = evening();
    let fact = world.fact(route("telegram", "direct"), Sign::ResetAfterHello);
    world.tell(Evidence { pair: Some(Technique::SniRst), twin: Twin::Answered, ..fact });
    assert_eq!(world.phase("direct"), Phase::Blocked);
    world.event(Event::NetworkChanged(NetworkId(2)));
    assert_eq!(world.phase("direct"), Phase::Unknown, "the café is innocent");
    world.pass(secs(10));
    world.traffic("direct", A);
    assert_eq!(world.phase("direct"), Phase::Ok, "fast");
    world.event(Event::NetworkChanged(NetworkId(1)));
    assert_eq!(world.verdict(), Verdict::Blocked(Technique::SniRst), "home is as it was");
    world.event(Event::NetworkChanged(NetworkId(2)));
    world.pass(mins(24 * 60 + 1));
    world.event(Event::NetworkChanged(NetworkId(1)));
    assert_eq!(world.phase("direct"), Phase::Unknown, "but not for ever");
}

#[test]
fn s42_after_the_block_is_lifted_direct_comes_back_not_before_a_quarter_of_an_hour() {
    let mut world = verdict_of(Sign::Refused, 5);
    let lifted = world.now;
    world.country(route("telegram", "direct"), Sign::BodyProven);
    while world.phase("direct") != Phase::Ok {
        world.traffic("tokyo", A);
        world.pass(secs(10));
        assert!(world.now.since(lifted) < mins(90));
    }
    assert!(world.now.since(lifted) >= mins(15));
    assert_eq!(world.phase("tokyo"), Phase::Ok, "the tunnel was never in doubt");
}

#[test]
fn s43_a_lift_of_two_minutes_moves_nothing() {
    let mut world = verdict_of(Sign::Refused, 5);
    let direct = route("telegram", "direct");
    // The probe that happens to fall into the two minutes succeeds.
    world.traffic("direct", A);
    assert_eq!(world.phase("direct"), Phase::Recovering);
    for _ in 0..120 {
        assert!(world.direct().canary.abs() < f64::EPSILON, "nobody is sent there");
        world.traffic("tokyo", A);
        world.pass(secs(10));
    }
    assert_eq!(world.phase("direct"), Phase::Blocked);
    assert!(!world.transitions().iter().any(|t| t.route == direct && t.from == Phase::Recovering && t.to == Phase::Ok));
}

#[test]
fn s44_a_tunnel_that_dies_in_use_is_left_at_once() {
    let mut world = World::new(&["telegram"], &["direct", "tokyo", "osaka"]);
    world.pass(secs(5));
    world.traffic("tokyo", Sign::FlowProven);
    world.twinned("tokyo", Sign::Silence, 1);
    assert_eq!(world.standing("telegram", "tokyo").phase, Phase::Suspect);
    let connect = world.fact(route("telegram", "tokyo"), Sign::ConnectOnly);
    world.tell(connect);
    assert_eq!(world.standing("telegram", "tokyo").phase, Phase::Suspect, "a handshake does not clear it");
}

#[test]
fn link_down_for_ten_minutes_sends_next_to_nothing() {
    let mut world = evening();
    world.link = Some(LinkState::Offline);
    world.event(Event::Link(LinkReport {
        state: LinkState::Offline,
        ground: Ground::NothingAnswers,
        began: world.now,
        at: world.now,
    }));
    let (probes, controls) = (world.probes.len(), world.controls.len());
    world.pass(mins(10));
    assert_eq!(world.probes.len(), probes);
    assert!(world.controls.len() - controls <= 50, "at most five a minute");
}
