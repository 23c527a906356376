//! The room as a whole: real sockets on loopback, a made-up operator, and sentences for fixed beliefs.

mod account;
mod belief;
pub(crate) mod checkup;
mod conversation;
mod garbage;
mod ooni;
mod operator;
mod sentences;
mod words;
pub(crate) mod world;
