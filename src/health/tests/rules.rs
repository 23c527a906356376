//! Every row of detection rules §3.2, one by one.

use super::world::{A, B, World, mins, route, secs};
use crate::health::Event;
use crate::health::Params;
use crate::model::{
    Anchors, Confidence, EndpointTag, Evidence, Facet, Forced, L4, Phase, Record, Route, ServiceId, Sign, Source,
    Technique, TransportId, Twin, Verdict,
};

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 0.05
}

/// One fact on an untouched route, and the score after it.
fn one(sign: Sign, pair: Option<Technique>, twin: Twin) -> f64 {
    let mut world = World::telegram();
    let fact = world.fact(route("telegram", "direct"), sign);
    world.tell(Evidence { anchors: Anchors::Good, twin, pair, ..fact });
    world.direct().score
}

#[test]
fn the_points_of_each_sign() {
    let frozen = Sign::Frozen { kilobytes: 16 };
    let pair = Some(Technique::SniRst);
    for (sign, pair, alone, with_twin) in [
        (Sign::ResetAfterHello, pair, 6.0, 9.0),
        (Sign::DnsInjected, Some(Technique::DnsTamper), 6.0, 9.0),
        (Sign::ForeignKey, None, 6.0, 9.0),
        (Sign::BlockPage, None, 6.0, 9.0),
        (Sign::ResetAfterHello, None, 3.0, 4.5),
        (Sign::EofAfterHello, None, 3.0, 4.5),
        (Sign::Refused, None, 3.0, 4.5),
        (Sign::RefusedByIcmp, None, 3.0, 4.5),
        (Sign::HelloDropped, None, 3.0, 4.5),
        (Sign::HelloMuted, None, 3.0, 4.5),
        (frozen, None, 3.0, 4.5),
        (Sign::TransportDown, None, 3.0, 4.5),
        (Sign::Silence, None, 2.0, 3.0),
        (Sign::UdpNoReply, None, 0.0, 0.0),
        (Sign::QuicSilent, None, 0.0, 0.0),
        (Sign::UdpNoReply, Some(Technique::StunDpi), 0.0, 0.0),
        (Sign::BurstFrozen, None, 0.0, 0.0),
        (Sign::Slow { kilobytes_per_second: 1 }, None, 0.0, 0.0),
        (Sign::ConnectTimeout, None, 1.0, 3.0),
        (Sign::Throttled, None, 1.5, 1.5),
        (Sign::ClientGaveUp, None, 1.0, 1.0),
        (Sign::Reconnecting, None, 2.0, 2.0),
        (Sign::WrongAnswer, None, 0.0, 6.0),
        (Sign::ConnectOnly, None, 0.0, 0.0),
        (Sign::DnsLie, None, 0.0, 0.0),
        (Sign::DnsInjected, None, 0.0, 0.0),
        (Sign::DnsSilent, None, 0.0, 0.0),
        (A, None, -3.0, -3.0),
        (B, None, -2.0, -2.0),
        (Sign::FlowProven, None, -4.0, -4.0),
        (Sign::BodyProven, None, -4.0, -4.0),
    ] {
        let (plain, twinned) = (one(sign, pair, Twin::Unknown), one(sign, pair, Twin::Answered));
        assert!(near(plain, alone), "{sign:?} {pair:?}: {plain}");
        assert!(near(twinned, with_twin), "{sign:?} {pair:?} with a twin: {twinned}");
    }
}

#[test]
fn a_silence_that_gets_its_name_later_is_counted_once() {
    let sharpen = |world: &mut World| {
        let fact = world.fact(route("telegram", "direct"), Sign::HelloDropped);
        world.tell(Evidence { anchors: Anchors::Good, sharpens: true, ..fact });
    };
    let mut world = World::telegram();
    world.traffic("direct", Sign::Silence);
    sharpen(&mut world);
    assert!(near(world.direct().score, 2.0), "{}", world.direct().score);
    sharpen(&mut world);
    assert!(near(world.direct().score, 2.0), "no silence is left to be named");
}

#[test]
fn a_timeout_at_a_second_endpoint_counts_double() {
    let mut world = World::telegram();
    for (end, score) in [(1, 1.0), (1, 2.0), (2, 4.0)] {
        let fact = world.fact(route("telegram", "direct"), Sign::ConnectTimeout);
        world.tell(Evidence { anchors: Anchors::Good, endpoint: Some(EndpointTag(end)), ..fact });
        assert!(near(world.direct().score, score), "{}", world.direct().score);
    }
}

#[test]
fn clients_that_give_up_count_three_times_a_minute() {
    let mut world = World::telegram();
    for _ in 0..10 {
        world.traffic("direct", Sign::ClientGaveUp);
    }
    assert!(near(world.direct().score, 3.0));
    world.pass(secs(61));
    world.traffic("direct", Sign::ClientGaveUp);
    assert!(world.direct().score > 3.5);
}

#[test]
fn a_name_that_stays_unanswered_three_times_counts_once() {
    let mut world = World::telegram();
    for expected in [0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0] {
        world.traffic("direct", Sign::DnsSilent);
        assert!(near(world.direct().score, expected));
    }
}

