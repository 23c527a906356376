//! byway: a local proxy for people whose messengers are being blocked. `ARCHITECTURE.md` draws the house;
//! the modules below are its rooms, lowest floor first.

pub mod lang;
pub mod model;

pub mod health;
pub mod judge;
pub mod policy;
pub mod wire;

pub mod net;
pub mod platform;

pub mod board;
pub mod inbound;
pub mod journal;
pub mod transport;

pub mod probe;
pub mod session;

pub mod config;
pub mod control;
pub mod lab;

pub mod app;
pub mod cli;
