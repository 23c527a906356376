//! The past in words: one record in one line, and which way carried which share of the time.

use super::words::{capital, count, facet_words, goes, ground_words, named_sign_words};
use crate::control::{Entry, Stamp};
use crate::model::{
    Carried, Facet, Ground, LinkState, Phase, Record, ServiceId, Technique, Transition, TransportId, Verdict, WayChange,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// What happened to one facet over a span of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shares {
    /// The service.
    pub service: ServiceId,
    /// Its facet.
    pub facet: Facet,
    /// The ways and the time on each, longest first.
    pub ways: Vec<Share>,
    /// How often one of its routes was found blocked.
    pub blocks: u32,
    /// The kinds of block and how often each, commonest first.
    pub techniques: Vec<(Technique, u32)>,
}

/// The time on one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The way; `None` while none was left.
    pub way: Option<TransportId>,
    /// For how long, in seconds.
    pub secs: u64,
}

/// One record as one line: what happened, then why.
pub fn record_words(record: &Record) -> (String, String) {
    match record {
        Record::Started => ("byway started".into(), String::new()),
        Record::Stopped => ("byway stopped".into(), String::new()),
        Record::Carried { routes, .. } => carried_words(routes),
        Record::Reloaded => ("the configuration was read again".into(), String::new()),
        Record::Network { network } => (format!("another network ({network})"), String::new()),
        Record::Link { from, to, ground, .. } if from == to => {
            (format!("the network: still {to}"), link_why(*to, *ground))
        }
        Record::Link { from, to, ground, .. } => (format!("the network: {from} → {to}"), link_why(*to, *ground)),
        Record::Use { service, transport: Some(way) } => {
            (format!("{service}: told to {}", goes(way)), "byway use".into())
        }
        Record::Use { service, transport: None } => (format!("{service}: automatic again"), "byway use".into()),
        Record::Way(change) => (way_change(change), capital(&change.why)),
        Record::Transition(transition) => transition_words(transition),
    }
}

fn carried_words(routes: &[Carried]) -> (String, String) {
    let sum = |of: fn(&Carried) -> u32| routes.iter().map(|route| u64::from(of(route))).sum::<u64>();
    let (answered, saved, lost) = (sum(|r| r.answered), sum(|r| r.saved), sum(|r| r.lost));
    (format!("{} carried", count(answered, "connection", "connections")), format!("{saved} saved, {lost} lost"))
}

fn way_change(change: &WayChange) -> String {
    let subject = format!("{}: {}", change.service, facet_words(change.facet));
    match &change.to {
        Some(way) => format!("{subject} {}", goes(way)),
        None => format!("{subject} have no way left"),
    }
}

fn transition_words(transition: &Transition) -> (String, String) {
    let what = format!("{}: {} → {}", transition.route, transition.from, transition.to);
    let mut why = match transition.verdict {
        Verdict::Blocked(how) | Verdict::Degraded(how) => capital(how.sentence()),
        Verdict::Down => "The service itself fails, on every way".into(),
        Verdict::Works => "It answers".into(),
        Verdict::Unclear => String::new(),
    };
    let signs: Vec<_> = transition.why.iter().map(|s| format!("{} × {}", s.count, named_sign_words(&s.sign))).collect();
    if !signs.is_empty() {
        let joined = signs.join(", ");
        why = if why.is_empty() { joined } else { format!("{why} ({joined})") };
    }
    if matches!(transition.to, Phase::Blocked | Phase::Degraded) {
        why += &format!("; {}", transition.confidence);
    }
    (what, why)
}

/// Why the link is as it is, and that nobody is blamed for it.
fn link_why(to: LinkState, ground: Ground) -> String {
    let why = capital(ground_words(to, ground));
    if to == LinkState::Online { why } else { format!("{why}; nothing is blamed") }
}

/// Which way carried which facet for how long, up to `until`. The time before the first known way of a facet is
/// nobody's, and so is the time between a stop and the next start; where no stop was recorded, the last record before a
/// start ends it.
pub fn shares(entries: &[Entry], until: Stamp) -> Vec<Shares> {
    let mut facets: BTreeMap<(ServiceId, Facet), Ledger> = BTreeMap::new();
    let mut last = None;
    for Entry { at, record } in entries {
        match record {
            Record::Started => facets.values_mut().for_each(|ledger| ledger.close(last.unwrap_or(*at))),
            Record::Stopped => facets.values_mut().for_each(|ledger| ledger.close(*at)),
            Record::Way(change) => {
                let ledger = facets.entry((change.service.clone(), change.facet)).or_default();
                ledger.close(*at);
                ledger.open = Some((*at, change.to.clone()));
            }
            Record::Transition(Transition { route, to: Phase::Blocked, verdict, .. }) => {
                let ledger = facets.entry((route.service.clone(), route.facet)).or_default();
                ledger.blocks += 1;
                if let Verdict::Blocked(how) = verdict {
                    match ledger.techniques.iter_mut().find(|(known, _)| known == how) {
                        Some((_, times)) => *times += 1,
                        None => ledger.techniques.push((*how, 1)),
                    }
                }
            }
            _ => {}
        }
        last = Some(*at);
    }
    let told = facets.into_iter().map(|((service, facet), mut ledger)| {
        ledger.close(until);
        ledger.techniques.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
        let mut ways: Vec<_> =
            ledger.spans.into_iter().map(|(way, span)| Share { way, secs: span.as_secs() }).collect();
        ways.sort_by_key(|share| std::cmp::Reverse(share.secs));
        Shares { service, facet, ways, blocks: ledger.blocks, techniques: ledger.techniques }
    });
    told.collect()
}

/// The running account of one facet.
#[derive(Default)]
struct Ledger {
    open: Option<(Stamp, Option<TransportId>)>,
    spans: BTreeMap<Option<TransportId>, Duration>,
    blocks: u32,
    techniques: Vec<(Technique, u32)>,
}

impl Ledger {
    /// Ends the span that is open.
    fn close(&mut self, at: Stamp) {
        if let Some((from, way)) = self.open.take() {
            *self.spans.entry(way).or_default() += at.since(from);
        }
    }
}
