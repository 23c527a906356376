//! `byway why SERVICE`: the sentence, and under it everything it rests on.

use super::ask::{Asker, strange};
use super::exit::{Exit, Failed};
use super::out::{Out, Style, Terminal};
use super::table::{Cell, Table, wrap};
use crate::control::report::{EvidenceLine, FacetWhy, RouteWhy, Spoken, Why};
use crate::control::{Ask, Schemed, Stamp, Tell};
use crate::lang::Tongue;
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
    let whole = Spoken(&out.words()).link_words(why.link, why.ground);
    if !whole.is_empty() {
        paragraph(&whole, Style::Doubt, out)?;
    }
    for (at, facet) in why.facets.iter().enumerate() {
        if at > 0 {
            out.line("")?;
        }
        paragraph(&sentence(why, facet, Spoken(&out.words())), Style::Bold, out)?;
        plan(facet, out)?;
        for route in &facet.routes {
            out.line("")?;
            paragraph(&heading(route, why.at, Spoken(&out.words())), Style::Plain, out)?;
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
    let words = &*out.words();
    let spoken = Spoken(words);
    let tried = facet.plan.attempts.iter().map(|line| match line.canary {
        true => words.say_with("why-canary", &[("way", line.transport.as_str().into())]),
        false => line.transport.to_string(),
    });
    let tried: Vec<_> = tried.collect();
    let tried = if tried.is_empty() { words.say("why-refused") } else { tried.join(&words.say("why-then")) };
    paragraph(&words.say_with("why-would-try", &[("ways", tried.into())]), Style::Dim, out)?;
    for line in &facet.plan.passed_over {
        let of_route = || facet.routes.iter().find(|route| route.transport == line.transport);
        let why = match (words.tongue(), spoken.passed(&line.reason), of_route()) {
            (Tongue::English, ..) | (_, None, None) => line.words.clone(),
            (_, Some(why), _) => why,
            (_, None, Some(route)) => spoken.reason(route.phase, route.verdict),
        };
        let args = [("way", line.transport.as_str().into()), ("why", why.into())];
        paragraph(&words.say_with("why-not-tried", &args), Style::Dim, out)?;
    }
    Ok(())
}

/// Where a facet goes: the running byway's own sentence for an English reader, else what it rests on in short.
fn sentence(why: &Why, facet: &FacetWhy, spoken: Spoken<'_>) -> String {
    if spoken.0.tongue() == Tongue::English {
        return facet.sentence.clone();
    }
    let args = |goes: String| {
        [("service", why.title.clone().into()), ("facet", spoken.facet(facet.facet).into()), ("goes", goes.into())]
    };
    match facet.plan.attempts.iter().find(|attempt| !attempt.canary).or_else(|| facet.plan.attempts.first()) {
        Some(attempt) => spoken.0.say_with("why-goes", &args(spoken.goes(&attempt.transport))),
        None => spoken.0.say_with("past-way-none", &args(String::new())[..2]),
    }
}

/// A route in one line: its state, how sure that is, since when, and its times.
fn heading(route: &RouteWhy, now: Stamp, spoken: Spoken<'_>) -> String {
    let words = spoken.0;
    let udp = if route.l4 == L4::Udp { " (udp)" } else { "" };
    let way = format!("{}{udp}", route.transport);
    let mut said = words.say_with("why-phase", &[("way", way.into()), ("phase", spoken.phase(route.phase).into())]);
    if let Some(how) = technique(route) {
        let args = [("how", how.to_string().into()), ("confidence", spoken.confidence(route.confidence).into())];
        said += &format!(" {}", words.say_with("why-by", &args));
    }
    let mut also = Vec::new();
    if let Some(partial) = route.partial {
        also.push(partial.to_string());
    }
    let at = |key: &str, time: Stamp| words.say_with(key, &[("time", time.text(now).into())]);
    also.push(at("why-since", route.since));
    also.push(words.say_with("why-score", &[("score", format!("{:.1}", route.score).into())]));
    also.extend(route.first_byte_ms.map(|millis| words.say_with("why-first-byte", &[("ms", millis.into())])));
    also.extend(route.last_good.map(|good| at("why-last-answer", good)));
    also.extend(route.next_test.map(|next| at("why-next-test", next)));
    let comma = words.say("words-comma");
    for more in also {
        said += &comma;
        said += &more;
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
    let words = &*out.words();
    if route.evidence.is_empty() {
        return out.line(&out.paint(Style::Dim, &words.say("why-nothing-seen")));
    }
    let titles = ["why-when", "why-from", "why-what", "why-endpoint", "why-anchors", "why-twin", "why-score-title"];
    let titles = titles.map(|key| words.say(key));
    let mut table = Table::new(&titles.each_ref().map(String::as_str), &[2]);
    for line in &route.evidence {
        table.row(cells(line, now, Spoken(words)));
    }
    table.write(out)
}

fn cells(line: &EvidenceLine, now: Stamp, spoken: Spoken<'_>) -> [Cell; 7] {
    let words = spoken.0;
    let style = match line.weighs.as_str() {
        "good" => Style::Good,
        "bad" => Style::Bad,
        _ => Style::Dim,
    };
    // What this version does not know is shown as it is.
    let known = |word: &str| match word {
        "unknown" => String::new(),
        "traffic" => words.say("why-traffic"),
        "probe" => words.say("why-probe"),
        "good" => words.say("why-good"),
        "bad" => words.say("why-bad"),
        "answered" => words.say("why-answered"),
        "failed_too" => words.say("why-failed-too"),
        other => other.replace('_', " "),
    };
    let seen = if words.tongue() == Tongue::English { line.words.clone() } else { spoken.sign(&line.sign) };
    let seen = match line.pair {
        Some(how) => words.say_with("why-pair", &[("what", seen.into()), ("how", how.to_string().into())]),
        None => seen,
    };
    let number = |number: u32| words.say_with("why-number", &[("count", number.into())]);
    [
        line.at.short(now).into(),
        known(&line.source).into(),
        Cell::new(seen, style),
        line.endpoint.map(number).unwrap_or_default().into(),
        known(&line.anchors).into(),
        known(&line.twin).into(),
        format!("{:.1}", line.score_after).into(),
    ]
}
