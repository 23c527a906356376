//! Arguments in, exit code out. The commands ask a running byway over its control place, or hand over to
//! [`Actions`]; they decide nothing themselves. Data goes to stdout, messages to stderr.

mod actions;
mod args;
mod ask;
mod bar;
mod consent;
mod diagnose;
mod doctor;
mod environment;
mod exit;
mod export;
mod firewall;
mod metrics;
mod orders;
mod out;
mod past;
mod probe;
mod proxy;
mod qr;
mod reference;
mod report;
mod service;
mod setup;
mod share;
mod span;
mod status;
mod subscriptions;
mod table;
mod tongue;
#[cfg(feature = "top")]
mod top;
mod ui;
mod why;

#[cfg(test)]
mod tests;

pub use actions::{
    Actions, Checked, Firewall, ImportRow, ImportWish, Imported, Launch, ProbeWish, ProxyFound, ProxyOrder,
    ServiceDone, ServiceLook, ServiceOrder, ServiceWish,
};
pub use args::{ColourChoice, RESERVED};
pub use exit::{EXITS, Exit, Failed};
pub use out::{Out, Style, Terminal};
pub use table::{Cell, Table, wrap};

use crate::control::Place;
use args::{Command, Global, Line};
use ask::Asker;
use clap::Parser;
use clap::error::ErrorKind;
use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

/// Reads the process's command line, does what it says, and gives back the exit code.
pub fn main(actions: impl Actions) -> ExitCode {
    match parse(std::env::args_os()) {
        Ok(line) => {
            let mut terminal = Terminal::of_process(line.global.color, line.global.quiet);
            let env = |name: &str| std::env::var_os(name);
            obey(line, &actions, &mut terminal, env).into()
        }
        Err(error) => {
            // A reader that left early is no error, and nothing could be said about another.
            let _ = error.print();
            stopped(&error).into()
        }
    }
}

/// Reads a command line. The error is what to print instead: the help, the version, or what is wrong.
fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Line, clap::Error> {
    Line::try_parse_from(args)
}

/// What ends a command line that is not obeyed.
fn stopped(error: &clap::Error) -> Exit {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Ok,
        _ => Exit::Usage,
    }
}

/// Does what the command line says. `env` looks up an environment variable.
fn obey(line: Line, actions: &impl Actions, terminal: &mut Terminal, env: impl Fn(&str) -> Option<OsString>) -> Exit {
    let launch = launch(&line.global);
    let tongue = tongue::choose(line.global.lang, || actions.language(&launch), &env);
    terminal.speak(tongue);
    let command = line.command.unwrap_or(Command::Run);
    match dispatch(command, &launch, actions, terminal, env) {
        Ok(exit) => exit,
        Err(failed) => {
            if !failed.message.is_empty() {
                terminal.error(&failed.words(&terminal.words));
            }
            if failed.exit == Exit::Config && !failed.message.is_empty() {
                let count = failed.message.lines().count().into();
                terminal.note(&terminal.say("errors-config", &[("count", count)]));
            }
            failed.exit
        }
    }
}

fn launch(global: &Global) -> Launch {
    Launch {
        config: global.config.clone(),
        sets: global.sets.clone(),
        control: global.control.as_deref().map(Place::named),
        quiet: global.quiet,
        verbose: global.verbose,
    }
}

fn dispatch(
    command: Command,
    launch: &Launch,
    actions: &impl Actions,
    terminal: &mut Terminal,
    env: impl Fn(&str) -> Option<OsString>,
) -> Result<Exit, Failed> {
    let asker = || Asker::new(places(launch, actions, &env));
    let words = Arc::clone(&terminal.words);
    match command {
        Command::Run => actions.run(launch, terminal),
        Command::Demo { json } => actions.demo(launch, json, terminal),
        Command::Check { file, json } => orders::check(launch, file, json, actions, terminal),
        Command::Import { source, via, dry_run, allow_insecure, json } => {
            let via = via.as_deref().map(Into::into);
            let order = orders::ImportOrder { source, via, dry_run, allow_insecure };
            orders::import(launch, order, json, actions, terminal)
        }
        Command::Probe { service, via, json } => {
            let wish = ProbeWish { service: service.as_deref().map(Into::into), via: via.as_deref().map(Into::into) };
            probe::probe(&asker(), launch, &wish, json, actions, terminal)
        }
        Command::Diagnose { service, json, yes } => {
            let wish = diagnose::Wish { service: service.as_str().into(), json, yes };
            diagnose::diagnose(&asker(), launch, &wish, actions, terminal)
        }
        Command::Doctor { json, share, yes, force } => {
            let wish = doctor::Wish { json, share, yes, force };
            doctor::doctor(&asker(), launch, &wish, actions, terminal)
        }
        Command::Report { since, json: _, ooni: Some(file), yes, force } => {
            export::export(&asker(), &export::Wish { file, since, yes, force }, terminal)
        }
        Command::Report { since, json, ooni: None, yes: _, force: _ } => {
            report::report(&asker(), launch, since, json, actions, terminal)
        }
        Command::Status { json, watch } => status::status(&asker(), json, watch, terminal),
        #[cfg(feature = "top")]
        Command::Top => top::top(Asker::new(places(launch, actions, &env)), &env, terminal),
        #[cfg(not(feature = "top"))]
        Command::Top => Err(Failed::left_out("top")),
        Command::Ui { open, json } => ui::ui(&asker(), open, json, terminal),
        Command::Why { service, json } => why::why(&asker(), &service, json, terminal),
        Command::Log { follow, lines, json } => past::log(&asker(), follow, lines, json, terminal),
        Command::History { service, since, json } => past::history(&asker(), service.as_deref(), since, json, terminal),
        Command::Use { service, transport, lasting } => {
            orders::use_way(&asker(), &service, &transport, lasting, terminal)
        }
        Command::Service { order, user, dry_run, json } => {
            service::service(launch, &ServiceWish { order, user, dry_run }, json, actions, terminal)
        }
        Command::Metrics => metrics::metrics(&asker(), terminal),
        Command::Reload => orders::reload(&asker(), terminal),
        Command::Proxy { order } => proxy::proxy(&asker(), &order, &words, actions, terminal),
        Command::Env { shell, unset, login } => {
            let wish = environment::Wish { shell, unset, login };
            environment::environment(&asker(), &wish, &env, terminal)
        }
        Command::Setup { app, json, no_qr, open, yes } => {
            let wish = setup::Wish { app, json, qr: !no_qr, open, yes };
            setup::setup(&asker(), &wish, &words, actions, terminal)
        }
        Command::Share { json, no_qr, yes } => {
            let wish = share::Wish { json, qr: !no_qr, yes };
            share::share(&asker(), &wish, &words, actions, terminal)
        }
        Command::Firewall { order } => firewall::firewall(launch, order, actions, terminal),
        Command::Completions { shell } => reference::completions(shell, &mut terminal.out),
        Command::Man => reference::manual(&mut terminal.out),
    }
}

/// Where to look for a running byway, best first.
fn places(launch: &Launch, actions: &impl Actions, env: impl Fn(&str) -> Option<OsString>) -> Vec<Place> {
    if let Some(named) = &launch.control {
        return vec![named.clone()];
    }
    let mut places: Vec<_> = actions.place(launch).into_iter().collect();
    for place in Place::candidates(env) {
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}
