//! Answers kept for as long as their authors allow, within bounds; and "there is none" for a short while.

use super::{Answer, Kept};
use crate::model::{Cause, Failure};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// The least a secure answer is kept: a TTL of 0 must not turn into a look-up per connection.
const SHORTEST: Duration = Duration::from_secs(10);
/// The most any answer is kept.
const LONGEST: Duration = Duration::from_secs(3600);
/// How long "no such name" is kept (RFC 2308 leaves the SOA's minimum; short is safe).
const NEGATIVE: Duration = Duration::from_secs(30);
/// How long the system's answer is kept; the system has a cache of its own and does not tell TTLs.
pub(super) const SYSTEM_TTL: Duration = Duration::from_secs(30);
/// Names kept at most.
const CAPACITY: usize = 2048;

#[derive(Default)]
pub(super) struct Cache(Mutex<HashMap<String, Entry>>);

struct Entry {
    until: Instant,
    /// As long as its author allows, however long it is kept.
    true_until: Instant,
    outcome: Result<Answer, Failure>,
}

impl Cache {
    pub(super) fn get(&self, key: &str, now: Instant) -> Option<Result<Answer, Failure>> {
        let entries = self.0.lock().ok()?;
        let entry = entries.get(key).filter(|entry| entry.until > now)?;
        Some(entry.outcome.clone())
    }

    /// How much longer its author allows the answer of `key`.
    pub(super) fn left(&self, key: &str, now: Instant) -> Option<Duration> {
        let entries = self.0.lock().ok()?;
        Some(entries.get(key)?.true_until.saturating_duration_since(now))
    }

    /// Keeps an answer, or a definite no. A failed look-up is not kept.
    pub(super) fn put(&self, key: String, outcome: &Result<Kept, Failure>, now: Instant) {
        let (ttl, outcome) = match outcome {
            Ok(kept) => (kept.ttl, Ok(kept.answer.clone())),
            Err(failure) if matches!(failure.cause, Cause::DnsNxdomainError | Cause::DnsNoAnswer) => {
                (NEGATIVE, Err(failure.clone()))
            }
            Err(_) => return,
        };
        let Ok(mut entries) = self.0.lock() else { return };
        if entries.len() >= CAPACITY {
            entries.retain(|_, entry| entry.until > now);
        }
        if entries.len() >= CAPACITY {
            let soonest = entries.iter().min_by_key(|(_, entry)| entry.until).map(|(key, _)| key.clone());
            soonest.and_then(|key| entries.remove(&key));
        }
        let ttl = ttl.min(LONGEST);
        entries.insert(key, Entry { until: now + ttl.max(SHORTEST), true_until: now + ttl, outcome });
    }

    pub(super) fn clear(&self) {
        if let Ok(mut entries) = self.0.lock() {
            entries.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Stage, Whose};

    fn kept(ttl: u64) -> Result<Kept, Failure> {
        let answer = Answer { addrs: vec!["192.0.2.1".parse().unwrap()], finding: None };
        Ok(Kept { answer, ttl: Duration::from_secs(ttl) })
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_lives_by_its_ttl_within_bounds() {
        let (cache, now) = (Cache::default(), Instant::now());
        for (ttl, lives, gone) in [(0, 9, 10), (60, 59, 60), (1 << 30, 3599, 3600)] {
            cache.put("a".into(), &kept(ttl), now);
            assert!(cache.get("a", now + Duration::from_secs(lives)).is_some(), "ttl {ttl}");
            assert!(cache.get("a", now + Duration::from_secs(gone)).is_none(), "ttl {ttl}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_its_author_allows_is_told_as_it_is() {
        let (cache, now) = (Cache::default(), Instant::now());
        for (ttl, after, left) in [(0, 0, 0), (60, 0, 60), (60, 45, 15), (5, 8, 0)] {
            cache.put("a".into(), &kept(ttl), now);
            let left_then = cache.left("a", now + Duration::from_secs(after));
            assert_eq!(left_then, Some(Duration::from_secs(left)), "ttl {ttl} after {after}");
        }
        assert_eq!(cache.left("b", now), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_definite_no_is_kept_and_a_failed_lookup_is_not() {
        let (cache, now) = (Cache::default(), Instant::now());
        let failed = |cause| Err(Failure::new(Stage::Resolve, cause, Whose::Network));
        cache.put("no".into(), &failed(Cause::DnsNxdomainError), now);
        cache.put("broken".into(), &failed(Cause::GenericTimeoutError), now);
        assert!(cache.get("no", now).unwrap().is_err());
        assert!(cache.get("broken", now).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn it_never_grows_past_its_bound() {
        let (cache, now) = (Cache::default(), Instant::now());
        for number in 0..CAPACITY + 100 {
            cache.put(number.to_string(), &kept(60 + number as u64), now);
        }
        assert_eq!(cache.0.lock().unwrap().len(), CAPACITY);
        assert!(cache.get("0", now).is_none(), "the one to expire first goes first");
    }
}
