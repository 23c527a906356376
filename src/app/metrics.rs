//! What of a running byway is told to a monitoring system: gathered when it asks, from the rooms that know; counted
//! in between from what is announced.

use super::Byway;
use crate::control::Operator;
use crate::control::Refusal;
use crate::control::metrics::Facts;
use crate::model::{Moment, ServiceId};
use crate::platform::Process;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};
use tokio::sync::broadcast::error::RecvError;

/// Counts what is announced and what tests bring, until nothing more can come.
pub(super) async fn count(byway: Arc<Byway>) {
    let (mut announced, mut probed) = (byway.board.announcements(), byway.board.probed());
    loop {
        // Both arms are cancel-safe. What was missed is missing in the counts.
        tokio::select! {
            said = announced.recv() => match said {
                Ok(record) => byway.meters.heed(&record),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
            fact = probed.recv() => match fact {
                Ok(evidence) => byway.meters.probed(&evidence),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
        }
    }
}

/// The page for a monitoring system.
pub(super) async fn page(byway: &Byway, desk: &dyn Operator) -> Result<String, Refusal> {
    let status = desk.status().await?;
    Ok(byway.meters.page(&status, &facts(byway)))
}

fn facts(byway: &Byway) -> Facts {
    let carriage = byway.sessions.flows().carriage();
    let mut connections: Vec<_> = carriage
        .iter()
        .flat_map(|(way, one)| one.open.iter().map(|(protocol, count)| (protocol.name(), way.clone(), *count)))
        .collect();
    connections.sort();
    let mut bytes: Vec<_> = carriage.into_iter().map(|(way, one)| (way, one.up, one.down)).collect();
    bytes.sort();
    let generation = byway.generation.load();
    let asked = generation.resolver.asked();
    let up = byway.began.elapsed();
    let started = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok().map(|now| now.saturating_sub(up));
    Facts {
        connections,
        bytes,
        associations: byway.sessions.counters().associations.load(Ordering::Relaxed),
        lookups: vec![("answered", asked.answered), ("no_such_name", asked.no_such_name), ("failed", asked.failed)],
        last_good: last_good(byway),
        probe_budget: generation.settings.detect.budget.daily,
        features: "",
        process: Process { started: started.as_ref().map(Duration::as_secs_f64), ..Process::now() },
    }
}

/// When each service last answered as it should, over whichever way.
fn last_good(byway: &Byway) -> Vec<(ServiceId, u64)> {
    let snapshot = byway.board.snapshot();
    let mut latest: BTreeMap<ServiceId, Moment> = BTreeMap::new();
    for (route, standing) in &snapshot.standings {
        if let Some(good) = standing.last_good {
            let known = latest.entry(route.service.clone()).or_insert(good);
            *known = (*known).max(good);
        }
    }
    let clock = super::past::clock(byway);
    latest.into_iter().map(|(service, at)| (service, clock.stamp(at).as_secs())).collect()
}
