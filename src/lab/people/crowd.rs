//! Many openings of an app, counted: how many failed, how late the first byte came.

use super::{App, Mishap, Person};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// What came of many openings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    first_bytes: Vec<Duration>,
    mishaps: Vec<Mishap>,
}

impl Tally {
    /// Opens `app` `count` times, one each `every`, and waits for all.
    pub async fn of(person: &Person, app: &App, count: u32, every: Duration) -> Self {
        let mut open = JoinSet::new();
        let began = Instant::now();
        for index in 0..count {
            let (person, app) = (person.clone(), app.clone());
            open.spawn(async move {
                tokio::time::sleep_until(began + every * index).await;
                person.open(&app).await.map(|session| session.first_byte())
            });
        }
        let mut tally = Self::default();
        while let Some(done) = open.join_next().await {
            tally.count(done.unwrap_or(Err(Mishap::Died)));
        }
        tally
    }

    /// Counts one opening.
    pub fn count(&mut self, outcome: Result<Duration, Mishap>) {
        match outcome {
            Ok(first_byte) => self.first_bytes.push(first_byte),
            Err(mishap) => self.mishaps.push(mishap),
        }
    }

    /// How many worked.
    pub const fn opened(&self) -> usize {
        self.first_bytes.len()
    }

    /// What a person saw fail.
    pub fn mishaps(&self) -> &[Mishap] {
        &self.mishaps
    }

    /// The time to the first byte that `percent` of those that worked did not exceed (nearest rank).
    pub fn first_byte(&self, percent: usize) -> Option<Duration> {
        let mut sorted = self.first_bytes.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied()
    }
}
