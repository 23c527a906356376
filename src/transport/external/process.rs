//! One process: found, started in a group of its own and on a leash, ended with all that it started.

use super::contract::{Input, Start};
use super::leash;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How long a program may take to end when it is told to.
const GRACE: Duration = Duration::from_secs(2);

/// A running program. Dropped, it is killed at once.
pub(super) struct Process {
    child: Child,
    group: Group,
    /// Held open where its end would be the word to stop.
    input: Option<ChildStdin>,
}

/// A program's two outputs.
pub(super) type Outputs = (ChildStdout, ChildStderr);

impl Process {
    /// Starts `program`, in `folder` where one is given.
    pub(super) async fn start(program: &Path, start: &Start, folder: Option<&Path>) -> io::Result<(Self, Outputs)> {
        let mut words = leash::words();
        words.push(program.into());
        words.extend(start.words.iter().skip(1).map(OsString::from));
        let first = words.remove(0);
        let mut command = Command::new(first);
        command.args(words);
        command.stdin(if matches!(start.input, Input::Nothing) { Stdio::null() } else { Stdio::piped() });
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        if let Some(folder) = folder {
            command.current_dir(folder);
        }
        // byway's own settings are none of its business, and hold keys.
        let own = |name: &OsString| name.to_str().is_some_and(|name| name.starts_with("BYWAY_"));
        for name in std::env::vars_os().map(|(name, _)| name).filter(own) {
            command.env_remove(name);
        }
        for (name, value) in &start.environment {
            command.env(name, value.expose());
        }
        let mut child = spawn(command).await?;
        let group = Group::of(&child);
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let mut input = child.stdin.take();
        if let (Input::Text(text), Some(mut to)) =
            (&start.input, input.take_if(|_| matches!(start.input, Input::Text(_))))
        {
            // A program that does not read its input is found out by what it does then.
            let _ = timeout(GRACE, to.write_all(text.expose().as_bytes())).await;
        }
        Ok((Self { child, group, input }, (stdout, stderr)))
    }

    /// Waits until it ends by itself. Cancel-safe.
    pub(super) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Ends it: told first, killed after a grace.
    pub(super) async fn end(mut self) {
        drop(self.input.take());
        self.group.signal(Word::End);
        if timeout(GRACE, self.child.wait()).await.is_err() {
            self.group.signal(Word::Kill);
            let _ = self.child.start_kill();
            let _ = self.child.wait().await;
        }
    }
}

/// The program and all that it started, so far as they stayed together.
struct Group(#[cfg(unix)] Option<nix::unistd::Pid>);

/// What a group is told.
#[derive(Clone, Copy)]
enum Word {
    End,
    Kill,
}

impl Group {
    #[cfg(unix)]
    fn of(child: &Child) -> Self {
        // 0 and 1 would be everybody.
        let id = child.id().and_then(|id| i32::try_from(id).ok()).filter(|id| *id > 1);
        Self(id.map(nix::unistd::Pid::from_raw))
    }

    #[cfg(unix)]
    fn signal(&self, word: Word) {
        use nix::sys::signal::{Signal, killpg};
        let signal = match word {
            Word::End => Signal::SIGTERM,
            Word::Kill => Signal::SIGKILL,
        };
        if let Some(group) = self.0 {
            // Nobody may be left in it.
            let _ = killpg(group, signal);
        }
    }

    #[cfg(not(unix))]
    fn of(_: &Child) -> Self {
        Self()
    }

    #[cfg(not(unix))]
    fn signal(&self, _: Word) {}
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Word::Kill);
    }
}

/// Where a program is: as it stands when it is a path (within `folder`), else on `PATH`.
pub(super) fn find(program: &str, folder: Option<&Path>) -> Option<PathBuf> {
    if program.contains(std::path::MAIN_SEPARATOR) {
        let path = folder.map_or_else(|| PathBuf::from(program), |folder| folder.join(program));
        return can_run(&path).then_some(path);
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| can_run(path))
}

fn can_run(path: &Path) -> bool {
    let Ok(found) = std::fs::metadata(path) else { return false };
    #[cfg(unix)]
    let may = std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let may = true;
    found.is_file() && may
}

type Job = Box<dyn FnOnce() + Send>;

/// Starts a process from a thread that lives as long as byway: the leash is held by the thread that started it
/// (prctl(2), `PR_SET_PDEATHSIG`), and the runtime ends threads that have nothing to do.
async fn spawn(mut command: Command) -> io::Result<Child> {
    static STARTER: OnceLock<Option<mpsc::Sender<Job>>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (jobs, coming) = mpsc::channel::<Job>();
        let thread = std::thread::Builder::new().name("programs".to_owned());
        thread.spawn(move || coming.iter().for_each(|job| job())).ok().map(|_| jobs)
    });
    let (tell, told) = oneshot::channel();
    let runtime = Handle::current();
    let job: Job = Box::new(move || {
        let _inside = runtime.enter();
        // Nobody may wait any more; then what was started is killed by being dropped.
        let _ = tell.send(command.spawn());
    });
    let gone = || io::Error::from(io::ErrorKind::ResourceBusy);
    starter.as_ref().and_then(|starter| starter.send(job).ok()).ok_or_else(gone)?;
    told.await.map_err(|_| gone())?
}
