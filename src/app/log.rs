//! The log, on standard error, for three readers: a line at `info` is a change that a person would notice. Crates
//! below are not heard: what they would say may hold a destination.

use crate::control::Stamp;
use std::fmt::Result;
use std::io::IsTerminal;
use tracing::Level;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::format::{FmtSpan, Writer};
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// Starts logging at `level`. A second call changes nothing.
pub(super) fn start(level: Level, colour: bool) {
    let own = filter_fn(move |meta| meta.target().starts_with("byway") && *meta.level() <= level);
    let layer = fmt::layer()
        .with_writer(std::io::stderr)
        .with_timer(Seconds)
        .with_ansi(colour && std::io::stderr().is_terminal())
        .with_target(level > Level::INFO)
        .with_span_events(FmtSpan::NONE);
    let _ = tracing_subscriber::registry().with(layer.with_filter(own)).try_init();
}

/// The time to the second (UTC), as everywhere else in byway.
struct Seconds;

impl FormatTime for Seconds {
    fn format_time(&self, to: &mut Writer<'_>) -> Result {
        write!(to, "{}", Stamp::now())
    }
}
