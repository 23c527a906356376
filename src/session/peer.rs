//! One destination of a UDP association: which way its packets take, and what their silence shows. Packets have
//! beliefs of their own: a dead call says nothing of messages. QUIC is told from calls by its first byte and its port,
//! for apps that cannot have it fall back to TCP by themselves.

use super::Sessions;
use super::carried::Fate;
use super::report::{self, Subject, Told};
use super::routing::Routing;
use super::settings::Start;
use crate::inbound::transparent::Named;
use crate::model::{Destination, Facet, L4, Need, Phase, Reason, Route, Sign, TransportId, Twin};
use crate::net::Run;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Packets out without one back before a way is left. 4: a lost packet or two are ordinary, and STUN sends its fourth
/// after 3.5 s (RFC 8489 §6.2.1), the next only after four more.
const SILENT_PACKETS: u32 = 4;
/// QUIC repeats its first packet more and more slowly.
const SILENT_INITIALS: u32 = 3;
/// … and the time they get. 3 s: call set-up repeats itself for longer than that.
const SILENT_FOR: Duration = Duration::from_secs(3);
/// Without another way that answers, silence is a sign only from so many packets on …
const TELLING_PACKETS: u32 = 10;
/// … and after so long.
const TELLING_AFTER: Duration = Duration::from_secs(5);
/// A packet larger than this is not kept for another way: no first packet is.
const HELD: usize = 1500;
/// What worked over TCP within this time works.
const WORKS: Duration = Duration::from_secs(600);

/// One destination of the association.
#[derive(Clone)]
pub(super) struct Peer {
    pub(super) subject: Subject,
    pub(super) way: TransportId,
    pub(super) last: Instant,
    next: VecDeque<TransportId>,
    swallowed_by: Vec<(TransportId, Start)>,
    quic: bool,
    start: Start,
    out: u32,
    answered: bool,
    told: bool,
    /// The last packet that went out, until one comes back: the next way is tried with it.
    unanswered: Vec<u8>,
}

/// Why a destination's packets are dropped here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dropped {
    /// No way may carry them.
    NoWay,
    /// It is QUIC, and its app is better off with TCP.
    RatherTcp,
}

impl Dropped {
    /// For the log.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::NoWay => "no way carries its packets",
            Self::RatherTcp => "QUIC does not get through; TCP does",
        }
    }
}

impl Peer {
    /// Plans a destination to which `first` is sent.
    pub(super) fn admit(
        sessions: &Sessions,
        routing: &Routing,
        to: &Destination,
        named: &Named,
        first: &[u8],
    ) -> Result<Self, (Subject, Dropped)> {
        let mut subject = Subject::known(routing, to, named, Need::Packets);
        let quic = to.port == 443 && is_quic(first);
        if !quic && !subject.service.id.is_other() {
            // Messages, pictures and pages travel by TCP or QUIC.
            subject.facet = Facet::Calls;
        }
        let plan = routing.plan(&subject, Need::Packets, &sessions.board);
        let rather_tcp = plan.passed_over.iter().any(|(_, why)| *why == Reason::StreamsInstead);
        let mut next: VecDeque<_> = plan.attempts.into_iter().map(|attempt| attempt.transport).collect();
        let Some(way) = next.pop_front() else {
            return Err((subject, if rather_tcp { Dropped::RatherTcp } else { Dropped::NoWay }));
        };
        if quic && !subject.service.id.is_other() && !is_quic_welcome(sessions, routing, &subject, &way) {
            return Err((subject, Dropped::RatherTcp));
        }
        sessions.board.used(subject.route(&way));
        let start = Start { moment: sessions.board.now(), instant: Instant::now() };
        let (last, unanswered, swallowed_by) = (start.instant, Vec::new(), Vec::new());
        Ok(Self {
            subject,
            way,
            last,
            next,
            swallowed_by,
            quic,
            start,
            out: 0,
            answered: false,
            told: false,
            unanswered,
        })
    }

    /// Packets go out.
    pub(super) fn sends(&mut self, sessions: &Sessions, packets: Run<'_>) {
        self.last = Instant::now();
        if !self.answered
            && let Some(packet) = packets.packets().rfind(|packet| packet.len() <= HELD)
        {
            packet.clone_into(&mut self.unanswered);
        }
        if self.out == 0 {
            self.start = Start { moment: sessions.board.now(), instant: self.last };
        }
        self.out = self.out.saturating_add(u32::try_from(packets.len()).unwrap_or(u32::MAX));
    }

    /// Something came back over `way`; the first time it answers for the ways that swallowed its like.
    pub(super) fn hears(&mut self, sessions: &Sessions, routing: &Routing, way: &TransportId) {
        self.last = Instant::now();
        if std::mem::replace(&mut self.answered, true) {
            return;
        }
        self.unanswered = Vec::new();
        let told = self.on(sessions, routing, way, self.start);
        report::answered(&told, None, self.start.instant.elapsed());
        let fate = if self.swallowed_by.is_empty() { Fate::Answered } else { Fate::Saved };
        sessions.fates.count(told.route, fate);
        self.tell_swallowed(sessions, routing, Twin::Answered);
        self.swallowed_by.clear();
    }

