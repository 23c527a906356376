//! What is probed when, and what it costs (detection rules §3.4, §3.6, §4; the numbers to reach of `docs`), on

use super::budget::a_day;
use super::world::{A, Probed, World, mins, route, secs};
use crate::health::{Event, LinkReport, Mode, Params};
use crate::model::{Anchors, Evidence, Facet, Ground, L4, LinkState, Moment, Phase, Route, Sign, Technique, Twin};
use std::time::Duration;

pub(super) const SIX: [&str; 6] = ["telegram", "whatsapp", "signal", "discord", "viber", "line"];

pub(super) const WAYS: [&str; 4] = ["direct", "split", "home", "tokyo"];

/// Six services and two tunnels; two services have cheap probes of their own, four need TLS.
pub(super) fn household(params: Params) -> World {
    let mut world = World::with(params, &SIX, &WAYS);
    for (i, service) in SIX.into_iter().enumerate() {
        for transport in WAYS {
            let bytes = if i < 2 { 750 } else { 7_000 };
            world.country.insert(route(service, transport), Probed { bytes, ..Probed::of(A) });
        }
    }
    world
}

fn gaps(times: &[Moment]) -> Vec<u64> {
    times.windows(2).map(|pair| u64::try_from(pair[1].since(pair[0]).as_millis()).unwrap()).collect()
}

#[test]
fn no_second_check_is_skipped() {
    let mut world = household(Params::default());
    world.event(Event::Used(route("telegram", "direct")));
    for _ in 0..6 * 60 {
        // Somebody is there, using another service.
        world.event(Event::Used(route("signal", "direct")));
        world.pass(mins(1));
    }
    let times = world.probes_of(&route("telegram", "direct"));
    let most = gaps(&times).into_iter().max().unwrap();
    assert!(most <= 24 * 60_000, "never longer than 15 min and six tenths: {most}");
    assert!(times.len() >= 14, "{}", times.len());
}

#[test]
fn use_does_not_put_off_the_check_it_should_bring() {
    let mut world = household(Params::default());
    world.country(route("telegram", "direct"), Sign::ClientGaveUp);
    let fact = world.fact(route("telegram", "direct"), Sign::Refused);
    world.tell(Evidence { twin: Twin::Answered, ..fact });
    for _ in 0..120 {
        world.event(Event::Used(route("telegram", "direct")));
        world.event(Event::Used(route("telegram", "tokyo")));
        world.pass(secs(1));
    }
    assert_eq!(world.probes_of(&route("telegram", "direct")).len(), 3);
}

#[test]
fn old_evidence_outlives_a_connect_by_far() {
    let params = Params::default();
    assert!(params.score_half_life >= params.connect_timeout * 100);
}

#[test]
fn bytes_that_were_answered_make_a_route_live_and_nothing_else() {
    let mut world = World::telegram();
    for _ in 0..100 {
        world.traffic("direct", Sign::ConnectOnly);
        world.pass(secs(10));
    }
    assert_eq!(world.phase("direct"), Phase::Unknown);
}

#[test]
fn a_better_way_is_always_tried_again() {
    let mut world = World::telegram();
    let fact = world.fact(route("telegram", "direct"), Sign::ResetAfterHello);
    world.tell(Evidence { pair: Some(Technique::SniRst), anchors: Anchors::Good, ..fact });
    world.country(route("telegram", "direct"), Sign::ResetAfterHello);
    for _ in 0..24 * 60 {
        world.traffic("tokyo", A);
        world.pass(mins(1));
    }
    let times = world.probes_of(&route("telegram", "direct"));
    assert!((20..=40).contains(&times.len()), "about once an hour, for ever: {}", times.len());
}

#[test]
fn failures_count_in_how_good_a_route_is_however_fast_its_successes() {
    let mut world = World::telegram();
    for end in 0..6 {
        let fast = world.fact(route("telegram", "direct"), A);
        world.tell(Evidence { rtt_ms: Some(5), first_byte_ms: Some(6), ..fast });
        world.twinned("direct", Sign::Refused, end);
    }
    assert_eq!(world.direct().rtt, Some(Duration::from_millis(5)));
    assert!(world.direct().score >= 2.0 && world.phase("direct") != Phase::Ok);
}

