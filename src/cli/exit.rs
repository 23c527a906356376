//! What a command ends with: the exit codes, their words, and an error that carries one. Scripts act on these,
//! so a code never changes its meaning.

use crate::control::report::Outline;
use crate::control::{ControlError, Place, RefusalCode};
use crate::lang::{Tongue, Words};
use std::fmt;
use std::io;
use std::process::ExitCode;

/// The end of `--help`.
pub(super) const AFTER_HELP: &str = "\
Exit codes:
    0  ok
    1  runtime failure
    2  wrong usage, or no such service or transport
    3  the configuration is invalid
    4  no byway is running, or it does not answer
    5  not permitted
    6  some services are down (status -q, probe, diagnose, doctor)
    7  all services are blocked or down (status -q, probe, diagnose, doctor)
    8  captive portal or no internet (status -q, probe, diagnose, doctor)
  130  interrupted

Data goes to stdout, messages to stderr. Times are UTC. Every option that shows
[env: …] can be set there; NO_COLOR and CLICOLOR_FORCE are honoured.";

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
    (Exit::Degraded, "some services are down (status -q, probe, diagnose, doctor)"),
    (Exit::AllBlocked, "all services are blocked or down (status -q, probe, diagnose, doctor)"),
    (Exit::NoInternet, "captive portal or no internet (status -q, probe, diagnose, doctor)"),
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
    /// The same in the catalogue, for readers of other languages than English.
    said: Option<Said>,
}

/// A sentence of the catalogue with its values.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    key: &'static str,
    args: Vec<(&'static str, String)>,
}

impl Failed {
    /// Ends with `exit` and says why.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), said: None }
    }

    /// The same, with its sentence in the catalogue, which says in English what the message does.
    #[must_use]
    pub fn worded(mut self, key: &'static str, args: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        self.said = Some(Said { key, args: args.into_iter().collect() });
        self
    }

    /// What to say in a language.
    pub(super) fn words(&self, words: &Words) -> String {
        match &self.said {
            Some(Said { key, args }) if words.tongue() != Tongue::English => {
                let args: Vec<_> = args.iter().map(|(name, value)| (*name, value.as_str().into())).collect();
                words.say_with(key, &args)
            }
            _ => self.message.clone(),
        }
    }

    /// This program was built without a command that byway has.
    pub fn left_out(command: &'static str) -> Self {
        let message =
            format!("this byway was built small, without `byway {command}`: the packages for computers have it");
        Self::new(Exit::Failed, message).worded("errors-left-out", [("command", command.to_owned())])
    }

    /// Ends without a word.
    pub const fn silent(exit: Exit) -> Self {
        Self { exit, message: String::new(), said: None }
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
        let failed = Self::new(exit, error.to_string());
        let at = |place: &Place| ("place", place.to_string());
        match &error {
            ControlError::NotRunning { place } => failed.worded("errors-not-running", [at(place)]),
            ControlError::AlreadyRunning { place } => failed.worded("errors-already-running", [at(place)]),
            ControlError::Permission { place, source } => {
                failed.worded("errors-permission", [at(place), ("why", source.to_string())])
            }
            ControlError::OpenFolder { place, mode } => {
                failed.worded("errors-open-folder", [at(place), ("mode", format!("{mode:03o}"))])
            }
            ControlError::Gone { place } => failed.worded("errors-gone", [at(place)]),
            ControlError::TookTooLong { place, secs } => {
                failed.worded("errors-too-long", [at(place), ("secs", secs.to_string())])
            }
            _ => failed,
        }
    }
}
