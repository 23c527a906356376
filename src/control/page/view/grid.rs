//! The grid: services and their parts against ways, each cell with its state, its time and its why.

use super::View;
use super::html::{esc, name, time};
use crate::control::report::{FacetLine, ServiceLine, TransportLine, WayCell};
use crate::model::{Phase, TransportId};
use std::fmt::Write;

pub(super) fn part(view: &View<'_>) -> String {
    let status = view.status;
    let used = |way: &TransportLine| {
        let facets = status.services.iter().flat_map(|service| &service.facets);
        facets.clone().any(|facet| facet.way.as_ref() == Some(&way.id) || cell(facet, &way.id).is_some())
            || facets.clone().any(|facet| facet.passed_over.iter().any(|passed| passed.transport == way.id))
    };
    let ways: Vec<_> = status.transports.iter().filter(|way| used(way)).map(|way| &way.id).collect();
    let say = |key| esc(&view.words.say(key));
    let mut table = format!(
        "<table class=\"grid\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th>",
        say("page-service"),
        say("page-part")
    );
    for way in &ways {
        let _ = write!(table, "<th scope=\"col\" class=\"way\">{}</th>", name(way.as_str()));
    }
    table += "</tr></thead>";
    let (told, quiet): (Vec<_>, Vec<_>) = status.services.iter().partition(|service| says_something(service));
    for service in &told {
        table += &rows(view, service, &ways);
    }
    table += "</table>";
    let titles: Vec<_> = quiet.iter().map(|service| service.title.clone()).collect();
    let quiet = view.words.with("page-quiet", &[("names", &view.words.listed(&titles))]);
    match (told.is_empty(), titles.is_empty()) {
        (_, true) => table,
        (true, false) => format!("<p class=\"hint quiet\">{}</p>", esc(&quiet)),
        (false, false) => format!("{table}<p class=\"hint quiet\">{}</p>", esc(&quiet)),
    }
}

/// Whether anything is known of a service, or was chosen for it.
fn says_something(service: &ServiceLine) -> bool {
    let known = |facet: &FacetLine| facet.ways.iter().any(|way| way.phase != Phase::Unknown) || facet.way.is_none();
    service.forced.is_some() || service.facets.iter().any(|facet| known(facet) || facet.last_block.is_some())
}

/// One service: a row for each part, or one for all when there is nothing to tell them apart.
fn rows(view: &View<'_>, service: &ServiceLine, ways: &[&TransportId]) -> String {
    let drawn = |facet: &FacetLine| ways.iter().map(|way| cell_html(view, facet, way)).collect::<String>();
    let mut rows: Vec<(Vec<String>, String)> = Vec::new();
    for facet in &service.facets {
        let cells = drawn(facet);
        let part = view.words.facet(facet.facet);
        match rows.iter_mut().find(|(_, same)| *same == cells) {
            Some((parts, _)) => parts.push(part),
            None => rows.push((vec![part], cells)),
        }
    }
    let all = rows.len() == 1 && service.facets.len() > 1;
    let mut text = String::from("<tbody>");
    for (at, (parts, cells)) in rows.iter().enumerate() {
        text += "<tr>";
        if at == 0 {
            let _ = write!(
                text,
                "<th scope=\"rowgroup\" rowspan=\"{}\" class=\"service\">{}{}</th>",
                rows.len(),
                name(&service.title),
                notes(view, service)
            );
        }
        let said = if all { view.words.say("page-everything") } else { view.words.listed(parts) };
        let _ = write!(text, "<th scope=\"row\" class=\"part\">{}</th>{cells}</tr>", esc(&said));
    }
    text + "</tbody>"
}

