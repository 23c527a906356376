//! What a session tells the board: facts of its attempts as evidence, with what the other ways did beside them.
//! "Everything else" is many places, so a failure there says nothing about any route, and is not told.

use super::bursts::Greeting;
use super::routing::Routing;
use super::settings::Start;
use crate::board::Board;
use crate::inbound::transparent::Named;
use crate::judge::{self, On};
use crate::model::{
    Destination, EndpointTag, Evidence, Facet, Failure, Grade, L4, Moment, Need, Route, Service, Sign, Source,
    TransportId, Twin,
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

    /// The same where more than the address may be known: a name that byway itself gave the address out for tells what the
    /// address does not.
    pub(super) fn known(routing: &Routing, to: &Destination, named: &Named, need: Need) -> Self {
        let subject = Self::of(routing, to, need);
        match named {
            Named::Known(host) if subject.service.id.is_other() => {
                Self::of(routing, &Destination::new(host.clone(), to.port), need)
            }
            _ => subject,
        }
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

/// Tells the board that an attempt failed; what it told.
pub(super) fn failed(told: &Told<'_>, failure: &Failure, twin: Twin) -> Option<Sign> {
    attempt(told, failure, twin, false)
}

/// Tells the board what a silence that it knows of turns out to be.
pub(super) fn sharpened(told: &Told<'_>, failure: &Failure, twin: Twin) -> Option<Sign> {
    attempt(told, failure, twin, true)
}

fn attempt(told: &Told<'_>, failure: &Failure, twin: Twin, sharpens: bool) -> Option<Sign> {
    let sign = judge::sign_of(failure, on(told.is_bare()))?;
    let sign = told.hello.map_or(sign, |hello| hello.sign(sign));
    let mut evidence = told.evidence(sign);
    // When it failed, not when that is told: what began in between is no earlier witness.
    evidence.at = evidence.at.min(told.start.moment + failure.elapsed);
    evidence.sharpens = sharpens;
    evidence.twin = twin;
    evidence.endpoint = failure.endpoint;
    evidence.rtt_ms = failure.tcp.filter(|_| told.is_bare()).map(|facts| millis(facts.rtt)).filter(|ms| *ms > 0);
    told.report(evidence);
    Some(sign)
}

/// Tells the board a sign that no failure stands behind.
pub(super) fn sign(told: &Told<'_>, sign: Sign, endpoint: Option<EndpointTag>, twin: Twin) {
    if told.is_of_nobody() {
        return;
    }
    let mut evidence = told.evidence(sign);
    evidence.endpoint = endpoint;
    evidence.twin = twin;
    told.report(evidence);
}

/// Tells the board that the server spoke: grade B, for a relayed byte proves no key.
pub(super) fn answered(told: &Told<'_>, rtt: Option<Duration>, first_byte: Duration) {
    answered_at(told, None, rtt, first_byte);
}

/// The same, by an endpoint that is known.
pub(super) fn answered_at(told: &Told<'_>, endpoint: Option<EndpointTag>, rtt: Option<Duration>, first_byte: Duration) {
    if told.is_of_nobody() {
        return;
    }
    let mut evidence = told.evidence(Sign::Answer(Grade::B));
    evidence.endpoint = endpoint;
    evidence.rtt_ms = rtt.map(millis);
    evidence.first_byte_ms = Some(millis(first_byte));
    told.report(evidence);
}

/// What something is told about, and to whom.
pub(super) struct Told<'a> {
    pub(super) board: &'a Board,
    pub(super) routing: &'a Routing,
    pub(super) route: Route,
    pub(super) start: Start,
    /// From when on what was due did not come.
    pub(super) since: Moment,
    /// The TLS hello that went out, on a bare way.
    pub(super) hello: Option<&'a Greeting>,
}

impl Told<'_> {
    fn is_bare(&self) -> bool {
        self.routing.is_bare(&self.route.transport)
    }

    /// Whether it is about what no service claims: then nobody is told.
    fn is_of_nobody(&self) -> bool {
        self.route.service.is_other()
    }

    fn evidence(&self, sign: Sign) -> Evidence {
        let (began, at) = (self.start.moment, self.board.now());
        let since = self.since.max(began);
        Evidence { since, ..Evidence::new(self.route.clone(), Source::Traffic, sign, began, at) }
    }

    /// Reports, and where the sign is about the line and the address alone, for every bare way of the service: they
    /// differ only in how a first message is cut.
    fn report(&self, evidence: Evidence) {
        if self.is_of_nobody() {
            return;
        }
        if self.is_bare() && evidence.sign.is_of_the_line() {
            for transport in self.routing.bare_ways_of(&self.route.service) {
                if transport != self.route.transport {
                    let route = Route { transport, ..self.route.clone() };
                    self.board.report(Evidence { route, ..evidence.clone() });
                }
            }
        }
        self.board.report(evidence);
    }
}

fn millis(span: Duration) -> u32 {
    u32::try_from(span.as_millis()).unwrap_or(u32::MAX)
}
