//! `POST /use` and `POST /test`: the orders a person can give. With the script they answer in JSON, in words and with
//! the way back; without it they lead back to the page.

use super::language;
use super::reply::{self, Reply};
use super::routes::{Call, Route};
use crate::control::report::{ServiceLine, Status};
use crate::control::wording::Wording;
use crate::control::{ProbeItem, Refusal, Stamp, Used};
use crate::model::{ServiceId, TransportId};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use hyper::header::ACCEPT;
use hyper::{Method, StatusCode};
use serde::Serialize;
use std::collections::HashMap;
use std::time::Duration;

pub(super) const USE: Route = Route { method: Method::POST, path: "/use", answer: use_way };
pub(super) const TEST: Route = Route { method: Method::POST, path: "/test", answer: test };

/// An order takes a moment to be in force: it is looked for so often, with so much time between. Half a second in all.
const LOOKS: u32 = 25;
const BETWEEN: Duration = Duration::from_millis(20);
/// The longest that a way may be forced for: a year.
const LONGEST: u64 = 365 * 24 * 3600;

/// What was done, for the script.
#[derive(Serialize)]
pub(super) struct Done {
    done: bool,
    /// In words; empty where what is shown says it.
    words: String,
    /// What undoes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    undo: Option<Undo>,
    /// The parts of the page that have changed with it.
    #[serde(skip_serializing_if = "HashMap::is_empty")]
    parts: HashMap<&'static str, String>,
    /// Where it is seen, for who has no script.
    #[serde(skip)]
    back: &'static str,
}

impl Done {
    /// It was done.
    pub(super) fn well(words: String) -> Self {
        Self { done: true, words, undo: None, parts: HashMap::new(), back: "/" }
    }

    /// It was done, and these parts of the page show it, which without a script is at `back`.
    pub(super) fn shown(parts: HashMap<&'static str, String>, back: &'static str) -> Self {
        Self { parts, back, ..Self::well(String::new()) }
    }

    /// It was not.
    pub(super) fn not(words: String) -> Self {
        Self { done: false, ..Self::well(words) }
    }
}

/// The fields of the form that puts things back.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Undo {
    service: String,
    way: String,
    #[serde(rename = "for")]
    lasting: String,
}

fn use_way(call: Call) -> BoxFuture<'static, Reply> {
    Box::pin(async move {
        let words = language::of(&call);
        let service = ServiceId::from(call.fields.one("service").unwrap_or_default());
        let way = call.fields.one("way").filter(|way| !way.is_empty()).map(TransportId::from);
        let lasting =
            call.fields.one("for").and_then(|secs| secs.parse().ok()).filter(|secs| (1..=LONGEST).contains(secs));
        let lasting = lasting.map(Duration::from_secs).filter(|_| way.is_some());
        let before = call.operator.status().await.ok();
        let used = call.operator.use_way(&service, way.as_ref(), lasting).await;
        if let Ok(used) = &used {
            in_force(&call, used).await;
        }
        answered(&call, words, used.map(|used| done(words, &used, before.as_ref())))
    })
}

/// Waits until the status shows what was chosen, so that the page that is loaded next shows it too.
async fn in_force(call: &Call, used: &Used) {
    for _ in 0..LOOKS {
        let Ok(status) = call.operator.status().await else { return };
        let known = status.services.iter().find(|service| service.id == used.service);
        let forced = known.and_then(|service| service.forced.as_ref()).map(|forced| &forced.transport);
        if forced == used.transport.as_ref() {
            return;
        }
        tokio::time::sleep(BETWEEN).await;
    }
}

