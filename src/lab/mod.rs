//! A small censored country inside one process: servers that speak the messengers' protocols, tunnel servers
//! abroad, a censor on the client's line, people who use it all. Tests and `byway demo` run on it, in paused or
//! real time. Nothing here opens a socket, and nothing here knows byway's own beliefs.
#![doc = include_str!("scenarios.md")]

mod censor;
pub mod demo;
mod dns;
mod intercept;
mod land;
mod line;
mod ntp;
mod origins;
pub mod people;
mod pki;
mod servers;
mod tcp;
mod udp;
mod world;

pub use censor::{Action, Censor, Direction, Lie, Protocol, Rule, RuleId, Target};
pub use land::Place;
pub use line::Crossing;
pub use pki::BadWorld;
pub use world::{Country, Outside, World};
