//! The scenarios of blocks (detection rules §5), one by one: what is believed, what is said, how it comes back.

use super::evening::{evening, under, verdict_of};
use super::world::{A, World, mins, route, secs};
use crate::model::{Anchors, Confidence, EndpointTag, Evidence, Phase, Sign, Source, Technique, Twin, Verdict};

#[test]
fn s08_to_s15_each_block_is_left_at_once_and_named() {
    for (what, sign, most, technique) in [
        ("8 ip-drop-all", Sign::ConnectTimeout, 5, Technique::IpDrop),
        ("10 syn-rst", Sign::Refused, 5, Technique::TcpReject),
        ("11 icmp-admin", Sign::RefusedByIcmp, 5, Technique::TcpReject),
        ("12 sni-rst", Sign::ResetAfterHello, 10, Technique::SniRst),
        ("13 sni-fin", Sign::EofAfterHello, 10, Technique::SniRst),
        ("14 hello-drop", Sign::HelloDropped, 35, Technique::SniDropHello),
        ("15 hello-mute", Sign::HelloMuted, 35, Technique::SniDropAnswer),
    ] {
        let world = verdict_of(sign, most);
        assert_eq!(world.verdict(), Verdict::Blocked(technique), "{what}");
        assert_eq!(world.direct().confidence, Confidence::Anomaly, "no pair was run: {what}");
        assert_eq!(world.phase("tokyo"), Phase::Ok, "{what}");
        let flaps =
            world.transitions().into_iter().filter(|t| t.to == Phase::Ok && t.route == route("telegram", "direct"));
        assert!(flaps.count() <= 1, "{what}: only the first answer of the evening");
    }
}

#[test]
fn s12_a_pair_confirms() {
    let mut world = evening();
    world.twinned("direct", Sign::ResetAfterHello, 1);
    world.pass(secs(90));
    let fact = world.fact(route("telegram", "direct"), Sign::ResetAfterHello);
    world.tell(Evidence { pair: Some(Technique::SniRst), twin: Twin::Answered, ..fact });
    assert_eq!(world.direct().verdict, Verdict::Blocked(Technique::SniRst));
    assert_eq!(world.direct().confidence, Confidence::Confirmed);
}

#[test]
fn s16_the_punishment_after_a_reset_is_not_a_block_by_address() {
    let mut world = evening();
    world.twinned("direct", Sign::ResetAfterHello, 1);
    let hit = world.now;
    for _ in 0..7 {
        world.pass(secs(10));
        world.twinned("direct", Sign::ConnectTimeout, 1);
    }
    let why: Vec<String> = world.transitions().iter().flat_map(|t| &t.why).map(|s| s.sign.clone()).collect();
    assert!(!why.iter().any(|sign| sign == "connect_timeout_error"), "{why:?}");
    under(&mut world, Sign::ResetAfterHello);
    world.pass(mins(12));
    let probes = world.probes_of(&route("telegram", "direct"));
    let inside = probes.iter().filter(|at| at.since(hit) < secs(75)).count();
    assert!(inside <= 1, "inside the punishment only the one that begins with what nobody punishes: {probes:?}");
    assert_eq!(world.verdict(), Verdict::Blocked(Technique::SniRst));
}

#[test]
fn s17_frozen_transfers_turn_the_next_connection_and_are_named() {
    let mut world = evening();
    let freeze = Sign::Frozen { kilobytes: 15 };
    let fact = world.fact(route("telegram", "direct"), freeze);
    world.tell(Evidence { endpoint: Some(EndpointTag(1)), ..fact });
    world.pass(secs(2));
    assert_eq!(world.phase("direct"), Phase::Suspect, "as soon as the anchors have answered");
    for end in [2, 1, 2, 1] {
        world.traffic("tokyo", A);
        world.pass(secs(15));
        world.twinned("direct", freeze, end);
    }
    assert_eq!(world.verdict(), Verdict::Blocked(Technique::Freeze));
}

#[test]
fn s17_text_that_still_passes_does_not_hide_the_freeze() {
    let mut world = evening();
    let freeze = Sign::Frozen { kilobytes: 15 };
    for end in [1, 2, 1, 2, 1] {
        world.twinned("direct", freeze, end);
        world.pass(secs(15));
        world.traffic("direct", A);
    }
    assert_eq!(world.verdict(), Verdict::Blocked(Technique::Freeze));
}

#[test]
fn s24_a_foreign_key_closes_the_way_and_is_confirmed() {
    let mut world = evening();
    let fact = world.fact(route("telegram", "direct"), Sign::ForeignKey);
    world.tell(Evidence { twin: Twin::Answered, ..fact });
    let standing = world.direct();
    assert!(standing.hostile);
    assert_eq!((standing.verdict, standing.confidence), (Verdict::Blocked(Technique::Mitm), Confidence::Confirmed));
}