fn done(words: &Wording, used: &Used, before: Option<&Status>) -> Done {
    let known = before.and_then(|status| status.services.iter().find(|service| service.id == used.service));
    let title = known.map_or(used.service.as_str(), |service| service.title.as_str());
    let said = match (&used.transport, used.until) {
        (None, _) => words.with("page-chosen-auto", &[("service", title)]),
        (Some(way), None) => words.with("page-chosen", &[("service", title), ("way", way.as_str())]),
        (Some(way), Some(_)) => words.with("page-chosen-hour", &[("service", title), ("way", way.as_str())]),
    };
    Done { undo: before.and_then(|status| undo(known?, status.at)), ..Done::well(said) }
}

/// What was chosen before; the choice given back where none was.
fn undo(service: &ServiceLine, now: Stamp) -> Option<Undo> {
    let id = service.id.to_string();
    let Some(forced) = &service.forced else {
        return Some(Undo { service: id, way: String::new(), lasting: String::new() });
    };
    let left = forced.until.map(|until| until.since(now).as_secs());
    if left == Some(0) {
        return None;
    }
    let lasting = left.map(|secs| secs.to_string()).unwrap_or_default();
    Some(Undo { service: id, way: forced.transport.to_string(), lasting })
}

/// Tests end when whoever asked leaves: the answer is dropped, and the stream with it.
fn test(call: Call) -> BoxFuture<'static, Reply> {
    Box::pin(async move {
        let words = language::of(&call);
        let service = call.fields.one("service").filter(|service| !service.is_empty()).map(ServiceId::from);
        let tested = match call.operator.probe(service.as_ref(), None).await {
            Ok(steps) => Ok(steps.filter_map(|step| async move { answer_of(&step) }).collect::<Vec<bool>>().await),
            Err(refusal) => Err(refusal),
        };
        let done = tested.map(|all| {
            let (well, count) = (all.iter().filter(|well| **well).count().to_string(), all.len().to_string());
            let said = match all.len() {
                0 => words.say("page-tested-none"),
                _ => words.with("page-tested", &[("well", &well), ("all", &count)]),
            };
            Done::well(said)
        });
        answered(&call, words, done)
    })
}

const fn answer_of(step: &ProbeItem) -> Option<bool> {
    match step {
        ProbeItem::Cell(cell) => cell.answered,
        ProbeItem::Started { .. } | ProbeItem::Controls { .. } => None,
    }
}

/// In JSON for the script; else back to the page, or a plain sentence where it was not done.
pub(super) fn answered(call: &Call, words: &Wording, done: Result<Done, Refusal>) -> Reply {
    let wants_json = call.head.headers.get(ACCEPT).is_some_and(|accept| accept == "application/json");
    let refused = |refusal: Refusal| Done::not(words.with("page-refused", &[("why", &refusal.to_string())]));
    let done = done.unwrap_or_else(refused);
    match (wants_json, done.done) {
        (true, _) => match serde_json::to_vec(&done) {
            Ok(text) => reply::whole("application/json", text),
            Err(_) => reply::plain(StatusCode::INTERNAL_SERVER_ERROR, "the answer could not be written"),
        },
        (false, true) => reply::see(done.back),
        (false, false) => reply::plain(StatusCode::CONFLICT, done.words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::report::ForcedLine;
    use crate::control::tests::world::{fixed_status, way};

    #[test]
    fn undoing_puts_back_what_was_chosen_before() {
        let mut service = fixed_status().services.remove(0);
        let now = Stamp::from_secs(1000);
        let undone = |service: &ServiceLine| undo(service, now).map(|undo| (undo.way, undo.lasting));
        service.forced = None;
        assert_eq!(undone(&service), Some((String::new(), String::new())));
        service.forced = Some(ForcedLine { transport: way("tokyo"), until: Some(Stamp::from_secs(1600)) });
        assert_eq!(undone(&service), Some(("tokyo".into(), "600".into())));
        service.forced = Some(ForcedLine { transport: way("tokyo"), until: None });
        assert_eq!(undone(&service), Some(("tokyo".into(), String::new())));
        service.forced = Some(ForcedLine { transport: way("tokyo"), until: Some(now) });
        assert_eq!(undone(&service), None, "it has ended by itself");
    }
}
