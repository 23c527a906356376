//! `byway doctor`: the check-up, by the running byway if there is one, else here; a table at the end, and on request a file
//! to be shared, shown before it is written.

use super::actions::{Actions, Launch};
use super::ask::{Asker, attend, strange};
use super::bar::Bar;
use super::consent::consent;
use super::exit::{Exit, Failed};
use super::out::{Out, Style, Terminal};
use super::table::{Cell, Table, wrap};
use crate::control::doctor::{self, Check, Finding, Outcome, State, Step};
use crate::control::{Ask, ControlError, RefusalCode, Schemed, Stamp, Tell};
use crate::lang::{Tongue, Words};
use serde::Serialize;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How it was asked for.
pub(super) struct Wish {
    /// For machines.
    pub(super) json: bool,
    /// Where to write a copy that can be shared.
    pub(super) share: Option<PathBuf>,
    /// Do not ask before it is written.
    pub(super) yes: bool,
    /// Replace it if it exists.
    pub(super) force: bool,
}

/// What `--json` shows.
#[derive(Serialize)]
struct CheckUp<'a> {
    version: &'static str,
    outcome: Outcome,
    findings: Vec<Line<'a>>,
}

/// A finding with its words, which for machines are English.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    finding: &'a Finding,
    why: String,
    remedy: Option<String>,
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(super) fn doctor(
    asker: &Asker,
    launch: &Launch,
    wish: &Wish,
    actions: &impl Actions,
    terminal: &mut Terminal,
) -> Result<Exit, Failed> {
    let words = &*Arc::clone(&terminal.words);
    if let Some(file) = wish.share.as_ref().filter(|file| !wish.force && file.symlink_metadata().is_ok()) {
        return Err(occupied(words, file));
    }
    for line in wrap(&words.say("doctor-notice"), terminal.err.width()) {
        terminal.note(&line);
    }
    let findings = look(asker, launch, actions, words, terminal)?;
    let outcome = Outcome::of(&findings);
    if wish.json {
        let english = Words::shared(Tongue::English);
        let lines = findings.iter().map(|finding| Line {
            finding,
            why: doctor::why(&english, finding),
            remedy: doctor::remedy(&english, finding),
        });
        terminal.out.json(&Schemed::new(CheckUp { version: VERSION, outcome, findings: lines.collect() }))?;
    } else if !terminal.quiet {
        render(words, &findings, &mut terminal.out)?;
    }
    if let Some(file) = &wish.share {
        share(words, &findings, file, wish, terminal)?;
    }
    Ok(exit(outcome))
}

const fn exit(outcome: Outcome) -> Exit {
    match outcome {
        Outcome::Well => Exit::Ok,
        Outcome::Degraded => Exit::Degraded,
        Outcome::NoWay => Exit::AllBlocked,
        Outcome::NoInternet => Exit::NoInternet,
        Outcome::Faulty => Exit::Config,
    }
}

/// Everything that was found, in order; an error when it broke off.
fn look(
    asker: &Asker,
    launch: &Launch,
    actions: &impl Actions,
    words: &Words,
    terminal: &Terminal,
) -> Result<Vec<Finding>, Failed> {
    // One that does not let itself be asked is a finding, and no reason to find nothing else.
    let running = asker.finds_one().unwrap_or_default();
    let version = running.then(|| asker.before_consent(&Ask::Ping)).transpose()?;
    let version = match &version {
        Some(Tell::Pong(pong)) => Some(pong.version.as_str()),
        Some(_) => return Err(strange()),
        None => None,
    };
    let bar = Bar::new(terminal);
    let (mut findings, mut whole) = (Vec::new(), false);
    let mut take = |step: Step| match step {
        Step::Planned(looks) => bar.plan(looks),
        Step::Looks(check) => {
            let check = doctor::check_words(words, check).into();
            bar.say(words.say_with("doctor-looks", &[("check", check)]));
        }
        Step::Found(finding) => findings.push(finding),
        Step::Looked(Check::Control) => {
            findings.push(doctor::version(VERSION, version));
            bar.step(doctor::check_words(words, Check::Control));
        }
        Step::Looked(check) => bar.step(doctor::check_words(words, check)),
        Step::Done => whole = true,
    };
    let asked = if running { attend(ask(asker, &mut take)) } else { Ok(false) };
    let done = asked.and_then(|asked| if asked { Ok(()) } else { actions.doctor(launch, &mut take) });
    bar.clear();
    done?;
    if whole { Ok(findings) } else { Err(Failed::new(Exit::Failed, words.say("doctor-broke-off"))) }
}

