//! One probe of one route, from the question to the evidence: ask; when a bare route failed, ask the same inside the
//! active tunnel (C8) and, where that does not vouch for the line, the controls; then at most one discriminating
//! pair. One endpoint at a time, as an app would choose it, never a sweep (detection rules §1.5, §4).

use super::ask::{Answer, Asked, Asker};
use super::checks::{Checks, Thorough};
use super::closer::Before;
use super::long::{OFTEN_BYTES, price_of};
use super::spec::{Anchors, Kind, Spec};
use super::turns::Turns;
use super::udp::Lately;
use crate::board::Board;
use crate::judge::{On, sign_of};
use crate::model::{
    Destination, DirectRule, Evidence, Facet, L4, LinkState, Route, Service, ServiceId, Sign, Source, Technique,
    TransportId,
};
use crate::net::{Network, Resolver};
use crate::transport::Transport;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tracing::debug;

/// Everything a round needs.
pub(super) struct Rounds {
    pub(super) asker: Asker,
    pub(super) specs: Vec<Spec>,
    pub(super) anchors: Anchors,
    pub(super) ways: Vec<Transport>,
    pub(super) services: Vec<Service>,
    pub(super) board: Board,
    pub(super) checks: Checks,
    pub(super) turns: Turns,
    pub(super) network: Arc<dyn Network>,
    pub(super) resolver: Option<Arc<Resolver>>,
    pub(super) lately: Lately,
}

/// A question about a route, ready to be put.
pub(super) struct Question<'a> {
    pub(super) route: Route,
    pub(super) way: &'a Transport,
    pub(super) spec: Spec,
    pub(super) target: Destination,
}

/// What became of a question.
pub(super) enum Told {
    /// The server spoke; the board knows.
    Good,
    /// It is no evidence: a fault of this machine, or nothing that can be said.
    Nothing,
    /// It has to be looked into before it is told.
    Failed(Failed),
}

/// A failure so far: what it is a sign of, and where.
pub(super) struct Failed {
    pub(super) evidence: Evidence,
    pub(super) address: Option<SocketAddr>,
    pub(super) is_foreign_key: bool,
}

impl Rounds {
    /// Probes `route` once and tells the board, also that it is over: the service's next probe waits for that.
    pub(super) async fn probe(&self, route: &Route) {
        self.round(route).await;
        self.board.probe_ended(route.clone());
    }

    async fn round(&self, route: &Route) {
        let Some(question) = self.question(route) else { return self.look_at_unasked_calls(route).await };
        if self.is_shut(&question) || !self.may_ask(question.way).await {
            return;
        }
        if self.asked_in_many(&question).await {
            return;
        }
        if self.counted_packets(&question).await {
            return;
        }
        if self.board.is_in_shadow(route) {
            return self.ask_in_shadow(question).await;
        }
        let (question, before) = match self.turns.settle(route) {
            Some(owed) => self.neutral_first(question, owed).await,
            None => (question, None),
        };
        let asked = self.put(&question).await;
        self.turns.took(route, asked.outcome.is_ok(), &self.asker.sources.chance);
        if let Some(mut first) = before.as_ref().and_then(|before| before.stands_for(&question.speaks_of(), &asked)) {
            self.vouch(&question, &mut first).await;
            return self.report(&question, first.evidence);
        }
        if question.way.bare && question.speaks_of() != *route && asked.is_unreached() {
            return self.ask_its_own(route).await;
        }
        self.tell(&question, &asked, before).await;
    }

    /// The object that was to show a freeze is another facet's, and its place could not be reached, which tells nothing of
    /// transfers and nobody asked of that facet: the route's own question is put, and for some minutes no other.
    async fn ask_its_own(&self, route: &Route) {
        self.turns.missed(route, self.board.now());
        let Some(own) = self.question(route).filter(|own| own.speaks_of() == *route) else { return };
        let asked = self.put(&own).await;
        self.tell(&own, &asked, None).await;
    }

