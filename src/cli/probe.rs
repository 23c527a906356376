//! `byway probe`: a matrix of services and ways, tested now; by the running byway if there is one, else here.

use super::actions::{Actions, Launch, ProbeWish};
use super::ask::{Asker, attend};
use super::bar::Bar;
use super::exit::{Exit, Failed};
use super::out::{Out, Style, Terminal};
use super::table::{Cell as TableCell, Table, wrap};
use crate::control::report::{Outline, Up, link_reason, link_words};
use crate::control::{Ask, Cell, ProbeItem, Schemed, Tell};
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
    let bar = Bar::new(terminal);
    let mut matrix = Matrix::default();
    let mut take = |item: ProbeItem| {
        show(&bar, &item);
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

fn show(bar: &Bar, item: &ProbeItem) {
    match item {
        ProbeItem::Started { routes } => bar.plan(*routes),
        ProbeItem::Controls { link, ground } => bar.say(format!("the network is {}", link_reason(*link, *ground))),
        ProbeItem::Cell(cell) => {
            bar.step(format!("{}/{} via {}: {}", cell.service, cell.facet, cell.transport, brief(cell)));
        }
    }
}

/// One cell of the matrix in a few letters.
fn brief(cell: &Cell) -> String {
    match (cell.answered, cell.technique) {
        (Some(true), _) => format!("ok {} ms", cell.took_ms),
        (Some(false), Some(how)) => format!("no: {how}"),
        (Some(false), None) => "no answer".into(),
        (None, _) => "–".into(),
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
        if self.link != LinkState::Online {
            for line in wrap(&link_words(self.link, self.ground), out.width()) {
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
        let mut titles = vec!["SERVICE", "FACET"];
        titles.extend(&ways);
        let flexible: Vec<_> = (2..titles.len()).collect();
        self.grid(&titles, &ways, &flexible, out)?;
        self.reasons(out)
    }

    fn grid(&self, titles: &[&str], ways: &[&str], flexible: &[usize], out: &mut Out) -> io::Result<()> {
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
                Some(cell) => TableCell::new(brief(cell), style(cell)),
                None => TableCell::default(),
            });
            let udp = if l4 == L4::Udp { " (udp)" } else { "" };
            table.row([title.into(), format!("{facet}{udp}").into()].into_iter().chain(found));
        }
        table.write(out)
    }

    /// Why the failures failed.
    fn reasons(&self, out: &mut Out) -> io::Result<()> {
        let failed: Vec<_> = self.cells.iter().filter(|cell| cell.answered == Some(false)).collect();
        if !failed.is_empty() {
            out.line("")?;
        }
        for cell in failed {
            let sure = if cell.technique.is_some() { format!(" ({})", cell.confidence) } else { String::new() };
            let said = format!("{}/{} via {}: {}{sure}", cell.service, cell.facet, cell.transport, cell.words);
            for line in wrap(&said, out.width()) {
                out.line(&line)?;
            }
        }
        Ok(())
    }

    /// One line per route.
    fn list(&self, out: &mut Out) -> io::Result<()> {
        let mut table = Table::new(&["SERVICE", "FACET", "WAY", "RESULT", "WHAT"], &[4]);
        for cell in &self.cells {
            table.row([
                cell.title.as_str().into(),
                cell.facet.to_string().into(),
                cell.transport.as_str().into(),
                TableCell::new(brief(cell), style(cell)),
                if cell.answered == Some(true) { "" } else { cell.words.as_str() }.into(),
            ]);
        }
        table.write(out)
    }
}
