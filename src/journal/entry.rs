//! What the history is made of, and what may be asked of it.

use crate::model::{Record, ServiceId};
use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// One remembered record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When, in seconds since 1970, rounded down to a whole minute: finer times would tell who talks to whom.
    pub time: u64,
    /// What happened.
    pub record: Record,
}

/// The kinds of record, as they are named in the store and in machine output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// byway started.
    Started,
    /// byway stopped.
    Stopped,
    /// How connections fared.
    Carried,
    /// A route's state changed.
    Transition,
    /// A service changed its way.
    Way,
    /// The link's state changed.
    Link,
    /// Another network.
    Network,
    /// The operator forced a way.
    Use,
    /// The configuration was read again.
    Reloaded,
}

impl Kind {
    /// The kind of `record`.
    pub const fn of(record: &Record) -> Self {
        match record {
            Record::Started => Self::Started,
            Record::Stopped => Self::Stopped,
            Record::Carried { .. } => Self::Carried,
            Record::Transition(_) => Self::Transition,
            Record::Way(_) => Self::Way,
            Record::Link { .. } => Self::Link,
            Record::Network { .. } => Self::Network,
            Record::Use { .. } => Self::Use,
            Record::Reloaded => Self::Reloaded,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Stopped => "stopped",
            Self::Carried => "carried",
            Self::Transition => "transition",
            Self::Way => "way",
            Self::Link => "link",
            Self::Network => "network",
            Self::Use => "use",
            Self::Reloaded => "reloaded",
        }
    }
}

/// Which entries are wanted. The default is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only those of this service.
    pub service: Option<ServiceId>,
    /// Only those at or after this time, in seconds since 1970 (a minute that holds it counts).
    pub since: Option<u64>,
    /// Only these kinds; empty for all.
    pub kinds: Vec<Kind>,
    /// At most so many, the latest.
    pub limit: Option<usize>,
}

impl Filter {
    /// Whether `entry` is wanted, the limit aside.
    pub fn wants(&self, entry: &Entry) -> bool {
        self.since.is_none_or(|since| entry.time >= minute(since))
            && (self.kinds.is_empty() || self.kinds.contains(&Kind::of(&entry.record)))
            && self.service.as_ref().is_none_or(|wanted| service_of(&entry.record) == Some(wanted))
    }
}

/// The service a record is about, if about one.
pub(super) const fn service_of(record: &Record) -> Option<&ServiceId> {
    match record {
        Record::Transition(transition) => Some(&transition.route.service),
        Record::Way(way) => Some(&way.service),
        Record::Use { service, .. } => Some(service),
        Record::Started
        | Record::Stopped
        | Record::Carried { .. }
        | Record::Link { .. }
        | Record::Network { .. }
        | Record::Reloaded => None,
    }
}

/// The whole minute that holds `seconds`.
pub(super) const fn minute(seconds: u64) -> u64 {
    seconds - seconds % 60
}

/// `time` in seconds since 1970; 0 for a clock that stands before.
pub(super) fn unix(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_named_as_its_record_is() {
        for record in [
            Record::Started,
            Record::Reloaded,
            Record::Network { network: crate::model::NetworkId(7) },
            Record::Use { service: "telegram".into(), transport: None },
        ] {
            let json = serde_json::to_value(&record).unwrap();
            assert_eq!(json["kind"], Kind::of(&record).name());
        }
    }

    #[test]
    fn a_filter_wants_what_it_names() {
        let entry = Entry { time: 600, record: Record::Use { service: "telegram".into(), transport: None } };
        let all = Filter::default();
        assert!(all.wants(&entry));
        assert!(Filter { since: Some(659), ..all.clone() }.wants(&entry));
        assert!(!Filter { since: Some(660), ..all.clone() }.wants(&entry));
        assert!(Filter { service: Some("telegram".into()), ..all.clone() }.wants(&entry));
        assert!(!Filter { service: Some("signal".into()), ..all.clone() }.wants(&entry));
        assert!(Filter { kinds: vec![Kind::Link, Kind::Use], ..all.clone() }.wants(&entry));
        assert!(!Filter { kinds: vec![Kind::Link], ..all.clone() }.wants(&entry));
        let started = Entry { time: 600, record: Record::Started };
        assert!(!Filter { service: Some("telegram".into()), ..all }.wants(&started));
    }
}
