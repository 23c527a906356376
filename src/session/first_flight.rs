//! The first flight: what the client sends before any answer is held, and given to another way when the
//! first one resets, ends or stays silent. The first *server byte* wins; only then is anything shown to the client.

use super::contestant::Event;
use super::page::is_block_page;
use super::race::{Race, until};
use super::report::Subject;
use crate::model::{Destination, Host, Need, Sign, Twin};
use crate::net::Stream;
use crate::wire::first_flight::{Kind, kind};
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::Instant;

/// A client that ended its own side gets this long for an answer: enough for a slow page, not for ever.
const AFTER_CLIENT_END: Duration = Duration::from_secs(120);
/// A client that is slow to say what it wants is not waited for longer than this.
const UNDECIDED: Duration = Duration::from_millis(300);
/// Nor is a hello kept waiting for its turn any longer than this.
const LONGEST_TURN: Duration = Duration::from_secs(5);

/// How the first flight ended.
pub(super) enum Outcome {
    /// This contestant's server spoke first, and said this.
    Answered(usize, Vec<u8>),
    /// More was sent than is held: this contestant has it all, no other can follow.
    Committed(usize),
    /// Every way failed.
    AllLost,
    /// The client went away.
    ClientLeft,
}

/// What there is to do when its time has come; of two at once the first.
#[derive(Clone, Copy)]
enum Due {
    Hedge,
    Judge,
    Decide,
    Turn,
    GiveUp,
}

/// Reads what has come of the client's bytes to the end of `incoming`; 0 is its end. It waits without a buffer.
fn receive(client: &mut Stream, cx: &mut Context<'_>, incoming: &mut Vec<u8>) -> Poll<io::Result<usize>> {
    let mut space = [MaybeUninit::<u8>::uninit(); 8192];
    let mut buf = ReadBuf::uninit(&mut space);
    ready!(Pin::new(client).poll_read(cx, &mut buf))?;
    incoming.extend_from_slice(buf.filled());
    Poll::Ready(Ok(buf.filled().len()))
}

/// The first flight of one race.
pub(super) struct FirstFlight<'r, 's> {
    race: &'r mut Race<'s>,
    refined: bool,
    /// How often a silence was looked at.
    looks: u8,
    /// A way is on trial, and it is not known yet whether the flight may be said twice: decided then at the latest.
    undecided: Option<Instant>,
    /// When to ask whether a hello under this name may go out.
    turn: Option<Instant>,
    /// Its hello waits for its turn no longer than until then.
    turn_ends: Option<Instant>,
    give_up: Option<Instant>,
}

impl<'r, 's> FirstFlight<'r, 's> {
    /// The first flight of `race`, one of whose ways is up.
    pub(super) fn new(race: &'r mut Race<'s>) -> Self {
        let now = Instant::now();
        let trial = race.contestants.first().is_some_and(|c| c.canary);
        if trial {
            race.contestants.iter_mut().for_each(|c| c.engaged = false);
        }
        race.held = race.bursts.may_hold(race.board.now());
        Self {
            refined: false,
            looks: 0,
            undecided: trial.then_some(now + UNDECIDED),
            turn: race.held.then_some(now + UNDECIDED),
            turn_ends: None,
            give_up: None,
            race,
        }
    }

    /// Carries it until a server speaks, or nobody will.
    pub(super) async fn run(mut self, client: &mut Stream) -> Outcome {
        let mut incoming = Vec::new();
        loop {
            let listen = !self.race.flight.ended;
            let due = self.due();
            let next = tokio::select! {
                // A server's byte goes first: what it says decides. Cancel-safe: the race keeps its state.
                biased;
                (index, event) = self.race.step() => self.event(index, event),
                // Cancel-safe: what was read is in `incoming`.
                read = poll_fn(|cx| receive(client, cx, &mut incoming)), if listen => match read {
                    Ok(0) => self.client_ended(),
                    Ok(_) => {
                        self.takes(&mut incoming);
                        self.grew()
                    }
                    Err(_) => Some(Outcome::ClientLeft),
                },
                () = until(due.map(|(at, _)| at)) => match due {
                    Some((_, Due::Hedge)) => self.hedge(),
                    Some((_, Due::Judge)) => self.judge_silence(),
                    Some((_, Due::Decide)) => self.decide(),
                    Some((_, Due::Turn)) => self.take_turn(),
                    Some((_, Due::GiveUp)) => Some(Outcome::AllLost),
                    None => None,
                },
            };
            if let Some(outcome) = next {
                return outcome;
            }
        }
    }

    /// What is due next, and when. One timer serves them all: most connections are answered before any rings.
    fn due(&self) -> Option<(Instant, Due)> {
        let times = [
            (self.race.hedge(), Due::Hedge),
            (self.judge_at(), Due::Judge),
            (self.undecided, Due::Decide),
            (self.turn, Due::Turn),
            (self.give_up, Due::GiveUp),
        ];
        times.into_iter().filter_map(|(at, what)| Some((at?, what))).min_by_key(|(at, _)| *at)
    }

    fn event(&mut self, index: usize, event: Event) -> Option<Outcome> {
        match event {
            Event::Up => {
                self.set_hedge();
                None
            }
            Event::Answered(bytes) => {
                if self.is_block_page(&bytes) {
                    self.race.tell(index, Sign::BlockPage, Twin::Unknown);
                    // With another way left the page is not shown; alone, it is all there is.
                    if self.race.kind.may_replay() && self.race.has_reserve() {
                        self.race.contestants.remove(index);
                        self.race.turned_away = true;
                        return self.replace();
                    }
                }
                Some(Outcome::Answered(index, bytes))
            }
            Event::Lost => self.replace(),
        }
    }

