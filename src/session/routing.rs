//! The routing in force: which destination belongs to which service, and the ways that exist. Replaced as a
//! whole by a reload; a connection keeps the one it began with.

use super::Settings;
use super::report::Subject;
use crate::board::Board;
use crate::model::{
    Attempt, DirectRule, Facet, FirstFlight, Keyed, L4, Need, Plan, Service, ServiceId, TransportId, Way,
};
use crate::policy::{self, Matcher, Question};
use crate::transport::Transport;
use std::sync::Arc;

/// The routing in force.
pub struct Routing {
    /// Destination to service and facet.
    pub matcher: Arc<Matcher>,
    /// The services by id; what no service claims is [`ServiceId::other`].
    pub services: Keyed<ServiceId, Arc<Service>>,
    /// Every configured way, usable or not.
    pub ways: Vec<Way>,
    /// The ways that could be built.
    pub transports: Keyed<TransportId, Transport>,
    /// How long connections wait.
    pub patience: Settings,
}

impl Routing {
    /// The service of that id; an unknown id is treated as "everything else".
    pub(super) fn service(&self, id: &ServiceId) -> Arc<Service> {
        self.services.get(id).or_else(|| self.services.get(&ServiceId::other())).map_or_else(closed_service, Arc::clone)
    }

    /// Whether a way goes straight to the destination over the person's own line.
    pub(super) fn is_bare(&self, transport: &TransportId) -> bool {
        self.ways.iter().any(|way| way.id == *transport && way.bare)
    }

    /// The bare ways in a service's order.
    pub(super) fn bare_ways_of(&self, service: &ServiceId) -> Vec<TransportId> {
        self.service(service).order.iter().filter(|id| self.is_bare(id)).cloned().collect()
    }

    /// What would be done for a connection to this facet now. It is no canary, unless all are.
    pub fn plan_for(&self, service: &ServiceId, facet: Facet, l4: L4, board: &Board) -> Plan {
        let need = if l4 == L4::Tcp { Need::Stream } else { Need::Packets };
        let (service, snapshot) = (self.service(service), board.snapshot());
        policy::plan(&Question {
            service: &service,
            facet,
            need,
            ways: &self.ways,
            snapshot: &snapshot,
            now: board.now(),
            dice: NEARLY_ONE,
        })
    }

    /// The plan for one connection, by what the board believes now.
    pub(super) fn plan(&self, subject: &Subject, need: Need, board: &Board) -> Plan {
        let snapshot = board.snapshot();
        let mut plan = policy::plan(&Question {
            service: &subject.service,
            facet: subject.facet,
            need,
            ways: &self.ways,
            snapshot: &snapshot,
            now: board.now(),
            dice: fastrand::f64(),
        });
        plan.attempts.retain(|Attempt { transport, .. }| self.transports.contains_key(transport));
        plan
    }
}

/// A dice that shows "canary" only where every connection is one.
const NEARLY_ONE: f64 = 1.0 - f64::EPSILON;

/// What is used when not even "everything else" is configured: a service without ways, so everything is refused.
fn closed_service() -> Arc<Service> {
    Arc::new(Service {
        id: ServiceId::other(),
        title: String::from("everything else"),
        order: Vec::new(),
        direct: DirectRule::Never,
        first_flight: FirstFlight::Sniff,
    })
}
