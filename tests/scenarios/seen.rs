//! What was seen of one run.

use crate::people::{Entry, Lived};
use byway::lab::Crossing;
use byway::model::{Confidence, Facet, Ground, LinkState, Partial, Phase, Record, Route, Standing, Technique};
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::Instant;

/// What is believed of a route, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Belief {
    pub(crate) phase: Phase,
    pub(crate) technique: Option<Technique>,
    pub(crate) confidence: Confidence,
}

impl Belief {
    pub(crate) const NONE: Self = Self { phase: Phase::Unknown, technique: None, confidence: Confidence::Inconclusive };

    pub(crate) const fn of(standing: &Standing) -> Self {
        Self { phase: standing.phase, technique: standing.technique(), confidence: standing.confidence }
    }
}

/// Everything that changed, with its time.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    pub(crate) lines: Vec<(Instant, (LinkState, Ground))>,
    pub(crate) beliefs: BTreeMap<Route, Vec<(Instant, Belief)>>,
    pub(crate) ways: BTreeMap<(&'static str, Facet), Vec<(Instant, String)>>,
}

impl Watched {
    pub(crate) fn line(&mut self, now: Instant, state: (LinkState, Ground)) {
        note(&mut self.lines, now, state);
    }
    pub(crate) fn belief(&mut self, now: Instant, route: &Route, belief: Belief) {
        note(self.beliefs.entry(route.clone()).or_default(), now, belief);
    }
    pub(crate) fn way(&mut self, now: Instant, service: &'static str, facet: Facet, way: String) {
        note(self.ways.entry((service, facet)).or_default(), now, way);
    }
}

fn note<T: PartialEq>(all: &mut Vec<(Instant, T)>, now: Instant, what: T) {
    if all.last().is_none_or(|(_, last)| *last != what) {
        all.push((now, what));
    }
}

/// One run, as it was.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) seed: u64,
    pub(crate) subject: &'static str,
    pub(crate) facet: Facet,
    /// The subject's direct route.
    pub(crate) route: Route,
    /// What of that route does not work at the end, where the rest does.
    pub(crate) partial: Option<Partial>,
    pub(crate) onset: Instant,
    /// How long the log was then.
    pub(crate) logged: usize,
    pub(crate) watched: Watched,
    pub(crate) diary: Vec<Entry>,
    pub(crate) records: Vec<Record>,
    pub(crate) crossings: Vec<Crossing>,
    /// The subject's addresses.
    pub(crate) addresses: Vec<IpNet>,
    /// The messengers' addresses.
    pub(crate) places: Vec<(&'static str, Vec<IpNet>)>,
    /// Places that are asked about the line, or for names.
    pub(crate) neutral: Vec<IpAddr>,
    pub(crate) fouls: Vec<String>,
    pub(crate) log: String,
}

impl Seen {
    /// What was believed of the subject's direct route, change by change, since the onset; first what held then.
    pub(crate) fn beliefs(&self) -> Vec<(Instant, Belief)> {
        self.beliefs_of(&self.route)
    }

    /// The same of another route.
    pub(crate) fn beliefs_of(&self, route: &Route) -> Vec<(Instant, Belief)> {
        let all = self.watched.beliefs.get(route).map_or(&[][..], Vec::as_slice);
        since(all, self.onset, Belief::NONE)
    }

    /// What is believed of it at the end.
    pub(crate) fn belief(&self) -> Belief {
        self.beliefs().last().map_or(Belief::NONE, |(_, belief)| *belief)
    }

    /// The line's states since the onset.
    pub(crate) fn lines(&self) -> Vec<(Instant, (LinkState, Ground))> {
        since(&self.watched.lines, self.onset, (LinkState::Online, Ground::NotAsked))
    }

    /// The first ways of a service's facet since the onset; first what held then.
    pub(crate) fn ways(&self, service: &'static str, facet: Facet) -> Vec<(Instant, String)> {
        let all = self.watched.ways.get(&(service, facet)).map_or(&[][..], Vec::as_slice);
        since(all, self.onset, String::from("direct"))
    }

    /// How late the first bytes came that were wished for since the onset, of the subject's app.
    pub(crate) fn first_bytes(&self) -> Vec<Duration> {
        let app = if self.subject == "discord" { "discord.com" } else { self.subject };
        let mine = self.diary.iter().filter(|entry| entry.app == app && entry.wished >= self.onset);
        mine.filter_map(|entry| match entry.what {
            Lived::Opened(late) => Some(late),
            _ => None,
        })
        .collect()
    }

    /// Lines of the log since the onset.
    pub(crate) fn log_lines(&self) -> impl Iterator<Item = &str> {
        self.log.get(self.logged..).unwrap_or_default().lines()
    }

    /// Connections of anybody that failed, of those wished for since the onset, in words.
    pub(crate) fn mishaps(&self) -> Vec<String> {
        let later = self.diary.iter().filter(|entry| entry.wished >= self.onset);
        later
            .filter_map(|entry| match entry.what {
                Lived::Failed(mishap) => Some(format!("{} did not open: {mishap}", entry.app)),
                Lived::Broke(mishap) => Some(format!("{} broke: {mishap}", entry.app)),
                Lived::CallLost(mishap) => Some(format!("{} lost a call: {mishap}", entry.app)),
                // Its page comes by TCP.
                Lived::Quic(_) | Lived::Opened(_) | Lived::Connected(_) | Lived::Photo => None,
            })
            .collect()
    }
}

/// What held at `onset` and all that came after it.
fn since<T: Clone>(all: &[(Instant, T)], onset: Instant, before: T) -> Vec<(Instant, T)> {
    let first = all.iter().take_while(|(at, _)| *at <= onset).last().map_or(before, |(_, what)| what.clone());
    let later = all.iter().filter(|(at, _)| *at > onset).cloned();
    std::iter::once((onset, first)).chain(later).collect()
}
