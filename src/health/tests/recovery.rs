//! The rules of §3.4 and §3.5: how a route comes back, and what keeps it away.

use super::world::{A, World, mins, route, secs};
use crate::health::Event;
use crate::model::{Anchors, Evidence, Forced, LinkState, Phase, ServiceId, Sign, Technique, TransportId, Verdict};

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 0.05
}

/// A world whose direct route was proven blocked just now.
pub(super) fn blocked() -> World {
    let mut world = World::telegram();
    let fact = world.fact(route("telegram", "direct"), Sign::ResetAfterHello);
    world.tell(Evidence { pair: Some(Technique::SniRst), anchors: Anchors::Good, ..fact });
    assert_eq!(world.phase("direct"), Phase::Blocked);
    world
}

/// Probes it until the phase changes; how long that took.
fn until(world: &mut World, phase: Phase, most: u64) -> u64 {
    for minute in 0..most {
        if world.phase("direct") == phase {
            return minute;
        }
        // Somebody is there, and uses the tunnel.
        world.event(Event::Used(route("telegram", "tokyo")));
        world.pass(mins(1));
    }
    panic!("not {phase} within {most} minutes, but {}", world.phase("direct"));
}

#[test]
fn recovery_takes_three_answers_over_a_quarter_of_an_hour_and_then_canaries() {
    let mut world = blocked();
    world.country(route("telegram", "direct"), Sign::BodyProven);
    until(&mut world, Phase::Recovering, 10);
    let began = world.now;
    let mut shares: Vec<(u64, f64)> = vec![];
    while world.phase("direct") == Phase::Recovering {
        let share = world.direct().canary;
        if shares.last().is_none_or(|(_, last)| (*last - share).abs() > 0.01) {
            shares.push((world.now.since(began).as_secs() / 60, share));
        }
        world.event(Event::Used(route("telegram", "tokyo")));
        world.pass(secs(30));
        assert!(world.now.since(began) < mins(60), "{shares:?}");
    }
    assert_eq!(world.phase("direct"), Phase::Ok);
    assert_eq!(shares.iter().map(|(_, s)| *s).collect::<Vec<_>>(), [0.0, 0.1, 0.5, 1.0]);
    assert!(shares[1].0 >= 15, "no canary before a quarter of an hour: {shares:?}");
    let stage = |i: usize| shares[i + 1].0 - shares[i].0;
    assert!((4..=6).contains(&stage(1)) && (4..=6).contains(&stage(2)), "five minutes a stage: {shares:?}");
}

#[test]
fn without_a_body_the_route_is_lent_but_not_taken_for_granted() {
    let mut world = blocked();
    world.country(route("telegram", "direct"), A);
    until(&mut world, Phase::Recovering, 10);
    for _ in 0..90 {
        world.event(Event::Used(route("telegram", "tokyo")));
        world.pass(mins(1));
    }
    assert_eq!(world.phase("direct"), Phase::Recovering);
    assert!(near(world.direct().canary, 1.0));
    let flow = world.fact(route("telegram", "direct"), Sign::FlowProven);
    world.tell(flow);
    assert_eq!(world.phase("direct"), Phase::Ok);
}

#[test]
fn a_relapse_doubles_the_hold_and_a_clean_day_halves_it() {
    let mut world = blocked();
    world.country(route("telegram", "direct"), Sign::ResetAfterHello);
    world.pass(mins(2));
    let mut holds = vec![];
    for (end, day) in (1..).zip([0, 0, 0, 0, 0, 0, 0, 2]) {
        for _ in 0..day * 24 * 60 {
            world.event(Event::Used(route("telegram", "tokyo")));
            world.pass(mins(1));
        }
        world.pass(secs(2));
        world.traffic("direct", A);
        assert_eq!(world.phase("direct"), Phase::Recovering);
        world.twinned("direct", Sign::ResetAfterHello, end);
        assert_eq!(world.phase("direct"), Phase::Blocked, "one clear failure ends it");
        let held = world.direct().held_until.unwrap();
        holds.push(held.since(world.now).as_secs() / 60);
    }
    for (hold, least) in holds.iter().zip([15, 30, 60, 120, 240, 360, 360, 180]) {
        let most = least * 13 / 10 + 1;
        assert!((least..=most).contains(hold), "{holds:?}: {hold} of {least}");
    }
}

#[test]
fn a_place_where_somebody_plays_the_service_is_left_until_the_operator_says_otherwise() {
    let mut world = World::telegram();
    let fact = world.fact(route("telegram", "direct"), Sign::ForeignKey);
    world.tell(fact);
    assert!(world.direct().hostile, "at once, even before the anchors have answered");
    world.pass(secs(11));
    assert_eq!(world.verdict(), Verdict::Blocked(Technique::Mitm));
    assert!(world.direct().hostile);
    let probes = world.probes_of(&route("telegram", "direct")).len();
    for _ in 0..24 * 60 {
        world.event(Event::Used(route("telegram", "tokyo")));
        world.pass(mins(1));
    }
    assert_eq!(world.probes_of(&route("telegram", "direct")).len(), probes, "not one probe");
    world.traffic("direct", A);
    assert!(world.direct().hostile && world.phase("direct") == Phase::Blocked);
    let forced = Forced { transport: TransportId::from("direct"), until: None };
    world.event(Event::Force(ServiceId::from("telegram"), Some(forced)));
    assert!(!world.direct().hostile && world.phase("direct") == Phase::Unknown);
}

#[test]
fn a_foreign_key_seen_behind_a_portal_is_forgotten() {
    let mut world = World::telegram();
    world.pass(secs(60));
    world.link = Some(LinkState::Captive);
    let fact = world.fact(route("telegram", "direct"), Sign::ForeignKey);
    world.tell(fact);
    assert!(world.direct().hostile);
    world.pass(secs(1));
    assert!(!world.direct().hostile && world.phase("direct") == Phase::Unknown);
}
