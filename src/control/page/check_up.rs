//! `POST /doctor` and `POST /doctor/stop`: the check-up, begun and stopped on the page. It goes on while nobody looks, one
//! at a time; what it came to stays until the next one.

use super::language;
use super::order::{Done, answered};
use super::reply::Reply;
use super::routes::{Call, Route};
use super::{lock, view};
use crate::control::doctor::{Check, Finding, Step};
use crate::control::{Operator, Refusal, RefusalCode, Stamp};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use hyper::Method;
use std::sync::{Arc, Mutex};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

pub(super) const BEGIN: Route = Route { method: Method::POST, path: "/doctor", answer: begin };
pub(super) const STOP: Route = Route { method: Method::POST, path: "/doctor/stop", answer: stop };

/// What a check-up has come to so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Course {
    /// How it stands.
    pub(super) stand: Stand,
    /// So many looks are planned.
    pub(super) planned: u32,
    /// So many are over.
    pub(super) looked: u32,
    /// What is looked at now.
    pub(super) check: Option<Check>,
    /// What was found.
    pub(super) findings: Vec<Finding>,
}

/// How a check-up stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stand {
    /// There was none.
    #[default]
    Never,
    /// It goes on.
    Runs,
    /// Somebody stopped it.
    Stopped,
    /// It ended before its end.
    BrokeOff,
    /// It was over then.
    Over(Stamp),
}

/// The page's check-up: the one that runs, or the last.
#[derive(Default)]
pub(super) struct CheckUp {
    course: Arc<Mutex<Course>>,
    run: Mutex<Option<Run>>,
}

/// One that runs. Dropped, it ends.
struct Run {
    stop: CancellationToken,
    task: AbortOnDropHandle<()>,
}

impl CheckUp {
    /// What it has come to so far.
    pub(super) fn course(&self) -> Course {
        lock(&self.course).clone()
    }

    /// Begins one; refused while another is under way, whoever asked for it.
    async fn begin(&self, operator: &dyn Operator) -> Result<(), Refusal> {
        let steps = operator.doctor().await?;
        *lock(&self.course) = Course { stand: Stand::Runs, ..Course::default() };
        let stop = CancellationToken::new();
        let task = tokio::spawn(follow(steps, Arc::clone(&self.course), stop.clone()));
        *lock(&self.run) = Some(Run { stop, task: AbortOnDropHandle::new(task) });
        Ok(())
    }

    /// Stops the one that runs, and returns when it has ended.
    pub(super) async fn stop(&self) {
        let run = lock(&self.run).take();
        if let Some(Run { stop, task }) = run {
            stop.cancel();
            if let Err(error) = task.await {
                tracing::debug!(%error, "a check-up of the status page ended badly");
            }
        }
    }
}

/// Writes down what the steps tell. The stream is given back before the end is told, so that the next one can begin.
async fn follow(mut steps: BoxStream<'static, Step>, course: Arc<Mutex<Course>>, stop: CancellationToken) {
    let mut whole = false;
    let heard = stop.run_until_cancelled(async {
        while let Some(step) = steps.next().await {
            let mut course = lock(&course);
            match step {
                Step::Planned(looks) => course.planned = looks,
                Step::Looks(check) => course.check = Some(check),
                Step::Found(finding) => course.findings.push(finding),
                Step::Looked(_) => course.looked += 1,
                Step::Done => {
                    whole = true;
                    return;
                }
            }
        }
    });
    let is_stopped = heard.await.is_none();
    drop(steps);
    lock(&course).stand = match (whole, is_stopped) {
        (true, _) => Stand::Over(Stamp::now()),
        (false, true) => Stand::Stopped,
        (false, false) => Stand::BrokeOff,
    };
}

fn begin(call: Call) -> BoxFuture<'static, Reply> {
    Box::pin(async move {
        let words = language::of(&call);
        let done = match call.check_up.begin(&*call.operator).await {
            Err(refusal) if refusal.code == RefusalCode::Busy => Ok(Done::not(words.say("page-doctor-busy"))),
            begun => begun.map(|()| shown(&call, words)),
        };
        answered(&call, words, done)
    })
}

fn stop(call: Call) -> BoxFuture<'static, Reply> {
    Box::pin(async move {
        let words = language::of(&call);
        call.check_up.stop().await;
        answered(&call, words, Ok(shown(&call, words)))
    })
}

/// Nothing is said: the parts themselves show it.
fn shown(call: &Call, words: &crate::control::wording::Wording) -> Done {
    let parts = view::check_up(words, &call.check_up.course(), Stamp::now());
    Done::shown(parts.into(), "/#examined-title")
}
