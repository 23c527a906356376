//! The states of a route and what moves it from one to another (detection rules §3.1–§3.2). Two outputs are kept
//! apart: a *suspicion* follows the score at once and turns connections elsewhere; the *verdict* "blocked" also wants
//! enough tries, endpoints and twins ([`super::tally`]), because it is shown and believed.

use super::belief::{Belief, Cue};
use super::params::Params;
use super::recover::Progress;
use super::tally::Tally;
use crate::model::{Confidence, Evidence, Moment, Phase, Source, Technique, Twin};

/// A failure this heavy ends a recovery by itself (§3.5).
const RELAPSE: f64 = 3.0;

/// Moves the phase after `evidence` had the effect `cue`.
pub(super) fn after(belief: &mut Belief, evidence: &Evidence, cue: Cue, params: &Params) {
    match cue {
        Cue::None => {}
        Cue::Bad { points } => {
            // Packets to places of no messenger are stopped as well: that is the line, and no service is down for it.
            let is_the_line = matches!(evidence.pair, Some(Technique::StunDpi | Technique::UdpBlocked));
            after_bad(belief, evidence.at, points, evidence.twin == Twin::Answered || is_the_line, params);
        }
        Cue::Good => after_good(belief, evidence, params),
        Cue::Everywhere => after_everywhere(belief, evidence, params),
    }
}

/// Moves the phase after failures of `points`; `here` when it is sure that other ways reach the place.
pub(super) fn after_bad(belief: &mut Belief, now: Moment, points: f64, here: bool, params: &Params) {
    let value = belief.score.value();
    match belief.phase {
        Phase::Blocked => rename(belief, params),
        Phase::Recovering if points >= RELAPSE || value >= params.switch_at => {
            let wait = belief.recovery.relapse(now, params);
            rename(belief, params);
            enter(belief, Phase::Blocked, now);
            belief.probe.wait = Some(wait);
        }
        Phase::Recovering => {}
        Phase::ServiceDown | Phase::ProbeStale if !here => {}
        // More first flights were cut off than connects lost: whoever does that chooses, if only by lot (scenario 34).
        _ if is_cut_off(belief, now, params) && belief.outcomes.cut_offs(now) > belief.tally.lost() as usize => {
            block(belief, now);
        }
        // A part of the connections lives: usable for some things, and others go first (T18).
        _ if value >= params.switch_at && belief.is_lossy() => lossy(belief, now),
        _ if is_ripe(belief, params) => block(belief, now),
        _ if is_cut_off(belief, now, params) => block(belief, now),
        _ if belief.score.without_slowness() >= params.switch_at => enter(belief, Phase::Suspect, now),
        _ if value >= params.switch_at => {
            belief.technique = Some(Technique::Throttled);
            belief.confidence = Confidence::Anomaly;
            enter(belief, Phase::Degraded, now);
        }
        _ => {}
    }
}

/// Whether it is to be called blocked: the score, the tries, and, where addresses are what fails, none that answers. What
/// freezes inside a tunnel is the tunnel's or the line's: it is left, and nobody is called blocked.
fn is_ripe(belief: &Belief, params: &Params) -> bool {
    let freeze = belief.tally.technique() == Technique::Freeze;
    // Where answers come late, what stops lost a packet too many; unless it is proven.
    let lost = belief.tally.proof().is_none() && belief.outcomes.came_late();
    if freeze && (belief.is_tunnel || lost) {
        return false;
    }
    let enough = belief.score.for_verdict() >= params.block_at && belief.tally.suffices(params);
    // Of connects alone, so many that chance would have let one through.
    let by_chance = belief.tally.is_of_loss() && belief.tally.unanswered() < params.block.syns;
    let enough = enough && (belief.tally.proof().is_some() || !by_chance);
    let by_address = matches!(belief.tally.technique(), Technique::IpDrop | Technique::TcpReject);
    enough && !(by_address && belief.tally.confidence() == Confidence::Anomaly && belief.is_alive_in_part())
}

