//! byway as a router's daemon: a LAN client that knows nothing of it, a router that runs the real program, and a WAN with
//! origins, a tunnel's server, resolvers and a censor, in three network namespaces. TCP and UDP by REDIRECT and by TPROXY,
//! over both versions of IP; what a block, a stop and a kill mean to the client; and which names leave the router openly.
//!
//! Needs root and the programs; without them each test says that it is skipped, unless `BYWAY_REQUIRE_PEERS=1`. Nothing
//! leaves the namespaces, and they are gone when a test ends.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says what went wrong by ending")]
#![allow(clippy::print_stderr, reason = "a test that failed shows what byway said")]

mod firewall;
mod ground;
mod names;
#[path = "../netns/resident.rs"]
#[allow(dead_code, reason = "made for more tests than these")]
mod resident;
mod router;
mod traffic;
mod wan;
