//! `byway probe`: a matrix of services and ways, tested now; by the running byway if there is one, else here.

use super::actions::{Actions, Launch, ProbeWish};
use super::ask::{Asker, attend};
use super::bar::Bar;
use super::exit::{Exit, Failed};
use super::out::{Out, Style, Terminal};
use super::table::{Cell as TableCell, Table, wrap};
use crate::control::report::{Outline, Spoken, Up};
use crate::control::{Ask, Cell, ProbeItem, Schemed, Tell};
use crate::lang::{Tongue, Words};
use crate::model::{Facet, Ground, L4, LinkState, ServiceId};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io;

/// More ways than this do not fit beside each other; their results are listed below each other.
const MOST_COLUMNS: usize = 5;

/// What was found.
#[derive(Debug, Default, Serialize)]
pub(super) struct Matrix {
    link: LinkState,
    ground: Ground,
    cells: Vec<Cell>,
}

pub(super) fn probe(
    asker: &Asker,
    launch: &Launch,
    wish: &ProbeWish,
    json: bool,
    actions: &impl Actions,
    terminal: &mut Terminal,
) -> Result<Exit, Failed> {
    let words = terminal.words.clone();
    let bar = Bar::new(terminal);
    let mut matrix = Matrix::default();
    let mut take = |item: ProbeItem| {
        show(&bar, &item, Spoken(&words));
        matrix.take(item);
    };
    let done = if asker.finds_one()? {
        attend(async {
            let ask = Ask::Probe { service: wish.service.clone(), via: wish.via.clone() };
            let mut answers = asker.stream(&ask).await?;
            while let Some(tell) = answers.next().await? {
                if let Tell::Probe(item) = tell {
                    take(item);
                }
            }
            Ok(())
        })
    } else {
        actions.probe(launch, wish, &mut take)
    };
    bar.clear();
    done?;
    if json {
        terminal.out.json(&Schemed::new(&matrix))?;
    } else if !terminal.quiet {
        matrix.render(&mut terminal.out)?;
    }
    Ok(matrix.outline().into())
}

fn show(bar: &Bar, item: &ProbeItem, spoken: Spoken<'_>) {
    match item {
        ProbeItem::Started { routes } => bar.plan(*routes),
        ProbeItem::Controls { link, ground } => {
            let why = spoken.link_reason(*link, *ground).into();
            bar.say(spoken.0.say_with("probe-network", &[("why", why)]));
        }
        ProbeItem::Cell(cell) => {
            bar.step(format!("{}/{} via {}: {}", cell.service, cell.facet, cell.transport, brief(cell, spoken.0)));
        }
    }
}

/// One cell of the matrix in a few letters.
fn brief(cell: &Cell, words: &Words) -> String {
    match (cell.answered, cell.technique) {
        (Some(true), _) => words.say_with("probe-ok", &[("ms", cell.took_ms.into())]),
        (Some(false), Some(how)) => words.say_with("probe-no", &[("how", how.to_string().into())]),
        (Some(false), None) => words.say("probe-no-answer"),
        (None, _) => "–".into(),
    }
}

/// What was seen: the failure's own words for an English reader, else the kind of block that it points at.
fn what(cell: &Cell, spoken: Spoken<'_>) -> String {
    match cell.technique.filter(|_| spoken.0.tongue() != Tongue::English) {
        Some(how) => spoken.technique(how),
        None => cell.words.clone(),
    }
}

const fn style(cell: &Cell) -> Style {
    match cell.answered {
        Some(true) => Style::Good,
        Some(false) => Style::Bad,
        None => Style::Dim,
    }
}

impl Matrix {
    pub(super) fn take(&mut self, item: ProbeItem) {
        match item {
            ProbeItem::Started { .. } => {}
            ProbeItem::Controls { link, ground } => (self.link, self.ground) = (link, ground),
            ProbeItem::Cell(cell) => self.cells.push(cell),
        }
    }

