//! `byway report`: which transport works; from the running byway if there is one, else from its history on disk.

use super::actions::{Actions, Launch};
use super::ask::{Asker, strange};
use super::exit::{Exit, Failed};
use super::out::{Out, Style, Terminal};
use super::table::{Cell, Table, wrap};
use crate::control::report::{Account, FacetAccount, ServiceAccount, Spread, VerdictCount, WayAccount, percent};
use crate::control::{Ask, Schemed, Tell, span_words};
use crate::model::{L4, TransportId, Verdict};
use std::io;
use std::time::Duration;

pub(super) fn report(
    asker: &Asker,
    launch: &Launch,
    since: Duration,
    json: bool,
    actions: &impl Actions,
    terminal: &mut Terminal,
) -> Result<Exit, Failed> {
    let account = if asker.finds_one()? {
        let Tell::Report(account) = asker.once(&Ask::Report { since_secs: since.as_secs() })? else {
            return Err(strange());
        };
        *account
    } else {
        terminal.note("no byway is running; this is from its history on disk");
        actions.report(launch, since)?
    };
    if json {
        terminal.out.json(&Schemed::new(&account))?;
    } else if account.services.is_empty() {
        terminal.note(&format!("nothing was recorded in the last {}", span_words(since)));
    } else {
        render(&account, &mut terminal.out)?;
    }
    Ok(Exit::Ok)
}

/// The page for a person.
pub(super) fn render(account: &Account, out: &mut Out) -> io::Result<()> {
    let (notable, quiet): (Vec<_>, Vec<_>) = account.services.iter().partition(|service| is_notable(service));
    for service in &notable {
        paragraph(&service.sentence, Style::Bold, out)?;
    }
    if let Some(rest) = rest(&quiet, notable.is_empty()) {
        paragraph(&rest, Style::Bold, out)?;
    }
    out.line("")?;
    let titles = ["SERVICE", "WAY", "FACETS", "WORKED", "IN USE", "CARRIED", "SAVED", "LOST"];
    let mut table = Table::new(&titles, &[0, 2, 3]);
    for service in &account.services {
        for (at, row) in rows(service).iter().enumerate() {
            let title = if at == 0 { service.title.as_str() } else { "" };
            table.row(row.cells(title));
        }
    }
    table.write(out)?;
    let findings: Vec<_> = account.services.iter().flat_map(findings).collect();
    if !findings.is_empty() {
        out.line("")?;
    }
    for finding in &findings {
        paragraph(finding, Style::Plain, out)?;
    }
    out.line("")?;
    paragraph(&foot(account), Style::Dim, out)
}

fn paragraph(text: &str, style: Style, out: &mut Out) -> io::Result<()> {
    wrap(text, out.width()).iter().try_for_each(|line| out.line(&out.paint(style, line)))
}

/// Whether a service has a sentence of its own: something failed, or people used it.
fn is_notable(service: &ServiceAccount) -> bool {
    let failed = service.facets.iter().flat_map(|facet| facet.ways.first()).any(|way| way.failed_secs > 0);
    failed || service.answered + service.lost > 0
}

/// One sentence for all services that nobody used and nothing happened to.
fn rest(quiet: &[&ServiceAccount], all: bool) -> Option<String> {
    let titles: Vec<_> = quiet.iter().map(|service| service.title.as_str()).collect();
    match titles.as_slice() {
        [] => None,
        [one] => Some(format!("{one}: tested, nobody used it; it worked all the time.")),
        many if all => Some(format!("All {} services worked all the time in tests; nobody used them.", many.len())),
        many => Some(format!("{} other services worked all the time in tests; nobody used them.", many.len())),
    }
}

/// Facets of a service that fared alike over one way.
struct Row<'a> {
    way: &'a TransportId,
    facets: Vec<String>,
    worked: String,
    style: Style,
    used: String,
    answered: u64,
    saved: u64,
    lost: u64,
}

impl Row<'_> {
    fn cells(&self, title: &str) -> [Cell; 8] {
        let lost = if self.lost > 0 { Style::Bad } else { Style::Plain };
        [
            title.into(),
            self.way.as_str().into(),
            self.facets.join(", ").into(),
            Cell::new(self.worked.as_str(), self.style),
            self.used.as_str().into(),
            self.answered.to_string().into(),
            self.saved.to_string().into(),
            Cell::new(self.lost.to_string(), lost),
        ]
    }
}

/// A service's rows: way by way in the order of its first facet, facets that fared alike in one.
fn rows(service: &ServiceAccount) -> Vec<Row<'_>> {
    let mut ways: Vec<&TransportId> = Vec::new();
    for way in service.facets.iter().flat_map(|facet| &facet.ways) {
        if !ways.contains(&&way.transport) {
            ways.push(&way.transport);
        }
    }
    let mut rows: Vec<Row<'_>> = Vec::new();
    for name in ways {
        let first = rows.len();
        for facet in &service.facets {
            let Some(way) = facet.ways.iter().find(|way| way.transport == *name) else { continue };
            let next = row(service, facet, way);
            let alike = |row: &&mut Row<'_>| row.worked == next.worked && row.used == next.used;
            match rows[first..].iter_mut().find(alike) {
                Some(row) => {
                    row.facets.extend(next.facets);
                    row.answered += next.answered;
                    row.saved += next.saved;
                    row.lost += next.lost;
                }
                None => rows.push(next),
            }
        }
    }
    rows
}

