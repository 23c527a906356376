//! What a monitoring system reads of a running byway, as OpenMetrics text (openmetrics.io, 1.0): services and ways by their
//! own names in the configuration, never a server, a destination or a client. What happens is counted here as it is
//! announced; what is, is taken from the status when it is asked for.

mod page;

#[cfg(test)]
mod tests;

use crate::control::report::Status;
use crate::model::{Evidence, L4, Phase, Record, ServiceId, Sign, Technique, Transition, TransportId, WayChange};
use crate::platform::Process;
use prometheus_client::metrics::histogram::Histogram;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The type of the text.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How long a test takes, in seconds: from a neighbour's answer to the patience of the longest test.
const BUCKETS: [f64; 10] = [0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0];

/// What happened since the start, counted.
#[derive(Debug, Default)]
pub struct Meters(Mutex<Counted>);

#[derive(Clone, Debug, Default)]
struct Counted {
    switches: BTreeMap<(ServiceId, &'static str), u64>,
    blocks: BTreeMap<(ServiceId, &'static str), u64>,
    probes: BTreeMap<(ServiceId, TransportId, &'static str, &'static str), u64>,
    latest: BTreeMap<(ServiceId, TransportId, &'static str), bool>,
    durations: BTreeMap<(TransportId, &'static str), Histogram>,
    networks: u64,
    /// What stopped each service's ways last, to tell why it left one.
    stopped: BTreeMap<(ServiceId, TransportId), &'static str>,
}

/// What is true now, beside the status.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Open connections: the language of the client, the way, how many.
    pub connections: Vec<(&'static str, TransportId, u64)>,
    /// Bytes by way, from clients and to clients.
    pub bytes: Vec<(TransportId, u64, u64)>,
    /// Open UDP associations.
    pub associations: u64,
    /// Look-ups of names by what became of them.
    pub lookups: Vec<(&'static str, u64)>,
    /// When each service last answered as it should, in seconds since 1970.
    pub last_good: Vec<(ServiceId, u64)>,
    /// What active tests may cost in a day.
    pub probe_budget: u64,
    /// What was built in beside the usual, by name.
    pub features: &'static str,
    /// What the system knows of the process.
    pub process: Process,
}

impl Meters {
    /// Counts what was announced.
    pub fn heed(&self, record: &Record) {
        let mut counted = self.counted();
        match record {
            Record::Transition(change) => counted.transition(change),
            Record::Way(change) => counted.switch(change),
            Record::Network { .. } => counted.networks += 1,
            _ => {}
        }
    }

    /// Counts what an active test brought.
    pub fn probed(&self, evidence: &Evidence) {
        let (route, stage) = (&evidence.route, stage(evidence.sign, evidence.route.l4));
        let good = evidence.sign.is_good();
        let result = if good { "ok" } else { evidence.sign.name() };
        let took = evidence.at.since(evidence.began).as_secs_f64();
        let (service, transport) = (route.service.clone(), route.transport.clone());
        let mut counted = self.counted();
        *counted.probes.entry((service.clone(), transport.clone(), stage, result)).or_default() += 1;
        counted.latest.insert((service, transport.clone(), stage), good);
        counted.durations.entry((transport, stage)).or_insert_with(|| Histogram::new(BUCKETS)).observe(took);
    }

    /// The page for a monitoring system. Ways that are not in the status any more are forgotten.
    pub fn page(&self, status: &Status, facts: &Facts) -> String {
        let mut counted = self.counted();
        counted.forget(status);
        page::text(&counted, status, facts)
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    fn transition(&mut self, change: &Transition) {
        let route = (change.route.service.clone(), change.route.transport.clone());
        let class = match change.verdict {
            crate::model::Verdict::Blocked(how) | crate::model::Verdict::Degraded(how) => how.name(),
            crate::model::Verdict::Down => "service_down",
            _ => Technique::Unidentified.name(),
        };
        match change.to {
            Phase::Blocked => {
                *self.blocks.entry((change.route.service.clone(), class)).or_default() += 1;
                self.stopped.insert(route, class);
            }
            Phase::Suspect | Phase::Degraded | Phase::ServiceDown => {
                self.stopped.insert(route, class);
            }
            Phase::Ok | Phase::Recovering | Phase::Unknown | Phase::ProbeStale => {
                self.stopped.remove(&route);
            }
        }
    }

    /// A change of way, by what is wrong with the way that was left.
    fn switch(&mut self, change: &WayChange) {
        let Some(from) = &change.from else { return };
        let why = self.stopped.get(&(change.service.clone(), from.clone()));
        let reason = match (&change.to, why) {
            (None, _) => "no_way_left",
            (_, Some(class)) => class,
            (_, None) => "preferred",
        };
        *self.switches.entry((change.service.clone(), reason)).or_default() += 1;
    }

    fn forget(&mut self, status: &Status) {
        let known = |transport: &TransportId| status.transports.iter().any(|line| line.id == *transport);
        self.probes.retain(|(_, transport, ..), _| known(transport));
        self.latest.retain(|(_, transport, _), _| known(transport));
        self.durations.retain(|(transport, _), _| known(transport));
        self.stopped.retain(|(_, transport), _| known(transport));
    }
}

/// How far a test had come when it was over.
const fn stage(sign: Sign, l4: L4) -> &'static str {
    match sign {
        _ if matches!(l4, L4::Udp) => "udp",
        Sign::DnsLie | Sign::DnsInjected | Sign::DnsSilent => "dns",
        Sign::ConnectOnly | Sign::ConnectTimeout | Sign::Refused | Sign::RefusedByIcmp => "tcp",
        Sign::TransportDown => "auth",
        Sign::UdpNoReply | Sign::QuicSilent => "udp",
        Sign::ResetAfterHello
        | Sign::EofAfterHello
        | Sign::HelloDropped
        | Sign::HelloMuted
        | Sign::Silence
        | Sign::ForeignKey
        | Sign::BurstFrozen => "tls",
        _ => "payload",
    }
}
