//! Which question shows whether transfers freeze (T9), and what its answer says. A large object of the service where one
//! is known; else its own question again and again over one connection. Inside a tunnel, where nobody sees it, the
//! question in many packets: a handshake passes where transfers freeze, so it proves no tunnel.

use super::ask::{Asked, Asker, Spoken};
use super::exchange::Fault;
use super::round::{Failed, Question, Rounds, body_bytes};
use super::spec::{Https, Kind, Spec};
use super::tap::Tap;
use super::trickle;
use crate::judge::packets::{Half, Pair, technique};
use crate::model::{Cause, Destination, Evidence, Failure, Grade, L4, Moment, Phase, Route, Sign, Source, Stage, Twin};
use crate::net::Stream;
use std::time::Duration;
use tokio::time::Instant;

/// Past so many bytes of small answers no freeze was measured (§1.4, T9: 14 to 34 KB).
pub(super) const OFTEN_BYTES: u32 = 34 * 1024;
/// The asking ends after so long, as it went.
const OFTEN_SPAN: Duration = Duration::from_secs(20);
/// An object of another facet that could not be reached is not asked for again for so long.
const MISSED: Duration = Duration::from_secs(600);
/// How many kilobytes a stop after two dozen packets is told as: what they carried hardly counts.
const PACKETS: Sign = Sign::Frozen { kilobytes: 1 };

impl Question<'_> {
    /// The route that the answer speaks of: an object may belong to another facet than the one in question.
    pub(super) fn speaks_of(&self) -> Route {
        Route { facet: self.spec.facet, ..self.route.clone() }
    }

    /// Whether it carries enough to freeze.
    pub(super) const fn is_long(&self) -> bool {
        body_bytes(&self.spec) > 0 || matches!(self.spec.kind, Kind::Often(_))
    }

    /// What was found of another facet, where it speaks of the one in question too: a second transfer of the service
    /// that stopped; and in a tunnel, which knows no facets, one that passed.
    pub(super) fn of_the_route(&self, found: &Evidence) -> Option<Evidence> {
        let speaks = match found.sign {
            Sign::Frozen { .. } => true,
            sign => sign == Sign::BodyProven && !self.way.bare,
        };
        let other = found.route.facet != self.route.facet;
        (speaks && other)
            .then(|| Evidence { route: Route { facet: self.route.facet, ..found.route.clone() }, ..found.clone() })
    }
}

impl Rounds {
    /// The questions about `route` that carry enough to freeze.
    pub(super) fn long_specs(&self, route: &Route) -> Vec<Spec> {
        let own = self.specs_of(&route.service, route.facet, route.l4);
        let large: Vec<Spec> = own.iter().filter(|spec| body_bytes(spec) > 0).map(|spec| (*spec).clone()).collect();
        let often: Vec<Spec> = own.into_iter().filter_map(often).collect();
        let elsewhere = || {
            if self.turns.has_missed(route, self.board.now() - MISSED) {
                return Vec::new();
            }
            let all = self.specs.iter().filter(|spec| spec.service == route.service && spec.l4 == route.l4);
            all.filter(|spec| body_bytes(spec) > 0).cloned().collect()
        };
        // A route that comes back is proven by a whole body of its own, or by people.
        let snapshot = self.board.snapshot();
        let recovers = snapshot.standing(route).is_some_and(|standing| standing.phase == Phase::Recovering);
        match () {
            () if !large.is_empty() || recovers || route.l4 == L4::Udp => large,
            () if !often.is_empty() => often,
            () => elsewhere(),
        }
    }

    /// Asks a tunnel in many packets. True when nothing more is to be asked: it passed and the board knows, or it
    /// stopped where the same question in one packet is answered, and the board knows that.
    pub(super) async fn asked_in_many(&self, question: &Question<'_>) -> bool {
        let silent = matches!(question.spec.kind, Kind::Stun | Kind::Quic(_));
        if question.way.bare || question.is_long() || silent {
            return false;
        }
        let began = self.board.now();
        self.board.probe_started(question.route.clone(), trickle::PRICE);
        match trickle::in_many(&self.asker, question.way, &question.spec, &question.target).await {
            Half::Answered => {
                self.board.report(self.found(question, Sign::Answer(Grade::B), began));
                true
            }
            Half::Failed => false,
            Half::Stopped => {
                let whole = self.put(question).await;
                self.stopped_in_many(question, &whole, began).await;
                true
            }
        }
    }

