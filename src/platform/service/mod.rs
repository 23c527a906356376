//! How byway becomes a service that the system starts and watches: by systemd, by launchd, by the Task Scheduler of
//! Windows. What is to be done is a list of steps, made without touching anything, so that it can be shown first and
//! tested everywhere; [`take`] takes one step. It edits no file of anybody else and keeps a configuration that is there.

mod launchd;
mod steps;
mod systemd;
mod tasks;

pub use steps::{Step, take};

use std::path::PathBuf;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Start it now and at every start of the system, or of the session.
    Install,
    /// Stop it, and forget it.
    Uninstall,
    /// Start it.
    Start,
    /// Stop it until the next start of the system, or of the session.
    Stop,
}

/// Whose service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The machine's.
    System,
    /// The user's who runs this process.
    User,
}

/// Who starts services here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manager {
    /// systemd, on Linux.
    Systemd,
    /// launchd, on macOS.
    Launchd,
    /// The Task Scheduler, on Windows.
    Tasks,
}

/// What the service is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Whose.
    pub scope: Scope,
    /// The program.
    pub program: PathBuf,
    /// Its configuration, where it is not the usual one.
    pub config: Option<PathBuf>,
    /// What the usual configuration of a machine holds when there is none yet.
    pub first_config: String,
    /// The user's home; on Windows, the folder of their local settings.
    pub home: PathBuf,
    /// Where programs keep the user's configuration, on Linux.
    pub config_home: PathBuf,
    /// The user's number.
    pub uid: u32,
    /// Whether a package brought what the service manager needs.
    pub packaged: bool,
}

/// How a service is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Whether the service manager knows it.
    pub installed: bool,
    /// Whether it is started at every start of the system, or of the session.
    pub enabled: bool,
    /// Whether it runs.
    pub running: bool,
    /// The manager's own word for it.
    pub word: String,
    /// What the service says of itself.
    pub said: Option<String>,
}

/// Why a service could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No service manager that byway knows.
    #[error("{program} is not here: start `byway run` by what starts programs on this machine")]
    NoManager {
        /// The program that speaks to it.
        program: &'static str,
    },
    /// A file of the system may not be written by this user.
    #[error("{path:?} may not be changed by this user: run it as root, or add --user for a service of your own")]
    NotPermitted {
        /// Where.
        path: PathBuf,
    },
    /// A file could not be written or removed.
    #[error("{path:?}: {source}")]
    File {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The program stands where the service cannot see it.
    #[error(
        "the service cannot start {program:?}, for homes are closed to it: copy it to /usr/local/bin, and call it there"
    )]
    OutOfSight {
        /// Where the program is.
        program: PathBuf,
    },
    /// A program could not be started.
    #[error("{command}: {source}")]
    Start {
        /// What was called.
        command: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A program said no.
    #[error("{command}: {said}")]
    Refused {
        /// What was called.
        command: String,
        /// The last that it said.
        said: String,
    },
}

impl Manager {
    /// Who starts services on this system.
    pub const fn of_this_system() -> Self {
        if cfg!(target_os = "macos") {
            Self::Launchd
        } else if cfg!(windows) {
            Self::Tasks
        } else {
            Self::Systemd
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Systemd => "systemd",
            Self::Launchd => "launchd",
            Self::Tasks => "Task Scheduler",
        }
    }

    /// What is to be done for `order`, in order.
    pub fn steps(self, order: Order, subject: &Subject) -> Result<Vec<Step>, Error> {
        match self {
            Self::Systemd => systemd::steps(order, subject),
            Self::Launchd => Ok(launchd::steps(order, subject)),
            Self::Tasks => Ok(tasks::steps(order, subject)),
        }
    }

    /// How the service is now.
    pub fn state(self, scope: Scope, uid: u32) -> Result<State, Error> {
        let (program, question) = match self {
            Self::Systemd => ("systemctl", systemd::question(scope)),
            Self::Launchd => ("launchctl", launchd::question(scope, uid)),
            Self::Tasks => ("schtasks", tasks::question()),
        };
        let answer = steps::ask(program, question)?;
        Ok(match self {
            Self::Systemd if !answer.worked => return Err(answer.refused()),
            Self::Systemd => systemd::state(&answer.text),
            Self::Launchd => launchd::state(answer.worked, &answer.text),
            Self::Tasks => tasks::state(answer.worked, &answer.text),
        })
    }
}

/// Whether a package brought the unit that starts `/usr/bin/byway`.
pub fn is_packaged(scope: Scope) -> bool {
    let folder = if scope == Scope::System { "system" } else { "user" };
    ["/usr/lib/systemd", "/lib/systemd"]
        .iter()
        .any(|base| PathBuf::from(base).join(folder).join("byway.service").exists())
}

#[cfg(test)]
mod tests;