#[test]
fn a_suspicion_is_looked_into_after_20_45_and_90_seconds_and_then_ever_more_rarely() {
    let mut world = World::telegram();
    let fact = world.fact(route("telegram", "direct"), Sign::Refused);
    world.tell(Evidence { twin: Twin::Answered, ..fact });
    let since = world.now;
    world.country(route("telegram", "direct"), Sign::ClientGaveUp);
    world.pass(mins(16));
    let times: Vec<u64> =
        world.probes_of(&route("telegram", "direct")).iter().map(|t| t.since(since).as_secs()).collect();
    for (time, wanted) in times.iter().zip([20, 45, 90]) {
        assert!((wanted..=wanted * 115 / 100 + 3).contains(time), "{times:?}");
    }
    let waits: Vec<u64> = times.windows(2).skip(2).map(|two| two[1] - two[0]).collect();
    for (wait, wanted) in waits.iter().zip([90, 180, 360]) {
        assert!((wanted * 7 / 10..=wanted * 13 / 10 + 3).contains(wait), "{times:?}");
    }
    assert!((2..=4).contains(&waits.len()), "nobody else asks: {times:?}");
}

#[test]
fn a_blocked_route_is_left_alone_ever_longer() {
    for (sign, pair, first) in [
        (Sign::Refused, Technique::TcpReject, (3 * 60 + 30, 6 * 60 + 30)),
        (Sign::HelloMuted, Technique::SniDropAnswer, (420, 450)),
    ] {
        let mut world = World::telegram();
        world.country(route("telegram", "tokyo"), A);
        let fact = world.fact(route("telegram", "direct"), sign);
        world.tell(Evidence { pair: Some(pair), anchors: Anchors::Good, ..fact });
        let since = world.now;
        let probe = Probed { twin: Twin::Answered, bytes: 700, ..Probed::of(sign) };
        world.country.insert(route("telegram", "direct"), probe);
        for _ in 0..8 * 60 {
            world.event(Event::Used(route("telegram", "tokyo")));
            world.pass(mins(1));
        }
        let times = world.probes_of(&route("telegram", "direct"));
        let to_first = times[0].since(since).as_secs();
        assert!((first.0..=first.1).contains(&to_first), "{sign:?}: {to_first}");
        let waits: Vec<u64> = gaps(&times).iter().map(|ms| ms / 60_000).collect();
        for (wait, (least, most)) in waits.iter().zip([(7, 13), (14, 26), (28, 52), (42, 78), (42, 78)]) {
            assert!((least..=most).contains(wait), "{sign:?}: {waits:?}");
        }
    }
}

#[test]
fn nothing_is_probed_while_nobody_is_there() {
    let mut world = household(Params::default());
    for service in SIX {
        world.event(Event::Used(route(service, "direct")));
    }
    world.pass(mins(31));
    let before = (world.probes.len(), world.controls.len());
    world.pass(mins(10 * 60));
    assert_eq!(world.probes.len(), before.0);
    assert!(world.controls.len() <= before.1 + 1, "nor the anchors");
    world.event(Event::Used(route("telegram", "direct")));
    let back = world.now;
    world.pass(mins(5));
    let first = world.probes.get(before.0).map(|(at, _)| at.since(back));
    assert!(first.is_none_or(|wait| wait >= secs(10)), "no burst when somebody returns: {first:?}");
}

#[test]
fn services_never_used_here_are_looked_at_once_and_then_rarely() {
    let mut world = household(Params::default());
    let start = world.now;
    world.pass(mins(4));
    for service in SIX {
        let times = world.probes_of(&route(service, "direct"));
        assert_eq!(times.len(), 1, "{service}");
        assert!((10..=200).contains(&times[0].since(start).as_secs()));
        assert!(world.probes_of(&route(service, "tokyo")).is_empty(), "no sweep of the tunnels");
    }
    for _ in 0..5 * 60 {
        world.event(Event::Used(route("telegram", "direct")));
        world.pass(mins(1));
    }
    assert!(world.probes_of(&route("discord", "direct")).len() <= 3);
}

