//! Which probes are under way, and whether one more may begin: one of a service and two in all (detection rules §3.4). Refuses
//! to know what they cost and when they are due.

use crate::model::{Moment, Route, ServiceId};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Two probes in all.
const MOST_FLIGHTS: usize = 2;
/// What was answered stays open for a moment, as an app's connection does; until it is closed nothing begins that can wait.
const CLOSES: Duration = Duration::from_secs(7);
/// The probes under way.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Flights {
    pub(super) under_way: BTreeMap<Route, (Moment, u64)>,
    /// Bare connects to the other version of IP.
    pub(super) connects: BTreeMap<Route, Moment>,
    /// When probes ended whose connections may still be open.
    closing: VecDeque<Moment>,
    last_of: BTreeMap<ServiceId, Moment>,
    /// When one of the idle tunnels has its turn.
    pub(super) standby: Option<Moment>,
}

impl Flights {
    /// The probe of `route` is over. What was reserved for it and never booked, if anything.
    pub(super) fn landed(&mut self, route: &Route, now: Moment) -> Option<u64> {
        let (_, reserved) = self.under_way.remove(route)?;
        self.closing.retain(|ended| now.since(*ended) < CLOSES);
        self.closing.push_back(now);
        Some(reserved).filter(|bytes| *bytes > 0)
    }

    pub(super) fn reserved(&self) -> u64 {
        self.under_way.values().map(|(_, bytes)| bytes).sum()
    }

    /// Whether what can wait may begin: nothing is being asked about the service, and little about the others.
    pub(super) fn is_quiet(&self, service: &ServiceId, now: Moment) -> bool {
        let closing = self.closing.iter().filter(|ended| now.since(**ended) < CLOSES).count();
        self.is_free(service, closing)
    }

    /// Whether nothing is being asked about a service, and with `more` open elsewhere less than may be.
    fn is_free(&self, service: &ServiceId, more: usize) -> bool {
        let connects = || self.connects.keys().filter(|route| !self.under_way.contains_key(*route));
        self.under_way.len() + connects().count() + more < MOST_FLIGHTS
            && self.under_way.keys().chain(connects()).all(|route| route.service != *service)
    }

    /// A bare connect about `route` begins.
    pub(super) fn connect(&mut self, route: &Route, now: Moment) {
        self.connects.insert(route.clone(), now);
    }

    /// Whether a probe of a service may begin; `waits` when nothing is the matter with what it asks after.
    pub(super) fn has_room(&self, service: &ServiceId, waits: bool, now: Moment, apart: Duration) -> bool {
        let free = if waits { self.is_quiet(service, now) } else { self.is_free(service, 0) };
        free && self.last_of.get(service).is_none_or(|t| now.since(*t) >= apart)
    }

    pub(super) fn start(&mut self, route: &Route, now: Moment, price: u64) {
        self.under_way.insert(route.clone(), (now, price));
        self.last_of.insert(route.service.clone(), now);
    }
}
