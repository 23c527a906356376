//! The bar on stderr while long work goes on; hidden where nobody watches. What it says is the caller's.

use super::out::Terminal;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;

/// How often a turning sign turns.
const TURN: Duration = Duration::from_millis(120);

pub(super) struct Bar(ProgressBar);

impl Bar {
    /// A bar without a length yet.
    pub(super) fn new(terminal: &Terminal) -> Self {
        let watched = terminal.err.live() && !terminal.quiet;
        let target = if watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self(ProgressBar::with_draw_target(None, target))
    }

    /// There are so many steps.
    pub(super) fn plan(&self, steps: u32) {
        self.0.set_length(u64::from(steps));
        if let Ok(style) = ProgressStyle::with_template("{spinner} {bar:24} {pos}/{len}  {wide_msg}") {
            self.0.set_style(style.progress_chars("━╸─"));
        }
        self.0.enable_steady_tick(TURN);
    }

    /// What goes on.
    pub(super) fn say(&self, what: String) {
        self.0.set_message(what);
    }

    /// One step is done.
    pub(super) fn step(&self, what: String) {
        self.0.set_message(what);
        self.0.inc(1);
    }

    /// Takes it off the screen.
    pub(super) fn clear(&self) {
        self.0.finish_and_clear();
    }
}