    /// Tells the board what became of a question; a failure when it was looked into.
    pub(super) async fn tell(&self, question: &Question<'_>, asked: &Asked, before: Option<Before>) {
        let Told::Failed(mut failed) = self.tell_unless_failed(question, asked) else { return };
        failed.evidence.pair = before.as_ref().and_then(|before| before.proves(failed.evidence.sign));
        self.look_at_calls(question, &mut failed).await;
        self.vouch(question, &mut failed).await;
        self.look_at_quic(question, &mut failed).await;
        self.report(question, failed.evidence.clone());
        if let Some(too) = question.of_the_route(&failed.evidence) {
            self.report(question, too);
        }
        if self.settings().pairs && failed.evidence.pair.is_none() && !failed.is_foreign_key {
            match before {
                Some(before) => self.go_on(question, &failed, &before).await,
                None => self.look_closer(question, &failed).await,
            }
        }
    }

    /// Puts a question on command and tells the board; without twins and pairs, for every way is asked anyway.
    pub(super) async fn ask_and_tell(&self, question: &Question<'_>) -> (Asked, Option<Technique>) {
        let asked = self.put(question).await;
        let Told::Failed(mut failed) = self.tell_unless_failed(question, &asked) else { return (asked, None) };
        self.ask_the_anchors(&mut failed).await;
        let technique = failed.evidence.sign.technique();
        self.board.report(failed.evidence);
        (asked, technique)
    }

    /// Puts a question and books its price.
    pub(super) async fn put(&self, question: &Question<'_>) -> Asked {
        self.board.probe_started(question.route.clone(), price(&question.spec));
        let asked = self.asker.ask(question.way, &question.spec, &question.target).await;
        let took_ms = asked.took.as_millis();
        match &asked.outcome {
            Ok((answer, _)) => debug!(route = %question.route, grade = ?answer.grade, took_ms, "probe answered"),
            Err(failure) => {
                debug!(route = %question.route, %failure, took_ms, "probe failed");
                let unspent = price(&question.spec).saturating_sub(price_of(&question.spec, failure));
                if unspent > 0 {
                    self.board.probe_spared(question.route.clone(), unspent);
                }
            }
        }
        asked
    }

    /// Tells the board; where the plain bare way failed by what is the line's and the address's alone, of every bare
    /// way of the service.
    pub(super) fn report(&self, question: &Question<'_>, evidence: Evidence) {
        if question.way.kind == "direct" && evidence.sign.is_of_the_line() {
            let others = self.ways.iter().filter(|way| way.bare && way.id != question.way.id);
            for way in others.filter(|way| self.goes_by(&evidence.route.service, &way.id)) {
                let route = Route { transport: way.id.clone(), ..evidence.route.clone() };
                self.board.report(Evidence { route, ..evidence.clone() });
            }
        }
        self.board.report(evidence);
    }

    /// Whether a way stands in a service's order.
    fn goes_by(&self, service: &ServiceId, way: &TransportId) -> bool {
        self.services.iter().find(|s| s.id == *service).is_some_and(|s| s.order.contains(way))
    }

    pub(super) fn settings(&self) -> &super::Settings {
        &self.asker.settings
    }

