//! T11 and its assertion in §5: after a man in the middle was proven, nothing of the service goes over the bare line.

use super::world::{A, World, mins, route, secs};
use crate::health::{Event, Params};
use crate::model::{
    Anchors, Evidence, Facet, Forced, L4, LinkState, NetworkId, Phase, Record, Route, Sign, Technique, TransportId,
    Verdict,
};

fn on(facet: Facet, transport: &str) -> Route {
    Route { facet, ..route("telegram", transport) }
}

/// Telegram with three facets over two bare ways and a tunnel, and Signal beside it.
fn household() -> World {
    let ways = ["direct", "split", "tokyo"];
    let mut routes: Vec<Route> = Vec::new();
    for way in ways {
        routes.extend([Facet::Text, Facet::Media, Facet::Web].map(|facet| on(facet, way)));
        routes.push(Route { l4: L4::Udp, ..on(Facet::Calls, way) });
        routes.push(route("signal", way));
    }
    let bare = vec![TransportId::from("direct"), TransportId::from("split")];
    let mut world = World::over(7, Params { bare, ..Params::default() }, routes);
    world.pass(mins(2));
    world
}

fn proof(world: &mut World, at: Route) {
    let fact = world.fact(at, Sign::ForeignKey);
    world.tell(Evidence { anchors: Anchors::Good, ..fact });
}

fn is_shut(world: &World, route: &Route) -> bool {
    let bare = world.params.bare.contains(&route.transport);
    world.state().snapshot(&world.params).is_hostile(route, bare)
}

fn standing(world: &World, route: &Route) -> (Phase, Verdict) {
    let snapshot = world.state().snapshot(&world.params);
    let standing = snapshot.standing(route).unwrap();
    (standing.phase, standing.verdict)
}

#[test]
fn who_plays_one_facet_plays_them_all_on_every_bare_way() {
    let mut world = household();
    proof(&mut world, on(Facet::Media, "direct"));
    for facet in [Facet::Text, Facet::Media, Facet::Web] {
        assert!(is_shut(&world, &on(facet, "direct")) && is_shut(&world, &on(facet, "split")), "{facet}");
        assert!(!is_shut(&world, &on(facet, "tokyo")), "{facet}");
    }
    assert!(is_shut(&world, &Route { l4: L4::Udp, ..on(Facet::Calls, "direct") }));
    assert!(is_shut(&world, &Route { l4: L4::Udp, ..on(Facet::Media, "split") }), "of which nothing is believed");
    assert!(!is_shut(&world, &route("signal", "direct")));
}

#[test]
fn a_facet_that_works_is_left_and_not_accused_and_one_in_doubt_is() {
    let mut world = household();
    let good = world.fact(on(Facet::Web, "direct"), A);
    world.tell(good);
    let bad = world.fact(on(Facet::Text, "direct"), Sign::HungUp);
    world.tell(Evidence { anchors: Anchors::Good, ..bad });
    assert_eq!(standing(&world, &on(Facet::Text, "direct")).0, Phase::Suspect);
    proof(&mut world, on(Facet::Media, "direct"));
    let blocked = (Phase::Blocked, Verdict::Blocked(Technique::Mitm));
    assert_eq!(standing(&world, &on(Facet::Media, "direct")), blocked);
    assert_eq!(standing(&world, &on(Facet::Text, "direct")), blocked, "nothing else will ever tell");
    assert_eq!(standing(&world, &on(Facet::Web, "direct")), (Phase::Ok, Verdict::Works));
    assert_eq!(standing(&world, &on(Facet::Text, "split")).0, Phase::Unknown);
}

#[test]
fn nothing_is_asked_there_any_more_and_tunnels_are() {
    let mut world = household();
    for way in ["direct", "split", "tokyo"] {
        for facet in [Facet::Text, Facet::Media, Facet::Web] {
            world.country(on(facet, way), A);
        }
    }
    proof(&mut world, on(Facet::Web, "split"));
    let before = world.probes.len();
    for _ in 0..24 * 60 {
        world.event(Event::Used(on(Facet::Text, "tokyo")));
        world.pass(mins(1));
    }
    let bare = |r: &Route| r.transport.as_str() != "tokyo" && r.service.as_str() == "telegram";
    let later = &world.probes[before..];
    assert!(later.iter().all(|(_, r)| !bare(r)), "{:?}", later.iter().find(|(_, r)| bare(r)));
    assert!(!later.is_empty());
}

#[test]
fn the_operator_alone_or_another_network_lifts_it_from_the_whole_line() {
    let lifted = |world: &World| ["direct", "split"].iter().all(|way| !is_shut(world, &on(Facet::Text, way)));
    let mut world = household();
    for way in ["direct", "split"] {
        proof(&mut world, on(Facet::Text, way));
    }
    let force = |way: &str| Some(Forced { transport: TransportId::from(way), until: None });
    world.event(Event::Force("telegram".into(), force("tokyo")));
    assert!(!lifted(&world));
    world.event(Event::Force("telegram".into(), force("direct")));
    assert!(lifted(&world), "the other bare way is the same line");
    let mut world = household();
    proof(&mut world, on(Facet::Text, "direct"));
    world.event(Event::NetworkChanged(NetworkId(2)));
    assert!(lifted(&world));
    world.event(Event::NetworkChanged(NetworkId(1)));
    assert!(!lifted(&world), "home again");
}

#[test]
fn what_is_played_inside_a_tunnel_says_nothing_of_the_line() {
    let mut world = household();
    proof(&mut world, on(Facet::Text, "tokyo"));
    assert!(is_shut(&world, &on(Facet::Text, "tokyo")) && !is_shut(&world, &on(Facet::Text, "direct")));
    assert!(!is_shut(&world, &on(Facet::Media, "tokyo")));
}

#[test]
fn while_it_is_being_found_out_all_facets_keep_off() {
    let mut world = household();
    world.link = Some(LinkState::Captive);
    let fact = world.fact(on(Facet::Media, "direct"), Sign::ForeignKey);
    world.tell(fact);
    assert!(is_shut(&world, &on(Facet::Text, "split")) && !is_shut(&world, &route("signal", "direct")));
    let blamed =
        |world: &World| world.records.iter().any(|r| matches!(r, Record::Transition(t) if t.to == Phase::Blocked));
    world.pass(secs(2));
    assert!(!is_shut(&world, &on(Facet::Text, "split")) && !blamed(&world), "it was a portal");
}
