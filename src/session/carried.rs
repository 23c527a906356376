//! How people's connections fared on each route since somebody last asked: counts only, no places, no times.

use crate::model::{Carried, Keyed, Route};
use std::sync::{Mutex, PoisonError};

/// What became of a connection, as the app saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The destination answered.
    Answered,
    /// It answered here after another way before had failed.
    Saved,
    /// The app saw a failure, with this route as the last one tried.
    Lost,
}

/// The counts of all routes since the last reading.
#[derive(Debug, Default)]
pub(super) struct Fates(Mutex<Keyed<Route, Carried>>);

impl Fates {
    /// Counts one connection. One that was answered and lost later is counted as both.
    pub(super) fn count(&self, route: Route, fate: Fate) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = counts.entry(route).or_insert_with_key(|route| Carried {
            route: route.clone(),
            answered: 0,
            saved: 0,
            lost: 0,
        });
        match fate {
            Fate::Answered => entry.answered = entry.answered.saturating_add(1),
            Fate::Saved => {
                entry.answered = entry.answered.saturating_add(1);
                entry.saved = entry.saved.saturating_add(1);
            }
            Fate::Lost => entry.lost = entry.lost.saturating_add(1),
        }
    }

    /// The counts, which begin anew; in the order of their routes.
    pub(super) fn take(&self) -> Vec<Carried> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken: Vec<_> = std::mem::take(&mut *counts).into_values().collect();
        drop(counts);
        taken.sort_by_cached_key(|carried| carried.route.to_string());
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Facet, L4};

    fn route(transport: &str) -> Route {
        Route { service: "telegram".into(), facet: Facet::Text, transport: transport.into(), l4: L4::Tcp }
    }

    #[test]
    fn counts_begin_anew_with_every_reading() {
        let fates = Fates::default();
        for fate in [Fate::Answered, Fate::Saved, Fate::Lost, Fate::Answered] {
            fates.count(route("tokyo"), fate);
        }
        fates.count(route("direct"), Fate::Lost);
        let taken = fates.take();
        assert_eq!(taken.len(), 2);
        assert_eq!(taken[0], Carried { route: route("direct"), answered: 0, saved: 0, lost: 1 });
        assert_eq!(taken[1], Carried { route: route("tokyo"), answered: 3, saved: 1, lost: 1 });
        assert!(fates.take().is_empty());
    }
}
