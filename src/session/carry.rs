//! One connection whose first way is up: the client is answered, its first flight carried over, and what became of it
//! counted and announced.

use super::Sessions;
use super::carried::Fate;
use super::contestant::Contestant;
use super::first_flight::{FirstFlight, Outcome};
use super::race::Race;
use crate::inbound::{Request, Rest};
use crate::model::{Record, WayChange};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tracing::{debug, info};

impl Sessions {
    /// Answers the client and carries its first flight over; gives back the relay.
    pub(super) async fn carry(self: &Arc<Self>, request: Request, mut race: Box<Race<'_>>) -> Option<Rest> {
        let mut client = request.accept().await.ok()?;
        match FirstFlight::new(&mut race).run(&mut client).await {
            Outcome::Answered(index, bytes) => {
                self.count_answered(&race, index);
                self.note_way(&race, index);
                return self.relay(client, race, index, bytes).await;
            }
            Outcome::Committed(index) => return self.relay(client, race, index, Vec::new()).await,
            Outcome::AllLost => {
                self.counters.failed.fetch_add(1, Ordering::Relaxed);
                self.count_lost(&race);
                debug!(subject = %race.subject(), words = race.refusal().1, "every way failed after the first flight");
                race.report_all_failed();
                client.abort_on_drop();
            }
            Outcome::ClientLeft => {
                race.note_impatience(&self.habits);
                if race.report_client_left() {
                    self.count_lost(&race);
                }
            }
        }
        None
    }

    /// An answer through another way than the first that was tried has saved the connection; unless that first one
    /// was on trial, raced at once and simply slower.
    fn count_answered(&self, race: &Race<'_>, winner: usize) {
        let failed = |c: &Contestant| !c.canary && (c.has_failed() || (c.engaged && !c.is_lost()));
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
