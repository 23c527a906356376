//! When a route is probed next (the table of detection rules §3.4): traffic comes first, and nothing beats, for every
//! wait is drawn anew. Whether the probe may then begin is [`super::schedule`]'s question.

use super::belief::Belief;
use super::dice::Dice;
use super::params::Params;
use crate::model::{L4, Moment, Phase, Technique};
use std::time::Duration;

/// While people use a route, they are the probe.
const PEOPLE_TELL: Duration = Duration::from_secs(600);
/// A probe that costs less than this is cheap: a chat protocol's own first message.
const CHEAP: u32 = 2_048;
/// Where connects time out, so many questions are asked of a suspected route: with fewer, lost packets are not told from
/// dropped ones, for of five with six packets in ten lost none may come through (T10) …
const MOST_OF_LOSS: u32 = 10;
/// … each half as long after the one before, or a little more, as the first one is after the suspicion: losses are
/// independent of one another, and the sooner it is known, the better.
const OF_LOSS_APART: (f64, f64) = (0.5, 0.65);
/// Slow routes are sampled ever more rarely, down to once an hour.
const RAREST: Duration = Duration::from_secs(3600);

/// Where people seem to miss something, it is asked after it so soon.
const SOON: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));

/// A question that failed on every way is asked again so soon after people got through.
const AGAIN: Duration = Duration::from_secs(20);

/// What the wait depends on beside the belief.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) now: Moment,
    /// When the device joined this network.
    pub(super) joined: Moment,
    /// When the service was last used on it.
    pub(super) used: Option<Moment>,
    /// When this facet of it was: a service has more facets than most people use, and TLS to each of them would be
    /// dear.
    pub(super) facet_used: Option<Moment>,
    /// Whether this is the transport that services are probed over when nothing is wrong.
    pub(super) is_primary: bool,
    pub(super) l4: L4,
}

/// Whether the route's probe is known to be cheap.
pub(super) fn is_cheap(belief: &Belief) -> bool {
    belief.probe.cost.is_some_and(|cost| cost < CHEAP)
}

/// Whether the route's next question is the first one about a suspicion, or about failures that never make one because
/// a punishment may be on: its neutral half goes first, so that it need not wait until that is over. Packets have none.
pub(super) fn begins_neutral(belief: &Belief, l4: L4) -> bool {
    let first = belief.phase == Phase::Suspect && belief.probe.count == 0;
    l4 == L4::Tcp && (first || fails_in_vain(belief))
}

/// Whether people fail, to no effect, and nobody has asked since.
fn fails_in_vain(belief: &Belief) -> bool {
    let since = belief.people.fail_in_vain().filter(|_| matches!(belief.phase, Phase::Unknown | Phase::Ok));
    since.is_some_and(|since| belief.probe.last.is_none_or(|last| last < since))
}

/// Since when people contradict a question that failed on every way, if nobody has asked it again.
fn contradicted(belief: &Belief) -> Option<Moment> {
    let since = belief.people.contradicted().filter(|_| matches!(belief.phase, Phase::Unknown | Phase::Ok));
    since.filter(|since| belief.probe.last.is_none_or(|last| last < *since))
}

