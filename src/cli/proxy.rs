//! `byway proxy`: the system's proxy setting leads to the running byway, or is given back as it was.

use super::actions::{Actions, ProxyFound, ProxyOrder};
use super::args::ProxyCommand;
use super::ask::{Asker, strange};
use super::exit::{Exit, Failed};
use super::out::Terminal;
use crate::control::{Ask, Doors, Schemed, Tell};
use crate::lang::Words;
use crate::platform::proxy::{Did, Done, Mode, Seen, Standing, Wish};

pub(super) fn proxy(
    asker: &Asker,
    command: &ProxyCommand,
    words: &Words,
    actions: &impl Actions,
    terminal: &mut Terminal,
) -> Result<Exit, Failed> {
    match command {
        ProxyCommand::On { mode, json } => on(asker, *mode, *json, words, actions, terminal),
        ProxyCommand::Off { force, json } => {
            let found = actions.proxy(&ProxyOrder::Off { force: *force })?;
            if *json {
                terminal.out.json(&Schemed::new(&found))?;
            } else if found.done.is_empty() {
                terminal.note(&words.say("proxy-off-nothing"));
            } else {
                tell(&found.done, words, terminal);
            }
            Ok(exit(&found.done))
        }
        ProxyCommand::Status { json } => {
            let found = actions.proxy(&ProxyOrder::Look)?;
            if *json {
                terminal.out.json(&Schemed::new(&found))?;
            } else {
                show(&found, words, terminal)?;
            }
            Ok(Exit::Ok)
        }
    }
}

fn on(
    asker: &Asker,
    mode: Mode,
    json: bool,
    words: &Words,
    actions: &impl Actions,
    terminal: &mut Terminal,
) -> Result<Exit, Failed> {
    let Tell::Doors(doors) = asker.once(&Ask::Doors { login: false })? else { return Err(strange()) };
    let at = doors.near().ok_or_else(super::setup::no_door)?;
    // A byway that hands out no script can still be a fixed address.
    let pac = doors.script_at(at).unwrap_or_default();
    if pac.is_empty() && mode.is_scripted() {
        return Err(Failed::new(Exit::Failed, "this byway hands out no script; use --mode manual"));
    }
    let found = actions.proxy(&ProxyOrder::On(Wish { mode, at, pac }, doors.pid))?;
    if json {
        terminal.out.json(&Schemed::new(&found))?;
    } else {
        tell_on(&found, &doors, mode, words, terminal);
    }
    Ok(exit(&found.done))
}

/// What came of `on`, and what to know about it.
fn tell_on(found: &ProxyFound, doors: &Doors, mode: Mode, words: &Words, terminal: &mut Terminal) {
    for done in &found.done {
        let key = match (done.did, mode) {
            (Did::Set, _) if done.system == "environment" => "proxy-set-environment",
            (Did::Set, Mode::Manual) => "proxy-set-manual",
            (Did::Set, Mode::Pac) => "proxy-set-pac",
            (Did::Set, Mode::Both) => "proxy-set-both",
            _ => continue,
        };
        terminal.note(&words.say_with(key, &[("system", done.system.as_str().into())]));
        if !done.foreign.is_empty() {
            let what = done.foreign.join(", ");
            let args = [("system", done.system.as_str().into()), ("what", what.into())];
            terminal.note(&words.say_with("proxy-foreign-on", &args));
        }
    }
    fail(&found.done, terminal);
    if found.done.iter().all(|done| done.did != Did::Set) {
        return;
    }
    terminal.note(&words.say("proxy-until"));
    if mode.is_scripted() {
        terminal.note(&words.say("proxy-no-script"));
        if !doors.never_direct.is_empty() {
            let services: Vec<_> = doors.never_direct.iter().map(ToString::to_string).collect();
            terminal.note(&words.say_with("proxy-never", &[("services", services.join(", ").into())]));
        }
    }
    if doors.asks_login {
        terminal.note(&words.say("proxy-login"));
    }
}

/// What came of `off`.
fn tell(all: &[Done], words: &Words, terminal: &mut Terminal) {
    for done in all {
        let system = || ("system", done.system.as_str().into());
        let key = match done.did {
            Did::GivenBack => Some("proxy-given-back"),
            Did::SwitchedOff => Some("proxy-switched-off"),
            Did::Nothing => Some("proxy-nothing"),
            Did::Set | Did::Failed => None,
        };
        if let Some(key) = key {
            terminal.note(&words.say_with(key, &[system()]));
        }
        if !done.foreign.is_empty() {
            let args = [system(), ("what", done.foreign.join(", ").into())];
            terminal.note(&words.say_with("proxy-foreign-off", &args));
        }
    }
    fail(all, terminal);
}

fn fail(all: &[Done], terminal: &mut Terminal) {
    for done in all {
        if let Some(error) = &done.error {
            terminal.error(&format!("{}: {error}", done.system));
        }
    }
}

/// Failed only where nothing else was done.
fn exit(all: &[Done]) -> Exit {
    let failed = all.iter().any(|done| done.did == Did::Failed);
    let did = all.iter().any(|done| matches!(done.did, Did::Set | Did::GivenBack | Did::SwitchedOff));
    if failed && !did { Exit::Failed } else { Exit::Ok }
}

fn show(found: &ProxyFound, words: &Words, terminal: &mut Terminal) -> Result<(), Failed> {
    if found.systems.is_empty() {
        terminal.out.line(&words.say("proxy-no-system"))?;
    }
    for standing in &found.systems {
        terminal.out.line(&line(standing, words))?;
        if !standing.foreign.is_empty() {
            let args = [("system", standing.system.as_str().into()), ("what", standing.foreign.join(", ").into())];
            terminal.out.line(&words.say_with("proxy-foreign-seen", &args))?;
        }
    }
    if found.left_behind {
        terminal.out.line(&words.say("proxy-left-behind"))?;
    }
    Ok(())
}

fn line(standing: &Standing, words: &Words) -> String {
    let seen = match &standing.seen {
        Some(Seen::Off) => words.say("proxy-seen-off"),
        Some(Seen::Fixed(at)) => words.say_with("proxy-seen-fixed", &[("at", at.as_str().into())]),
        // Its path is a secret of a kind: web pages would like to know it.
        Some(Seen::Script(url)) => words.say_with("proxy-seen-script", &[("at", host(url).into())]),
        Some(Seen::Other) => words.say("proxy-seen-other"),
        None => words.say("proxy-seen-unreadable"),
    };
    let whose = if standing.ours { format!(" ({})", words.say("proxy-ours")) } else { String::new() };
    format!("{}: {seen}{whose}", standing.system)
}

fn host(url: &str) -> &str {
    let place = url.split_once("://").map_or(url, |(_, rest)| rest);
    place.split('/').next().unwrap_or_default()
}
