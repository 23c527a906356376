//! Which endpoints of a route answer connects and which do not (control C7): one dead address of several is noted and
//! blames nobody, and neither does one version of IP while the other works.

use crate::model::{EndpointTag, Family, Moment, Partial, Sign};
use std::time::Duration;

/// The most endpoints remembered; the one unheard of for longest goes first.
const MOST: usize = 16;
/// An endpoint of the other version of IP, which is blocked apart, vouches even if it answered this shortly before.
const NEAR_APART: Duration = Duration::from_secs(60);
/// An endpoint is dead when it failed twice, this far apart, while another answered …
const LONG: Duration = Duration::from_secs(30);
/// … and one that was seen alive when it did so four times.
const ONCE_ALIVE: u32 = 4;
/// What was not heard of for this long is forgotten.
const KEPT: Duration = Duration::from_secs(3600);

/// The endpoints of one route.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Ends(Vec<Known>);

#[derive(Clone, Debug, PartialEq)]
struct Known {
    tag: EndpointTag,
    good: Option<Moment>,
    /// Failed connects since `good`: how many, the first and the last.
    bad: Option<(u32, Moment, Moment)>,
    /// When it last answered after it had failed.
    back: Option<Moment>,
}

impl Known {
    fn heard(&self) -> Option<Moment> {
        self.good.max(self.bad.map(|(_, _, last)| last))
    }
}

/// Whether a sign speaks of one address: that its port could not be reached.
pub(super) const fn is_of_the_address(sign: Sign) -> bool {
    matches!(sign, Sign::ConnectTimeout | Sign::Refused | Sign::RefusedByIcmp)
}

impl Ends {
    pub(super) fn answered(&mut self, tag: Option<EndpointTag>, at: Moment) {
        if let Some(known) = self.known(tag) {
            known.good = known.good.max(Some(at));
            known.back = known.bad.map_or(known.back, |_| Some(at));
            known.bad = None;
        }
    }

    pub(super) fn failed(&mut self, tag: Option<EndpointTag>, at: Moment) {
        if let Some(known) = self.known(tag) {
            let (count, first, last) = known.bad.unwrap_or((0, at, at));
            known.bad = Some((count.saturating_add(1), first, last.max(at)));
        }
    }

    fn known(&mut self, tag: Option<EndpointTag>) -> Option<&mut Known> {
        let tag = tag?;
        if let Some(place) = self.0.iter().position(|known| known.tag == tag) {
            return self.0.get_mut(place);
        }
        if self.0.len() >= MOST
            && let Some(oldest) = (0..self.0.len()).min_by_key(|i| self.0[*i].heard())
        {
            self.0.swap_remove(oldest);
        }
        self.0.push(Known { tag, good: None, bad: None, back: None });
        self.0.last_mut()
    }

    /// The route as a whole was blocked: what failed meanwhile says nothing of single endpoints.
    pub(super) fn forgive(&mut self) {
        self.0.iter_mut().for_each(|known| known.bad = None);
    }

    /// Whether another endpoint answered since an attempt that began at `began`, and has not failed since: what answered
    /// before it says nothing of a block that falls in between.
    pub(super) fn sibling_answered(&self, tag: Option<EndpointTag>, began: Moment) -> bool {
        let Some(tag) = tag else { return false };
        self.0.iter().any(|known| {
            let apart = matches!((known.tag.family(), tag.family()), (Some(a), Some(b)) if a != b);
            let near = if apart { NEAR_APART } else { Duration::ZERO };
            known.tag != tag && known.bad.is_none() && known.good.is_some_and(|good| good + near >= began)
        })
    }

    /// By which version of IP the route answered last.
    pub(super) fn answers(&self) -> Option<Family> {
        let good = self.0.iter().filter(|known| known.bad.is_none() && known.good.is_some());
        good.max_by_key(|known| known.good).and_then(|known| known.tag.family())
    }

    /// Whether an endpoint of that version failed, and it is not known yet to be dead.
    pub(super) fn doubts(&self, family: Family) -> bool {
        self.0.iter().any(|known| known.tag.family() == Some(family) && known.bad.is_some() && !self.dead(known))
    }

    /// Whether an endpoint answered after `since`, and has not failed at connecting since.
    pub(super) fn is_alive_since(&self, since: Moment) -> bool {
        self.0.iter().any(|known| known.bad.is_none() && known.good.is_some_and(|good| good > since))
    }

    /// Whether it is known already that only this endpoint is dead.
    pub(super) fn is_dead(&self, tag: Option<EndpointTag>) -> bool {
        tag.is_some_and(|tag| self.0.iter().any(|known| known.tag == tag && self.dead(known)))
    }

    fn dead(&self, known: &Known) -> bool {
        let Some((count, first, last)) = known.bad else { return false };
        let others = self.0.iter().any(|other| other.bad.is_none() && other.good.is_some_and(|good| good > first));
        let enough = if known.good.is_some() { ONCE_ALIVE } else { 2 };
        count >= enough && last.since(first) >= LONG && others
    }

