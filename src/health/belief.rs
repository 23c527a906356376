//! What is believed of one route, and what one piece of evidence does to it. Knows no other route: what others know
//! (did another way answer?) comes in with the evidence.

use super::aside::Asides;
use super::ends::{self, Ends};
use super::families::FamilyClock;
use super::outcomes::Outcomes;
use super::params::Params;
use super::people::People;
use super::recover::Recovery;
use super::score::{Part, Score};
use super::taint::{self, Taint};
use super::tally::Tally;
use super::throttle::Windows;
use super::twins::Unpaired;
use super::weigh::{self, Before, Weight};
use crate::model::{Confidence, Evidence, Moment, Phase, Sign, Source, Technique, Twin};
use std::collections::VecDeque;
use std::time::Duration;

/// A success of people's own traffic outranks failed probes for this long (§3.7).
const TRAFFIC_RULES: Duration = Duration::from_secs(120);
/// A first byte this many times later than usual …
const LATE_TIMES: f64 = 3.0;
/// … and by as many milliseconds, has been sent again: no kernel does so sooner (Linux' least RTO is 200 ms).
const LATE_BY_MS: f64 = 180.0;
/// Failures on every way further apart than this are separate outages.
const EVERYWHERE_WITHIN: Duration = Duration::from_secs(1800);

/// What is believed of one route.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Belief {
    pub(super) phase: Phase,
    pub(super) since: Moment,
    pub(super) score: Score,
    pub(super) tally: Tally,
    pub(super) taint: Taint,
    pub(super) recovery: Recovery,
    pub(super) probe: ProbeClock,
    pub(super) windows: Windows,
    pub(super) technique: Option<Technique>,
    pub(super) confidence: Confidence,
    pub(super) hostile: bool,
    /// It goes through a tunnel.
    pub(super) is_tunnel: bool,
    pub(super) last_good: Option<Moment>,
    last_good_traffic: Option<Moment>,
    /// The last answer to a question of ours.
    pub(super) last_good_probe: Option<Moment>,
    pub(super) people: People,
    pub(super) last_bad: Option<Moment>,
    last_bad_traffic: Option<Moment>,
    pub(super) heard: Moment,
    pub(super) used: Option<Moment>,
    pub(super) traffic: Option<Moment>,
    pub(super) asides: Asides,
    pub(super) ends: Ends,
    pub(super) family: FamilyClock,
    /// Look-ups of only this name that went unanswered since the last good sign.
    dns_silences: u32,
    /// Somebody has a reason to think that transfers freeze, and nobody has asked for a body since.
    pub(super) doubted: bool,
    /// Failures on every way: how many, and since when.
    pub(super) everywhere: Option<(u32, Moment)>,
    heard_bad: Moment,
    pub(super) rtt: Option<f64>,
    pub(super) first_byte: Option<f64>,
    pub(super) outcomes: Outcomes,
    /// A first flight was cut off, and the other bare ways have not heard of it.
    pub(super) cut_off: bool,
    gave_up: VecDeque<Moment>,
    pub(super) unpaired: Unpaired,
}

/// When a route is probed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ProbeClock {
    /// The next time, when there is one.
    pub(super) next: Option<Moment>,
    /// Whether `next` must be thought over.
    pub(super) stale: bool,
    /// The last time.
    pub(super) last: Option<Moment>,
    /// How many since the phase began.
    pub(super) count: u32,
    /// What the last ordinary one cost.
    pub(super) cost: Option<u32>,
    /// The wait after a fruitless one.
    pub(super) wait: Option<Duration>,
}

/// What evidence amounted to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cue {
    /// Nothing changed that the phase depends on.
    None,
    /// Something counted against the route.
    Bad {
        /// How much.
        points: f64,
    },
    /// Something counted for it.
    Good,
    /// Every way failed alike.
    Everywhere,
}

