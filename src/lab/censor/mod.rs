//! The censor on the client's line: rules that can be put in force and lifted while connections run. It sees
//! what a middlebox sees (addresses, first bytes, names in hellos and questions, sizes) and nothing that is
//! inside a tunnel. It never decides what byway should make of it.

mod names;
mod packets;
mod rule;
mod sight;
#[cfg(test)]
mod tests;
mod watch;

pub(super) use names::{OnPath, Resolver};
pub use rule::{Action, Direction, Lie, Protocol, Rule, Target};
pub(super) use watch::Watch;

use crate::model::L4;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Names a rule in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleId(u64);

/// The censor; clones share the rules.
#[derive(Clone)]
pub struct Censor {
    book: Arc<Mutex<Book>>,
}

/// The rules in force and what is remembered.
struct Book {
    rules: Vec<(RuleId, Rule)>,
    ids: u64,
    residual: Vec<(L4, SocketAddr, Instant)>,
    memory: Memory,
    reassembles: bool,
    line: Option<Line>,
}

/// What rules draw from and keep.
struct Memory {
    rng: fastrand::Rng,
    /// Names in hellos, and when.
    hellos: Vec<(String, Instant)>,
    /// Names under which nothing passes, and until when.
    frozen: Vec<(String, Instant)>,
    /// By which rule an address was put on a list, and when.
    listed: Vec<(RuleId, SocketAddr, Instant)>,
}

/// The client's line itself, when it is no wider than this; shared by all that the client does.
struct Line {
    bytes_per_second: u32,
    /// When it is free again, up and down.
    free: [Option<Instant>; 2],
}

/// What happens to a SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syn {
    Passes,
    Vanishes,
    Reset,
    Unreachable,
    NoNetwork,
}

/// Who answers in the place of the origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Intercept {
    /// TLS for names that fit is ended here.
    Impersonator,
    /// Plain HTTP for names that fit is answered with a redirect there.
    Redirect(String),
}

impl Censor {
    /// A censor without rules on a line of some width; `seed` decides which packets a lossy rule picks.
    pub(super) fn new(seed: u64, bytes_per_second: Option<u32>) -> Self {
        let memory =
            Memory { rng: fastrand::Rng::with_seed(seed), hellos: Vec::new(), frozen: Vec::new(), listed: Vec::new() };
        let line = bytes_per_second.map(|bytes_per_second| Line { bytes_per_second, free: [None; 2] });
        let book = Book { rules: Vec::new(), ids: 0, residual: Vec::new(), memory, reassembles: true, line };
        Self { book: Arc::new(Mutex::new(book)) }
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a rule in force.
    pub fn add(&self, rule: Rule) -> RuleId {
        let mut book = self.lock();
        book.ids += 1;
        let id = RuleId(book.ids);
        book.rules.push((id, rule));
        id
    }

    /// Puts a rule without residual blocking in force.
    pub fn block(&self, target: Target, action: Action) -> RuleId {
        self.add(Rule::new(target, action))
    }

    /// Lifts one rule.
    pub fn lift(&self, id: RuleId) {
        self.lock().rules.retain(|(other, _)| *other != id);
    }

    /// Lifts every rule and forgets every residual block.
    pub fn lift_all(&self) {
        let mut book = self.lock();
        book.rules.clear();
        book.residual.clear();
        book.memory.frozen.clear();
        book.memory.listed.clear();
    }

    /// Whether hellos cut over several segments are put together before they are read. A box that does not do
    /// so is passed by splitting.
    pub fn reassemble(&self, yes: bool) {
        self.lock().reassembles = yes;
    }

    /// Whether the system itself knows that there is no network.
    pub(super) fn is_unplugged(&self) -> bool {
        let cut = |rule: &Rule| matches!(rule.action, Action::LinkDown) && rule.target.prefixes_are_open();
        self.lock().rules.iter().any(|(_, rule)| cut(rule))
    }

    /// Decides on a SYN.
    pub(super) fn syn(&self, to: SocketAddr, now: Instant) -> Syn {
        let mut book = self.lock();
        if book.is_residual(L4::Tcp, to, now) {
            return Syn::Vanishes;
        }
        for index in 0..book.rules.len() {
            let (id, Rule { target, action, .. }) = &book.rules[index];
            if let Action::DropLater { after } = action
                && book.memory.is_listed(*id, to, *after, now)
            {
                return Syn::Vanishes;
            }
            if target.needs_payload() || !target.fits_address(to) {
                continue;
            }
            match *action {
                Action::Drop => return Syn::Vanishes,
                Action::RejectSyn => return Syn::Reset,
                Action::Unreachable => return Syn::Unreachable,
                Action::LinkDown => return Syn::NoNetwork,
                // The SYN passes one way, its answer the other.
                Action::Lose { percent, direction } => {
                    let ways = if direction == Direction::Both { 2 } else { 1 };
                    if (0..ways).any(|_| book.memory.picks(percent)) {
                        return Syn::Vanishes;
                    }
                }
                _ => {}
            }
        }
        Syn::Passes
    }

    /// By how much the round trip to `to` is longer than it should be.
    pub(super) fn delay(&self, to: SocketAddr) -> Duration {
        let delay = |rule: &Rule| match rule.action {
            Action::Delay(delay) if !rule.target.needs_payload() && rule.target.fits_address(to) => delay,
            _ => Duration::ZERO,
        };
        self.lock().rules.iter().map(|(_, rule)| delay(rule)).sum()
    }

    /// Who takes a connection to `to` in the origin's place, with the target that decides for which names.
    pub(super) fn intercept(&self, to: SocketAddr) -> Option<(Target, Intercept)> {
        self.lock().rules.iter().map(|(_, rule)| rule).filter(|rule| rule.target.fits_address(to)).find_map(|rule| {
            let by = match &rule.action {
                Action::Impersonate => Intercept::Impersonator,
                Action::BlockPage(page) if to.port() == 80 => Intercept::Redirect(page.clone()),
                Action::Captive(page) if to.port() == 80 => Intercept::Redirect(page.clone()),
                _ => return None,
            };
            Some((rule.target.clone(), by))
        })
    }
}

impl Direction {
    /// Whether packets going `up` (or else down) are meant.
    const fn covers(self, up: bool) -> bool {
        match self {
            Self::Up => up,
            Self::Down => !up,
            Self::Both => true,
        }
    }
}

impl Memory {
    fn picks(&mut self, percent: u8) -> bool {
        self.rng.u8(0..100) < percent
    }

