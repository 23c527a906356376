//! The lab's scenarios (detection rules §5) as far as they are sequences of events: what is believed, what is said,
//! and that nobody is blamed where nobody is to blame. The numbers are those of the table.

use super::world::{A, Probed, World, mins, route, secs};
use crate::health::{Event, LinkReport};
use crate::model::{
    Anchors, Confidence, EndpointTag, Evidence, Ground, LinkState, NetworkId, Phase, Sign, Source, Technique, Twin,
    Verdict,
};

/// A working evening: direct has been fine for a while.
fn evening() -> World {
    let mut world = World::telegram();
    world.country(route("telegram", "tokyo"), A);
    for _ in 0..5 {
        world.traffic("direct", A);
        world.traffic("direct", Sign::FlowProven);
        world.pass(secs(20));
    }
    assert_eq!(world.phase("direct"), Phase::Ok);
    world
}

/// People keep connecting: over direct while it is in front, else over the tunnel, which works.
fn connect(world: &mut World, sign: Sign, end: u32) {
    if matches!(world.phase("direct"), Phase::Ok | Phase::Unknown) {
        world.twinned("direct", sign, end);
    }
    world.traffic("tokyo", A);
}

/// Probes of direct bring `sign`, at one endpoint after the other, with the twin that `prober` runs.
fn under(world: &mut World, sign: Sign) {
    let probed = Probed { sign, twin: Twin::Answered, bytes: 700 };
    world.country.insert(route("telegram", "direct"), probed);
}

/// The verdict reached within `most` minutes of blocking by `sign`.
fn verdict_of(sign: Sign, most: u64) -> World {
    let mut world = evening();
    under(&mut world, sign);
    connect(&mut world, sign, 1);
    assert!(
        !matches!(world.phase("direct"), Phase::Ok | Phase::Unknown),
        "the very next connection goes the other way: {sign:?}"
    );
    for second in 0..most * 60 {
        connect(&mut world, sign, u32::try_from(second % 4).unwrap());
        world.pass(secs(1));
    }
    world
}

fn nobody_is_blamed(world: &World) {
    for phase in [Phase::Suspect, Phase::Degraded, Phase::Blocked, Phase::ServiceDown] {
        assert!(!world.ever(phase), "{phase}");
    }
}

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
    let first = world.probes_of(&route("telegram", "direct"))[0];
    assert!(first.since(hit) >= secs(75), "not inside the punishment");
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
        .insert(route("telegram", "direct"), Probed { sign: Sign::Refused, twin: Twin::FailedToo, bytes: 700 });
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
