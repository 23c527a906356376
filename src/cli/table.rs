//! Tables that read well in 80 columns: columns as wide as their longest cell, the flexible ones wrapped at
//! words when that is too much.

use super::out::{Out, Style};
use std::io;
use unicode_width::UnicodeWidthChar;

/// Between two columns.
const GAP: usize = 2;
/// A flexible column is not made narrower than this.
const NARROWEST: usize = 12;

/// One cell.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    text: String,
    style: Style,
}

/// A table under construction.
#[derive(Debug)]
pub struct Table {
    titles: Vec<String>,
    flexible: Vec<usize>,
    rows: Vec<Vec<Cell>>,
}

impl Cell {
    /// A cell in a style.
    pub fn new(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text, Style::Plain)
    }
}

impl Table {
    /// A table with these column titles; the columns whose numbers are in `flexible` may be wrapped.
    pub fn new(titles: &[&str], flexible: &[usize]) -> Self {
        Self {
            titles: titles.iter().map(|title| (*title).to_owned()).collect(),
            flexible: flexible.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; missing cells are empty.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Whether it has no row.
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes it.
    pub fn write(&self, out: &mut Out) -> io::Result<()> {
        let widths = self.widths(out.width());
        let titles: Vec<_> = self.titles.iter().map(|title| Cell::new(title.as_str(), Style::Bold)).collect();
        for row in std::iter::once(&titles).chain(&self.rows) {
            let wrapped: Vec<_> = row.iter().zip(&widths).map(|(cell, width)| wrap(&cell.text, *width)).collect();
            for at in 0..wrapped.iter().map(Vec::len).max().unwrap_or(0) {
                let mut line = String::new();
                let mut owed = 0;
                for ((cell, lines), width) in row.iter().zip(&wrapped).zip(&widths) {
                    let text = lines.get(at).map_or("", String::as_str);
                    if !text.is_empty() {
                        // Between two cells that run to the left a terminal would change their order (UAX #9).
                        if owed > 0 && line.chars().any(runs_left) {
                            line.push('\u{200e}');
                        }
                        line.push_str(&" ".repeat(owed));
                        line.push_str(&out.paint(cell.style, text));
                        owed = 0;
                    }
                    owed += width + GAP - columns(text);
                }
                out.line(&line)?;
            }
        }
        Ok(())
    }

    /// The width of every column, so that all fit into `total` as far as the flexible ones can give way.
    fn widths(&self, total: usize) -> Vec<usize> {
        let longest = |at: usize, title: &str| {
            let cells = self.rows.iter().filter_map(|row| row.get(at)).map(|cell| columns(&cell.text));
            cells.chain([columns(title)]).max().unwrap_or(0)
        };
        let mut widths: Vec<_> = self.titles.iter().enumerate().map(|(at, title)| longest(at, title)).collect();
        let gaps = GAP * widths.len().saturating_sub(1);
        loop {
            let over = (widths.iter().sum::<usize>() + gaps).saturating_sub(total);
            let widest =
                self.flexible.iter().copied().filter(|&at| widths[at] > NARROWEST).max_by_key(|&at| widths[at]);
            match widest {
                // One column at a time, so that two long ones share the loss.
                Some(at) if over > 0 => widths[at] -= 1,
                _ => return widths,
            }
        }
    }
}

/// Breaks `text` at spaces into lines of at most `width` columns; a longer word is cut.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut filled = 0;
    for word in text.split(' ') {
        let wide = columns(word);
        if filled > 0 && filled + 1 + wide > width {
            lines.push(String::new());
            filled = 0;
        }
        let Some(mut line) = lines.pop() else { continue };
        if filled > 0 {
            line.push(' ');
            filled += 1;
        }
        for letter in word.chars() {
            if filled + letter_columns(letter) > width && filled > 0 {
                lines.push(std::mem::take(&mut line));
                filled = 0;
            }
            line.push(letter);
            filled += letter_columns(letter);
        }
        lines.push(line);
    }
    lines
}

/// The columns that a text fills.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(letter_columns).sum()
}

/// The columns that a letter fills (UAX #11): none for marks and controls, two for wide letters and pictures.
fn letter_columns(letter: char) -> usize {
    letter.width().unwrap_or(0)
}

/// Whether a letter is written from right to left (Hebrew, Arabic and their presentation forms).
const fn runs_left(letter: char) -> bool {
    matches!(letter as u32, 0x590..0x900 | 0xfb1d..0xfe00 | 0xfe70..0xff00)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kept_whole_where_they_fit() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
        assert_eq!(wrap("", 4), [""]);
    }

    #[test]
    fn wide_letters_count_twice_and_marks_not_at_all() {
        assert_eq!(columns("微信"), 4);
        assert_eq!(columns("e\u{301}"), 1);
        assert_eq!(columns("тест → ок"), 9);
        assert_eq!(columns("می\u{200c}شود \u{2068}byway\u{2069}"), 11, "joiners and isolates take no room");
    }

    #[test]
    fn a_flexible_column_gives_way_until_the_table_fits() {
        let mut table = Table::new(&["A", "B", "C"], &[1, 2]);
        table.row(["fixed".into(), "x ".repeat(60).trim().into(), "y ".repeat(30).trim().into()]);
        let widths = table.widths(80);
        assert_eq!(widths.iter().sum::<usize>() + 2 * GAP, 80);
        assert_eq!(widths[0], 5);
    }
}
