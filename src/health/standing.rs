//! What is published of one belief: what its phase means, in the model's words. Refuses to change anything.

use super::belief::Belief;
use super::params::Params;
use crate::model::{Confidence, Phase, Standing, Technique, Verdict};
use std::time::Duration;

impl Belief {
    /// What the phase means. A block stands until it is revoked by a whole recovery.
    pub(super) fn verdict(&self) -> (Verdict, Confidence) {
        let how = self.technique.unwrap_or(Technique::Unidentified);
        if let (Phase::Ok | Phase::Unknown, Some((how, sure))) = (self.phase, self.asides.verdict()) {
            return (Verdict::Degraded(how), sure);
        }
        match self.phase {
            Phase::Ok | Phase::ProbeStale => (Verdict::Works, self.confidence),
            Phase::Degraded => (Verdict::Degraded(how), self.confidence),
            Phase::Blocked | Phase::Recovering => (Verdict::Blocked(how), self.confidence),
            Phase::ServiceDown => (Verdict::Down, self.confidence),
            Phase::Unknown | Phase::Suspect => (Verdict::Unclear, Confidence::Inconclusive),
        }
    }

    /// What is published.
    pub(super) fn standing(&self, params: &Params) -> Standing {
        let (verdict, confidence) = self.verdict();
        Standing {
            phase: self.phase,
            score: self.score.value(),
            verdict,
            confidence,
            since: self.since,
            last_good: self.last_good,
            last_bad: self.last_bad,
            rtt: self.rtt.map(millis),
            first_byte: self.first_byte.map(millis),
            canary: if self.phase == Phase::Recovering { self.recovery.share(params) } else { 0.0 },
            held_until: if self.phase == Phase::Blocked { self.probe.next } else { None },
            hostile: self.hostile,
            partial: self.ends.partial().filter(|_| !matches!(self.phase, Phase::Blocked | Phase::ServiceDown)),
        }
    }
}

fn millis(value: f64) -> Duration {
    Duration::from_secs_f64(value.max(0.0) / 1000.0)
}
