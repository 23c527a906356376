//! Tasks have owners: everything spawned here has a name, hears the same stop, and is waited for. A panic in one
//! is an event in the log, not the end of the others.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::error;

/// The root tasks of one running byway.
#[derive(Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    /// The word to stop, for tasks that listen to it themselves.
    pub fn stop_word(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Runs `work` to its end.
    pub fn spawn(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        self.run(name, Box::pin(work));
    }

    /// One kind of task for all: the runtime makes 4 KB of code for every kind that it is given.
    fn run(&self, name: &'static str, work: BoxFuture<'static, ()>) {
        self.tracker.spawn(async move {
            if AssertUnwindSafe(work).catch_unwind().await.is_err() {
                error!(task = name, "a task panicked; the others go on");
            }
        });
    }

    /// Runs `work` until its end or the word to stop.
    pub fn spawn_until_stop(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.spawn(name, async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = work => {}
            }
        });
    }

    /// Says stop, and waits for all, `grace` at the most. True when all ended.
    pub async fn stop(&self, grace: Duration) -> bool {
        self.stop.cancel();
        self.tracker.close();
        tokio::time::timeout(grace, self.tracker.wait()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[tokio::test(start_paused = true)]
    async fn a_panic_in_one_task_does_not_end_the_others() {
        let tasks = Tasks::default();
        let done = Arc::new(AtomicBool::new(false));
        tasks.spawn("doomed", async { panic!("on purpose") });
        let seen = Arc::clone(&done);
        tasks.spawn("other", async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            seen.store(true, Ordering::SeqCst);
        });
        assert!(tasks.stop(Duration::from_secs(5)).await);
        assert!(done.load(Ordering::SeqCst));
    }

    #[tokio::test(start_paused = true)]
    async fn stopping_ends_what_would_run_for_ever() {
        let tasks = Tasks::default();
        tasks.spawn_until_stop("endless", std::future::pending());
        assert!(tasks.stop(Duration::from_secs(1)).await);
    }
}
