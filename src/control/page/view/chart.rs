//! The timeline: a band for each part of a service, coloured by the way it took. Time runs from left to right in every
//! language, as on a clock's strip; places are in percent, so that it stretches without a script.

use super::View;
use super::html::{esc, name};
use crate::control::Stamp;
use crate::control::report::{Lane, LaneSpan, Window, lanes};
use crate::model::TransportId;
use std::fmt::Write;

/// Colours there are for ways; further ones begin anew, and are told apart by their names.
const COLOURS: usize = 8;
/// Marks on the axis.
const TICKS: u64 = 6;

pub(super) fn part(view: &View<'_>) -> String {
    let Some(past) = view.past else {
        return format!("<p class=\"hint\">{}</p>", esc(&view.words.say("page-history-off")));
    };
    let window = Window { since: view.status.at.before(view.reach.span()), until: view.status.at };
    let mut drawn = merged(lanes(past, view.status, window));
    // What began a moment ago is no band yet, where there are others.
    if drawn.iter().any(|(lane, _)| is_seen(lane, window)) {
        drawn.retain(|(lane, _)| is_seen(lane, window));
    }
    if drawn.iter().all(|(lane, _)| lane.spans.is_empty() && lane.blocks.is_empty()) {
        return format!("<p class=\"hint\">{}</p>", esc(&view.words.say("page-nothing-yet")));
    }
    let mut text = legend(view, drawn.iter().map(|(lane, _)| lane));
    text += "<table class=\"lanes\"><tbody>";
    for (lane, parts) in drawn.iter().filter(|(lane, _)| !lane.spans.is_empty() || !lane.blocks.is_empty()) {
        let parts: Vec<_> = parts.iter().map(|part| view.words.facet(*part)).collect();
        let parts = view.words.listed(&parts);
        let _ = write!(
            text,
            "<tr><th scope=\"row\">{} <span class=\"part\">{}</span></th><td dir=\"ltr\">{}</td></tr>",
            name(&lane.title),
            esc(&parts),
            band(view, lane, &parts, window)
        );
    }
    let _ = write!(
        text,
        "<tr aria-hidden=\"true\"><td></td><td dir=\"ltr\">{}</td></tr></tbody></table>",
        axis(view, window)
    );
    text
}

/// Whether a band has something that can be seen: a hundredth of the time, or a block.
fn is_seen(lane: &Lane, window: Window) -> bool {
    let drawn: u64 = lane.spans.iter().map(|span| span.until.since(span.from).as_secs()).sum();
    drawn * 100 >= window.until.since(window.since).as_secs() || !lane.blocks.is_empty()
}

/// Bands of one service that look the same are one.
fn merged(lanes: Vec<Lane>) -> Vec<(Lane, Vec<crate::model::Facet>)> {
    let mut all: Vec<(Lane, Vec<crate::model::Facet>)> = Vec::new();
    for lane in lanes {
        let same =
            |known: &Lane| known.service == lane.service && known.spans == lane.spans && known.blocks == lane.blocks;
        match all.iter_mut().find(|(known, _)| same(known)) {
            Some((_, parts)) => parts.push(lane.facet),
            None => {
                let facet = lane.facet;
                all.push((lane, vec![facet]));
            }
        }
    }
    all
}

fn band(view: &View<'_>, lane: &Lane, parts: &str, window: Window) -> String {
    let told = esc(&view
        .words
        .with("page-lane", &[("service", &lane.title), ("part", parts), ("spans", &shares(view, lane, window))]));
    let mut text = format!("<svg class=\"band\" width=\"100%\" height=\"22\" role=\"img\" aria-label=\"{told}\">");
    text += "<rect class=\"ground\" width=\"100%\" height=\"22\"/>";
    for span in &lane.spans {
        let (from, wide) = (percent(span.from, window), percent(span.until, window) - percent(span.from, window));
        let (class, way) = (class(view, span.way.as_ref()), view.words.way(span.way.as_ref()));
        let _ = write!(
            text,
            "<rect class=\"{class}\" x=\"{from:.3}%\" y=\"3\" width=\"{wide:.3}%\" height=\"16\" rx=\"2\"><title>{}</title></rect>",
            esc(&way)
        );
        if wide > 10.0 {
            let _ = write!(
                text,
                "<text class=\"on\" x=\"{:.3}%\" y=\"15\" text-anchor=\"middle\">{}</text>",
                from + wide / 2.0,
                esc(&way)
            );
        }
    }
    for (at, way) in &lane.blocks {
        let said = format!("{}: {way}, {}", view.words.say("page-mark-block"), at.text(window.until));
        let _ = write!(
            text,
            "<svg x=\"{:.3}%\" class=\"mark\"><path d=\"M-5 0H5L0 7Z\"/><title>{}</title></svg>",
            percent(*at, window),
            esc(&said)
        );
    }
    text + "</svg>"
}

