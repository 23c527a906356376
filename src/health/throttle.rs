//! Whether a slow window is anybody's doing (detection rules T10): it is held against the goodput of a neutral place of
//! about the same time. Where that is slow too, or the same object is slow through a tunnel, nobody is blamed. The
//! sample is dear, so it is asked for only when two slow windows of a route wait for it, or one that stays alone; rarely,
//! and within the budget. Two windows are what the rule takes to say anything: with both at hand it is said at once.

use super::belief::Belief;
use super::budget;
use super::params::{Line, Mode, Params};
use super::state::State;
use crate::model::{Anchors, Evidence, Moment, Sign};
use std::collections::VecDeque;
use std::time::Duration;

/// A sample speaks of windows that ended this long before or after it.
const SPEAKS: Duration = Duration::from_secs(30);
/// A slow window waits this long for a sample.
const WAITS: Duration = Duration::from_secs(40);
/// One that stays alone waits this long for a second one, before a sample is asked for on its account.
const ALONE: Duration = Duration::from_secs(20);
/// Samples are at least this far apart.
const APART: Duration = Duration::from_secs(600);
/// A throttled place is this many times slower than a neutral one.
const SLOWER: u64 = 10;
/// A tunnel has limits of its own: the same object must be this many times faster through it.
const TUNNEL_FASTER: u64 = 3;
/// The most windows that wait.
const MOST_WAITING: usize = 64;

/// How fast a neutral place was just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goodput {
    /// Bytes a second from a neutral anchor over the bare line.
    pub bytes_per_second: u64,
    /// Bytes a second of the slow service's own object through the active tunnel, when that was measured.
    pub tunnel: Option<u64>,
    /// When the measurement began.
    pub began: Moment,
    /// When it ended.
    pub at: Moment,
}

/// The last sample, and the windows that wait for one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Yardstick {
    sample: Option<Goodput>,
    asked: Option<Moment>,
    waiting: VecDeque<(Moment, Evidence)>,
}

/// What a window amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Window {
    Throttled,
    Fair,
}

impl Yardstick {
    fn measure(&self, evidence: &Evidence) -> Option<&Goodput> {
        let near = |s: &&Goodput| evidence.at.since(s.at) <= SPEAKS && s.began.since(evidence.at) <= WAITS;
        self.sample.as_ref().filter(near)
    }

    /// Nothing that was measured or waits speaks of the line as it is now.
    pub(super) fn forget(&mut self) {
        *self = Self { asked: self.asked, ..Self::default() };
    }

    pub(super) fn expire(&mut self, now: Moment) {
        self.waiting.retain(|(until, _)| *until > now);
    }

    /// When [`Self::expire`] or [`Self::is_pressing`] may have something to say next.
    pub(super) fn wakes_at(&self) -> impl Iterator<Item = Moment> {
        self.waiting.iter().flat_map(|(until, _)| [*until, *until - (WAITS - ALONE)])
    }

    /// Whether what waits is worth a sample.
    fn is_pressing(&self, now: Moment) -> bool {
        let old = |until: Moment| now >= until - (WAITS - ALONE);
        self.waiting.iter().any(|(until, evidence)| {
            let another = |(_, other): &(Moment, Evidence)| other.route == evidence.route && other.at != evidence.at;
            old(*until) || self.waiting.iter().any(another)
        })
    }
}

impl State {
    /// A slow window, on a line that is fit: it counts at once, or waits for a sample.
    pub(super) fn take_slow(&mut self, evidence: &Evidence, now: Moment, params: &Params) {
        if let Some(sample) = self.yardstick.measure(evidence).copied() {
            self.compare(evidence, &sample, now, params);
            return;
        }
        if self.yardstick.waiting.len() >= MOST_WAITING {
            self.yardstick.waiting.pop_front();
        }
        self.yardstick.waiting.push_back((now + WAITS, evidence.clone()));
    }

    /// A sample came: what waited for it is decided.
    pub(super) fn take_goodput(&mut self, sample: Goodput, now: Moment, params: &Params) {
        if !self.link.is_online() || self.link.is_void(sample.began) {
            return;
        }
        self.yardstick.sample = Some(sample);
        for (_, evidence) in std::mem::take(&mut self.yardstick.waiting) {
            if self.yardstick.measure(&evidence).is_some() {
                self.compare(&evidence, &sample, now, params);
            }
        }
    }

