//! The picture: the sentence, the grid, the bands of a day, the log, the keys. Colours help; the signs say it without.

use super::screen::Screen;
use crate::control::report::{FacetLine, ServiceLine, Status, Window, lanes};
use crate::control::{Because, Entry, Tone};
use crate::model::{Phase, TransportId};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Cell, Clear, Paragraph, Row, Table, Wrap};
use std::time::Duration;

const DAY: Duration = Duration::from_hours(24);
/// Colours of the ways, by their place; further ones begin anew and are told by their number.
const COLOURS: [Color; 6] = [Color::Green, Color::Cyan, Color::Blue, Color::Magenta, Color::Yellow, Color::LightBlue];

pub(super) fn draw(screen: &Screen, frame: &mut Frame<'_>) {
    let say = |key| screen.words.say(key);
    let Some((status, past)) = &screen.seen else {
        let words = if screen.said.is_empty() { say("top-waiting") } else { screen.said.clone() };
        return frame.render_widget(Paragraph::new(words).wrap(Wrap { trim: true }), frame.area());
    };
    let rows: usize = status.services.iter().map(|service| service.facets.len()).sum();
    let bands = drawn_lanes(status, past).len();
    let [head, grid, day, log, foot] = Layout::vertical([
        Constraint::Length(3),
        Constraint::Max(height(rows + 3)),
        Constraint::Max(height(bands + 3)),
        Constraint::Min(4),
        Constraint::Length(2),
    ])
    .areas(frame.area());
    let sentence = Paragraph::new(screen.words.sentence(status)).wrap(Wrap { trim: true });
    frame.render_widget(sentence.style(Style::new().add_modifier(Modifier::BOLD)), head);
    frame.render_widget(table(screen, status).block(titled(say("top-services"))), grid);
    frame.render_widget(timeline(screen, status, past, day.width), day);
    frame.render_widget(log_lines(screen, status, past, log.height), log);
    frame.render_widget(Paragraph::new(footer(screen)), foot);
    if screen.help {
        help(screen, frame);
    }
}

fn height(rows: usize) -> u16 {
    u16::try_from(rows).unwrap_or(u16::MAX)
}

fn titled(title: String) -> Block<'static> {
    Block::new().borders(Borders::TOP).title(title)
}

fn table<'a>(screen: &'a Screen, status: &'a Status) -> Table<'a> {
    let words = screen.words;
    let numbered = status.transports.iter().enumerate().map(|(at, way)| format!("{} {}", at + 1, way.id));
    let head: Vec<String> = [words.say("page-service"), words.say("page-part")].into_iter().chain(numbered).collect();
    let mut rows = Vec::new();
    for (at, service) in status.services.iter().enumerate() {
        rows.extend(service.facets.iter().enumerate().map(|(line, facet)| {
            let style = if at == screen.chosen { Style::new().add_modifier(Modifier::REVERSED) } else { Style::new() };
            let title = if line == 0 { name(service, at == screen.chosen) } else { String::new() };
            let title = Cell::new(title).style(style);
            let ways = status.transports.iter().map(|way| cell(facet, &way.id));
            Row::new([title, Cell::new(words.facet(facet.facet))].into_iter().chain(ways))
        }));
    }
    let widths = [Constraint::Length(16), Constraint::Length(18)];
    let widths = widths.into_iter().chain(status.transports.iter().map(|_| Constraint::Length(12)));
    Table::new(rows, widths).header(Row::new(head).style(Style::new().add_modifier(Modifier::DIM)))
}

/// A service's name, with a mark where it is chosen or its way is.
fn name(service: &ServiceLine, chosen: bool) -> String {
    let mark = if chosen { "▸" } else { " " };
    let forced = if service.forced.is_some() { "*" } else { "" };
    format!("{mark}{}{forced}", service.title)
}

fn cell(facet: &FacetLine, way: &TransportId) -> Cell<'static> {
    let known = facet.ways.iter().find(|known| known.transport == *way);
    let passed = facet.passed_over.iter().any(|passed| passed.transport == *way);
    let (sign, colour) = match known.map_or(Phase::Unknown, |known| known.phase) {
        Phase::Ok | Phase::ProbeStale => ("●", Color::Green),
        Phase::Degraded => ("◐", Color::Yellow),
        Phase::Suspect => ("?", Color::Yellow),
        Phase::Recovering => ("↻", Color::Yellow),
        Phase::Blocked => ("✕", Color::Red),
        Phase::ServiceDown => ("!", Color::Red),
        Phase::Unknown if passed => ("–", Color::DarkGray),
        Phase::Unknown => ("○", Color::DarkGray),
    };
    let millis = known.filter(|known| known.phase == Phase::Ok).and_then(|known| known.first_byte_ms);
    let text = millis.map_or_else(|| sign.to_owned(), |millis| format!("{sign} {millis}"));
    let text = if facet.way.as_ref() == Some(way) { format!("[{text}]") } else { format!(" {text}") };
    Cell::new(text).style(Style::new().fg(colour))
}

