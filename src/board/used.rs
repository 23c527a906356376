//! Which routes people's connections took lately. The keeper is told of each once a second, not once a connection: what it
//! makes of it is a matter of minutes.

use crate::model::{Keyed, Moment, Route};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What was told is told again after this.
const STALE: Duration = Duration::from_secs(1);

/// When the keeper was last told of each route.
#[derive(Default)]
pub(super) struct Used(Mutex<Keyed<Route, Moment>>);

impl Used {
    /// Whether the keeper is to be told that `route` is taken now.
    pub(super) fn is_news(&self, route: &Route, now: Moment) -> bool {
        let mut told = self.lock();
        match told.get_mut(route) {
            Some(at) if now.since(*at) < STALE => false,
            Some(at) => {
                *at = now;
                true
            }
            None => {
                told.insert(route.clone(), now);
                true
            }
        }
    }

    /// What the keeper knew, it may have forgotten: it is told of every route anew.
    pub(super) fn forget(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Keyed<Route, Moment>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Facet, L4};

    #[test]
    fn a_route_is_told_once_a_second_and_anew_after_a_change() {
        let used = Used::default();
        let route = |service: &str| Route {
            service: service.into(),
            facet: Facet::Text,
            transport: "direct".into(),
            l4: L4::Tcp,
        };
        let is_news = |service, millis| used.is_news(&route(service), Moment::from_millis(millis));
        assert_eq!([0, 1, 999, 1000, 1001].map(|at| is_news("telegram", at)), [true, false, false, true, false]);
        assert!(is_news("signal", 1001), "each route for itself");
        used.forget();
        assert!(is_news("telegram", 1002));
    }
}
