//! What happened, latest first, each with its reason: the timeline for who reads rather than looks.

use super::View;
use super::html::{esc, time};
use crate::control::Entry;
use crate::model::{Facet, Phase, Record, ServiceId, Transition, TransportId, Verdict, WayChange};
use std::fmt::Write;

/// Shown at once; the rest unfolds.
const AT_ONCE: usize = 8;
/// The most that is listed.
const AT_MOST: usize = 100;

pub(super) fn part(view: &View<'_>) -> String {
    let since = view.status.at.before(view.reach.span());
    let past = view.past.unwrap_or_default();
    let recent = past.iter().enumerate().rev().filter(|(_, entry)| entry.at >= since);
    let items = recent.filter_map(|(at, entry)| item(view, entry, past.get(..at).unwrap_or_default()));
    let items: Vec<_> = items.take(AT_MOST).collect();
    if items.is_empty() {
        return format!("<p class=\"hint\">{}</p>", esc(&view.words.say("page-nothing-yet")));
    }
    let (first, rest) = items.split_at(items.len().min(AT_ONCE));
    let mut text = format!("<ol class=\"events\">{}</ol>", first.concat());
    if !rest.is_empty() {
        let older = esc(&view.words.say("page-older"));
        let _ = write!(
            text,
            "<details id=\"older\"><summary>{older}</summary><ol class=\"events\">{}</ol></details>",
            rest.concat()
        );
    }
    text
}

/// One record; nothing of what a person would not notice.
fn item(view: &View<'_>, entry: &Entry, before: &[Entry]) -> Option<String> {
    let (class, what, why) = words(view, &entry.record, before)?;
    let when = time(entry.at, view.status.at);
    let why = why.map(|why| format!(" <span class=\"why\">{why}</span>")).unwrap_or_default();
    Some(format!("<li class=\"{class}\">{when} <span class=\"what\">{}</span>{why}</li>", esc(&what)))
}

type Told = (&'static str, String, Option<String>);

fn words(view: &View<'_>, record: &Record, before: &[Entry]) -> Option<Told> {
    let say = |key| view.words.say(key);
    Some(match record {
        Record::Carried { .. } => return None,
        Record::Started => ("plain", say("page-event-started"), None),
        Record::Stopped => ("plain", say("page-event-stopped"), None),
        Record::Reloaded => ("plain", say("page-event-reloaded"), None),
        Record::Network { .. } => ("plain", say("page-event-network"), None),
        Record::Link { from, to, .. } if from == to => return None,
        Record::Link { from, to, ground, .. } => {
            let (from, to_words) = (view.words.link(*from), view.words.link(*to));
            let what = view.words.with("page-event-link", &[("from", &from), ("to", &to_words)]);
            ("part", what, Some(esc(&view.words.ground(*to, *ground))))
        }
        Record::Use { service, transport } => {
            let title = title(view, service);
            let what = match transport {
                Some(way) => view.words.with("page-event-use", &[("service", &title), ("way", way.as_str())]),
                None => view.words.with("page-event-use-auto", &[("service", &title)]),
            };
            ("plain", what, None)
        }
        Record::Way(change) => switch(view, change, before),
        Record::Transition(change) => transition(view, change)?,
    })
}

fn switch(view: &View<'_>, change: &WayChange, before: &[Entry]) -> Told {
    let (title, part) = (title(view, &change.service), view.words.facet(change.facet));
    let with = |key: &str, more: &[(&str, &str)]| {
        let mut args = vec![("service", title.as_str()), ("part", part.as_str())];
        args.extend_from_slice(more);
        view.words.with(key, &args)
    };
    let (class, what) = match (&change.from, &change.to) {
        (_, None) => ("bad", with("page-event-way-none", &[])),
        (None, Some(to)) => ("plain", with("page-event-way", &[("way", to.as_str())])),
        (Some(from), Some(to)) => ("switch", with("page-event-way-from", &[("from", from.as_str()), ("way", to.as_str())])),
    };
    let found = change.from.as_ref().and_then(|from| blamed(&change.service, change.facet, from, before));
    let why = found.map(|how| esc(&view.words.technique(how)));
    // The record's own sentence is English.
    let own = || (!change.why.is_empty()).then(|| format!("<span lang=\"en\" dir=\"ltr\">{}</span>", esc(&change.why)));
    (class, what, why.or_else(own))
}

/// What the way that was left had been found to suffer from, at last.
fn blamed(
    service: &ServiceId,
    facet: Facet,
    way: &TransportId,
    before: &[Entry],
) -> Option<crate::model::Technique> {
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

fn transition(view: &View<'_>, change: &Transition) -> Option<Told> {
    let (class, key) = match (change.from, change.to) {
        (_, Phase::Blocked) => ("bad", "page-event-blocked"),
        (Phase::Blocked | Phase::Recovering | Phase::ServiceDown, Phase::Ok) => ("ok", "page-event-ok"),
        (_, Phase::Degraded) => ("part", "page-event-degraded"),
        (_, Phase::ServiceDown) => ("bad", "page-event-service-down"),
        _ => return None,
    };
    let route = &change.route;
    let (title, part) = (title(view, &route.service), view.words.facet(route.facet));
    let args = [("service", title.as_str()), ("part", part.as_str()), ("way", route.transport.as_str())];
    let why = view.words.why(change.to, change.verdict).filter(|_| change.to != Phase::ServiceDown);
    Some((class, view.words.with(key, &args), why.map(|why| esc(&why))))
}

fn title(view: &View<'_>, service: &ServiceId) -> String {
    let known = view.status.services.iter().find(|known| known.id == *service);
    known.map_or_else(|| service.to_string(), |known| known.title.clone())
}
