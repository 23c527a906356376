//! What differs by operating system: when the network changes or the machine wakes, where files belong, how a file is
//! kept to its owner, and the system's own proxy setting. It opens no connection and knows nothing of routes or services.

mod events;
pub mod firewall;
mod lan;
mod notify;
mod open;
mod paths;
mod place;
mod private;
mod process;
pub mod proxy;
pub mod service;
mod stir;

pub use events::{Event, Events};
pub use lan::lan_addresses;
pub use notify::{Word, is_told, tell, watchdog};
pub use open::open;
pub use paths::Paths;
pub use place::has_default_route;
pub use private::{private_dir, write_private};
pub use process::Process;

use std::path::PathBuf;

/// Why something of the operating system could not be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No home folder to derive the standard folders from.
    #[error("no home folder: set {variable}, or name the folders in the configuration")]
    NoHome {
        /// The variable that was looked at last.
        variable: &'static str,
    },
    /// A file or folder could not be made private or written.
    #[error("{doing} {path:?}: {source}")]
    File {
        /// What was being done.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Something that is not a folder stands where a folder is needed.
    #[error("{path:?} is no folder: move it away, or name another one")]
    NotAFolder {
        /// Where.
        path: PathBuf,
    },
    /// Others may change what is in the folder, and it is not byway's to close.
    #[error("{path:?} is open to others, who could replace what is put there: choose a folder of byway's own")]
    Shared {
        /// Where.
        path: PathBuf,
    },
    /// The folder belongs to another user, who could read or replace what is put there.
    #[error("{path:?} belongs to another user: choose a folder of your own")]
    NotOurs {
        /// Where.
        path: PathBuf,
    },
}
