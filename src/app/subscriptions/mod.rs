//! Keeps the lists that somebody else keeps up to date: when each is fetched, what becomes of what came, and what is told
//! of it. A list that cannot be lived with leaves the last good one in force; one that says what it said changes nothing.

mod book;
mod fetch;

#[cfg(test)]
mod tests;

pub(super) use book::Book;
pub(super) use fetch::{Over, Reply, fetch, words};

use super::Byway;
use crate::config::{self, Copy, Fetching, Subscription, Usage};
use crate::control::report::FetchStage;
use crate::model::{LinkState, Secret};
use crate::net::{Document, Headers, Mark};
use crate::platform;
use fetch::Miss;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tracing::{info, warn};

/// Between two fetches, where neither the configuration nor the server says otherwise: 12 to 24 hours with the jitter.
const USUAL: Duration = Duration::from_secs(18 * 3600);
/// What a server may ask for (`profile-update-interval`): more often is a nuisance, more rarely no update.
const SENSIBLE: std::ops::RangeInclusive<u32> = 1..=168;
/// Until the next try after the first, second … failure.
const AGAIN: [u64; 4] = [60, 4 * 60, 15 * 60, 60 * 60];
/// A list that is overdue at the start waits this long, so that no start is marked by a fetch.
const SETTLING: (u64, u64) = (20, 120);
/// For one turn over all ways.
const PATIENCE: Duration = Duration::from_secs(60);
/// The wall clock may jump, and a machine sleep: it is looked at so often at least.
const LOOK: u64 = 600;

/// Reads the configuration again and puts it in force; what changed, or why it was not taken.
pub(super) type Reread = Arc<dyn Fn() -> BoxFuture<'static, Result<Vec<String>, String>> + Send + Sync>;

/// Fetches what is due, until the end of byway.
pub(super) async fn keep(byway: Arc<Byway>, reread: Reread) {
    loop {
        let now = (byway.world.sources.unix_now)();
        let generation = byway.generation.load_full();
        let first = |list: &Subscription| list.fetching().map(|fetching| first_due(fetching, now));
        byway.subscribed.turn(&generation.settings.subscriptions, first);
        let next = byway.subscribed.earliest();
        if let Some((name, _)) = next.as_ref().filter(|(_, due)| *due <= now) {
            let list = generation.settings.subscriptions.iter().find(|list| list.name == *name);
            if let Some((list, fetching)) = list.and_then(|list| Some((list, list.fetching()?))) {
                attempt(&byway, list, fetching, &reread).await;
            }
            continue;
        }
        let wait = next.map_or(LOOK, |(_, due)| due.saturating_sub(now).clamp(1, LOOK));
        tokio::select! {
            // Both arms are cancel-safe: a permit that is not taken stays.
            () = tokio::time::sleep(Duration::from_secs(wait)) => {}
            () = byway.subscribed.changed.notified() => byway.subscribed.hurry(now),
        }
    }
}

/// When a list is fetched for the first time since the start.
fn first_due(fetching: &Fetching, now: u64) -> u64 {
    match &fetching.copy {
        None => now,
        Some(copy) => {
            let due = copy.at.saturating_add(interval(fetching, copy.every_hours));
            let soon = now + fastrand::u64(SETTLING.0..=SETTLING.1);
            // A copy from the future was written by a wrong clock, or read by one.
            if copy.at > now { now + interval(fetching, copy.every_hours) } else { due.max(soon) }
        }
    }
}

/// Seconds until the next fetch after a good one.
fn interval(fetching: &Fetching, every_hours: Option<u32>) -> u64 {
    let asked = every_hours.filter(|hours| SENSIBLE.contains(hours)).map(|hours| u64::from(hours) * 3600);
    let every = fetching.every.map(|every| every.as_secs()).or(asked).unwrap_or(USUAL.as_secs());
    fastrand::u64(every * 2 / 3..=every * 4 / 3)
}

/// Seconds until the next try after so many failures in a row.
fn again(failures: usize, usual: u64) -> u64 {
    let span = AGAIN.get(failures.saturating_sub(1)).copied().unwrap_or(usual).min(usual);
    fastrand::u64(span * 3 / 4..=span * 5 / 4)
}

