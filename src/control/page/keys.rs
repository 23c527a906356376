//! Who has been let in: links that open the page once, and the sessions that came of them. Nothing is written down;
//! they end with the process.

use crate::control::token::same;
use crate::model::Secret;
use std::time::Duration;
use tokio::time::Instant;

/// For a link to be followed. 10 min: time to carry it to a browser.
pub(super) const LINK_LASTS: Duration = Duration::from_mins(10);
/// A session that nobody uses for so long ends. An open page uses it every few seconds.
pub(super) const SESSION_LASTS: Duration = Duration::from_hours(12);
/// The most of either; the oldest gives way.
const AT_MOST: usize = 8;

/// The links and the sessions.
#[derive(Default)]
pub(super) struct Keys {
    links: Vec<Key>,
    sessions: Vec<Key>,
}

struct Key {
    token: Secret<String>,
    until: Instant,
}

impl Keys {
    /// From now on `token` opens the page, once.
    pub(super) fn promise(&mut self, token: Secret<String>, now: Instant) {
        keep(&mut self.links, Key { token, until: now + LINK_LASTS }, now);
    }

    /// Whether `shown` is a link's token that nobody has used; from now on somebody has, and `session` is let in.
    pub(super) fn exchange(&mut self, shown: &str, session: Secret<String>, now: Instant) -> bool {
        let Some(at) = find(&self.links, shown, now) else { return false };
        self.links.remove(at);
        keep(&mut self.sessions, Key { token: session, until: now + SESSION_LASTS }, now);
        true
    }

    /// Whether `shown` is the token of a session; if so, it lasts longer.
    pub(super) fn admit(&mut self, shown: &str, now: Instant) -> bool {
        let found = find(&self.sessions, shown, now);
        if let Some(session) = found.and_then(|at| self.sessions.get_mut(at)) {
            session.until = now + SESSION_LASTS;
        }
        found.is_some()
    }
}

/// Every key is compared, whichever it is.
fn find(keys: &[Key], shown: &str, now: Instant) -> Option<usize> {
    let hits = keys.iter().enumerate().filter(|(_, key)| same(&key.token, shown) & (now < key.until));
    hits.map(|(at, _)| at).last()
}

fn keep(keys: &mut Vec<Key>, key: Key, now: Instant) {
    keys.retain(|old| now < old.until);
    if keys.len() >= AT_MOST {
        keys.remove(0);
    }
    keys.push(key);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[test]
    fn a_link_opens_once_and_not_too_late() {
        let (mut keys, now) = (Keys::default(), Instant::now());
        keys.promise(secret("one"), now);
        keys.promise(secret("two"), now);
        assert!(!keys.exchange("three", secret("s"), now));
        assert!(keys.exchange("one", secret("s1"), now));
        assert!(!keys.exchange("one", secret("s2"), now), "used up");
        assert!(!keys.exchange("two", secret("s3"), now + LINK_LASTS), "too late");
        assert!(keys.admit("s1", now));
        assert!(!keys.admit("s2", now) && !keys.admit("s3", now) && !keys.admit("one", now) && !keys.admit("", now));
    }

    #[test]
    fn a_session_lasts_while_it_is_used() {
        let (mut keys, now) = (Keys::default(), Instant::now());
        keys.promise(secret("link"), now);
        assert!(keys.exchange("link", secret("s"), now));
        let later = now + SESSION_LASTS - Duration::from_secs(1);
        assert!(keys.admit("s", later));
        assert!(keys.admit("s", later + SESSION_LASTS - Duration::from_secs(1)));
        assert!(!keys.admit("s", later + SESSION_LASTS * 2));
    }

    #[test]
    fn of_too_many_the_oldest_goes() {
        let (mut keys, now) = (Keys::default(), Instant::now());
        for number in 0..=AT_MOST {
            keys.promise(secret(&number.to_string()), now);
        }
        assert!(!keys.exchange("0", secret("s"), now));
        assert!(keys.exchange("1", secret("s"), now));
    }
}
