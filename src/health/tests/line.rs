//! The rules of §1.3 and §3.1: what counts on which line, who vouches for it, and when it is looked at.

use super::recovery::blocked;
use super::world::{A, B, World, mins, route, secs};
use crate::health::{Event, LinkReport, Params};
use crate::model::{Anchors, Evidence, Ground, LinkState, Moment, NetworkId, Phase, Sign, Technique, Twin, Verdict};

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 0.05
}

#[test]
fn facts_wait_for_the_anchors_and_vanish_with_the_link() {
    for (link, score) in [
        (Some(LinkState::Online), 3.0),
        (Some(LinkState::Offline), 0.0),
        (Some(LinkState::Captive), 0.0),
        (Some(LinkState::LinkBad), 0.0),
        (None, 0.0),
    ] {
        let mut world = World::telegram();
        world.pass(secs(60));
        world.link = link;
        let fact = world.fact(route("telegram", "direct"), Sign::ResetAfterHello);
        world.tell(fact);
        assert!(near(world.direct().score, 0.0), "nothing before the anchors were asked");
        world.pass(secs(11));
        assert!((world.direct().score - score).abs() < 0.1, "{link:?}: {}", world.direct().score);
    }
}

#[test]
fn controls_are_asked_for_at_once_and_not_again_while_they_run() {
    let mut world = World::telegram();
    world.pass(secs(60));
    let before = world.controls.len();
    for _ in 0..50 {
        let fact = world.fact(route("telegram", "direct"), Sign::Refused);
        world.tell(fact);
    }
    world.pass(secs(1));
    assert_eq!(world.controls.len(), before + 1);
}

#[test]
fn an_answer_elsewhere_vouches_for_the_link() {
    let mut world = World::new(&["telegram", "signal"], &["direct", "tokyo"]);
    world.link = None;
    world.pass(secs(60));
    let fact = world.fact(route("telegram", "direct"), Sign::ResetAfterHello);
    world.tell(fact);
    assert!(near(world.direct().score, 0.0));
    let weak = world.fact(route("signal", "direct"), B);
    world.tell(weak);
    assert!(near(world.direct().score, 0.0), "a portal answers too");
    let answer = world.fact(route("signal", "direct"), A);
    world.tell(answer);
    assert!(near(world.direct().score, 3.0));
}

#[test]
fn whatever_comes_through_a_tunnel_vouches_for_the_link() {
    let mut world = World::telegram();
    world.link = None;
    world.pass(secs(60));
    let fact = world.fact(route("telegram", "direct"), Sign::ResetAfterHello);
    world.tell(fact);
    let twin = world.fact(route("telegram", "tokyo"), B);
    world.tell(twin);
    assert!(near(world.direct().score, 4.5), "and is the twin of what waited for it");
}

#[test]
fn an_outage_in_between_does_not_make_a_known_block_unknown() {
    let mut world = blocked();
    let fact = world.fact(route("telegram", "direct"), Sign::Refused);
    world.tell(Evidence { twin: Twin::FailedToo, anchors: Anchors::Good, ..fact });
    world.traffic("direct", Sign::ClientGaveUp);
    assert_eq!(world.verdict(), Verdict::Blocked(Technique::SniRst));
}

#[test]
fn bad_anchors_void_a_failure_and_have_the_link_looked_at() {
    let mut world = World::telegram();
    world.pass(secs(60));
    let before = world.controls.len();
    let fact = world.fact(route("telegram", "direct"), Sign::ResetAfterHello);
    world.tell(Evidence { anchors: Anchors::Bad, ..fact });
    world.pass(secs(1));
    assert!(near(world.direct().score, 0.0) && world.controls.len() == before + 1);
}

#[test]
fn what_overlaps_a_change_of_network_or_a_sleep_is_void() {
    for event in [Event::NetworkChanged(NetworkId(1)), Event::NetworkChanged(NetworkId(2)), Event::Resumed(60_000)] {
        let mut world = World::telegram();
        world.event(event.clone());
        world.twinned("direct", Sign::ResetAfterHello, 1);
        world.traffic("direct", A);
        assert!(near(world.direct().score, 0.0), "{event:?}");
        world.pass(secs(10));
        world.twinned("direct", Sign::ResetAfterHello, 1);
        assert!(near(world.direct().score, 4.5), "{event:?}");
    }
    let mut world = World::telegram();
    world.event(Event::Resumed(2_000));
    world.twinned("direct", Sign::ResetAfterHello, 1);
    assert!(near(world.direct().score, 4.5), "two seconds are no sleep");
}

