//! Which route worked when, and how connections fared on it: the journal's records added up over a window of time.
//! Time in which byway did not run, or the link was not well, is nobody's; time in which nothing was known of a route
//! is told apart from time in which it failed.

use crate::control::{Entry, Stamp};
use crate::model::{
    Carried, Confidence, Facet, LinkState, NetworkId, Phase, Record, Route, ServiceId, Transition, TransportId, Verdict,
};
use std::collections::{BTreeMap, HashMap};

/// What a running byway knows beside its journal.
#[derive(Clone, Debug, Default)]
pub struct Present {
    /// Since when it runs.
    pub began: Stamp,
    /// What is believed of each route now, and since when.
    pub standings: Vec<(Route, Phase, Stamp)>,
    /// What was counted since the last record of it.
    pub carried: Vec<Carried>,
}

/// From when until when is added up.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// From.
    pub since: Stamp,
    /// Until.
    pub until: Stamp,
}

/// The sums.
pub(super) struct Ledger {
    window: Window,
    /// Seconds in which byway ran.
    pub(super) ran: u64,
    /// Seconds of these in which the link was well.
    pub(super) online: u64,
    /// By route.
    pub(super) routes: BTreeMap<Route, Line>,
    /// By facet, the seconds on each way; `None` while none was left.
    pub(super) used: BTreeMap<(ServiceId, Facet), BTreeMap<Option<TransportId>, u64>>,
    last: Option<Stamp>,
    running: bool,
    link: LinkState,
    /// `None` until a record since the start has told it.
    network: Option<NetworkId>,
    phases: HashMap<(Option<NetworkId>, Route), Phase>,
    ways: HashMap<(ServiceId, Facet), Option<TransportId>>,
}

/// The sums of one route.
#[derive(Default)]
pub(super) struct Line {
    /// Seconds in which it worked.
    pub(super) worked: u64,
    /// Seconds in which it did not.
    pub(super) failed: u64,
    /// What was found against it, and how often; commonest first after [`Ledger::of`].
    pub(super) verdicts: Vec<Finding>,
    /// From the first bad sign to the verdict, in milliseconds.
    pub(super) detected: Vec<u64>,
    /// From the verdict until it worked again, in seconds.
    pub(super) recovered: Vec<u64>,
    /// Connections answered, saved, lost.
    pub(super) answered: u64,
    pub(super) saved: u64,
    pub(super) lost: u64,
    blocked_at: Option<Stamp>,
}

/// What was found against a route, and how often.
pub(super) struct Finding {
    pub(super) verdict: Verdict,
    /// The surest of them.
    pub(super) confidence: Confidence,
    pub(super) times: u32,
}

