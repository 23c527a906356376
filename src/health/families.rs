//! When the other version of IP is asked after (detection rules §1.5, step 9): connections take the one that answers first
//! (RFC 8305), so nobody would learn that the other is blocked. A bare connect, as the loser of such a race is: it costs
//! next to nothing, and says something only when it fails.

use super::Effect;
use super::belief::Belief;
use super::budget::FAMILY_PRICE;
use super::params::Params;
use super::state::State;
use crate::model::{Family, L4, Moment, Phase, Route};
use std::time::Duration;

/// While nothing is known of it.
const EVERY: Duration = Duration::from_secs(240);
/// While it goes on being well: the wait doubles up to this, the time in which blocks come and go (§0.5).
const CALM: Duration = Duration::from_secs(900);
/// After a failure: an address is dead when it failed twice, half a minute apart.
const AGAIN: Duration = Duration::from_secs(45);
/// When it is known to be blocked.
const KNOWN: Duration = Duration::from_secs(1500);
/// How much these vary: no beat to recognise.
const JITTER: f64 = 0.7;
/// When the other version of IP is asked after.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct FamilyClock {
    last: Option<Moment>,
    /// The next time, when there is one.
    pub(super) next: Option<Moment>,
    /// How often it was asked since it was last in doubt.
    calm: u32,
}

impl Belief {
    /// How long the other version is left alone.
    fn family_wait(&self, family: Family) -> Duration {
        match () {
            () if self.ends.doubts(family) => AGAIN,
            () if self.ends.partial().is_some() => KNOWN,
            () => EVERY.saturating_mul(1 << self.family.calm.min(4)).min(CALM),
        }
    }
}

impl State {
    /// Asks after the other version of IP where that is due: of the plain bare ways that people use and that work.
    pub(super) fn ask_families(&mut self, now: Moment, params: &Params) -> Vec<Effect> {
        let mut effects = Vec::new();
        for (route, belief) in &mut self.beliefs {
            let used = belief.used.is_some_and(|at| now.since(at) <= params.idle.quiet_after);
            let works = used && belief.phase == Phase::Ok && !belief.hostile && !route.service.is_other();
            let plain = params.bare.first() == Some(&route.transport) && route.l4 == L4::Tcp;
            let family = belief.ends.answers().filter(|_| works && plain).map(other);
            let Some(family) = family else {
                belief.family.next = None;
                continue;
            };
            let wait = belief.family_wait(family);
            let latest = belief.family.last.unwrap_or(now) + wait.mul_f64(1.0 + JITTER);
            if belief.family.next.is_none_or(|next| next > latest.max(now)) {
                let from = belief.family.last.unwrap_or(now);
                belief.family.next = Some((from + self.dice.around(wait, JITTER)).max(now));
            }
            let paid = self.ledger.allows(&route.service, FAMILY_PRICE, self.flights.reserved(), now, params);
            if belief.family.next.is_some_and(|next| next <= now) {
                let calm = if belief.ends.doubts(family) { 0 } else { belief.family.calm + 1 };
                belief.family = FamilyClock { last: Some(now), next: None, calm };
                belief.family.next = Some(now + self.dice.around(belief.family_wait(family), JITTER));
                if paid && self.routes.contains(route) && self.flights.is_free(&route.service) {
                    self.ledger.spend(&route.service, FAMILY_PRICE, now);
                    effects.push(Effect::FamilyAt(Route::clone(route), family));
                }
            }
        }
        effects
    }
}

const fn other(family: Family) -> Family {
    match family {
        Family::V4 => Family::V6,
        Family::V6 => Family::V4,
    }
}
