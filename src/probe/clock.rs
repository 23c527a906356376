//! What time it is, when ours is shown to be wrong: asked of the neutral places, each of which must have a certificate
//! that is valid at the very time it tells. What may be concluded is decided in `judge`; nothing here believes a
//! certificate less than otherwise.

use super::ask::Asker;
use super::controls;
use super::spec::Anchors;
use crate::judge::clock;
use crate::judge::link::{Anchor, Clock, Controls};
use crate::transport::Transport;
use std::sync::Arc;
use tracing::{debug, info};

/// As many places as are asked: with fewer than three agreeing nothing is believed.
const ASKED: usize = 5;

/// After a run of the controls: learns the true time where the system's clock is wrong, so that names can still be
/// looked up securely; forgets it where that clock is right.
pub(super) async fn mind(asker: &Asker, anchors: &Anchors, way: Option<&Transport>, run: &Controls) {
    let time = &asker.sources.true_time;
    // Who only says so in clear text does not make the clock right.
    let proven = run.neutral.iter().any(|said| matches!(said, Anchor::Answered(_)));
    match (run.clock, run.date, way) {
        (Clock::Right, ..) if proven => time.forget(),
        (Clock::Wrong, Some(hint), Some(way)) => {
            if time.known().is_some_and(|known| known.abs_diff(hint) <= clock::DAY) {
                return;
            }
            let places = asker.sources.chance.some(&anchors.neutral, ASKED);
            let mut asker = asker.clone();
            asker.sources.unix_now = Arc::new(move || hint);
            let told = controls::dates(&asker, &places, way).await;
            match clock::proven(hint, &told) {
                Some(now) => {
                    info!("the system's clock is wrong; neutral sites prove the time, and names are looked up by it");
                    time.learn(now);
                }
                None => debug!("the system's clock is wrong, and nobody proves the time"),
            }
        }
        _ => {}
    }
}