#[test]
fn a_service_not_used_for_a_day_is_left_alone() {
    let mut world = household(Params::default());
    world.event(Event::Used(route("signal", "direct")));
    let mut counted = 0;
    for hour in 0..36 {
        for _ in 0..6 {
            world.event(Event::Used(route("telegram", "direct")));
            world.pass(mins(10));
        }
        if hour == 24 {
            counted = world.probes_of(&route("signal", "direct")).len();
        }
    }
    let after = world.probes_of(&route("signal", "direct")).len() - counted;
    assert!(counted >= 20 && after <= 4, "{counted} while used, {after} after: one in six hours");
}

#[test]
fn nothing_beats() {
    let world = a_day(Params::default());
    for service in SIX {
        for transport in WAYS {
            let gaps = gaps(&world.probes_of(&route(service, transport)));
            let mut distinct = gaps.clone();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), gaps.len(), "{service} via {transport}: two equal intervals");
        }
    }
    let all: Vec<f64> = gaps(&world.probes_of(&route("whatsapp", "direct"))).into_iter().map(|ms| ms as f64).collect();
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    let variance = all.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / all.len() as f64;
    assert!(variance.sqrt() / mean >= 0.25, "{}", variance.sqrt() / mean);
}

#[test]
fn at_most_two_probes_are_under_way_and_one_of_a_service() {
    let mut world = household(Params::default());
    // Nobody answers: every probe stays under way until it is given up.
    world.country.clear();
    for service in SIX {
        let fact = world.fact(route(service, "direct"), Sign::Refused);
        world.tell(Evidence { twin: Twin::Answered, ..fact });
    }
    world.pass(mins(10));
    assert!(world.probes.len() > 6);
    for (at, route) in &world.probes {
        let together: Vec<_> =
            world.probes.iter().filter(|(t, _)| *t <= *at && at.since(*t) < secs(45)).map(|(_, r)| r).collect();
        assert!(together.len() <= 2, "{together:?}");
        assert_eq!(together.iter().filter(|r| r.service == route.service).count(), 1);
    }
}

#[test]
fn the_tunnel_in_use_is_asked_after_only_when_it_was_silent() {
    let mut world = household(Params::default());
    for _ in 0..60 {
        // A body: small answers come from a tunnel that freezes as well.
        let fact = world.fact(route("telegram", "tokyo"), Sign::BodyProven);
        world.tell(fact);
        world.pass(mins(1));
    }
    let over = |world: &World, way: &str| world.probes.iter().filter(|(_, r)| r.transport.as_str() == way).count();
    assert_eq!(over(&world, "tokyo"), 0, "its traffic tells");
    let standby = over(&world, "home") + over(&world, "split");
    assert!((3..=6).contains(&standby), "one of the others every ten minutes or so: {standby}");
    world.pass(mins(20));
    assert!((3..=7).contains(&over(&world, "tokyo")), "{}", over(&world, "tokyo"));
}

#[test]
fn everything_else_is_not_probed_when_the_link_is_back() {
    let mut world = World::new(&["telegram", "other"], &["direct", "tokyo"]);
    world.pass(secs(5));
    world.traffic("direct", A);
    // The way is down for every service: "other" is suspected with them.
    world.traffic("direct", Sign::TransportDown);
    assert_eq!(world.standing("other", "direct").phase, Phase::Suspect);
    for state in [LinkState::Offline, LinkState::Online] {
        world.event(Event::Link(LinkReport { state, ground: Ground::NotAsked, began: world.now, at: world.now }));
    }
    world.pass(mins(5));
    assert!(world.probes.iter().any(|(_, route)| !route.service.is_other()), "the suspicion is followed up");
    assert!(world.probes.iter().all(|(_, route)| !route.service.is_other()), "{:?}", world.probes);
}

#[test]
fn passive_mode_sends_nothing() {
    let world = a_day(Params { mode: Mode::Passive, ..Params::default() });
    assert!(world.probes.is_empty() && world.controls.is_empty());
    assert_eq!(world.phase("direct"), Phase::Unknown, "a suspicion came and faded");
    assert!(world.ever(Phase::Suspect));
}

