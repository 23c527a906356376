//! What is stopped when packets get no answer (T13, T14): the neutral halves. STUN and the time at places of no
//! messenger, for calls; a version that nobody speaks and TCP at the same host, for QUIC. Whatever comes of it says
//! nothing of messages.

use super::round::{Failed, Question, Rounds};
use super::spec::{Https, Kind, Spec};
use super::{packets, quic, stun, time};
use crate::judge::quic::{PORTS, Quic};
use crate::judge::{self, udp::Packets, udp::Tries};
use crate::model::{Anchors, Destination, L4, Moment, NetworkId, Route, Sign, Twin};
use crate::transport::Transport;
use futures_util::future::{BoxFuture, join};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Neutral places asked of each kind: one alone may be down.
const PLACES: usize = 2;
/// What asking them costs, both ways, when nothing comes back (detection rules §3.6).
const PRICE: u32 = 1_200;
/// What packets did a moment ago, they do still (detection rules §1.3).
const FRESH: Duration = Duration::from_secs(45);

/// What packets to neutral places did, the last time they were sent.
#[derive(Default)]
pub(super) struct Lately(Mutex<Option<(Moment, NetworkId, Neutral)>>);

/// What packets to neutral places did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Neutral {
    pub(super) stun: Tries,
    pub(super) other: Tries,
}

impl Rounds {
    /// A call's set-up got no answer: what packets to places of no messenger do tells which kind is stopped (T14).
    pub(super) async fn look_at_calls(&self, question: &Question<'_>, failed: &mut Failed) {
        if !matches!(question.spec.kind, Kind::Stun) || !self.is_worth_a_look(question, failed) {
            return;
        }
        let relay = self.relay_so_far(question, failed);
        let neutral = self.neutral_packets(&question.route, question.way).await;
        let packets = Packets { neutral_stun: neutral.stun, neutral_other: neutral.other, relay };
        failed.evidence.pair = judge::udp::technique(&packets);
    }

    /// Whether packets got no answer on the person's own line.
    fn is_worth_a_look(&self, question: &Question<'_>, failed: &Failed) -> bool {
        self.asker.settings.pairs && failed.evidence.sign == Sign::UdpNoReply && question.way.kind == "direct"
    }

    /// What the service's relays did since they fell silent, this failure included.
    fn relay_so_far(&self, question: &Question<'_>, failed: &Failed) -> Tries {
        let (route, evidence) = (&question.route, &failed.evidence);
        let good = self.board.snapshot().standing(route).and_then(|standing| standing.last_good);
        let sent = packets::sent_within::<stun::Binding>(self.asker.settings.udp_timeout);
        let (since, sent) = self.turns.silent(route, evidence.began, sent, good);
        Tries { sent, answered: 0, over: evidence.at.since(since) }
    }

    /// What packets to neutral places do now, over this way, for this route's sake.
    pub(super) async fn neutral_packets(&self, route: &Route, way: &Transport) -> Neutral {
        let (now, network) = (self.board.now(), self.board.snapshot().network);
        let known = *self.lately.lock();
        if let Some((at, on, neutral)) = known
            && on == network
            && now.since(at) <= FRESH
        {
            return neutral;
        }
        self.board.probe_started(route.clone(), PRICE);
        let neutral = self.send_to_neutral_places(way).await;
        *self.lately.lock() = Some((self.board.now(), network, neutral));
        neutral
    }

    /// Asks neutral places: STUN and the time at once, so that what one says is true of the other's moment.
    pub(super) async fn send_to_neutral_places(&self, way: &Transport) -> Neutral {
        let (asker, chance) = (&self.asker, &self.asker.sources.chance);
        let patience = asker.settings.udp_timeout;
        let bindings = packets::sent_within::<stun::Binding>(patience);
        let requests = packets::sent_within::<time::Request>(patience);
        let (servers, clocks) = (chance.some(&self.anchors.stun, PLACES), chance.some(&self.anchors.time, PLACES));
        let stun = tries(servers, bindings, |to| Box::pin(self.answers(stun::ask(asker, way, to))));
        let other = tries(clocks, requests, |to| Box::pin(self.answers(time::ask(asker, way, to))));
        let (stun, other) = join(stun, other).await;
        Neutral { stun, other }
    }

