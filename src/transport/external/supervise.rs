//! A program's life: started, waited for, watched, ended; after an end a pause and the same again.

use super::child::{Shared, State};
use super::contract::{Door, Recipe, Role};
use super::process::{self, Process};
use super::said::{Lines, Said};
use super::{patience, ready};
use crate::transport::direct::Direct;
use crate::wire::pluggable;
use std::io;
use std::net::SocketAddr;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// How long an ended program's last words are waited for.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// Why a program does not run. Without secrets and places.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum End {
    #[error("the program {0:?} is not found; install it, or give its whole path")]
    NotFound(String),
    #[error("the program cannot be started: {0}")]
    NotStarted(io::ErrorKind),
    #[error("its program exited with code {0}")]
    Exited(i32),
    #[error("its program was ended by signal {0}")]
    Signalled(i32),
    #[error("its program was not ready after {} s", .0.as_secs())]
    NotReady(Duration),
    #[error("another program listens at {0} already; end that one, or let byway choose by {{port}}")]
    Taken(SocketAddr),
    #[error("what its program offers is not SOCKS5")]
    NotSocks,
    #[error("its program does not speak version 1 of the pluggable transports' contract")]
    Version,
    #[error("its program does not have the transport {0:?}")]
    NoMethod(String),
    #[error("its program refuses: {0}")]
    Refused(String),
}

impl End {
    /// Ends in a row make a loop; a program that is not there does not even begin.
    const fn is_crash(&self) -> bool {
        !matches!(self, Self::NotFound(_) | Self::Taken(_))
    }

    fn of(status: io::Result<ExitStatus>) -> Self {
        match status {
            Err(error) => Self::NotStarted(error.kind()),
            Ok(status) => status.code().map_or_else(|| Self::Signalled(signal(status)), Self::Exited),
        }
    }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> i32 {
    std::os::unix::process::ExitStatusExt::signal(&status).unwrap_or_default()
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> i32 {
    0
}

/// Keeps a program running until the word to stop comes.
pub(super) async fn supervise(recipe: Arc<Recipe>, shared: Arc<Shared>, inner: Arc<Direct>, stop: CancellationToken) {
    let mut ends = 0_u32;
    let mut last = None;
    loop {
        shared.is(State::Starting);
        let began = Instant::now();
        let Some((end, last_words)) = once(&recipe, &shared, &inner, &stop).await else { break };
        if began.elapsed() >= patience::STABLE {
            ends = 0;
        }
        let pause = if end.is_crash() {
            ends = ends.saturating_add(1);
            patience::pause(ends, fastrand::f64())
        } else {
            patience::ABSENT
        };
        // Told once, not at every turn of a loop.
        if last.as_ref() != Some(&end) {
            tracing::warn!(said = last_words.as_deref().unwrap_or_default(), "{end}");
        }
        last = Some(end.clone());
        let until = Instant::now() + pause;
        shared.is(State::Waiting { end, until, ends, last_words });
        tokio::select! {
            // All arms are cancel-safe.
            () = stop.cancelled() => break,
            () = sleep_until(until) => {}
            () = shared.hurried() => ends = 0,
        }
    }
    shared.is(State::Stopped);
}

/// One start, to its end and the program's last words; `None` when it was told to stop.
async fn once(
    recipe: &Recipe,
    shared: &Shared,
    inner: &Direct,
    stop: &CancellationToken,
) -> Option<(End, Option<String>)> {
    if let Some(at) = recipe.fixed()
        && ready::is_taken(inner, at).await
    {
        return Some((End::Taken(at), None));
    }
    let start = match recipe.prepare() {
        Ok(start) => start,
        Err(error) => return Some((End::NotStarted(error.kind()), None)),
    };
    let name = recipe.run.command.first().map_or("", String::as_str);
    let Some(program) = process::find(name, recipe.run.folder.as_deref()) else {
        return Some((End::NotFound(name.to_owned()), None));
    };
    if let Role::Pluggable(server) = &recipe.role
        && let Err(error) = make_private(&server.state)
    {
        return Some((End::NotStarted(error.kind()), None));
    }
    let said = Arc::new(Said::new(start.secrets.clone()));
    let started = Process::start(&program, &start, recipe.run.folder.as_deref()).await;
    let (mut process, (stdout, stderr)) = match started {
        Ok(started) => started,
        Err(error) => return Some((End::NotStarted(error.kind()), None)),
    };
    let mut talk = JoinSet::new();
    let listening = Arc::clone(&said);
    talk.spawn(async move { listening.listen(stderr).await });
    let serves = serve(recipe, start.door, stdout, &said, shared, inner);
    let end = tokio::select! {
        // Whichever is dropped, the process is ended below.
        biased;
        () = stop.cancelled() => None,
        status = process.ended() => Some(End::of(status)),
        end = serves => Some(end),
    };
    process.end().await;
    let _ = timeout(LAST_WORDS, talk.join_next()).await;
    end.map(|end| (end, said.last()))
}

/// Waits until the program is ready, says so, and hears what it says from then on. Comes back only when it will not do.
async fn serve(
    recipe: &Recipe,
    door: Option<Door>,
    stdout: tokio::process::ChildStdout,
    said: &Said,
    shared: &Shared,
    inner: &Direct,
) -> End {
    let mut lines = Lines::of(stdout);
    let limit = recipe.run.start_timeout;
    let ready = match (&recipe.role, door) {
        (Role::Pluggable(server), _) => timeout(limit, ready::agrees(&mut lines, &server.transport, said)).await,
        (role, Some(door)) => {
            let socks = matches!(role, Role::Socks(_));
            let asked = async {
                tokio::select! {
                    answer = ready::answers(inner, &door, socks) => answer,
                    // What it says meanwhile must be taken, or it stops at a full pipe.
                    end = hear(&mut lines, said) => Err(end),
                }
            };
            timeout(limit, asked).await.map(|answer| answer.map(|()| door.clone()))
        }
        (_, None) => Ok(Err(End::NotSocks)),
    };
    match ready {
        Err(_) => End::NotReady(limit),
        Ok(Err(end)) => end,
        Ok(Ok(door)) => {
            shared.is(State::Ready(door));
            hear(&mut lines, said).await
        }
    }
}

/// Takes what a program says, for ever.
async fn hear(lines: &mut Lines<tokio::process::ChildStdout>, said: &Said) -> End {
    while let Some(text) = lines.next().await {
        ready::heard(pluggable::line(&text), &text, said);
    }
    std::future::pending().await
}

/// A folder for its owner alone.
fn make_private(folder: &std::path::Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