#[test]
fn s26_a_block_page_is_confirmed_by_clean_canaries() {
    let mut world = evening();
    let fact = world.fact(route("telegram", "direct"), Sign::BlockPage);
    world.tell(fact);
    assert_eq!(world.phase("direct"), Phase::Ok, "first the canaries");
    world.pass(secs(1));
    assert_eq!(world.verdict(), Verdict::Blocked(Technique::HttpBlock));
}

#[test]
fn s31_a_canary_that_fails_doubles_the_hold() {
    let mut world = evening();
    let fact = world.fact(route("telegram", "direct"), Sign::HelloMuted);
    world.tell(Evidence { pair: Some(Technique::ProtoBlock), twin: Twin::Answered, ..fact });
    world.country(route("telegram", "direct"), A);
    for _ in 0..90 {
        world.traffic("tokyo", A);
        world.pass(secs(30));
        if world.direct().canary > 0.05 {
            break;
        }
    }
    assert!(world.direct().canary > 0.05);
    world.twinned("direct", Sign::HelloMuted, 1);
    assert_eq!(world.phase("direct"), Phase::Blocked);
    let held = world.direct().held_until.unwrap().since(world.now);
    assert!(held >= mins(15) && world.direct().canary.abs() < f64::EPSILON);
}

#[test]
fn s34_a_flaky_block_is_found_within_ten_flows_and_does_not_flap() {
    // Every fourth flow is killed, and then all to the same place for three minutes.
    let mut world = evening();
    let mut killed_until = world.now;
    let mut flows = 0;
    while world.phase("direct") != Phase::Blocked {
        flows += 1;
        assert!(flows <= 10, "{:?}", world.direct());
        let kills = flows % 4 == 3;
        if kills {
            killed_until = world.now + mins(3);
        }
        if world.now < killed_until {
            world.twinned("direct", Sign::ResetAfterHello, 1);
        } else {
            world.traffic("direct", A);
        }
        world.traffic("tokyo", A);
        world.pass(secs(38));
    }
    let direct = route("telegram", "direct");
    let phases: Vec<Phase> = world.transitions().iter().filter(|t| t.route == direct).map(|t| t.to).collect();
    assert_eq!(phases, [Phase::Ok, Phase::Suspect, Phase::Blocked]);
}

#[test]
fn s45_a_pair_that_no_other_way_can_vouch_for_counts_only_for_what_people_see_and_is_never_sure() {
    for people_fail in [true, false] {
        let mut world = World::telegram();
        if people_fail {
            let fact = world.fact(route("telegram", "direct"), Sign::HelloDropped);
            world.tell(Evidence { endpoint: Some(EndpointTag(1)), anchors: Anchors::Good, ..fact });
            world.pass(secs(5));
        }
        let asked = world.fact(route("telegram", "direct"), Sign::HelloDropped);
        let pair = Some(Technique::ProtoBlock);
        world.tell(Evidence {
            source: Source::Probe,
            endpoint: Some(EndpointTag(1)),
            anchors: Anchors::Good,
            pair,
            ..asked
        });
        let blocked = world.verdict() == Verdict::Blocked(Technique::ProtoBlock);
        assert_eq!(blocked, people_fail);
        assert!(!blocked || world.direct().confidence == Confidence::Anomaly);
    }
}

#[test]
fn what_people_see_in_vain_while_a_punishment_may_be_on_is_asked_after() {
    let mut world = World::telegram();
    for _ in 0..3 {
        world.traffic("direct", Sign::BodyProven);
    }
    let fail = |world: &mut World| {
        let fact = world.fact(route("telegram", "direct"), Sign::HelloMuted);
        world.tell(Evidence { endpoint: Some(EndpointTag(1)), anchors: Anchors::Good, ..fact });
        world.now
    };
    let first = fail(&mut world);
    for _ in 0..2 {
        world.pass(secs(20));
        fail(&mut world);
    }
    assert!(matches!(world.phase("direct"), Phase::Ok | Phase::Unknown), "what they lived to see before still counts");
    world.pass(secs(25));
    let probes = world.probes_of(&route("telegram", "direct"));
    let asked = probes.iter().filter(|at| **at > first).count();
    assert_eq!(asked, 1, "{probes:?}");
    let now = world.now;
    assert!(
        world.state().is_in_shadow(&route("telegram", "direct"), now, &world.params),
        "its neutral half goes first"
    );
}
