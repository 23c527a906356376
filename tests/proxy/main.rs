//! The program itself, used as people use it: the built `byway` with a configuration file, `curl` through its door, a
//! real Shadowsocks server, the commands against the running one, signals, and everything that can go wrong with a
//! machine. Peers that are not installed are told as skipped; `BYWAY_REQUIRE_PEERS=1` makes them required.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test says what went wrong by ending")]

mod house;
mod lists;
mod operator;
mod origins;
mod relay;
mod traffic;
mod trouble;
