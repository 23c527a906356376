//! How a blocked route is trusted again (detection rules §3.4 and §3.5): answers spread over longer than a censor's
//! list cycle, then a growing share of people's connections, and back to the start at the first clear failure.
//! A relapse is punished by a hold that doubles, and forgiven by the day.

use super::params::Params;
use crate::model::{Evidence, Moment, Sign, Technique};
use std::time::Duration;

/// Where one flow in four is killed, so many in a row get through by luck in one case of twenty (T18).
const OF_CHANCE: u32 = 10;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// How far a route has come back.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Recovery {
    successes: u32,
    span: Option<(Moment, Moment)>,
    proven: bool,
    stage: usize,
    stage_since: Moment,
    relapses: Relapses,
    /// What was blocked fails by chance: one answer says little.
    by_chance: bool,
}

/// For how long it was left alone after it last fell back, and when that was.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Relapses(Option<(Duration, Moment)>);

/// What the passing of time brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Nothing.
    Same,
    /// A larger share.
    Further,
    /// The route is as good as any.
    Done,
}

impl Recovery {
    /// What the next recovery takes over from this one.
    fn emptied(&self) -> Self {
        Self { relapses: self.relapses, by_chance: self.by_chance, ..Self::default() }
    }

    /// It is blocked, by chance or not: whether one connection is any like the next.
    pub(super) const fn fell(&mut self, by_chance: bool) {
        self.by_chance = by_chance;
    }

    /// Whether it fails by chance.
    pub(super) const fn is_by_chance(&self) -> bool {
        self.by_chance
    }

    /// A body came whole on another way that differs in the first message only.
    pub(super) const fn prove(&mut self) {
        self.proven = true;
    }

    /// A first good sign on a blocked route.
    pub(super) fn begin(&mut self, now: Moment) {
        *self = Self { stage_since: now, ..self.emptied() };
    }

    /// Another good sign.
    pub(super) fn success(&mut self, evidence: &Evidence, technique: Option<Technique>, params: &Params) {
        let (first, last) = self.span.unwrap_or((evidence.at, evidence.at));
        let spaced = evidence.at.since(last) >= params.recover.min_gap;
        if self.successes == 0 || spaced {
            self.successes += 1;
            self.span = Some((first, evidence.at));
        }
        self.proven |= match evidence.sign {
            Sign::BodyProven => true,
            // A long quiet chat does not show that transfers pass.
            Sign::FlowProven => technique != Some(Technique::Freeze),
            _ => false,
        };
    }

    /// Whether probes alone have shown enough to lend it people's connections.
    fn has_answered_enough(&self, params: &Params) -> bool {
        let spanned = self.span.is_some_and(|(first, last)| last.since(first) >= params.recover.min_span);
        let wanted = if self.by_chance { params.recover.successes.max(OF_CHANCE) } else { params.recover.successes };
        self.successes >= wanted && spanned
    }

    /// Moves on when a stage was clean for long enough. Where no probe carries a body, people's own flows on the
    /// canary share must prove one before the route is taken for granted; after a freeze, before the share grows.
    pub(super) fn tick(&mut self, now: Moment, technique: Option<Technique>, params: &Params) -> Progress {
        let stages = params.recover.canary.len();
        let waits = match self.stage {
            0 => !self.has_answered_enough(params),
            _ => now.since(self.stage_since) < params.recover.canary_step,
        };
        if waits {
            return Progress::Same;
        }
        if self.stage + 1 >= stages {
            return if self.proven { Progress::Done } else { Progress::Same };
        }
        if self.stage > 0 && technique == Some(Technique::Freeze) && !self.proven {
            return Progress::Same;
        }
        self.stage += 1;
        self.stage_since = now;
        Progress::Further
    }

    /// When [`Self::tick`] may bring something by time alone.
    pub(super) fn wakes_at(&self, params: &Params) -> Option<Moment> {
        (self.stage > 0).then(|| self.stage_since + params.recover.canary_step)
    }

    /// The share of new connections that may try the route.
    pub(super) fn share(&self, params: &Params) -> f64 {
        params.recover.canary.get(self.stage).copied().unwrap_or(0.0).clamp(0.0, 1.0)
    }

    /// Whether a body is still to be shown.
    pub(super) const fn wants_body(&self) -> bool {
        !self.proven
    }

    /// The last success that was counted.
    pub(super) fn last(&self) -> Option<Moment> {
        self.span.map(|(_, last)| last)
    }

    /// The route failed again: for how long it is now left alone.
    pub(super) fn relapse(&mut self, now: Moment, params: &Params) -> Duration {
        let hold = &params.hold;
        let wait = self.relapses.0.map_or(hold.relapse_start, |(last, at)| {
            let days = i32::try_from(now.since(at).as_secs() / DAY.as_secs()).unwrap_or(i32::MAX).min(32);
            last.mul_f64(2.0 * 0.5f64.powi(days)).max(hold.relapse_start)
        });
        let wait = wait.min(hold.relapse_cap);
        *self = Self { relapses: Relapses(Some((wait, now))), ..self.emptied() };
        wait
    }

    /// The time in which nothing could be learned does not make a stage cleaner.
    pub(super) fn skip(&mut self, span: Duration) {
        self.stage_since = self.stage_since + span;
    }

    /// How often it fell back.
    pub(super) const fn relapses(&self) -> Relapses {
        self.relapses
    }

    /// Remembers how often it fell back.
    pub(super) const fn restore(&mut self, relapses: Relapses) {
        self.relapses = relapses;
    }
}