    /// Whether one and the same endpoint now fails and now answers, as far as endpoints are known: chance, not choice. One
    /// that answered in the middle of the trouble, which began at `since`, and failed then is as fickle as one that came
    /// back.
    pub(super) fn is_fickle(&self, since: Option<Moment>) -> bool {
        let amid = |known: &Known| known.bad.is_some() && since.is_some() && known.good > since;
        self.0.is_empty() || self.0.iter().any(|known| known.back.is_some() || amid(known))
    }

    /// What of the route does not work, where the rest does.
    pub(super) fn partial(&self) -> Option<Partial> {
        let (dead, rest): (Vec<&Known>, Vec<&Known>) = self.0.iter().partition(|known| self.dead(known));
        let alive: Vec<&Known> = rest.into_iter().filter(|known| known.bad.is_none() && known.good.is_some()).collect();
        if dead.is_empty() || alive.is_empty() {
            return None;
        }
        let all = |set: &[&Known], family| set.iter().all(|known| known.tag.family() == Some(family));
        Some(match () {
            () if all(&dead, Family::V4) && all(&alive, Family::V6) => Partial::OnlyIpv6,
            () if all(&dead, Family::V6) && all(&alive, Family::V4) => Partial::OnlyIpv4,
            () => Partial::SomeEndpoints { dead: u32::try_from(dead.len()).unwrap_or(u32::MAX) },
        })
    }

    pub(super) fn expire(&mut self, now: Moment) {
        self.0.retain(|known| known.heard().is_some_and(|heard| now.since(heard) <= KEPT));
        for known in &mut self.0 {
            known.back = known.back.filter(|at| now.since(*at) <= KEPT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Moment {
        Moment::from_millis(secs * 1000)
    }

    fn v4(n: u32) -> Option<EndpointTag> {
        Some(EndpointTag::of(n, Family::V4))
    }

    fn v6(n: u32) -> Option<EndpointTag> {
        Some(EndpointTag::of(n, Family::V6))
    }

    #[test]
    fn one_dead_address_is_told_from_a_dead_version_of_ip() {
        for (living, dying, partial) in [
            (v4(1), vec![v4(2)], Some(Partial::SomeEndpoints { dead: 1 })),
            (v6(1), vec![v4(2), v4(3)], Some(Partial::OnlyIpv6)),
            (v4(1), vec![v6(2)], Some(Partial::OnlyIpv4)),
            (v6(1), vec![v4(2), v6(3)], Some(Partial::SomeEndpoints { dead: 2 })),
            (None, vec![v4(2)], None),
        ] {
            let mut ends = Ends::default();
            for secs in [0, 20, 40] {
                dying.iter().for_each(|tag| ends.failed(*tag, at(secs)));
                ends.answered(living, at(secs + 1));
            }
            assert_eq!(ends.partial(), partial, "{living:?} {dying:?}");
            ends.expire(at(4000));
            assert_eq!(ends.partial(), None);
        }
    }

    #[test]
    fn the_other_version_is_doubted_until_it_is_known_to_be_dead() {
        let mut ends = Ends::default();
        assert_eq!(ends.answers(), None);
        ends.answered(v6(1), at(0));
        ends.failed(v4(2), at(5));
        ends.answered(v6(1), at(6));
        assert_eq!(ends.answers(), Some(Family::V6));
        assert!(ends.doubts(Family::V4) && !ends.doubts(Family::V6));
        ends.failed(v4(2), at(50));
        assert!(!ends.doubts(Family::V4));
        assert_eq!(ends.partial(), Some(Partial::OnlyIpv6));
        ends.answered(v4(2), at(60));
        assert_eq!((ends.answers(), ends.partial()), (Some(Family::V4), None));
    }

    #[test]
    fn what_answers_amid_a_trouble_and_fails_then_is_fickle() {
        let mut ends = Ends::default();
        ends.answered(v4(1), at(0));
        ends.failed(v4(2), at(10));
        ends.failed(v4(1), at(20));
        assert!(!ends.is_fickle(Some(at(10))), "it answered before the trouble began");
        ends.answered(v4(3), at(30));
        assert!(!ends.is_fickle(Some(at(10))), "it may be one of several that lives");
        ends.failed(v4(3), at(40));
        assert!(ends.is_fickle(Some(at(10))) && !ends.is_fickle(None));
    }

    #[test]
    fn an_answer_brings_an_endpoint_back() {
        let mut ends = Ends::default();
        for secs in [0, 40] {
            ends.failed(v4(2), at(secs));
            ends.answered(v4(1), at(secs));
        }
        assert!(ends.is_dead(v4(2)) && !ends.is_dead(v4(1)));
        assert!(ends.sibling_answered(v4(2), at(40)) && !ends.sibling_answered(v4(2), at(41)));
        assert!(!ends.is_fickle(None));
        assert!(ends.sibling_answered(v6(2), at(90)), "the other version of IP");
        ends.answered(v4(2), at(50));
        assert!(!ends.is_dead(v4(2)) && ends.is_fickle(None));
        for secs in [60, 75, 95] {
            ends.failed(v4(2), at(secs));
            ends.answered(v4(1), at(secs));
        }
        assert!(!ends.is_dead(v4(2)), "it was alive");
        ends.failed(v4(2), at(96));
        assert!(ends.is_dead(v4(2)));
        ends.failed(v4(1), at(97));
        assert!(!ends.sibling_answered(v4(3), at(98)), "nobody is left");
    }
}
