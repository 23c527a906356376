//! The commands that change something, or read a file: `use`, `reload`, `check`, `import`.

use super::actions::{Actions, ImportWish, Imported, Launch};
use super::ask::{Asker, strange};
use super::exit::{Exit, Failed};
use super::out::{Out, Style, Terminal};
use super::table::{Cell, Table};
use crate::control::{Ask, Schemed, Stamp, Tell, Used};
use crate::lang::Words;
use crate::model::{Secret, ServiceId, TransportId};
use serde::Serialize;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The most that is read of a subscription: far beyond any real one.
const MOST_IMPORTED: u64 = 4 << 20;

pub(super) fn use_way(
    asker: &Asker,
    service: &str,
    transport: &str,
    lasting: Option<Duration>,
    terminal: &mut Terminal,
) -> Result<Exit, Failed> {
    let transport = (transport != "auto").then(|| TransportId::from(transport));
    if transport.is_none() && lasting.is_some() {
        return Err(Failed::new(Exit::Usage, "--for makes no sense with `auto`: the automatic choice has no end"));
    }
    let ask = Ask::Use { service: ServiceId::from(service), transport, for_secs: lasting.map(|span| span.as_secs()) };
    let Tell::Used(used) = asker.once(&ask)? else { return Err(strange()) };
    terminal.note(&used_words(&used, Stamp::now(), &terminal.words));
    if let Some(warning) = &used.warning {
        warn(warning, terminal);
    }
    Ok(Exit::Ok)
}

/// What `use` did, in one sentence.
pub(super) fn used_words(used: &Used, now: Stamp, words: &Words) -> String {
    let mut args = vec![("service", used.service.as_str().into())];
    args.extend(used.transport.as_ref().map(|way| ("way", way.as_str().into())));
    args.extend(used.until.map(|until| ("time", until.text(now).into())));
    let key = match (&used.transport, used.until) {
        (None, _) => "orders-auto",
        (Some(_), Some(_)) => "orders-until",
        (Some(_), None) => "orders-for-good",
    };
    words.say_with(key, &args)
}

fn warn(what: &str, terminal: &mut Terminal) {
    terminal.note(&terminal.say("orders-warning", &[("what", what.into())]));
}

pub(super) fn reload(asker: &Asker, terminal: &mut Terminal) -> Result<Exit, Failed> {
    let Tell::Reloaded(done) = asker.once(&Ask::Reload)? else { return Err(strange()) };
    for warning in &done.warnings {
        warn(warning, terminal);
    }
    match done.changes.as_slice() {
        [] => terminal.note(&terminal.say("orders-nothing-changed", &[])),
        changes => changes.iter().for_each(|change| terminal.note(change)),
    }
    Ok(Exit::Ok)
}

pub(super) fn check(
    launch: &Launch,
    file: Option<PathBuf>,
    json: bool,
    actions: &impl Actions,
    terminal: &mut Terminal,
) -> Result<Exit, Failed> {
    let launch = Launch { config: file.or_else(|| launch.config.clone()), ..launch.clone() };
    let checked = actions.check(&launch)?;
    let exit = if checked.faults.is_empty() { Exit::Ok } else { Exit::Config };
    if json {
        terminal.out.json(&Schemed::new(&checked))?;
        return Ok(exit);
    }
    for warning in &checked.warnings {
        warn(warning, terminal);
    }
    for fault in &checked.faults {
        terminal.error(fault);
    }
    if exit == Exit::Ok && !terminal.quiet {
        let args = [("file", checked.file.as_str().into()), ("summary", checked.summary.as_str().into())];
        terminal.out.line(&terminal.say("orders-good", &args))?;
    }
    Ok(exit)
}

/// What `import` was asked.
pub(super) struct ImportOrder {
    pub(super) source: Option<String>,
    pub(super) via: Option<TransportId>,
    pub(super) dry_run: bool,
    pub(super) allow_insecure: bool,
}

