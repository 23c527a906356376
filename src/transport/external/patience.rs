//! How long a program that ended is left alone before it is started again. Pure: chance comes in as a number.

use std::time::Duration;

/// The pause after the first end.
const FIRST: Duration = Duration::from_secs(1);
/// The longest pause of a program that has not yet crashed often.
const LONGEST: Duration = Duration::from_secs(30);
/// The pause of a program that ends again and again: somebody must look at it.
const LOOPING: Duration = Duration::from_secs(120);
/// The pause before a program that is not there, or has no place, is looked for again. Looking costs nothing.
pub(super) const ABSENT: Duration = Duration::from_secs(15);
/// A program that ran so long has started well, and what comes next counts from the beginning.
pub(super) const STABLE: Duration = Duration::from_secs(60);
/// So many ends in a row, each before [`STABLE`], are a crash loop.
pub(super) const LOOP: u32 = 5;

/// The pause after the `ends`-th end in a row; `chance` from 0 to 1 takes up to a quarter off, so that several programs
/// that fell together do not rise together.
pub(super) fn pause(ends: u32, chance: f64) -> Duration {
    let whole = if ends >= LOOP {
        LOOPING
    } else {
        LONGEST.min(FIRST.saturating_mul(2_u32.saturating_pow(ends.saturating_sub(1))))
    };
    whole.mul_f64(1.0 - chance.clamp(0.0, 1.0) / 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_and_a_loop_is_left_alone() {
        let pauses: Vec<u64> = (1..=6).map(|ends| pause(ends, 0.0).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 120, 120]);
        assert_eq!(pause(u32::MAX, 0.0), LOOPING);
    }

    #[test]
    fn chance_takes_a_quarter_at_most() {
        assert_eq!(pause(3, 1.0), Duration::from_secs(3));
        assert!(pause(3, 0.5) < pause(3, 0.1));
        assert_eq!(pause(3, 7.0), Duration::from_secs(3), "whatever comes in");
    }
}
