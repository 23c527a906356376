//! Programs that byway runs, against the real ones: OpenSSH, microsocks, sing-box, obfs4proxy, simple-obfs. An absent one is
//! reported as skipped with the line that installs it, and fails the test when `BYWAY_REQUIRE_PEERS` is `1`.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test, outside cfg(test)")]

mod bridges;
mod far;
mod leash;
mod peers;
mod programs;
mod traffic;
