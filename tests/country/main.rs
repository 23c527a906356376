//! The promises that people depend on, kept by byway whole in the lab's country: days of trouble in virtual time.
//! Nothing here opens a socket; clients come in by memory.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod home;

mod budget;
mod clock;
mod names;
mod packets;
mod policy;
mod recovery;
mod trouble;
mod tunnels;
