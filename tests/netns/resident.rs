//! Threads that live in a network namespace, and programs run in one.

use std::fs::File;
use std::future::Future;
use std::io::Write as _;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// Moves this thread into a namespace, for good.
pub(crate) fn enter(namespace: &str) {
    let door = File::open(Path::new("/run/netns").join(namespace)).unwrap();
    let kind = Some(rustix::thread::LinkNameSpaceType::Network);
    rustix::thread::move_into_link_name_space(door.as_fd(), kind).unwrap();
}

/// Runs `work` on a thread of its own inside a namespace, to its end.
pub(crate) fn inside<T, F>(namespace: &str, work: impl FnOnce() -> F + Send) -> T
where
    T: Send,
    F: Future<Output = T>,
{
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            enter(namespace);
            runtime().block_on(work())
        });
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Something that goes on in a namespace, on a thread of its own, until it is dropped.
pub(crate) struct Resident {
    leave: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Resident {
    /// Begins `work` and waits until it says that it is ready.
    pub(crate) fn of<F>(namespace: &str, work: impl FnOnce(mpsc::Sender<()>) -> F + Send + 'static) -> Self
    where
        F: Future,
    {
        let (leave, left) = oneshot::channel();
        let (ready, is_ready) = mpsc::channel();
        let namespace = namespace.to_owned();
        let thread = std::thread::spawn(move || {
            enter(&namespace);
            runtime().block_on(async {
                tokio::select! {
                    _ = work(ready) => {}
                    _ = left => {}
                }
            });
        });
        is_ready.recv().expect("it is ready");
        Self { leave: Some(leave), thread: Some(thread) }
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        drop(self.leave.take());
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

/// A runtime for one thread.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// A program to be run inside a namespace.
pub(crate) fn command_in(namespace: &str, program: &str) -> Command {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", namespace, program]);
    command
}

/// Runs a program to its good end, with something to read; gives what it said.
pub(crate) fn finish(mut command: Command, input: &str) -> String {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}\n{input}");
    String::from_utf8(output.stdout).unwrap()
}