    /// A way is lost: another one takes the flight, if that may be given again.
    fn replace(&mut self) -> Option<Outcome> {
        let alive = self.race.contestants.iter().any(|c| c.engaged && !c.is_lost());
        if alive {
            self.set_hedge();
            return None;
        }
        // A server that hangs up on a client that hung up first does as it should.
        if self.race.flight.ended && self.race.kind.is_dialogue() {
            return Some(Outcome::ClientLeft);
        }
        let may_go_on = self.race.flight.bytes.is_empty() || self.race.kind.may_replay();
        if may_go_on && self.race.engage_reserve() {
            self.set_hedge();
            return None;
        }
        Some(Outcome::AllLost)
    }

    /// Adds what has come to the flight, and leaves nothing of it.
    fn takes(&mut self, incoming: &mut Vec<u8>) {
        let flight = &mut self.race.flight.bytes;
        if flight.is_empty() { std::mem::swap(flight, incoming) } else { flight.append(incoming) }
    }

    fn grew(&mut self) -> Option<Outcome> {
        if matches!(self.race.kind, Kind::Incomplete) {
            self.race.kind = kind(&self.race.flight.bytes, self.race.subject().service.first_flight);
            self.know();
        }
        if self.race.flight.bytes.len() >= self.race.settings().held_bytes {
            self.decide();
            let first = self.race.contestants.iter().position(|c| c.engaged && !c.is_lost());
            return first.map(Outcome::Committed);
        }
        self.set_hedge();
        None
    }

    /// More is known of what the first flight is.
    fn know(&mut self) {
        if matches!(self.race.kind, Kind::Incomplete) {
            return;
        }
        if let Kind::Tls(hello) = &self.race.kind {
            self.race.greets = hello.server_name.as_deref().map(|name| self.race.bursts.key(name));
        }
        self.refine();
        self.decide();
        self.take_turn();
        if !self.race.kind.may_replay() {
            self.race.keep_one();
        }
    }

    /// Gives the first flight to a way on trial and to a sound one at once; to the sound one alone, if it must not be
    /// said twice.
    fn decide(&mut self) -> Option<Outcome> {
        if self.undecided.take().is_some() {
            self.race.engage_trial();
            self.set_hedge();
        }
        None
    }

    /// Sends the hello out if it is its turn, or asks again later: where those under its name take turns, and where it
    /// would be the fourth of a burst.
    fn take_turn(&mut self) -> Option<Outcome> {
        let now = Instant::now();
        let ends = *self.turn_ends.get_or_insert(now + LONGEST_TURN);
        let wait = if now < ends { self.race.admit() } else { None };
        self.turn = wait.map(|wait| now + wait.max(Duration::from_millis(1)));
        self.race.held = wait.is_some();
        None
    }

    fn client_ended(&mut self) -> Option<Outcome> {
        if self.race.flight.bytes.is_empty() {
            return Some(Outcome::ClientLeft);
        }
        self.race.flight.ended = true;
        self.give_up = Some(Instant::now() + AFTER_CLIENT_END);
        None
    }

    /// A name in the hello may add ways for the next attempt; it never changes the first (design: the flow of one
    /// connection).
    fn refine(&mut self) {
        let Kind::Tls(hello) = &self.race.kind else { return };
        let Some(name) = hello.server_name.clone() else { return };
        if self.refined || self.race.to().host.ip().is_none() || !self.race.subject().service.id.is_other() {
            return;
        }
        self.refined = true;
        let Ok(host) = Host::parse(&name) else { return };
        let named = Destination::new(host, self.race.to().port);
        let subject = Subject::of(&self.race.routing, &named, Need::Stream);
        if !subject.service.id.is_other() {
            let plan = self.race.routing.plan(&subject, Need::Stream, self.race.board);
            self.race.extend(subject, plan);
        }
    }

    /// Sets when the next way is given the flight too: not before the newest one has had its time.
    fn set_hedge(&mut self) {
        let ready = !self.race.flight.bytes.is_empty() && self.race.kind.may_replay() && self.race.has_reserve();
        let newest = self.race.contestants.iter().rev().find(|c| c.engaged && !c.is_lost());
        let at = newest.filter(|_| ready).map(|c| c.patience_ends(self.race.first_byte_window()));
        self.race.set_hedge(at);
    }

    fn hedge(&mut self) -> Option<Outcome> {
        self.race.engage_reserve();
        self.set_hedge();
        None
    }

    /// When a silence counts as a failure even though nothing else can be tried, for protocols whose servers answer a
    /// first flight at once; and when it is looked at once more.
    fn judge_at(&self) -> Option<Instant> {
        let settings = self.race.settings();
        let span = *[settings.first_byte_timeout, settings.second_look].get(usize::from(self.looks))?;
        let prompt = self.race.kind.is_dialogue();
        let first = self.race.contestants.iter().find(|c| c.engaged && c.is_up())?;
        let sends = prompt && !(self.race.held && first.bare);
        sends.then(|| first.sent_at().unwrap_or_else(Instant::now) + span)
    }

    fn judge_silence(&mut self) -> Option<Outcome> {
        self.looks += 1;
        self.race.report_silence();
        None
    }

    fn is_block_page(&self, answer: &[u8]) -> bool {
        let Kind::Http { host: Some(asked), .. } = &self.race.kind else { return false };
        let link = self.race.board.snapshot().link;
        is_block_page(&self.race.routing, self.race.subject(), link, asked, answer)
    }
}
