//! The room as a whole: real sockets on loopback, a made-up operator, and sentences for fixed beliefs.

mod belief;
mod conversation;
mod sentences;
pub(crate) mod world;