async fn attempt(byway: &Arc<Byway>, list: &Subscription, fetching: &Fetching, reread: &Reread) {
    let now = (byway.world.sources.unix_now)();
    if matches!(byway.board.snapshot().link, LinkState::Offline | LinkState::Captive) {
        byway.subscribed.wait(&list.name, now + fastrand::u64(30..=60));
        return;
    }
    let last = byway.subscribed.copy(&list.name);
    let over = Over::of(byway, fetching, None);
    let mark = last.as_ref().map(|copy| Mark { tag: copy.tag.clone(), modified: copy.modified.clone() });
    let outcome = match fetch(&over, &fetching.into(), mark.as_ref(), PATIENCE).await {
        Ok((way, reply)) => take(byway, list, fetching, last.as_deref(), reply, reread).await.map(|hours| (way, hours)),
        Err(misses) => Err(misses),
    };
    let now = (byway.world.sources.unix_now)();
    match outcome {
        Ok((way, hours)) => byway.subscribed.good(&list.name, way, now + interval(fetching, hours)),
        Err(misses) => {
            let words = words(&misses);
            let stage = misses.iter().map(|miss| miss.stage).max().unwrap_or(FetchStage::Way);
            warn!(subscription = %list.name, %stage, "the list could not be fetched, the last good one holds: {words}");
            let usual = interval(fetching, None);
            byway.subscribed.missed(&list.name, stage, words, now, |failures| now + again(failures, usual));
        }
    }
}

/// Puts what came in the old copy's place; how often the server would have it fetched.
async fn take(
    byway: &Arc<Byway>,
    list: &Subscription,
    fetching: &Fetching,
    last: Option<&Copy>,
    reply: Reply,
    reread: &Reread,
) -> Result<Option<u32>, Vec<Miss>> {
    let now = (byway.world.sources.unix_now)();
    let (copy, is_new) = match (reply, last) {
        (Reply::Unchanged(headers), Some(last)) => {
            let (every_hours, usage) = told(&headers);
            let every_hours = every_hours.or(last.every_hours);
            (Copy { at: now, every_hours, usage: usage.or(last.usage), ..last.clone() }, false)
        }
        (Reply::Unchanged(_), None) => {
            return Err(vec![Miss::of_format(
                "the server says that nothing has changed, and was asked for everything",
            )]);
        }
        (Reply::Document(document), last) => {
            let copy = copy_of(&document, now).map_err(|why| vec![Miss::of_format(&why.to_string())])?;
            let is_same = last.is_some_and(|last| list.is_same_list(copy.text.expose(), last.text.expose()));
            (copy, !is_same)
        }
    };
    let every_hours = copy.every_hours;
    let kept = keep_copy(fetching, &copy).await;
    kept.map_err(|why| vec![Miss { way: None, stage: FetchStage::Keeping, words: why, is_final: true }])?;
    byway.subscribed.fetched(&list.name, copy);
    if is_new {
        match reread().await {
            Ok(changes) => info!(subscription = %list.name, changes = %changes.join("; "), "the list has changed"),
            Err(_) => {
                let words = "the new list is kept and not in force: the configuration is at fault (`byway check`)";
                return Err(vec![Miss { way: None, stage: FetchStage::Keeping, words: words.into(), is_final: true }]);
            }
        }
    }
    Ok(every_hours)
}

/// What was fetched, as it is kept; refused when it is no list to live with.
pub(super) fn copy_of(document: &Document, now: u64) -> Result<Copy, config::BadList> {
    let text = config::checked(document.body.expose())?;
    let (every_hours, usage) = told(&document.headers);
    let Mark { tag, modified } = document.mark.clone();
    Ok(Copy { at: now, text: Secret::new(text.to_owned()), tag, modified, every_hours, usage })
}

fn told(headers: &Headers) -> (Option<u32>, Option<Usage>) {
    let hours = headers.get("profile-update-interval").and_then(|hours| hours.parse::<f64>().ok());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the bounds of the filter")]
    let hours = hours.filter(|hours| (1.0..=10_000.0).contains(hours)).map(|hours| hours as u32);
    (hours, headers.get("subscription-userinfo").and_then(Usage::parse))
}

/// Writes the copy, readable by its owner alone.
pub(super) async fn keep_copy(fetching: &Fetching, copy: &Copy) -> Result<(), String> {
    let (path, bytes) = (fetching.kept_at.clone(), Secret::new(copy.to_bytes(&fetching.address)));
    let write = move || {
        let folder = path.parent().map_or(Ok(()), platform::private_dir);
        folder.and_then(|()| platform::write_private(&path, bytes.expose()))
    };
    let written = tokio::task::spawn_blocking(write).await;
    let failed = "what came cannot be kept, so the old list stays in force: ";
    match written {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(format!("{failed}{error}")),
        Err(_) => Err(format!("{failed}writing was broken off")),
    }
}