    /// Counts a hello; so many within a while freeze its name.
    fn greeted(&mut self, name: &str, hellos: usize, within: Duration, freeze: Duration, now: Instant) {
        self.hellos.retain(|(_, at)| *at + within >= now);
        self.hellos.push((name.to_owned(), now));
        if self.hellos.iter().filter(|(other, _)| other == name).count() >= hellos {
            self.frozen.push((name.to_owned(), now + freeze));
        }
    }

    /// Puts an address on the list of a rule, once.
    fn list(&mut self, by: RuleId, to: SocketAddr, now: Instant) {
        if !self.listed.iter().any(|(rule, other, _)| (*rule, *other) == (by, to)) {
            self.listed.push((by, to, now));
        }
    }

    fn is_listed(&self, by: RuleId, to: SocketAddr, after: Duration, now: Instant) -> bool {
        self.listed.iter().any(|(rule, other, at)| (*rule, *other) == (by, to) && *at + after <= now)
    }

    fn is_frozen(&mut self, name: &str, now: Instant) -> bool {
        self.frozen.retain(|(_, until)| *until > now);
        self.frozen.iter().any(|(other, _)| other == name)
    }
}

impl Book {
    fn is_residual(&mut self, l4: L4, to: SocketAddr, now: Instant) -> bool {
        self.residual.retain(|(_, _, until)| *until > now);
        self.residual.iter().any(|(by, other, _)| (*by, *other) == (l4, to))
    }

    fn punish(&mut self, l4: L4, to: SocketAddr, residual: Duration, now: Instant) {
        if !residual.is_zero() {
            self.residual.push((l4, to, now + residual));
        }
    }
}

/// When so many bytes have left a line of this width, which is free again at `free` and lets `burst` bytes pass
/// at once after a rest.
fn departure(free: &mut Option<Instant>, bytes: usize, rate: u32, burst: f64, now: Instant) -> Instant {
    let rate = f64::from(rate.max(1));
    let ends = free.unwrap_or(now).max(now) + Duration::from_secs_f64(bytes as f64 / rate);
    *free = Some(ends);
    ends.checked_sub(Duration::from_secs_f64(burst / rate)).map_or(now, |at| at.max(now))
}
