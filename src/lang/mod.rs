//! The words that people read, in their language: a key and its variables → a sentence, by Project Fluent's catalogues
//! under `config/lang`. What machines read (JSON, logs, keys, exit codes, failure names) is never translated and
//! never passes through here. What a language lacks is said in English; a key that nobody knows is said as it stands.

mod tongue;
mod topics;
mod words;

#[cfg(test)]
mod tests;

pub use tongue::Tongue;
pub use words::{Arg, Words};
