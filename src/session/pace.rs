//! How fast a transfer was while bytes were owed the whole time (detection rules, T10). A flow that pauses, that is
//! paced or whose reader is slow has no such stretch, and so no speed.

use crate::judge::throttle::{LEAST_SPAN, Window};
use std::time::Duration;

/// A look this late says nothing of what was between: the machine slept, or had no time.
const LATE: Duration = Duration::from_secs(3);

/// Which way the bytes of a stretch go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Towards {
    /// From the server.
    Down,
    /// To the server.
    Up,
}

/// A stretch of a transfer, looked at once a second.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Most connections never have one.
    stretch: Option<Box<Stretch>>,
}

#[derive(Debug)]
struct Stretch {
    towards: Towards,
    since: Duration,
    from: u64,
    /// The look before, and the bytes then.
    last: (Duration, u64),
    /// A look fell between two records though bytes were coming; a second one ends the stretch.
    between: bool,
}

impl Pace {
    /// One look at `now` (since the flow's start), with `total` bytes in that direction so far. `owed`: the far side is
    /// in the middle of something and we wait for it. A window, when one is full.
    pub(super) fn look(&mut self, now: Duration, towards: Towards, total: u64, owed: bool) -> Option<Window> {
        let stretch = self.stretch.as_mut().filter(|s| s.towards == towards && now.saturating_sub(s.last.0) <= LATE);
        let Some(stretch) = stretch else {
            self.begin(now, towards, total, owed);
            return None;
        };
        if !owed {
            let flows = total > stretch.last.1;
            if !flows || std::mem::replace(&mut stretch.between, true) {
                self.stretch = None;
                return None;
            }
        }
        stretch.last = (now, total);
        let span = now.saturating_sub(stretch.since);
        if span < LEAST_SPAN {
            return None;
        }
        let window = Window { bytes: total.saturating_sub(stretch.from), span, busy: span };
        self.begin(now, towards, total, owed);
        Some(window)
    }

    fn begin(&mut self, now: Duration, towards: Towards, total: u64, owed: bool) {
        let stretch = Stretch { towards, since: now, from: total, last: (now, total), between: false };
        self.stretch = owed.then(|| Box::new(stretch));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Towards::{Down, Up};

    const fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn windows(looks: impl IntoIterator<Item = (u64, u64, bool)>) -> Vec<u64> {
        let mut pace = Pace::default();
        looks
            .into_iter()
            .filter_map(|(at, total, owed)| pace.look(secs(at), Down, total, owed))
            .map(|w| w.bytes)
            .collect()
    }

    #[test]
    fn a_busy_stretch_has_a_window_every_eight_seconds() {
        assert_eq!(windows((0..=17).map(|n| (n, n * 16_000, true))), [128_000, 128_000]);
        assert_eq!(windows((0..=8).map(|n| (n, n * 16_000, n != 4))), [128_000], "between two records, once");
    }

    #[test]
    fn what_pauses_has_none() {
        assert!(windows((0..60).map(|n| (n, n / 5 * 80_000, n % 5 == 0))).is_empty(), "chunks of a film");
        assert!(windows((0..60).map(|n| (n, n * 6_000, false))).is_empty(), "a voice");
        assert!(windows((0..60).map(|n| (n, 500, false))).is_empty(), "a long poll");
        assert!(windows((0..60).map(|n| (n, n * 16_000, n % 4 != 0))).is_empty(), "now and then nothing owed");
        assert!(windows([(0, 0, true), (1, 1, true), (60, 2, true), (61, 3, true)]).is_empty(), "a sleep");
    }

    #[test]
    fn the_two_directions_are_two_stretches() {
        let mut pace = Pace::default();
        for n in 0..40 {
            let towards = if n % 8 < 5 { Down } else { Up };
            assert_eq!(pace.look(secs(n), towards, n * 100, true), None);
        }
    }
}
