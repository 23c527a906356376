//! What happened, as one line and its reason. What nobody would notice is left out.

use super::Wording;
use crate::control::Entry;
use crate::control::report::Status;
use crate::model::{Facet, Phase, Record, ServiceId, Technique, Transition, TransportId, Verdict, WayChange};

/// One event in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Whether it is good or bad.
    pub tone: Tone,
    /// What happened.
    pub what: String,
    /// Why.
    pub why: Option<Because>,
}

/// Whether an event is good or bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Neither.
    Plain,
    /// Good.
    Well,
    /// In between.
    Doubt,
    /// Bad.
    Bad,
}

/// A reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Because {
    /// In the reader's language.
    Told(String),
    /// As it was recorded, in English.
    English(String),
}

impl Event {
    const fn new(tone: Tone, what: String, why: Option<Because>) -> Self {
        Self { tone, what, why }
    }
}

impl Wording {
    /// A record in words; `before` are those before it, oldest first, for what a way had suffered from.
    pub fn event(&self, status: &Status, record: &Record, before: &[Entry]) -> Option<Event> {
        words(&Teller { words: self, status }, record, before)
    }
}

/// Whose words, and which services.
struct Teller<'a> {
    words: &'a Wording,
    status: &'a Status,
}

fn words(view: &Teller<'_>, record: &Record, before: &[Entry]) -> Option<Event> {
    let say = |key| view.words.say(key);
    Some(match record {
        Record::Carried { .. } => return None,
        Record::Started => Event::new(Tone::Plain, say("page-event-started"), None),
        Record::Stopped => Event::new(Tone::Plain, say("page-event-stopped"), None),
        Record::Reloaded => Event::new(Tone::Plain, say("page-event-reloaded"), None),
        Record::Network { .. } => Event::new(Tone::Plain, say("page-event-network"), None),
        Record::Link { from, to, .. } if from == to => return None,
        Record::Link { from, to, ground, .. } => {
            let (from, to_words) = (view.words.link(*from), view.words.link(*to));
            let what = view.words.with("page-event-link", &[("from", &from), ("to", &to_words)]);
            Event::new(Tone::Doubt, what, Some(Because::Told(view.words.ground(*to, *ground))))
        }
        Record::Use { service, transport } => {
            let title = title(view, service);
            let what = match transport {
                Some(way) => view.words.with("page-event-use", &[("service", &title), ("way", way.as_str())]),
                None => view.words.with("page-event-use-auto", &[("service", &title)]),
            };
            Event::new(Tone::Plain, what, None)
        }
        Record::Way(change) => switch(view, change, before),
        Record::Transition(change) => transition(view, change)?,
    })
}

fn switch(view: &Teller<'_>, change: &WayChange, before: &[Entry]) -> Event {
    let (title, part) = (title(view, &change.service), view.words.facet(change.facet));
    let with = |key: &str, more: &[(&str, &str)]| {
        let mut args = vec![("service", title.as_str()), ("part", part.as_str())];
        args.extend_from_slice(more);
        view.words.with(key, &args)
    };
    let (tone, what) = match (&change.from, &change.to) {
        (_, None) => (Tone::Bad, with("page-event-way-none", &[])),
        (None, Some(to)) => (Tone::Plain, with("page-event-way", &[("way", to.as_str())])),
        (Some(from), Some(to)) => {
            (Tone::Plain, with("page-event-way-from", &[("from", from.as_str()), ("way", to.as_str())]))
        }
    };
    let found = change.from.as_ref().and_then(|from| blamed(&change.service, change.facet, from, before));
    let why = found.map(|how| Because::Told(view.words.technique(how)));
    let own = || (!change.why.is_empty()).then(|| Because::English(change.why.clone()));
    Event::new(tone, what, why.or_else(own))
}

/// What the way that was left had been found to suffer from, at last.
fn blamed(service: &ServiceId, facet: Facet, way: &TransportId, before: &[Entry]) -> Option<Technique> {
    let last = before.iter().rev().find_map(|entry| match &entry.record {
        Record::Transition(change)
            if change.route.service == *service && change.route.facet == facet && change.route.transport == *way =>
        {
            Some(change.verdict)
        }
        _ => None,
    });
    match last {
        Some(Verdict::Blocked(how) | Verdict::Degraded(how)) => Some(how),
        _ => None,
    }
}

fn transition(view: &Teller<'_>, change: &Transition) -> Option<Event> {
    let (tone, key) = match (change.from, change.to) {
        (_, Phase::Blocked) => (Tone::Bad, "page-event-blocked"),
        (Phase::Blocked | Phase::Recovering | Phase::ServiceDown, Phase::Ok) => (Tone::Well, "page-event-ok"),
        (_, Phase::Degraded) => (Tone::Doubt, "page-event-degraded"),
        (_, Phase::ServiceDown) => (Tone::Bad, "page-event-service-down"),
        _ => return None,
    };
    let route = &change.route;
    let (title, part) = (title(view, &route.service), view.words.facet(route.facet));
    let args = [("service", title.as_str()), ("part", part.as_str()), ("way", route.transport.as_str())];
    let why = view.words.why(change.to, change.verdict).filter(|_| change.to != Phase::ServiceDown);
    Some(Event::new(tone, view.words.with(key, &args), why.map(Because::Told)))
}

fn title(view: &Teller<'_>, service: &ServiceId) -> String {
    let known = view.status.services.iter().find(|known| known.id == *service);
    known.map_or_else(|| service.to_string(), |known| known.title.clone())
}