impl Belief {
    pub(super) fn new(now: Moment) -> Self {
        Self {
            phase: Phase::Unknown,
            since: now,
            score: Score::new(now),
            tally: Tally::default(),
            taint: Taint::default(),
            recovery: Recovery::default(),
            probe: ProbeClock { stale: true, ..ProbeClock::default() },
            windows: Windows::default(),
            technique: None,
            confidence: Confidence::Inconclusive,
            hostile: false,
            is_tunnel: false,
            last_good: None,
            last_good_traffic: None,
            last_good_probe: None,
            people: People::default(),
            last_bad: None,
            last_bad_traffic: None,
            heard: now,
            used: None,
            traffic: None,
            asides: Asides::default(),
            ends: Ends::default(),
            family: FamilyClock::default(),
            dns_silences: 0,
            doubted: false,
            everywhere: None,
            heard_bad: now,
            rtt: None,
            first_byte: None,
            outcomes: Outcomes::default(),
            cut_off: false,
            gave_up: VecDeque::new(),
            unpaired: Unpaired::default(),
        }
    }

    /// Takes in evidence that the link's state allows to count. `sibling`: another way answered within 60 s.
    /// `bare`: punishments by name apply.
    pub(super) fn learn(&mut self, evidence: &Evidence, sibling: bool, bare: bool, params: &Params) -> Cue {
        self.score.settle(evidence.at, params.score_half_life);
        self.is_tunnel = !bare;
        self.heard = self.heard.max(evidence.at);
        if evidence.source == Source::Traffic {
            self.traffic = self.traffic.max(Some(evidence.at));
        }
        if evidence.sign.is_good() {
            return self.learn_good(evidence, params);
        }
        if is_everywhere(evidence) {
            return self.learn_everywhere(evidence);
        }
        if evidence.sharpens && evidence.sign != Sign::BurstFrozen {
            return self.sharpen(evidence, bare, params);
        }
        let before = self.before(evidence, sibling);
        // Where no other way could be asked, a pair counts only for what people live to see as well.
        let alone = evidence.twin != Twin::Answered && !sibling;
        let doubtful = evidence.pair == Some(Technique::ProtoBlock) && alone && !self.people.fail(evidence.at);
        let evidence = &Evidence { pair: evidence.pair.filter(|_| !doubtful), ..evidence.clone() };
        match evidence.sign {
            Sign::DnsSilent => self.dns_silences = self.dns_silences.saturating_add(1),
            Sign::DnsLie | Sign::DnsInjected => self.note_lie(evidence),
            Sign::BurstFrozen => self.note_burst(evidence, bare, params),
            Sign::Left => self.doubt(),
            sign if ends::is_of_the_address(sign) => self.ends.failed(evidence.endpoint, evidence.at),
            _ => {}
        }
        let Some(mut weight) = weigh::weigh(evidence, before) else { return Cue::None };
        // Where a pair's neutral half has passed, no punishment is in force.
        let punished = bare && evidence.pair.is_none() && self.taint.covers(evidence.endpoint, evidence.began);
        if evidence.source == Source::Traffic && weight.tried {
            self.probe.stale |= self.people.failed(evidence.at, punished);
        }
        if self.is_outranked(evidence) || punished {
            return Cue::None;
        }
        // One dead address of several never makes a suspicion by itself. It is noted: if the others die as well, it was
        // the first of them.
        if weight.stray && self.score.value() + weight.points >= params.switch_at {
            weight.points = 0.0;
        }
        self.learn_bad(evidence, &weight, params);
        if let Some(window) = taint::window(evidence.sign, evidence.pair, &params.taint).filter(|_| bare) {
            self.taint.mark(evidence.endpoint, evidence.at, window);
        }
        Cue::Bad { points: weight.points }
    }

    /// What a silence that has counted turns out to be: its name changes, its weight does not.
    fn sharpen(&mut self, evidence: &Evidence, bare: bool, params: &Params) -> Cue {
        if !self.tally.sharpen(evidence) {
            return Cue::None;
        }
        if let Some(window) = taint::window(evidence.sign, evidence.pair, &params.taint).filter(|_| bare) {
            self.taint.mark(evidence.endpoint, evidence.at, window);
        }
        Cue::Bad { points: 0.0 }
    }