#[test]
fn slowness_degrades_and_never_blocks() {
    let mut world = World::telegram();
    for _ in 0..20 {
        world.traffic("direct", Sign::Throttled);
        world.pass(secs(20));
    }
    assert_eq!(world.verdict(), Verdict::Degraded(Technique::Throttled));
    assert!(world.direct().score <= 4.5 && !world.ever(Phase::Blocked) && !world.ever(Phase::Suspect));
}

#[test]
fn a_twin_counts_the_same_before_and_after() {
    let mut after = World::telegram();
    after.traffic("direct", Sign::ResetAfterHello);
    after.pass(secs(30));
    after.traffic("tokyo", A);
    let mut before = World::telegram();
    before.traffic("tokyo", A);
    before.pass(secs(30));
    before.traffic("direct", Sign::ResetAfterHello);
    after.traffic("direct", Sign::ConnectOnly);
    // 30 s of fading lie between the two.
    assert!((after.direct().score - before.direct().score).abs() < 0.2);
    assert!(near(before.direct().score, 4.5));
}

#[test]
fn a_twin_that_comes_too_late_counts_nothing() {
    let mut world = World::telegram();
    world.traffic("direct", Sign::ResetAfterHello);
    world.pass(secs(61));
    let alone = world.direct().score;
    world.traffic("tokyo", A);
    assert!(near(world.direct().score, alone));
}

#[test]
fn a_failure_on_every_way_clears_the_score_and_blames_nobody() {
    let mut world = World::telegram();
    world.traffic("direct", Sign::ResetAfterHello);
    assert_eq!(world.phase("direct"), Phase::Suspect);
    let fact = world.fact(route("telegram", "direct"), Sign::Refused);
    world.tell(Evidence { anchors: Anchors::Good, twin: Twin::FailedToo, ..fact });
    assert!(near(world.direct().score, 0.0));
    assert_eq!(world.phase("direct"), Phase::Unknown);
}

#[test]
fn the_first_reset_with_a_twin_makes_a_route_suspect_whatever_its_credit() {
    let mut world = World::telegram();
    for _ in 0..10 {
        world.traffic("direct", Sign::FlowProven);
    }
    assert!(near(world.direct().score, -5.0));
    world.twinned("direct", Sign::ResetAfterHello, 1);
    assert_eq!(world.phase("direct"), Phase::Suspect);
    assert!(near(world.direct().score, 4.5));
}

#[test]
fn a_suspicion_begins_at_the_switch_score_exactly() {
    let mut world = World::telegram();
    world.traffic("direct", Sign::ClientGaveUp);
    assert_eq!(world.phase("direct"), Phase::Unknown);
    world.traffic("direct", Sign::ClientGaveUp);
    assert_eq!(world.phase("direct"), Phase::Suspect);
    assert_eq!(world.verdict(), Verdict::Unclear, "a suspicion accuses nobody");
}

#[test]
fn a_suspicion_fades_by_itself() {
    let mut world = World::telegram();
    world.params.mode = crate::health::Mode::Passive;
    world.twinned("direct", Sign::ResetAfterHello, 1);
    world.pass(mins(21));
    assert_eq!(world.phase("direct"), Phase::Suspect, "4.5 takes 2.2 half-lives to fall below 1");
    world.pass(mins(2));
    assert_eq!(world.phase("direct"), Phase::Unknown);
}

#[test]
fn what_a_verdict_needs_beside_the_score() {
    let tries = |ends: &[u32], gap: u64, twin: Twin| {
        let mut world = World::telegram();
        world.params.taint.sni_rst = secs(0);
        world.params.mode = crate::health::Mode::Passive;
        for end in ends {
            let fact = world.fact(route("telegram", "direct"), Sign::ResetAfterHello);
            world.tell(Evidence { twin, anchors: Anchors::Good, endpoint: Some(EndpointTag(*end)), ..fact });
            world.pass(secs(gap));
        }
        world.phase("direct")
    };
    for (what, phase, expected) in [
        ("two endpoints, twice each, over 36 s", tries(&[1, 2, 1, 2], 12, Twin::Answered), Phase::Blocked),
        ("the same within 6 s", tries(&[1, 2, 1, 2], 2, Twin::Answered), Phase::Suspect),
        ("once each", tries(&[1, 2], 40, Twin::Answered), Phase::Suspect),
        ("one endpoint, three tries", tries(&[1, 1, 1], 20, Twin::Answered), Phase::Suspect),
        ("one endpoint, four tries, the place reached each time", tries(&[1; 4], 12, Twin::Answered), Phase::Blocked),
        ("no other way ever answered", tries(&[1, 2, 1, 2], 12, Twin::Unknown), Phase::Suspect),
    ] {
        assert_eq!(phase, expected, "{what}");
    }
}

#[test]
fn a_pinned_endpoint_without_same_place_twins_is_judged_after_a_half_life() {
    let mut world = World::telegram();
    world.params.mode = crate::health::Mode::Passive;
    let fail = |world: &mut World| {
        world.traffic("tokyo", A);
        let fact = world.fact(route("telegram", "direct"), Sign::Refused);
        world.tell(Evidence { anchors: Anchors::Good, endpoint: Some(EndpointTag(1)), ..fact });
    };
    for _ in 0..5 {
        fail(&mut world);
        world.pass(secs(110));
    }
    assert_eq!(world.phase("direct"), Phase::Suspect);
    world.pass(secs(60));
    fail(&mut world);
    assert_eq!(world.phase("direct"), Phase::Blocked);
}

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