/// The band in words: each way with its share of the time that is drawn.
fn shares(view: &View<'_>, lane: &Lane, window: Window) -> String {
    let mut ways: Vec<(Option<&TransportId>, u64)> = Vec::new();
    for LaneSpan { from, until, way } in &lane.spans {
        let secs = until.since(*from).as_secs();
        match ways.iter_mut().find(|(known, _)| *known == way.as_ref()) {
            Some((_, sum)) => *sum += secs,
            None => ways.push((way.as_ref(), secs)),
        }
    }
    let whole = window.until.since(window.since).as_secs().max(1);
    let told = ways.iter().map(|(way, secs)| {
        let share = match (secs * 100 + whole / 2) / whole {
            0 => view.words.say("page-share-small"),
            percent => view.words.with("page-share", &[("percent", &percent.to_string())]),
        };
        view.words.with("page-lane-span", &[("way", &view.words.way(*way)), ("share", &share)])
    });
    view.words.listed(&told.collect::<Vec<_>>())
}

fn legend<'a>(view: &View<'_>, lanes: impl Iterator<Item = &'a Lane> + Clone) -> String {
    let drawn =
        |way: Option<&TransportId>| lanes.clone().flat_map(|lane| &lane.spans).any(|span| span.way.as_ref() == way);
    let ways = view.status.transports.iter().map(|way| Some(&way.id)).chain([None]);
    let mut text = String::from("<ul class=\"legend\">");
    let swatch = |class: &str| {
        format!(
            "<svg width=\"14\" height=\"12\" aria-hidden=\"true\"><rect class=\"{class}\" width=\"14\" height=\"12\" rx=\"2\"/></svg>"
        )
    };
    for way in ways.filter(|way| drawn(*way)) {
        let _ = write!(text, "<li>{} {}</li>", swatch(&class(view, way)), name(&view.words.way(way)));
    }
    let _ = write!(text, "<li>{} {}</li>", swatch("ground"), esc(&view.words.say("page-not-running")));
    let _ = write!(
        text,
        "<li><svg width=\"12\" height=\"12\" aria-hidden=\"true\" class=\"mark\"><path d=\"M1 2H11L6 9Z\"/></svg> {}</li></ul>",
        esc(&view.words.say("page-mark-block"))
    );
    text
}

fn axis(view: &View<'_>, window: Window) -> String {
    let mut text = String::from("<svg class=\"axis\" width=\"100%\" height=\"18\">");
    let step = view.reach.span().as_secs() / TICKS;
    for tick in 0..=TICKS {
        let at = Stamp::from_secs(window.since.as_secs() + tick * step);
        let anchor = match tick {
            0 => "start",
            TICKS => "end",
            _ => "middle",
        };
        let words = if tick == TICKS { esc(&view.words.say("page-now")) } else { at.short(window.until) };
        let data = if tick == TICKS { String::new() } else { format!(" data-at=\"{at}\"") };
        let _ = write!(
            text,
            "<text x=\"{:.3}%\" y=\"13\" text-anchor=\"{anchor}\"{data}>{words}</text>",
            percent(at, window)
        );
    }
    text + "</svg>"
}

/// The colour of a way: its place in the configuration.
fn class(view: &View<'_>, way: Option<&TransportId>) -> String {
    let place = way.and_then(|way| view.status.transports.iter().position(|known| known.id == *way));
    match (way, place) {
        (None, _) => "nothing".to_owned(),
        (Some(_), Some(place)) => format!("w{}", place % COLOURS),
        // A way that is configured no longer.
        (Some(_), None) => "former".to_owned(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a week of seconds is exact in a float")]
fn percent(at: Stamp, window: Window) -> f64 {
    let whole = window.until.since(window.since).as_secs().max(1) as f64;
    at.since(window.since).as_secs() as f64 * 100.0 / whole
}
