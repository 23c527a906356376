//! The question before something that cannot be undone: asked where a person can answer it, refused where none can.

use super::exit::{Exit, Failed};
use super::out::Terminal;

/// Asks on stderr and reads the answer; anything but `y` or `yes` (in any of the languages) is a no, and ends the command. With `given`
/// (`--yes`) nothing is asked.
pub(super) fn consent(question: &str, given: bool, terminal: &mut Terminal) -> Result<(), Failed> {
    if given {
        return Ok(());
    }
    let Some(person) = &mut terminal.person else {
        return Err(Failed::new(Exit::Usage, terminal.say("errors-nobody", &[])));
    };
    // Asked even when messages are unwanted, for it waits for an answer.
    terminal.err.raw(format!("{question} [y/N] ").as_bytes())?;
    let mut answer = String::new();
    person.read_line(&mut answer)?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" | "д" | "да" | "بله" | "آری" => Ok(()),
        _ => Err(Failed::new(Exit::Interrupted, terminal.say("errors-nothing-done", &[]))),
    }
}
