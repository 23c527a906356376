//! `byway status`: what works, and over which way.

use super::ask::{Asker, attend, strange};
use super::exit::{Exit, Failed};
use super::out::{Out, Style, Terminal};
use super::subscriptions;
use super::table::{Cell, Table, wrap};
use crate::control::report::{Counters, FacetLine, Status, Up};
use crate::control::{Ask, Schemed, Tell, span_words};
use std::io;
use std::time::Duration;

/// Between two looks of `--watch`.
const EVERY: Duration = Duration::from_secs(2);

pub(super) fn status(asker: &Asker, json: bool, watch: bool, terminal: &mut Terminal) -> Result<Exit, Failed> {
    if !watch {
        let Tell::Status(status) = asker.once(&Ask::Status)? else { return Err(strange()) };
        if terminal.quiet {
            return Ok(status.outline().into());
        }
        show(&status, json, &mut terminal.out)?;
        return Ok(Exit::Ok);
    }
    attend(async {
        let mut client = asker.client().await?;
        loop {
            let Tell::Status(status) = client.ask(&Ask::Status).await? else { return Err(strange()) };
            if !json {
                terminal.out.clear()?;
            }
            show(&status, json, &mut terminal.out)?;
            tokio::time::sleep(EVERY).await;
        }
    })
}

fn show(status: &Status, json: bool, out: &mut Out) -> io::Result<()> {
    if json { out.json(&Schemed::new(status)) } else { render(status, out) }
}

/// The page for a person.
pub(super) fn render(status: &Status, out: &mut Out) -> io::Result<()> {
    let up = span_words(Duration::from_secs(status.uptime_secs));
    let listens = match status.listens.as_slice() {
        [] => "nowhere".to_owned(),
        some => some.join(", "),
    };
    let head = format!("byway {} · {} · up {up} · listening on {listens}", status.version, status.link);
    out.line(&out.paint(Style::Dim, &head))?;
    for line in wrap(&status.sentence, out.width()) {
        out.line(&out.paint(Style::Bold, &line))?;
    }
    let mut table = Table::new(&["SERVICE", "FACET", "WAY", "STATE", "SINCE (UTC)", "WHY"], &[5]);
    for service in &status.services {
        let facets = match service.facets.as_slice() {
            [first, others @ ..] if !others.is_empty() && others.iter().all(|other| same(first, other)) => {
                vec![("all".to_owned(), first)]
            }
            each => each.iter().map(|facet| (facet.facet.to_string(), facet)).collect(),
        };
        for (at, (name, facet)) in facets.into_iter().enumerate() {
            let title = if at == 0 { service.title.as_str() } else { "" };
            table.row(row(status, title, name, facet));
        }
    }
    if !table.is_empty() {
        out.line("")?;
        table.write(out)?;
        out.line("")?;
    }
    for transport in &status.transports {
        let problem = transport.problem.as_ref().map(|why| format!("{} could not be set up: {why}", transport.id));
        if let Some(said) = problem.or_else(|| Some(format!("{}: {}", transport.id, transport.trouble.as_ref()?))) {
            for line in wrap(&said, out.width()) {
                out.line(&out.paint(Style::Bad, &line))?;
            }
        }
        for (said, style) in [(&transport.warning, Style::Bad), (&transport.trouble, Style::Doubt)] {
            let said = said.as_ref().map(|said| format!("{}: {said}", transport.id)).unwrap_or_default();
            for line in wrap(&said, out.width()).into_iter().filter(|line| !line.is_empty()) {
                out.line(&out.paint(style, &line))?;
            }
        }
    }
    subscriptions::render(&status.subscriptions, status.at, out)?;
    for line in wrap(&counted(status.counters), out.width()) {
        out.line(&out.paint(Style::Dim, &line))?;
    }
    Ok(())
}

/// Whether there is nothing to tell of one that does not hold for the other.
fn same(one: &FacetLine, other: &FacetLine) -> bool {
    let told = |facet: &FacetLine| (facet.up, facet.way.clone(), facet.phase, facet.since, facet.why.clone());
    told(one) == told(other)
}

fn row(status: &Status, title: &str, name: String, facet: &FacetLine) -> [Cell; 6] {
    let style = match facet.up {
        Up::Yes => Style::Good,
        Up::No => Style::Bad,
        Up::Unsure => Style::Doubt,
    };
    let way = facet.way.as_ref().map_or("none", |way| way.as_str());
    let state = if facet.way.is_some() { facet.phase.to_string() } else { "no way left".into() };
    [
        title.into(),
        name.into(),
        way.into(),
        Cell::new(state, style),
        facet.since.map(|since| since.short(status.at)).unwrap_or_default().into(),
        facet.why.as_str().into(),
    ]
}

fn counted(counters: Counters) -> String {
    let Counters { connections, open, saved, failed, probes, probe_bytes } = counters;
    let kilobytes = probe_bytes.div_ceil(1024);
    format!(
        "{connections} connections so far, {open} open; {saved} were carried on over another way unnoticed, \
         {failed} failed. {probes} tests, {kilobytes} KB."
    )
}
