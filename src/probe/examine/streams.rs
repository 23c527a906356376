//! The service's own question: directly, inside the tunnel, at another of its addresses; and what the board is told.

use super::subject::at;
use super::{Examination, Performed};
use crate::judge::examination::{Said, conclude};
use crate::model::{Confidence, Evidence, L4, Phase, Sign, Technique, Twin, Verdict};
use crate::net::Deadline;
use crate::probe::round::{Question, Told};
use crate::transport::Transport;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Attempts that tell a share of failures (T18).
const SHARE: u32 = 5;
/// A relay may be restarting: it is silent for half a minute before anything is said of it (T14).
const SILENCES: u32 = 3;
const BETWEEN_CALLS: Duration = Duration::from_secs(10);
/// One success says little after failures: so many in a row do.
const AFTER_FAILURES: u32 = 3;

impl<'a> Examination<'a> {
    /// The service's own protocol over the plain direct way, as often as the answer needs.
    pub(super) async fn ask_service(&mut self, index: usize) -> Performed {
        let Some(question) = self.subjects.get(index).and_then(|subject| subject.real()) else {
            return Performed::skipped("there is no direct way");
        };
        let is_call = question.route.l4 == L4::Udp;
        let needed = if is_call { SILENCES } else { self.rounds.neutral(&question).map_or(2, |n| n.failures()) };
        let enough = if self.is_trusted(&question) { 1 } else { AFTER_FAILURES };
        let (mut tries, mut failed, mut first) = (0, 0, None);
        loop {
            self.pace().await;
            let asked = self.rounds.put(&question).await;
            match self.rounds.tell_unless_failed(&question, &asked) {
                Told::Good => {}
                Told::Nothing if tries == 0 => return Performed::skipped("this machine could not ask"),
                Told::Nothing => break,
                Told::Failed(failure) => {
                    // What comes after it may be its punishment (T19).
                    first = first.or(Some(failure.evidence.sign));
                    failed += 1;
                    if let Some(subject) = self.subjects.get_mut(index) {
                        subject.failures.push(failure);
                    }
                }
            }
            tries += 1;
            let is_enough = match failed {
                0 => tries >= enough,
                _ if failed == tries => tries >= needed,
                _ => tries >= SHARE,
            };
            if is_enough || Instant::now() >= self.ends {
                break;
            }
            if is_call {
                sleep(BETWEEN_CALLS).await;
            }
        }
        let said = match first {
            None => Said::Passed,
            Some(sign) if failed == tries => Said::Failed { sign, tries },
            Some(sign) => Said::Mixed { sign, failed, tries },
        };
        Performed { said, note: None }
    }

    /// Whether nothing speaks against the route so far.
    fn is_trusted(&self, question: &Question<'_>) -> bool {
        let snapshot = self.rounds.board.snapshot();
        let phase = snapshot.standing(&question.route).map_or(Phase::Unknown, |standing| standing.phase);
        matches!(phase, Phase::Unknown | Phase::Ok)
    }

    /// C8: the same question inside the active tunnel.
    pub(super) async fn ask_inside(&mut self, index: usize) -> Performed {
        let Some((way, question)) = self.subjects.get(index).and_then(|subject| subject.inside()) else {
            return Performed::skipped("there is no tunnel for it");
        };
        self.pace().await;
        let (mut twin, sign) = self.rounds.ask_inside(way, &question).await;
        let is_dead = twin == Twin::FailedToo && !self.reaches_anything(way).await;
        if is_dead {
            twin = Twin::Unknown;
        }
        if let Some(subject) = self.subjects.get_mut(index) {
            subject.twin = twin;
        }
        match (twin, sign) {
            _ if is_dead => Performed::skipped("the tunnel reaches nothing at all"),
            (Twin::Answered, _) => Performed::PASSED,
            (_, Some(sign)) => Performed::failed(sign),
            _ => Performed::skipped("the tunnel could not be asked"),
        }
    }

    /// A tunnel that reaches no neutral place either is no witness against the service.
    async fn reaches_anything(&mut self, way: &Transport) -> bool {
        let neutral = &self.rounds.anchors.neutral;
        for spec in self.rounds.asker.sources.chance.some(neutral, 2) {
            let Some(target) = spec.targets.first() else { continue };
            self.pace().await;
            if self.rounds.asker.ask(way, spec, target).await.outcome.is_ok() {
                return true;
            }
        }
        neutral.is_empty()
    }

    /// C7: another address or port of the service, when the first one failed.
    pub(super) async fn ask_sibling(&mut self, index: usize) -> Performed {
        if self.trouble(index).is_none() {
            return Performed::skipped("the first one answered");
        }
        let other = self.subjects.get(index).and_then(|subject| subject.sibling(self.rounds));
        let other = match other {
            Some(other) => Some(other),
            None => self.other_address(index, |one, two| one.is_ipv4() == two.is_ipv4()).await,
        };
        match other {
            Some(other) => self.ask_once(index, &other).await,
            None => Performed::skipped("no other address of it is known"),
        }
    }

