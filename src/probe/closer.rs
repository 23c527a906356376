//! One discriminating pair about a failure that another way does not have (controls C4, C6, C10): the neutral half, and
//! when that passes the real one again, at the same address. What an earlier failure may have set off is never held
//! against a neutral half: the next time it goes first, and the next time is after that punishment is over (T19).

use super::ask::Asked;
use super::pair::{Half, Neutral, https_of, pinned};
use super::round::{Failed, Question, Rounds, Told};
use super::turns::Owed;
use crate::judge::s2c::{self, Heard};
use crate::model::{
    self, Confidence, Destination, Evidence, L4, Moment, Phase, Route, Sign, Source, Standing, Technique, Twin,
};
use crate::net::endpoint_tag;
use std::net::SocketAddr;
use std::time::Duration;

/// Another facet of a service that answered within this time is alive.
const LATELY: Duration = Duration::from_secs(600);

/// The neutral halves that went before the real one.
pub(super) struct Before {
    neutral: Neutral,
    first: Half,
    /// Other bytes, asked when the neutral name was muted.
    bytes: Option<Half>,
    /// Where the neutral half was asked, from when to when.
    at: Option<(SocketAddr, Moment, Moment)>,
}

impl Before {
    /// What is proven when the real half then fails so: it is the second time, for an earlier failure left the pair to be
    /// asked.
    pub(super) fn proves(&self, sign: Sign) -> Option<Technique> {
        self.would_prove(sign).filter(|_| self.neutral.failures() <= 2)
    }

    /// The neutral half was cut off by itself, and the real one did not even get as far as that: what punishes the first
    /// one's bytes falls on the second (T19). What is told is the first.
    pub(super) fn stands_for(&self, route: &Route, real: &Asked) -> Option<Failed> {
        let Half::Failed(sign @ (Sign::HelloDropped | Sign::HelloMuted | Sign::ResetAfterHello)) = self.first else {
            return None;
        };
        let (address, began, ended) = self.at.filter(|_| real.is_unreached())?;
        let mut evidence = Evidence::new(route.clone(), Source::Probe, sign, began, ended);
        evidence.endpoint = Some(endpoint_tag(address));
        Some(Failed { evidence, address: Some(address), is_foreign_key: false })
    }

    /// What that is a part of the proof of: the real half has to fail again.
    fn begins_to_prove(&self, sign: Sign) -> Option<Technique> {
        self.would_prove(sign).filter(|_| self.neutral.failures() > 2)
    }

    fn would_prove(&self, sign: Sign) -> Option<Technique> {
        match (&self.neutral, self.first, self.bytes) {
            (neutral, Half::Passed, _) => neutral.proves(sign),
            (Neutral::Name(_), Half::Failed(name), Some(Half::Failed(bytes))) => {
                let proven = s2c::technique(Heard::of(sign), Some(Heard::of(name)), Some(Heard::of(bytes)));
                proven.filter(|how| *how == Technique::S2cDrop)
            }
            _ => None,
        }
    }
}

