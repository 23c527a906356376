//! One relayed connection, as the watch over all of them sees it: what the server owes, what the client has asked,
//! what the kernel says. Small, for there may be thousands.

use super::kernel::Kernel;
use super::pace::{Pace, Towards};
use super::report::Told;
use super::routing::Routing;
use super::settings::Start;
use crate::board::Board;
use crate::inbound::Protocol;
use crate::judge::freeze::{self, Owed};
use crate::judge::throttle::Window;
use crate::model::{EndpointTag, Route};
use crate::net::FlowMeter;
use crate::wire::follow::Debt;
use futures_util::task::AtomicWaker;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::Waker;
use std::time::Duration;

/// What a client sends within this time of its last byte belongs to one flight.
pub(super) const SAME_FLIGHT: Duration = Duration::from_secs(1);
/// A flight this long after the one before it asks nothing again: apps say that they are alive, and some are not
/// answered.
const UNRELATED: Duration = Duration::from_secs(20);
/// A body of known length may be slow in the making: it is waited for as long as an answer.
const IN_THE_MAKING: Duration = Duration::from_secs(8);
/// Where only the questions themselves tell, a server may take this long for an answer.
const UNHEARD_OF: Duration = Duration::from_secs(15);
/// The kernel is asked about what has gone unanswered for this long.
const UNANSWERED: Duration = Duration::from_millis(900);
/// Bytes on their way from which on an upload is watched.
const UPLOAD: u64 = 64 << 10;
/// What the kernel said is true for this long.
const FRESH: Duration = Duration::from_secs(2);

/// One connection.
pub(super) struct Flow {
    pub(super) route: Route,
    pub(super) start: Start,
    pub(super) endpoint: Option<EndpointTag>,
    pub(super) rtt: Option<Duration>,
    pub(super) meter: FlowMeter,
    /// On the person's own line: the kernel's facts describe that very path.
    pub(super) bare: bool,
    /// The language of its client.
    pub(super) protocol: Protocol,
    /// What the server has begun and not finished, as [`code`] writes it.
    debt: AtomicU8,
    /// Our side waits for the server, and not the server for a slow client.
    listening: AtomicBool,
    /// Flights sent since the server's last byte.
    asked: AtomicU32,
    /// When the first of them was sent, in milliseconds after `start`.
    asked_at: AtomicU64,
    pub(super) kernel: Kernel,
    pace: Mutex<Pace>,
    /// For how long the server was silent when the client left, in milliseconds; one of the marks below otherwise.
    left: AtomicU64,
    /// Its proof was told.
    pub(super) told: AtomicBool,
    /// That it stands still was told, for all of its route.
    pub(super) stalled: AtomicBool,
    /// Resets both sides.
    pub(super) stop: Stop,
}

/// The words that one relay is told; heard by whoever carries it.
#[derive(Default)]
pub(super) struct Stop {
    said: AtomicU8,
    waker: AtomicWaker,
}

/// It has lasted: it can go on in the reactor.
const SETTLE: u8 = 1;
/// It ends.
const END: u8 = 2;

impl Stop {
    /// Ends the relay.
    pub(super) fn cancel(&self) {
        self.said.store(END, Ordering::Release);
        self.waker.wake();
    }

    /// Whether it is to end.
    pub(super) fn is_cancelled(&self) -> bool {
        self.said.load(Ordering::Acquire) == END
    }

    /// Lets it go on in the reactor.
    pub(super) fn settle(&self) {
        if self.said.compare_exchange(0, SETTLE, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            self.waker.wake();
        }
    }

    /// Whether it can go on in the reactor.
    pub(super) fn is_settled(&self) -> bool {
        self.said.load(Ordering::Acquire) == SETTLE
    }

    /// Has whoever carries the relay look up.
    pub(super) fn wake(&self) {
        self.waker.wake();
    }

    /// Wakes this one at the next word.
    pub(super) fn wakes(&self, waker: &Waker) {
        self.waker.register(waker);
    }
}

/// What a flow is about, known when it begins.
pub(super) struct Birth {
    pub(super) route: Route,
    pub(super) start: Start,
    pub(super) endpoint: Option<EndpointTag>,
    pub(super) rtt: Option<Duration>,
    pub(super) bare: bool,
    pub(super) protocol: Protocol,
}

impl Flow {
    /// A flow whose server has `answered`, or not yet.
    pub(super) fn new(birth: Birth, answered: bool) -> Self {
        let Birth { route, start, endpoint, rtt, bare, protocol } = birth;
        Self {
            route,
            start,
            endpoint,
            rtt,
            meter: FlowMeter::new(),
            bare,
            protocol,
            debt: AtomicU8::new(code(Debt::None)),
            listening: AtomicBool::new(false),
            asked: AtomicU32::new(u32::from(!answered)),
            asked_at: AtomicU64::new(0),
            kernel: Kernel::default(),
            pace: Mutex::default(),
            left: AtomicU64::new(HERE),
            told: AtomicBool::new(false),
            stalled: AtomicBool::new(false),
            stop: Stop::default(),
        }
    }

    pub(super) fn told<'a>(&self, board: &'a Board, routing: &'a Routing) -> Told<'a> {
        let since = self.start.moment;
        Told { board, routing, route: self.route.clone(), start: self.start, since, hello: None }
    }

    /// The same, of what did not come for so long.
    pub(super) fn told_of<'a>(&self, waited: Duration, board: &'a Board, routing: &'a Routing) -> Told<'a> {
        Told { since: board.now() - waited, ..self.told(board, routing) }
    }

    /// How long it has lasted.
    pub(super) fn age(&self) -> Duration {
        self.start.instant.elapsed()
    }