    /// C7: the same by the other version of IP, when the first one failed.
    pub(super) async fn ask_other_family(&mut self, index: usize) -> Performed {
        if self.trouble(index).is_none() {
            return Performed::skipped("the first one answered");
        }
        match self.other_address(index, |one, two| one.is_ipv4() != two.is_ipv4()).await {
            Some(other) => self.ask_once(index, &other).await,
            None => Performed::skipped("it has no address of the other version of IP here"),
        }
    }

    /// The question at another of the addresses that the target's name has.
    async fn other_address(&self, index: usize, fits: impl Fn(SocketAddr, SocketAddr) -> bool) -> Option<Question<'a>> {
        let subject = self.subjects.get(index)?;
        let question = subject.question.as_ref()?;
        let (target, resolver) = (&question.target, self.rounds.resolver.as_ref()?);
        let deadline = Deadline::after(self.rounds.asker.settings.dns_timeout * 2);
        let known = resolver.resolve(target.host.name()?, deadline).await.ok()?.addrs;
        let mut known = known.into_iter().map(|ip| SocketAddr::new(ip, target.port));
        let first = subject.address.or_else(|| known.clone().next())?;
        let other = known.find(|other| *other != first && fits(first, *other))?;
        Some(at(question, other))
    }

    /// One attempt at another place of the service.
    async fn ask_once(&mut self, index: usize, question: &Question<'_>) -> Performed {
        self.pace().await;
        let asked = self.rounds.put(question).await;
        match self.rounds.tell_unless_failed(question, &asked) {
            Told::Good => Performed::PASSED,
            Told::Nothing => Performed::skipped("this machine could not ask"),
            Told::Failed(failure) => {
                let sign = failure.evidence.sign;
                if let Some(subject) = self.subjects.get_mut(index) {
                    // The last one carries what the comparisons prove; this one is at another place.
                    subject.failures.insert(0, failure);
                }
                Performed::failed(sign)
            }
        }
    }

    /// Tells the board of what failed, with what the comparisons proved.
    pub(super) async fn tell_the_board(&mut self, index: Option<usize>) {
        let Some(subject) = index.and_then(|index| self.subjects.get_mut(index)) else { return };
        let (facet, l4, twin) = (subject.facet, subject.l4, subject.twin);
        let mut failures = std::mem::take(&mut subject.failures);
        let conclusions = conclude(&[(facet, l4)], &self.findings, self.line.state, self.line.ground);
        let proven = conclusions.first().and_then(|conclusion| proven(conclusion.verdict, conclusion.confidence));
        let began = failures.first().map(|failure| failure.evidence.began);
        let pair = proven.and_then(|how| {
            let place = failures.iter().rposition(|failure| is_of(failure.evidence.sign, how))?;
            Some((place, how))
        });
        for (place, failure) in failures.iter_mut().enumerate() {
            failure.evidence.twin = twin;
            if twin != Twin::Answered || failure.is_foreign_key {
                self.rounds.ask_the_anchors(failure).await;
            }
            let evidence: &mut Evidence = &mut failure.evidence;
            if let Some((_, how)) = pair.filter(|(of, _)| *of == place) {
                // The pair as a whole began with the first failure (see `look_closer`).
                evidence.began = began.unwrap_or(evidence.began);
                evidence.pair = Some(how);
            }
            self.rounds.board.report(evidence.clone());
        }
        let subject = index.and_then(|index| self.subjects.get(index));
        let asked = subject.into_iter().flat_map(|subject| [&subject.question, &subject.elsewhere]).flatten();
        for question in asked {
            self.rounds.board.probe_ended(question.route.clone());
        }
    }
}

/// What a conclusion rests on a comparison for.
const fn proven(verdict: Verdict, confidence: Confidence) -> Option<Technique> {
    use Technique::{
        CallsBlocked, Freeze, HelloSize, ProtoBlock, S2cDrop, SniDropAnswer, SniDropHello, SniRst, StunDpi,
    };
    match (verdict, confidence) {
        (Verdict::Blocked(HelloSize), _) => Some(HelloSize),
        (Verdict::Blocked(Freeze) | Verdict::Degraded(Freeze), Confidence::Confirmed) => Some(Freeze),
        (
            Verdict::Blocked(
                how @ (SniRst | SniDropHello | SniDropAnswer | ProtoBlock | S2cDrop | CallsBlocked | StunDpi),
            ),
            Confidence::Confirmed,
        ) => Some(how),
        _ => None,
    }
}

/// Whether a failure of this kind is what the technique does.
fn is_of(sign: Sign, how: Technique) -> bool {
    match how {
        Technique::SniRst => matches!(sign, Sign::ResetAfterHello | Sign::EofAfterHello),
        Technique::CallsBlocked | Technique::StunDpi => sign == Sign::UdpNoReply,
        Technique::Freeze => matches!(sign, Sign::Frozen { .. }),
        _ => matches!(sign, Sign::HelloDropped | Sign::HelloMuted | Sign::Silence),
    }
}