#[test]
fn what_counted_before_the_line_was_found_unfit_did_not_happen() {
    for (state, after) in [(LinkState::LinkBad, 0.0), (LinkState::Offline, 0.0), (LinkState::Online, 4.5)] {
        let mut world = World::telegram();
        world.traffic("direct", A);
        let before = world.direct();
        world.link = None;
        world.pass(secs(40));
        world.twinned("direct", Sign::ResetAfterHello, 1);
        assert_eq!(world.phase("direct"), Phase::Suspect, "it is left at once");
        world.pass(secs(5));
        let report = LinkReport { state, ground: Ground::Lossy, began: world.now, at: world.now };
        world.event(Event::Link(report));
        let now = world.direct();
        assert_eq!(now.phase == before.phase, state != LinkState::Online, "{state}");
        assert!(now.score < after + 0.1 && now.score > after - 3.1, "{state}: {}", now.score);
    }
}

#[test]
fn what_only_a_tunnel_vouched_for_did_not_happen_either() {
    let mut world = World::telegram();
    world.traffic("direct", A);
    world.link = None;
    world.pass(secs(40));
    world.tell(world.fact(route("telegram", "direct"), Sign::Frozen { kilobytes: 48 }));
    assert_eq!(world.phase("direct"), Phase::Ok, "nobody has vouched for the line yet");
    world.pass(secs(2));
    world.tell(world.fact(route("telegram", "tokyo"), A));
    assert_eq!(world.phase("direct"), Phase::Suspect, "somebody has");
    world.pass(secs(3));
    let report = LinkReport { state: LinkState::LinkBad, ground: Ground::TooFew, began: world.now, at: world.now };
    world.event(Event::Link(report));
    assert_eq!(world.phase("direct"), Phase::Ok, "but not for a line that is as lossy as this one");
}

#[test]
fn a_score_neither_grows_nor_fades_while_the_link_is_bad() {
    let mut world = World::telegram();
    world.twinned("direct", Sign::ResetAfterHello, 1);
    world.event(Event::Link(LinkReport {
        state: LinkState::Online,
        ground: Ground::AnchorsAnswer,
        began: world.now,
        at: world.now,
    }));
    world.link = Some(LinkState::Captive);
    world.event(Event::Link(LinkReport {
        state: LinkState::Captive,
        ground: Ground::Portal,
        began: world.now,
        at: world.now,
    }));
    world.pass(mins(30));
    assert!(near(world.direct().score, 4.5));
    world.twinned("direct", Sign::ResetAfterHello, 2);
    world.traffic("direct", A);
    assert!(near(world.direct().score, 4.5));
    world.link = Some(LinkState::Online);
    world.pass(mins(2));
    assert!(world.direct().score > 3.8, "it fades again from now on: {}", world.direct().score);
}

#[test]
fn a_stale_report_about_the_network_before_is_ignored() {
    let mut world = World::telegram();
    let began = world.now;
    world.pass(secs(2));
    world.event(Event::NetworkChanged(NetworkId(2)));
    world.event(Event::Link(LinkReport { state: LinkState::Captive, ground: Ground::Portal, began, at: world.now }));
    assert_eq!(world.state().snapshot(&world.params).link, LinkState::Online);
}

#[test]
fn mode_off_believes_nothing() {
    let mut world =
        World::with(Params { mode: crate::health::Mode::Off, ..Params::default() }, &["telegram"], &["direct"]);
    world.twinned("direct", Sign::ResetAfterHello, 1);
    world.pass(mins(60));
    assert_eq!(world.phase("direct"), Phase::Unknown);
    assert!(world.probes.is_empty() && world.controls.is_empty());
}

#[test]
fn moments_of_evidence_may_come_out_of_order() {
    let mut world = World::telegram();
    world.twinned("direct", Sign::ResetAfterHello, 1);
    let late = world.fact(route("telegram", "direct"), A);
    world.tell(Evidence { began: world.now - secs(3), at: world.now - secs(2), ..late });
    assert!(near(world.direct().score, 1.5));
    assert!(world.direct().since >= Moment::from_millis(0));
}

