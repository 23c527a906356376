//! byway in the kernel: client, provider and internet are network namespaces of Linux, the provider's box drops, resets,
//! polices and forges with nftables, NFQUEUE and dnsmasq, and the program under test is the built `byway`, used
//! through its door and asked by its own commands. The numbers of the tests are those of the lab scenarios (detection
//! rules §5). Which way was taken is counted at the provider.
//!
//! Needs root and the tools; without them each test says that it is skipped, unless `BYWAY_REQUIRE_PEERS=1`. Nothing
//! leaves the namespaces, and they are gone when a test ends.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says what went wrong by ending")]
#![allow(clippy::print_stdout, reason = "measured figures are told")]

mod booths;
mod dpi;
mod ground;
mod home;
mod provider;
mod resident;
mod said;
mod town;

mod addresses;
mod dns;
mod flows;
mod impostors;
mod kernel;
mod line;
mod names;
mod packets;
