//! T10, as far as one transfer tells: was a busy window slow, and does its slowness look like a policer's? Whether it is
//! anybody's doing is decided in `health`, beside a neutral place's goodput.
//!
//! A server that paces itself, a chat and a voice call are slow too, so only windows count in which bytes were owed
//! all the time, and only speeds at which nobody would send a file on purpose.

use crate::model::Sign;
use std::time::Duration;

/// Shorter windows say more of a line's buffers than of its speed.
pub const LEAST_SPAN: Duration = Duration::from_secs(8);
/// At this many bytes a second and more nothing is slow: policers are met at 0.6 to 19 kB/s.
pub const FAST: u64 = 64_000;
/// A policer's flat line is met up to this many bytes a second …
const POLICED: u64 = 40_000;
/// … with a coefficient of variation below this.
const FLAT: f64 = 0.25;
/// Fewer slices make no line.
const LEAST_SLICES: usize = 5;

/// A stretch of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Bytes that came in it.
    pub bytes: u64,
    /// How long it was.
    pub span: Duration,
    /// How much of that time bytes were owed: an answer under way, a body not at its end, bytes not acknowledged.
    pub busy: Duration,
}

/// [`Sign::Slow`] when the window was busy throughout and slow. A window without a byte is no slow one: it is silent,
/// which is [`super::freeze`]'s question.
pub fn slow(window: &Window) -> Option<Sign> {
    let throughout = window.span >= LEAST_SPAN && window.busy >= window.span;
    let rate = rate(window.bytes, window.span)?;
    let kilobytes_per_second = u16::try_from(rate / 1_000).ok()?;
    (throughout && window.bytes > 0 && rate < FAST).then_some(Sign::Slow { kilobytes_per_second })
}

/// Whether a transfer is as flat and slow as a policer makes it. `slices` are the bytes of equal stretches of time of
/// `each`; a first burst is left out by the caller.
pub fn is_policed(slices: &[u64], each: Duration) -> bool {
    if slices.len() < LEAST_SLICES {
        return false;
    }
    let count = slices.len() as f64;
    let mean = slices.iter().map(|bytes| *bytes as f64).sum::<f64>() / count;
    let variance = slices.iter().map(|bytes| (*bytes as f64 - mean).powi(2)).sum::<f64>() / count;
    let slow = rate(slices.iter().sum(), each.saturating_mul(u32::try_from(slices.len()).unwrap_or(u32::MAX)))
        .is_some_and(|rate| rate <= POLICED);
    mean > 0.0 && slow && variance.sqrt() / mean < FLAT
}

/// Bytes a second.
pub fn rate(bytes: u64, span: Duration) -> Option<u64> {
    u64::try_from(u128::from(bytes) * 1_000 / span.as_millis().max(1)).ok().filter(|_| !span.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(bytes: u64, span: u64, busy: u64) -> Window {
        Window { bytes, span: Duration::from_secs(span), busy: Duration::from_secs(busy) }
    }

    #[test]
    fn only_busy_windows_are_slow() {
        let slow_at = |kilobytes_per_second| Some(Sign::Slow { kilobytes_per_second });
        for (what, window, sign) in [
            ("130 kbit/s", window(138_400, 8, 8), slow_at(17)),
            ("650 B/s", window(5_600, 8, 8), slow_at(0)),
            ("too short", window(100_000, 7, 7), None),
            ("content in between", window(138_400, 8, 6), None),
            ("fast", window(1_000_000, 8, 8), None),
            ("silent", window(0, 8, 8), None),
            ("no time at all", window(10, 0, 0), None),
        ] {
            assert_eq!(slow(&window), sign, "{what}");
        }
    }

    #[test]
    fn a_policer_is_flat_and_a_lossy_line_is_not() {
        let second = Duration::from_secs(1);
        assert!(is_policed(&[17_300, 17_200, 17_400, 17_300, 17_100, 17_500], second));
        assert!(!is_policed(&[30_000, 2_000, 17_000, 0, 40_000, 9_000], second));
        assert!(!is_policed(&[173_000; 6], second), "flat, and fast");
        assert!(!is_policed(&[17_300; 4], second), "too little to tell");
        assert!(!is_policed(&[0; 8], second));
    }
}
