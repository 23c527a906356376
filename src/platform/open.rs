//! Opening an address in the program that is there for it: `tg://` in Telegram, `https://` in a browser.

use super::proxy::RunError;
use std::io;
use std::process::{Command, Stdio};
use std::time::Duration;

/// An opener that has said nothing by then has become the program itself, or waits for it.
const SAYS_NO_WITHIN: Duration = Duration::from_secs(3);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// Hands `address` to the system's opener.
pub fn open(address: &str) -> Result<(), RunError> {
    let (program, args): (&str, &[&str]) = if cfg!(windows) {
        // Unlike `start`, it takes `&` for what it is.
        ("rundll32", &["url.dll,FileProtocolHandler", address])
    } else if cfg!(target_os = "macos") {
        ("open", &[address])
    } else {
        ("xdg-open", &[address])
    };
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => RunError::Absent { program: program.to_owned() },
        _ => RunError::Io { program: program.to_owned(), error },
    };
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(failed)?;
    for _ in 0..SAYS_NO_WITHIN.as_millis() / LOOK.as_millis() {
        match child.try_wait().map_err(failed)? {
            Some(status) if status.success() => return Ok(()),
            Some(_) => {
                let said = String::from("no program is there for this kind of link");
                return Err(RunError::Failed { program: program.to_owned(), said });
            }
            None => std::thread::sleep(LOOK),
        }
    }
    Ok(())
}
