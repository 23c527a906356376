//! What probes have cost (detection rules §3.6): a hard limit per hour, service and day, kept by reserving a probe's
//! price before it is asked for. Hours slide; minutes are the grain, rounded against the spender.

use super::params::{Line, Params};
use super::state::State;
use crate::model::{Moment, Phase, Route, ServiceId};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// A probe of unknown price is taken for the dearest ordinary kind: TLS and a request.
pub(super) const UNKNOWN_PRICE: u64 = 8_192;
/// Anything dearer carries a body.
const BODY: u64 = 16_384;
/// The same question in one packet and in many: two handshakes, and next to nothing in them.
pub(super) const PACKETS_PRICE: u64 = 2 * UNKNOWN_PRICE;
/// A question in many packets inside a tunnel, with the handshakes before it: how tunnels are asked after.
pub(super) const TUNNEL_PRICE: u64 = 10_000;
/// Of a service's hour this part is left for questions about the service itself when tunnels are asked after in its name.
const ITS_OWN: u64 = 4;
/// A question with its neutral half, and the same inside the tunnel.
pub(super) const FOR_A_SUSPECT: u64 = 2 * UNKNOWN_PRICE;
/// A body of 64 KB with its overhead.
pub(super) const BODY_PRICE: u64 = 73_728;

/// A neutral object of 128 KB with its overhead, to measure the line by.
pub const GOODPUT_PRICE: u64 = 142_000;

/// A connect to an address of the other version of IP, with the SYNs sent again.
pub const FAMILY_PRICE: u64 = 480;

/// What was spent, and when.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Ledger {
    all: Spent,
    services: BTreeMap<ServiceId, Spent>,
    bodies: BTreeMap<ServiceId, Spent>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Spent(VecDeque<(u64, u64)>);

impl Spent {
    fn add(&mut self, now: Moment, amount: u64) {
        let minute = now.as_millis() / 60_000;
        while self.0.front().is_some_and(|(m, _)| m + 1441 < minute) {
            self.0.pop_front();
        }
        match self.0.back_mut() {
            Some((m, sum)) if *m == minute => *sum = sum.saturating_add(amount),
            _ => self.0.push_back((minute, amount)),
        }
    }

    /// Takes back of what was booked last.
    fn take_back(&mut self, mut amount: u64) {
        for (_, sum) in self.0.iter_mut().rev() {
            let less = amount.min(*sum);
            *sum -= less;
            amount -= less;
        }
    }

    fn within(&self, span: Duration, now: Moment) -> u64 {
        let from = (now - span).as_millis() / 60_000;
        self.0.iter().rev().take_while(|(m, _)| *m >= from).map(|(_, sum)| sum).sum()
    }
}

/// What counts against a service's hour. Of a body that is the ordinary part; the rest is counted by the day.
const fn ordinary(bytes: u64) -> u64 {
    if bytes > BODY { UNKNOWN_PRICE } else { bytes }
}

impl Ledger {
    /// A probe of `service` costs `bytes`. Bodies are also counted, by the day.
    pub(super) fn spend(&mut self, service: &ServiceId, bytes: u64, now: Moment) {
        self.all.add(now, bytes);
        if bytes > BODY {
            self.bodies.entry(service.clone()).or_default().add(now, 1);
        }
        self.services.entry(service.clone()).or_default().add(now, ordinary(bytes));
    }

    /// A probe of `service` cost less than it was booked at, by so much. One that stopped so early carried no body; its
    /// ordinary part stays booked.
    pub(super) fn spare(&mut self, service: &ServiceId, bytes: u64) {
        self.all.take_back(bytes);
        if bytes > BODY {
            if let Some(bodies) = self.bodies.get_mut(service) {
                bodies.take_back(1);
            }
        } else if let Some(spent) = self.services.get_mut(service) {
            spent.take_back(bytes);
        }
    }

    /// Whether `price` may still be spent on `service`, with `reserved` already promised to probes under way.
    pub(super) fn allows(&self, service: &ServiceId, price: u64, reserved: u64, now: Moment, params: &Params) -> bool {
        let own = self.services.get(service).map_or(0, |s| s.within(HOUR, now));
        let own_fits = own.saturating_add(ordinary(price)) <= params.budget.per_service;
        own_fits && self.allows_neutral(price, reserved, now, params)
    }

    /// Whether a tunnel may be asked after in the name of `service`, so that enough stays for questions of its own.
    pub(super) fn lends(&self, service: &ServiceId, now: Moment, params: &Params) -> bool {
        let own = self.services.get(service).map_or(0, |s| s.within(HOUR, now));
        let most = params.budget.per_service - params.budget.per_service / ITS_OWN;
        own.saturating_add(TUNNEL_PRICE) <= most
    }

    /// Whether so much of the hour of `service` is left once `price` is spent on it.
    pub(super) fn leaves(&self, service: &ServiceId, price: u64, left: u64, now: Moment, params: &Params) -> bool {
        let own = self.services.get(service).map_or(0, |s| s.within(HOUR, now));
        own.saturating_add(ordinary(price)).saturating_add(left) <= params.budget.per_service
    }

    /// Whether `price` may still be spent at all, for no service in particular.
    pub(super) fn allows_neutral(&self, price: u64, reserved: u64, now: Moment, params: &Params) -> bool {
        let budget = &params.budget;
        let hourly = match params.line {
            Line::Unmetered => budget.total,
            Line::Metered => budget.metered.min(budget.total),
        };
        let fits = |spent: u64, limit: u64| spent.saturating_add(price).saturating_add(reserved) <= limit;
        fits(self.all.within(HOUR, now), hourly) && fits(self.all.within(DAY, now), budget.daily)
    }

    /// Something neutral costs `bytes`.
    pub(super) fn spend_neutral(&mut self, bytes: u64, now: Moment) {
        self.all.add(now, bytes);
    }

    /// Whether `service` may still have a body checked today; `suspected` of freezing it may have one more, for the
    /// control inside the tunnel is one too.
    pub(super) fn allows_body(
        &self,
        service: &ServiceId,
        suspected: bool,
        reserved: u64,
        now: Moment,
        params: &Params,
    ) -> bool {
        let today = self.bodies.get(service).map_or(0, |s| s.within(DAY, now));
        params.line == Line::Unmetered
            && today < u64::from(params.budget.body_checks_per_day) + u64::from(suspected)
            && self.allows(service, BODY_PRICE, reserved, now, params)
    }
}

impl State {
    /// Whether `price` may be spent on `route`. While another route of the service is suspected, what is not leaves
    /// enough of the service's hour for the next question about that one.
    pub(super) fn is_affordable(&self, route: &Route, price: u64, now: Moment, params: &Params) -> bool {
        let primary = params.bare.first();
        let mut suspected = self.siblings(route).filter(|(other, b)| {
            b.phase == Phase::Suspect && primary == Some(&other.transport) && other.l4 == route.l4
        });
        let leaves = !self.is_calm(route)
            || suspected.next().is_none()
            || self.ledger.leaves(&route.service, price, FOR_A_SUSPECT, now, params);
        leaves && self.ledger.allows(&route.service, price, self.flights.reserved(), now, params)
    }
}
