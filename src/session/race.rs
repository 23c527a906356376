//! The hedged race of one connection's ways. The first way is dialled at once; another starts when it fails or
//! is silent past its window. Before the client has been answered the first way that is *up* decides; after
//! that the first *server byte* does. See `docs/decisions/0001-first-flight-replay.md`.

use super::Sessions;
use super::bursts::Bursts;
use super::contestant::{Contestant, Event, Flight};
use super::report::{Subject, Told};
use super::routing::Routing;
use super::settings::{Settings, Start};
use crate::board::Board;
use crate::inbound::{Protocol, Refusal};
use crate::judge::burst::IN_FLIGHT;
use crate::model::{Attempt, Cause, Destination, Failure, Leg, Plan, Reason, Snapshot, Stage, TransportId};
use crate::net::Deadline;
use crate::wire::first_flight::Kind;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::time::Instant;

/// One connection's ways, racing.
pub(super) struct Race<'s> {
    pub(super) board: &'s Board,
    pub(super) routing: Arc<Routing>,
    pub(super) flight: Flight,
    pub(super) contestants: Vec<Contestant>,
    /// A way answered with somebody else's page and was dropped.
    pub(super) turned_away: bool,
    /// What the first flight is, as far as it is known.
    pub(super) kind: Kind,
    /// The name in its TLS hello, as it is remembered.
    pub(super) greets: Option<u64>,
    /// The first flight is kept off the bare ways until its turn comes.
    pub(super) held: bool,
    pub(super) bursts: Arc<Bursts>,
    /// The language of the client.
    pub(super) protocol: Protocol,
    subject: Subject,
    to: Destination,
    waiting: VecDeque<Attempt>,
    passed_over: Vec<(TransportId, Reason)>,
    /// By this snapshot nobody who is in the race plays the service.
    cleared: Option<Arc<Snapshot>>,
    began: Start,
    hedge: Option<Instant>,
}

impl<'s> Race<'s> {
    /// A race over the ways of `plan`, not yet begun.
    pub(super) fn new(
        sessions: &'s Sessions,
        routing: Arc<Routing>,
        subject: Subject,
        (protocol, to): (Protocol, Destination),
        plan: Plan,
    ) -> Self {
        let board = &sessions.board;
        let began = Start { moment: board.now(), instant: Instant::now() };
        Self {
            board,
            routing,
            flight: Flight::default(),
            contestants: Vec::with_capacity(plan.attempts.len()),
            turned_away: false,
            kind: Kind::Incomplete,
            greets: None,
            held: false,
            bursts: Arc::clone(&sessions.bursts),
            protocol,
            subject,
            to,
            waiting: one_canary(plan.attempts),
            passed_over: plan.passed_over,
            cleared: None,
            began,
            hedge: None,
        }
    }

    /// How long to wait for what.
    pub(super) fn settings(&self) -> &Settings {
        &self.routing.patience
    }

    /// What the connection is about.
    pub(super) const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Where it goes.
    pub(super) const fn to(&self) -> &Destination {
        &self.to
    }

    /// When it began.
    pub(super) const fn began(&self) -> Start {
        self.began
    }

    /// When the next way should start or be given the first flight.
    pub(super) const fn hedge(&self) -> Option<Instant> {
        self.hedge
    }

    /// Sets or clears the hedge.
    pub(super) const fn set_hedge(&mut self, at: Option<Instant>) {
        self.hedge = at;
    }

    /// Whether a way is left that may be given the flight: waiting, dialing, or up and idle.
    pub(super) fn has_reserve(&self) -> bool {
        let full = self.is_full();
        self.waiting.iter().any(|a| !(full && self.routing.is_bare(&a.transport)))
            || self.contestants.iter().any(|c| c.may_join(full))
    }

    /// Whether the line sees as many unanswered hellos of this connection as it may (detection rules, T16): then only
    /// ways through a server are a reserve.
    fn is_full(&self) -> bool {
        self.contestants.iter().filter(|c| c.bare && c.engaged && !c.is_lost()).count() >= IN_FLIGHT
    }

    /// Dials until one way is up. `Err` when every way failed.
    pub(super) async fn open(&mut self) -> Result<(), ()> {
        self.start_next();
        if self.contestants.first().is_some_and(|c| c.canary) {
            self.start_next();
        }
        loop {
            let hedge = self.hedge;
            let event = tokio::select! {
                // Cancel-safe: all state of the dials stays in `self`.
                event = self.step() => Some(event),
                () = until(hedge) => None,
            };
            match event {
                None => self.start_next(),
                Some((index, Event::Up)) => {
                    self.contestants[index].engage();
                    self.hedge = None;
                    return Ok(());
                }
                // An answer cannot come before its stream is up, and that ends this loop.
                Some((_, Event::Lost | Event::Answered(_))) => {
                    self.start_next();
                    if self.contestants.iter().all(Contestant::is_lost) {
                        return Err(());
                    }
                }
            }
        }
    }

