//! A disagreement looked into, once per name and hour: is the answer injected, does the resolver treat every name alike,
//! or is it dead for all (detection rules T1 to T3)? Asks nothing unless the system's answer for a name that somebody
//! wanted differs from the secure one: a question for such a name is a line in somebody's log.

use super::raw::{self, Word};
use super::{Finding, Inner, Raw, Resolver, SYSTEM, SecureSaid, SystemSaid};
use crate::net::Deadline;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tracing::info;

/// How long what was found about a name is taken for true.
const KEPT: Duration = Duration::from_secs(3600);
/// Questions for one name that must stay unanswered; the first was the system's own.
const TRIES: usize = 3;
/// Letters of a name that nobody has, as browsers ask for it to find out the same.
const LABEL: usize = 10;

/// What was found, or that it is being found out.
#[derive(Default)]
pub(super) struct Memory(Mutex<HashMap<String, (Instant, Progress)>>);

#[derive(Clone, Copy)]
enum Progress {
    Asking,
    Known(Option<Raw>),
}

impl Memory {
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    /// What is known of `name`; when nothing is, the caller has taken it upon itself to find out.
    fn begin(&self, name: &str) -> Option<Progress> {
        let (mut known, now) = (self.lock(), Instant::now());
        known.retain(|_, (at, _)| now.saturating_duration_since(*at) < KEPT);
        let progress = known.get(name).map(|(_, progress)| *progress);
        if progress.is_none() {
            known.insert(name.to_owned(), (now, Progress::Asking));
        }
        progress
    }

    fn keep(&self, name: &str, raw: Option<Raw>) {
        self.lock().insert(name.to_owned(), (Instant::now(), Progress::Known(raw)));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Instant, Progress)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Resolver {
    /// Asks this network's resolver for `name` raw: one question over UDP with an ear open for a second, different
    /// answer, and the same over TCP. Says [`Raw::TwoAnswers`], [`Raw::OtherOverTcp`] or [`Raw::Consistent`]; nothing
    /// where the resolver is not known by its address, or does not answer.
    pub async fn ask_closely(&self, name: &str) -> Option<Raw> {
        let resolver = self.inner.network.system_resolvers().first().copied()?;
        Some(self.inner.unmask(name, resolver).await?.unwrap_or(Raw::Consistent))
    }
}

impl Inner {
    /// Tells the observer a disagreement, with what asking closely brought. At once where nothing can be asked.
    pub(super) fn tell(self: &Arc<Self>, name: &str, finding: Finding) {
        if finding.secure != SecureSaid::Answered || !self.can_ask(finding.system) {
            return (self.settings.observer)(name, finding);
        }
        match self.crosschecks.begin(name) {
            // Whoever is asking will tell.
            Some(Progress::Asking) => {}
            Some(Progress::Known(raw)) => (self.settings.observer)(name, Finding { raw, ..finding }),
            None => {
                let (this, name) = (self.clone(), name.to_owned());
                // On a task of its own, for nobody waits for it; each question in it has its time.
                tokio::spawn(async move {
                    let raw = this.crosscheck(&name, finding.system).await;
                    this.crosschecks.keep(&name, raw);
                    (this.settings.observer)(&name, Finding { raw, ..finding });
                });
            }
        }
    }

    fn can_ask(&self, system: SystemSaid) -> bool {
        match system {
            SystemSaid::Timeout | SystemSaid::Failed => self.settings.unrelated.is_some(),
            _ => !self.network.system_resolvers().is_empty(),
        }
    }

    async fn crosscheck(&self, name: &str, system: SystemSaid) -> Option<Raw> {
        let resolver = self.network.system_resolvers().first().copied();
        match (system, resolver) {
            (SystemSaid::Timeout | SystemSaid::Failed, _) => Some(self.who_is_silent(name).await),
            (SystemSaid::Answered, _) | (_, None) => None,
            (_, Some(resolver)) => self.who_lies(name, resolver).await,
        }
    }

    /// What comes to a question that is asked raw: how it shows itself forged, or else the one answer. `None` when
    /// nothing comes.
    async fn unmask(&self, name: &str, resolver: SocketAddr) -> Option<Result<Raw, Word>> {
        let network = &*self.network;
        let mut words = raw::by_udp(network, resolver, name, SYSTEM, self.settings.late_window).await;
        if words.len() > 1 {
            return Some(Ok(Raw::TwoAnswers));
        }
        let first = words.pop()?;
        let over_tcp = raw::by_tcp(network, resolver, name, Deadline::after(SYSTEM)).await;
        let unmasked = over_tcp.is_some_and(|word| first.is_unmasked_by(&word));
        Some(if unmasked { Ok(Raw::OtherOverTcp) } else { Err(first) })
    }

    /// Whether the false answer is the resolver's own, and about this name alone. `None` when it says nothing now.
    async fn who_lies(&self, name: &str, resolver: SocketAddr) -> Option<Raw> {
        let network = &*self.network;
        let first = match self.unmask(name, resolver).await? {
            Ok(forged) => return Some(forged),
            Err(first) => first,
        };
        let (other, kind): (Option<String>, fn(&Word) -> bool) = match &first {
            Word::Addresses(_) => (Some(nobodys_name()), |word| matches!(word, Word::Addresses(_))),
            Word::NoAddress => (self.settings.unrelated.clone(), |word| *word == Word::NoAddress),
            Word::Failed => (self.settings.unrelated.clone(), |word| *word == Word::Failed),
        };
        let Some(other) = other else { return Some(Raw::Consistent) };
        let words = raw::by_udp(network, resolver, &other, SYSTEM, Duration::ZERO).await;
        Some(if words.first().is_some_and(kind) { Raw::AllNamesAlike } else { Raw::Consistent })
    }

    /// Whether only this name's questions stay without an answer.
    async fn who_is_silent(&self, name: &str) -> Raw {
        for _ in 1..TRIES {
            if self.system(name).await.is_ok() {
                return Raw::AnswersAgain;
            }
        }
        let unrelated = self.settings.unrelated.as_deref().unwrap_or_default();
        if self.system(unrelated).await.is_ok() {
            return Raw::OnlyThisName;
        }
        if !self.dead.swap(true, Ordering::Relaxed) {
            info!("the system's name server does not answer; names are asked securely");
        }
        Raw::DeadForAll
    }

    /// The system's resolver has said something.
    pub(super) fn is_alive(&self) {
        if self.dead.load(Ordering::Relaxed) && self.dead.swap(false, Ordering::Relaxed) {
            info!("the system's name server answers again");
        }
    }
}

/// A name of one part that nobody has registered: a right resolver says that it does not exist.
fn nobodys_name() -> String {
    (0..LABEL).map(|_| fastrand::lowercase()).collect()
}
