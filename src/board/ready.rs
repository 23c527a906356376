//! What is due now, waiting for the prober to fetch it, one by one.

use super::Due;
use crate::model::{Family, Route};
use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// What is due now.
#[derive(Default)]
pub(super) struct Ready {
    waiting: Mutex<Waiting>,
    bell: Notify,
}

#[derive(Default)]
struct Waiting {
    controls: bool,
    goodput: bool,
    families: VecDeque<(Route, Family)>,
    probes: VecDeque<Route>,
    bodies: HashSet<Route>,
    counted: HashSet<Route>,
    shadowed: HashSet<Route>,
}

impl Ready {
    /// Lets the controls be run next.
    pub(super) fn controls(&self) {
        self.lock().controls = true;
        self.bell.notify_one();
    }

    /// Lets goodput be measured next.
    pub(super) fn goodput(&self) {
        self.lock().goodput = true;
        self.bell.notify_one();
    }

    /// Lets a route be probed; with a body, in one packet and in many, or while an earlier failure may still be punished
    /// for.
    pub(super) fn probe(&self, route: Route, body: bool, packets: bool, in_shadow: bool) {
        let mut waiting = self.lock();
        mark(&mut waiting.counted, &route, packets);
        mark(&mut waiting.bodies, &route, body);
        mark(&mut waiting.shadowed, &route, in_shadow);
        if !waiting.probes.contains(&route) {
            waiting.probes.push_back(route);
        }
        drop(waiting);
        self.bell.notify_one();
    }

    /// Lets a version of IP be asked after.
    pub(super) fn family(&self, route: Route, family: Family) {
        let mut waiting = self.lock();
        if !waiting.families.contains(&(route.clone(), family)) {
            waiting.families.push_back((route, family));
        }
        drop(waiting);
        self.bell.notify_one();
    }

    /// The link is not fit: no probe that was due may still begin.
    pub(super) fn cancel_probes(&self) {
        let mut waiting = self.lock();
        waiting.probes.clear();
        waiting.families.clear();
        waiting.goodput = false;
    }

    /// Whether a body was asked for with the route's latest probe.
    pub(super) fn wants_body(&self, route: &Route) -> bool {
        self.lock().bodies.contains(route)
    }

    /// Whether the route's latest probe is to show if packets are counted.
    pub(super) fn wants_packets(&self, route: &Route) -> bool {
        self.lock().counted.contains(route)
    }

    /// Whether the route's latest probe falls into a punishment.
    pub(super) fn is_in_shadow(&self, route: &Route) -> bool {
        self.lock().shadowed.contains(route)
    }

    /// Waits for the next. Cancel-safe: nothing is taken before it is returned.
    pub(super) async fn next(&self) -> Due {
        loop {
            if let Some(due) = self.lock().take() {
                return due;
            }
            self.bell.notified().await;
        }
    }

    // The guarded values are replaced whole; a panic elsewhere leaves them sound.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Controls come before blame, and so before probes.
    fn take(&mut self) -> Option<Due> {
        if std::mem::take(&mut self.controls) {
            return Some(Due::Controls);
        }
        if std::mem::take(&mut self.goodput) {
            return Some(Due::Goodput);
        }
        let family = || self.families.pop_front().map(|(route, family)| Due::Family(route, family));
        self.probes.pop_front().map(Due::Probe).or_else(family)
    }
}

fn mark(set: &mut HashSet<Route>, route: &Route, is_in: bool) {
    if is_in {
        set.insert(route.clone());
    } else {
        set.remove(route);
    }
}
