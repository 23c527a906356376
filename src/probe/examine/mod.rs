//! The full examination of one service on request: every test of the decision order (detection rules §1.5), the
//! neutral halves before the real ones, one after another and never in a hurry. It tells each step as it is taken,
//! ends within its time, and is over when nobody listens any more. What it means is concluded in `judge`.

mod line;
mod packets;
mod pairs;
mod plan;
mod streams;
mod subject;
mod transfers;

use super::checks::Checked;
use super::prober::Prober;
use super::round::Rounds;
use super::udp;
use crate::judge::On;
use crate::judge::examination::{Finding, Said, conclude, says};
use crate::judge::link::Clock;
use crate::model::{self, Examined, Exhibit, Ground, LinkState, Outcome, ServiceId, Sign, TransportId, Trial};
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use plan::Test;
use std::sync::Arc;
use std::time::Duration;
use subject::Subject;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// All of it ends within this; what has not been tested by then is said not to be.
const WHOLE: Duration = Duration::from_secs(180);
/// No two connections of an examination begin closer to each other: four at once are what some censors punish (T16).
const APART: Duration = Duration::from_millis(500);
/// Steps told ahead of who listens.
const AHEAD: usize = 8;

impl Prober {
    /// Examines a service, step by step. Nothing happens unless the stream is read; dropped, it ends at once.
    ///
    /// The first step is [`Examined::Planned`]; then each planned test gives one [`Examined::Exhibit`], with
    /// [`Examined::Began`] before it when it is really made; the last is [`Examined::Concluded`]. What is found goes to
    /// the board as any probe's evidence.
    pub fn examine(&self, service: &ServiceId) -> BoxStream<'static, Examined> {
        let (told, mut heard) = mpsc::channel(AHEAD);
        let (rounds, gate, service) = (Arc::clone(&self.rounds), self.gate(service), service.clone());
        let work = async move {
            // No probe of the service meanwhile: it would be one connection more than was thought of.
            let _turn = gate.lock_owned().await;
            Examination::new(&rounds, service, told).run().await;
        };
        let mut work = work.boxed().fuse();
        stream::poll_fn(move |cx| {
            // It has nothing to say but what it tells.
            let _ = work.poll_unpin(cx);
            heard.poll_recv(cx)
        })
        .boxed()
    }
}

/// What became of one test.
struct Performed {
    said: Said,
    /// Why it was not made, or what its numbers are.
    note: Option<String>,
}

impl Performed {
    const PASSED: Self = Self { said: Said::Passed, note: None };

    const fn failed(sign: Sign) -> Self {
        Self { said: Said::Failed { sign, tries: 1 }, note: None }
    }

    fn skipped(why: &str) -> Self {
        Self { said: Said::Skipped, note: Some(why.to_owned()) }
    }
}

/// One examination under way.
struct Examination<'a> {
    rounds: &'a Rounds,
    service: ServiceId,
    told: mpsc::Sender<Examined>,
    ends: Instant,
    last_dial: Option<Instant>,
    line: Checked,
    findings: Vec<Finding>,
    subjects: Vec<Subject<'a>>,
    /// What packets to neutral places did.
    neutral_packets: Option<udp::Neutral>,
}

/// Nobody listens any more.
struct Left;

impl<'a> Examination<'a> {
    fn new(rounds: &'a Rounds, service: ServiceId, told: mpsc::Sender<Examined>) -> Self {
        let line = Checked {
            state: LinkState::Online,
            ground: Ground::NotAsked,
            anchors: model::Anchors::Unknown,
            clock: Clock::Unknown,
        };
        let subjects = Subject::all(rounds, &service);
        let ends = Instant::now() + WHOLE;
        let (last_dial, neutral_packets) = (None, None);
        Self { rounds, service, told, ends, last_dial, line, findings: Vec::new(), subjects, neutral_packets }
    }

    async fn run(mut self) {
        // Who has left wants to hear no more.
        let _ = self.steps().await;
    }

    async fn steps(&mut self) -> Result<(), Left> {
        let plan = plan::plan(&self.subjects);
        let tests = u32::try_from(plan.len()).unwrap_or(u32::MAX);
        self.tell(Examined::Planned { service: self.service.clone(), tests }).await?;
        for test in plan {
            let began = Instant::now();
            let done = match self.why_not(&test) {
                Some(why) => Performed::skipped(why),
                None => {
                    self.tell(Examined::Began(test.trial)).await?;
                    self.perform(&test).await?
                }
            };
            self.note(&test, done, began).await?;
            if test.closes {
                self.tell_the_board(test.subject).await;
            }
        }
        let facets: Vec<_> = self.subjects.iter().map(|subject| (subject.facet, subject.l4)).collect();
        let Checked { state: link, ground, .. } = self.line;
        let facets = conclude(&facets, &self.findings, link, ground);
        self.tell(Examined::Concluded { link, ground, facets }).await
    }