#[test]
fn a_day_takes_few_steps_and_fewer_publications() {
    let world = a_day(Params::default());
    assert!(world.steps <= 3_000, "{}", world.steps);
    assert!(world.published < world.steps / 2, "{} of {}", world.published, world.steps);
}

#[test]
fn shortened_for_a_show_a_lifted_block_is_left_within_half_a_minute() {
    let mut params = Params::default();
    let tenth = Duration::from_millis(100);
    params.suspect.at = vec![tenth * 5, secs(1), secs(2)];
    params.block.span = secs(2);
    params.taint.sni_rst = secs(1);
    params.idle.settle = (tenth, tenth * 3);
    params.hold.start = secs(2);
    params.hold.cap = secs(3);
    params.recover.min_gap = secs(1);
    params.recover.min_span = secs(2);
    params.recover.canary_step = secs(1);
    let mut world = World::with(params, &["telegram"], &["direct", "tokyo"]);
    let direct = route("telegram", "direct");
    world.country(direct.clone(), A);
    world.country(route("telegram", "tokyo"), A);
    world.pass(secs(3));
    world
        .country
        .insert(direct.clone(), Probed { twin: Twin::Answered, bytes: 750, ..Probed::of(Sign::ResetAfterHello) });
    world.twinned("direct", Sign::ResetAfterHello, 1);
    let onset = world.now;
    while world.phase("direct") != Phase::Blocked {
        world.traffic("tokyo", A);
        world.pass(tenth);
        assert!(world.now.since(onset) < secs(15), "{:?}", world.direct());
    }
    world.country(direct, Sign::BodyProven);
    let lifted = world.now;
    while world.phase("direct") != Phase::Ok {
        world.traffic("tokyo", A);
        world.pass(tenth);
        assert!(world.now.since(lifted) < secs(30), "{:?}", world.direct());
    }
}

#[test]
fn quic_is_asked_about_only_when_an_apps_own_got_no_answer() {
    let over = |transport| Route { facet: Facet::Web, l4: L4::Udp, ..route("telegram", transport) };
    let (tcp, quic) = (route("telegram", "direct"), over("direct"));
    let routes = vec![tcp.clone(), route("telegram", "tokyo"), quic.clone(), over("tokyo")];
    let mut world = World::over(42, Params::default(), routes);
    for route in [tcp, route("telegram", "tokyo"), quic.clone(), over("tokyo")] {
        world.country(route, A);
    }
    for _ in 0..48 {
        world.event(Event::Used(quic.clone()));
        world.pass(mins(30));
    }
    assert!(!world.probes.is_empty() && world.probes.iter().all(|(_, route)| !route.is_quic()), "{:?}", world.probes);
    for _ in 0..2 {
        let fact = world.fact(quic.clone(), Sign::UdpNoReply);
        world.tell(Evidence { anchors: Anchors::Good, ..fact });
    }
    world.pass(mins(2));
    assert!(!world.probes_of(&quic).is_empty());
}

#[test]
fn calls_that_nobody_can_be_asked_about_are_looked_into_only_when_peoples_got_no_answer() {
    let over = |transport| Route { facet: Facet::Calls, l4: L4::Udp, ..route("telegram", transport) };
    let calls = over("direct");
    let params = Params { unasked_calls: vec!["telegram".into()], ..Params::default() };
    let routes = vec![route("telegram", "direct"), route("telegram", "tokyo"), calls.clone(), over("tokyo")];
    for twin in [Twin::Unknown, Twin::FailedToo] {
        let mut world = World::over(42, params.clone(), routes.clone());
        world.country(route("telegram", "direct"), A);
        world.country(route("telegram", "tokyo"), A);
        for _ in 0..48 {
            world.event(Event::Used(calls.clone()));
            world.pass(mins(30));
        }
        assert!(world.probes.iter().all(|(_, route)| route.facet == Facet::Text), "{:?}", world.probes);
        let fact = world.fact(calls.clone(), Sign::UdpNoReply);
        world.tell(Evidence { anchors: Anchors::Good, twin, ..fact });
        world.pass(mins(3));
        assert!(!world.probes_of(&calls).is_empty(), "{twin:?}");
    }
}
