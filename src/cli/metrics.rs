//! `byway metrics`: what `/metrics` shows, without a listener: for a look, or for a collector of text files.

use super::ask::{Asker, strange};
use super::exit::{Exit, Failed};
use super::out::Terminal;
use crate::control::{Ask, Tell};

pub(super) fn metrics(asker: &Asker, terminal: &mut Terminal) -> Result<Exit, Failed> {
    let Tell::Metrics(text) = asker.once(&Ask::Metrics)? else { return Err(strange()) };
    terminal.out.raw(text.as_bytes())?;
    Ok(Exit::Ok)
}
