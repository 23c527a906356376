//! What a program says, as far as byway lets it be read: the last lines, in memory only, without the secrets that byway gave
//! it and without what looks like a place on the network. A program that talks without end takes no memory by it.

use crate::model::Secret;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// Lines that are kept.
const LINES: usize = 20;
/// Characters of a line that are kept.
const LENGTH: usize = 160;
/// Bytes of a line that are read; the rest of it is passed over.
const LONGEST: usize = 16 * 1024;

/// The last words of a program.
pub(super) struct Said {
    lines: Mutex<VecDeque<String>>,
    secrets: Vec<Secret<String>>,
}

impl Said {
    /// Nothing yet; `secrets` are never kept.
    pub(super) fn new(secrets: Vec<Secret<String>>) -> Self {
        let telling = |secret: &Secret<String>| secret.expose().len() >= 4;
        Self { lines: Mutex::default(), secrets: secrets.into_iter().filter(telling).collect() }
    }

    /// Takes a line in.
    pub(super) fn heard(&self, line: &str) {
        let line = self.clean(line);
        if line.is_empty() {
            return;
        }
        tracing::debug!("a program says: {line}");
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// The last line.
    pub(super) fn last(&self) -> Option<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).back().cloned()
    }

    /// A line without secrets, places and control characters.
    pub(super) fn clean(&self, line: &str) -> String {
        let mut line = plain(line);
        for secret in &self.secrets {
            line = line.replace(secret.expose().as_str(), "***");
        }
        let words = line.split_whitespace().map(|word| if is_place(word) { "…" } else { word });
        let line = words.collect::<Vec<_>>().join(" ");
        line.chars().take(LENGTH).collect()
    }

    /// Reads a program's output to its end.
    pub(super) async fn listen(&self, from: impl AsyncRead + Unpin) {
        let mut lines = Lines::of(from);
        while let Some(line) = lines.next().await {
            self.heard(&line);
        }
    }
}

/// An output, line by line.
pub(super) struct Lines<R> {
    from: BufReader<R>,
    line: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn of(from: R) -> Self {
        Self { from: BufReader::new(from), line: Vec::new() }
    }

    /// The next line, without its end; `None` when there are no more. Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<String> {
        loop {
            let piece = match self.from.fill_buf().await {
                Ok([]) | Err(_) => return (!self.line.is_empty()).then(|| self.whole()),
                Ok(piece) => piece,
            };
            let end = piece.iter().position(|byte| *byte == b'\n');
            let taken = end.unwrap_or(piece.len());
            let room = LONGEST.saturating_sub(self.line.len()).min(taken);
            self.line.extend_from_slice(piece.get(..room).unwrap_or_default());
            self.from.consume(taken + usize::from(end.is_some()));
            if end.is_some() {
                return Some(self.whole());
            }
        }
    }

    fn whole(&mut self) -> String {
        let line = String::from_utf8_lossy(&self.line).trim_end_matches('\r').to_owned();
        self.line.clear();
        line
    }
}

/// Without the escape sequences that colour a terminal, and without control characters.
fn plain(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => {
                let _ = chars.by_ref().skip_while(|c| *c == '[').find(|c| !matches!(c, '0'..='9' | ';'));
            }
            c if c.is_control() => plain.push(' '),
            c => plain.push(c),
        }
    }
    plain
}

/// Whether a word looks like an address, or a name of some place, with or without a port.
fn is_place(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    let colons = word.matches(':').count();
    let dotted = word.split('.').filter(|part| part.chars().any(char::is_alphanumeric)).count() > 1;
    (dotted && !is_number(word)) || colons > 1 || word.contains("://")
}

/// A version, a span of time or a size is no place.
fn is_number(word: &str) -> bool {
    word.parse::<f64>().is_ok() || word.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said() -> Said {
        Said::new(vec![Secret::new("hunter2".to_owned()), Secret::new(String::new())])
    }

    #[test]
    fn neither_secrets_nor_places_are_kept() {
        let said = said();
        for (line, want) in [
            ("\u{1b}[31mFATAL\u{1b}[0m[0000] bind: address already in use", "FATAL[0000] bind: address already in use"),
            ("dialing web.whatsapp.com:443 failed", "dialing … failed"),
            ("connect to 203.0.113.7: refused (2001:db8::1)", "connect to … refused …"),
            ("password hunter2 is wrong after 1.5s", "password *** is wrong after 1.5s"),
            ("get https://a/b", "get …"),
        ] {
            assert_eq!(said.clean(line), want);
        }
    }

    #[tokio::test]
    async fn a_program_that_talks_without_end_takes_no_memory() {
        let said = said();
        let mut text = "x".repeat(1 << 20);
        for number in 0..100 {
            text.push_str(&format!("\nline {number}"));
        }
        said.listen(text.as_bytes()).await;
        assert_eq!(said.last().as_deref(), Some("line 99"));
        let kept = said.lines.lock().unwrap();
        assert!(kept.len() == LINES && kept.iter().all(|line| line.len() <= LENGTH));
    }
}
