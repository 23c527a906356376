//! The system's own proxy setting, of every desktop of this session: told to use byway, and given back as it was.
//!
//! What was there is written down before anything is touched ([`journal`]), and a value is given back only while it is
//! still the one that byway put there: what somebody else has set since is theirs. Everything is done by the system's
//! own tools, run one by one ([`Run`]), so that each system is one file behind one trait. It listens nowhere and
//! downloads nothing.

mod change;
mod environment;
mod force;
mod gnome;
mod journal;
mod kde;
mod macos;
mod owner;
mod programs;
mod setting;
mod windows;

#[cfg(test)]
mod tests;

pub use environment::{Shell, variables};
pub use owner::Owner;
pub use programs::{Programs, Run, RunError};
pub use setting::{Did, Done, Seen, Standing, SystemProxy};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// What a system is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// One proxy for everything; every program that heeds the setting comes in.
    Manual,
    /// A script that names byway for messengers only, and that programs do without when byway is gone.
    #[default]
    Pac,
    /// The script, and the fixed address beside it for those that run no script.
    Both,
}

impl Mode {
    /// The words for it.
    pub const WORDS: [(&'static str, Self); 3] = [("manual", Self::Manual), ("pac", Self::Pac), ("both", Self::Both)];

    /// Whether the fixed address is told.
    pub const fn is_fixed(self) -> bool {
        matches!(self, Self::Manual | Self::Both)
    }

    /// Whether the script is told.
    pub const fn is_scripted(self) -> bool {
        matches!(self, Self::Pac | Self::Both)
    }
}

/// What the systems are to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// How.
    pub mode: Mode,
    /// Where byway listens, as a program of this machine reaches it.
    pub at: SocketAddr,
    /// Where the script is.
    pub pac: String,
}

/// Places that are never sent to a proxy: this machine and its neighbours.
pub(super) const NEVER_PROXIED: [&str; 7] =
    ["localhost", "127.0.0.0/8", "::1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "*.local"];

/// Why the system's proxy could not be told, or given back.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing here has such a setting.
    #[error(
        "no proxy setting of a desktop was found: run this in your desktop's own session, \
         or set the programs by hand (byway setup, byway env)"
    )]
    NoDesktop,
    /// The file of what was there before cannot be read or written; nothing was touched.
    #[error(transparent)]
    File(#[from] super::Error),
    /// The file of what was there before is not readable as such.
    #[error("{path:?} is damaged: look at the proxy setting of your system, then delete that file")]
    Damaged {
        /// Where.
        path: PathBuf,
    },
    /// A tool of the system did not do it.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A tool of the system said what is not understood.
    #[error("{program} answered what is not understood; the setting is left as it is")]
    NotUnderstood {
        /// Which.
        program: &'static str,
    },
    /// It was written and is not there.
    #[error("the setting was not kept: is this the desktop's own session, with its D-Bus?")]
    NotKept,
}

/// The name of one setting in its system.
type Key = String;
/// A setting as its system's tool says and takes it; `None` where it is not set.
type Value = Option<String>;
/// Settings as they are.
type Values = BTreeMap<Key, Value>;

/// What a system is reached by.
#[derive(Clone, Copy)]
struct Ground<'a> {
    run: &'a dyn Run,
    env: &'a (dyn Fn(&str) -> Option<OsString> + Send + Sync),
}

impl Ground<'_> {
    fn word(&self, variable: &str) -> String {
        (self.env)(variable).and_then(|value| value.into_string().ok()).unwrap_or_default()
    }

    /// Whether `XDG_CURRENT_DESKTOP` (a list) names one of these.
    fn is_desktop(&self, names: &[&str]) -> bool {
        let current = self.word("XDG_CURRENT_DESKTOP");
        current.split(':').any(|one| names.iter().any(|name| one.eq_ignore_ascii_case(name)))
    }

    /// The folder of programs' settings (XDG base directories).
    fn config_home(&self) -> Option<PathBuf> {
        let absolute =
            |name: &str| (self.env)(name).map(PathBuf::from).filter(|path: &PathBuf| Path::is_absolute(path));
        absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")))
    }
}

/// A system with a proxy setting. Keys are given in the order in which they are to be written when byway is put in; what
/// switches the others on comes last.
trait System: Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Whether this session has it.
    fn is_here(&self, ground: Ground<'_>) -> bool;

    /// All of its settings that may be touched.
    fn read(&self, ground: Ground<'_>) -> Result<Values, Error>;

    /// What they should be, in order; settings that need not be touched are left out.
    fn wanted(&self, wish: &Wish, now: &Values) -> Vec<(Key, Value)>;

    /// Sets one.
    fn write(&self, ground: Ground<'_>, key: &str, value: &Value) -> Result<(), Error>;

    /// Tells running programs that something changed.
    fn announce(&self, ground: Ground<'_>) {
        let _ = ground;
    }

    /// The settings that lead somewhere, of those in force as things are.
    fn in_force(&self, now: &Values) -> Vec<Key>;

    /// What switches it off altogether, whatever was there before.
    fn switched_off(&self, now: &Values) -> Vec<(Key, Value)>;

    /// Whether this setting switches others on and off.
    fn is_switch(&self, key: &str) -> bool;

    /// What is set, in a word for people.
    fn seen(&self, now: &Values) -> Seen;
}

/// Every system of this build.
fn systems() -> Vec<Box<dyn System>> {
    if cfg!(windows) {
        vec![Box::new(windows::Windows)]
    } else if cfg!(target_os = "macos") {
        vec![Box::new(macos::MacOs)]
    } else {
        vec![Box::new(gnome::Gnome), Box::new(kde::Kde), Box::new(environment::Environment)]
    }
}