/// What a person chose for a service, with the way back; and its last block.
fn notes(view: &View<'_>, service: &ServiceLine) -> String {
    let mut text = String::new();
    if let Some(forced) = &service.forced {
        let way = forced.transport.as_str();
        let said = match forced.until {
            Some(until) => {
                // The time is markup, so that it goes in after the words are escaped.
                let said = view.words.with("page-forced-until", &[("way", way), ("time", "\u{1}")]);
                esc(&said).replace('\u{1}', &time(until, view.status.at))
            }
            None => esc(&view.words.with("page-forced", &[("way", way)])),
        };
        let (id, back) = (esc(service.id.as_str()), esc(&view.words.say("page-give-back")));
        let _ = write!(
            text,
            "<form class=\"forced\" method=\"post\" action=\"/use\"><p>{said}</p>\
             <input type=\"hidden\" name=\"service\" value=\"{id}\"><input type=\"hidden\" name=\"way\" value=\"\">\
             <button id=\"back-{id}\">{back}<span class=\"hidden\">: {}</span></button></form>",
            esc(&service.title)
        );
    }
    if let Some(block) = service.facets.iter().filter_map(|facet| facet.last_block).max() {
        let said = esc(&view.words.with("page-last-block", &[("time", "\u{1}")]));
        let _ = write!(text, "<p class=\"last\">{}</p>", said.replace('\u{1}', &time(block, view.status.at)));
    }
    text
}

fn cell_html(view: &View<'_>, facet: &FacetLine, way: &TransportId) -> String {
    let known = cell(facet, way);
    let passed = facet.passed_over.iter().find(|passed| passed.transport == *way);
    let passed = passed.and_then(|passed| view.words.passed(passed));
    let phase = known.map_or(Phase::Unknown, |known| known.phase);
    let (class, glyph) = look(phase);
    let (class, glyph, word) = match (&passed, phase) {
        (Some(_), Phase::Unknown) => ("none", "–", view.words.say("page-state-not-used")),
        _ => (class, glyph, view.words.phase(phase)),
    };
    let in_use = facet.way.as_ref() == Some(way);
    let why = known.and_then(|known| view.words.why(known.phase, known.verdict));
    let mut text = format!(
        "<td class=\"{class}{}\"><span class=\"state\"><span class=\"glyph\" aria-hidden=\"true\">{glyph}</span> {}</span>",
        if in_use { " used" } else { "" },
        esc(&word)
    );
    if let Some(millis) = known.filter(|_| well(phase)).and_then(|known| known.first_byte_ms) {
        let said = view.words.with("page-milliseconds", &[("count", &millis.to_string())]);
        let _ = write!(text, " <span class=\"ms\">{}</span>", esc(&said));
    }
    if in_use {
        // Of what nobody has tried, nothing is in use yet.
        let key = if phase == Phase::Unknown { "page-first-choice" } else { "page-in-use" };
        let _ = write!(text, " <span class=\"use\">{}</span>", esc(&view.words.say(key)));
    }
    let whys: Vec<_> = [why, passed].into_iter().flatten().collect();
    if !whys.is_empty() {
        let _ = write!(text, "<p class=\"why\">{}</p>", esc(&whys.join("; ")));
    }
    text + "</td>"
}

const fn well(phase: Phase) -> bool {
    matches!(phase, Phase::Ok | Phase::Degraded | Phase::Recovering | Phase::ProbeStale)
}

/// A state's colour and its sign: never the one without the other.
const fn look(phase: Phase) -> (&'static str, &'static str) {
    match phase {
        Phase::Ok | Phase::ProbeStale => ("ok", "●"),
        Phase::Degraded => ("part", "◐"),
        Phase::Suspect => ("part", "?"),
        Phase::Recovering => ("part", "↻"),
        Phase::Blocked => ("bad", "✕"),
        Phase::ServiceDown => ("bad", "!"),
        Phase::Unknown => ("none", "○"),
    }
}

/// What a facet knows of a way.
fn cell<'a>(facet: &'a FacetLine, way: &TransportId) -> Option<&'a WayCell> {
    facet.ways.iter().find(|cell| cell.transport == *way)
}
