//! `byway why SERVICE`: the sentence, and under it everything it rests on.

use super::ask::{Asker, strange};
use super::exit::{Exit, Failed};
use super::out::{Out, Style, Terminal};
use super::table::{Cell, Table, wrap};
use crate::control::report::{EvidenceLine, FacetWhy, RouteWhy, Why};
use crate::control::{Ask, Schemed, Stamp, Tell};
use crate::model::{L4, ServiceId};
use std::io;

pub(super) fn why(asker: &Asker, service: &str, json: bool, terminal: &mut Terminal) -> Result<Exit, Failed> {
    let Tell::Why(why) = asker.once(&Ask::Why { service: ServiceId::from(service) })? else { return Err(strange()) };
    if json {
        terminal.out.json(&Schemed::new(&why))?;
    } else {
        render(&why, &mut terminal.out)?;
    }
    Ok(Exit::Ok)
}

/// The page for a person.
pub(super) fn render(why: &Why, out: &mut Out) -> io::Result<()> {
    if !why.sentence.is_empty() {
        paragraph(&why.sentence, Style::Doubt, out)?;
    }
    for (at, facet) in why.facets.iter().enumerate() {
        if at > 0 {
            out.line("")?;
        }
        paragraph(&facet.sentence, Style::Bold, out)?;
        plan(facet, out)?;
        for route in &facet.routes {
            out.line("")?;
            paragraph(&heading(route, why.at), Style::Plain, out)?;
            evidence(route, why.at, out)?;
        }
    }
    Ok(())
}

fn paragraph(text: &str, style: Style, out: &mut Out) -> io::Result<()> {
    for line in wrap(text, out.width()) {
        out.line(&out.paint(style, &line))?;
    }
    Ok(())
}

fn plan(facet: &FacetWhy, out: &mut Out) -> io::Result<()> {
    let canary = |canary: bool| if canary { " (to see if it works again)" } else { "" };
    let tried = facet.plan.attempts.iter().map(|line| format!("{}{}", line.transport, canary(line.canary)));
    let tried: Vec<_> = tried.collect();
    let tried = if tried.is_empty() { "none; connections are refused".into() } else { tried.join(", then ") };
    paragraph(&format!("A connection now would try: {tried}."), Style::Dim, out)?;
    for line in &facet.plan.passed_over {
        paragraph(&format!("Not tried: {} ({}).", line.transport, line.words), Style::Dim, out)?;
    }
    Ok(())
}

/// One route in one line.
fn heading(route: &RouteWhy, now: Stamp) -> String {
    let udp = if route.l4 == L4::Udp { " (udp)" } else { "" };
    let mut said = format!("{}{udp}: {}", route.transport, route.phase);
    if let Some(how) = technique(route) {
        said += &format!(" by {how}, {}", route.confidence);
    }
    if let Some(partial) = route.partial {
        said += &format!(", {partial}");
    }
    said += &format!(", since {}, score {:.1}", route.since.text(now), route.score);
    if let Some(millis) = route.first_byte_ms {
        said += &format!(", first byte after {millis} ms");
    }
    if let Some(good) = route.last_good {
        said += &format!(", last answer {}", good.text(now));
    }
    if let Some(next) = route.next_test {
        said += &format!(", next test {}", next.text(now));
    }
    said + "."
}

const fn technique(route: &RouteWhy) -> Option<crate::model::Technique> {
    match route.verdict {
        crate::model::Verdict::Blocked(how) | crate::model::Verdict::Degraded(how) => Some(how),
        _ => None,
    }
}

fn evidence(route: &RouteWhy, now: Stamp, out: &mut Out) -> io::Result<()> {
    if route.evidence.is_empty() {
        return out.line(&out.paint(Style::Dim, "nothing was seen of it yet"));
    }
    let titles = ["WHEN (UTC)", "FROM", "WHAT", "ENDPOINT", "ANCHORS", "TWIN", "SCORE"];
    let mut table = Table::new(&titles, &[2]);
    for line in &route.evidence {
        table.row(cells(line, now));
    }
    table.write(out)
}

fn cells(line: &EvidenceLine, now: Stamp) -> [Cell; 7] {
    let style = match line.weighs.as_str() {
        "good" => Style::Good,
        "bad" => Style::Bad,
        _ => Style::Dim,
    };
    let known = |word: &str| if word == "unknown" { String::new() } else { word.replace('_', " ") };
    let pair = line.pair.map(|how| format!("; a pair proves {how}")).unwrap_or_default();
    [
        line.at.short(now).into(),
        line.source.as_str().into(),
        Cell::new(format!("{}{pair}", line.words), style),
        line.endpoint.map(|number| format!("no. {number}")).unwrap_or_default().into(),
        known(&line.anchors).into(),
        known(&line.twin).into(),
        format!("{:.1}", line.score_after).into(),
    ]
}
