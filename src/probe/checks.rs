//! The controls' last word: run them, have them judged, tell the board, and remember it for a moment, so that several
//! failures at once ask once.

use super::ask::Asker;
use super::controls::{self, Canary, Readings, Said};
use super::spec::Anchors;
use crate::board::Board;
use crate::health::LinkReport;
use crate::model::{self, LinkState, Moment};
use crate::net::Network;
use crate::transport::Transport;
use std::sync::Arc;
use std::time::Duration;
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
    /// Whether the neutral anchors vouch for the line.
    pub(super) anchors: model::Anchors,
    /// Whether our clock is wrong by more than a day (C11).
    pub(super) is_clock_wrong: bool,
}

/// Runs the controls one at a time and keeps what they said.
pub(super) struct Checks {
    network: Arc<dyn Network>,
    last: Mutex<Option<Last>>,
}

struct Last {
    at: Moment,
    is_full: bool,
    checked: Checked,
    /// Since when only domestic places answer.
    only_home_since: Option<Moment>,
}

/// A clock that is wrong by more than this makes certificates look forged.
const CLOCK_DAY: u64 = 24 * 3600;
/// The share of neutral anchors that must answer (detection rules §1.4, "ok-anchors").
const ENOUGH: (usize, usize) = (3, 4);
/// Only domestic places answering is a whitelist when it is seen twice so far apart (T17).
const WHITELIST_SPAN: Duration = Duration::from_secs(60);

impl Checks {
    pub(super) fn new(network: Arc<dyn Network>) -> Self {
        Self { network, last: Mutex::new(None) }
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
        let mut last = self.last.lock().await;
        let began = board.now();
        let age = last.as_ref().map(|last| began.since(last.at));
        if let Some(known) =
            last.as_ref().filter(|l| l.is_full && age.is_some_and(|a| a <= asker.settings.controls_fresh))
        {
            return known.checked;
        }
        let is_routine = age.is_some_and(|age| age >= asker.settings.controls_routine)
            && last.as_ref().is_some_and(|last| last.checked.state == LinkState::Online);
        let lightly = thorough == Thorough::AsDue && is_routine;
        let network = self.network.as_ref();
        let readings = match lightly {
            true => controls::run_lightly(asker, anchors, network).await,
            false => None,
        };
        let is_full = readings.is_none();
        let readings = match readings {
            Some(readings) => readings,
            None => controls::run(asker, anchors, way, network).await,
        };
        let at = board.now();
        let checked = judged(&readings, last.as_ref(), at);
        board.link(LinkReport { state: checked.state, began, at });
        let only_home_since = match last.take() {
            _ if !readings.is_only_home() => None,
            Some(Last { only_home_since: Some(since), .. }) => Some(since),
            _ => Some(at),
        };
        *last = Some(Last { at, is_full, checked, only_home_since });
        checked
    }
}

/// What the readings mean.
fn judged(readings: &Readings, before: Option<&Last>, at: Moment) -> Checked {
    let answered = readings.neutral.iter().filter(|said| matches!(said, Said::Answered(_))).count();
    let enough = !readings.neutral.is_empty() && answered * ENOUGH.1 >= readings.neutral.len() * ENOUGH.0;
    let clean = readings.captive == Some(Canary::Clean);
    let long_at_home = before.and_then(|last| last.only_home_since).is_some_and(|t| at.since(t) >= WHITELIST_SPAN);
    let state = if !readings.has_default_route {
        LinkState::Offline
    } else if readings.captive == Some(Canary::Altered) {
        LinkState::Captive
    } else if enough || (readings.neutral.is_empty() && readings.captive.is_none_or(|canary| canary == Canary::Clean)) {
        LinkState::Online
    } else if readings.is_only_home() && long_at_home {
        LinkState::Whitelist
    } else if answered > 0 || clean || readings.is_intercepted() || readings.is_only_home() {
        LinkState::LinkBad
    } else {
        LinkState::Offline
    };
    let nobody_asked = readings.neutral.is_empty() && readings.captive.is_none();
    let anchors = match state {
        LinkState::Online if nobody_asked => model::Anchors::Unknown,
        LinkState::Online => model::Anchors::Good,
        _ => model::Anchors::Bad,
    };
    let is_clock_wrong = readings.clock_ahead.is_some_and(|ahead| ahead.unsigned_abs() > CLOCK_DAY);
    Checked { state, anchors, is_clock_wrong }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEARD: Said = Said::Answered(Duration::from_millis(40));

    fn readings(captive: Option<Canary>, neutral: &[Said], domestic: &[Said]) -> Readings {
        let (neutral, domestic) = (neutral.to_vec(), domestic.to_vec());
        Readings { has_default_route: true, captive, neutral, domestic, clock_ahead: None }
    }

    fn state(readings: &Readings) -> LinkState {
        judged(readings, None, Moment::from_millis(100_000)).state
    }

    #[test]
    fn each_answer_of_the_controls_has_its_meaning() {
        use Canary::{Altered, Clean, Silent};
        use Said::{ForeignKey, Nothing};
        for (captive, neutral, domestic, means) in [
            (Some(Clean), &[HEARD, HEARD][..], &[][..], LinkState::Online),
            (Some(Silent), &[HEARD, HEARD], &[], LinkState::Online),
            (Some(Clean), &[HEARD, Nothing, HEARD, HEARD], &[], LinkState::Online),
            (Some(Clean), &[HEARD, Nothing, Nothing, HEARD], &[], LinkState::LinkBad),
            (Some(Altered), &[], &[], LinkState::Captive),
            (Some(Silent), &[Nothing, Nothing], &[Nothing, Nothing], LinkState::Offline),
            (Some(Silent), &[Nothing, Nothing], &[HEARD, HEARD], LinkState::LinkBad),
            (Some(Clean), &[ForeignKey, ForeignKey], &[ForeignKey], LinkState::LinkBad),
            (Some(Clean), &[], &[], LinkState::Online),
            (Some(Silent), &[], &[], LinkState::Offline),
            (None, &[], &[], LinkState::Online),
        ] {
            assert_eq!(state(&readings(captive, neutral, domestic)), means, "{captive:?} {neutral:?} {domestic:?}");
        }
    }

    #[test]
    fn without_a_default_route_nothing_else_matters() {
        let off = Readings { has_default_route: false, ..readings(Some(Canary::Clean), &[HEARD], &[]) };
        assert_eq!(state(&off), LinkState::Offline);
    }

    #[test]
    fn only_home_answering_twice_a_minute_apart_is_a_whitelist() {
        let home = readings(Some(Canary::Silent), &[Said::Nothing; 2], &[HEARD; 2]);
        let since = Moment::from_millis(40_000);
        let checked = judged(&home, None, since);
        let last = Last { at: since, is_full: true, checked, only_home_since: Some(since) };
        assert_eq!(judged(&home, Some(&last), Moment::from_millis(99_000)).state, LinkState::LinkBad);
        assert_eq!(judged(&home, Some(&last), Moment::from_millis(100_000)).state, LinkState::Whitelist);
    }

    #[test]
    fn a_clock_two_years_ahead_is_wrong_and_one_an_hour_off_is_not() {
        let at = Moment::default();
        for (ahead, wrong) in [(63_072_000, true), (-90_000, true), (3600, false)] {
            let readings = Readings { clock_ahead: Some(ahead), ..readings(None, &[HEARD], &[]) };
            assert_eq!(judged(&readings, None, at).is_clock_wrong, wrong, "{ahead}");
        }
    }
}
