//! The ways out, the lists they come from, what flows on them, and what was counted.

use super::View;
use super::html::{bytes, esc, name, time};
use crate::control::report::{SubscriptionLine, TransportLine};
use crate::control::span_words;
use std::fmt::Write;
use std::time::Duration;

pub(super) fn transports(view: &View<'_>) -> String {
    let mut text = head(view, &["page-way", "page-kind", "page-state", "page-udp", "page-last-good"]);
    for way in &view.status.transports {
        let udp = view.words.say(if way.packets { "common-yes" } else { "common-no" });
        let last = way.last_good.map_or_else(|| "–".to_owned(), |at| time(at, view.status.at));
        let kind = way.manner.as_ref().map_or_else(|| way.kind.clone(), |manner| format!("{}, {manner}", way.kind));
        let _ = write!(
            text,
            "<tr><th scope=\"row\">{}</th><td><bdi lang=\"en\">{}</bdi></td>{}<td>{}</td><td>{last}</td></tr>",
            name(way.id.as_str()),
            esc(&kind),
            state(view, way),
            esc(&udp)
        );
    }
    text + "</tbody></table>"
}

/// What is wrong with a way itself; its words come from the system and the server, in English.
fn state(view: &View<'_>, way: &TransportLine) -> String {
    let english = |text: &str| format!("<span lang=\"en\" dir=\"ltr\">{}</span>", esc(text));
    let (class, glyph, words) = match (&way.problem, &way.trouble) {
        (Some(problem), _) => {
            let said = esc(&view.words.with("page-broken", &[("why", "\u{1}")]));
            ("bad", "✕", said.replace('\u{1}', &english(problem)))
        }
        (None, Some(trouble)) => ("part", "!", english(trouble)),
        (None, None) => ("ok", "●", esc(&view.words.say("page-ready"))),
    };
    let warning =
        way.warning.as_ref().map(|said| format!("<p class=\"why\">{}</p>", english(said))).unwrap_or_default();
    format!(
        "<td class=\"{class}\"><span class=\"state\"><span class=\"glyph\" aria-hidden=\"true\">{glyph}</span> {words}</span>{warning}</td>"
    )
}

pub(super) fn lists(view: &View<'_>) -> String {
    let lists = &view.status.subscriptions;
    if lists.is_empty() {
        return String::new();
    }
    let mut text = format!("<h3>{}</h3>", esc(&view.words.say("page-lists")));
    text += &head(view, &["page-list", "page-way", "page-quota", "page-ends", "page-fetched"]);
    for list in lists {
        let servers = u64::try_from(list.members.len()).unwrap_or(u64::MAX);
        let fetched = list.last_good.map_or_else(|| "–".to_owned(), |at| time(at, view.status.at));
        let trouble = list.trouble.as_ref().map(|trouble| {
            let said = view.words.with("page-fetch-failed", &[("stage", &trouble.stage.to_string())]);
            format!("<p class=\"why\">{}</p>", esc(&said))
        });
        let _ = write!(
            text,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{fetched}{}</td></tr>",
            name(&list.name),
            esc(&view.words.counted("page-servers", servers, &[])),
            esc(&quota(view, list)),
            ends(view, list),
            trouble.unwrap_or_default()
        );
    }
    text + "</tbody></table>"
}

fn quota(view: &View<'_>, list: &SubscriptionLine) -> String {
    match (list.used_bytes.map(bytes), list.total_bytes.map(bytes)) {
        (Some(used), Some(total)) => view.words.with("page-used-of", &[("used", &used), ("total", &total)]),
        (Some(used), None) => view.words.with("page-used", &[("used", &used)]),
        (None, Some(total)) => view.words.with("page-in-all", &[("total", &total)]),
        (None, None) => view.words.say("page-unknown"),
    }
}

fn ends(view: &View<'_>, list: &SubscriptionLine) -> String {
    let Some(at) = list.expires else { return esc(&view.words.say("page-unknown")) };
    // It may be years away: the whole date.
    let stamp = at.to_string();
    let date = stamp.get(..10).unwrap_or_default();
    if at < view.status.at {
        esc(&view.words.with("page-ended", &[("time", date)]))
    } else {
        format!("<bdi>{date}</bdi>")
    }
}

pub(super) fn flows(view: &View<'_>) -> String {
    if view.status.flows.is_empty() {
        return format!("<p class=\"hint\">{}</p>", esc(&view.words.say("page-no-connections")));
    }
    let mut text = head(view, &["page-service", "page-way", "page-open", "page-sent", "page-received"]);
    for flow in &view.status.flows {
        let known = view.status.services.iter().find(|service| service.id == flow.service);
        let title = known.map_or(flow.service.as_str(), |service| service.title.as_str());
        let _ = write!(
            text,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td><bdi>{}</bdi></td><td><bdi>{}</bdi></td></tr>",
            name(title),
            name(flow.transport.as_str()),
            flow.open,
            bytes(flow.up_bytes),
            bytes(flow.down_bytes)
        );
    }
    text + "</tbody></table>"
}

pub(super) fn counted(view: &View<'_>) -> String {
    let counters = view.status.counters;
    let said = view.words.with(
        "page-counted",
        &[
            ("connections", &counters.connections.to_string()),
            ("saved", &counters.saved.to_string()),
            ("failed", &counters.failed.to_string()),
            ("probes", &counters.probes.to_string()),
            ("bytes", &bytes(counters.probe_bytes)),
        ],
    );
    // By the minute, or it would change with every look.
    let span = span_words(Duration::from_secs(view.status.uptime_secs / 60 * 60));
    let running = view.words.with("page-running", &[("version", &view.status.version), ("span", &span)]);
    format!("<p>{}</p><p>{}</p>", esc(&said), esc(&running))
}

fn head(view: &View<'_>, titles: &[&str]) -> String {
    let titles = titles.iter().map(|key| format!("<th scope=\"col\">{}</th>", esc(&view.words.say(key))));
    format!("<table class=\"plain\"><thead><tr>{}</tr></thead><tbody>", titles.collect::<String>())
}
