//! Who is probed now (detection rules §3.4, §3.6, §4): what is due, whether it may begin, and when to look again.
//! When a route is due is [`super::cadence`]'s question.
//!
//! Each service is probed over the first bare transport only. Tunnels are probed as transports, through one of their
//! routes: the one in use when nothing was heard of it for some minutes, one of the others in turn. Routes in trouble
//! have their own times. At most one probe of a service and two in all are under way; none while the link is bad,
//! nobody is there, or the budget is spent.

use super::Effect;
use super::belief::Belief;
use super::budget;
use super::cadence::{self, Asked};
use super::params::{Mode, Params};
use super::state::State;
use crate::model::{L4, Moment, Phase, Route, Sign, TransportId};
use std::cmp::Reverse;
use std::time::Duration;

/// A probe that was not heard of is given up after this: it may take 15 s, and may have waited its turn.
const LOST: Duration = Duration::from_secs(45);
/// A probe the budget has no room for is thought of again after this.
const BROKE: Duration = Duration::from_secs(300);

/// A transport's own clock.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Way {
    /// The last news of it.
    heard: Option<Moment>,
    used: Option<Moment>,
    /// When a probe last went over it.
    probed: Option<Moment>,
    next: Option<Moment>,
    /// When 64 KB last came through, or something failed: a tunnel that freezes gives small answers as well (§0.2).
    proven: Option<Moment>,
    /// When it was last asked after by itself.
    looked: Option<Moment>,
    /// When it is to be, whatever small things pass.
    due: Option<Moment>,
}

impl Way {
    /// News: it need not be asked for.
    pub(super) fn hear(&mut self, at: Moment, sign: Sign) {
        self.heard = self.heard.max(Some(at));
        self.next = None;
        if sign == Sign::BodyProven || sign.is_bad() {
            self.proven = self.proven.max(Some(at));
            self.due = None;
        }
    }

    /// The sooner of its times.
    fn asked_at(&self) -> Option<Moment> {
        self.next.into_iter().chain(self.due).min()
    }

    fn is_active(&self, now: Moment, params: &Params) -> bool {
        self.used.is_some_and(|t| now.since(t) <= params.idle.quiet_after)
    }
}

impl State {
    pub(super) fn take_used(&mut self, route: &Route, now: Moment, params: &Params) {
        let was_quiet = self.is_quiet(now, params);
        self.used.insert(route.service.clone(), now);
        if let Some(belief) = self.beliefs.get_mut(route) {
            belief.used = Some(now);
            belief.probe.stale |= belief.probe.next.is_none();
        }
        if let Some(way) = self.ways.get_mut(&route.transport) {
            // Use is no news: a check is never put off by the use it should guard.
            way.used = Some(now);
        }
        if was_quiet {
            self.rephase(now, params);
        }
    }

    pub(super) fn take_probe_started(&mut self, route: &Route, bytes: u32, now: Moment) {
        self.ledger.spend(&route.service, u64::from(bytes), now);
        self.flights.start(route, now, 0);
        if let Some(belief) = self.beliefs.get_mut(route).filter(|_| u64::from(bytes) <= budget::UNKNOWN_PRICE * 2) {
            belief.probe.cost = Some(bytes);
        }
    }

    /// A round is over; what it reserved and never booked was not sent.
    pub(super) fn take_probe_ended(&mut self, route: &Route, now: Moment) {
        self.flights.connects.remove(route);
        if self.flights.under_way.contains_key(route) {
            self.note_probed(route, now);
        }
    }

    /// A probe of `route` told something, or is given up. One that never said what it cost is booked at its price:
    /// it may have been sent.
    pub(super) fn note_probed(&mut self, route: &Route, now: Moment) {
        if let Some(bytes) = self.flights.landed(route, now) {
            self.ledger.spend(&route.service, bytes, now);
        }
        if let Some(belief) = self.beliefs.get_mut(route) {
            belief.probe.last = Some(now);
            belief.probe.count = belief.probe.count.saturating_add(1);
            belief.doubted = false;
            belief.probe.stale = true;
        }
        if let Some(way) = self.ways.get_mut(&route.transport) {
            way.probed = Some(now);
            way.next = None;
        }
    }

    /// All that is due at once after a pause is spread again.
    pub(super) fn rephase(&mut self, now: Moment, params: &Params) {
        let (least, most) = params.idle.settle;
        for belief in self.beliefs.values_mut() {
            if belief.probe.next.is_some_and(|t| t <= now + most) {
                let at = now + self.dice.between(least, most);
                belief.probe.next = Some(belief.taint.until(now).map_or(at, |end| at.max(end)));
            }
        }
        for way in self.ways.values_mut() {
            if way.next.is_some_and(|t| t <= now + most) {
                way.next = Some(now + self.dice.between(least, most));
            }
        }
    }

