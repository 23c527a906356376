//! The play of `byway demo`: one block after another falls on the country while people use their messengers
//! through a product, and what became of them is written down. The product itself is plugged in; this room only
//! watches it from outside, as its user does.

mod acts;
mod play;
mod table;
#[cfg(test)]
mod tests;

pub use acts::{Act, Expected, Trouble, Use, acts};
pub use play::{Scene, play};
pub use table::table;

use crate::model::{ServiceId, Technique, TransportId};
use crate::net::Stream;
use futures_util::future::BoxFuture;
use std::io;
use std::time::Duration;

/// What is being shown: byway, as far as a person at its door can tell.
pub trait Product: Send + Sync {
    /// Opens a connection to its listener.
    fn connect(&self) -> BoxFuture<'static, io::Result<Stream>>;
    /// The techniques it says it sees against a service on the bare way now; none when it blames nobody.
    fn techniques(&self, service: &ServiceId) -> Vec<Technique>;
    /// The way it would take next for a service.
    fn way(&self, service: &ServiceId) -> Option<TransportId>;
}

/// What became of one act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What was done.
    pub block: &'static str,
    /// To which service.
    pub service: &'static str,
    /// What byway called it; `None` when it blamed nobody.
    pub called: Option<Technique>,
    /// Until the connection that met the block first was carried on: the slowest of those at onset.
    pub carried_on: Option<Duration>,
    /// What people saw fail.
    pub visible_failures: u32,
    /// Connections that apps opened anew by themselves, unseen.
    pub reconnects: u32,
    /// The way taken.
    pub way: Option<TransportId>,
    /// From the end of the block until the first way was back.
    pub returned: Option<Duration>,
    /// Whether all of this is as it should be.
    pub as_expected: bool,
}

/// Whether nothing was lost: what the demo's exit code says.
pub fn nothing_lost(rows: &[Row]) -> bool {
    !rows.is_empty() && rows.iter().all(|row| row.as_expected && row.visible_failures == 0)
}

/// The numbers of the detection rules, hurried so that a demo takes a minute: what waits five minutes in life
/// waits half a second here. For the end of [`crate::lab::Country::config_toml`].
pub const HURRY: &str = r#"
[detect]
connect_timeout = "600ms"
first_byte_timeout = "1100ms"
[detect.block]
span = "200ms"
syns = 5
[detect.suspect]
at = ["200ms", "500ms", "1s"]
recheck = "1s"
apart = "60ms"
[detect.taint]
sni_rst = "300ms"
sni_drop = "300ms"
quic = "300ms"
burst = "300ms"
unknown = "300ms"
[detect.hold]
start = "700ms"
factor = 1.5
cap = "2s"
relapse_start = "700ms"
relapse_cap = "2s"
[detect.recover]
min_gap = "200ms"
min_span = "600ms"
canary_step = "200ms"
canary = [0.0, 0.5, 1.0]
[detect.budget]
per_service = "10MB"
total = "50MB"
daily = "500MB"
body_checks_per_day = 1000
"#;
