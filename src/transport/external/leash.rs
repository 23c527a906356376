//! How a program is kept from outliving byway. The kernel ends a process when the one that started it ends, if that process
//! asks for it itself (`PR_SET_PDEATHSIG`, Linux); so byway starts itself once more, asks, and becomes the program.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::OnceLock;

/// The first argument of byway as a program's beginning.
const WORD: &str = "--on-a-leash";

/// The program that heeds [`WORD`]. Set by that program alone, for no other would know what the word means.
static LEASH: OnceLock<PathBuf> = OnceLock::new();

/// To be called first in `main`. When byway was started to become another program, becomes it: what comes back is the exit
/// code when that fails. Otherwise remembers that this program can do so.
pub fn heed(mut arguments: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    if arguments.next().as_deref() != Some(OsStr::new(WORD)) {
        if let Ok(own) = std::env::current_exe() {
            let _ = LEASH.set(own);
        }
        return None;
    }
    let parent = arguments.next()?.to_str()?.parse().ok()?;
    let program = arguments.next()?;
    Some(become_program(parent, program, arguments))
}

/// What stands before a program's own words so that it is on a leash; nothing where that cannot be.
pub(super) fn words() -> Vec<OsString> {
    match LEASH.get() {
        Some(own) if cfg!(target_os = "linux") => {
            vec![own.into(), WORD.into(), std::process::id().to_string().into()]
        }
        _ => Vec::new(),
    }
}

#[cfg(target_os = "linux")]
fn become_program(parent: u32, program: OsString, arguments: impl Iterator<Item = OsString>) -> ExitCode {
    use nix::sys::{prctl, signal::Signal};
    use std::os::unix::process::CommandExt;
    if prctl::set_pdeathsig(Signal::SIGKILL).is_err() {
        return ExitCode::from(126);
    }
    // byway may have ended before we asked.
    if nix::unistd::getppid().as_raw().unsigned_abs() != parent {
        return ExitCode::from(126);
    }
    let failed = std::process::Command::new(program).args(arguments).exec();
    // As shells have it.
    ExitCode::from(if failed.kind() == std::io::ErrorKind::NotFound { 127 } else { 126 })
}

#[cfg(not(target_os = "linux"))]
fn become_program(_: u32, _: OsString, _: impl Iterator<Item = OsString>) -> ExitCode {
    ExitCode::from(126)
}
