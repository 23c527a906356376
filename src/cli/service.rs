//! `byway service`: says what is done, or what would be, and how the service is.

use super::actions::{Actions, Launch, ServiceDone, ServiceOrder, ServiceWish};
use super::exit::{Exit, Failed};
use super::out::{Style, Terminal};
use crate::control::Schemed;
use crate::lang::Words;

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
        terminal.note(&done(wish, &served, &terminal.words));
    }
    Ok(exit)
}

/// What was done, in a sentence or two.
fn done(wish: &ServiceWish, served: &ServiceDone, words: &Words) -> String {
    let state = served.look.as_ref().map(|look| [("state", look.word.as_str().into())]);
    let state = state.map_or_else(String::new, |state| words.say_with("service-it-is", &state));
    let key = match wish.order {
        ServiceOrder::Install if wish.user => "service-installed-own",
        ServiceOrder::Install => "service-installed",
        ServiceOrder::Uninstall => "service-uninstalled",
        ServiceOrder::Start => "service-started",
        ServiceOrder::Stop => "service-stopped",
        ServiceOrder::Status => return state,
    };
    words.say_with(key, &[("state", state.into())])
}

fn show(served: &ServiceDone, terminal: &mut Terminal) -> Result<(), Failed> {
    let Some(look) = &served.look else { return Ok(()) };
    let (out, words) = (&mut terminal.out, &terminal.words);
    let is_own = served.scope == "user";
    let manager = || ("manager", served.manager.as_str().into());
    if !look.installed {
        let key = if is_own { "service-absent-own" } else { "service-absent" };
        out.line(&words.say_with(key, &[manager()]))?;
        return Ok(());
    }
    let style = if look.running { Style::Good } else { Style::Bad };
    let starts = words.say(if look.enabled { "service-starts" } else { "service-starts-not" });
    let key = if is_own { "service-line-own" } else { "service-line" };
    let args = [manager(), ("state", out.paint(style, &look.word).into()), ("starts", starts.into())];
    out.line(&words.say_with(key, &args))?;
    if let Some(said) = &look.said {
        out.line(said)?;
    }
    Ok(())
}