fn drawn_lanes(status: &Status, past: &[Entry]) -> Vec<crate::control::report::Lane> {
    let window = Window { since: status.at.before(DAY), until: status.at };
    lanes(past, status, window).into_iter().filter(|lane| !lane.spans.is_empty()).collect()
}

/// A band for each part that was in use; each column is coloured, and numbered, by the way it took.
fn timeline(screen: &Screen, status: &Status, past: &[Entry], width: u16) -> Paragraph<'static> {
    const LABEL: usize = 34;
    let columns = usize::from(width).saturating_sub(LABEL + 1).max(1);
    let since = status.at.before(DAY).as_secs();
    let lines = drawn_lanes(status, past).into_iter().map(|lane| {
        let label = format!(" {}, {}", lane.title, screen.words.facet(lane.facet));
        let mut spans = vec![Span::raw(format!("{label:<LABEL$.LABEL$}"))];
        for column in 0..columns {
            let column = u64::try_from(column).unwrap_or_default();
            let whole = u64::try_from(columns).unwrap_or(1);
            let at = since + (2 * column + 1) * DAY.as_secs() / (2 * whole);
            let here = lane.spans.iter().find(|span| span.from.as_secs() <= at && at < span.until.as_secs());
            spans.push(match here.map(|span| &span.way) {
                None => Span::styled("·", Style::new().fg(Color::DarkGray)),
                Some(None) => Span::styled("✕", Style::new().fg(Color::Red)),
                Some(Some(way)) => {
                    let place = status.transports.iter().position(|known| known.id == *way);
                    let sign = place.filter(|place| *place < 9).map_or("+".to_owned(), |place| (place + 1).to_string());
                    let colour = place.and_then(|place| COLOURS.get(place % COLOURS.len())).copied();
                    Span::styled(sign, Style::new().fg(colour.unwrap_or(Color::Gray)))
                }
            });
        }
        Line::from(spans)
    });
    Paragraph::new(lines.collect::<Vec<_>>()).block(titled(screen.words.say("top-timeline")))
}

fn log_lines(screen: &Screen, status: &Status, past: &[Entry], height: u16) -> Paragraph<'static> {
    let room = usize::from(height).saturating_sub(1);
    let told = past.iter().enumerate().rev().filter_map(|(at, entry)| {
        let event = screen.words.event(status, &entry.record, past.get(..at).unwrap_or_default())?;
        let colour = match event.tone {
            Tone::Plain => Color::Reset,
            Tone::Well => Color::Green,
            Tone::Doubt => Color::Yellow,
            Tone::Bad => Color::Red,
        };
        let why = event.why.map(|(Because::Told(why) | Because::English(why))| format!(": {why}")).unwrap_or_default();
        Some(Line::from(vec![
            Span::styled(format!(" {} ", entry.at.short(status.at)), Style::new().add_modifier(Modifier::DIM)),
            Span::styled(event.what, Style::new().fg(colour)),
            Span::raw(why),
        ]))
    });
    let lines: Vec<_> = told.take(room).collect();
    let title = format!("{} (UTC)", screen.words.say("top-log"));
    Paragraph::new(lines).block(titled(title))
}

fn footer(screen: &Screen) -> Vec<Line<'static>> {
    let paused = if screen.paused { format!("[{}] ", screen.words.say("top-paused")) } else { String::new() };
    vec![
        Line::styled(format!("{paused}{}", screen.said), Style::new().add_modifier(Modifier::BOLD)),
        Line::styled(screen.words.say("top-keys"), Style::new().add_modifier(Modifier::DIM)),
    ]
}

fn help(screen: &Screen, frame: &mut Frame<'_>) {
    let text = screen.words.say("top-help-text");
    let area = frame.area();
    let (width, height) = (area.width.min(96), area.height.min(18));
    let middle = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    frame.render_widget(Clear, middle);
    let lines: Vec<_> = text.lines().map(|line| Line::raw(line.trim_start().to_owned())).collect();
    let block = Block::new().borders(Borders::ALL).title(screen.words.say("top-help"));
    frame.render_widget(Paragraph::new(lines).block(block).wrap(Wrap { trim: false }), middle);
}
