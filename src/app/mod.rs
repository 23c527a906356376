//! Builds, runs, reloads, stops: the only room that knows all others, and the only one that spawns root tasks.

mod actions;
mod convert;
mod counted;
#[cfg(feature = "demo")]
mod demo;
mod doctor;
mod doors;
mod examine;
mod generation;
mod herald;
mod instance;
mod log;
mod matrix;
mod metrics;
mod operator;
mod past;
mod phones;
mod pulse;
mod router;
mod run;
mod service;
mod source;
mod stage;
mod subscriptions;
mod system_proxy;
mod take_in;
mod tasks;

#[cfg(test)]
#[cfg(feature = "demo")]
mod tests;

pub use actions::Program;
pub use generation::World;
pub use instance::{Byway, ReloadError};
pub use stage::{StageError, live_in, live_with, move_to, network, settings_in, suspend};
pub use tasks::Tasks;
