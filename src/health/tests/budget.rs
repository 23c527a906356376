//! The budget of §3.6: what a day of probes costs, and what is never spent.

use super::cadence::{SIX, WAYS, household};
use super::world::{A, Probed, World, mins, route};
use crate::health::budget::{self, Ledger};
use crate::health::{Event, Line, Params};
use crate::model::{Anchors, Evidence, Moment, Phase, ServiceId, Sign, Source, Technique, Twin};

fn spent(world: &World, from: Moment, to: Moment) -> u64 {
    let price = |service: &str| if SIX[..2].contains(&service) { 750 } else { 7_000 };
    let within = world.probes.iter().filter(|(at, _)| (from..to).contains(at));
    within.map(|(_, route)| price(route.service.as_str())).sum()
}

/// A day of a household: everything is used over direct in the morning, then one service is blocked and goes over
/// the tunnel.
pub(super) fn a_day(params: Params) -> World {
    let mut world = household(params);
    let direct = route("telegram", "direct");
    for minute in 0..12 * 60 {
        if minute == 4 * 60 {
            let probed = Probed { twin: Twin::Answered, bytes: 750, ..Probed::of(Sign::ResetAfterHello) };
            world.country.insert(direct.clone(), probed);
            let fact = world.fact(direct.clone(), Sign::ResetAfterHello);
            world.tell(Evidence { twin: Twin::Answered, ..fact });
        }
        let way = if minute < 4 * 60 { "direct" } else { "tokyo" };
        let fact = world.fact(route("telegram", way), A);
        world.tell(fact);
        // The others are opened now and then.
        let service = SIX[minute % 6];
        if minute % 7 == 0 {
            world.event(Event::Used(route(service, "direct")));
        }
        world.pass(mins(1));
    }
    world
}

#[test]
fn a_day_stays_within_a_hundred_kilobytes_an_hour() {
    let world = a_day(Params::default());
    let start = Moment::from_millis(1_000_000);
    for hour in 0..12 {
        let from = start + mins(60 * hour);
        let bytes = spent(&world, from, from + mins(60));
        assert!(bytes <= 100_000, "hour {hour}: {bytes}");
    }
}

#[test]
fn a_household_that_only_idles_costs_little() {
    let mut world = household(Params::default());
    for service in SIX {
        world.event(Event::Used(route(service, "direct")));
    }
    let mut worst = 0;
    for hour in 0..24 {
        let from = world.now;
        // One phone keeps its chat socket open over direct; nothing else moves.
        for _ in 0..12 {
            let fact = world.fact(route("telegram", "direct"), Sign::FlowProven);
            world.tell(fact);
            world.pass(mins(5));
        }
        if hour > 0 {
            worst = worst.max(spent(&world, from, world.now));
        }
    }
    assert!(worst <= 100_000, "{worst}");
    let mut idle = household(Params::default());
    idle.event(Event::Used(route("telegram", "direct")));
    idle.pass(mins(40));
    let from = idle.now;
    idle.pass(mins(60));
    assert!(spent(&idle, from, idle.now) <= 30_000);
}

#[test]
fn the_budget_is_a_hard_limit() {
    for (line, limit) in [(Line::Unmetered, 250_000), (Line::Metered, 30_000)] {
        let mut world = household(Params { line, ..Params::default() });
        // A bad day: every service is in trouble, and every probe is dear.
        for service in SIX {
            for transport in WAYS {
                let probed = Probed { twin: Twin::Answered, bytes: 8_000, ..Probed::of(Sign::Silence) };
                world.country.insert(route(service, transport), probed);
            }
        }
        let from = world.now;
        for _ in 0..60 {
            for service in SIX {
                for transport in WAYS {
                    let fact = world.fact(route(service, transport), A);
                    world.tell(fact);
                    let fact = world.fact(route(service, transport), Sign::Refused);
                    world.tell(Evidence { twin: Twin::Answered, ..fact });
                }
            }
            world.pass(mins(1));
        }
        let bytes = 8_000 * world.probes.iter().filter(|(at, _)| *at >= from).count();
        assert!(bytes <= limit, "{line:?}: {bytes}");
    }
}

#[test]
fn a_body_counts_in_its_services_hour_as_an_ordinary_probe() {
    let (params, now, telegram) = (Params::default(), Moment::from_millis(10_000_000), ServiceId::from("telegram"));
    let fits = |body: bool| {
        let mut ledger = Ledger::default();
        let mut probes = 0;
        if body {
            // One that was lost is booked at its price, and may have been no more than an ordinary probe.
            ledger.spend(&telegram, budget::BODY_PRICE, now);
            probes += 1;
        }
        while ledger.allows(&telegram, budget::UNKNOWN_PRICE, 0, now, &params) {
            ledger.spend(&telegram, budget::UNKNOWN_PRICE, now);
            probes += 1;
        }
        probes
    };
    assert_eq!(fits(true), fits(false));
    assert!(fits(true) * budget::UNKNOWN_PRICE <= params.budget.per_service);
}

#[test]
fn a_body_is_asked_for_once_a_day_before_a_route_is_trusted() {
    let mut world = World::telegram();
    let direct = route("telegram", "direct");
    assert!(!world.state().wants_body(&direct, world.now, &world.params));
    let fact = world.fact(direct.clone(), Sign::ResetAfterHello);
    world.tell(Evidence { pair: Some(Technique::SniRst), anchors: Anchors::Good, ..fact });
    world.pass(mins(2));
    world.traffic("direct", A);
    assert_eq!(world.phase("direct"), Phase::Recovering);
    assert!(world.state().wants_body(&direct, world.now, &world.params));
    world.event(Event::ProbeStarted(direct.clone(), 70_000));
    let fact = world.fact(direct.clone(), A);
    world.tell(Evidence { source: Source::Probe, ..fact });
    assert!(!world.state().wants_body(&direct, world.now, &world.params), "the day's is spent");
    let mut metered = world;
    metered.params.line = Line::Metered;
    metered.pass(mins(25 * 60));
    assert!(!metered.state().wants_body(&direct, metered.now, &metered.params));
}

#[test]
fn tunnels_asked_after_leave_a_service_room_for_its_own_questions() {
    let (params, now) = (Params::default(), Moment::from_millis(1_000_000));
    let (telegram, signal) = (ServiceId::from("telegram"), ServiceId::from("signal"));
    let mut ledger = Ledger::default();
    let mut asked = 0;
    while ledger.lends(&telegram, now, &params) {
        ledger.spend(&telegram, budget::TUNNEL_PRICE, now);
        asked += 1;
    }
    assert_eq!(asked, 4);
    assert!(ledger.allows(&telegram, 15_000, 0, now, &params), "its own are not put off");
    assert!(ledger.lends(&signal, now, &params), "another one lends its name");
    assert!(ledger.lends(&telegram, now + mins(62), &params));
}