    /// What stands against a test before it is looked at closely.
    fn why_not(&self, test: &Test) -> Option<&'static str> {
        let is_bare = test.on == On::Bare;
        if test.trial == Trial::Link {
            return None;
        }
        if Instant::now() >= self.ends {
            return Some("the time was up");
        }
        match self.line.state {
            LinkState::Online => {}
            LinkState::Whitelist if !is_bare => {}
            _ => return Some("the line is not well"),
        }
        let subject = self.subjects.get(test.subject?)?;
        (is_bare && subject.question.is_none()).then_some("your rule keeps it off the direct way")
    }

    async fn perform(&mut self, test: &Test) -> Result<Performed, Left> {
        let Some(index) = test.subject else {
            return Ok(match test.trial {
                Trial::Link => self.look_at_the_line().await,
                Trial::LateAnswer => self.hear_late_answers().await,
                _ => self.compare_resolvers().await,
            });
        };
        Ok(match test.trial {
            Trial::Service | Trial::Calls => self.ask_service(index).await,
            Trial::Tunnel => self.ask_inside(index).await,
            Trial::NeutralName => self.put_neutral(index, pairs::Half::Name).await?,
            Trial::NeutralBytes => self.put_neutral(index, pairs::Half::Bytes).await?,
            Trial::NeutralAddress => self.show_name_elsewhere(index).await,
            Trial::SmallHello => self.show_small_hello(index).await,
            Trial::OtherEndpoint => self.ask_sibling(index).await,
            Trial::OtherFamily => self.ask_other_family(index).await,
            Trial::Body if test.on == On::Bare => self.fetch_body(index).await,
            Trial::Body => self.fetch_body_inside(index).await,
            Trial::Packets => self.count_packets(index).await,
            Trial::Goodput => self.measure(index).await,
            Trial::PlainHttp => self.fetch_in_clear(index).await,
            Trial::Quic => self.ask_quic(index).await,
            Trial::NeutralStun | Trial::NeutralUdp => self.ask_neutral_packets(index, test.trial).await,
            Trial::Link | Trial::Dns | Trial::LateAnswer => Performed::skipped("it is about the line"),
        })
    }

    /// Writes a test down and tells of it.
    async fn note(&mut self, test: &Test, done: Performed, began: Instant) -> Result<(), Left> {
        let subject = test.subject.and_then(|index| self.subjects.get(index));
        let facet = subject.map(|subject| subject.facet);
        let via = match test.on {
            On::Bare => Some(TransportId::from("direct")),
            On::Tunnel => subject.and_then(|subject| subject.tunnel).map(|way| way.id.clone()),
        };
        let said = says(test.trial, &done.said);
        let (outcome, says) = match (&done.said, done.note) {
            (Said::Passed, None) => (Outcome::Passed, said),
            (Said::Passed, Some(note)) => (Outcome::Passed, format!("{said} ({note})")),
            (Said::Failed { sign, .. } | Said::Mixed { sign, .. }, note) => {
                let note = note.map(|note| format!(" ({note})")).unwrap_or_default();
                (Outcome::Failed(sign.name().to_owned()), format!("{said}{note}"))
            }
            (Said::Skipped, note) => (Outcome::Skipped(note.unwrap_or_default()), said),
        };
        self.findings.push(Finding { trial: test.trial, facet, on: test.on, said: done.said });
        let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.tell(Examined::Exhibit(Exhibit { trial: test.trial, facet, via, outcome, took_ms, says })).await
    }

    async fn tell(&self, step: Examined) -> Result<(), Left> {
        self.told.send(step).await.map_err(|_| Left)
    }

    /// Waits until another connection may begin.
    async fn pace(&mut self) {
        if let Some(last) = self.last_dial {
            sleep_until(last + APART).await;
        }
        self.last_dial = Some(Instant::now());
    }

    /// What a test of a subject has brought so far.
    fn found(&self, index: usize, trial: Trial) -> Said {
        let facet = self.subjects.get(index).map(|subject| subject.facet);
        let fits = |finding: &&Finding| finding.trial == trial && finding.facet == facet && finding.on == On::Bare;
        self.findings.iter().find(fits).map_or(Said::Skipped, |finding| finding.said)
    }

    /// What the service's own test failed with, at least once.
    fn trouble(&self, index: usize) -> Option<Sign> {
        match self.found(index, Trial::Service) {
            Said::Failed { sign, .. } | Said::Mixed { sign, .. } => Some(sign),
            Said::Passed | Said::Skipped => None,
        }
    }
}
