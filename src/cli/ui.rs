//! `byway ui`: a link that opens the status page once. It serves nothing itself; the running byway does.

use super::ask::{Asker, strange};
use super::exit::{Exit, Failed};
use super::out::Terminal;
use crate::control::{Ask, Schemed, Tell, span_words};
use std::process::{Command, Stdio};
use std::time::Duration;

pub(super) fn ui(asker: &Asker, open: bool, json: bool, terminal: &mut Terminal) -> Result<Exit, Failed> {
    let Tell::Ui(page) = asker.once(&Ask::Ui)? else { return Err(strange()) };
    if json {
        terminal.out.json(&Schemed::new(&page))?;
    } else {
        terminal.out.line(&page.link.0)?;
        let lasts = span_words(Duration::from_secs(page.valid_secs));
        terminal.note(&format!("It opens the status page once, within {lasts}; then ask for another."));
    }
    if open {
        let (program, arguments) = opener();
        let mut browser = Command::new(program);
        browser.args(arguments).arg(&page.link.0);
        browser.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        browser.spawn().map_err(|error| {
            Failed::new(Exit::Failed, format!("no browser could be opened ({program}: {error}); follow the link"))
        })?;
    }
    Ok(Exit::Ok)
}

/// What hands an address to the person's browser.
const fn opener() -> (&'static str, &'static [&'static str]) {
    if cfg!(windows) {
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else if cfg!(target_os = "macos") {
        ("open", &[])
    } else {
        ("xdg-open", &[])
    }
}
