//! The rules of belief as tables, the lab's scenarios as event sequences, and what must hold whatever happens.

mod blocks;
mod budget;
mod cadence;
mod evening;
mod families;
mod freeze;
mod hostile;
mod innocent;
mod line;
mod play;
mod properties;
mod recovery;
mod rules;
mod scenarios;
mod throttle;
mod verdicts;
mod world;