    /// Whether an answer is still waited for on `way`.
    pub(super) fn awaits(&self, way: &TransportId) -> bool {
        self.way == *way && !self.answered
    }

    /// Once a second: leaves a way that swallows its packets, and gives back the last of them for the next way; tells
    /// it where there is none left.
    pub(super) fn look(&mut self, sessions: &Sessions, routing: &Routing) -> Option<Vec<u8>> {
        if self.answered || self.told {
            return None;
        }
        let silent = self.start.instant.elapsed();
        let few = if self.quic { SILENT_INITIALS } else { SILENT_PACKETS };
        if self.out >= few && silent >= SILENT_FOR && !self.next.is_empty() {
            self.swallowed_by.push((self.way.clone(), self.start));
            self.move_on();
            return Some(self.unanswered.clone()).filter(|packet| !packet.is_empty());
        }
        let enough = if self.quic { SILENT_INITIALS } else { TELLING_PACKETS };
        if self.out >= enough && silent >= TELLING_AFTER && self.next.is_empty() {
            self.swallowed_by.push((self.way.clone(), self.start));
            // What every way swallows is not the ways' fault.
            let twin = if self.swallowed_by.len() > 1 { Twin::FailedToo } else { Twin::Unknown };
            self.tell_swallowed(sessions, routing, twin);
            sessions.fates.count(self.subject.route(&self.way), Fate::Lost);
            self.told = true;
        }
        None
    }

    /// Its way could not be opened.
    pub(super) fn unopened(&mut self, sessions: &Sessions, routing: &Routing, failure: &crate::model::Failure) {
        report::failed(&self.on(sessions, routing, &self.way, self.start), failure, Twin::Unknown);
        self.move_on();
    }

    fn move_on(&mut self) {
        if let Some(way) = self.next.pop_front() {
            self.way = way;
            self.out = 0;
        }
    }

    fn tell_swallowed(&self, sessions: &Sessions, routing: &Routing, twin: Twin) {
        for (way, start) in &self.swallowed_by {
            let told = self.on(sessions, routing, way, *start);
            let sign =
                if self.quic && works_over_tcp(sessions, &told.route) { Sign::QuicSilent } else { Sign::UdpNoReply };
            report::sign(&told, sign, None, twin);
        }
    }

    fn on<'a>(&self, sessions: &'a Sessions, routing: &'a Routing, way: &TransportId, start: Start) -> Told<'a> {
        let since = start.moment;
        Told { board: &sessions.board, routing, route: self.subject.route(way), start, since, hello: None }
    }
}

/// RFC 9000 §17.2: a long header's first two bits are set; STUN, DTLS and RTP begin otherwise (RFC 9443 §3).
pub(super) fn is_quic(packet: &[u8]) -> bool {
    packet.first().is_some_and(|first| first & 0xC0 == 0xC0)
}

/// Whether QUIC to a service is let out. Not where the service's streams take a way without packets: what leaves
/// beside a tunnel shows what the tunnel hides. Not where it is believed to be swallowed: every try is a wait.
fn is_quic_welcome(sessions: &Sessions, routing: &Routing, subject: &Subject, way: &TransportId) -> bool {
    let streams = routing.plan_for(&subject.service.id, subject.facet, L4::Tcp, &sessions.board);
    let beside = streams
        .attempts
        .first()
        .is_some_and(|first| routing.ways.iter().any(|way| way.id == first.transport && !way.packets));
    let snapshot = sessions.board.snapshot();
    let phase = snapshot.standing(&subject.route(way)).map(|standing| standing.phase);
    !beside && !matches!(phase, Some(Phase::Suspect | Phase::Blocked))
}

/// Whether the same facet of the service answers over TCP on the same way.
fn works_over_tcp(sessions: &Sessions, route: &Route) -> bool {
    let streams = Route { l4: L4::Tcp, ..route.clone() };
    let (snapshot, now) = (sessions.board.snapshot(), sessions.board.now());
    let good = snapshot.standing(&streams).filter(|standing| standing.phase != Phase::Blocked);
    good.and_then(|standing| standing.last_good).is_some_and(|good| now.since(good) <= WORKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quic_is_told_from_what_calls_send() {
        for (what, first, quic) in [
            ("a version 1 Initial", 0xC3, true),
            ("a Handshake", 0xE1, true),
            ("STUN", 0x00, false),
            ("DTLS", 0x16, false),
            ("RTP", 0x80, false),
            ("a short header", 0x43, false),
        ] {
            assert_eq!(is_quic(&[first, 0, 0, 0, 1]), quic, "{what}");
        }
        assert!(!is_quic(&[]));
    }
}