    /// Whether a body should be checked with the next probe of this route: before a route is trusted again, and where
    /// transfers seem to freeze, which no small answer confirms or clears; where the day's allowance has room.
    ///
    /// Of the bare ways the plain one is asked: they differ only in how a first message is cut. Tunnels are asked after
    /// in many packets instead.
    pub fn wants_body(&self, route: &Route, now: Moment, params: &Params) -> bool {
        let plain = params.bare.first() == Some(&route.transport);
        let wanted = self.beliefs.get(route).is_some_and(|belief| match belief.phase {
            Phase::Recovering => belief.recovery.wants_body(),
            _ => belief.may_freeze() && plain && !self.wants_packets(route, now, params),
        });
        let suspected = self.beliefs.get(route).is_some_and(Belief::may_freeze);
        wanted && self.ledger.allows_body(&route.service, suspected, self.flights.reserved(), now, params)
    }

    /// Until when failures on `route`, or on the other bare ways of the same, may be punished for (T19).
    fn shadow(&self, route: &Route, now: Moment, params: &Params) -> Option<Moment> {
        let bare = |other: &Route| params.bare.contains(&other.transport);
        let same = |r: &Route| (&r.service, r.facet, r.l4) == (&route.service, route.facet, route.l4);
        let ways = self.beliefs.iter().filter(|(other, _)| bare(other) && same(other));
        ways.filter_map(|(_, belief)| belief.taint.until(now)).max().filter(|_| bare(route))
    }

    /// Whether a probe of `route` begun now would fall into such a punishment.
    pub fn is_in_shadow(&self, route: &Route, now: Moment, params: &Params) -> bool {
        self.shadow(route, now, params).is_some()
    }

    /// Until when a bare way must wait though it is due: until what it would be punished for is over, but for the first
    /// question about the plain one, which begins with what nobody punishes; and the others until it is known what is
    /// the matter with the plain one, for they would spoil its questions.
    fn waits(&mut self, route: &Route, now: Moment, params: &Params) -> Option<Moment> {
        let plain = params.bare.first().filter(|_| params.bare.contains(&route.transport))?;
        let shadow = self.shadow(route, now, params);
        let shaded = shadow.map(|end| end + self.dice.stretch(end.since(now) / 16, 0.0, 1.0));
        if *plain == route.transport {
            return shaded.filter(|_| !self.beliefs.get(route).is_some_and(|b| cadence::begins_neutral(b, route.l4)));
        }
        let asked = Route { transport: plain.clone(), ..route.clone() };
        let open = self.beliefs.get(&asked).is_some_and(|belief| belief.phase == Phase::Suspect);
        let first = params.suspect.at.first().copied().unwrap_or(params.suspect.apart);
        shaded.max(open.then(|| now + self.dice.stretch(first, 1.0, 2.0)))
    }

    /// What is promised to the probes under way.
    pub(super) fn reserved(&self) -> u64 {
        self.flights.reserved()
    }

    fn is_quiet(&self, now: Moment, params: &Params) -> bool {
        let last = self.used.values().max().copied().unwrap_or(self.joined).max(self.joined);
        now.since(last) > params.idle.quiet_after
    }

    /// Plans, asks for what is due, and says when to be woken.
    pub(super) fn schedule(&mut self, now: Moment, params: &Params) -> Vec<Effect> {
        let mut effects = Vec::new();
        let probing = matches!(params.mode, Mode::Normal | Mode::Diagnose);
        self.give_up_lost(now);
        let may_probe = probing && self.link.is_online() && !self.is_quiet(now, params);
        if probing {
            self.plan_routes(now, params);
            self.plan_ways(now, params);
            // With nobody there the anchors are not asked either, unless a fact waits for them.
            let wanted = self.link.is_asked() || !self.is_quiet(now, params);
            if wanted && self.controls != self.link.controls_at {
                self.controls = self.link.controls_at;
                effects.extend(self.controls.map(Effect::ControlsAt));
            }
        }
        if self.wants_goodput(now, params) {
            effects.push(Effect::GoodputAt(now));
        }
        if may_probe {
            effects.extend(self.launch(now, params));
            effects.extend(self.ask_families(now, params));
        }
        let wake = self.wakes_at(now, may_probe, params).map(|t| t.max(now + Duration::from_millis(1)));
        if wake != self.wake {
            self.wake = wake;
            effects.extend(wake.map(Effect::WakeAt));
        }
        effects
    }

