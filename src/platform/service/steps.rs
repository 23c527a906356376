//! One step of setting up a service: a file, or a word to the service manager. A step says itself in the shell's words.

use super::Error;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A file is written, readable by everybody.
    Write {
        /// Where.
        path: PathBuf,
        /// What.
        text: String,
    },
    /// A file that may hold keys is written, if there is none.
    Begin {
        /// Where.
        path: PathBuf,
        /// What.
        text: String,
    },
    /// A file is removed, if there is one.
    Remove(PathBuf),
    /// A program is called and must succeed.
    Call(Vec<String>),
    /// A program is called; that it fails is no fault.
    Try(Vec<String>),
}

impl Step {
    /// A program is called and must succeed.
    pub(super) fn call(words: &[&str]) -> Self {
        Self::Call(words.iter().map(ToString::to_string).collect())
    }

    /// A program is called; that it fails is no fault.
    pub(super) fn attempt(words: &[&str]) -> Self {
        Self::Try(words.iter().map(ToString::to_string).collect())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write { path, .. } => write!(f, "write {}", path.display()),
            Self::Begin { path, .. } => write!(f, "write {} unless it exists", path.display()),
            Self::Remove(path) => write!(f, "remove {}", path.display()),
            Self::Call(words) | Self::Try(words) => f.write_str(&words.join(" ")),
        }
    }
}

/// Takes a step. One that would change nothing is taken all the same: an order can be given again.
pub fn take(step: &Step) -> Result<(), Error> {
    match step {
        Step::Write { path, text } => write_to(path, text, 0o644, true),
        Step::Begin { path, text } => write_to(path, text, 0o640, false),
        Step::Remove(path) => match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(path, error)),
            _ => Ok(()),
        },
        Step::Call(words) => call(words).and_then(|answer| if answer.worked { Ok(()) } else { Err(answer.refused()) }),
        Step::Try(words) => call(words).map(drop).or(Ok(())),
    }
}

fn write_to(path: &Path, text: &str, mode: u32, replace: bool) -> Result<(), Error> {
    let written = || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut options = fs::OpenOptions::new();
        options.write(true);
        if replace {
            options.create(true).truncate(true);
        } else {
            options.create_new(true);
        }
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
        #[cfg(not(unix))]
        let _ = mode;
        match options.open(path) {
            Err(error) if !replace && error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            opened => opened?.write_all(text.as_bytes()),
        }
    };
    written().map_err(|error| failed(path, error))
}

fn failed(path: &Path, source: io::Error) -> Error {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Error::NotPermitted { path },
        _ => Error::File { path, source },
    }
}

/// What a program said.
pub(super) struct Answer {
    /// Whether it ended well.
    pub(super) worked: bool,
    /// Its standard output.
    pub(super) text: String,
    command: String,
    complaint: String,
}

impl Answer {
    /// The answer as a refusal.
    pub(super) fn refused(self) -> Error {
        let said =
            self.complaint.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it failed").trim().to_owned();
        Error::Refused { command: self.command, said }
    }
}

/// Asks a program.
pub(super) fn ask(program: &'static str, words: Vec<String>) -> Result<Answer, Error> {
    let command: Vec<_> = std::iter::once(program.to_owned()).chain(words).collect();
    call(&command).map_err(|error| match error {
        Error::Start { source, .. } if source.kind() == io::ErrorKind::NotFound => Error::NoManager { program },
        other => other,
    })
}

fn call(words: &[String]) -> Result<Answer, Error> {
    let command = words.join(" ");
    let (program, arguments) = words.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = match output {
        Ok(output) => output,
        Err(source) if source.kind() == io::ErrorKind::NotFound && program == "systemctl" => {
            return Err(Error::NoManager { program: "systemctl" });
        }
        Err(source) => return Err(Error::Start { command, source }),
    };
    Ok(Answer {
        worked: output.status.success(),
        text: String::from_utf8_lossy(&output.stdout).into_owned(),
        complaint: String::from_utf8_lossy(&output.stderr).into_owned(),
        command,
    })
}