/// Whether first flights were cut off often enough, and lately. Points fade within minutes, and whoever could tell has
/// left: the last of them need not come soon after the others.
fn is_cut_off(belief: &Belief, now: Moment, params: &Params) -> bool {
    let doubted = belief.phase == Phase::Suspect || belief.score.for_verdict() >= params.switch_at;
    doubted && belief.outcomes.are_cut_off(now)
}

fn lossy(belief: &mut Belief, now: Moment) {
    belief.technique = Some(Technique::RandomDrop);
    belief.confidence = Confidence::Anomaly;
    enter(belief, Phase::Degraded, now);
}

/// More is known of a block that stands: what it looks like now, if that can be told. One transfer that stopped does not
/// make a freeze of it: whatever falls again stops what is open.
fn rename(belief: &mut Belief, params: &Params) {
    let (before, how) = (belief.technique, belief.tally.technique());
    let untold =
        how == Technique::Unidentified || (how == Technique::Freeze && belief.tally.froze() < params.block.tries);
    if untold || Some(how) == before {
        belief.confidence = belief.confidence.max(belief.tally.confidence());
    } else {
        belief.technique = Some(how);
        belief.confidence = belief.tally.confidence();
    }
}

/// The verdict is ripe. A freeze blocks the route as a whole, though small answers still come: it comes back by
/// canaries that must carry a body, and not by fading alone.
fn block(belief: &mut Belief, now: Moment) {
    belief.asides.forgive_bursts();
    let mut how = belief.tally.technique();
    if belief.tally.confidence() == Confidence::Anomaly && how != Technique::Freeze && belief.outcomes.are_random() {
        how = Technique::RandomDrop;
    }
    belief.technique = Some(how);
    belief.confidence = belief.tally.confidence();
    let cut_off = belief.outcomes.are_cut_off(now) && belief.outcomes.are_chosen_by_chance(now);
    let by_chance = belief.confidence == Confidence::Anomaly && (how == Technique::RandomDrop || cut_off);
    belief.recovery.fell(by_chance);
    enter(belief, Phase::Blocked, now);
}

/// It fails as another bare way does, which is blocked `like` that by chance: cutting the first message otherwise does not
/// help.
pub(super) fn share(belief: &mut Belief, like: (Option<Technique>, Confidence), now: Moment) {
    (belief.technique, belief.confidence) = like;
    belief.recovery.fell(true);
    enter(belief, Phase::Blocked, now);
}

fn after_good(belief: &mut Belief, evidence: &Evidence, params: &Params) {
    let now = evidence.at;
    match belief.phase {
        // Whoever plays the service there may answer well today: only the operator lifts it.
        Phase::Blocked if belief.hostile => {}
        Phase::Blocked => {
            belief.score.zero();
            // What fails from here on is a trouble of its own, with a name of its own.
            belief.tally = Tally::default();
            belief.ends.forgive();
            belief.recovery.begin(now);
            belief.recovery.success(evidence, belief.technique, params);
            enter(belief, Phase::Recovering, now);
            progress(belief, now, params);
        }
        Phase::Recovering => {
            belief.recovery.success(evidence, belief.technique, params);
            belief.probe.stale = true;
            progress(belief, now, params);
        }
        // It answers, and too late: packets are lost (T10).
        Phase::Suspect if belief.outcomes.are_late() && belief.is_lossy() => lossy(belief, now),
        Phase::Suspect | Phase::Degraded => {
            let believed = belief.outcomes.are_good_enough();
            if believed && belief.score.value() < params.switch_at / 2.0 {
                works(belief, now);
            }
        }
        Phase::ProbeStale if evidence.source == Source::Traffic => {}
        Phase::Unknown | Phase::ServiceDown | Phase::ProbeStale | Phase::Ok => {
            if belief.score.value() < params.switch_at {
                works(belief, now);
            }
        }
    }
}