    /// Asks for the probes that are due and may begin; puts off the others.
    fn launch(&mut self, now: Moment, params: &Params) -> Vec<Effect> {
        let mut due: Vec<(Moment, Route)> = self
            .beliefs
            .iter()
            .filter_map(|(route, b)| b.probe.next.filter(|t| *t <= now).map(|t| (t, route.clone())))
            .filter(|(_, route)| !self.is_shut(route, params))
            .collect();
        due.extend(self.due_ways(now, params));
        // The plain bare way first: what is wrong with it is what people are told.
        let primary = params.bare.first();
        due.sort_by(|a, b| {
            let rank = |(at, route): &(Moment, Route)| (primary != Some(&route.transport), *at);
            rank(a).cmp(&rank(b)).then_with(|| a.1.cmp(&b.1))
        });
        let mut effects = Vec::new();
        for (_, route) in due {
            if let Some(until) = self.waits(&route, now, params) {
                self.put_off(&route, Some(until));
                continue;
            }
            let tunnel = route.l4 == L4::Tcp && !params.bare.contains(&route.transport);
            let price = match () {
                () if self.wants_body(&route, now, params) => budget::BODY_PRICE,
                () if self.wants_packets(&route, now, params) => budget::PACKETS_PRICE,
                () if tunnel => budget::TUNNEL_PRICE,
                () => self.beliefs.get(&route).and_then(|b| b.probe.cost).map_or(budget::UNKNOWN_PRICE, u64::from),
            };
            let room = self.flights.has_room(&route.service, self.is_calm(&route), now, params.suspect.apart);
            let paid = self.is_affordable(&route, price, now, params);
            if room && paid {
                self.flights.start(&route, now, price);
                self.put_off(&route, None);
                if let Some(way) = self.ways.get_mut(&route.transport) {
                    way.looked = Some(now);
                }
                effects.push(Effect::ProbeAt(route, now));
            } else {
                let wait = if room { BROKE } else { params.suspect.apart };
                let later = now + self.dice.stretch(wait, 1.0, 2.0);
                self.put_off(&route, Some(later));
            }
        }
        effects
    }

    /// Whether nothing is the matter with a route.
    pub(super) fn is_calm(&self, route: &Route) -> bool {
        self.beliefs.get(route).is_none_or(|b| matches!(b.phase, Phase::Unknown | Phase::Ok))
    }

    fn put_off(&mut self, route: &Route, until: Option<Moment>) {
        if let Some(belief) = self.beliefs.get_mut(route)
            && (belief.probe.next.is_some() || until.is_none())
        {
            belief.probe.next = until;
        }
        if let Some(way) = self.ways.get_mut(&route.transport) {
            way.next = until.filter(|_| way.next.is_some());
            way.due = until.filter(|_| way.due.is_some());
        }
    }

    fn wakes_at(&self, now: Moment, may_probe: bool, params: &Params) -> Option<Moment> {
        let mut times: Vec<Moment> = Vec::new();
        times.extend(self.link.expires_at());
        times.extend(self.yardstick.wakes_at());
        times.extend(self.forced.values().filter_map(|f| f.until));
        times.extend(self.flights.under_way.values().map(|(since, _)| *since + LOST));
        if self.link.is_online() {
            times.extend(self.beliefs.values().filter_map(|b| super::phase::wakes_at(b, now, params)));
        }
        if may_probe {
            times.extend(self.beliefs.values().flat_map(|b| b.probe.next.into_iter().chain(b.family.next)));
            times.extend(self.ways.values().filter_map(Way::asked_at));
            times.extend(self.flights.standby);
        }
        times.into_iter().filter(|t| *t > now).min()
    }

    fn give_up_lost(&mut self, now: Moment) {
        self.flights.connects.retain(|_, since| now.since(*since) < LOST);
        let lost = |(_, (since, _)): &(&Route, &(Moment, u64))| now.since(*since) >= LOST;
        let routes: Vec<Route> = self.flights.under_way.iter().filter(lost).map(|(route, _)| route.clone()).collect();
        for route in routes {
            self.note_probed(&route, now);
        }
    }

