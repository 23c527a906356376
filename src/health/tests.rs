//! The rules of belief as tables, the lab's scenarios as event sequences, and what must hold whatever happens.

mod cadence;
mod properties;
mod rules;
mod scenarios;
mod throttle;
mod world;
