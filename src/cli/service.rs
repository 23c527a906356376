//! `byway service`: says what is done, or what would be, and how the service is.

use super::actions::{Actions, Launch, ServiceDone, ServiceOrder, ServiceWish};
use super::exit::{Exit, Failed};
use super::out::{Style, Terminal};
use crate::control::Schemed;

pub(super) fn service(
    launch: &Launch,
    wish: &ServiceWish,
    json: bool,
    actions: &impl Actions,
    terminal: &mut Terminal,
) -> Result<Exit, Failed> {
    let served = actions.service(launch, wish)?;
    let running = served.look.as_ref().is_some_and(|look| look.running);
    let exit = if wish.order == ServiceOrder::Status && !running { Exit::NotRunning } else { Exit::Ok };
    if json {
        terminal.out.json(&Schemed::new(&served))?;
        return Ok(exit);
    }
    if wish.order == ServiceOrder::Status {
        if !terminal.quiet {
            show(&served, terminal)?;
        }
        return Ok(exit);
    }
    for step in &served.steps {
        if wish.dry_run {
            terminal.out.line(step)?;
        } else {
            terminal.note(step);
        }
    }
    if !wish.dry_run {
        terminal.note(&done(wish, &served));
    }
    Ok(exit)
}

/// What was done, in a sentence or two.
fn done(wish: &ServiceWish, served: &ServiceDone) -> String {
    let state = served.look.as_ref().map_or_else(String::new, |look| format!("; it is {}", look.word));
    match wish.order {
        ServiceOrder::Install => {
            let when = if wish.user { "you log in" } else { "this machine starts" };
            format!("byway starts by itself whenever {when}{state}. Undo it with byway service uninstall.")
        }
        ServiceOrder::Uninstall => {
            String::from("byway does not start by itself any more. Its configuration and history are where they were.")
        }
        ServiceOrder::Start => format!("byway was started{state}."),
        ServiceOrder::Stop => String::from("byway was stopped."),
        ServiceOrder::Status => state,
    }
}

fn show(served: &ServiceDone, terminal: &mut Terminal) -> Result<(), Failed> {
    let Some(look) = &served.look else { return Ok(()) };
    let out = &mut terminal.out;
    let whose = if served.scope == "user" { "your own" } else { "the machine's" };
    if !look.installed {
        out.line(&format!("byway is no service of {whose} {}.", served.manager))?;
        return Ok(());
    }
    let style = if look.running { Style::Good } else { Style::Bad };
    let word = out.paint(style, &look.word);
    let starts = if look.enabled { "starts by itself" } else { "does not start by itself" };
    out.line(&format!("byway in {whose} {}: {word}; it {starts}.", served.manager))?;
    if let Some(said) = &look.said {
        out.line(said)?;
    }
    Ok(())
}
