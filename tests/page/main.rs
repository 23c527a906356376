//! The status page in Debian's chromium, as people see it: byway in the lab's censored country, a day of history
//! behind it, its real page on loopback. Nothing leaves this machine.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot set its stage has failed")]
#![expect(clippy::print_stderr, reason = "a test that is left out says so")]

mod browser;
mod doctor;
mod looks;
mod orders;
mod program;
mod stage;
mod strangers;
