//! The controls' last word: run them, have them judged, tell the board, and remember it for a moment, so that several
//! failures at once ask once.

use super::ask::Asker;
use super::spec::Anchors;
use super::{clock, controls};
use crate::board::{Board, LinkReport};
use crate::judge::link::{self, Clock, Controls, Doubt, Finding, Limits};
use crate::model::{self, Ground, LinkState, Moment, NetworkId};
use crate::net::Network;
use crate::transport::Transport;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How much is wanted to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thorough {
    /// Everything: a failure is in question.
    Fully,
    /// The same, and that the line was still there after this moment, at which the failure began: it may have gone since
    /// it was last looked at.
    After(Moment),
    /// Everything when a failure may be in question, else only whether the line is still there.
    AsDue,
}

impl Thorough {
    /// After which moment the line must have been there, where everything is wanted to be known.
    fn wanted(self) -> Option<Moment> {
        match self {
            Self::Fully => Some(Moment::default()),
            Self::After(since) => Some(since),
            Self::AsDue => None,
        }
    }
}

/// What the controls said, as judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Checked {
    pub(super) state: LinkState,
    pub(super) ground: Ground,
    /// Whether the neutral anchors vouch for the line: their certificates are theirs, and our clock is right.
    pub(super) anchors: model::Anchors,
    /// What our clock looks like beside theirs; unknown where only a light look was taken.
    pub(super) clock: Clock,
}

/// Runs the controls one at a time and keeps what they said.
pub(super) struct Checks {
    network: Arc<dyn Network>,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    last: Option<Last>,
    doubt: Doubt,
    /// How long the neutral anchors usually take to answer, on this network.
    usual: Option<(NetworkId, Duration)>,
}

struct Last {
    at: Moment,
    /// When the latest look began at which it was still there.
    vouched: Moment,
    network: NetworkId,
    /// [`Board::changes`] at that time.
    changes: u64,
    is_full: bool,
    checked: Checked,
    /// How often in a row the line was bad, this time included.
    bad_runs: u32,
}

/// Round trips of a light look: two pages in clear text, each with its connection.
const LIGHT_TRIPS: u32 = 4;
/// A line that stays bad is looked at after this, then after twice as long each time …
const BAD_AGAIN: Duration = Duration::from_secs(50);
/// The first looks may come soon: a line that is just coming up is bad for a moment. Not where it seems to be whitelisted.
const BAD_SOON: Duration = Duration::from_millis(700);
const SOON: u32 = 3;
/// … up to this. Where somebody answers in every anchor's place it stays bad for days, and a look costs 25 KB.
const BAD_RARELY: Duration = Duration::from_secs(1200);

impl Last {
    /// Whether it is too soon to look again at a line that is only bad, not gone: a portal is cheap to ask after, a
    /// line that is down costs nothing, and the second look at a suspected whitelist comes after a minute.
    fn is_too_soon(&self, now: Moment) -> bool {
        let wait = match self.bad_runs {
            runs if runs <= SOON && self.checked.ground != Ground::OnlyDomesticOnce => BAD_SOON,
            runs => BAD_AGAIN.saturating_mul(1 << runs.saturating_sub(SOON + 1).min(8)).min(BAD_RARELY),
        };
        self.checked.state == LinkState::LinkBad && now.since(self.at) < wait
    }
}

impl Memory {
    /// The anchors' usual time on `network`.
    fn usual(&self, network: NetworkId) -> Option<Duration> {
        self.usual.filter(|(known, _)| *known == network).map(|(_, usual)| usual)
    }

    /// They took so long on a line that is well: the least is nearest to the truth, and fades slowly.
    fn learn(&mut self, network: NetworkId, took: Duration) {
        let usual = self.usual(network).map_or(took, |usual| took.min(usual + took.saturating_sub(usual) / 8));
        self.usual = Some((network, usual));
    }
}

impl Checks {
    pub(super) fn new(network: Arc<dyn Network>) -> Self {
        Self { network, memory: Mutex::default() }
    }