    /// What is asked about `route` now; `None` where nothing may be asked.
    pub(super) fn question(&self, route: &Route) -> Option<Question<'_>> {
        let way = self.ways.iter().find(|way| way.id == route.transport)?;
        let wants_body = self.settings().bodies && self.board.wants_body(route);
        let specs = self.specs_of(&route.service, route.facet, route.l4);
        let (large, small): (Vec<&Spec>, Vec<&Spec>) = specs.into_iter().partition(|spec| body_bytes(spec) > 0);
        let long = if wants_body { self.long_specs(route) } else { Vec::new() };
        let specs: Vec<Spec> = if !long.is_empty() {
            long
        } else if small.is_empty() {
            large.into_iter().map(without_body).collect()
        } else {
            // What has a large object is fetched for its body only.
            small.into_iter().cloned().collect()
        };
        let all: Vec<(&Spec, &Destination)> =
            specs.iter().flat_map(|spec| spec.targets.iter().map(move |target| (spec, target))).collect();
        let (spec, target) = all.get(self.turns.take_place(route).checked_rem(all.len())?)?;
        self.is_allowed(&route.service, way).then(|| Question {
            route: route.clone(),
            way,
            spec: (*spec).clone(),
            target: (*target).clone(),
        })
    }

    /// The probes that speak for a route.
    pub(super) fn specs_of(&self, service: &ServiceId, facet: Facet, l4: L4) -> Vec<&Spec> {
        self.specs.iter().filter(|s| s.service == *service && s.facet == facet && s.l4 == l4).collect()
    }

    /// The user's rule holds for probes as well: what must never go out bare does not, and what must always go
    /// bare is asked nowhere else.
    pub(super) fn is_allowed(&self, service: &ServiceId, way: &Transport) -> bool {
        match self.services.iter().find(|s| s.id == *service).map(|s| s.direct) {
            Some(DirectRule::Never) => !way.bare,
            Some(DirectRule::Always) => way.bare,
            Some(DirectRule::UntilBlocked) => true,
            None => false,
        }
    }

    /// Whether somebody plays the service there: then nothing is asked unless the operator says so (§4.11).
    fn is_shut(&self, question: &Question<'_>) -> bool {
        self.board.snapshot().is_hostile(&question.route, question.way.bare)
    }

    /// Nothing is learned over a line that is not well, and probes stand out there (§4.9).
    pub(super) async fn may_ask(&self, way: &Transport) -> bool {
        if self.board.snapshot().link == LinkState::Online {
            return true;
        }
        match self.check(Thorough::Fully).await.state {
            LinkState::Online => true,
            LinkState::Whitelist => !way.bare,
            LinkState::Offline | LinkState::Captive | LinkState::LinkBad => false,
        }
    }

    /// Runs the controls unless they were run just now.
    pub(super) async fn check(&self, thorough: Thorough) -> super::checks::Checked {
        let way = self.ways.iter().find(|way| way.bare);
        self.checks.run(&self.asker, &self.anchors, way, &self.board, thorough).await
    }

    /// Tells the board of an answer, or gives back what has to be looked into.
    pub(super) fn tell_unless_failed(&self, question: &Question<'_>, asked: &Asked) -> Told {
        let sign = match &asked.outcome {
            Ok((answer, _)) => Some(sign_of_answer(answer)),
            Err(failure) => sign_of(failure, on(question.way)),
        };
        let Some(sign) = sign else { return Told::Nothing };
        let is_foreign_key = asked.outcome.as_ref().is_err_and(super::controls::is_foreign_key);
        let at = self.board.now();
        let mut evidence = Evidence::new(question.speaks_of(), Source::Probe, sign, at - asked.took, at);
        evidence.endpoint = asked.tag;
        match &asked.outcome {
            Ok((answer, _)) => {
                evidence.rtt_ms = answer.rtt.and_then(millis);
                evidence.first_byte_ms = millis(answer.first_byte);
            }
            Err(failure) => {
                evidence.endpoint = failure.endpoint;
                evidence.rtt_ms = failure.tcp.and_then(|facts| millis(facts.rtt)).filter(|ms| *ms > 0);
            }
        }
        if sign.is_good() {
            self.turns.answered(&question.route, at);
            if sign == Sign::BodyProven {
                self.turns.carried(&question.speaks_of(), at);
            }
            if let Some(too) = question.of_the_route(&evidence) {
                self.board.report(too);
            }
            self.board.report(evidence);
            return Told::Good;
        }
        Told::Failed(Failed { evidence, address: asked.address, is_foreign_key })
    }
}

fn on(way: &Transport) -> On {
    if way.bare { On::Bare } else { On::Tunnel }
}

const fn sign_of_answer(answer: &Answer) -> Sign {
    if answer.body_proven { Sign::BodyProven } else { Sign::Answer(answer.grade) }
}

fn millis(span: Duration) -> Option<u32> {
    u32::try_from(span.as_millis()).ok()
}

pub(super) const fn body_bytes(spec: &Spec) -> u32 {
    match &spec.kind {
        Kind::Https(https) => https.body_bytes,
        _ => 0,
    }
}

pub(super) fn without_body(spec: &Spec) -> Spec {
    let mut spec = spec.clone();
    if let Kind::Https(https) = &mut spec.kind {
        https.body_bytes = 0;
    }
    spec
}

/// What a probe costs, both ways, with what TCP and IP add (detection rules §3.6).
pub(super) const fn price(spec: &Spec) -> u32 {
    match &spec.kind {
        Kind::Stun => 150,
        Kind::Telegram { .. } => 700,
        Kind::Noise { .. } => 800,
        Kind::Tls(_) | Kind::Quic(_) => 6_000,
        Kind::WebSocket { .. } => 8_000,
        Kind::Https(https) => 7_000 + https.body_bytes + https.body_bytes / 12,
        Kind::Often(_) => 7_000 + OFTEN_BYTES * 2 + OFTEN_BYTES / 6,
    }
}