    /// Whether a sample is to be asked for now; it is booked with that.
    pub(super) fn wants_goodput(&mut self, now: Moment, params: &Params) -> bool {
        let rested = self.yardstick.asked.is_none_or(|t| now.since(t) >= APART);
        let probing = matches!(params.mode, Mode::Normal | Mode::Diagnose) && params.line == Line::Unmetered;
        let wanted = rested && probing && self.link.is_online() && self.yardstick.is_pressing(now);
        if !wanted || !self.ledger.allows_neutral(budget::GOODPUT_PRICE, self.reserved(), now, params) {
            return false;
        }
        self.yardstick.asked = Some(now);
        self.ledger.spend_neutral(budget::GOODPUT_PRICE, now);
        true
    }

    fn compare(&mut self, evidence: &Evidence, sample: &Goodput, now: Moment, params: &Params) {
        let bare = params.bare.contains(&evidence.route.transport);
        match window(evidence.sign, sample, bare) {
            Window::Throttled => {
                let told = Evidence { sign: Sign::Throttled, anchors: Anchors::Good, ..evidence.clone() };
                self.teach(&told, false, now, params);
                self.remember(told);
            }
            Window::Fair => {
                if let Some(belief) = self.beliefs.get_mut(&evidence.route) {
                    belief.was_fair(evidence.at);
                }
            }
        }
    }
}

/// T10: below a tenth of what the line can do. (The rule's other bound, 4 kB/s on a line of less than 40, asks for the
/// same tenth.)
fn window(sign: Sign, sample: &Goodput, bare: bool) -> Window {
    let Sign::Slow { kilobytes_per_second } = sign else { return Window::Fair };
    // Rounded down when it was told, so rounded up here: in the service's favour.
    let rate = (u64::from(kilobytes_per_second) + 1) * 1_000;
    let line = sample.bytes_per_second > rate * SLOWER;
    let own = bare && sample.tunnel.is_some_and(|tunnel| tunnel < rate * TUNNEL_FASTER);
    if line && !own { Window::Throttled } else { Window::Fair }
}

/// The last windows of a route that were held against a sample: two of three make it throttled.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Windows(VecDeque<(Moment, bool)>);

impl Windows {
    pub(super) fn note(&mut self, at: Moment, throttled: bool) {
        while self.0.len() >= 3 || self.0.front().is_some_and(|(t, _)| at.since(*t) > APART) {
            self.0.pop_front();
        }
        self.0.push_back((at, throttled));
    }

    /// Whether two of the last three were as fast as they should be.
    fn acquit(&self) -> bool {
        self.0.iter().filter(|(_, throttled)| !throttled).count() >= 2
    }
}

impl Belief {
    /// A window was slow, and so was the rest of the world.
    fn was_fair(&mut self, at: Moment) {
        self.windows.note(at, false);
        if self.windows.acquit() {
            self.score.forgive_slowness();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(anchor: u64, tunnel: Option<u64>) -> Goodput {
        let at = Moment::from_millis(0);
        Goodput { bytes_per_second: anchor, tunnel, began: at, at }
    }

    #[test]
    fn a_window_is_throttled_below_a_tenth_of_the_line() {
        use Window::{Fair, Throttled};
        for (what, kilobytes_per_second, anchor, tunnel, bare, expected) in [
            ("police-130k on a good line", 16, 1_000_000, None, true, Throttled),
            ("and fast through the tunnel", 16, 1_000_000, Some(900_000), true, Throttled),
            ("but the server paces itself", 16, 1_000_000, Some(16_000), true, Fair),
            ("the line is slow as well", 16, 100_000, None, true, Fair),
            ("650 B/s on a line of 20 kB/s", 0, 20_000, None, true, Throttled),
            ("650 B/s on a line that is dead slow", 0, 7_000, None, true, Fair),
            ("no sample to speak of", 0, 0, None, true, Fair),
            ("a slow tunnel is not excused by itself", 16, 1_000_000, Some(16_000), false, Throttled),
        ] {
            let sign = Sign::Slow { kilobytes_per_second };
            assert_eq!(window(sign, &sample(anchor, tunnel), bare), expected, "{what}");
        }
    }

    #[test]
    fn only_the_last_three_windows_count() {
        let mut windows = Windows::default();
        let at = |secs: u64| Moment::from_millis(secs * 1000);
        windows.note(at(0), true);
        windows.note(at(8), false);
        assert!(!windows.acquit());
        windows.note(at(16), true);
        windows.note(at(24), true);
        assert!(!windows.acquit());
        windows.note(at(32), false);
        windows.note(at(40), false);
        assert!(windows.acquit());
    }
}
