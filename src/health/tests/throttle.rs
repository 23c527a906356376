//! T10: slow windows, and what they are held against.

use super::world::{A, World, mins, route, secs};
use crate::health::{Event, Goodput, Line, LinkReport, Params};
use crate::model::{Evidence, Ground, LinkState, Phase, Sign, Technique, Verdict};

/// A transfer on direct whose last window was this slow.
fn slow(world: &mut World, kilobytes_per_second: u16) {
    let began = world.now - secs(8);
    let fact = world.fact(route("telegram", "direct"), Sign::Slow { kilobytes_per_second });
    world.tell(Evidence { began, ..fact });
}

/// The prober measures, as it was asked to.
fn measured(world: &mut World, bytes_per_second: u64, tunnel: Option<u64>) {
    let began = world.now;
    world.pass(secs(2));
    world.event(Event::Goodput(Goodput { bytes_per_second, tunnel, began, at: world.now }));
}

fn evening() -> World {
    let mut world = World::telegram();
    world.traffic("direct", A);
    world.pass(secs(10));
    world.traffic("direct", Sign::BodyProven);
    world
}

#[test]
fn a_throttle_is_named_within_a_minute_of_use() {
    for rate in [16, 0] {
        let mut world = evening();
        let began = world.now;
        world.pass(secs(8));
        slow(&mut world, rate);
        assert!(world.samples_asked.is_empty(), "one window may be an accident, and a sample is dear");
        world.pass(secs(14));
        slow(&mut world, rate);
        assert_eq!(world.samples_asked.len(), 1, "two slow windows ask for a sample at once");
        measured(&mut world, 1_200_000, Some(800_000));
        assert_eq!(world.phase("direct"), Phase::Degraded);
        assert_eq!(world.verdict(), Verdict::Degraded(Technique::Throttled));
        assert!(world.now.since(began) <= secs(60));
        assert_eq!(world.samples_asked.len(), 1, "one sample speaks for both");
        for _ in 0..20 {
            world.traffic("direct", A);
            slow(&mut world, rate);
            world.pass(secs(8));
        }
        assert!(!world.ever(Phase::Blocked) && !world.ever(Phase::Suspect), "slowness only degrades");
    }
}

#[test]
fn answers_that_come_late_are_of_lost_packets() {
    let mut world = evening();
    let answered = |world: &mut World, first_byte: u32| {
        let fact = world.fact(route("telegram", "direct"), A);
        world.tell(Evidence { rtt_ms: Some(60), first_byte_ms: Some(first_byte), ..fact });
    };
    answered(&mut world, 62);
    world.traffic("tokyo", A);
    for end in [1, 2] {
        world.pass(secs(20));
        world.twinned("direct", Sign::ConnectTimeout, end);
        world.pass(secs(20));
        answered(&mut world, 860);
    }
    assert_eq!(world.verdict(), Verdict::Degraded(Technique::RandomDrop));
    for _ in 0..8 {
        world.pass(secs(60));
        answered(&mut world, 62);
    }
    assert_eq!(world.phase("direct"), Phase::Ok, "they come in time again");
    assert!(!world.ever(Phase::Blocked));
}

#[test]
fn where_everything_is_slow_nobody_is_blamed() {
    for (anchor, tunnel) in [(40_000, None), (1_200_000, Some(17_000))] {
        let mut world = evening();
        for _ in 0..100 {
            let asked = world.samples_asked.len();
            slow(&mut world, 16);
            if world.samples_asked.len() > asked {
                measured(&mut world, anchor, tunnel);
            }
            world.pass(secs(8));
        }
        assert_eq!(world.phase("direct"), Phase::Ok, "{anchor} {tunnel:?}");
    }
}

#[test]
fn two_of_three_windows_make_it() {
    let mut world = evening();
    slow(&mut world, 16);
    measured(&mut world, 1_200_000, None);
    // In between something came at a fair pace: slower than a tenth of nothing.
    slow(&mut world, 140);
    slow(&mut world, 16);
    assert_eq!(world.phase("direct"), Phase::Degraded);
    let mut world = evening();
    slow(&mut world, 16);
    measured(&mut world, 1_200_000, None);
    slow(&mut world, 140);
    slow(&mut world, 140);
    slow(&mut world, 16);
    assert_eq!(world.phase("direct"), Phase::Ok, "forgiven in between");
}

#[test]
fn without_a_sample_a_slow_window_says_nothing() {
    let mut world = evening();
    for _ in 0..50 {
        slow(&mut world, 1);
        world.pass(secs(8));
    }
    assert_eq!(world.phase("direct"), Phase::Ok);
    assert_eq!(world.samples_asked.len(), 1, "within the hour's budget there is room for one");
    world.pass(mins(61));
    for _ in 0..3 {
        slow(&mut world, 1);
        world.pass(secs(8));
    }
    assert_eq!(world.samples_asked.len(), 2);
    // What waited more than forty seconds has expired.
    world.pass(secs(50));
    measured(&mut world, 1_200_000, None);
    assert_eq!(world.phase("direct"), Phase::Ok);
}

#[test]
fn no_sample_is_paid_for_by_the_byte_nor_taken_on_a_bad_line() {
    let mut world = World::with(Params { line: Line::Metered, ..Params::default() }, &["telegram"], &["direct"]);
    world.pass(secs(5));
    slow(&mut world, 1);
    assert!(world.samples_asked.is_empty());
    let mut world = evening();
    let (began, at) = (world.now, world.now);
    world.event(Event::Link(LinkReport { state: LinkState::LinkBad, ground: Ground::Lossy, began, at }));
    slow(&mut world, 1);
    measured(&mut world, 1_200_000, None);
    assert!(world.samples_asked.is_empty());
    assert_eq!(world.phase("direct"), Phase::Ok);
}

#[test]
fn what_crawled_before_it_stopped_is_no_freeze() {
    let mut world = evening();
    world.traffic("tokyo", A);
    for _ in 0..2 {
        world.pass(secs(8));
        slow(&mut world, 2);
    }
    measured(&mut world, 1_200_000, Some(800_000));
    assert_eq!(world.verdict(), Verdict::Degraded(Technique::Throttled));
    for _ in 0..2 {
        world.pass(secs(20));
        world.twinned("direct", Sign::Frozen { kilobytes: 32 }, 1);
        world.traffic("tokyo", A);
    }
    assert_eq!(world.phase("direct"), Phase::Suspect, "people go elsewhere, and it is asked after");
    assert!(!world.ever(Phase::Blocked));
}
