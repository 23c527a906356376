//! What is worth telling of a route and moves no connection: the network's resolver lies (T1, T2), several hellos at
//! once are punished (T16). Neither counts a point: the secure answer is used, the hellos are sent one by one.

use super::params::Params;
use crate::model::{Confidence, Moment, Technique};
use std::time::Duration;

/// A resolver that was not caught lying for this long is not said to lie.
const LIES_FOR: Duration = Duration::from_secs(3600);
/// A burst that was not punished for this long is said to be free.
const PUNISHED_FOR: Duration = Duration::from_secs(24 * 3600);

/// What was noticed, and when last.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Asides {
    lie: Option<(Moment, Confidence)>,
    /// Punished bursts: how many punishments apart, and the last.
    bursts: Option<(u32, Moment)>,
    news: bool,
}

impl Asides {
    /// The resolver was caught. True when that is news.
    pub(super) fn lied(&mut self, at: Moment, sure: Confidence) -> bool {
        let known = self.lie.filter(|(seen, _)| at.since(*seen) <= LIES_FOR).map(|(_, sure)| sure);
        let news = known.is_none_or(|before| before < sure);
        self.news |= news;
        self.lie = Some((at, known.map_or(sure, |before| before.max(sure))));
        news
    }

    /// A burst was punished. What is silent within one punishment's time is that one's doing.
    pub(super) fn punished(&mut self, at: Moment, params: &Params) {
        let (count, last) = self.bursts.filter(|(_, last)| at.since(*last) <= PUNISHED_FOR).unwrap_or((0, at));
        if count > 0 && at.since(last) < params.taint.burst {
            return;
        }
        self.bursts = Some((count.saturating_add(1), at));
        self.news |= count == 1;
    }

    /// The route is called blocked: what was taken for punished bursts was that.
    pub(super) fn forgive_bursts(&mut self) {
        self.bursts = None;
    }

    /// Time passes: what is old is no news of today.
    pub(super) fn expire(&mut self, now: Moment) {
        self.lie = self.lie.filter(|(seen, _)| now.since(*seen) <= LIES_FOR);
        self.bursts = self.bursts.filter(|(_, last)| now.since(*last) <= PUNISHED_FOR);
    }

    /// What is to be said of a route that otherwise works; of a burst only when it happened twice.
    pub(super) fn verdict(&self) -> Option<(Technique, Confidence)> {
        let lie = self.lie.map(|(_, sure)| (Technique::DnsTamper, sure));
        let burst = self.bursts.filter(|(count, _)| *count >= 2).map(|_| (Technique::BurstPolice, Confidence::Anomaly));
        lie.or(burst)
    }

    /// Whether something is yet to be told.
    pub(super) const fn has_news(&self) -> bool {
        self.news
    }

    /// The same; it is told with this.
    pub(super) fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.news)
    }
}