/// What happened, in the order of time.
enum Event<'a> {
    Record(&'a Record),
    Began,
    Believed(&'a Route, Phase),
}

impl Ledger {
    /// Adds up `entries`, oldest first and from before the window as far back as there are any. With no `present`,
    /// nothing is known of the time after the last entry.
    pub(super) fn of(entries: &[Entry], present: Option<&Present>, window: Window) -> Self {
        let mut ledger = Self {
            window,
            ran: 0,
            online: 0,
            routes: BTreeMap::new(),
            used: BTreeMap::new(),
            last: None,
            running: false,
            link: LinkState::Online,
            network: None,
            phases: HashMap::new(),
            ways: HashMap::new(),
        };
        for (at, event) in events(entries, present) {
            ledger.take(at, &event);
        }
        if let Some(present) = present {
            ledger.advance(window.until);
            ledger.count(&present.carried);
        }
        for line in ledger.routes.values_mut() {
            line.verdicts.sort_by_key(|finding| std::cmp::Reverse(finding.times));
        }
        ledger
    }

    fn take(&mut self, at: Stamp, event: &Event<'_>) {
        let starts = matches!(event, Event::Began | Event::Record(Record::Started));
        if starts {
            // After an end that nobody recorded, the time since the last record is unknown.
            self.last = Some(at);
            self.begin();
            return;
        }
        // The journal reaches no further back than its retention: whoever wrote this was running.
        self.running |= self.last.is_none();
        self.advance(at);
        match event {
            Event::Began | Event::Record(Record::Started | Record::Use { .. } | Record::Reloaded) => {}
            Event::Believed(route, phase) => {
                self.phases.insert((self.network, (*route).clone()), *phase);
            }
            Event::Record(Record::Stopped) => self.running = false,
            Event::Record(Record::Carried { routes, .. }) if self.holds(at) => self.count(routes),
            Event::Record(Record::Carried { .. }) => {}
            Event::Record(Record::Link { network, to, .. }) => {
                self.is_on(*network);
                self.link = *to;
            }
            Event::Record(Record::Network { network }) => {
                self.network = Some(*network);
                self.link = LinkState::Online;
                self.routes.values_mut().for_each(|line| line.blocked_at = None);
            }
            Event::Record(Record::Way(change)) => {
                self.ways.insert((change.service.clone(), change.facet), change.to.clone());
            }
            Event::Record(Record::Transition(change)) => self.turn(at, change),
        }
    }

    fn begin(&mut self) {
        self.running = true;
        self.link = LinkState::Online;
        self.network = None;
        self.phases.clear();
        self.ways.clear();
        self.routes.values_mut().for_each(|line| line.blocked_at = None);
    }

    /// A record tells which network this is; what was believed before any did, was believed of it.
    fn is_on(&mut self, network: NetworkId) {
        if self.network.is_none() {
            let before = std::mem::take(&mut self.phases);
            self.phases = before.into_iter().map(|((_, route), phase)| ((Some(network), route), phase)).collect();
        }
        self.network = Some(network);
    }

    /// A route's state changed.
    fn turn(&mut self, at: Stamp, change: &Transition) {
        let Transition { route, network, from, to, .. } = change;
        self.is_on(*network);
        self.phases.insert((Some(*network), route.clone()), *to);
        let counts = self.holds(at);
        let line = self.routes.entry(route.clone()).or_default();
        let judged = |phase: Phase| matches!(phase, Phase::Blocked | Phase::Degraded | Phase::ServiceDown);
        if counts && judged(*to) && from != to {
            line.find(change);
            if !judged(*from) && *to != Phase::ServiceDown {
                line.detected.push(change.took_ms);
            }
        }
        match to {
            Phase::Blocked => {
                line.blocked_at.get_or_insert(at);
            }
            Phase::Ok => {
                let span = line.blocked_at.take().map(|blocked| at.since(blocked).as_secs());
                line.recovered.extend(span.filter(|_| counts));
            }
            _ => {}
        }
    }

    fn count(&mut self, routes: &[Carried]) {
        for carried in routes {
            let line = self.routes.entry(carried.route.clone()).or_default();
            line.answered += u64::from(carried.answered);
            line.saved += u64::from(carried.saved);
            line.lost += u64::from(carried.lost);
        }
    }

    /// Gives the time up to `to` to whom it belongs.
    fn advance(&mut self, to: Stamp) {
        let from = self.last.unwrap_or(to);
        self.last = Some(from.max(to));
        let secs = to.min(self.window.until).since(from.max(self.window.since)).as_secs();
        if !self.running || secs == 0 {
            return;
        }
        self.ran += secs;
        if self.link != LinkState::Online {
            return;
        }
        self.online += secs;
        for ((_, route), phase) in self.phases.iter().filter(|((network, _), _)| *network == self.network) {
            let line = self.routes.entry(route.clone()).or_default();
            match phase {
                Phase::Unknown => {}
                Phase::Ok | Phase::Recovering | Phase::Degraded | Phase::ProbeStale => line.worked += secs,
                Phase::Suspect | Phase::Blocked | Phase::ServiceDown => line.failed += secs,
            }
        }
        for (facet, way) in &self.ways {
            *self.used.entry(facet.clone()).or_default().entry(way.clone()).or_default() += secs;
        }
    }

    /// Whether the minute of a record is within the window.
    fn holds(&self, at: Stamp) -> bool {
        at.as_secs() + 60 > self.window.since.as_secs() && at <= self.window.until
    }
}

impl Line {
    fn find(&mut self, change: &Transition) {
        let known = self.verdicts.iter_mut().find(|finding| finding.verdict == change.verdict);
        match known {
            Some(finding) => {
                finding.times += 1;
                finding.confidence = finding.confidence.max(change.confidence);
            }
            None => {
                let (verdict, confidence) = (change.verdict, change.confidence);
                self.verdicts.push(Finding { verdict, confidence, times: 1 });
            }
        }
    }
}

/// The records, and between them what a long-running byway still believes though its journal no longer says so.
fn events<'a>(entries: &'a [Entry], present: Option<&'a Present>) -> Vec<(Stamp, Event<'a>)> {
    let mut events: Vec<_> = entries.iter().map(|entry| (entry.at, Event::Record(&entry.record))).collect();
    let Some(present) = present else { return events };
    let began = minute(present.began);
    let mine = || entries.iter().filter(|entry| entry.at >= began);
    let mut place = |at: Stamp, event| {
        let next = events.iter().position(|(other, _)| *other > at).unwrap_or(events.len());
        events.insert(next, (at, event));
    };
    if !mine().any(|entry| matches!(entry.record, Record::Started)) {
        place(began, Event::Began);
    }
    let joined =
        mine().filter(|entry| matches!(entry.record, Record::Network { .. })).map(|entry| entry.at).next_back();
    for (route, phase, since) in &present.standings {
        let told = |entry: &Entry| matches!(&entry.record, Record::Transition(change) if change.route == *route);
        if *phase != Phase::Unknown && !mine().any(told) {
            place((*since).max(joined.unwrap_or_default()), Event::Believed(route, *phase));
        }
    }
    events
}

/// The whole minute that holds a time, as the journal writes it.
const fn minute(at: Stamp) -> Stamp {
    Stamp::from_secs(at.as_secs() - at.as_secs() % 60)
}
