//! The controls' last word: run them, have them judged, tell the board, and remember it for a moment, so that several
//! failures at once ask once.

use super::ask::Asker;
use super::controls;
use super::spec::Anchors;
use crate::board::Board;
use crate::health::LinkReport;
use crate::judge::link::{Controls, Doubt, Limits};
use crate::model::{self, LinkState, Moment};
use crate::net::Network;
use crate::transport::Transport;
use std::sync::Arc;
use tokio::sync::Mutex;

/// How much is wanted to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thorough {
    /// Everything: a failure is in question.
    Fully,
    /// Everything when a failure may be in question, else only whether the line is still there.
    AsDue,
}

/// What the controls said, as judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Checked {
    pub(super) state: LinkState,
    /// Whether the neutral anchors vouch for the line: their certificates are theirs, and our clock is right.
    pub(super) anchors: model::Anchors,
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
}

struct Last {
    at: Moment,
    is_full: bool,
    checked: Checked,
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
        let began = board.now();
        if let Some(last) = &memory.last
            && last.is_full
            && began.since(last.at) <= asker.settings.controls_fresh
        {
            return last.checked;
        }
        let is_routine = memory.last.as_ref().is_some_and(|last| {
            last.checked.state == LinkState::Online && began.since(last.at) >= asker.settings.controls_routine
        });
        let light = match thorough {
            Thorough::AsDue if is_routine => controls::run_lightly(asker, anchors, self.network.as_ref()).await,
            Thorough::AsDue | Thorough::Fully => None,
        };
        let is_full = light.is_none();
        let run = match light {
            Some(run) => run,
            None => controls::run(asker, anchors, way, self.network.as_ref()).await,
        };
        let at = board.now();
        let checked = meaning(&run, &mut memory.doubt, asker.settings.limits, at);
        board.link(LinkReport { state: checked.state, began, at });
        memory.last = Some(Last { at, is_full, checked });
        checked
    }
}

fn meaning(run: &Controls, doubt: &mut Doubt, limits: Limits, at: Moment) -> Checked {
    let nobody_asked = !run.unplugged && run.canaries.is_empty() && run.neutral.is_empty() && run.domestic.is_empty();
    // Where no control is configured, nothing is known, and nothing is assumed.
    if nobody_asked {
        return Checked { state: LinkState::Online, anchors: model::Anchors::Unknown };
    }
    let state = doubt.assess(run, limits, at).state;
    let anchors = if state == LinkState::Online { model::Anchors::Good } else { model::Anchors::Bad };
    Checked { state, anchors }
}
