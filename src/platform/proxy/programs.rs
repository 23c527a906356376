//! Running the system's own tools: one at a time, by a deadline, nothing on their standard input.

use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The longest a tool may take. 10 s: `networksetup` on a Mac that just woke up.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks whether it is done.
const LOOK: Duration = Duration::from_millis(10);

/// Why a tool did not do its work. What it was told is left out: it may hold an address.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It is not installed.
    #[error("{program} is not installed")]
    Absent {
        /// Which.
        program: String,
    },
    /// It did not end in time.
    #[error("{program} did not end within {} s", PATIENCE.as_secs())]
    TooSlow {
        /// Which.
        program: String,
    },
    /// It said no.
    #[error("{program} failed: {said}")]
    Failed {
        /// Which.
        program: String,
        /// Its first line on standard error.
        said: String,
    },
    /// It could not be run.
    #[error("{program} could not be run: {error}")]
    Io {
        /// Which.
        program: String,
        /// What the system said.
        error: io::Error,
    },
}

/// Who runs tools: this machine, or a test.
pub trait Run: Send + Sync {
    /// Runs `program` to its end and gives back what it printed.
    fn run(&self, program: &str, args: &[&str]) -> Result<String, RunError>;
    /// Whether there is such a program.
    fn finds(&self, program: &str) -> bool;
}

/// This machine's programs, by `PATH`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Programs;

impl Run for Programs {
    fn run(&self, program: &str, args: &[&str]) -> Result<String, RunError> {
        let named = || program.to_owned();
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => RunError::Absent { program: named() },
            _ => RunError::Io { program: named(), error },
        };
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        let end = Instant::now() + PATIENCE;
        // What these tools print fits a pipe, so that it can wait there until they end.
        let status = loop {
            match child.try_wait().map_err(failed)? {
                Some(status) => break status,
                None if Instant::now() > end => {
                    let _gone_already = child.kill();
                    let _reaped = child.wait();
                    return Err(RunError::TooSlow { program: named() });
                }
                None => std::thread::sleep(LOOK),
            }
        };
        let (mut out, mut err) = (String::new(), String::new());
        child.stdout.take().map(|mut pipe| pipe.read_to_string(&mut out)).transpose().map_err(failed)?;
        child.stderr.take().map(|mut pipe| pipe.read_to_string(&mut err)).transpose().map_err(failed)?;
        if status.success() {
            return Ok(out);
        }
        let said = err.lines().chain(out.lines()).find(|line| !line.trim().is_empty()).unwrap_or("it did not say why");
        Err(RunError::Failed { program: named(), said: said.trim().to_owned() })
    }

    fn finds(&self, program: &str) -> bool {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let suffix = std::env::consts::EXE_SUFFIX;
        std::env::split_paths(&path).any(|folder| Path::is_file(&folder.join(format!("{program}{suffix}"))))
    }
}
