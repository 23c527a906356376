//! Which ways are tried for one connection, in which order, and why not the others. Never dials, never waits.
//!
//! The user's order is the law; belief only moves a way behind others or, for a bare way that is blocked,
//! out of the plan. A policy (`direct = …`, `byway use`) is decided before any belief is looked at, so that no
//! snapshot can talk a forbidden way back in.
//!
//! Packets that no way can carry are refused at once, with a reason for each way: a stream that fails is noticed by its
//! app, packets that vanish are waited for.

use crate::model::{
    Attempt, DirectRule, Facet, L4, LinkState, Moment, Need, Phase, Plan, Reason, Route, Service, Snapshot, Standing,
    Technique, TransportId, Way,
};
use std::collections::HashSet;
use std::time::Duration;

/// Everything `plan` weighs.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// For whom.
    pub service: &'a Service,
    /// Which facet.
    pub facet: Facet,
    /// Streams or packets.
    pub need: Need,
    /// The ways that exist.
    pub ways: &'a [Way],
    /// What is believed.
    pub snapshot: &'a Snapshot,
    /// Now.
    pub now: Moment,
    /// A random number in [0, 1): decides who is a canary.
    pub dice: f64,
}

/// The ordered ways for one connection, and those passed over with their reasons. Empty means refuse.
pub fn plan(question: &Question<'_>) -> Plan {
    let mut plan = Plan::default();
    let mut candidates = Vec::new();
    for id in question.considered() {
        match question.candidate(id) {
            Ok(candidate) => candidates.push(candidate),
            Err(why) => plan.passed_over.push((id.clone(), why)),
        }
    }
    demote_slower(&mut candidates);
    plan.attempts = candidates.into_iter().map(|c| Attempt { transport: c.id.clone(), canary: c.canary }).collect();
    plan
}

/// From this score on a suspect bare way goes even behind suspect tunnels (detection rules §3.2).
const CERTAIN: f64 = 4.0;

/// Two demoted ways change places only when one is faster by both of these: jitter must not reorder them.
const FASTER_BY: Duration = Duration::from_millis(50);
const FASTER_RATIO: f64 = 2.0 / 3.0;

/// How far behind its place in the user's order a way is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// In its own place: nothing speaks against it.
    AsOrdered,
    /// Behind every way nothing speaks against.
    Doubted,
    /// Behind the doubted ones too: a bare way that almost certainly fails, or one that is only coming back.
    Unlikely,
    /// Last: known not to work, tried because nothing else is left.
    LastResort,
}

/// A way that may be tried.
struct Candidate<'a> {
    id: &'a TransportId,
    rank: Rank,
    canary: bool,
    latency: Option<Duration>,
}

