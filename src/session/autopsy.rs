//! After the race: what the losers show. A way that failed is reported with its twin's success; one that is only
//! late is watched for a while, so that slow is not called blocked.

use super::contestant::{Contestant, Event, Flight};
use super::race::Race;
use super::report::{self, Subject, Told};
use super::routing::Routing;
use crate::board::Board;
use crate::model::{Failure, Leg, Route, Sign, Technique, Twin};
use crate::net::Stream;
use std::fmt::Write;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

/// What became of the way that won.
pub(super) struct Winner {
    /// The stream, its first answer already taken off.
    pub(super) stream: Stream,
    /// What it is about.
    pub(super) subject: Subject,
    /// The contestant's facts at the moment of winning.
    pub(super) rtt: Option<Duration>,
    /// Whether the way goes over the person's own line.
    pub(super) bare: bool,
    /// The way.
    pub(super) transport: crate::model::TransportId,
    /// When its dial began.
    pub(super) start: super::settings::Start,
    /// Its endpoint, on a bare way.
    pub(super) endpoint: Option<crate::model::EndpointTag>,
}

impl Race<'_> {
    /// Ends the race: reports winner and losers, leaves late ones to a watch in `tasks`, and hands out the winner.
    /// `answered` is false when the client committed to a way before any server byte.
    pub(super) fn settle(mut self: Box<Self>, winner: usize, answered: bool, tasks: &TaskTracker) -> Option<Winner> {
        let mut champion = self.contestants.swap_remove(winner);
        let (waited, endpoint) = (champion.silent_for(), champion.endpoint());
        let rtt = if self.subject().service.id.is_other() { champion.dialled_in() } else { champion.rtt() };
        if answered {
            report::answered_at(&self.told(&champion), endpoint, rtt, waited);
            if let Some(greeting) = &mut champion.greeting {
                greeting.answered();
            }
        }
        let settled = Winner {
            rtt,
            bare: champion.bare,
            subject: self.subject().clone(),
            transport: champion.transport.clone(),
            start: champion.start,
            endpoint,
            stream: champion.into_stream()?,
        };
        let flight = std::mem::take(&mut self.flight);
        let mut late = Vec::new();
        for loser in std::mem::take(&mut self.contestants) {
            if let Some(failure) = loser.failure() {
                if loser.told.is_none() {
                    report::failed(&self.told(&loser), failure, twin(answered));
                }
            } else if answered {
                late.extend(self.weigh_silence(loser));
            }
        }
        for watched in late {
            let flight = Flight { bytes: flight.bytes.clone(), ended: flight.ended };
            let (board, routing) = (self.board.clone(), Arc::clone(&self.routing));
            let route = self.subject().route(&watched.transport);
            tasks.spawn(async move { watch(&board, &routing, route, watched, flight).await });
        }
        Some(settled)
    }

    /// A silent loser past its window is reported now, so that the next connection goes the better way at once;
    /// it is watched on, for a late answer takes part of that back.
    fn weigh_silence(&self, mut loser: Contestant) -> Option<Contestant> {
        let (patience, silent) = if loser.is_up() {
            if !loser.engaged || loser.silent_for().is_zero() {
                return None;
            }
            (self.settings().first_byte_window(loser.rtt()), loser.silent_for())
        } else {
            (loser.connect_window, loser.age())
        };
        if silent >= patience
            && loser.told.is_none()
            && let Some((failure, _)) = loser.silence()
        {
            loser.told = report::failed(&self.told(&loser), &failure, Twin::Answered);
        }
        // A second dial that is still under way when the first way answers has shown nothing.
        (loser.engaged || loser.told.is_some()).then_some(loser)
    }

    /// Why the winner and not the ways before it, in words that hold no destination.
    pub(super) fn why_not_the_others(&self, winner: usize) -> String {
        let mut why = String::new();
        for (index, contestant) in self.contestants.iter().enumerate().filter(|(i, _)| *i != winner) {
            let gap = if why.is_empty() { "" } else { "; " };
            let failure = contestant.failure().filter(|_| contestant.has_failed());
            let words = failure.map(ToString::to_string).or_else(|| {
                let (_, sign) = contestant.silence()?;
                Some(sign.technique().map_or("silent", Technique::sentence).to_owned())
            });
            if let Some(words) = words.filter(|_| index < winner || contestant.has_failed()) {
                let _ = write!(why, "{gap}{}: {words}", contestant.transport);
            }
        }
        if why.is_empty() { String::from("it stands first now") } else { why }
    }
}

/// Watches a silent loser: a byte means that it was only slow. What its silence is, is asked when the kernel should
/// know, and once more if it did not.
async fn watch(board: &Board, routing: &Routing, route: Route, mut loser: Contestant, flight: Flight) {
    let patience = &routing.patience;
    let since = loser.sent_at().unwrap_or_else(Instant::now);
    for look in [patience.autopsy, patience.second_look] {
        let heard = tokio::time::timeout_at(since + look, hear(&mut loser, &flight)).await;
        let start = loser.start;
        let (since, hello) = (loser.silent_since(), loser.greeting.as_ref());
        let told = Told { board, routing, route: route.clone(), start, since, hello };
        match heard {
            Ok(true) => {
                report::answered_at(&told, loser.endpoint(), loser.rtt(), loser.silent_for());
                break;
            }
            Ok(false) => {
                if let Some(failure) = loser.failure().filter(|_| loser.told.is_none()) {
                    report::failed(&told, failure, Twin::Answered);
                }
                break;
            }
            Err(_) => {
                let now = loser.silence();
                loser.told = loser.told.or_else(|| report::failed(&told, &now.as_ref()?.0, Twin::Answered));
                if loser.told == Some(Sign::Silence)
                    && let Some((failure, _)) = now.filter(|(_, sign)| *sign != Sign::Silence)
                {
                    loser.told = report::sharpened(&told, &failure, Twin::Answered);
                }
            }
        }
        if !loser.bare || loser.told != Some(Sign::Silence) {
            break;
        }
    }
    if let Some(mut stream) = loser.into_stream() {
        // An orderly end: storms of resets are noticed.
        let _ = tokio::time::timeout(Duration::from_secs(1), stream.shutdown()).await;
    }
}

/// Whether the server speaks; not if the way is lost.
async fn hear(loser: &mut Contestant, flight: &Flight) -> bool {
    loop {
        match poll_fn(|cx| loser.poll(cx, flight)).await {
            Event::Up => {}
            Event::Answered(_) => return true,
            Event::Lost => return false,
        }
    }
}

const fn twin(answered: bool) -> Twin {
    if answered { Twin::Answered } else { Twin::Unknown }
}

/// Whether several ways failed beyond their own servers: then none of them is at fault.
pub(super) fn common_fate(contestants: &[Contestant]) -> Twin {
    let far = |c: &&Contestant| c.failure().is_some_and(|f: &Failure| f.leg == Leg::Far);
    let tunnels = contestants.iter().filter(far).filter(|c| !c.bare).count();
    let all = contestants.iter().filter(far).count();
    if tunnels >= 1 && all >= 2 { Twin::FailedToo } else { Twin::Unknown }
}
