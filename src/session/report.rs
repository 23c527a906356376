//! What a session tells the board: facts of its attempts as evidence, with what the other ways did beside them.
//! "Everything else" is many places, so a failure there says nothing about any route, and is not told.

use super::routing::Routing;
use super::settings::Start;
use crate::board::Board;
use crate::judge::{self, On};
use crate::model::{
    Destination, EndpointTag, Evidence, Facet, Failure, Grade, L4, Need, Route, Service, Sign, Source, TransportId,
    Twin,
};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What a connection is about.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    /// The service.
    pub(super) service: Arc<Service>,
    /// Its facet.
    pub(super) facet: Facet,
    /// Streams or packets.
    pub(super) l4: L4,
}

impl Subject {
    /// What a destination belongs to.
    pub(super) fn of(routing: &Routing, to: &Destination, need: Need) -> Self {
        let (id, facet) = routing.matcher.classify(to);
        let l4 = match need {
            Need::Stream => L4::Tcp,
            Need::Packets => L4::Udp,
        };
        Self { service: routing.service(&id), facet, l4 }
    }

    /// The route of this subject over `transport`.
    pub(super) fn route(&self, transport: &TransportId) -> Route {
        Route { service: self.service.id.clone(), facet: self.facet, transport: transport.clone(), l4: self.l4 }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.service.id, self.facet)
    }
}

/// The kind of way a transport is, for judging.
pub(super) const fn on(bare: bool) -> On {
    if bare { On::Bare } else { On::Tunnel }
}

/// Tells the board that an attempt failed.
pub(super) fn failed(board: &Board, route: Route, bare: bool, start: Start, failure: &Failure, twin: Twin) {
    let Some(sign) = judge::sign_of(failure, on(bare)) else { return };
    if route.service.is_other() {
        return;
    }
    let mut evidence = Evidence::new(route, Source::Traffic, sign, start.moment, board.now());
    evidence.twin = twin;
    evidence.endpoint = failure.endpoint;
    evidence.rtt_ms = failure.tcp.filter(|_| bare).map(|facts| millis(facts.rtt)).filter(|ms| *ms > 0);
    board.report(evidence);
}

/// Tells the board a sign that no failure stands behind.
pub(super) fn sign(board: &Board, route: Route, sign: Sign, start: Start, endpoint: Option<EndpointTag>, twin: Twin) {
    if route.service.is_other() {
        return;
    }
    let mut evidence = Evidence::new(route, Source::Traffic, sign, start.moment, board.now());
    evidence.endpoint = endpoint;
    evidence.twin = twin;
    board.report(evidence);
}

/// Tells the board that the server spoke: grade B, for a relayed byte proves no key.
pub(super) fn answered(board: &Board, route: Route, start: Start, rtt: Option<Duration>, first_byte: Duration) {
    if route.service.is_other() {
        return;
    }
    let mut evidence = Evidence::new(route, Source::Traffic, Sign::Answer(Grade::B), start.moment, board.now());
    evidence.rtt_ms = rtt.map(millis);
    evidence.first_byte_ms = Some(millis(first_byte));
    board.report(evidence);
}

fn millis(span: Duration) -> u32 {
    u32::try_from(span.as_millis()).unwrap_or(u32::MAX)
}