    /// The next thing that happens to any contestant. Cancel-safe; waits forever once all are lost.
    pub(super) async fn step(&mut self) -> (usize, Event) {
        let Self { contestants, flight, held, greets, bursts, board, subject, cleared, .. } = self;
        let nothing_yet = Flight::default();
        poll_fn(|cx| {
            // Not one more byte to somebody who plays the service. Who starts is looked at when he does.
            let snapshot = board.snapshot();
            if cleared.as_ref().is_none_or(|before| !Arc::ptr_eq(before, &snapshot)) {
                let goes_on = |c: &Contestant| c.bare && !c.is_lost();
                let hostile = |c: &Contestant| goes_on(c) && snapshot.is_hostile(&subject.route(&c.transport), true);
                if let Some(index) = contestants.iter().position(hostile) {
                    contestants[index].withdraw();
                    return Poll::Ready((index, Event::Lost));
                }
                *cleared = Some(snapshot);
            }
            for (index, contestant) in contestants.iter_mut().enumerate() {
                let holds = *held && contestant.bare && !contestant.has_sent();
                let event = contestant.poll(cx, if holds { &nothing_yet } else { flight });
                if let Some(name) = greets.filter(|_| contestant.bare && contestant.has_sent())
                    && contestant.greeting.is_none()
                {
                    contestant.greeting = Some(bursts.greet(name, board.now()));
                }
                if let Poll::Ready(event) = event {
                    return Poll::Ready((index, event));
                }
            }
            Poll::Pending
        })
        .await
    }

    /// Sends the hello out on the bare way that is to have it, if one is up and this is its turn; else how long it must
    /// wait. Those of listed services go three at a time (detection rules, T16).
    pub(super) fn admit(&mut self) -> Option<Duration> {
        let (name, spaced) = (self.greets?, !self.subject.service.id.is_other());
        let goes = |c: &&mut Contestant| c.bare && c.engaged && c.is_up() && c.greeting.is_none() && !c.has_sent();
        let contestant = self.contestants.iter_mut().find(goes)?;
        match self.bursts.admit(name, self.board.now(), spaced) {
            Ok(greeting) => {
                contestant.greeting = Some(greeting);
                None
            }
            Err(wait) => Some(wait),
        }
    }

    /// What is told about a way of this race.
    pub(super) fn told<'a>(&'a self, contestant: &'a Contestant) -> Told<'a> {
        Told {
            board: self.board,
            routing: &self.routing,
            route: self.subject.route(&contestant.transport),
            start: contestant.start,
            since: contestant.silent_since(),
            hello: contestant.greeting.as_ref(),
        }
    }

    /// Starts the next waiting way, if there is one, and sets the hedge for the one after it. After a bare way could
    /// not connect, the other bare ways go behind: to the network they are the same connect.
    pub(super) fn start_next(&mut self) {
        self.hedge = None;
        if self.contestants.iter().any(|c| c.bare && !c.was_up()) {
            self.tunnels_first();
        }
        let Some(Attempt { transport, canary }) = self.waiting.pop_front() else { return };
        let Some(way) = self.routing.transports.get(&transport) else { return self.start_next() };
        let route = self.subject.route(&transport);
        if self.board.snapshot().is_hostile(&route, way.bare) {
            self.passed_over.push((transport, Reason::Hostile));
            return self.start_next();
        }
        let start = Start { moment: self.board.now(), instant: Instant::now() };
        let deadline = Deadline::after(self.settings().connect_timeout);
        let (streams, to) = (Arc::clone(&way.streams), self.to.clone());
        let dial = Box::pin(async move { streams.dial(&to, deadline).await });
        let mut contestant = Contestant::new(transport, way.bare, canary, start, dial);
        let rtt = self.believed_rtt(&contestant);
        contestant.connect_window = self.settings().connect_window(rtt);
        if !self.waiting.is_empty() {
            self.hedge = Some(start.instant + contestant.connect_window);
        }
        self.board.used(route);
        self.contestants.push(contestant);
    }

    /// Puts the waiting bare ways behind the others.
    fn tunnels_first(&mut self) {
        let (bare, tunnels): (Vec<_>, Vec<_>) =
            self.waiting.drain(..).partition(|attempt| self.routing.is_bare(&attempt.transport));
        self.waiting = tunnels.into_iter().chain(bare).collect();
    }

    /// Gives the first flight to one more way: one that is up, else one that is dialing, else the next waiting
    /// one. False when none is left.
    pub(super) fn engage_reserve(&mut self) -> bool {
        let full = self.is_full();
        let reserve = |up: bool| move |c: &Contestant| c.may_join(full) && c.is_up() == up;
        let index = self.contestants.iter().position(reserve(true)).or_else(|| {
            let dialing = self.contestants.iter().position(reserve(false));
            dialing.or_else(|| {
                let before = self.contestants.len();
                if full {
                    self.tunnels_first();
                    self.waiting.front().filter(|a| !self.routing.is_bare(&a.transport))?;
                }
                self.start_next();
                (self.contestants.len() > before).then_some(before)
            })
        });
        if let Some(index) = index {
            self.contestants[index].engage();
        }
        index.is_some()
    }

