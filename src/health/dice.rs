//! Jitter without a source of randomness: a small seeded generator inside the state (SplitMix64, Steele, Lea and
//! Flood 2014). Not for secrets; it only keeps timers from beating.

use std::time::Duration;

/// A seeded generator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number in [0, 1).
    pub(super) fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let top = (z ^ (z >> 31)) >> 11;
        top as f64 / (1u64 << 53) as f64
    }

    /// `span` times a number from `low` to `high`.
    pub(super) fn stretch(&mut self, span: Duration, low: f64, high: f64) -> Duration {
        span.mul_f64((low + (high - low) * self.unit()).max(0.0))
    }

    /// `span` times a number from `1 - jitter` to `1 + jitter`.
    pub(super) fn around(&mut self, span: Duration, jitter: f64) -> Duration {
        self.stretch(span, 1.0 - jitter, 1.0 + jitter)
    }

    /// `span` times a number from `1 - jitter` to `1 + jitter`, and no clock to be seen in it: once the shortest wait is
    /// over, it is over in the next minute as likely as in any other (an exponential wait within these bounds).
    pub(super) fn without_beat(&mut self, span: Duration, jitter: f64) -> Duration {
        let within = 1.0 - (-2.0f64).exp();
        let waited = -(1.0 - self.unit() * within).ln();
        span.mul_f64((1.0 - jitter + jitter * waited).max(0.0))
    }

    /// A span between two others.
    pub(super) fn between(&mut self, low: Duration, high: Duration) -> Duration {
        low + high.saturating_sub(low).mul_f64(self.unit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_without_a_beat_keep_the_bounds_and_vary_more_than_even_ones() {
        let (span, mut dice) = (Duration::from_secs(100), Dice::new(3));
        let waits: Vec<f64> = (0..4000).map(|_| dice.without_beat(span, 0.6).as_secs_f64()).collect();
        assert!(waits.iter().all(|wait| (40.0..=160.0).contains(wait)));
        let mean = waits.iter().sum::<f64>() / waits.len() as f64;
        let variance = waits.iter().map(|wait| (wait - mean).powi(2)).sum::<f64>() / waits.len() as f64;
        assert!((78.0..85.0).contains(&mean), "mean {mean}");
        assert!(variance.sqrt() / mean > 0.37, "varies by {}", variance.sqrt() / mean);
    }

    #[test]
    fn the_same_seed_throws_the_same_numbers_and_all_within_bounds() {
        let (mut a, mut b) = (Dice::new(7), Dice::new(7));
        for _ in 0..1000 {
            let x = a.unit();
            assert!((0.0..1.0).contains(&x));
            assert!((b.unit() - x).abs() < f64::EPSILON);
        }
        let span = Duration::from_secs(100);
        for _ in 0..1000 {
            let s = a.around(span, 0.3);
            assert!(s >= Duration::from_secs(70) && s <= Duration::from_secs(130));
        }
    }
}
