//! The rows of detection rules §3.2 that count points, one by one.

use super::world::{A, B, World, mins, route, secs};
use crate::model::{Anchors, EndpointTag, Evidence, Phase, Sign, Technique, Twin, Verdict};

pub(super) fn near(a: f64, b: f64) -> bool {
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
