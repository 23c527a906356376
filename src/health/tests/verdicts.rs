//! The rows of detection rules §3.2 that end or spare a route at once: proofs, punishments, people's own success, the
//! operator's choice, and what is forgotten.

use super::rules::near;
use super::world::{A, World, mins, route, secs};
use crate::health::Event;
use crate::health::Params;
use crate::model::{
    Anchors, Confidence, Evidence, Facet, Forced, L4, Phase, Record, Route, ServiceId, Sign, Source, Technique,
    TransportId, Twin, Verdict,
};

#[test]
fn a_proof_blocks_at_once() {
    let mut world = World::telegram();
    let fact = world.fact(route("telegram", "direct"), Sign::ResetAfterHello);
    world.tell(Evidence { pair: Some(Technique::SniRst), anchors: Anchors::Good, ..fact });
    let standing = world.direct();
    assert_eq!(standing.verdict, Verdict::Blocked(Technique::SniRst));
    assert_eq!(standing.confidence, Confidence::Confirmed);
}

#[test]
fn an_attempt_within_a_punishment_counts_nothing() {
    let mut world = World::telegram();
    world.twinned("direct", Sign::ResetAfterHello, 1);
    world.pass(secs(30));
    let before = world.direct().score;
    world.twinned("direct", Sign::ConnectTimeout, 1);
    assert!(near(world.direct().score, before), "residual drop is not a block by address");
    world.twinned("direct", Sign::ResetAfterHello, 2);
    assert!(world.direct().score > before + 4.0, "another endpoint is another witness");
}

#[test]
fn an_attempt_that_began_before_the_trigger_counts() {
    let mut world = World::telegram();
    world.twinned("direct", Sign::ResetAfterHello, 1);
    world.twinned("direct", Sign::ResetAfterHello, 1);
    assert!(near(world.direct().score, 9.0), "two of the same burst");
}

#[test]
fn tunnels_are_not_punished_by_name() {
    let mut world = World::telegram();
    world.twinned("tokyo", Sign::Silence, 1);
    world.pass(secs(10));
    world.twinned("tokyo", Sign::Silence, 1);
    assert!(world.standing("telegram", "tokyo").score > 5.0);
}

#[test]
fn peoples_success_outranks_a_failed_probe_for_two_minutes() {
    let mut world = World::telegram();
    world.traffic("direct", A);
    world.pass(secs(100));
    let probe = |world: &World| Evidence {
        source: Source::Probe,
        anchors: Anchors::Good,
        ..world.fact(route("telegram", "direct"), Sign::ResetAfterHello)
    };
    let before = world.direct().score;
    world.tell(probe(&world));
    assert!(near(world.direct().score, before));
    world.pass(secs(30));
    world.tell(probe(&world));
    assert!(world.direct().score > before + 2.0);
}

#[test]
fn a_freeze_is_cleared_by_a_body_and_by_nothing_less() {
    let mut world = World::telegram();
    world.traffic("direct", Sign::Frozen { kilobytes: 16 });
    world.pass(secs(5));
    for _ in 0..5 {
        world.traffic("direct", A);
        world.traffic("direct", Sign::FlowProven);
    }
    assert_eq!(world.phase("direct"), Phase::Suspect);
    world.traffic("direct", Sign::BodyProven);
    assert_eq!(world.phase("direct"), Phase::Ok);
}

#[test]
fn a_dead_tunnel_is_left_at_once_by_every_service_and_comes_back_with_any_answer() {
    let mut world = World::new(&["telegram", "signal"], &["direct", "tokyo", "osaka"]);
    world.pass(secs(5));
    world.traffic("tokyo", A);
    let dead = world.fact(route("signal", "tokyo"), Sign::TransportDown);
    world.tell(Evidence { twin: Twin::Answered, ..dead });
    for service in ["telegram", "signal"] {
        assert_eq!(world.standing(service, "tokyo").phase, Phase::Suspect, "{service}");
        assert_ne!(world.standing(service, "osaka").phase, Phase::Suspect, "{service}");
    }
    for _ in 0..20 {
        world.pass(secs(10));
        let dead = world.fact(route("signal", "tokyo"), Sign::TransportDown);
        world.tell(Evidence { twin: Twin::Answered, ..dead });
    }
    assert!(!world.ever(Phase::Blocked), "our own server is nobody's block");
    world.traffic("tokyo", A);
    assert_eq!(world.standing("telegram", "tokyo").phase, Phase::Ok);
    assert_ne!(world.standing("signal", "tokyo").phase, Phase::Suspect);
}