    /// T9's pair on the plain way, where the board suspects a freeze. True when nothing more is to be asked: both halves
    /// were answered, or packets are counted, and the board knows.
    pub(super) async fn counted_packets(&self, question: &Question<'_>) -> bool {
        let silent = matches!(question.spec.kind, Kind::Stun | Kind::Quic(_));
        let plain = question.way.kind == "direct";
        if !plain
            || question.is_long()
            || silent
            || !self.settings().pairs
            || !self.board.wants_packets(&question.route)
        {
            return false;
        }
        let began = self.board.now();
        let mut pair = self.pair_of_packets(question).await;
        // Once may be a packet that was lost for good.
        if technique(pair).is_some() {
            pair = self.pair_of_packets(question).await;
        }
        if pair.whole != Half::Answered {
            return false;
        }
        let Some(how) = technique(pair) else {
            self.board.report(self.found(question, Sign::Answer(Grade::B), began));
            return true;
        };
        let mut evidence = self.found(question, PACKETS, began);
        evidence.twin = self.counted_inside(question).await;
        evidence.pair = (evidence.twin != Twin::FailedToo).then_some(how);
        let mut failed = Failed { evidence, address: None, is_foreign_key: false };
        self.ask_the_anchors(&mut failed).await;
        if failed.evidence.pair.is_some() {
            self.report(question, failed.evidence);
        }
        true
    }

    async fn pair_of_packets(&self, question: &Question<'_>) -> Pair {
        self.board.probe_started(question.route.clone(), trickle::PRICE);
        trickle::pair(&self.asker, question.way, &question.spec, &question.target).await
    }

    /// The many packets inside the tunnel that people would take (C8): a server may mind them itself.
    async fn counted_inside(&self, question: &Question<'_>) -> Twin {
        let tunnel = self.active_tunnel(&question.route);
        let Some(way) = tunnel.filter(|way| self.is_allowed(&question.route.service, way)) else {
            return Twin::Unknown;
        };
        let route = Route { transport: way.id.clone(), ..question.route.clone() };
        self.board.probe_started(route.clone(), trickle::PRICE);
        let inside = trickle::in_many(&self.asker, way, &question.spec, &question.target).await;
        self.board.probe_ended(route);
        match inside {
            Half::Answered => Twin::Answered,
            Half::Stopped => Twin::FailedToo,
            // The tunnel's own trouble says nothing of the service.
            Half::Failed => Twin::Unknown,
        }
    }

    async fn stopped_in_many(&self, question: &Question<'_>, whole: &Asked, began: Moment) {
        if whole.outcome.is_err() {
            // It is not how many packets there are.
            return self.tell(question, whole, None).await;
        }
        let evidence = self.found(question, PACKETS, began);
        let mut failed = Failed { evidence, address: None, is_foreign_key: false };
        self.vouch(question, &mut failed).await;
        self.board.report(failed.evidence);
    }

    fn found(&self, question: &Question<'_>, sign: Sign, began: Moment) -> Evidence {
        Evidence::new(question.speaks_of(), Source::Probe, sign, began, self.board.now())
    }
}

/// The same request again and again, for a service without a large object.
fn often(spec: &Spec) -> Option<Spec> {
    let Kind::Https(https) = &spec.kind else { return None };
    let https = Https { alpn: vec!["http/1.1".to_owned()], body_bytes: 0, ..https.clone() };
    Some(Spec { kind: Kind::Often(https), ..spec.clone() })
}

/// Asks the same again and again over one connection, until enough has come, or it took long enough.
pub(super) async fn ask_often(
    stream: Stream,
    https: &Https,
    target: &Destination,
    asker: &Asker,
    tap: &Tap,
) -> Result<Spoken, Fault> {
    let began = Instant::now();
    let mut talk = super::https::Talk::open(stream, https, target, asker, tap).await?;
    let mut spoken = talk.ask().await?;
    tap.at(Stage::Body);
    while tap.flow().0 < u64::from(OFTEN_BYTES) && began.elapsed() < OFTEN_SPAN && talk.is_open() {
        spoken = talk.ask().await?;
    }
    spoken.farewell = talk.farewell();
    Ok(spoken)
}

/// What a question cost at most that failed so: without a connection there was no hello, only SYNs; of a body only so much
/// as came.
pub(super) fn price_of(spec: &Spec, failure: &Failure) -> u32 {
    let came = u32::try_from(failure.received).unwrap_or(u32::MAX);
    match failure.stage {
        Stage::Resolve | Stage::Connect => 500,
        Stage::Body if failure.cause == Cause::StalledAfterBytes => {
            let both_ways = if matches!(spec.kind, Kind::Often(_)) { 2 } else { 1 };
            came.saturating_add(came / 6).saturating_mul(both_ways).saturating_add(7_000)
        }
        _ => u32::MAX,
    }
}