    async fn answers<T, E>(&self, asked: impl Future<Output = Result<T, E>>) -> bool {
        let _slot = self.asker.slot().await;
        asked.await.is_ok()
    }

    /// QUIC got no answer (T13), where the place may well be there: the neutral halves first; the real one again only
    /// while it can still prove something.
    pub(super) async fn look_at_quic(&self, question: &Question<'_>, failed: &mut Failed) {
        let Kind::Quic(https) = &question.spec.kind else { return };
        let vouched = failed.evidence.twin != Twin::FailedToo && failed.evidence.anchors != Anchors::Bad;
        if !vouched || !self.is_worth_a_look(question, failed) {
            return;
        }
        let now = self.board.now();
        let gap = self.asker.settings.pair_gap;
        if self.turns.last_pair(&question.route).is_some_and(|at| now.since(at) < gap) {
            return;
        }
        self.turns.paired(&question.route, now);
        let found = self.examine_quic(question, https, 1).await;
        // STUN says that packets pass, not that this host knows QUIC: somebody must have got an answer from it.
        let knows_quic = found.negotiated == Some(true) || self.has_spoken_quic(question, failed);
        let evidence = &mut failed.evidence;
        evidence.at = self.board.now();
        evidence.pair = judge::quic::technique(&found).filter(|_| knows_quic);
        // Silence that other packets share is no property of QUIC.
        match judge::quic::sign(&found) {
            Some(sign) if sign.is_good() || evidence.pair.is_some() => evidence.sign = sign,
            _ => {}
        }
    }

    /// Whether anybody got an answer over QUIC from the service, on whichever way.
    fn has_spoken_quic(&self, question: &Question<'_>, failed: &Failed) -> bool {
        let snapshot = self.board.snapshot();
        let same = |route: &Route| {
            let asked = &question.route;
            (&route.service, route.facet, route.l4) == (&asked.service, asked.facet, asked.l4)
        };
        failed.evidence.twin == Twin::Answered
            || snapshot.standings.iter().any(|(route, standing)| same(route) && standing.last_good.is_some())
    }

    /// What QUIC does at the question's host, `silent` Initials having got no answer already.
    pub(super) async fn examine_quic(&self, question: &Question<'_>, https: &Https, silent: u32) -> Quic {
        let Question { route, way, spec, target } = question;
        let asker = &self.asker;
        self.board.probe_started(route.clone(), super::round::price(spec));
        let negotiates = self.answers(quic::negotiates(asker, way, target));
        let over_tcp = over_tcp(spec, https);
        let (negotiated, tcp) = join(negotiates, asker.ask(way, &over_tcp, target)).await;
        let tcp = tcp.outcome.is_ok();
        let mut found =
            Quic { initials: silent, answered: 0, negotiated: Some(negotiated), stun: None, tcp: Some(tcp) };
        if !negotiated {
            found.stun = Some(self.neutral_packets(route, way).await.stun.answered > 0);
        }
        let hopeless = !tcp || !(negotiated || found.stun == Some(true));
        while !hopeless && found.initials < PORTS && found.answered == 0 {
            self.board.probe_started(route.clone(), super::round::price(spec));
            let answered = self.answers(quic::ask(asker, way, https, target)).await;
            found.initials += 1;
            found.answered += u32::from(answered);
        }
        found
    }
}

/// TLS over TCP to the same host, port and name.
fn over_tcp(spec: &Spec, https: &Https) -> Spec {
    let alpn = vec!["h2".to_owned(), "http/1.1".to_owned()];
    Spec { l4: L4::Tcp, kind: Kind::Tls(Https { alpn, ..https.clone() }), ..spec.clone() }
}

/// Asks one place after the other until one answers; `each` is how often an unanswered question is sent.
async fn tries<'a>(
    places: Vec<&'a Destination>,
    each: u32,
    ask: impl Fn(&'a Destination) -> BoxFuture<'a, bool>,
) -> Tries {
    let (began, mut sent) = (Instant::now(), 0);
    for place in places {
        let answered = ask(place).await;
        sent += if answered { 1 } else { each };
        if answered {
            return Tries { sent, answered: 1, over: began.elapsed() };
        }
    }
    Tries { sent, answered: 0, over: began.elapsed() }
}

impl Lately {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(Moment, NetworkId, Neutral)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