    /// Runs the controls over `way`, unless they were run just now, and tells the board.
    pub(super) async fn run(
        &self,
        asker: &Asker,
        anchors: &Anchors,
        way: Option<&Transport>,
        board: &Board,
        thorough: Thorough,
    ) -> Checked {
        let mut memory = self.memory.lock().await;
        let (began, network, changes) = (board.now(), board.snapshot().network, board.changes());
        // What was heard on another network, or before a sleep, vouches for nothing on this one.
        memory.last.take_if(|last| last.network != network || last.changes != changes);
        let is_fresh = |last: &&mut Last| last.is_full && began.since(last.at) <= asker.settings.controls_fresh;
        let fresh = memory.last.as_mut().filter(is_fresh);
        if let Some(last) = fresh
            && let Some(since) = thorough.wanted()
        {
            if last.checked.state != LinkState::Online || last.vouched >= since {
                return last.checked;
            }
            if controls::run_lightly(asker, anchors, self.network.as_ref()).await.is_some() {
                last.vouched = began;
                board.link(LinkReport {
                    state: last.checked.state,
                    ground: last.checked.ground,
                    began,
                    at: board.now(),
                });
                return last.checked;
            }
        }
        // A fact waits for somebody to vouch for the line after it: a light look shows that it is still there.
        let is_fresh = memory.last.as_mut().is_some_and(|last| is_fresh(&last));
        if let (Thorough::AsDue, Some(last)) = (thorough, memory.last.as_ref().filter(|last| last.is_too_soon(began))) {
            board.link(LinkReport { state: last.checked.state, ground: last.checked.ground, began, at: began });
            return last.checked;
        }
        let is_routine = memory.last.as_ref().is_some_and(|last| {
            let is_due = is_fresh || began.since(last.at) >= asker.settings.controls_routine;
            last.checked.state == LinkState::Online && is_due
        });
        let usual = memory.usual(network);
        let light = match thorough {
            Thorough::AsDue if is_routine => self.look_lightly(asker, anchors, usual).await,
            Thorough::AsDue | Thorough::Fully | Thorough::After(_) => None,
        };
        let is_full = light.is_none();
        let mut run = match light {
            Some(run) => run,
            None => controls::run(asker, anchors, way, self.network.as_ref()).await,
        };
        run.usual_rtt = usual;
        let at = board.now();
        let checked = meaning(&run, &mut memory.doubt, asker.settings.limits, at);
        if let Some(took) = run.trip().filter(|_| checked.state == LinkState::Online) {
            memory.learn(network, took);
        }
        board.link(LinkReport { state: checked.state, ground: checked.ground, began, at });
        let before = memory.last.take().map_or(0, |last| last.bad_runs);
        let bad_runs = if checked.state == LinkState::LinkBad { before.saturating_add(1) } else { 0 };
        if is_full {
            clock::mind(asker, anchors, way, &run).await;
        }
        memory.last = Some(Last { at, vouched: began, network, changes, is_full, checked, bad_runs });
        checked
    }
}

impl Checks {
    /// A light look; `None` when it leaves a doubt, as one that took long does.
    async fn look_lightly(&self, asker: &Asker, anchors: &Anchors, usual: Option<Duration>) -> Option<Controls> {
        let began = Instant::now();
        let run = controls::run_lightly(asker, anchors, self.network.as_ref()).await?;
        let is_slow = usual.is_some_and(|usual| began.elapsed() >= link::too_slow(usual) * LIGHT_TRIPS);
        (!is_slow).then_some(run)
    }
}

fn meaning(run: &Controls, doubt: &mut Doubt, limits: Limits, at: Moment) -> Checked {
    let nobody_asked = !run.unplugged && run.canaries.is_empty() && run.neutral.is_empty() && run.domestic.is_empty();
    // Where no control is configured, nothing is known, and nothing is assumed.
    if nobody_asked {
        return Checked {
            state: LinkState::Online,
            ground: Ground::NotAsked,
            anchors: model::Anchors::Unknown,
            clock: run.clock,
        };
    }
    let Finding { state, ground } = doubt.assess(run, limits, at);
    let anchors = if state == LinkState::Online { model::Anchors::Good } else { model::Anchors::Bad };
    Checked { state, ground, anchors, clock: run.clock }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::link::{Anchor, Canary};

    const HEARD: Anchor = Anchor::Answered(Duration::from_millis(40));

    fn after(run: &Controls) -> Checked {
        meaning(run, &mut Doubt::default(), Limits::default(), Moment::default())
    }

    #[test]
    fn anchors_vouch_only_for_a_line_that_is_well() {
        let well = Controls { canaries: vec![Canary::Exact], neutral: vec![HEARD; 2], ..Controls::default() };
        assert_eq!(
            after(&well),
            Checked {
                state: LinkState::Online,
                ground: Ground::AnchorsAnswer,
                anchors: model::Anchors::Good,
                clock: Clock::Unknown
            }
        );
        let portal = Controls { canaries: vec![Canary::Altered; 2], ..Controls::default() };
        assert_eq!(
            after(&portal),
            Checked {
                state: LinkState::Captive,
                ground: Ground::Portal,
                anchors: model::Anchors::Bad,
                clock: Clock::Unknown
            }
        );
    }

    #[test]
    fn without_controls_nothing_is_assumed_but_a_pulled_cable_is_seen() {
        let none = Checked {
            state: LinkState::Online,
            ground: Ground::NotAsked,
            anchors: model::Anchors::Unknown,
            clock: Clock::Unknown,
        };
        assert_eq!(after(&Controls::default()), none);
        assert_eq!(after(&Controls { unplugged: true, ..Controls::default() }).state, LinkState::Offline);
    }

    #[test]
    fn a_line_that_stays_bad_is_looked_at_ever_more_rarely() {
        let last = |state, bad_runs| Last {
            at: Moment::default(),
            vouched: Moment::default(),
            network: NetworkId(1),
            is_full: true,
            changes: 0,
            checked: Checked { state, ground: Ground::TooFew, anchors: model::Anchors::Bad, clock: Clock::Unknown },
            bad_runs,
        };
        for (bad_runs, millis) in [(1, 700), (3, 700), (4, 50_000), (5, 100_000), (6, 200_000), (u32::MAX, 1_200_000)] {
            let bad = last(LinkState::LinkBad, bad_runs);
            assert!(bad.is_too_soon(Moment::from_millis(millis - 1)), "{bad_runs}");
            assert!(!bad.is_too_soon(Moment::from_millis(millis)), "{bad_runs}");
        }
        assert!(!last(LinkState::Offline, 0).is_too_soon(Moment::default()));
    }
}
