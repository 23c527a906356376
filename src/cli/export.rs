//! `byway report --ooni FILE`: the tests of the direct way in OONI's format, shown first, written only after a yes.

use super::ask::{Asker, strange};
use super::consent::consent;
use super::exit::{Exit, Failed};
use super::out::Terminal;
use super::table::wrap;
use crate::control::report::Measurement;
use crate::control::{Ask, Tell, span_words};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a person should know before publishing it.
const RISK: &str = "This file says which services were tested from a network that is being watched, and with what. byway \
    sends it nowhere; whoever publishes it should know that measuring censorship, or having this program, can be an \
    offence in some places, and that the time, the services and the findings together may point at a person.";

/// How it was asked for.
pub(super) struct Wish {
    /// Where to.
    pub(super) file: PathBuf,
    /// How far back.
    pub(super) since: Duration,
    /// The question is answered.
    pub(super) yes: bool,
    /// A file that exists may go.
    pub(super) force: bool,
}

pub(super) fn export(asker: &Asker, wish: &Wish, terminal: &mut Terminal) -> Result<Exit, Failed> {
    if !wish.force && wish.file.symlink_metadata().is_ok() {
        return Err(occupied(&wish.file));
    }
    let found = match asker.before_consent(&Ask::Measurements { since_secs: wish.since.as_secs() }) {
        Ok(Tell::Measurements(found)) => found,
        Ok(_) => return Err(strange()),
        Err(failed) if failed.exit == Exit::NotRunning => {
            let why = "; the tests to be exported are in the memory of a running one only";
            return Err(Failed::new(failed.exit, failed.message + why));
        }
        Err(failed) => return Err(failed),
    };
    if found.is_empty() {
        let span = span_words(wish.since);
        let why = format!("nothing to export: no test of the direct way is remembered from the last {span}");
        return Err(Failed::new(Exit::Failed, why));
    }
    for measurement in &found {
        let text = serde_json::to_string_pretty(measurement).map_err(io::Error::from)?;
        terminal.out.line(&text)?;
    }
    wrap(RISK, terminal.err.width()).iter().for_each(|line| terminal.note(line));
    let name = wish.file.display();
    consent(&format!("Write this to \"{name}\"?"), wish.yes, terminal)?;
    write(wish, &found).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => occupied(&wish.file),
        io::ErrorKind::PermissionDenied => Failed::new(Exit::Permission, format!("cannot write \"{name}\": {error}")),
        _ => Failed::new(Exit::Failed, format!("cannot write \"{name}\": {error}")),
    })?;
    terminal.note(&format!("{} measurements written to \"{name}\", for you alone to read", found.len()));
    Ok(Exit::Ok)
}

fn occupied(file: &Path) -> Failed {
    Failed::new(Exit::Usage, format!("\"{}\" exists; name another file, or add --force", file.display()))
}

/// One measurement a line, in a file that nobody else can read. One that exists is replaced, not written into: its
/// mode may be another, and it may be a link.
fn write(wish: &Wish, found: &[Measurement]) -> io::Result<()> {
    if wish.force {
        match std::fs::remove_file(&wish.file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut lines = Vec::new();
    for measurement in found {
        serde_json::to_writer(&mut lines, measurement)?;
        lines.push(b'\n');
    }
    let mut file = options.open(&wish.file)?;
    file.write_all(&lines)?;
    file.sync_all()
}
