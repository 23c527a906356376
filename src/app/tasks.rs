//! Tasks have owners: everything spawned here has a name, hears the same stop, and is waited for. A panic in one
//! is an event in the log, not the end of the others.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::error;

/// The root tasks of one running byway.
#[derive(Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
    /// That the word to stop was said, for who asks often.
    stopping: Arc<AtomicBool>,
}

impl Tasks {
    /// The word to stop, for tasks that listen to it themselves.
    pub fn stop_word(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Something that is waited for like a task, until it is dropped.
    pub fn token(&self) -> TaskTrackerToken {
        self.tracker.token()
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
        // In a box, or the task would have room for it twice: as it comes, and as it runs.
        let work = Box::pin(work);
        self.spawn(name, async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = work => {}
            }
        });
    }

    /// What `work` gives; `None` when the word to stop comes first. To be awaited by one task from beginning to end: the
    /// word is listened for once, not at each of the many times that such a task is woken.
    pub async fn until_stop<T>(&self, work: impl Future<Output = T> + Unpin) -> Option<T> {
        let (mut work, mut listens) = (work, false);
        let mut stopped = pin!(self.stop.cancelled());
        poll_fn(|cx| {
            if let Poll::Ready(done) = work.poll_unpin(cx) {
                return Poll::Ready(Some(done));
            }
            if !listens || self.stopping.load(Ordering::Acquire) {
                listens = true;
                return stopped.as_mut().poll(cx).map(|()| None);
            }
            Poll::Pending
        })
        .await
    }

    /// Says stop, and waits for all, `grace` at the most. True when all ended.
    pub async fn stop(&self, grace: Duration) -> bool {
        self.stopping.store(true, Ordering::Release);
        self.stop.cancel();
        self.tracker.close();
        tokio::time::timeout(grace, self.tracker.wait()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
    async fn what_waits_for_the_word_beside_its_work_hears_it_however_often_it_was_woken() {
        let tasks = Tasks::default();
        let ended = Arc::new(AtomicBool::new(false));
        let (own, heard) = (tasks.clone(), Arc::clone(&ended));
        tasks.spawn("busy", async move {
            let work = Box::pin(async {
                loop {
                    tokio::time::sleep(Duration::from_millis(1)).await
                }
            });
            let left: Option<()> = own.until_stop(work).await;
            heard.store(left.is_none(), Ordering::SeqCst);
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(tasks.stop(Duration::from_secs(1)).await);
        assert!(ended.load(Ordering::SeqCst));
        assert_eq!(tasks.until_stop(std::future::ready(1)).await, Some(1), "what is done is done");
        assert_eq!(tasks.until_stop(std::future::pending::<()>()).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn stopping_ends_what_would_run_for_ever() {
        let tasks = Tasks::default();
        tasks.spawn_until_stop("endless", std::future::pending());
        assert!(tasks.stop(Duration::from_secs(1)).await);
    }
}
