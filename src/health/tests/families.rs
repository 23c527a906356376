//! When the version of IP that nobody dials is asked after.

use super::world::{A, World, mins, route, secs};
use crate::health::Event;
use crate::model::{EndpointTag, Evidence, Family, Moment, Sign};

/// People's connection to a service, answered by an address of that version.
fn answered(world: &mut World, service: &str, family: Family) {
    let fact = world.fact(route(service, "direct"), A);
    world.tell(Evidence { endpoint: Some(EndpointTag::of(7, family)), ..fact });
}

/// Services in use for so many minutes; each connect is over within five seconds.
fn live(world: &mut World, services: &[&str], minutes: u64) {
    for _ in 0..minutes {
        for service in services {
            answered(world, service, Family::V4);
        }
        for _ in 0..12 {
            let before = world.families.len();
            world.pass(secs(5));
            let begun: Vec<_> = world.families[before..].iter().map(|(_, route, _)| route.clone()).collect();
            begun.into_iter().for_each(|route| world.event(Event::ProbeEnded(route)));
        }
    }
}

#[test]
fn the_version_that_nobody_dials_is_asked_after_ever_less_and_without_a_beat() {
    let mut world = World::telegram();
    live(&mut world, &["telegram"], 24 * 60);
    assert!(
        world.families.iter().all(|(_, route, family)| *family == Family::V6 && route.transport.as_str() == "direct")
    );
    let times: Vec<Moment> = world.families.iter().map(|(at, ..)| *at).collect();
    let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1].since(pair[0]).as_secs_f64()).collect();
    assert!(gaps.len() >= 80, "{}", gaps.len());
    // Eight minutes, then a quarter of an hour; three tenths to seventeen of that, and the time a question under way takes.
    assert!((144.0..=861.0).contains(&gaps[0]), "{gaps:?}");
    let gaps = &gaps[1..];
    assert!(gaps.iter().all(|gap| (270.0..=1575.0).contains(gap)), "{gaps:?}");
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
    assert!(variance.sqrt() / mean > 0.3, "varies by {}", variance.sqrt() / mean);
}

#[test]
fn nothing_is_asked_where_nobody_is_and_where_the_route_fails() {
    let mut world = World::telegram();
    answered(&mut world, "telegram", Family::V4);
    world.pass(mins(31));
    let asked = world.families.len();
    world.pass(mins(120));
    assert_eq!(world.families.len(), asked, "nobody has been there for half an hour");
    let mut world = World::telegram();
    live(&mut world, &["telegram"], 1);
    let asked = world.families.len();
    for _ in 0..40 {
        world.twinned("direct", Sign::HelloDropped, 7);
        world.pass(mins(1));
    }
    assert_eq!(world.families.len(), asked, "that is a trouble of its own");
}

#[test]
fn it_waits_its_turn_behind_the_questions_under_way() {
    let services = ["telegram", "whatsapp", "signal"];
    let mut world = World::new(&services, &["direct"]);
    world.pass(secs(5));
    for _ in 0..60 {
        for service in services {
            answered(&mut world, service, Family::V4);
        }
        world.pass(mins(1));
    }
    // None of these connects is ever over: each is given up after three quarters of a minute.
    let within =
        |at: Moment| world.families.iter().filter(|(other, ..)| *other >= at && other.since(at) < secs(45)).count();
    let most = world.families.iter().map(|(at, ..)| within(*at)).max();
    assert_eq!(most, Some(2), "{:?}", world.families);
}
