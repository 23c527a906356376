//! Tells the service manager how byway is: alive for as long as its loops turn, and in one line what works. The line has
//! services in it, never a destination or a way's server.

use super::Byway;
use crate::control::Operator;
use crate::platform::{Word, tell, watchdog};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{MissedTickBehavior, interval};
use tracing::error;

/// Changes come in flocks; the line is said anew once for all that came within this time.
const FLOCK: Duration = Duration::from_millis(500);

/// Says alive twice as often as the manager wants to hear it, for as long as everything answers. A byway that hangs is
/// silent, and is started anew. Never returns.
pub(super) async fn alive(byway: Arc<Byway>) {
    let Some(patience) = watchdog() else { return std::future::pending().await };
    let mut beat = interval(patience / 2);
    // After a sleep of the machine one word stands for all that were missed.
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        match byway.answers(patience / 8).await {
            Ok(()) => tell(&[Word::Alive]),
            Err(silent) => error!(%silent, "does not answer; the service manager is not told that all is well"),
        }
    }
}

/// Says what works, now and after every change. Returns when nothing can change any more.
pub(super) async fn status(byway: Arc<Byway>, desk: Arc<dyn Operator>) {
    let mut announced = byway.board().announcements();
    loop {
        if let Ok(status) = desk.status().await {
            tell(&[Word::Status(&status.sentence)]);
        }
        // Cancel-safe. What was missed while the line was made is in the line.
        if matches!(announced.recv().await, Err(RecvError::Closed)) {
            return;
        }
        tokio::time::sleep(FLOCK).await;
        announced = announced.resubscribe();
    }
}
