//! One discriminating pair about a failure that another way does not have (controls C4, C6, C10): the neutral half, and
//! when that passes the real one again, at the same address. What an earlier failure may have set off is never held
//! against a neutral half: the next time it goes first, and the next time is after that punishment is over (T19).

use super::pair::{Half, Neutral, https_of, pinned};
use super::round::{Failed, Question, Rounds, Told};
use crate::judge::s2c::{self, Heard};
use crate::model::{self, Confidence, Destination, Evidence, Sign, Technique, Twin};
use std::net::SocketAddr;

/// The neutral halves that went before the real one.
pub(super) struct Before {
    neutral: Neutral,
    first: Half,
    /// Other bytes, asked when the neutral name was muted.
    bytes: Option<Half>,
}

impl Before {
    /// What is proven when the real half then fails so.
    pub(super) fn proves(&self, sign: Sign) -> Option<Technique> {
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
    /// The neutral half that an earlier, inconclusive pair left to be asked first.
    pub(super) async fn neutral_first(&self, question: &Question<'_>) -> Option<Before> {
        let address = self.turns.owed(&question.route)?;
        self.turns.owe(&question.route, None);
        self.turns.paired(&question.route, self.board.now());
        let neutral = self.neutral(question)?;
        let first = self.ask_half(question, &neutral, address).await;
        // Everything muted, or only the name? Still before the real half.
        let is_muted = matches!(first, Half::Failed(Sign::HelloMuted | Sign::Silence));
        let bytes = match https_of(&question.spec).filter(|_| is_muted) {
            Some(_) => Some(self.ask_half(question, &Neutral::Http, address).await),
            None => None,
        };
        Some(Before { neutral, first, bytes })
    }

    /// The neutral half, and when that passes the real one again, as often as the rule wants it to fail.
    pub(super) async fn look_closer(&self, question: &Question<'_>, failed: &Failed) {
        let evidence = &failed.evidence;
        let Some(address) = failed.address.filter(|_| self.may_pair(question, evidence)) else { return };
        let Some(neutral) = self.neutral(question).filter(|n| n.proves(evidence.sign).is_some()) else { return };
        self.turns.paired(&question.route, self.board.now());
        if self.ask_half(question, &neutral, address).await == Half::Passed {
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

    async fn ask_half(&self, question: &Question<'_>, half: &Neutral, address: SocketAddr) -> Half {
        self.board.probe_started(question.route.clone(), half.price());
        half.ask(&self.asker, question.way, &Destination::from(address)).await.0
    }

    /// Puts the real question to the same address until it has failed as often as `neutral` wants.
    async fn repeat(&self, question: &Question<'_>, failed: &Failed, (neutral, address): (&Neutral, SocketAddr)) {
        let evidence = &failed.evidence;
        let spec = pinned(&question.spec, &question.target, address);
        let target = Destination::from(address);
        let again = Question { route: question.route.clone(), way: question.way, spec, target };
        for failures in 2..=neutral.failures() {
            let asked = self.put(&again).await;
            let Told::Failed(mut next) = self.tell_unless_failed(&again, &asked) else { return };
            let same = next.evidence.sign.technique() == evidence.sign.technique();
            if same && failures < neutral.failures() {
                continue;
            }
            // The pair as a whole began with the first failure: whatever happened to the line since voids it, and
            // the punishment that failure set off does not, for the neutral half has passed in between.
            next.evidence.began = evidence.began;
            next.evidence.twin = evidence.twin;
            next.evidence.anchors = evidence.anchors;
            next.evidence.pair = neutral.proves(next.evidence.sign).filter(|_| same);
            self.board.report(next.evidence);
            return;
        }
    }

    fn may_pair(&self, question: &Question<'_>, evidence: &Evidence) -> bool {
        let snapshot = self.board.snapshot();
        let proven = snapshot.standing(&question.route).is_some_and(|s| s.confidence == Confidence::Confirmed);
        let bare = question.way.kind == "direct";
        let is_vouched = evidence.twin == Twin::Answered && evidence.anchors != model::Anchors::Bad;
        bare && !proven && is_vouched && self.is_long_after_a_pair(question)
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
