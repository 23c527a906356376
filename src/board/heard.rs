//! Answers that say once more what is known. Each step of the beliefs looks at every route; so of a route that is well, and
//! was told to be a moment ago, only the newest answer is told, a quarter of a second later at the latest and before
//! anything that is news. What is no such answer never waits here.

use crate::model::{
    EndpointTag, Evidence, Grade, Keyed, LinkState, Moment, Phase, Route, Sign, Snapshot, Source, Twin,
};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// How long an answer may wait.
const WAITS: Duration = Duration::from_millis(250);
/// A route on which something failed so shortly ago is not simply well.
const CALM: Duration = Duration::from_secs(60);

/// The answers that wait, and when others were told.
#[derive(Default)]
pub(super) struct Heard {
    all: Mutex<All>,
    /// The first of them began to wait.
    pub(super) began: Notify,
}

#[derive(Default)]
struct All {
    told: Keyed<Route, (Moment, Option<EndpointTag>)>,
    waiting: Keyed<Route, Evidence>,
    /// When what waits is due.
    due: Option<Moment>,
}

impl Heard {
    /// Whether `evidence` waits here; what is given back is to be told now.
    pub(super) fn hold(&self, evidence: Evidence, believed: &Snapshot) -> Option<Evidence> {
        let mut all = self.lock();
        if !is_an_answer(&evidence) {
            // What is heard of this route next is news.
            all.told.remove(&evidence.route);
            return Some(evidence);
        }
        let known = all.told.get(&evidence.route).is_some_and(|(at, endpoint)| {
            *endpoint == evidence.endpoint && evidence.at.since(*at) < WAITS && is_well(believed, &evidence)
        });
        if !known {
            all.told.insert(evidence.route.clone(), (evidence.at, evidence.endpoint));
            return Some(evidence);
        }
        if all.due.is_none() {
            all.due = Some(evidence.at + WAITS);
            self.began.notify_one();
        }
        all.waiting.insert(evidence.route.clone(), evidence);
        None
    }

    /// When what waits is to be told.
    pub(super) fn due(&self) -> Option<Moment> {
        self.lock().due
    }

    /// All that waits, in the order in which it was seen.
    pub(super) fn take(&self) -> Vec<Evidence> {
        let mut all = self.lock();
        all.due = None;
        let mut taken: Vec<_> = std::mem::take(&mut all.waiting).into_values().collect();
        for evidence in &taken {
            // Where something else was told meanwhile, what is heard next is news.
            if let Some(told) = all.told.get_mut(&evidence.route) {
                *told = (evidence.at, evidence.endpoint);
            }
        }
        drop(all);
        taken.sort_by_key(|evidence| evidence.at);
        taken
    }

    /// What was told before, was told of another network or of other routes: the next answers are told behind that change.
    pub(super) fn forget(&self) {
        self.lock().told.clear();
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether it is the plain answer to a person's connection, and nothing more.
fn is_an_answer(evidence: &Evidence) -> bool {
    let plain = evidence.pair.is_none() && !evidence.sharpens && evidence.twin == Twin::Unknown;
    plain && evidence.source == Source::Traffic && evidence.sign == Sign::Answer(Grade::B)
}

/// Whether nothing is in doubt on its route.
fn is_well(believed: &Snapshot, evidence: &Evidence) -> bool {
    let calm = |bad: Option<Moment>| bad.is_none_or(|bad| evidence.at.since(bad) >= CALM);
    let standing = believed.standing(&evidence.route);
    believed.link == LinkState::Online
        && standing.is_some_and(|standing| standing.phase == Phase::Ok && !standing.hostile && calm(standing.last_bad))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Facet, L4, Standing};

    fn route(service: &str) -> Route {
        Route { service: service.into(), facet: Facet::Text, transport: "direct".into(), l4: L4::Tcp }
    }

    fn answer(service: &str, millis: u64) -> Evidence {
        let at = Moment::from_millis(millis);
        Evidence::new(route(service), Source::Traffic, Sign::Answer(Grade::B), at, at)
    }

    fn well() -> Snapshot {
        let standing = Standing { phase: Phase::Ok, ..Standing::unknown(Moment::default()) };
        let standings = ["telegram", "signal"].map(|service| (route(service), standing.clone()));
        Snapshot { link: LinkState::Online, standings: standings.into_iter().collect(), ..Snapshot::default() }
    }

    #[test]
    fn only_the_newest_answer_of_a_quarter_second_waits_where_all_is_well() {
        let (heard, well) = (Heard::default(), well());
        let is_told = |service, millis| heard.hold(answer(service, millis), &well).is_some();
        assert_eq!([0, 10, 40].map(|at| is_told("telegram", at)), [true, false, false]);
        assert!(is_told("signal", 40), "each route for itself");
        assert_eq!(heard.due(), Some(Moment::from_millis(260)));
        assert_eq!(heard.take(), [answer("telegram", 40)]);
        assert_eq!(heard.due(), None);
        assert!(!is_told("telegram", 289), "it was told of 40");
        assert!(is_told("telegram", 290));
    }

    #[test]
    fn what_is_news_is_told_at_once() {
        let (heard, well) = (Heard::default(), well());
        let is_told = |evidence: Evidence, believed: &Snapshot| heard.hold(evidence, believed).is_some();
        assert!(is_told(answer("telegram", 0), &well));
        let elsewhere = Evidence { endpoint: Some(EndpointTag(7)), ..answer("telegram", 1) };
        assert!(is_told(elsewhere, &well), "another address");
        let elsewhere = |at| Evidence { endpoint: Some(EndpointTag(7)), ..answer("telegram", at) };
        assert!(!is_told(elsewhere(2), &well));
        assert!(is_told(Evidence { source: Source::Probe, ..elsewhere(3) }, &well));
        assert!(is_told(elsewhere(4), &well), "behind something else");
        assert!(is_told(Evidence { sign: Sign::ConnectTimeout, ..elsewhere(5) }, &well));
        assert!(is_told(elsewhere(6), &well), "after a failure");
        for unwell in [Phase::Suspect, Phase::Blocked, Phase::Unknown] {
            let standing = Standing { phase: unwell, ..Standing::unknown(Moment::default()) };
            let believed =
                Snapshot { standings: [(route("telegram"), standing)].into_iter().collect(), ..well.clone() };
            assert!(is_told(elsewhere(7), &believed), "{unwell:?}");
        }
        assert!(is_told(elsewhere(8), &Snapshot { link: LinkState::Offline, ..well.clone() }));
    }

    #[test]
    fn what_waited_makes_nothing_old_that_comes_after_a_change() {
        let (heard, well) = (Heard::default(), well());
        let is_told = |evidence: Evidence| heard.hold(evidence, &well).is_some();
        assert!(is_told(answer("telegram", 0)) && !is_told(answer("telegram", 1)));
        assert!(is_told(Evidence { sign: Sign::ConnectTimeout, ..answer("telegram", 2) }));
        assert_eq!(heard.take(), [answer("telegram", 1)], "before the failure");
        assert!(is_told(answer("telegram", 3)), "after it");

        assert!(!is_told(answer("telegram", 4)));
        heard.forget();
        assert!(is_told(answer("telegram", 5)), "on another network");
        assert_eq!(heard.take(), [answer("telegram", 4)], "of the one before");
    }
}
