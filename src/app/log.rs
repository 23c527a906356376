//! The log, on standard error, for three readers: a line at `info` is a change that a person would notice. Crates
//! below are not heard: what they would say may hold a destination.

use std::io::IsTerminal;
use tracing::Level;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// Starts logging at `level`. A second call changes nothing.
pub(super) fn start(level: Level, colour: bool) {
    let own = filter_fn(move |meta| meta.target().starts_with("byway") && *meta.level() <= level);
    let layer = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(colour && std::io::stderr().is_terminal())
        .with_target(level > Level::INFO)
        .with_span_events(FmtSpan::NONE);
    let _ = tracing_subscriber::registry().with(layer.with_filter(own)).try_init();
}
