//! T9: what a first freeze asks for, and whose it is in a tunnel.

use super::world::{A, B, World, mins, route, secs};
use crate::health::{Event, Params};
use crate::model::{
    Anchors, Confidence, Evidence, Facet, Phase, Route, Sign, Source, Technique, TransportId, Twin, Verdict,
};

const FROZEN: Sign = Sign::Frozen { kilobytes: 14 };

/// Telegram over both bare ways and a tunnel, in use; transfers have passed.
fn evening() -> World {
    let mut world = World::new(&["telegram"], &["direct", "split", "tokyo"]);
    world.pass(secs(5));
    world.traffic("direct", B);
    world.traffic("direct", Sign::BodyProven);
    world
}

/// A question about `transport`, with this end.
fn probed(world: &mut World, transport: &str, sign: Sign, twin: Twin) {
    let fact = world.fact(route("telegram", transport), sign);
    world.tell(Evidence { source: Source::Probe, twin, anchors: Anchors::Good, ..fact });
}

#[test]
fn a_first_freeze_asks_for_a_body_on_the_plain_way_and_a_second_one_is_the_verdict() {
    let mut world = evening();
    let wants =
        |world: &World, transport| world.state().wants_body(&route("telegram", transport), world.now, &world.params);
    assert!(!wants(&world, "direct"));
    world.traffic("direct", FROZEN);
    world.traffic("split", FROZEN);
    assert_eq!(world.phase("direct"), Phase::Suspect);
    assert!(!wants(&world, "direct"), "the cheap pair goes first");
    world.traffic("tokyo", A);
    world.pass(secs(30));
    assert!(!world.probes_of(&route("telegram", "direct")).is_empty(), "it is asked soon");
    probed(&mut world, "direct", A, Twin::Unknown);
    assert!(wants(&world, "direct") && !wants(&world, "split"), "they differ in the first message only");
    // Small answers came to people shortly before: they say nothing of transfers.
    world.traffic("direct", B);
    probed(&mut world, "direct", FROZEN, Twin::Answered);
    assert_eq!(world.verdict(), Verdict::Blocked(Technique::Freeze));
}

#[test]
fn a_body_that_passes_clears_a_first_freeze() {
    let mut world = evening();
    world.traffic("direct", FROZEN);
    world.traffic("direct", A);
    assert_eq!(world.phase("direct"), Phase::Suspect, "a small answer does not");
    world.pass(secs(2));
    probed(&mut world, "direct", Sign::BodyProven, Twin::Unknown);
    assert_eq!(world.phase("direct"), Phase::Ok);
}

#[test]
fn a_question_that_froze_early_leaves_the_days_body_unspent() {
    let mut world = evening();
    let direct = route("telegram", "direct");
    world.traffic("direct", FROZEN);
    probed(&mut world, "direct", A, Twin::Unknown);
    let wants = |world: &World| world.state().wants_body(&direct, world.now, &world.params);
    world.event(Event::ProbeStarted(direct.clone(), 78_000));
    assert!(wants(&world), "the suspicion is worth one more");
    world.event(Event::ProbeStarted(direct.clone(), 78_000));
    assert!(!wants(&world));
    world.event(Event::ProbeSpared(direct.clone(), 55_000));
    assert!(wants(&world));
}

#[test]
fn a_suspicion_counts_packets_first_and_the_proof_speaks_for_every_facet_that_froze() {
    let mut world = evening();
    let direct = route("telegram", "direct");
    let web = Route { facet: Facet::Web, ..direct.clone() };
    world.traffic("direct", FROZEN);
    world.tell(Evidence { route: web.clone(), ..world.fact(direct.clone(), FROZEN) });
    let state = world.state();
    assert!(
        state.wants_packets(&direct, world.now, &world.params) && !state.wants_body(&direct, world.now, &world.params)
    );
    let fact = world.fact(direct.clone(), FROZEN);
    let pair = Some(Technique::Freeze);
    world.tell(Evidence { source: Source::Probe, twin: Twin::Answered, anchors: Anchors::Good, pair, ..fact });
    for route in [&direct, &web] {
        let standing = world.state().snapshot(&world.params).standing(route).cloned().unwrap();
        assert_eq!(standing.verdict, Verdict::Blocked(Technique::Freeze), "{route}");
        assert_eq!(standing.confidence, Confidence::Confirmed, "{route}");
    }
    let media = Route { facet: Facet::Media, ..direct };
    assert!(world.state().snapshot(&world.params).standing(&media).is_none_or(|s| s.phase == Phase::Unknown));
}

