//! What the operator sees and commands: the control API between a running byway and its own commands, and the
//! reports it answers with. It decides nothing about ways and holds no belief: whoever runs the proxy implements
//! [`Operator`], this room carries the questions, limits the askers and words the answers.
//!
//! The protocol is newline-delimited JSON (RFC 8259, one value a line) over a unix socket, or over loopback TCP
//! with a token. It is local by construction: there is no way to listen anywhere else.

mod client;
mod codec;
pub mod doctor;
mod doors;
mod error;
mod fetched;
mod lines;
mod listener;
pub mod metrics;
mod operator;
mod page;
mod place;
mod protocol;
pub mod report;
mod server;
mod stamp;
mod token;
mod wording;

#[cfg(test)]
pub(crate) mod tests;

pub use client::{Answers, Client};
pub use doors::Doors;
pub use error::ControlError;
pub use fetched::{FetchedList, Unshown};
pub use listener::Listener;
pub use operator::{Follow, Operator, follow};
pub use page::Page;
pub use place::Place;
pub use protocol::{
    Ask, Cell, Entry, PageLink, Pong, ProbeItem, Refusal, RefusalCode, Reloaded, SCHEMA, Schemed, Tell, Used, nearest,
};
pub use server::{Limits, serve, serve_within};
pub use stamp::{Clock, Stamp, span_words};
pub use token::kept as kept_token;
pub use wording::{Because, Event, Tone, Wording};
