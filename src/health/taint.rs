//! Which endpoints a censor may still be punishing (detection rules T19): after a trigger, attempts begun within
//! the window count nothing, or a punishment would be taken for a block of its own.

use super::params::TaintTimes;
use crate::model::{EndpointTag, Moment, Sign, Technique};
use std::time::Duration;

/// The most marks kept for a route; the soonest to end goes first.
const MOST: usize = 32;

/// The punished endpoints of one route.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Taint {
    marks: Vec<Mark>,
}

#[derive(Clone, Debug, PartialEq)]
struct Mark {
    endpoint: Option<EndpointTag>,
    from: Moment,
    until: Moment,
}

impl Taint {
    /// Whether an attempt at `endpoint` begun at `began` fell into a punishment. An attempt begun before the trigger
    /// failed is a witness of its own; one begun at that very moment was begun because of it.
    pub(super) fn covers(&self, endpoint: Option<EndpointTag>, began: Moment) -> bool {
        self.marks.iter().any(|m| {
            let same = m.endpoint.is_none() || endpoint.is_none() || m.endpoint == endpoint;
            same && m.from <= began && began < m.until
        })
    }

    /// Marks an endpoint until the punishment for `sign` is over.
    pub(super) fn mark(&mut self, endpoint: Option<EndpointTag>, at: Moment, window: Duration) {
        self.marks.retain(|m| m.until > at);
        if self.marks.len() >= MOST
            && let Some(soonest) = (0..self.marks.len()).min_by_key(|i| self.marks[*i].until)
        {
            self.marks.swap_remove(soonest);
        }
        self.marks.push(Mark { endpoint, from: at, until: at + window });
    }

    /// An endpoint answered after it was marked: it is not punished, and what the mark was for was only late.
    pub(super) fn lift(&mut self, endpoint: Option<EndpointTag>, at: Moment) {
        if endpoint.is_some() {
            self.marks.retain(|m| m.endpoint != endpoint || m.from > at);
        }
    }

    /// When the last punishment is over, if one is on at `now`.
    pub(super) fn until(&self, now: Moment) -> Option<Moment> {
        self.marks.iter().map(|m| m.until).filter(|u| *u > now).max()
    }
}

/// How long a censor punishes after what this sign (or the pair run for it) shows; `None` when it does not.
pub(super) const fn window(sign: Sign, pair: Option<Technique>, times: &TaintTimes) -> Option<Duration> {
    let how = match pair {
        Some(how) => Some(how),
        None => sign.technique(),
    };
    match how {
        Some(Technique::SniRst) => Some(times.sni_rst),
        Some(Technique::SniDropHello | Technique::SniDropAnswer | Technique::S2cDrop) => Some(times.sni_drop),
        Some(Technique::QuicBlock) => Some(times.quic),
        Some(Technique::BurstPolice) => Some(times.burst),
        Some(Technique::ProtoBlock) => Some(times.unknown),
        _ if matches!(sign, Sign::Silence) => Some(times.unknown),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Moment {
        Moment::from_millis(secs * 1000)
    }

    #[test]
    fn windows_are_those_of_the_rules() {
        let times = TaintTimes::default();
        for (sign, pair, secs) in [
            (Sign::ResetAfterHello, None, Some(75)),
            (Sign::EofAfterHello, None, Some(75)),
            (Sign::HelloDropped, None, Some(420)),
            (Sign::HelloMuted, None, Some(420)),
            (Sign::Silence, None, Some(180)),
            (Sign::Silence, Some(Technique::QuicBlock), Some(420)),
            (Sign::HelloMuted, Some(Technique::ProtoBlock), Some(180)),
            (Sign::UdpNoReply, Some(Technique::BurstPolice), Some(130)),
            (Sign::ConnectTimeout, None, None),
            (Sign::Refused, None, None),
            (Sign::Frozen { kilobytes: 16 }, None, None),
        ] {
            assert_eq!(window(sign, pair, &times), secs.map(Duration::from_secs), "{sign:?} {pair:?}");
        }
    }

    #[test]
    fn only_attempts_begun_inside_and_at_that_endpoint_are_void() {
        let mut taint = Taint::default();
        let (a, b) = (Some(EndpointTag(1)), Some(EndpointTag(2)));
        taint.mark(a, at(10), Duration::from_secs(75));
        assert!(!taint.covers(a, at(9)), "begun before: a witness");
        assert!(taint.covers(a, at(11)) && taint.covers(None, at(84)));
        assert!(!taint.covers(b, at(11)) && !taint.covers(a, at(85)));
        assert_eq!(taint.until(at(20)), Some(at(85)));
        assert_eq!(taint.until(at(85)), None);
    }

    #[test]
    fn what_is_answered_after_all_is_not_punished() {
        let mut taint = Taint::default();
        let (a, b) = (Some(EndpointTag(1)), Some(EndpointTag(2)));
        taint.mark(a, at(10), Duration::from_secs(420));
        taint.mark(b, at(10), Duration::from_secs(75));
        taint.lift(None, at(11));
        taint.lift(a, at(9));
        assert!(taint.covers(a, at(11)), "nobody knows where, or it was before");
        taint.lift(a, at(11));
        assert!(!taint.covers(a, at(11)) && taint.covers(b, at(11)));
    }

    #[test]
    fn marks_are_bounded() {
        let mut taint = Taint::default();
        for i in 0..100 {
            taint.mark(Some(EndpointTag(i)), at(1), Duration::from_secs(75 + u64::from(i)));
        }
        assert_eq!(taint.marks.len(), MOST);
        assert!(taint.covers(Some(EndpointTag(99)), at(2)));
    }
}
