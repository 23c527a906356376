//! The system's proxy setting as people have it: the built `byway` in a D-Bus session of its own, with `gsettings` and
//! dconf as GNOME has them and `kwriteconfig` as KDE has it, and a real Chromium that knows nothing but its desktop.
//! Nothing of the desktop that this runs on is touched, and nothing leaves the machine. What is not installed is told as
//! skipped; `BYWAY_REQUIRE_PEERS=1` makes it required. macOS and Windows are tested by fakes of their tools, beside the code.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by ending")]

mod browser;
mod life;
mod phones;
mod script;
mod session;
mod there_and_back;