/// The next probe of a route; `None` for none until something happens.
pub(super) fn next(belief: &Belief, dice: &mut Dice, asked: Asked, params: &Params) -> Option<Moment> {
    let Asked { now, joined, used, facet_used, is_primary, l4 } = asked;
    let recently = |used: Option<Moment>| used.is_some_and(|t| now.since(t) <= params.idle.only_used_within);
    let in_use = recently(used);
    let probe = &belief.probe;
    let since = probe.last.unwrap_or(belief.since).max(belief.since);
    let calm = matches!(belief.phase, Phase::Unknown | Phase::Ok);
    let never_used = !recently(facet_used) && calm && is_primary;
    // After a man in the middle was seen, nothing is sent there unless the operator says so (§4.11).
    if belief.hostile || !(in_use || never_used) {
        return None;
    }
    let at = match belief.phase {
        Phase::Unknown | Phase::Ok if never_used => match probe.last {
            None => joined + dice.between(params.idle.settle.0, params.idle.settle.1),
            Some(last) => last + dice.around(params.idle.unused_every, params.idle.jitter),
        },
        Phase::Unknown | Phase::Ok if belief.doubted => now + dice.between(SOON.0, SOON.1),
        _ if is_primary && fails_in_vain(belief) => {
            let first = params.suspect.at.first().copied().unwrap_or(params.suspect.recheck);
            now + dice.stretch(first, 0.5, 1.0)
        }
        _ if is_primary && let Some(since) = contradicted(belief) => since + dice.stretch(AGAIN, 1.0, 3.0),
        _ if belief.everywhere.is_some() && calm => now + dice.around(params.suspect.recheck, 0.1),
        Phase::Unknown | Phase::Ok if !is_primary => return None,
        Phase::Unknown | Phase::Ok => idle(belief, dice, asked, params),
        Phase::Suspect if belief.tally.is_of_loss() && (1..MOST_OF_LOSS).contains(&probe.count) => {
            since + of_loss(dice, params)
        }
        Phase::Suspect => match params.suspect.at.get(probe.count as usize) {
            Some(after) => belief.since + dice.stretch(*after, 1.0, 1.15),
            None if is_primary => since + dice.around(undecided(belief, params), params.hold.jitter),
            None => idle(belief, dice, asked, params),
        },
        // A part of the packets came through, and no answer yet: it may still be nearly all that are lost.
        Phase::Degraded if is_lost_so_far(belief) && probe.count < MOST_OF_LOSS => since + of_loss(dice, params),
        Phase::Degraded => {
            since + dice.around(doubled(params.idle.every, 2.0, probe.count).min(RAREST), params.hold.jitter)
        }
        Phase::Blocked => held(belief, dice, params),
        Phase::Recovering => {
            let last = belief.recovery.last().unwrap_or(belief.since).max(since);
            last + dice.stretch(params.recover.min_gap, 1.02, 1.3)
        }
        Phase::ServiceDown => {
            since
                + dice
                    .around(doubled(params.suspect.recheck, 2.0, probe.count).min(params.hold.cap), params.hold.jitter)
        }
        Phase::ProbeStale => since + dice.around(params.idle.tls_every * 4, params.idle.jitter),
    };
    let early = is_primary && begins_neutral(belief, l4);
    let clear = match belief.taint.until(now).filter(|_| !early) {
        Some(end) => at.max(end + dice.stretch(end.since(now) / 16, 0.0, 1.0)),
        None => at,
    };
    Some(clear.max(now))
}

/// The wait between two questions that tell lost packets from dropped ones.
fn of_loss(dice: &mut Dice, params: &Params) -> Duration {
    let first = params.suspect.at.first().copied().unwrap_or(params.suspect.apart);
    dice.stretch(first, OF_LOSS_APART.0, OF_LOSS_APART.1)
}

/// Whether packets are said to be lost at random, and too little came through yet to be sure of that.
fn is_lost_so_far(belief: &Belief) -> bool {
    belief.technique == Some(Technique::RandomDrop) && !belief.outcomes.are_random()
}

/// Nothing is wrong: the traffic tells, and a probe only when it has not for long.
fn idle(belief: &Belief, dice: &mut Dice, asked: Asked, params: &Params) -> Moment {
    let every = if is_cheap(belief) { params.idle.every } else { params.idle.tls_every };
    let heard = belief.traffic.max(belief.used);
    let last = heard.max(belief.probe.last).unwrap_or(asked.joined);
    let soonest = heard
        // Not at a fixed distance from what people do.
        .map_or(asked.now, |t| t + dice.stretch(PEOPLE_TELL, 1.0, 1.3))
        .max(asked.now + dice.between(params.idle.settle.0, params.idle.settle.1));
    (last + dice.without_beat(every, params.idle.jitter)).max(soonest)
}

/// What three questions have not decided is asked on, ever more rarely: whoever could tell has left for another way.
fn undecided(belief: &Belief, params: &Params) -> Duration {
    let asked = u32::try_from(params.suspect.at.len()).unwrap_or(u32::MAX);
    let last = params.suspect.at.last().copied().unwrap_or(params.suspect.recheck);
    doubled(last, 2.0, belief.probe.count.saturating_sub(asked)).min(params.idle.every)
}

/// A blocked route is left alone ever longer; after a relapse never for less than the relapse's hold.
fn held(belief: &Belief, dice: &mut Dice, params: &Params) -> Moment {
    let probe = &belief.probe;
    let jitter = params.hold.jitter;
    let since = probe.last.unwrap_or(belief.since).max(belief.since);
    match (probe.count, probe.wait) {
        (0, Some(wait)) => belief.since + dice.stretch(wait, 1.0, 1.0 + jitter),
        (count, wait) => {
            let count = count - u32::from(wait.is_some());
            since + dice.around(doubled(params.hold.start, params.hold.factor, count).min(params.hold.cap), jitter)
        }
    }
}

fn doubled(base: Duration, factor: f64, count: u32) -> Duration {
    let times = factor.max(1.0).powi(i32::try_from(count.min(24)).unwrap_or(24));
    Duration::try_from_secs_f64(base.as_secs_f64() * times).unwrap_or(Duration::MAX)
}