    fn learn_good(&mut self, evidence: &Evidence, params: &Params) -> Cue {
        let flow = matches!(evidence.sign, Sign::FlowProven | Sign::BodyProven);
        // Sessions already up are not cut: a flow begun before the trouble says nothing about new ones.
        let outlived = flow && self.last_bad.is_some_and(|bad| evidence.began < bad);
        if outlived || (self.phase == Phase::Blocked && evidence.began < self.since) {
            return Cue::None;
        }
        self.ends.answered(evidence.endpoint, evidence.at);
        if !flow {
            self.taint.lift(evidence.endpoint, evidence.at);
        }
        self.last_good = self.last_good.max(Some(evidence.at));
        let last = match evidence.source {
            Source::Traffic => &mut self.last_good_traffic,
            Source::Probe => &mut self.last_good_probe,
        };
        *last = (*last).max(Some(evidence.at));
        let late = self.is_late(evidence);
        self.outcomes.note(evidence.at, true, false);
        if late {
            self.outcomes.was_late();
        }
        smooth(&mut self.rtt, evidence.rtt_ms);
        // What is late amid a trouble is no habit.
        smooth(&mut self.first_byte, evidence.first_byte_ms.filter(|_| !self.outcomes.came_late()));
        self.everywhere = None;
        self.dns_silences = 0;
        let floor = (!self.outcomes.are_good_enough()).then_some(params.switch_at);
        self.score.relieve(weigh::relief(evidence.sign), evidence.sign == Sign::BodyProven, floor);
        Cue::Good
    }

    /// Whether the first byte came so much later than it used to that something was sent again. Tunnels have moods of
    /// their own.
    fn is_late(&self, evidence: &Evidence) -> bool {
        let (Some(first_byte), Some(usual)) = (evidence.first_byte_ms.map(f64::from), self.first_byte) else {
            return false;
        };
        let usual = usual.max(evidence.rtt_ms.map_or(0.0, f64::from));
        !self.is_tunnel && first_byte >= usual * LATE_TIMES && first_byte >= usual + LATE_BY_MS
    }

    fn learn_bad(&mut self, evidence: &Evidence, weight: &Weight, params: &Params) {
        if matches!(self.phase, Phase::Unknown | Phase::Ok) && self.score.value() < params.switch_at / 4.0 {
            self.tally = Tally::default();
        }
        // What answered people was no success if they hung up on it.
        if evidence.twin == Twin::Answered || weight.proves.is_some() || evidence.sign == Sign::HungUp {
            self.score.void_credit();
        }
        self.score.add(weight.part, weight.points);
        self.tally.note(evidence, weight);
        self.last_bad = self.last_bad.max(Some(evidence.at));
        if evidence.source == Source::Traffic {
            self.last_bad_traffic = self.last_bad_traffic.max(Some(evidence.at));
        }
        if weight.part == Part::Throttle {
            self.windows.note(evidence.at, true);
        }
        // A dead server of our own is no failure of the route, and a slow transfer is none.
        if !matches!(weight.part, Part::Near | Part::Throttle) {
            self.outcomes.note(evidence.at, false, weight.stray);
        }
        if weight.twin {
            self.cut_off |= self.outcomes.note_cut_off(evidence);
        }
        if evidence.sign == Sign::ClientGaveUp {
            self.gave_up.push_back(evidence.at);
        }
        if !weight.twin && weight.tried && !weight.stray {
            self.unpaired.note(evidence, weight);
        }
        if weight.proves == Some(Technique::Mitm) {
            self.hostile = true;
        }
    }

    /// The secure answer is used and the route goes on: a lie is told, and counts nothing (T1, T2).
    fn note_lie(&mut self, evidence: &Evidence) {
        if self.asides.lied(evidence.at, evidence.sign.confidence()) && self.tally.first().is_none() {
            self.tally = Tally::default();
        }
        self.tally.count(evidence.sign);
    }

    /// The hellos after the third of a burst are punished, not the route: it is not left, and what fails while the
    /// punishment lasts says nothing (T16).
    fn note_burst(&mut self, evidence: &Evidence, bare: bool, params: &Params) {
        if bare && self.taint.covers(evidence.endpoint, evidence.began) {
            return;
        }
        self.asides.punished(evidence.at, params);
        // The silence it was taken for at first says nothing of the route.
        if evidence.sharpens {
            let points = self.tally.take_back();
            self.score.add(Part::Plain, -points);
        }
        self.tally.count(evidence.sign);
        if bare {
            self.taint.mark(evidence.endpoint, evidence.at, params.taint.burst);
        }
    }

