//! `byway log` and `byway history`: what happened, when and why.

use super::ask::{Asker, attend};
use super::exit::{Exit, Failed};
use super::out::{Out, Style, Terminal};
use super::table::{Cell, Table, wrap};
use crate::control::report::{Share, Shares, Spoken, shares};
use crate::control::{Ask, Entry, Schemed, Stamp, Tell};
use crate::model::{Phase, Record, ServiceId};
use std::io;
use std::time::Duration;

pub(super) fn log(
    asker: &Asker,
    follow: bool,
    lines: u32,
    json: bool,
    terminal: &mut Terminal,
) -> Result<Exit, Failed> {
    attend(async {
        let mut answers = asker.stream(&Ask::Log { follow, since_secs: None, limit: Some(lines) }).await?;
        while let Some(tell) = answers.next().await? {
            match tell {
                Tell::Entry(entry) if json => terminal.out.json(&Schemed::new(&entry))?,
                Tell::Entry(entry) => log_line(&entry, &mut terminal.out)?,
                Tell::Missed(count) => {
                    terminal.note(&terminal.say("past-missed", &[("count", count.into())]));
                }
                _ => {}
            }
        }
        Ok(Exit::Ok)
    })
}

/// One record as a line of a log: the whole time, for a log is kept.
pub(super) fn log_line(entry: &Entry, out: &mut Out) -> io::Result<()> {
    let (what, why) = Spoken(&out.words()).record(&entry.record);
    let time = out.paint(Style::Dim, &entry.at.to_string());
    let what = out.paint(style(&entry.record), &what);
    let why = if why.is_empty() { why } else { format!(". {why}") };
    out.line(&format!("{time}  {what}{why}"))
}

pub(super) fn history(
    asker: &Asker,
    service: Option<&str>,
    since: Duration,
    json: bool,
    terminal: &mut Terminal,
) -> Result<Exit, Failed> {
    let entries = attend(async {
        let ask = Ask::History { service: service.map(ServiceId::from), since_secs: Some(since.as_secs()) };
        let mut answers = asker.stream(&ask).await?;
        let mut entries = Vec::new();
        while let Some(tell) = answers.next().await? {
            if let Tell::Entry(entry) = tell {
                entries.push(entry);
            }
        }
        Ok(entries)
    })?;
    if json {
        for entry in &entries {
            terminal.out.json(&Schemed::new(entry))?;
        }
    } else if entries.is_empty() {
        let span = Spoken(&terminal.words).span(since).into();
        terminal.note(&terminal.say("past-nothing", &[("span", span)]));
    } else {
        render(&entries, Stamp::now(), &mut terminal.out)?;
    }
    Ok(Exit::Ok)
}

/// The page for a person.
pub(super) fn render(entries: &[Entry], now: Stamp, out: &mut Out) -> io::Result<()> {
    let words = &*out.words();
    let spoken = Spoken(words);
    let titles = ["past-when", "past-what", "past-why"].map(|key| words.say(key));
    let mut table = Table::new(&titles.each_ref().map(String::as_str), &[1, 2]);
    for entry in entries {
        let (what, why) = spoken.record(&entry.record);
        table.row([entry.at.short(now).into(), Cell::new(what, style(&entry.record)), why.into()]);
    }
    table.write(out)?;
    let shares = shares(entries, now);
    if !shares.is_empty() {
        out.line("")?;
    }
    for facet in &shares {
        for line in wrap(&share_words(facet, spoken), out.width()) {
            out.line(&line)?;
        }
    }
    Ok(())
}

/// `telegram/text: direct 77 %, tokyo 23 % of 1 h; blocked once (sni_drop_hello)`.
fn share_words(facet: &Shares, spoken: Spoken<'_>) -> String {
    let words = spoken.0;
    let total: u64 = facet.ways.iter().map(|share| share.secs).sum();
    let route = format!("{}/{}", facet.service, facet.facet);
    let part = |secs: u64| match (secs * 100 + total / 2) / total.max(1) {
        0 => words.say("past-less"),
        percent => words.say_with("past-percent", &[("count", percent.into())]),
    };
    let way = |share: &Share| {
        let name = share.way.as_ref().map_or_else(|| words.say("past-no-way"), ToString::to_string);
        format!("{name} {}", part(share.secs))
    };
    let ways = facet.ways.iter().map(way).collect::<Vec<_>>().join(&words.say("words-comma"));
    let span = spoken.span(Duration::from_secs(total));
    let mut said = match total {
        0 => words.say_with("past-share-none", &[("route", route.into())]),
        _ => words.say_with("past-share", &[("route", route.into()), ("ways", ways.into()), ("span", span.into())]),
    };
    if facet.blocks == 0 {
        return said;
    }
    said += &format!("; {}", words.say_with("past-blocked-times", &[("count", facet.blocks.into())]));
    let kinds = facet.techniques.iter().map(|(how, times)| match times {
        1 => how.to_string(),
        _ => format!("{how} × {times}"),
    });
    let kinds: Vec<_> = kinds.collect();
    if !kinds.is_empty() {
        said += &format!(" ({})", kinds.join(", "));
    }
    said
}

const fn style(record: &Record) -> Style {
    match record {
        Record::Transition(transition) => match transition.to {
            Phase::Ok => Style::Good,
            Phase::Blocked | Phase::ServiceDown => Style::Bad,
            _ => Style::Doubt,
        },
        Record::Way(change) if change.to.is_none() => Style::Bad,
        Record::Way(_) => Style::Bold,
        Record::Link { .. } => Style::Doubt,
        Record::Started
        | Record::Stopped
        | Record::Carried { .. }
        | Record::Network { .. }
        | Record::Use { .. }
        | Record::Reloaded => Style::Plain,
    }
}
