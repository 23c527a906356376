//! What became of the acts, as a table for a terminal.

use super::Row;
use std::fmt::Write;
use std::time::Duration;

const HEAD: [&str; 8] = ["block", "service", "byway called it", "carried on", "failures seen", "way", "back after", ""];

/// The table, one line a row, columns as wide as they need.
pub fn table(rows: &[Row]) -> String {
    let lines: Vec<[String; 8]> = std::iter::once(HEAD.map(str::to_owned)).chain(rows.iter().map(cells)).collect();
    let mut widths = [0; 8];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for line in &lines {
        let mut out = String::new();
        for (width, cell) in widths.iter().zip(line) {
            // Writing to a string cannot fail.
            let _written = write!(out, "{cell:<width$}  ");
        }
        text.push_str(out.trim_end());
        text.push('\n');
    }
    text
}

fn cells(row: &Row) -> [String; 8] {
    [
        row.block.to_owned(),
        row.service.to_owned(),
        row.called.map_or_else(|| "nobody's fault".to_owned(), |technique| technique.name().to_owned()),
        span(row.carried_on),
        row.visible_failures.to_string(),
        row.way.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string),
        span(row.returned),
        if row.as_expected { "ok" } else { "NOT AS EXPECTED" }.to_owned(),
    ]
}

fn span(span: Option<Duration>) -> String {
    span.map_or_else(|| "never".to_owned(), |span| format!("{} ms", span.as_millis()))
}
