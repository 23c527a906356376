//! The history: each record minute-rounded, on disk, in memory, or not at all; bounded in age and size.

use std::path::PathBuf;
use std::time::Duration;

/// Where the history is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum History {
    /// In a database under this folder, mode 0600.
    Disk(PathBuf),
    /// In memory, gone with the process.
    Memory,
    /// Nowhere.
    Off,
}

/// How the history is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where.
    pub history: History,
    /// How long. 7 days: enough to see a week's pattern, little enough to be found with.
    pub retention: Duration,
    /// How large, in bytes. 8 MiB.
    pub max_bytes: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { history: History::Memory, retention: Duration::from_secs(7 * 24 * 3600), max_bytes: 8 << 20 }
    }
}