#[test]
fn an_app_that_leaves_what_fell_silent_is_a_reason_to_ask_and_no_more() {
    let mut world = evening();
    let direct = route("telegram", "direct");
    let (score, asked) = (world.direct().score, world.probes_of(&direct).len());
    world.traffic("direct", Sign::Left);
    assert_eq!((world.phase("direct"), world.direct().score), (Phase::Ok, score));
    assert!(world.state().wants_body(&direct, world.now, &world.params));
    world.pass(secs(6));
    assert_eq!(world.probes_of(&direct).len(), asked + 1);
    probed(&mut world, "direct", A, Twin::Unknown);
    assert!(!world.state().wants_body(&direct, world.now, &world.params), "it was asked");
    world.pass(mins(1));
    assert_eq!(world.probes_of(&direct).len(), asked + 1);
}

#[test]
fn a_tunnel_in_which_two_services_freeze_is_left_by_all() {
    let services = ["telegram", "whatsapp", "signal"];
    let mut world = World::new(&services, &["direct", "tokyo", "oslo"]);
    world.pass(secs(5));
    for service in services {
        let fact = world.fact(route(service, "tokyo"), B);
        world.tell(fact);
    }
    let freeze = |world: &mut World, service, transport| {
        let fact = world.fact(route(service, transport), FROZEN);
        world.tell(Evidence { anchors: Anchors::Good, ..fact });
    };
    let phase = |world: &World, service, transport| world.standing(service, transport).phase;
    freeze(&mut world, "telegram", "tokyo");
    assert_eq!(phase(&world, "telegram", "tokyo"), Phase::Suspect);
    assert_eq!(phase(&world, "signal", "tokyo"), Phase::Ok, "one service may have troubles of its own");
    freeze(&mut world, "whatsapp", "tokyo");
    assert_eq!(phase(&world, "signal", "tokyo"), Phase::Suspect);
    for service in services {
        assert!(matches!(phase(&world, service, "direct"), Phase::Unknown | Phase::Ok), "{service} is not blamed");
        assert!(matches!(phase(&world, service, "oslo"), Phase::Unknown | Phase::Ok));
    }
}

#[test]
fn bare_ways_freeze_each_service_for_itself() {
    let services = ["telegram", "whatsapp", "signal"];
    let params = Params { bare: vec![TransportId::from("direct")], ..Params::default() };
    let mut world = World::with(params, &services, &["direct", "tokyo"]);
    world.pass(secs(5));
    for service in &services[..2] {
        let fact = world.fact(route(service, "direct"), FROZEN);
        world.tell(Evidence { anchors: Anchors::Good, ..fact });
    }
    assert_eq!(world.standing("signal", "direct").phase, Phase::Unknown);
}

#[test]
fn small_answers_do_not_put_off_the_look_at_a_tunnel() {
    let mut world = World::telegram();
    let tokyo = route("telegram", "tokyo");
    for _ in 0..40 {
        world.traffic("tokyo", B);
        world.pass(secs(30));
    }
    assert!(!world.probes_of(&tokyo).is_empty(), "a tunnel that freezes gives small answers as well");
    let mut world = World::telegram();
    for _ in 0..40 {
        world.traffic("tokyo", Sign::BodyProven);
        world.pass(secs(30));
    }
    assert!(world.probes_of(&tokyo).is_empty(), "transfers pass");
}