pub(super) fn import(
    launch: &Launch,
    order: ImportOrder,
    json: bool,
    actions: &impl Actions,
    terminal: &mut Terminal,
) -> Result<Exit, Failed> {
    let ImportOrder { source, via, dry_run, allow_insecure } = order;
    let (name, text) = read_source(source, terminal)?;
    let imported = actions.import(launch, &ImportWish { name, text, via, dry_run, allow_insecure })?;
    let taken = imported.rows.iter().filter(|row| row.skipped.is_none()).count();
    if json {
        terminal.out.json(&Schemed::new(&Summary { dry_run, imported: &imported }))?;
    } else {
        render_import(&imported, &mut terminal.out)?;
        imported.notes.iter().for_each(|note| terminal.note(note));
        let skipped = imported.rows.len() - taken;
        let mut args = vec![("taken", taken.into()), ("skipped", skipped.into())];
        match (&imported.file, dry_run) {
            (_, true) => terminal.note(&terminal.say("orders-import-dry", &args)),
            (Some(file), false) => {
                args.push(("file", file.display().to_string().into()));
                terminal.note(&terminal.say("orders-imported", &args));
                terminal.note(&terminal.say("orders-imported-next", &[]));
            }
            (None, false) => terminal.note(&terminal.say("orders-imported-nowhere", &args)),
        }
    }
    if taken == 0 {
        return Err(Failed::new(Exit::Failed, terminal.say("orders-import-nothing", &[])));
    }
    Ok(Exit::Ok)
}

/// An import for machines.
#[derive(Serialize)]
struct Summary<'a> {
    dry_run: bool,
    #[serde(flatten)]
    imported: &'a Imported,
}

/// The table for a person.
pub(super) fn render_import(imported: &Imported, out: &mut Out) -> io::Result<()> {
    let words = out.words();
    let titles = ["orders-name", "orders-kind", "orders-result"].map(|key| words.say(key));
    let mut table = Table::new(&titles.each_ref().map(String::as_str), &[0, 2]);
    for row in &imported.rows {
        let result = match &row.skipped {
            None => Cell::new(words.say("orders-ok"), Style::Good),
            Some(why) => Cell::new(words.say_with("orders-skipped", &[("why", why.as_str().into())]), Style::Doubt),
        };
        table.row([row.name.as_str().into(), row.kind.as_str().into(), result]);
    }
    if table.is_empty() { Ok(()) } else { table.write(out) }
}

/// The text to import and what to call it: a link, a file, or stdin.
fn read_source(source: Option<String>, terminal: &mut Terminal) -> Result<(String, Secret<String>), Failed> {
    match source.as_deref() {
        Some(link) if link.contains("://") => {
            terminal.note(&terminal.say("orders-link-seen", &[]));
            Ok(("the link".into(), Secret::new(link.to_owned())))
        }
        Some(path) if path != "-" => {
            let failed = |error| Failed::new(Exit::Usage, format!("cannot read \"{path}\": {error}"));
            let file = std::fs::File::open(Path::new(path)).map_err(failed)?;
            Ok((path.to_owned(), read_text(file, path)?))
        }
        given => {
            let stdin = io::stdin();
            if stdin.is_terminal() {
                match given {
                    Some(_) => terminal.note(&terminal.say("orders-paste", &[])),
                    None => return Err(Failed::new(Exit::Usage, terminal.say("orders-import-what", &[]))),
                }
            }
            Ok(("stdin".into(), read_text(stdin.lock(), "stdin")?))
        }
    }
}

fn read_text(from: impl Read, name: &str) -> Result<Secret<String>, Failed> {
    let mut bytes = Vec::new();
    let failed = |why: &dyn std::fmt::Display| Failed::new(Exit::Usage, format!("cannot read \"{name}\": {why}"));
    from.take(MOST_IMPORTED + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if bytes.len() as u64 > MOST_IMPORTED {
        return Err(failed(&"it is longer than 4 MiB"));
    }
    String::from_utf8(bytes).map(Secret::new).map_err(|_| failed(&"it is not text (UTF-8)"))
}