fn after_everywhere(belief: &mut Belief, evidence: &Evidence, params: &Params) {
    let now = evidence.at;
    if matches!(belief.phase, Phase::Blocked | Phase::Recovering) {
        return;
    }
    let (count, first) = belief.everywhere.unwrap_or((0, now));
    if evidence.source == Source::Probe && belief.people.contradict(now) {
        belief.confidence = Confidence::Anomaly;
        enter(belief, Phase::ProbeStale, now);
    } else if count >= params.block.tries && now.since(first) >= params.block.span {
        belief.confidence = Confidence::Anomaly;
        enter(belief, Phase::ServiceDown, now);
    } else if matches!(belief.phase, Phase::Suspect | Phase::Degraded) {
        calm(belief, now);
    }
    belief.probe.stale = true;
}

/// What the passing of time does by itself.
pub(super) fn tick(belief: &mut Belief, now: Moment, params: &Params) {
    belief.score.settle(now, params.score_half_life);
    belief.expire(now);
    let forgotten = now.since(belief.heard) >= params.state.ttl;
    match belief.phase {
        Phase::Unknown => {}
        // A hostile place stays so until the operator or another network says otherwise.
        _ if forgotten && !belief.hostile => {
            belief.forget(now);
        }
        // What fails by chance is believed as long as the tries say so: points fade while nobody tries.
        Phase::Degraded if belief.technique == Some(Technique::RandomDrop) && belief.outcomes.are_by_chance() => {}
        // Two first flights that were cut off are forgiven by answers, and not because nobody tries.
        Phase::Suspect if belief.outcomes.may_be_cut_off(now) => {}
        Phase::Suspect | Phase::Degraded if belief.score.value() < params.switch_at / 2.0 => calm(belief, now),
        Phase::Recovering => progress(belief, now, params),
        _ => {}
    }
}

/// A block of a route that nothing asks after is let go when it was left alone as long as a blocked route ever is.
pub(super) fn let_go(belief: &mut Belief, now: Moment, params: &Params) {
    let rested = now.since(belief.last_bad.unwrap_or(belief.since)) >= params.hold.cap;
    if belief.phase == Phase::Blocked && !belief.hostile && rested {
        belief.score.zero();
        calm(belief, now);
    }
}

/// When [`tick`] may change something next.
pub(super) fn wakes_at(belief: &Belief, now: Moment, params: &Params) -> Option<Moment> {
    match belief.phase {
        Phase::Suspect | Phase::Degraded => {
            belief.score.falls_below(params.switch_at / 2.0, params.score_half_life).map(|wait| now + wait)
        }
        Phase::Recovering => belief.recovery.wakes_at(params),
        _ => None,
    }
}

fn progress(belief: &mut Belief, now: Moment, params: &Params) {
    match belief.recovery.tick(now, belief.technique, params) {
        Progress::Same | Progress::Further => {}
        Progress::Done => works(belief, now),
    }
}

fn works(belief: &mut Belief, now: Moment) {
    belief.technique = None;
    belief.confidence = Confidence::Confirmed;
    enter(belief, Phase::Ok, now);
}

/// The suspicion came to nothing: whether the route works is simply not known.
fn calm(belief: &mut Belief, now: Moment) {
    belief.technique = None;
    enter(belief, Phase::Unknown, now);
}

fn enter(belief: &mut Belief, phase: Phase, now: Moment) {
    if belief.phase == phase {
        return;
    }
    belief.phase = phase;
    belief.since = now;
    belief.probe.stale = true;
    belief.probe.count = 0;
    belief.probe.wait = None;
}

/// Clears what an ended trouble left behind, once it has been told.
pub(super) fn close(belief: &mut Belief) {
    if matches!(belief.phase, Phase::Ok | Phase::Unknown) {
        belief.tally = Tally::default();
    }
}