impl<'a> Question<'a> {
    /// Every way that deserves a word: the user's order, each once, and a forced way from outside of it.
    fn considered(&self) -> Vec<&'a TransportId> {
        let mut seen = HashSet::new();
        let order = self.service.order.iter().chain(self.forced().filter(|id| self.way(id).is_some()));
        order.filter(|id| seen.insert(*id)).collect()
    }

    fn candidate(&self, id: &'a TransportId) -> Result<Candidate<'a>, Reason> {
        let way = self.allowed(id)?;
        let forced = self.forced().is_some();
        if way.bare && self.snapshot.played.contains(&self.service.id) {
            return Err(Reason::Hostile);
        }
        let Some(standing) = self.standing(id) else {
            if !forced && self.is_without_quic() {
                return Err(Reason::StreamsInstead);
            }
            let rank = self.in_a_whitelist(way, Rank::AsOrdered);
            return Ok(Candidate { id, rank, canary: false, latency: None });
        };
        if standing.hostile {
            return Err(Reason::Hostile);
        }
        if !forced && self.is_without_quic() {
            let own = standing.technique().filter(|how| *how == Technique::QuicBlock);
            return Err(own.map_or(Reason::StreamsInstead, Reason::Blocked));
        }
        let canary = !forced && self.is_canary(standing);
        let rank = if forced || canary { Rank::AsOrdered } else { self.in_a_whitelist(way, self.rank(way, standing)?) };
        Ok(Candidate { id, rank, canary, latency: standing.first_byte.or(standing.rtt) })
    }

    /// What policy and capability say, whatever is believed.
    fn allowed(&self, id: &TransportId) -> Result<&'a Way, Reason> {
        let way = self.way(id).ok_or(Reason::Unusable)?;
        match self.service.direct {
            DirectRule::Never if way.bare => return Err(Reason::DirectForbidden),
            DirectRule::Always if !way.bare => return Err(Reason::TunnelForbidden),
            DirectRule::Never | DirectRule::Always | DirectRule::UntilBlocked => {}
        }
        if self.forced().is_some_and(|forced| forced != id) {
            return Err(Reason::NotTheForcedWay);
        }
        if !way.usable {
            return Err(Reason::Unusable);
        }
        if self.need == Need::Packets && !way.packets {
            return Err(Reason::NoPackets);
        }
        Ok(way)
    }

    fn rank(&self, way: &Way, standing: &Standing) -> Result<Rank, Reason> {
        Ok(match standing.phase {
            // A service that is down and a probe that is stale blame no way (detection rules §3.1).
            Phase::Unknown | Phase::Ok | Phase::ServiceDown | Phase::ProbeStale => Rank::AsOrdered,
            Phase::Suspect | Phase::Degraded if way.bare && standing.score >= CERTAIN => Rank::Unlikely,
            Phase::Suspect | Phase::Degraded => Rank::Doubted,
            Phase::Recovering => Rank::Unlikely,
            Phase::Blocked if way.bare && self.may_tunnel() => {
                return Err(Reason::Blocked(standing.technique().unwrap_or(Technique::Unidentified)));
            }
            Phase::Blocked if self.need == Need::Packets => {
                return Err(Reason::Blocked(standing.technique().unwrap_or(Technique::Unidentified)));
            }
            Phase::Blocked => Rank::LastResort,
        })
    }

    /// While only domestic places answer, a listed service goes over the tunnels that carried something in such a time
    /// first, then over the others; straight there it hardly gets. What no service claims may well be domestic.
    fn in_a_whitelist(&self, way: &Way, rank: Rank) -> Rank {
        if self.snapshot.link != LinkState::Whitelist || self.service.id.is_other() || self.forced().is_some() {
            return rank;
        }
        match (way.bare, self.snapshot.capable.contains(&way.id)) {
            (true, _) => rank.max(Rank::Unlikely),
            (false, true) => rank,
            (false, false) => rank.max(Rank::Doubted),
        }
    }

    /// Whether QUIC to this service is blocked on the line. Refused at once, its apps use TCP; carried over a tunnel it
    /// would only be slower. Calls have nothing else.
    fn is_without_quic(&self) -> bool {
        let blocked = |id: &TransportId| {
            let standing = self.standing(id);
            self.way(id).is_some_and(|way| way.bare)
                && standing.is_some_and(|s| s.phase == Phase::Blocked && s.technique() == Some(Technique::QuicBlock))
        };
        self.need == Need::Packets && self.facet != Facet::Calls && self.service.order.iter().any(blocked)
    }

    /// Whether this connection is lent to a way that is coming back. Not while the link itself is in doubt:
    /// whatever happened would prove nothing.
    fn is_canary(&self, standing: &Standing) -> bool {
        standing.phase == Phase::Recovering && self.snapshot.link == LinkState::Online && self.dice < standing.canary
    }

    /// Whether the user gave this service a tunnel: then what is known to be blocked is not dialled bare, not
    /// even when the tunnels fail. Without one there is nothing to lose by trying.
    fn may_tunnel(&self) -> bool {
        self.service.direct != DirectRule::Always
            && self.service.order.iter().filter_map(|id| self.way(id)).any(|way| !way.bare)
    }

    fn forced(&self) -> Option<&'a TransportId> {
        let forced = self.snapshot.forced.get(&self.service.id)?;
        forced.until.is_none_or(|until| self.now < until).then_some(&forced.transport)
    }

    fn way(&self, id: &TransportId) -> Option<&'a Way> {
        self.ways.iter().find(|way| way.id == *id)
    }

    fn standing(&self, id: &TransportId) -> Option<&'a Standing> {
        let l4 = match self.need {
            Need::Stream => L4::Tcp,
            Need::Packets => L4::Udp,
        };
        let service = self.service.id.clone();
        self.snapshot.standing(&Route { service, facet: self.facet, transport: id.clone(), l4 })
    }
}

/// Sorts by rank, stable; among ways demoted alike, where the user's wish is overruled anyway, a clearly faster
/// one goes first.
fn demote_slower(candidates: &mut [Candidate<'_>]) {
    candidates.sort_by_key(|candidate| candidate.rank);
    for end in 1..candidates.len() {
        let mut place = end;
        while place > 0 && outruns(&candidates[place], &candidates[place - 1]) {
            candidates.swap(place, place - 1);
            place -= 1;
        }
    }
}

fn outruns(later: &Candidate<'_>, earlier: &Candidate<'_>) -> bool {
    let (Some(fast), Some(slow)) = (later.latency, earlier.latency) else { return false };
    later.rank == earlier.rank
        && later.rank != Rank::AsOrdered
        && fast + FASTER_BY <= slow
        && fast <= slow.mul_f64(FASTER_RATIO)
}

#[cfg(test)]
mod tests;