fn row<'a>(service: &'a ServiceAccount, facet: &'a FacetAccount, way: &'a WayAccount) -> Row<'a> {
    let known = way.worked_secs + way.failed_secs;
    let (worked, style) = match way.worked_words() {
        None => ("not known".to_owned(), Style::Dim),
        Some(share) => {
            let style = match (way.worked_secs * 100).checked_div(known).unwrap_or_default() {
                95.. => Style::Good,
                50..95 => Style::Doubt,
                _ => Style::Bad,
            };
            (format!("{share} of {}", short(known)), style)
        }
    };
    // The time in use is of the facet, whatever carries it; packets are told apart by their own line.
    let same = service.facets.iter().filter(|other| other.facet == facet.facet);
    let whole: u64 = same.take(1).map(used_secs).sum();
    Row {
        way: &way.transport,
        facets: vec![facet_name(service, facet)],
        worked,
        style,
        used: percent(way.used_secs, whole).unwrap_or_default(),
        answered: way.answered,
        saved: way.saved,
        lost: way.lost,
    }
}

fn used_secs(facet: &FacetAccount) -> u64 {
    facet.no_way_secs + facet.ways.iter().map(|way| way.used_secs).sum::<u64>()
}

/// A facet's name; what goes in packets is told apart where the same goes in streams too.
fn facet_name(service: &ServiceAccount, facet: &FacetAccount) -> String {
    let twice = service.facets.iter().filter(|other| other.facet == facet.facet).count() > 1;
    if twice && facet.l4 == L4::Udp { format!("{} (udp)", facet.facet) } else { facet.facet.to_string() }
}

/// A span in its largest unit: `45 s`, `7 min`, `22 h`, `3 d`.
fn short(secs: u64) -> String {
    match secs {
        0..60 => format!("{secs} s"),
        60..3600 => format!("{} min", secs / 60),
        3600..172_800 => format!("{} h", secs / 3600),
        _ => format!("{} d", secs / 86_400),
    }
}

/// One sentence for each way that something was found against.
fn findings(service: &ServiceAccount) -> Vec<String> {
    let mut said = Vec::new();
    for facet in &service.facets {
        for way in facet.ways.iter().filter(|way| !way.verdicts.is_empty()) {
            said.push(finding(service, facet, way));
        }
    }
    said
}

/// `Telegram/text via direct: blocked by sni_drop_hello (anomaly) twice; noticed after 95 s, …; back after 14 min.`
fn finding(service: &ServiceAccount, facet: &FacetAccount, way: &WayAccount) -> String {
    let found: Vec<_> = way.verdicts.iter().map(verdict_words).collect();
    let mut text = format!("{}/{} via {}: {}", service.id, facet_name(service, facet), way.transport, found.join(", "));
    let millis = |millis: u64| match millis {
        0..1000 => format!("{millis} ms"),
        1000..180_000 => format!("{} s", millis / 1000),
        _ => span_words(Duration::from_millis(millis)),
    };
    if let Some(spread) = way.detect_ms {
        text += &format!("; called so after {}", spread_words(spread, &millis));
    }
    let minutes = |secs: u64| match secs {
        0 => "under a minute".to_owned(),
        secs => span_words(Duration::from_secs(secs)),
    };
    text += &match way.recover_secs {
        Some(spread) => format!("; worked again after {}", spread_words(spread, &minutes)),
        None => String::new(),
    };
    text + "."
}

fn spread_words(spread: Spread, words: &dyn Fn(u64) -> String) -> String {
    match spread.times {
        1 => words(spread.max),
        _ => format!("{} (median of {}; {} at most)", words(spread.median), spread.times, words(spread.max)),
    }
}

fn verdict_words(count: &VerdictCount) -> String {
    let what = match count.verdict {
        Verdict::Blocked(how) => format!("blocked by {how} ({})", count.confidence),
        Verdict::Degraded(how) => format!("degraded by {how} ({})", count.confidence),
        Verdict::Down => "the service down".to_owned(),
        Verdict::Works | Verdict::Unclear => "failing, it was not clear why".to_owned(),
    };
    match count.times {
        1 => format!("{what} once"),
        2 => format!("{what} twice"),
        times => format!("{what} {times} times"),
    }
}

/// What the shares are of.
fn foot(account: &Account) -> String {
    let span = |secs: u64| span_words(Duration::from_secs(secs));
    format!(
        "The last {}: byway ran for {} and the network was well for {} of it. WORKED is of the time in which that \
         was known; IN USE of the time in which any way was.",
        short(account.at.since(account.since).as_secs()),
        span(account.ran_secs),
        span(account.online_secs),
    )
}
