//! What one look at the operator gives: the status and the history that belongs to it.

use super::check_up::{CheckUp, Course};
use super::view::{Reach, View};
use crate::control::report::Status;
use crate::control::wording::Wording;
use crate::control::{Entry, Operator, Refusal, RefusalCode};
use std::time::Duration;

/// So far before the timeline is read, for the way that was in use at its beginning.
const BEFORE: Duration = Duration::from_hours(7 * 24);

/// One look.
pub(super) struct Scene {
    status: Status,
    past: Option<Vec<Entry>>,
    course: Course,
    reach: Reach,
}

impl Scene {
    /// Looks now.
    pub(super) async fn of(operator: &dyn Operator, check_up: &CheckUp, reach: Reach) -> Result<Self, Refusal> {
        let status = operator.status().await?;
        let past = match operator.history(None, Some(reach.span() + BEFORE)).await {
            Ok(past) => Some(past),
            // The history is off.
            Err(refusal) if refusal.code == RefusalCode::NotAllowed => None,
            Err(refusal) => return Err(refusal),
        };
        Ok(Self { status, past, course: check_up.course(), reach })
    }

    /// Shown in a language.
    pub(super) fn view<'a>(&'a self, words: &'a Wording) -> View<'a> {
        View { words, status: &self.status, past: self.past.as_deref(), course: &self.course, reach: self.reach }
    }
}