/// Has the running byway check everything up; `false` where it is too old to know how, which its version tells.
async fn ask(asker: &Asker, take: &mut impl FnMut(Step)) -> Result<bool, Failed> {
    let unknown =
        |error: &ControlError| matches!(error, ControlError::Refused(no) if no.code == RefusalCode::UnknownAsk);
    let mut answers = asker.stream(&Ask::Doctor).await?;
    loop {
        match answers.next().await {
            Ok(Some(Tell::Checked(step))) => take(step),
            Ok(Some(_)) => {}
            Ok(None) => return Ok(true),
            Err(error) if unknown(&error) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
}

const fn style(state: State) -> Style {
    match state {
        State::Ok => Style::Good,
        State::NotApplicable => Style::Dim,
        State::Warning => Style::Doubt,
        State::Failed => Style::Bad,
    }
}

/// The page for a person: the whole in a sentence, then every finding with its remedy.
pub(super) fn render(words: &Words, findings: &[Finding], out: &mut Out) -> io::Result<()> {
    let outcome = Outcome::of(findings);
    let mood = if outcome == Outcome::Well { Style::Good } else { Style::Bad };
    for line in wrap(&doctor::outcome_words(words, outcome), out.width()) {
        out.line(&out.paint(mood, &line))?;
    }
    out.line("")?;
    let titles = ["doctor-heading", "doctor-heading-state", "doctor-heading-why"].map(|key| words.say(key));
    let mut table = Table::new(&titles.each_ref().map(String::as_str), &[0, 2]);
    for finding in findings {
        let mood = style(finding.state);
        table.row([
            doctor::about(words, finding).into(),
            Cell::new(doctor::state_words(words, finding.state), mood),
            doctor::why(words, finding).into(),
        ]);
        if let Some(remedy) = doctor::remedy(words, finding) {
            table.row([Cell::default(), Cell::default(), Cell::new(format!("→ {remedy}"), Style::Bold)]);
        }
    }
    table.write(out)
}

/// Shows what would be shared, asks, and writes it.
fn share(words: &Words, findings: &[Finding], file: &Path, wish: &Wish, terminal: &mut Terminal) -> Result<(), Failed> {
    let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    let text = doctor::shared(words, findings, VERSION, &system, Stamp::now());
    // Shown even when little is wanted to be said: it is about to leave.
    for line in std::iter::once("").chain(text.lines()) {
        terminal.err.line(line)?;
    }
    terminal.err.line("")?;
    for line in wrap(&words.say("doctor-share-note"), terminal.err.width()) {
        terminal.err.line(&line)?;
    }
    let name = file.display().to_string();
    let with = |key: &str| words.say_with(key, &[("file", name.as_str().into())]);
    consent(&with("doctor-share-question"), wish.yes, terminal)?;
    write(file, text.as_bytes(), wish.force).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => occupied(words, file),
        kind => {
            let exit = if kind == io::ErrorKind::PermissionDenied { Exit::Permission } else { Exit::Failed };
            let args = [("file", name.as_str().into()), ("error", error.to_string().into())];
            Failed::new(exit, words.say_with("doctor-share-unwritten", &args))
        }
    })?;
    terminal.note(&with("doctor-share-written"));
    Ok(())
}

fn occupied(words: &Words, file: &Path) -> Failed {
    let name = file.display().to_string().into();
    Failed::new(Exit::Usage, words.say_with("doctor-share-exists", &[("file", name)]))
}

/// Writes a file that only its owner can read; with `force` in the place of another.
fn write(file: &Path, text: &[u8], force: bool) -> io::Result<()> {
    if force {
        match std::fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(file)?;
    file.write_all(text)?;
    file.sync_all()
}