    /// Thinks over the next probe of each route whose situation changed.
    fn plan_routes(&mut self, now: Moment, params: &Params) {
        let primary = params.bare.first();
        let stale: Vec<Route> =
            self.beliefs.iter().filter(|(_, b)| b.probe.stale).map(|(route, _)| route.clone()).collect();
        for route in stale {
            let same_facet = self.beliefs.iter().filter(|(r, _)| r.service == route.service && r.facet == route.facet);
            let facet_used = same_facet.filter_map(|(_, b)| b.used).max();
            // Of what nobody has used, one facet speaks for the service: all of them at a join would be dear.
            let asked = |r: &&Route| r.service == route.service && !r.is_quic() && !params.is_unasked(r);
            let speaks = self.beliefs.keys().filter(asked).map(|r| r.facet).min();
            let is_asked_after = facet_used.is_some() || speaks == Some(route.facet);
            let asked = Asked {
                now,
                joined: self.joined,
                used: self.used.get(&route.service).copied(),
                facet_used,
                is_primary: primary == Some(&route.transport) && is_asked_after,
                l4: route.l4,
            };
            let probed = self.routes.contains(&route) && !route.service.is_other() && !self.is_shut(&route, params);
            let Some(belief) = self.beliefs.get_mut(&route) else { continue };
            let calm = matches!(belief.phase, Phase::Unknown | Phase::Ok);
            let when_in_trouble = route.is_quic() || (params.is_unasked(&route) && belief.everywhere.is_none());
            let probed = probed && !(calm && when_in_trouble);
            belief.probe.stale = false;
            let at = if probed { cadence::next(belief, &mut self.dice, asked, params) } else { None };
            belief.probe.next = at;
        }
    }

    /// The tunnel in use is asked after when it was silent for some minutes; of the others, one at a time.
    fn plan_ways(&mut self, now: Moment, params: &Params) {
        let primary = params.bare.first();
        let tunnels: Vec<TransportId> = self.ways.keys().filter(|id| primary != Some(*id)).cloned().collect();
        for id in &tunnels {
            let Some(way) = self.ways.get_mut(id).filter(|way| way.is_active(now, params)) else { continue };
            if way.due.is_none() {
                let last = way.proven.max(way.looked).unwrap_or(now);
                way.due = Some((last + self.dice.around(params.idle.active_every * 2, 0.25)).max(now));
            }
            if way.next.is_some() {
                continue;
            }
            let dear = self.representative(id, now, params).is_none_or(|route| self.is_dear(&route));
            let wait = self.dice.around(params.idle.active_every * if dear { 2 } else { 1 }, 0.25);
            if let Some(way) = self.ways.get_mut(id) {
                let last = way.heard.max(way.probed).unwrap_or(now);
                way.next = Some((last + wait).max(now));
            }
        }
        let turn = self.flights.standby.is_some_and(|t| t <= now);
        if turn {
            let idle = tunnels.iter().filter(|id| {
                self.ways.get(*id).is_some_and(|way| way.next.is_none() && !way.is_active(now, params))
                    && self.representative(id, now, params).is_some()
            });
            let chosen = idle.min_by_key(|id| self.ways.get(*id).and_then(|way| way.probed)).cloned();
            if let Some(way) = chosen.and_then(|id| self.ways.get_mut(&id)) {
                way.next = Some(now);
            }
        }
        if turn || self.flights.standby.is_none() {
            self.flights.standby = Some(now + self.dice.around(params.idle.standby_every, 0.2));
        }
    }

    fn due_ways(&self, now: Moment, params: &Params) -> Vec<(Moment, Route)> {
        let due = self.ways.iter().filter_map(|(id, way)| way.asked_at().filter(|t| *t <= now).map(|t| (t, id)));
        due.filter_map(|(t, id)| self.representative(id, now, params).map(|route| (t, route))).collect()
    }

    /// The route a transport is probed through: a cheap probe, of what was used last, with no clock of its own, and of a
    /// service whose hour has room for it beside questions about the service itself.
    fn representative(&self, transport: &TransportId, now: Moment, params: &Params) -> Option<Route> {
        let fit = |route: &&Route| {
            let used = self.used.get(&route.service).is_some_and(|t| now.since(*t) <= params.idle.only_used_within);
            let calm = self.beliefs.get(*route).is_some_and(|b| {
                !b.hostile && matches!(b.phase, Phase::Unknown | Phase::Ok | Phase::Suspect | Phase::Degraded)
            });
            let is_asked = !route.service.is_other() && !route.is_quic() && !params.is_unasked(route);
            let fit = is_asked && !self.is_shut(route, params);
            route.transport == *transport && fit && used && calm && self.ledger.lends(&route.service, now, params)
        };
        let rank = |route: &&Route| {
            let used = self.beliefs.get(*route).and_then(|b| b.used);
            (self.is_dear(route), Reverse(used), Reverse(self.used.get(&route.service).copied()))
        };
        self.routes.iter().filter(fit).min_by_key(rank).cloned()
    }

    fn is_dear(&self, route: &Route) -> bool {
        self.beliefs.get(route).is_none_or(|b| !cadence::is_cheap(b))
    }
}
