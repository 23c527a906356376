//! What a command ends with: the exit codes, their words, and an error that carries one. Scripts act on these,
//! so a code never changes its meaning.

use crate::control::report::Outline;
use crate::control::{ControlError, RefusalCode};
use std::fmt;
use std::io;
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exit {
    /// All well.
    Ok,
    /// Something failed while running.
    Failed,
    /// The command line is wrong, or names something that does not exist.
    Usage,
    /// The configuration is invalid.
    Config,
    /// No byway is running, or it does not answer.
    NotRunning,
    /// The operating system, or the token, forbids it.
    Permission,
    /// Some services are down.
    Degraded,
    /// All services are blocked or down.
    AllBlocked,
    /// A captive portal, or no internet at all.
    NoInternet,
    /// Interrupted.
    Interrupted,
}

/// Every code with its meaning, for the help and the manual.
pub const EXITS: [(Exit, &str); 10] = [
    (Exit::Ok, "ok"),
    (Exit::Failed, "runtime failure"),
    (Exit::Usage, "wrong usage, or no such service or transport"),
    (Exit::Config, "the configuration is invalid"),
    (Exit::NotRunning, "no byway is running, or it does not answer"),
    (Exit::Permission, "not permitted"),
    (Exit::Degraded, "some services are down (status -q, probe, diagnose)"),
    (Exit::AllBlocked, "all services are blocked or down (status -q, probe, diagnose)"),
    (Exit::NoInternet, "captive portal or no internet (status -q, probe, diagnose)"),
    (Exit::Interrupted, "interrupted"),
];

impl Exit {
    /// The number that the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Config => 3,
            Self::NotRunning => 4,
            Self::Permission => 5,
            Self::Degraded => 6,
            Self::AllBlocked => 7,
            Self::NoInternet => 8,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl From<Outline> for Exit {
    fn from(outline: Outline) -> Self {
        match outline {
            Outline::Well => Self::Ok,
            Outline::Degraded => Self::Degraded,
            Outline::AllDown => Self::AllBlocked,
            Outline::NoInternet => Self::NoInternet,
        }
    }
}

/// Why a command ended early: what to say on stderr, and the exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The code.
    pub exit: Exit,
    /// What to say, one line or several; nothing when empty.
    pub message: String,
}

impl Failed {
    /// Ends with `exit` and says why.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    /// Ends without a word.
    pub const fn silent(exit: Exit) -> Self {
        Self { exit, message: String::new() }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// An error while writing the output. A reader that had enough (`byway log | head`) is no error.
impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::silent(Exit::Ok),
            _ => Self::new(Exit::Failed, format!("cannot write the output: {error}")),
        }
    }
}

impl From<ControlError> for Failed {
    fn from(error: ControlError) -> Self {
        let exit = match &error {
            ControlError::NotRunning { .. } | ControlError::TookTooLong { .. } | ControlError::Gone { .. } => {
                Exit::NotRunning
            }
            ControlError::Permission { .. } | ControlError::OpenFolder { .. } => Exit::Permission,
            ControlError::NoUnixSockets { .. } | ControlError::PageNotLocal { .. } => Exit::Usage,
            ControlError::AlreadyRunning { .. }
            | ControlError::Occupied { .. }
            | ControlError::BadToken { .. }
            | ControlError::Page { .. }
            | ControlError::Private(_)
            | ControlError::Io { .. }
            | ControlError::Protocol { .. } => Exit::Failed,
            ControlError::Refused(refusal) => match refusal.code {
                RefusalCode::UnknownService | RefusalCode::UnknownTransport => Exit::Usage,
                RefusalCode::Config => Exit::Config,
                RefusalCode::Unauthorised => Exit::Permission,
                _ => Exit::Failed,
            },
        };
        Self::new(exit, error.to_string())
    }
}
