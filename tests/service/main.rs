//! byway as a service: what it tells its manager, the sockets it is handed, `byway service`, and the files under
//! `packaging/` as their readers read them. An absent program is reported as skipped with the line that installs it, and
//! fails the test when `BYWAY_REQUIRE_PEERS` is `1`.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test, outside cfg(test)")]

#[path = "../proxy/house.rs"]
#[allow(dead_code, reason = "made for more tests than these")]
mod house;
#[path = "../proxy/origins.rs"]
#[allow(dead_code, reason = "made for more tests than these")]
mod origins;

mod command;
mod debian;
mod manager;
mod monitoring;
mod openwrt;
mod packaging;
