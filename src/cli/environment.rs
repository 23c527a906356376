//! `byway env`: lines for a shell. Data goes to stdout for `eval`, so that nothing else is said there.

use super::args::ShellName;
use super::ask::{Asker, strange};
use super::exit::{Exit, Failed};
use super::out::Terminal;
use super::setup::login_in_a_url;
use crate::control::{Ask, Tell};
use crate::platform::proxy::{Shell, variables};
use std::ffi::OsString;
use std::net::SocketAddr;

/// What was asked.
pub(super) struct Wish {
    pub(super) shell: Option<ShellName>,
    pub(super) unset: bool,
    pub(super) login: bool,
}

pub(super) fn environment(
    asker: &Asker,
    wish: &Wish,
    env: &impl Fn(&str) -> Option<OsString>,
    terminal: &mut Terminal,
) -> Result<Exit, Failed> {
    let shell = match wish.shell {
        Some(ShellName::Sh) => Shell::Sh,
        Some(ShellName::Fish) => Shell::Fish,
        Some(ShellName::Pwsh) => Shell::Pwsh,
        None => usual(env),
    };
    if wish.unset {
        // The names are the same wherever byway listens.
        for (name, _) in variables(SocketAddr::from(([127, 0, 0, 1], 0)), "") {
            terminal.out.line(&shell.line(&name, None))?;
        }
        return Ok(Exit::Ok);
    }
    let Tell::Doors(doors) = asker.once(&Ask::Doors { login: wish.login })? else { return Err(strange()) };
    let at = doors.near().ok_or_else(super::setup::no_door)?;
    let login = doors.login.as_ref().map(login_in_a_url).unwrap_or_default();
    if doors.asks_login && login.is_empty() {
        terminal.note("byway asks for a login, which is left out: programs will be refused; add --login");
    }
    for (name, value) in variables(at, &login) {
        terminal.out.line(&shell.line(&name, Some(&value)))?;
    }
    Ok(Exit::Ok)
}

/// The shell that most likely reads this.
fn usual(env: &impl Fn(&str) -> Option<OsString>) -> Shell {
    let name = env("SHELL").and_then(|path| path.into_string().ok()).unwrap_or_default();
    match name.rsplit(['/', '\\']).next().unwrap_or_default() {
        "fish" => Shell::Fish,
        "pwsh" | "pwsh.exe" => Shell::Pwsh,
        "" if cfg!(windows) => Shell::Pwsh,
        _ => Shell::Sh,
    }
}
