//! Tunnels in which everything has stopped. A censor lets a tunnel's handshake pass and stops it under way, at any byte:
//! what tells it from a server that takes its time is that several transfers stand still in the middle of something,
//! and none goes on; small answers of young connections pass meanwhile. Told early, so that the next connection goes
//! elsewhere; the line may have paused, so nobody is disconnected for it before the tunnel has been left.

use super::flow::Flow;
use crate::judge::freeze;
use crate::model::{Phase, Route, Sign, Snapshot, TransportId};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// So many transfers at once are no accident of one server.
const SEVERAL: usize = 2;

/// What stands still.
pub(super) struct Stalls {
    /// The tunnels in use, and how many transfers stand still in each; `None` where one goes on.
    tunnels: HashMap<TransportId, Option<usize>>,
    /// Of these it was told.
    told: HashSet<Route>,
}

impl Stalls {
    pub(super) fn among(live: &[Arc<Flow>]) -> Self {
        let (mut tunnels, mut told) = (HashMap::new(), HashSet::new());
        for flow in live.iter().filter(|flow| !flow.bare) {
            let tunnel = tunnels.entry(flow.route.transport.clone()).or_insert(Some(0));
            let facts = flow.facts();
            if freeze::goes_on(&facts) {
                *tunnel = None;
            } else if let Some(count) = tunnel.as_mut().filter(|_| freeze::stalled(&facts)) {
                *count += 1;
            }
            if flow.stalled.load(Ordering::Relaxed) {
                told.insert(flow.route.clone());
            }
        }
        Self { tunnels, told }
    }

    /// The sign that this flow stands still in a tunnel in which all transfers do, once of each route: a second one
    /// would be a verdict, which this is too soon for.
    pub(super) fn first_told(&mut self, flow: &Flow) -> Option<Sign> {
        let count = self.tunnels.get(&flow.route.transport).copied().flatten()?;
        let facts = flow.facts();
        if count < SEVERAL || !freeze::stalled(&facts) || !self.told.insert(flow.route.clone()) {
            return None;
        }
        flow.stalled.store(true, Ordering::Relaxed);
        Some(Sign::Frozen { kilobytes: u16::try_from(facts.received / 1024).unwrap_or(u16::MAX) })
    }
}

/// Whether a transfer that stands still in a tunnel is to be given up: people are elsewhere by now, and it has had time.
pub(super) fn is_given_up(flow: &Flow, snapshot: &Snapshot) -> bool {
    let left = || {
        let standing = snapshot.standing(&flow.route);
        standing.is_some_and(|standing| matches!(standing.phase, Phase::Suspect | Phase::Degraded | Phase::Blocked))
    };
    !flow.bare && freeze::given_up(&flow.facts()) && left()
}
