//! A household on a working evening, and people who keep connecting while something happens to it.

use super::world::{A, Probed, World, route, secs};
use crate::model::{Phase, Sign, Twin};

/// A working evening: direct has been fine for a while.
pub(super) fn evening() -> World {
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
pub(super) fn connect(world: &mut World, sign: Sign, end: u32) {
    if matches!(world.phase("direct"), Phase::Ok | Phase::Unknown) {
        world.twinned("direct", sign, end);
    }
    world.traffic("tokyo", A);
}

/// Probes of direct bring `sign`, at one endpoint after the other, with the twin that `prober` runs.
pub(super) fn under(world: &mut World, sign: Sign) {
    let probed = Probed { twin: Twin::Answered, bytes: 700, ..Probed::of(sign) };
    world.country.insert(route("telegram", "direct"), probed);
}

/// The verdict reached within `most` minutes of blocking by `sign`.
pub(super) fn verdict_of(sign: Sign, most: u64) -> World {
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

pub(super) fn nobody_is_blamed(world: &World) {
    for phase in [Phase::Suspect, Phase::Degraded, Phase::Blocked, Phase::ServiceDown] {
        assert!(!world.ever(phase), "{phase}");
    }
}
