//! `byway status`: what works, and over which way.

use super::ask::{Asker, attend, strange};
use super::exit::{Exit, Failed};
use super::out::{Out, Style, Terminal};
use super::subscriptions;
use super::table::{Cell, Table, wrap};
use crate::control::report::{Counters, FacetLine, ServiceLine, Spoken, Status, Up};
use crate::control::{Ask, Schemed, Tell};
use crate::lang::Words;
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
    let words = &*out.words();
    let spoken = Spoken(words);
    let listens = match status.listens.as_slice() {
        [] => words.say("status-nowhere"),
        some => some.join(", "),
    };
    let head = words.say_with(
        "status-head",
        &[
            ("version", status.version.as_str().into()),
            ("link", spoken.link(status.link).into()),
            ("span", spoken.span(Duration::from_secs(status.uptime_secs)).into()),
            ("listens", listens.into()),
        ],
    );
    out.line(&out.paint(Style::Dim, &head))?;
    for line in wrap(&spoken.sentence(status), out.width()) {
        out.line(&out.paint(Style::Bold, &line))?;
    }
    let titles = ["status-service", "status-facet", "status-way", "status-state", "status-since", "status-why"]
        .map(|key| words.say(key));
    let mut table = Table::new(&titles.each_ref().map(String::as_str), &[5]);
    for service in &status.services {
        let facets = match service.facets.as_slice() {
            [first, others @ ..] if !others.is_empty() && others.iter().all(|other| same(first, other)) => {
                vec![(words.say("status-all"), first)]
            }
            each => each.iter().map(|facet| (spoken.facet_title(facet.facet), facet)).collect(),
        };
        for (at, (name, facet)) in facets.into_iter().enumerate() {
            let title = if at == 0 { service.title.as_str() } else { "" };
            table.row(row(status, service, [title, &name], facet, spoken));
        }
    }
    if !table.is_empty() {
        out.line("")?;
        table.write(out)?;
        out.line("")?;
    }
    for transport in &status.transports {
        let problem = transport.problem.as_ref().map(|why| {
            let way = transport.id.as_str().into();
            words.say_with("status-broken", &[("way", way), ("why", why.as_str().into())])
        });
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
    let lan = Some(status.firewall.join(", ")).filter(|lan| !lan.is_empty());
    let firewall = lan.map(|lan| words.say_with("status-firewall", &[("lan", lan.into())]));
    for said in firewall.into_iter().chain(status.system_proxy.then(|| words.say("status-system-proxy"))) {
        for line in wrap(&said, out.width()) {
            out.line(&line)?;
        }
    }
    for line in wrap(&counted(words, status.counters), out.width()) {
        out.line(&out.paint(Style::Dim, &line))?;
    }
    Ok(())
}

/// Whether there is nothing to tell of one that does not hold for the other.
fn same(one: &FacetLine, other: &FacetLine) -> bool {
    let told = |facet: &FacetLine| (facet.up, facet.way.clone(), facet.phase, facet.since, facet.why.clone());
    told(one) == told(other)
}

fn row(
    status: &Status,
    service: &ServiceLine,
    [title, name]: [&str; 2],
    facet: &FacetLine,
    spoken: Spoken<'_>,
) -> [Cell; 6] {
    let style = match facet.up {
        Up::Yes => Style::Good,
        Up::No => Style::Bad,
        Up::Unsure => Style::Doubt,
    };
    let way = facet.way.as_ref().map_or_else(|| spoken.0.say("status-none"), ToString::to_string);
    let state = if facet.way.is_some() { spoken.phase(facet.phase) } else { spoken.0.say("status-no-way-left") };
    [
        title.into(),
        name.into(),
        way.into(),
        Cell::new(state, style),
        facet.since.map(|since| since.short(status.at)).unwrap_or_default().into(),
        spoken.facet_why(facet, service.forced.is_some()).into(),
    ]
}

fn counted(words: &Words, counters: Counters) -> String {
    let Counters { connections, open, saved, failed, probes, probe_bytes } = counters;
    words.say_with(
        "status-counted",
        &[
            ("connections", connections.into()),
            ("open", open.into()),
            ("saved", saved.into()),
            ("failed", failed.into()),
            ("probes", probes.into()),
            ("kilobytes", probe_bytes.div_ceil(1024).into()),
        ],
    )
}
