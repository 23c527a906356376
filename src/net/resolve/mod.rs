//! Turns names into addresses without believing a liar. A *listed* name is asked of the secure resolvers, and the
//! system's answer is only compared with theirs; any other name is asked of the system, as any program would.
//! Knows no service: what is listed is a predicate given by the caller.

use super::network::{Deadline, Network};
use super::tls::TlsError;
use crate::model::{Cause, Failure, Stage, Whose};
use cache::Cache;
use doh::Doh;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

mod bogon;
mod cache;
mod compare;
mod crosscheck;
mod doh;
mod message;
mod plain;
mod raw;
mod secure;
mod settings;
mod system;

pub use bogon::is_bogon;
use compare::NoAddress;
pub use compare::{Finding, Raw, SecureSaid, SystemSaid};
pub use message::{Records, answer as read_answer};
pub use plain::ask_plain;
pub use settings::{Observer, Opener, SecureServer, Settings};

/// How long one look-up may take in all: the secure resolvers, one after the other.
const LOOKUP: Duration = Duration::from_secs(8);
/// How long the system's resolver may take (detection rules §1.1: 4 s).
const SYSTEM: Duration = Duration::from_secs(4);
/// How long the secure resolvers may think about a tunnel's server before the system's word is taken.
const HEAD_START: Duration = Duration::from_secs(2);

/// The addresses of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// In the order to try them: as the resolver gave them, IPv6 first (RFC 6724 §2.1 prefers it).
    pub addrs: Vec<IpAddr>,
    /// What the system said about it, as far as that was known when the look-up was answered.
    pub finding: Option<Finding>,
}

/// Resolves names; made once and shared. Tasks of its own live no longer than a look-up's deadline.
pub struct Resolver {
    inner: Arc<Inner>,
}

struct Inner {
    network: Arc<dyn Network>,
    servers: Vec<Doh>,
    settings: Settings,
    cache: Cache,
    crosschecks: crosscheck::Memory,
    /// The system's resolver answered nobody, the last time that was looked at.
    dead: AtomicBool,
    flying: Mutex<HashMap<String, WeakShared<Lookup>>>,
    asked: [AtomicU64; 3],
}

/// What became of the look-ups so far; those that the cache answered are not among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// An address came.
    pub answered: u64,
    /// The name has none.
    pub no_such_name: u64,
    /// Nobody could tell.
    pub failed: u64,
}

type Lookup = BoxFuture<'static, Result<Answer, Failure>>;

