//! The full examination of a service on request: one at a time, for as long as somebody listens.

use super::Byway;
use crate::control::{Refusal, RefusalCode};
use crate::model::{Examined, ServiceId};
use futures_util::stream::{self, BoxStream, StreamExt};
use std::sync::Arc;

/// The steps of an examination of `service`. Dropping the stream stops it and lets the next one begin.
pub(super) fn examine(byway: &Byway, service: &ServiceId) -> Result<BoxStream<'static, Examined>, Refusal> {
    let Ok(turn) = Arc::clone(&byway.examining).try_acquire_owned() else {
        let why = "an examination is under way already; one at a time, for each shows the other's tests to an observer \
                   and spoils its results. Try again when it is over";
        return Err(Refusal::new(RefusalCode::Busy, why));
    };
    let steps = byway.prober().examine(service);
    Ok(stream::unfold((steps, turn), |(mut steps, turn)| async move {
        steps.next().await.map(|step| (step, (steps, turn)))
    })
    .boxed())
}