    fn learn_everywhere(&mut self, evidence: &Evidence) -> Cue {
        self.score.zero();
        self.unpaired.clear();
        self.tally = Tally::default();
        self.tally.count(evidence.sign);
        // Two outages hours apart are two, not one.
        let recent = self.everywhere.filter(|_| evidence.at.since(self.heard_bad) <= EVERYWHERE_WITHIN);
        let (count, since) = recent.unwrap_or((0, evidence.at));
        self.heard_bad = evidence.at;
        self.everywhere = Some((count.saturating_add(1), since));
        Cue::Everywhere
    }

    fn before(&mut self, evidence: &Evidence, sibling: bool) -> Before {
        while self.gave_up.front().is_some_and(|t| evidence.at.since(*t) > Duration::from_secs(60)) {
            self.gave_up.pop_front();
        }
        Before {
            other_timeout: self.tally.other_timeout(evidence.endpoint),
            gave_up: u32::try_from(self.gave_up.len()).unwrap_or(u32::MAX),
            dns_silences: self.dns_silences,
            sibling,
            stray: ends::is_of_the_address(evidence.sign)
                && self.ends.sibling_answered(evidence.endpoint, evidence.began),
            dead: self.ends.is_dead(evidence.endpoint),
        }
    }

    /// People's own success is newer and better news than a failed probe; until people fail too. That small things
    /// pass says nothing of a transfer that stopped.
    fn is_outranked(&self, evidence: &Evidence) -> bool {
        let good = self.last_good_traffic.filter(|good| self.last_bad_traffic.is_none_or(|bad| bad < *good));
        let recent = good.is_some_and(|good| evidence.at.since(good) <= TRAFFIC_RULES);
        let of_small_things = !matches!(evidence.sign, Sign::Frozen { .. });
        evidence.source == Source::Probe && recent && evidence.pair.is_none() && of_small_things
    }

    /// Time passes: what is old is no news of today.
    pub(super) fn expire(&mut self, now: Moment) {
        self.asides.expire(now);
        self.ends.expire(now);
        self.outcomes.expire(now);
    }

    /// Whether an address of the route has answered since the trouble began, and not failed since: it is not the route
    /// that is blocked.
    pub(super) fn is_alive_in_part(&self) -> bool {
        self.tally.first().is_some_and(|first| self.ends.is_alive_since(first))
    }

    /// Whether packets are lost at random, which leaves a part of the connections alive: seen in connects that time out
    /// (T10, T18). What is cut after the hello is chosen, however seldom. Connects that now time out and now succeed,
    /// to no avail, look so too; unless nothing ever came of many of them.
    pub(super) fn is_lossy(&self) -> bool {
        let random = self.outcomes.are_random() && self.tally.is_of_loss();
        let random = random && self.ends.is_fickle(self.tally.first());
        let seen = random || self.outcomes.are_late() || self.tally.is_mixed() || self.tally.is_patchy();
        self.tally.confidence() == Confidence::Anomaly && seen
    }

    /// Forgets everything but habits: as on the first day.
    pub(super) fn forget(&mut self, now: Moment) {
        let (used, traffic, probe, hops) = (self.used, self.traffic, self.probe.clone(), self.recovery.relapses());
        *self = Self { used, traffic, ..Self::new(now) };
        self.probe.cost = probe.cost;
        self.probe.last = probe.last;
        self.recovery.restore(hops);
    }
}

/// Whether it is a failure on every way.
pub(super) fn is_everywhere(evidence: &Evidence) -> bool {
    evidence.twin == Twin::FailedToo && evidence.sign.is_bad() && evidence.pair.is_none()
}

/// RFC 6298's smoothing, one part in eight.
fn smooth(value: &mut Option<f64>, sample: Option<u32>) {
    if let Some(sample) = sample {
        let sample = f64::from(sample);
        *value = Some(value.map_or(sample, |old| old + (sample - old) / 8.0));
    }
}
