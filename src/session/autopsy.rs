//! After the race: what the losers show. A way that failed is reported with its twin's success; one that is only
//! late is watched for a while, so that slow is not called blocked.

use super::contestant::{Contestant, Flight};
use super::race::Race;
use super::report::{self, Subject, Told};
use super::routing::Routing;
use crate::board::Board;
use crate::model::{Failure, Leg, Technique, Twin};
use crate::net::Stream;
use std::fmt::Write;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio_util::task::TaskTracker;

/// What became of the way that won.
pub(super) struct Winner {
    /// The stream, its first answer already taken off.
    pub(super) stream: Stream,
    /// What it is about.
    pub(super) subject: Subject,
    /// The contestant's facts at the moment of winning.
    pub(super) rtt: Option<Duration>,
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
    pub(super) fn settle(mut self, winner: usize, answered: bool, tasks: &TaskTracker) -> Option<Winner> {
        let champion = self.contestants.swap_remove(winner);
        let (rtt, waited) = (champion.rtt(), champion.silent_for());
        if answered {
            report::answered_at(&self.told(&champion), champion.endpoint(), rtt, waited);
        }
        let settled = Winner {
            rtt,
            subject: self.subject().clone(),
            transport: champion.transport.clone(),
            start: champion.start,
            endpoint: champion.endpoint(),
            stream: champion.into_stream()?,
        };
        let flight = std::mem::take(&mut self.flight);
        let mut late = Vec::new();
        for loser in std::mem::take(&mut self.contestants) {
            if let Some(failure) = loser.failure() {
                report::failed(&self.told(&loser), failure, twin(answered));
            } else if answered {
                late.extend(self.weigh_silence(loser));
            }
        }
        for watched in late {
            let flight = Flight { bytes: flight.bytes.clone(), ended: flight.ended };
            let (board, routing) = (self.board.clone(), Arc::clone(&self.routing));
            let (subject, span) = (self.subject().clone(), self.settings().autopsy);
            tasks.spawn(async move { watch(&board, &routing, &subject, watched, flight, span).await });
        }
        Some(settled)
    }

    /// A silent loser past its window is reported now, so that the next connection goes the better way at once;
    /// it is watched on, for a late answer takes part of that back.
    fn weigh_silence(&self, loser: Contestant) -> Option<Late> {
        let (patience, silent) = if loser.is_up() {
            if !loser.engaged || loser.silent_for().is_zero() {
                return None;
            }
            (self.settings().first_byte_window(loser.rtt()), loser.silent_for())
        } else {
            (loser.connect_window, loser.age())
        };
        let mut reported = false;
        if silent >= patience
            && let Some((failure, _)) = loser.silence()
        {
            report::failed(&self.told(&loser), &failure, Twin::Answered);
            reported = true;
        }
        // A second dial that is still under way when the first way answers has shown nothing.
        (loser.engaged || reported).then_some(Late { loser, reported })
    }

    /// Why the winner and not the ways before it, in words that hold no destination.
    pub(super) fn why_not_the_others(&self, winner: usize) -> String {
        let mut why = String::new();
        for (index, contestant) in self.contestants.iter().enumerate().filter(|(i, _)| *i != winner) {
            let gap = if why.is_empty() { "" } else { "; " };
            let words = contestant.failure().map(ToString::to_string).or_else(|| {
                let (_, sign) = contestant.silence()?;
                Some(sign.technique().map_or("silent", Technique::sentence).to_owned())
            });
            if let Some(words) = words.filter(|_| index < winner || contestant.is_lost()) {
                let _ = write!(why, "{gap}{}: {words}", contestant.transport);
            }
        }
        if why.is_empty() { String::from("it stands first now") } else { why }
    }
}

/// A loser that is still silent.
struct Late {
    loser: Contestant,
    reported: bool,
}

/// Watches a silent loser: a byte means that it was only slow.
async fn watch(board: &Board, routing: &Routing, subject: &Subject, late: Late, flight: Flight, span: Duration) {
    let Late { mut loser, reported } = late;
    let told = Told { board, routing, route: subject.route(&loser.transport), start: loser.start };
    let answered = tokio::time::timeout(span, async {
        loop {
            match poll_fn(|cx| loser.poll(cx, &flight)).await {
                super::contestant::Event::Up => {}
                super::contestant::Event::Answered(_) => break true,
                super::contestant::Event::Lost => break false,
            }
        }
    })
    .await;
    match answered {
        Ok(true) => report::answered_at(&told, loser.endpoint(), loser.rtt(), loser.silent_for()),
        Ok(false) | Err(_) if reported => {}
        Ok(false) | Err(_) => {
            let failure = loser.failure().cloned().or_else(|| loser.silence().map(|(failure, _)| failure));
            if let Some(failure) = failure {
                report::failed(&told, &failure, Twin::Answered);
            }
        }
    }
    if let Some(mut stream) = loser.into_stream() {
        // An orderly end: storms of resets are noticed.
        let _ = tokio::time::timeout(Duration::from_secs(1), stream.shutdown()).await;
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
