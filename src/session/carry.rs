//! The first flight: what the client sends before any answer is held, and given to another way when the
//! first one resets, ends or stays silent. The first *server byte* wins; only then is anything shown to the client.

use super::carried::Fate;
use super::contestant::{Contestant, Event};
use super::page::is_block_page;
use super::race::{Race, until};
use super::report::{self, Subject};
use super::{Sessions, autopsy};
use crate::inbound::Request;
use crate::model::{Destination, Host, Need, Record, Sign, Twin, WayChange};
use crate::net::Stream;
use crate::wire::first_flight::{Kind, kind};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::time::Instant;
use tracing::{debug, info};

/// A client that ended its own side gets this long for an answer: enough for a slow page, not for ever.
const AFTER_CLIENT_END: Duration = Duration::from_secs(120);

/// How the first flight ended.
enum Outcome {
    /// This contestant's server spoke first, and said this.
    Answered(usize, Vec<u8>),
    /// More was sent than is held: this contestant has it all, no other can follow.
    Committed(usize),
    /// Every way failed.
    AllLost,
    /// The client went away.
    ClientLeft,
}

impl Sessions {
    /// Answers the client, carries its first flight over, and relays.
    pub(super) async fn carry(&self, request: Request, mut race: Race<'_>) {
        let Ok(mut client) = request.accept().await else { return };
        match FirstFlight::new(&mut race).run(&mut client).await {
            Outcome::Answered(index, bytes) => {
                self.count_answered(&race, index);
                self.note_way(&race, index);
                self.relay(client, race, index, bytes).await;
            }
            Outcome::Committed(index) => self.relay(client, race, index, Vec::new()).await,
            Outcome::AllLost => {
                self.counters.failed.fetch_add(1, Ordering::Relaxed);
                self.count_lost(&race);
                debug!(subject = %race.subject(), words = race.refusal().1, "every way failed after the first flight");
                race.report_all_failed();
                client.abort_on_drop();
            }
            Outcome::ClientLeft => {
                if race.report_client_left() {
                    self.count_lost(&race);
                }
            }
        }
    }

    /// An answer through another way than the first that was tried has saved the connection; unless that first one
    /// was on trial, raced at once and simply slower.
    fn count_answered(&self, race: &Race<'_>, winner: usize) {
        let failed = |c: &Contestant| c.is_lost() || (c.engaged && !c.canary);
        let saved = race.turned_away || race.contestants[..winner].iter().any(failed);
        if saved {
            self.counters.saved.fetch_add(1, Ordering::Relaxed);
        }
        let route = race.subject().route(&race.contestants[winner].transport);
        self.fates.count(route, if saved { Fate::Saved } else { Fate::Answered });
    }

    /// The app saw a failure; it is booked on the way that was tried last.
    pub(super) fn count_lost(&self, race: &Race<'_>) {
        if let Some(last) = race.contestants.last() {
            self.fates.count(race.subject().route(&last.transport), Fate::Lost);
        }
    }

    /// Announces that a service's connections take another way than the last time.
    fn note_way(&self, race: &Race<'_>, winner: usize) {
        let contestant = &race.contestants[winner];
        let subject = race.subject();
        if contestant.canary || subject.service.id.is_other() {
            return;
        }
        let key = (subject.service.id.clone(), subject.facet);
        let from = {
            let Ok(mut last) = self.last_ways.lock() else { return };
            let from = last.get(&key).map(|(way, _)| way.clone());
            if from.as_ref() == Some(&contestant.transport) {
                return;
            }
            last.insert(key, (contestant.transport.clone(), self.board.now()));
            from
        };
        let why = race.why_not_the_others(winner);
        let delay_ms = u64::try_from(race.began().instant.elapsed().as_millis()).unwrap_or(u64::MAX);
        if from.is_some() || winner > 0 {
            info!(%subject, to = %contestant.transport, because = %why, delay_ms, "way changed");
        }
        self.board.announce(Record::Way(WayChange {
            service: subject.service.id.clone(),
            facet: subject.facet,
            from,
            to: Some(contestant.transport.clone()),
            why,
            delay_ms,
        }));
    }
}

/// The first flight of one race.
struct FirstFlight<'r, 's> {
    race: &'r mut Race<'s>,
    kind: Kind,
    refined: bool,
    judged: bool,
    give_up: Option<Instant>,
}

impl<'r, 's> FirstFlight<'r, 's> {
    fn new(race: &'r mut Race<'s>) -> Self {
        if race.contestants.first().is_some_and(|c| c.canary) {
            race.engage_reserve();
        }
        Self { race, kind: Kind::Incomplete, refined: false, judged: false, give_up: None }
    }