    /// A facet is up when any way answered, down when every way that was tested failed.
    pub(super) fn outline(&self) -> Outline {
        let mut facets: BTreeMap<(&ServiceId, Facet, L4), Up> = BTreeMap::new();
        for cell in &self.cells {
            let up = facets.entry((&cell.service, cell.facet, cell.l4)).or_insert(Up::Unsure);
            match (cell.answered, *up) {
                (Some(true), _) => *up = Up::Yes,
                (Some(false), Up::Unsure) => *up = Up::No,
                _ => {}
            }
        }
        Outline::of(self.link, facets.into_values())
    }

    /// The page for a person.
    pub(super) fn render(&self, out: &mut Out) -> io::Result<()> {
        let words = &*out.words();
        if self.link != LinkState::Online {
            for line in wrap(&Spoken(words).link_words(self.link, self.ground), out.width()) {
                out.line(&out.paint(Style::Doubt, &line))?;
            }
            out.line("")?;
        }
        let mut ways: Vec<&str> = Vec::new();
        for cell in &self.cells {
            if !ways.contains(&cell.transport.as_str()) {
                ways.push(cell.transport.as_str());
            }
        }
        if ways.len() > MOST_COLUMNS {
            return self.list(out);
        }
        let (service, facet) = (words.say("probe-service"), words.say("probe-facet"));
        let mut titles = vec![service.as_str(), facet.as_str()];
        titles.extend(&ways);
        let flexible: Vec<_> = (2..titles.len()).collect();
        self.grid(&titles, &ways, &flexible, out)?;
        self.reasons(out)
    }

    fn grid(&self, titles: &[&str], ways: &[&str], flexible: &[usize], out: &mut Out) -> io::Result<()> {
        let words = &*out.words();
        let mut table = Table::new(titles, flexible);
        let mut rows: Vec<(&ServiceId, Facet, L4)> = Vec::new();
        for cell in &self.cells {
            let row = (&cell.service, cell.facet, cell.l4);
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
        for (service, facet, l4) in rows {
            let mine = |cell: &&Cell| (&cell.service, cell.facet, cell.l4) == (service, facet, l4);
            let mine: Vec<_> = self.cells.iter().filter(mine).collect();
            let title = mine.first().map_or("", |cell| cell.title.as_str());
            let found = ways.iter().map(|way| match mine.iter().find(|cell| cell.transport.as_str() == *way) {
                Some(cell) => TableCell::new(brief(cell, words), style(cell)),
                None => TableCell::default(),
            });
            let udp = if l4 == L4::Udp { " (udp)" } else { "" };
            let facet = Spoken(words).facet_title(facet);
            table.row([title.into(), format!("{facet}{udp}").into()].into_iter().chain(found));
        }
        table.write(out)
    }

    /// Why the failures failed.
    fn reasons(&self, out: &mut Out) -> io::Result<()> {
        let words = &*out.words();
        let spoken = Spoken(words);
        let failed: Vec<_> = self.cells.iter().filter(|cell| cell.answered == Some(false)).collect();
        if !failed.is_empty() {
            out.line("")?;
        }
        for cell in failed {
            let route = format!("{}/{} via {}", cell.service, cell.facet, cell.transport);
            let why = what(cell, spoken);
            let why = match cell.technique {
                Some(_) => {
                    let args = [("why", why.into()), ("confidence", spoken.confidence(cell.confidence).into())];
                    spoken.0.say_with("probe-sure", &args)
                }
                None => why,
            };
            let said = spoken.0.say_with("probe-reason", &[("route", route.into()), ("why", why.into())]);
            for line in wrap(&said, out.width()) {
                out.line(&line)?;
            }
        }
        Ok(())
    }

    /// One line per route.
    fn list(&self, out: &mut Out) -> io::Result<()> {
        let words = &*out.words();
        let spoken = Spoken(words);
        let titles =
            ["probe-service", "probe-facet", "probe-way", "probe-result", "probe-what"].map(|key| words.say(key));
        let mut table = Table::new(&titles.each_ref().map(String::as_str), &[4]);
        for cell in &self.cells {
            table.row([
                cell.title.as_str().into(),
                spoken.facet_title(cell.facet).into(),
                cell.transport.as_str().into(),
                TableCell::new(brief(cell, words), style(cell)),
                if cell.answered == Some(true) { String::new() } else { what(cell, spoken) }.into(),
            ]);
        }
        table.write(out)
    }
}