#[test]
fn one_place_says_nothing_about_everything_else() {
    let mut world = World::new(&["other", "telegram"], &["direct", "tokyo"]);
    world.pass(secs(5));
    for _ in 0..20 {
        let fact = world.fact(route("other", "direct"), Sign::ResetAfterHello);
        world.tell(Evidence { twin: Twin::Answered, ..fact });
    }
    assert_eq!(world.standing("other", "direct").phase, Phase::Unknown);
}

#[test]
fn a_route_that_fails_now_and_then_must_do_better_than_luck() {
    let mut world = World::telegram();
    world.params.taint.sni_rst = secs(0);
    world.traffic("direct", A);
    world.traffic("direct", A);
    world.twinned("direct", Sign::ResetAfterHello, 1);
    world.traffic("direct", A);
    world.twinned("direct", Sign::ResetAfterHello, 1);
    for _ in 0..4 {
        world.traffic("direct", A);
        assert_eq!(world.phase("direct"), Phase::Suspect);
    }
    world.traffic("direct", A);
    assert_eq!(world.phase("direct"), Phase::Ok, "five in a row");
}

#[test]
fn a_session_from_before_says_nothing_about_new_ones() {
    let mut world = World::telegram();
    let began = world.now;
    world.pass(secs(60));
    world.twinned("direct", Sign::ResetAfterHello, 1);
    world.pass(secs(5));
    let old = world.fact(route("telegram", "direct"), Sign::FlowProven);
    world.tell(Evidence { began, ..old });
    assert!(world.direct().score > 4.0);
}

#[test]
fn a_choice_of_the_operator_ends_by_itself_and_is_told() {
    let mut world = World::telegram();
    let until = Some(world.now + mins(60));
    let forced = Forced { transport: TransportId::from("tokyo"), until };
    world.event(Event::Force(ServiceId::from("telegram"), Some(forced)));
    assert_eq!(world.state().snapshot(&world.params).forced.len(), 1);
    assert!(world.records.iter().any(|r| matches!(r, Record::Use { transport: Some(_), .. })));
    world.pass(mins(61));
    assert!(world.state().snapshot(&world.params).forced.is_empty());
}

#[test]
fn each_transition_tells_why_how_long_and_what_next() {
    let mut world = World::telegram();
    for (end, gap) in [(1, 10), (2, 80), (1, 10), (2, 0)] {
        world.twinned("direct", Sign::ResetAfterHello, end);
        world.pass(secs(gap));
    }
    let last = world.transitions().into_iter().find(|t| t.to == Phase::Blocked).unwrap().clone();
    assert_eq!(last.verdict, Verdict::Blocked(Technique::SniRst));
    assert_eq!((last.why[0].sign.as_str(), last.endpoints), ("connection_reset", 2));
    assert!(last.why[0].count >= 3 && last.took_ms >= 30_000 && last.next_secs.is_some());
}

#[test]
fn beliefs_unheard_of_for_a_day_are_forgotten() {
    let mut world = World::telegram();
    world.traffic("direct", A);
    assert_eq!(world.phase("direct"), Phase::Ok);
    world.pass(mins(24 * 60 + 1));
    world.event(Event::Due);
    assert_eq!(world.phase("direct"), Phase::Unknown);
}

#[test]
fn on_a_line_without_packets_no_relay_is_called_down_and_no_tunnel_carries_calls() {
    let over = |transport| Route { facet: Facet::Calls, l4: L4::Udp, ..route("telegram", transport) };
    let mut world = World::over(42, Params::default(), vec![over("direct"), over("tokyo")]);
    let phase = |world: &World, way| world.state().snapshot(&world.params).standing(&over(way)).unwrap().phase;
    let swallowed = |world: &mut World| {
        for way in ["direct", "tokyo"] {
            let fact = world.fact(over(way), Sign::UdpNoReply);
            world.tell(Evidence { twin: Twin::FailedToo, ..fact });
        }
        world.pass(secs(40));
    };
    swallowed(&mut world);
    swallowed(&mut world);
    assert_eq!(phase(&world, "tokyo"), Phase::ServiceDown, "nobody knows better yet");
    let fact = world.fact(over("direct"), Sign::UdpNoReply);
    let pair = Some(Technique::UdpBlocked);
    world.tell(Evidence { source: Source::Probe, anchors: Anchors::Good, pair, ..fact });
    assert_eq!(phase(&world, "direct"), Phase::Blocked, "neutral places got no packets either");
    swallowed(&mut world);
    assert_eq!(phase(&world, "tokyo"), Phase::Blocked);
}