    async fn run(mut self, client: &mut Stream) -> Outcome {
        let mut incoming = Vec::with_capacity(2048);
        loop {
            let listen = !self.race.flight.ended;
            let (hedge, judge_at, give_up) = (self.race.hedge(), self.judge_at(), self.give_up);
            let next = tokio::select! {
                // A server's byte goes first: what it says decides. Cancel-safe: the race keeps its state.
                biased;
                (index, event) = self.race.step() => self.event(index, event),
                // Cancel-safe: `read_buf` keeps what it read in `incoming`.
                read = client.read_buf(&mut incoming), if listen => match read {
                    Ok(0) => self.client_ended(),
                    Ok(_) => {
                        let grown = self.grew(&incoming);
                        incoming.clear();
                        grown
                    }
                    Err(_) => Some(Outcome::ClientLeft),
                },
                () = until(hedge) => self.hedge(),
                () = until(judge_at) => self.judge_silence(),
                () = until(give_up) => Some(Outcome::AllLost),
            };
            if let Some(outcome) = next {
                return outcome;
            }
        }
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
                    if self.kind.may_replay() && self.race.has_reserve() {
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
            return None;
        }
        let may_go_on = self.race.flight.bytes.is_empty() || self.kind.may_replay();
        if may_go_on && self.race.engage_reserve() {
            self.set_hedge();
            return None;
        }
        Some(Outcome::AllLost)
    }

    fn grew(&mut self, incoming: &[u8]) -> Option<Outcome> {
        self.race.flight.bytes.extend_from_slice(incoming);
        if self.race.flight.bytes.len() >= self.race.settings().held_bytes {
            let first = self.race.contestants.iter().position(|c| c.engaged && !c.is_lost());
            return first.map(Outcome::Committed);
        }
        if matches!(self.kind, Kind::Incomplete) {
            self.kind = kind(&self.race.flight.bytes, self.race.subject().service.first_flight);
            self.refine();
        }
        self.set_hedge();
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
        let Kind::Tls(hello) = &self.kind else { return };
        let Some(name) = &hello.server_name else { return };
        if self.refined || self.race.to().host.ip().is_none() || !self.race.subject().service.id.is_other() {
            return;
        }
        self.refined = true;
        let Ok(host) = Host::parse(name) else { return };
        let named = Destination::new(host, self.race.to().port);
        let subject = Subject::of(&self.race.routing, &named, Need::Stream);
        if !subject.service.id.is_other() {
            let plan = self.race.routing.plan(&subject, Need::Stream, self.race.board);
            self.race.extend(subject, plan);
        }
    }

    /// Sets when the next way is given the flight too: not before the newest one has had its time.
    fn set_hedge(&mut self) {
        let ready = !self.race.flight.bytes.is_empty() && self.kind.may_replay() && self.race.has_reserve();
        let newest = self.race.contestants.iter().rev().find(|c| c.engaged && !c.is_lost());
        let at = newest.filter(|_| ready).map(|c| c.patience_ends(self.race.first_byte_window()));
        self.race.set_hedge(at);
    }

    fn hedge(&mut self) -> Option<Outcome> {
        self.race.engage_reserve();
        self.set_hedge();
        None
    }

    /// When a silence counts as a failure even though nothing else can be tried: for protocols whose servers
    /// answer a first flight at once.
    fn judge_at(&self) -> Option<Instant> {
        let prompt = matches!(self.kind, Kind::Tls(_) | Kind::Noise | Kind::Mtproto);
        let first = self.race.contestants.iter().find(|c| c.engaged && c.is_up())?;
        let silent = first.silent_for();
        (prompt && !self.judged && !silent.is_zero())
            .then(|| Instant::now() + self.race.settings().first_byte_timeout.saturating_sub(silent))
    }

    fn judge_silence(&mut self) -> Option<Outcome> {
        self.judged = true;
        self.race.report_silence();
        None
    }

    fn is_block_page(&self, answer: &[u8]) -> bool {
        let Kind::Http { host: Some(asked), .. } = &self.kind else { return false };
        let link = self.race.board.snapshot().link;
        is_block_page(&self.race.routing, self.race.subject(), link, asked, answer)
    }
}

impl Race<'_> {
    /// Tells the board a sign about one contestant.
    pub(super) fn tell(&self, index: usize, sign: Sign, twin: Twin) {
        let contestant = &self.contestants[index];
        report::sign(&self.told(contestant), sign, contestant.endpoint(), twin);
    }

    /// Tells the board how every way failed. Ways that failed beyond their own servers vouch for each other: then
    /// it is the service's fault, not theirs.
    pub(super) fn report_all_failed(&self) {
        let twin = autopsy::common_fate(&self.contestants);
        for contestant in &self.contestants {
            if let Some(failure) = contestant.failure() {
                report::failed(&self.told(contestant), failure, twin);
            }
        }
    }

    /// Tells the board that engaged ways are silent and nothing else can be tried.
    fn report_silence(&self) {
        for contestant in self.contestants.iter().filter(|c| c.engaged) {
            if let Some((failure, _)) = contestant.silence() {
                report::failed(&self.told(contestant), &failure, Twin::Unknown);
            }
        }
    }

    /// Tells the board that the client went away: a sign only after a long silence (detection rules §3.7).
    /// Whether it was one.
    fn report_client_left(&self) -> bool {
        let mut waited = false;
        for (index, contestant) in self.contestants.iter().enumerate() {
            if contestant.engaged && contestant.silent_for() >= self.settings().first_byte_timeout {
                self.tell(index, Sign::ClientGaveUp, Twin::Unknown);
                waited = true;
            }
        }
        waited
    }
}