    /// Gives the first flight to the way on trial and to a sound one; to the sound one alone if it must not be said
    /// twice, for then nobody could carry on where the trial fails.
    pub(super) fn engage_trial(&mut self) {
        if self.kind.may_replay() {
            if let Some(up) = self.contestants.iter_mut().find(|c| c.is_up()) {
                up.engage();
            }
            self.engage_reserve();
            return;
        }
        for contestant in self.contestants.iter_mut().filter(|c| c.canary && !c.is_lost()) {
            contestant.withdraw();
        }
        self.engage_reserve();
    }

    /// The first flight must not be said twice after all: of the ways that had its beginning one goes on, the one
    /// that has most of it, a sound one rather than one on trial.
    pub(super) fn keep_one(&mut self) {
        let engaged = self.contestants.iter().enumerate().filter(|(_, c)| c.engaged && !c.is_lost());
        let Some(kept) = engaged.max_by_key(|(i, c)| (!c.canary, c.given(), usize::MAX - i)).map(|(i, _)| i) else {
            return;
        };
        for (index, contestant) in self.contestants.iter_mut().enumerate() {
            if index != kept && contestant.engaged && !contestant.is_lost() {
                contestant.withdraw();
            }
        }
    }

    /// Adds the ways of another plan that are not yet in the race: the client's own hello named a service that
    /// the address alone did not tell.
    pub(super) fn extend(&mut self, subject: Subject, plan: Plan) {
        self.subject = subject;
        self.cleared = None;
        for attempt in plan.attempts {
            let known = self.contestants.iter().map(|c| &c.transport).chain(self.waiting.iter().map(|a| &a.transport));
            if !known.into_iter().any(|id| *id == attempt.transport) {
                self.waiting.push_back(attempt);
            }
        }
    }

    /// How long the newest engaged way may stay silent before the next one is engaged.
    pub(super) fn first_byte_window(&self) -> Duration {
        let newest = self.contestants.iter().rev().find(|c| c.engaged && c.is_up());
        self.settings().first_byte_window(newest.and_then(Contestant::rtt))
    }

    /// What to answer a client when every way failed.
    pub(super) fn refusal(&self) -> (Refusal, String) {
        let mut words = String::new();
        for contestant in &self.contestants {
            if let Some(failure) = contestant.failure() {
                let leg = match failure.leg {
                    Leg::Near => " (its own server)",
                    Leg::Far => "",
                };
                let gap = if words.is_empty() { "" } else { "; " };
                words.push_str(&format!("{gap}{}: {failure}{leg}", contestant.transport));
            }
        }
        for (way, reason) in &self.passed_over {
            words.push_str(&format!("; {way}: not tried, {reason}"));
        }
        let telling = self.contestants.iter().filter_map(Contestant::failure).find(|f| f.leg == Leg::Far);
        let why = telling.or_else(|| self.contestants.iter().find_map(Contestant::failure));
        (why.map_or(Refusal::NoWayLeft, refusal_of), words)
    }

    /// How far it is, as the board knows it. A bare way that has no history yet runs over the same line to the same
    /// place as the bare ways before it; so what is swallowed on one is not waited for twice as long on the next.
    fn believed_rtt(&self, of: &Contestant) -> Option<Duration> {
        let snapshot = self.board.snapshot();
        let rtt =
            |c: &Contestant| snapshot.standing(&self.subject.route(&c.transport)).and_then(|standing| standing.rtt);
        let same_line = || self.contestants.iter().filter(|c| of.bare && c.bare).find_map(rtt);
        rtt(of).or_else(same_line)
    }
}

/// One way on trial at a time, and a way that is not on trial right behind it.
fn one_canary(mut attempts: Vec<Attempt>) -> VecDeque<Attempt> {
    if attempts.first().is_some_and(|first| first.canary) {
        attempts[1..].sort_by_key(|attempt| attempt.canary);
    }
    attempts.into()
}

/// The refusal that fits a failure.
const fn refusal_of(failure: &Failure) -> Refusal {
    match failure.cause {
        Cause::ConnectionRefused => Refusal::Refused,
        Cause::GenericTimeoutError | Cause::UdpNoReply => Refusal::TimedOut,
        Cause::HostUnreachable => Refusal::HostUnreachable,
        Cause::NetworkUnreachable => Refusal::NetworkUnreachable,
        Cause::DnsNxdomainError | Cause::DnsNoAnswer | Cause::DnsBogonError => Refusal::NoSuchName,
        Cause::NotSupported => Refusal::NotSupported,
        Cause::LocalResource => Refusal::Local,
        _ if matches!(failure.stage, Stage::Resolve) => Refusal::NoSuchName,
        _ => Refusal::NoWayLeft,
    }
}

/// Sleeps until `at`, or for ever.
pub(super) async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