/// A connection that has lived for a while and then stopped in the middle, `ago` before now.
fn stopped(world: &World, ago: u64) -> Evidence {
    let fact = world.fact(route("telegram", "direct"), Sign::Frozen { kilobytes: 20 });
    Evidence { began: world.now - mins(1), since: world.now - secs(ago), ..fact }
}

#[test]
fn who_vouched_before_a_connection_stopped_does_not_vouch_for_the_line_after_it() {
    let mut world = World::telegram();
    world.pass(secs(60));
    let well = world.now;
    world.event(Event::Link(LinkReport { state: LinkState::Online, ground: Ground::NotAsked, began: well, at: well }));
    world.pass(secs(8));
    for (link, score) in [(LinkState::Offline, 0.0), (LinkState::Online, 3.0)] {
        world.link = Some(link);
        let fact = stopped(&world, 5);
        world.tell(fact);
        assert!(near(world.direct().score, 0.0), "it waits");
        world.pass(mins(2));
        world.link = Some(LinkState::Online);
        world.pass(mins(2));
        assert!((world.direct().score - score).abs() < 1.0, "{link}: {}", world.direct().score);
        world.pass(mins(2));
    }
    let mut world = World::telegram();
    world.pass(secs(60));
    world.link = Some(LinkState::Offline);
    let fact = stopped(&world, 5);
    world.tell(Evidence { since: world.now - secs(56), ..fact });
    world.pass(secs(1));
    assert!(near(world.direct().score, 0.0), "the anchors were asked 55 s ago, which is too long");
}

#[test]
fn what_began_on_a_line_that_was_not_fit_or_lived_through_that_failed_with_it() {
    let mut world = World::telegram();
    world.pass(secs(60));
    let before = world.now;
    let say = |world: &mut World, state| {
        world.link = Some(state);
        let at = world.now;
        world.event(Event::Link(LinkReport { state, ground: Ground::NotAsked, began: at, at }));
    };
    say(&mut world, LinkState::Offline);
    world.pass(secs(5));
    let during = world.now;
    world.pass(secs(5));
    say(&mut world, LinkState::Online);
    world.pass(secs(5));
    for began in [before, during] {
        let fact = world.fact(route("telegram", "direct"), Sign::ConnectTimeout);
        world.tell(Evidence { began, since: began, twin: Twin::Answered, ..fact.clone() });
        world.tell(Evidence { began, since: world.now - secs(1), anchors: Anchors::Good, ..fact });
        assert!(near(world.direct().score, 0.0), "{began:?}");
    }
    let answer = world.fact(route("telegram", "direct"), A);
    world.tell(Evidence { began: during, since: during, ..answer });
    assert!(near(world.direct().score, -3.0), "what works, works");
    world.twinned("direct", Sign::ResetAfterHello, 1);
    assert!(world.direct().score > -1.0, "and what begins now counts");
}

#[test]
fn that_it_becomes_known_which_network_this_is_changes_nothing() {
    let mut world = World::on(NetworkId::UNKNOWN, &["telegram"], &["direct", "tokyo"]);
    world.pass(secs(5));
    world.traffic("direct", A);
    let (began, before) = (world.now, world.direct());
    assert_eq!(before.phase, Phase::Ok);
    world.event(Event::NetworkChanged(NetworkId(7)));
    assert_eq!((world.direct(), world.state().snapshot(&world.params).network), (before, NetworkId(7)));
    world.pass(secs(2));
    let fact = world.fact(route("telegram", "direct"), Sign::ResetAfterHello);
    world.tell(Evidence { began: began - secs(1), twin: Twin::Answered, ..fact });
    assert!(world.direct().score > 0.0, "what was under way counts");
    assert!(world.transitions().iter().all(|t| [NetworkId::UNKNOWN, NetworkId(7)].contains(&t.network)));
    let known = world.direct();
    world.event(Event::NetworkChanged(NetworkId(8)));
    assert_eq!(world.phase("direct"), Phase::Unknown, "that is another one");
    world.event(Event::NetworkChanged(NetworkId(7)));
    assert_eq!(world.direct().last_good, known.last_good, "and home is remembered by its right name");
}