impl Rounds {
    /// The neutral half that an earlier, inconclusive pair left to be asked first, and the question put to the very
    /// same address.
    pub(super) async fn neutral_first<'a>(&self, question: Question<'a>, owed: Owed) -> (Question<'a>, Option<Before>) {
        self.turns.paired(&question.route, self.board.now());
        let Some(neutral) = self.neutral(&question) else { return (question, None) };
        let target = owed.address.map_or_else(|| question.target.clone(), Destination::from);
        let began = self.board.now();
        let (first, address) = self.ask_half(&question, &neutral, &target).await;
        let asked = address.map(|address| (address, began, self.board.now()));
        let question = match address {
            Some(address) => at(question, address),
            None => question,
        };
        // Everything muted, or only the name? Still before the real half.
        let is_muted = matches!(first, Half::Failed(Sign::HelloMuted | Sign::Silence));
        let bytes = match https_of(&question.spec).filter(|_| is_muted) {
            Some(_) => Some(self.ask_half(&question, &Neutral::Http, &question.target).await.0),
            None => None,
        };
        (question, Some(Before { neutral, first, bytes, at: asked }))
    }

    /// A question while what failed before may still be punished for: the neutral half is asked, and only where it
    /// passes, which shows that nothing is punished, the real one as often as the rule wants it to fail. Else it is owed.
    pub(super) async fn ask_in_shadow(&self, question: Question<'_>) {
        let Some(neutral) = self.neutral(&question) else { return };
        if !self.settings().pairs || question.way.kind != "direct" || !self.is_long_after_a_pair(&question) {
            return;
        }
        self.turns.paired(&question.route, self.board.now());
        let (half, address) = self.ask_half(&question, &neutral, &question.target).await;
        let (Half::Passed, Some(address)) = (half, address) else {
            return self.turns.owe(&question.route, address);
        };
        let question = at(question, address);
        let asked = self.put(&question).await;
        self.turns.took(&question.route, asked.outcome.is_ok(), &self.asker.sources.chance);
        let Told::Failed(mut failed) = self.tell_unless_failed(&question, &asked) else { return };
        self.vouch(&question, &mut failed).await;
        self.board.report(failed.evidence.clone());
        let proves = neutral.proves(failed.evidence.sign);
        if proves.is_some_and(|how| self.may_be_told(&question.route, &failed.evidence, how)) {
            self.repeat(&question, &failed, (&neutral, address)).await;
        }
    }

    /// After a neutral half that passed, and a real one that failed: as often again as the rule wants.
    pub(super) async fn go_on(&self, question: &Question<'_>, failed: &Failed, before: &Before) {
        let proves = before.begins_to_prove(failed.evidence.sign);
        let told = proves.is_some_and(|how| self.may_be_told(&question.route, &failed.evidence, how));
        if let Some(address) = failed.address.filter(|_| told) {
            self.repeat(question, failed, (&before.neutral, address)).await;
        }
    }

    /// Whether a pair that proves `how` would be believed.
    fn may_be_told(&self, route: &Route, evidence: &Evidence, how: Technique) -> bool {
        is_vouched(evidence) || (how == Technique::ProtoBlock && self.is_vouched_alone(route, evidence))
    }

    /// The neutral half, and when that passes the real one again, as often as the rule wants it to fail.
    pub(super) async fn look_closer(&self, question: &Question<'_>, failed: &Failed) {
        let evidence = &failed.evidence;
        let Some(address) = failed.address.filter(|_| self.may_pair(question, evidence)) else { return };
        let Some(neutral) = self.neutral(question).filter(|n| n.proves(evidence.sign).is_some()) else { return };
        self.turns.paired(&question.route, self.board.now());
        if self.ask_half(question, &neutral, &Destination::from(address)).await.0 == Half::Passed {
            return self.repeat(question, failed, (&neutral, address)).await;
        }
        // Large messages may vanish there, whatever the name: the same name in a small one tells.
        let small = Neutral::small_of(&question.spec, &question.target);
        if let Some(small) = small.filter(|small| small.proves(evidence.sign).is_some()) {
            self.board.probe_started(question.route.clone(), small.price());
            let target = Destination::from(address);
            if small.fares_better(&self.asker, question.way, &target, evidence.sign).await {
                return self.repeat(question, failed, (&small, address)).await;
            }
        }
        // Perhaps the real half's punishment: next time the neutral one goes first.
        self.turns.owe(&question.route, Some(address));
    }

    async fn ask_half(
        &self,
        question: &Question<'_>,
        half: &Neutral,
        target: &Destination,
    ) -> (Half, Option<SocketAddr>) {
        self.board.probe_started(question.route.clone(), half.price());
        half.ask(&self.asker, question.way, target).await
    }

    /// Puts the real question to the same address until it has failed as often as `neutral` wants. Where it fails in another
    /// way the pair is void: a connect that gets no answer never brought the bytes that are in question.
    async fn repeat(&self, question: &Question<'_>, failed: &Failed, (neutral, address): (&Neutral, SocketAddr)) {
        let evidence = &failed.evidence;
        let (route, spec, target) = (question.route.clone(), question.spec.clone(), question.target.clone());
        let again = at(Question { route, way: question.way, spec, target }, address);
        for failures in 2..=neutral.failures() {
            let asked = self.put(&again).await;
            let Told::Failed(mut next) = self.tell_unless_failed(&again, &asked) else { return };
            if next.evidence.sign.technique() != evidence.sign.technique() {
                return;
            }
            if failures < neutral.failures() {
                continue;
            }
            // The pair as a whole began with the first failure: whatever happened to the line since voids it, and
            // the punishment that failure set off does not, for the neutral half has passed in between.
            next.evidence.began = evidence.began;
            next.evidence.twin = evidence.twin;
            next.evidence.anchors = evidence.anchors;
            next.evidence.pair = neutral.proves(next.evidence.sign);
            self.board.report(next.evidence);
            return;
        }
    }

    fn may_pair(&self, question: &Question<'_>, evidence: &Evidence) -> bool {
        let snapshot = self.board.snapshot();
        let proven = snapshot.standing(&question.route).is_some_and(|s| s.confidence == Confidence::Confirmed);
        let bare = question.way.kind == "direct";
        bare && !proven && is_vouched(evidence) && self.is_long_after_a_pair(question)
    }

    /// Where no way lives that the question could be put to as well: whether the line is well and another facet of the
    /// service answers on this very way.
    fn is_vouched_alone(&self, route: &Route, evidence: &Evidence) -> bool {
        let (snapshot, now) = (self.board.snapshot(), self.board.now());
        let of_it = || snapshot.standings.iter().filter(|(other, _)| other.service == route.service);
        let lives = |(other, standing): (&Route, &Standing)| {
            other.transport != route.transport && other.facet == route.facet && standing.phase == Phase::Ok
        };
        let answers = |(other, standing): (&Route, &Standing)| {
            let well = matches!(standing.phase, Phase::Ok | Phase::Unknown);
            let lately = standing.last_good.is_some_and(|good| now.since(good) <= LATELY);
            other.transport == route.transport && other.facet != route.facet && other.l4 == L4::Tcp && well && lately
        };
        let controls = evidence.twin == Twin::Unknown && evidence.anchors == model::Anchors::Good;
        controls && !of_it().any(lives) && of_it().any(answers)
    }

    fn is_long_after_a_pair(&self, question: &Question<'_>) -> bool {
        let last = self.turns.last_pair(&question.route);
        last.is_none_or(|at| self.board.now().since(at) >= self.settings().pair_gap)
    }

    /// The neutral half of a question.
    pub(super) fn neutral(&self, question: &Question<'_>) -> Option<Neutral> {
        let mut names = self.anchors.neutral.iter().flat_map(|spec| spec.targets.iter().map(|target| &target.host));
        Neutral::of(&question.spec, names.find(|host| host.name().is_some()))
    }
}

/// Whether the line and the service are known to be well elsewhere.
fn is_vouched(evidence: &Evidence) -> bool {
    evidence.twin == Twin::Answered && evidence.anchors != model::Anchors::Bad
}

/// The same question, put to one address.
pub(super) fn at(question: Question<'_>, address: SocketAddr) -> Question<'_> {
    let spec = pinned(&question.spec, &question.target, address);
    Question { spec, target: Destination::from(address), ..question }
}
