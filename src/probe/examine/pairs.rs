//! The neutral halves (C4, C5, C6, C10): the like of the service's own question with one difference. Those that go to the
//! service's address come before the real question; where an earlier connection may have set off a punishment, it is
//! waited out, and what fails all the same is no finding.

use super::{Examination, Left, Performed};
use crate::judge::examination::Said;
use crate::model::{Destination, Examined, Sign, Trial};
use crate::probe::pair::{self, Neutral, https_of};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Which neutral half.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    /// Another name.
    Name,
    /// Other bytes.
    Bytes,
}

/// The usual punishment for a name (T6, T19): shorter than an examination.
const SHORT: Duration = Duration::from_secs(75);
/// The longest punishment (T7, T19): longer than an examination.
const LONG: Duration = Duration::from_secs(420);
/// What must be left of the time when a punishment has been waited out.
const REST: Duration = Duration::from_secs(60);

impl Examination<'_> {
    /// C4 and C6: the service's own address, before the real question.
    pub(super) async fn put_neutral(&mut self, index: usize, half: Half) -> Result<Performed, Left> {
        let Some(question) = self.subjects.get(index).and_then(|subject| subject.real()) else {
            return Ok(Performed::skipped("there is no direct way"));
        };
        let neutral = match (half, https_of(&question.spec)) {
            (Half::Bytes, Some(_)) => Some(Neutral::Http),
            _ => self.rounds.neutral(&question),
        };
        let Some(neutral) = neutral else { return Ok(Performed::skipped("no neutral name is configured")) };
        let mut done = self.put(index, &neutral, &question.target).await;
        if is_stopped(&done) && half == Half::Bytes && self.is_unanswered_inside(index, &neutral).await {
            return Ok(Performed::skipped("its server says nothing to such bytes through a tunnel either"));
        }
        if is_stopped(&done)
            && let Some(since) = self.since_trouble()
            && since < LONG
        {
            let wait = SHORT.saturating_sub(since);
            if !wait.is_zero() && Instant::now() + wait + REST < self.ends {
                self.tell(Examined::Waits { seconds: u32::try_from(wait.as_secs()).unwrap_or(u32::MAX) }).await?;
                sleep(wait).await;
                done = self.put(index, &neutral, &question.target).await;
            }
            if is_stopped(&done) {
                let why = "an earlier connection may still be punished here: look again ten minutes after the last one";
                return Ok(Performed::skipped(why));
            }
        }
        Ok(done)
    }

    /// C5: the service's name at a place that has nothing to do with it.
    pub(super) async fn show_name_elsewhere(&mut self, index: usize) -> Performed {
        match self.trouble(index) {
            None => return Performed::skipped("its own address answered"),
            Some(Sign::ForeignKey | Sign::WrongAnswer | Sign::BlockPage) => {
                return Performed::skipped("the question is who answers, not whether");
            }
            Some(_) => {}
        }
        // What this sets off would fall on a neutral place, and those are few.
        if self.findings.iter().any(|past| past.trial == Trial::NeutralAddress && past.said != Said::Skipped) {
            return Performed::skipped("once is enough");
        }
        let neutral = self.rounds.anchors.neutral.iter().flat_map(|spec| &spec.targets);
        let Some(target) = neutral.into_iter().find(|target| target.host.name().is_some()).cloned() else {
            return Performed::skipped("no neutral address is configured");
        };
        let shown = self.subjects.get(index).and_then(|subject| {
            let question = subject.question.as_ref()?;
            Neutral::name_of(&question.spec, &question.target)
        });
        match shown {
            Some(shown) => self.put_to(index, &shown, &target).await,
            None => Performed::skipped("its first message shows no name"),
        }
    }

    /// C10: the same name in a hello that fits one packet.
    pub(super) async fn show_small_hello(&mut self, index: usize) -> Performed {
        if !matches!(self.trouble(index), Some(Sign::HelloDropped | Sign::HelloMuted | Sign::Silence)) {
            return Performed::skipped("no large first message was swallowed");
        }
        // The neutral name went in a hello as large.
        if self.found(index, Trial::NeutralName) == Said::Passed {
            return Performed::skipped("a first message as large, under another name, passed");
        }
        let Some(sign) = self.trouble(index) else { return Performed::skipped("the service answered") };
        let small = self.subjects.get(index).and_then(|subject| {
            let (asked, question) = (subject.question.as_ref()?, subject.real()?);
            Some((Neutral::small_of(&asked.spec, &asked.target)?, question))
        });
        let Some((small, question)) = small else { return Performed::skipped("its first message is no TLS hello") };
        self.pace().await;
        self.rounds.board.probe_started(question.route.clone(), small.price());
        match small.fares_better(&self.rounds.asker, question.way, &question.target, sign).await {
            true => Performed::PASSED,
            false => Performed::failed(sign),
        }
    }

    /// Whether a half gets no answer inside the tunnel either.
    async fn is_unanswered_inside(&mut self, index: usize, neutral: &Neutral) -> bool {
        let Some((way, question)) = self.subjects.get(index).and_then(|subject| subject.inside()) else { return false };
        self.pace().await;
        let (half, _) = neutral.ask(&self.rounds.asker, way, &question.target).await;
        half != pair::Half::Passed
    }

    /// Puts a half to the service's address, and remembers which that was.
    async fn put(&mut self, index: usize, neutral: &Neutral, target: &Destination) -> Performed {
        let known = self.subjects.get(index).and_then(|subject| subject.address);
        let target = known.map_or_else(|| target.clone(), Destination::from);
        self.put_to(index, neutral, &target).await
    }

    async fn put_to(&mut self, index: usize, neutral: &Neutral, target: &Destination) -> Performed {
        self.pace().await;
        let Some(question) = self.subjects.get(index).and_then(|subject| subject.question.as_ref()) else {
            return Performed::skipped("there is no direct way");
        };
        self.rounds.board.probe_started(question.route.clone(), neutral.price());
        let is_own = target.host.ip().is_some() || target.host == question.target.host;
        let (half, address) = neutral.ask(&self.rounds.asker, question.way, target).await;
        if let Some(subject) = self.subjects.get_mut(index).filter(|_| is_own) {
            subject.address = subject.address.or(address);
        }
        match half {
            pair::Half::Passed => Performed::PASSED,
            pair::Half::Failed(sign) => Performed::failed(sign),
            pair::Half::Nothing => Performed::skipped("this machine could not ask"),
        }
    }

    /// How long ago anything about this service failed directly, as the board knows.
    fn since_trouble(&self) -> Option<Duration> {
        let (snapshot, now) = (self.rounds.board.snapshot(), self.rounds.board.now());
        let direct = |id: &crate::model::TransportId| self.rounds.ways.iter().any(|way| way.bare && way.id == *id);
        let of_it = snapshot.standings.iter();
        let of_it = of_it.filter(|(route, _)| route.service == self.service && direct(&route.transport));
        of_it.filter_map(|(_, standing)| standing.last_bad).map(|at| now.since(at)).min()
    }
}

/// Whether the half was stopped in a way that a punishment may explain.
const fn is_stopped(done: &Performed) -> bool {
    matches!(done.said, Said::Failed { .. })
}