    /// For how long the client has waited for an answer, if it waits for one. Silence before it asked is no sign:
    /// a quiet chat that has just said something is as healthy as ever.
    pub(super) fn awaits(&self) -> Option<Duration> {
        let since = Duration::from_millis(self.asked_at.load(Ordering::Relaxed));
        (self.asked.load(Ordering::Relaxed) > 0).then(|| self.age().saturating_sub(since))
    }

    /// Whether something is owed and has not come for `span`.
    pub(super) fn is_stalled(&self, span: Duration) -> bool {
        self.meter.since_down() >= span && (self.debt() != Debt::None || self.awaits().is_some_and(|w| w >= span))
    }

    /// What is owed, for `judge`.
    pub(super) fn facts(&self) -> freeze::Flow {
        let quiet = self.meter.since_down();
        let (owed, owed_for) = self.owed(quiet);
        let mut received = self.meter.down();
        if owed == Owed::Acknowledgement {
            received = received.max(self.kernel.seen().map_or(0, |seen| seen.acked));
        }
        freeze::Flow { received, quiet, owed, owed_for, rtt: self.rtt.unwrap_or_default() }
    }

    fn owed(&self, quiet: Duration) -> (Owed, Duration) {
        let nothing = (Owed::Nothing, Duration::ZERO);
        if !self.listening.load(Ordering::Relaxed) {
            return nothing;
        }
        match self.debt() {
            Debt::Record => return (Owed::RestOfRecord, quiet),
            Debt::Body if quiet >= IN_THE_MAKING => return (Owed::RestOfBody, quiet),
            Debt::Body | Debt::None => {}
        }
        let Some(waited) = self.awaits() else { return nothing };
        let long = waited >= UNHEARD_OF;
        let answer = if long { (Owed::Answer { asked: self.asked.load(Ordering::Relaxed) }, waited) } else { nothing };
        if !self.bare {
            return answer;
        }
        let since = Duration::from_millis(self.asked_at.load(Ordering::Relaxed));
        match self.kernel.seen().filter(|seen| seen.at >= since) {
            // The question has arrived, and its acknowledgement came back: the server takes its time.
            Some(seen) if seen.all_arrived() => nothing,
            Some(seen) => seen.stuck_for().map_or(nothing, |stuck| (Owed::Acknowledgement, stuck)),
            None => answer,
        }
    }

    /// Once a second: asks the kernel what only it knows, where that matters.
    pub(super) fn wonder(&self) {
        if !self.bare {
            return;
        }
        let (up, seen) = (self.meter.up(), self.kernel.seen());
        let known = seen.is_some_and(|seen| seen.up == up && seen.all_arrived());
        let uploads = up.saturating_sub(seen.map_or(0, |seen| seen.acked)) >= UPLOAD;
        let unanswered = self.is_stalled(UNANSWERED) && self.awaits().is_some();
        if !known && (uploads || unanswered) {
            self.kernel.ask();
            self.stop.wake();
        }
    }

    /// Once a second: a window of the transfer, when one is full.
    pub(super) fn window(&self) -> Option<Window> {
        let now = self.age();
        let down = self.listening.load(Ordering::Relaxed) && self.debt() != Debt::None;
        let seen = self.kernel.seen().filter(|seen| !down && now.saturating_sub(seen.at) <= FRESH && seen.unacked > 0);
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        match seen {
            Some(seen) => pace.look(now, Towards::Up, seen.acked, true),
            None => pace.look(now, Towards::Down, self.meter.down(), down),
        }
    }

    /// The client has sent something; what follows within a second is the same flight.
    pub(super) fn asks(&self) {
        let now = u64::try_from(self.age().as_millis()).unwrap_or(u64::MAX);
        let (asked, before) = (self.asked.load(Ordering::Relaxed), self.meter.since_up());
        if asked == 0 || (self.meter.up() > 0 && before >= UNRELATED) {
            self.asked_at.store(now, Ordering::Relaxed);
            self.asked.store(1, Ordering::Relaxed);
        } else if before >= SAME_FLIGHT {
            self.asked.store(asked.saturating_add(1), Ordering::Relaxed);
        }
    }

    /// The client has ended its side.
    pub(super) fn leaves(&self) {
        let silent = u64::try_from(self.meter.since_down().as_millis()).unwrap_or(NOTED).min(NOTED - 1);
        // One that left before has left.
        let _before = self.left.compare_exchange(HERE, silent, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Once, when the client has left: for how long the server was silent then.
    pub(super) fn parting(&self) -> Option<Duration> {
        let left = self.left.load(Ordering::Relaxed);
        (left < NOTED).then(|| Duration::from_millis(self.left.swap(NOTED, Ordering::Relaxed)))
    }

    /// The server has said something.
    pub(super) fn hears(&self, debt: Debt) {
        self.stalled.store(false, Ordering::Relaxed);
        self.asked.store(0, Ordering::Relaxed);
        self.debt.store(code(debt), Ordering::Relaxed);
    }

    /// Whether our side waits for the server now.
    pub(super) fn listens(&self, yes: bool) {
        self.listening.store(yes, Ordering::Relaxed);
    }

    fn debt(&self) -> Debt {
        match self.debt.load(Ordering::Relaxed) {
            RECORD => Debt::Record,
            BODY => Debt::Body,
            _ => Debt::None,
        }
    }
}

/// The client is there.
const HERE: u64 = u64::MAX;
/// It has left, and that was noted.
const NOTED: u64 = u64::MAX - 1;

const RECORD: u8 = 1;
const BODY: u8 = 2;

const fn code(debt: Debt) -> u8 {
    match debt {
        Debt::None => 0,
        Debt::Record => RECORD,
        Debt::Body => BODY,
    }
}