impl Resolver {
    /// A resolver over `network`. Opens nothing yet; fails only when a root certificate cannot be read.
    pub fn new(network: Arc<dyn Network>, settings: Settings) -> Result<Self, TlsError> {
        let opener = settings.opener.clone().unwrap_or_else(|| straight(network.clone()));
        let servers = settings
            .servers
            .iter()
            .map(|server| Doh::new(server.clone(), opener.clone(), settings.calendar.clone()))
            .collect::<Result<Vec<_>, _>>()?;
        let inner = Inner {
            network,
            servers,
            settings,
            cache: Cache::default(),
            crosschecks: crosscheck::Memory::default(),
            dead: AtomicBool::new(false),
            flying: Mutex::default(),
            asked: Default::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The addresses of `name` by `deadline`. Fails with stage `Resolve`.
    pub async fn resolve(&self, name: &str, deadline: Deadline) -> Result<Answer, Failure> {
        let start = Instant::now();
        let listed = (self.inner.settings.listed)(name);
        let key = if listed { format!("listed {name}") } else { format!("other {name}") };
        if let Some(known) = self.inner.cache.get(&key, start) {
            return known;
        }
        let (inner, asked) = (self.inner.clone(), name.to_string());
        let work =
            Box::pin(async move { if listed { inner.listed(&asked).await } else { inner.ordinary(&asked).await } });
        let lookup = self.join(key.clone(), &key, work);
        let outcome = deadline.run(lookup).await.unwrap_or_else(|| Err(timed_out()));
        outcome.map_err(|failure| failure.after(start.elapsed()))
    }

    /// Whether a name is one of those that must not be believed to the system.
    pub fn is_listed(&self, name: &str) -> bool {
        (self.inner.settings.listed)(name)
    }

    /// The addresses of a listed name for somebody else, and for how much longer they hold. The secure resolvers alone are
    /// asked: the system's, which would show the name to the line, hears nothing of it.
    pub async fn resolve_unseen(&self, name: &str, deadline: Deadline) -> Result<(Answer, Duration), Failure> {
        let key = format!("listed {name}");
        if self.inner.cache.get(&key, Instant::now()).is_none() {
            let (inner, asked) = (self.inner.clone(), name.to_string());
            let work = Box::pin(async move { inner.secure(&asked).await.map(Kept::from_secure) });
            let lookup = self.join(format!("unseen {name}"), &key, work);
            deadline.run(lookup).await.unwrap_or_else(|| Err(timed_out()))?;
        }
        let now = Instant::now();
        let answer = self.inner.cache.get(&key, now).unwrap_or_else(|| Err(timed_out()))?;
        Ok((answer, self.inner.cache.left(&key, now).unwrap_or_default()))
    }

    /// The addresses of a tunnel's own server by `deadline`: the secure resolvers' answer when one comes soon, else
    /// the system's. A forged address does no harm here, for the server proves itself by its key.
    pub async fn resolve_server(&self, name: &str, deadline: Deadline) -> Result<Vec<IpAddr>, Failure> {
        let start = Instant::now();
        let key = format!("server {name}");
        if let Some(Ok(known)) = self.inner.cache.get(&key, start) {
            return Ok(known.addrs);
        }
        let outcome = deadline.run(self.inner.server(name)).await.unwrap_or_else(|| Err(timed_out()));
        self.inner.cache.put(key, &outcome, Instant::now());
        outcome.map(|kept| kept.answer.addrs).map_err(|failure| failure.near().after(start.elapsed()))
    }

    /// The key under which the name of a tunnel's own server can be hidden (an ECHConfigList, RFC 9848), where its HTTPS
    /// record offers one. Only the secure resolvers are asked: whoever could change the answer could read the name.
    pub async fn ech(&self, name: &str, deadline: Deadline) -> Option<Vec<u8>> {
        for server in &self.inner.servers {
            if let Ok(found) = server.ech(name, deadline).await {
                return found;
            }
        }
        None
    }

    /// A resolver for what lies behind `network`, a tunnel or a device: that network's own resolvers are asked, and the
    /// secure ones through it when those fail. Nobody is asked beside it, and its names may be private.
    pub fn through(&self, network: Arc<dyn Network>) -> Result<Self, TlsError> {
        let of_this = self.inner.settings.clone();
        let settings = Settings {
            servers: of_this.servers,
            calendar: of_this.calendar,
            allow_private: true,
            ..Settings::system_only()
        };
        Self::new(network, settings)
    }

    /// What became of the look-ups so far.
    pub fn asked(&self) -> Asked {
        let [answered, no_such_name, failed] =
            std::array::from_fn(|at| self.inner.asked.get(at).map_or(0, |count| count.load(Ordering::Relaxed)));
        Asked { answered, no_such_name, failed }
    }

    /// Forgets every answer and open connection: the network is another one now.
    pub fn forget(&self) {
        self.inner.cache.clear();
        self.inner.crosschecks.clear();
        self.inner.dead.store(false, Ordering::Relaxed);
        for server in &self.inner.servers {
            server.disconnect();
        }
    }

    /// Joins the look-up called `key` that is under way, or begins it with `work`, whose answer is kept as `kept`.
    fn join(&self, key: String, kept: &str, work: BoxFuture<'static, Result<Kept, Failure>>) -> Shared<Lookup> {
        let begin = || {
            let (inner, kept) = (self.inner.clone(), kept.to_string());
            let work: Lookup = Box::pin(async move {
                let outcome = work.await;
                inner.cache.put(kept, &outcome, Instant::now());
                inner.count(&outcome);
                outcome.map(|found| found.answer)
            });
            work.shared()
        };
        let Ok(mut flying) = self.inner.flying.lock() else { return begin() };
        flying.retain(|_, lookup| lookup.upgrade().is_some_and(|lookup| lookup.peek().is_none()));
        if let Some(lookup) = flying.get(&key).and_then(WeakShared::upgrade) {
            return lookup;
        }
        let lookup = begin();
        if let Some(weak) = lookup.downgrade() {
            flying.insert(key, weak);
        }
        lookup
    }
}

/// An answer, and for how long it may be kept.
#[derive(Clone)]
struct Kept {
    answer: Answer,
    ttl: Duration,
}

impl Kept {
    fn from_secure(found: message::Records) -> Self {
        Self { answer: Answer { addrs: found.addrs, finding: None }, ttl: found.ttl }
    }

    fn from_system(addrs: Vec<IpAddr>) -> Self {
        Self { answer: Answer { addrs, finding: None }, ttl: cache::SYSTEM_TTL }
    }
}

impl Inner {
    fn count(&self, outcome: &Result<Kept, Failure>) {
        let [answered, no_such_name, failed] = &self.asked;
        let count = match outcome {
            Ok(_) => answered,
            Err(failure) if matches!(failure.cause, Cause::DnsNxdomainError | Cause::DnsNoAnswer) => no_such_name,
            Err(_) => failed,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// A listed name: the secure answer counts; the system is asked beside it and compared, at nobody's cost.
    async fn listed(self: &Arc<Self>, name: &str) -> Result<Kept, Failure> {
        let check = {
            let (this, name) = (self.clone(), name.to_string());
            // On a task, so that a slow system resolver delays nothing; it ends with the system's deadline.
            tokio::spawn(async move { this.system(&name).await })
        };
        let secure = self.secure(name).await;
        let finding_of = |secure: &Result<message::Records, Failure>, said: &Result<Vec<IpAddr>, NoAddress>| {
            compare::compare(secure.as_ref().map(|found| found.addrs.as_slice()), said)
        };
        let known = if check.is_finished() || (secure.is_err() && self.settings.system_alone) {
            check.await.ok()
        } else {
            let (this, name, secure) = (self.clone(), name.to_string(), secure.clone());
            tokio::spawn(async move {
                if let Some(finding) = check.await.ok().and_then(|said| finding_of(&secure, &said)) {
                    this.tell(&name, finding);
                }
            });
            None
        };
        let finding = known.as_ref().and_then(|said| finding_of(&secure, said));
        if let Some(finding) = finding {
            self.tell(name, finding);
        }
        match (secure, known) {
            (Ok(found), _) => Ok(Kept { answer: Answer { addrs: found.addrs, finding }, ttl: found.ttl }),
            (Err(failure), Some(Ok(addrs))) if self.settings.system_alone && !is_word(&failure) => {
                let addrs = self.plausible(addrs)?;
                Ok(Kept { answer: Answer { addrs, finding }, ttl: cache::SYSTEM_TTL })
            }
            (Err(failure), _) => Err(failure),
        }
    }

    /// Any other name: the system's word counts. Only when it failed, or says nothing for long, the secure resolvers are
    /// asked; where it is known to be dead, at once.
    async fn ordinary(&self, name: &str) -> Result<Kept, Failure> {
        let mut system = Box::pin(self.system(name));
        let head_start = if self.dead.load(Ordering::Relaxed) { Duration::ZERO } else { HEAD_START };
        let said = match tokio::time::timeout(head_start, &mut system).await {
            Ok(said) => said,
            Err(_) if self.servers.is_empty() => system.await,
            Err(_) => {
                let mut secure = Box::pin(self.secure(name));
                // Both arms are cancel-safe: the look-ups are only polled by reference.
                tokio::select! {
                    biased;
                    said = &mut system => match said {
                        Err(NoAddress::Timeout | NoAddress::Failed) => return secure.await.map(Kept::from_secure),
                        said => said,
                    },
                    found = &mut secure => match found {
                        Ok(found) => return Ok(Kept::from_secure(found)),
                        Err(failure) => return system.await.map(Kept::from_system).map_err(|_| failure),
                    },
                }
            }
        };
        match said {
            Ok(addrs) => Ok(Kept::from_system(addrs)),
            Err(NoAddress::Timeout | NoAddress::Failed) if !self.servers.is_empty() => {
                self.secure(name).await.map(Kept::from_secure)
            }
            Err(why) => Err(why.failure()),
        }
    }

    /// A tunnel's server: both are asked at once, the secure ones get a head start.
    async fn server(&self, name: &str) -> Result<Kept, Failure> {
        let mut secure = Box::pin(self.ask_secure(name));
        let mut system = Box::pin(self.system(name));
        let head_start = tokio::time::sleep(HEAD_START);
        tokio::pin!(head_start);
        let mut system_said = None;
        let failure = loop {
            tokio::select! {
                biased;
                found = &mut secure => match found {
                    Ok(found) => return Ok(Kept::from_secure(found)),
                    Err(failure) => break failure,
                },
                said = &mut system, if system_said.is_none() => system_said = Some(said),
                () = &mut head_start, if !head_start.is_elapsed() => {}
            }
            if let Some(Ok(addrs)) = system_said.take_if(|said| said.is_ok() && head_start.is_elapsed()) {
                return Ok(Kept::from_system(addrs));
            }
        };
        let said = match system_said {
            Some(said) => said,
            None => system.await,
        };
        match said {
            Ok(addrs) => Ok(Kept::from_system(addrs)),
            Err(why) if self.servers.is_empty() => Err(why.failure()),
            Err(_) => Err(failure),
        }
    }

    /// What the secure resolvers say, addresses that cannot be right taken out.
    async fn secure(&self, name: &str) -> Result<message::Records, Failure> {
        let found = self.ask_secure(name).await?;
        Ok(message::Records { addrs: self.plausible(found.addrs)?, ..found })
    }

    /// The addresses that a public name can have.
    fn plausible(&self, mut addrs: Vec<IpAddr>) -> Result<Vec<IpAddr>, Failure> {
        addrs.retain(|addr| self.settings.allow_private || !is_bogon(*addr));
        if addrs.is_empty() {
            return Err(Failure::new(Stage::Resolve, Cause::DnsBogonError, Whose::Network));
        }
        Ok(addrs)
    }

    async fn ask_secure(&self, name: &str) -> Result<message::Records, Failure> {
        secure::ask(&self.servers, name, Deadline::after(LOOKUP)).await
    }
}

/// Whether a secure resolver has said something about the name, even if it was no address.
fn is_word(failure: &Failure) -> bool {
    matches!(failure.cause, Cause::DnsNxdomainError | Cause::DnsNoAnswer | Cause::DnsBogonError)
}

fn straight(network: Arc<dyn Network>) -> Opener {
    Arc::new(move |to, deadline| {
        let network = network.clone();
        Box::pin(async move { super::connect_any(&*network, &[to], deadline).await })
    })
}

fn timed_out() -> Failure {
    Failure::new(Stage::Resolve, Cause::GenericTimeoutError, Whose::Network)
}

#[cfg(test)]
mod tests;
