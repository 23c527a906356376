//! The only door to the terminal: data to stdout, messages to stderr, colours where they are wanted, and a
//! reader that leaves early is no error.

use super::args::ColourChoice;
use crate::lang::{Arg, Tongue, Words};
use serde::Serialize;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::sync::Arc;

/// How a piece of text looks where colours are on. Never the only carrier of a meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// As it is.
    #[default]
    Plain,
    /// A heading.
    Bold,
    /// Of lesser weight.
    Dim,
    /// Well.
    Good,
    /// In doubt.
    Doubt,
    /// Not well.
    Bad,
}

/// One output.
pub struct Out {
    sink: Box<dyn Write + Send>,
    colour: bool,
    width: usize,
    live: bool,
    words: Arc<Words>,
}

/// Both outputs.
pub struct Terminal {
    /// Data.
    pub out: Out,
    /// Messages.
    pub err: Out,
    /// Whether messages that are not errors are unwanted.
    pub quiet: bool,
    /// The words of the language that messages are in.
    pub words: Arc<Words>,
    /// Who answers questions; `None` when nobody is there to read them.
    pub person: Option<Box<dyn BufRead + Send>>,
}

impl Out {
    /// An output to `sink`, `width` columns wide. `live` tells that a person watches it.
    pub fn new(sink: Box<dyn Write + Send>, colour: bool, width: usize, live: bool) -> Self {
        Self { sink, colour, width, live, words: Words::shared(Tongue::English) }
    }

    /// The same output, in another language.
    #[must_use]
    pub fn speaking(mut self, tongue: Tongue) -> Self {
        self.words = Words::shared(tongue);
        self
    }

    /// The words of the language that it is written in.
    pub fn words(&self) -> Arc<Words> {
        Arc::clone(&self.words)
    }

    /// Writes one line, or several.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        self.sink.write_all(text.as_bytes())?;
        self.sink.write_all(b"\n")?;
        self.sink.flush()
    }

    /// Writes bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sink.write_all(bytes)?;
        self.sink.flush()
    }

    /// Writes one JSON value on one line.
    pub fn json<T: Serialize>(&mut self, value: &T) -> io::Result<()> {
        let text = serde_json::to_string(value)?;
        self.line(&text)
    }

    /// `text` in `style`, where colours are on.
    pub fn paint(&self, style: Style, text: &str) -> String {
        let code = match style {
            Style::Bold => "1",
            Style::Dim => "2",
            Style::Good => "32",
            Style::Doubt => "33",
            Style::Bad => "31",
            Style::Plain => return text.to_owned(),
        };
        if self.colour && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Columns.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Whether colours are on.
    pub const fn is_coloured(&self) -> bool {
        self.colour
    }

    /// Whether a person watches.
    pub const fn live(&self) -> bool {
        self.live
    }

    /// Empties the screen, where a person watches.
    pub fn clear(&mut self) -> io::Result<()> {
        if self.live { self.raw(b"\x1b[H\x1b[2J") } else { Ok(()) }
    }
}

impl Terminal {
    /// The process's own.
    pub fn of_process(choice: ColourChoice, quiet: bool) -> Self {
        let env = |name: &str| std::env::var_os(name);
        let width = width(env("COLUMNS"));
        let (out, err) = (io::stdout(), io::stderr());
        let (out_live, err_live) = (out.is_terminal(), err.is_terminal());
        Self {
            out: Out::new(Box::new(out), coloured(choice, env, out_live), width, out_live),
            err: Out::new(Box::new(err), coloured(choice, env, err_live), width, err_live),
            quiet,
            words: Words::shared(Tongue::English),
            person: (err_live && io::stdin().is_terminal()).then(|| Box::new(BufReader::new(io::stdin())) as _),
        }
    }

    /// Speaks a language from now on.
    pub fn speak(&mut self, tongue: Tongue) {
        self.words = Words::shared(tongue);
        (self.out.words, self.err.words) = (self.words(), self.words());
    }

    fn words(&self) -> Arc<Words> {
        Arc::clone(&self.words)
    }

    /// The sentence of a key, in the language that messages are in.
    pub fn say(&self, key: &str, args: &[(&str, Arg<'_>)]) -> String {
        self.words.say_with(key, args)
    }

    /// Says something on stderr that is not an error. Whether that can be read is of no consequence.
    pub fn note(&mut self, text: &str) {
        if !self.quiet {
            let _ = self.err.line(text);
        }
    }

    /// Says on stderr what went wrong, each line a fault of its own.
    pub fn error(&mut self, text: &str) {
        let head = self.err.paint(Style::Bad, &self.words.say("errors-head"));
        for line in text.lines() {
            let _ = self.err.line(&format!("{head} {line}"));
        }
    }
}

/// Whether to colour: what was asked; else NO_COLOR (no-color.org), CLICOLOR_FORCE (bixense.com/clicolors),
/// a dumb terminal, and whether it is one at all, in this order.
fn coloured(choice: ColourChoice, env: impl Fn(&str) -> Option<OsString>, live: bool) -> bool {
    let set = |name: &str| env(name).filter(|value| !value.is_empty());
    match choice {
        ColourChoice::Always => true,
        ColourChoice::Never => false,
        ColourChoice::Auto if set("NO_COLOR").is_some() => false,
        ColourChoice::Auto if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
        ColourChoice::Auto => live && set("TERM").is_none_or(|term| term != "dumb"),
    }
}

/// The columns to fill: 80 unless `COLUMNS` says otherwise, within what still reads well.
fn width(columns: Option<OsString>) -> usize {
    let asked = columns.and_then(|columns| columns.to_str()?.parse::<usize>().ok());
    asked.map_or(80, |asked| asked.clamp(60, 160))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_follow_the_flag_then_the_environment_then_the_terminal() {
        use ColourChoice::{Always, Auto, Never};
        for (choice, env, live, wanted) in [
            (Auto, vec![], true, true),
            (Auto, vec![], false, false),
            (Auto, vec![("TERM", "dumb")], true, false),
            (Auto, vec![("NO_COLOR", "1")], true, false),
            (Auto, vec![("NO_COLOR", "")], true, true),
            (Auto, vec![("CLICOLOR_FORCE", "1")], false, true),
            (Auto, vec![("CLICOLOR_FORCE", "0")], false, false),
            (Auto, vec![("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], true, false),
            (Always, vec![("NO_COLOR", "1")], false, true),
            (Never, vec![("CLICOLOR_FORCE", "1")], true, false),
        ] {
            let look = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
            assert_eq!(coloured(choice, look, live), wanted, "{choice:?} {env:?} {live}");
        }
    }

    #[test]
    fn the_width_stays_within_what_reads_well() {
        for (columns, wanted) in
            [(None, 80), (Some("100"), 100), (Some("20"), 60), (Some("9999"), 160), (Some("x"), 80)]
        {
            assert_eq!(width(columns.map(OsString::from)), wanted);
        }
    }
}
