//! Apps that hang up on the first thing a TLS server says. Who is met by a stranger's certificate sends no more than
//! an alert and goes; nothing else of it is seen from outside, and to a relay the stranger's bytes are an answer like
//! any other. One such end is a person who changed their mind, or a race that another connection won. Two in a row,
//! with nobody served in between, are a reason to ask the server ourselves.

use super::flow::Flow;
use super::flows::Flows;
use crate::model::{Keyed, Route};
use crate::net::{Ended, Side};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A TLS alert with what may stand before it has 30 bytes at most (RFC 8446 §5, §6); the least that a client goes on
/// with has 58 (§4.4.4).
const ALERT: u64 = 48;
/// A server that shows a certificate says at least this much; an alert of its own is shorter.
const SHOWN: u64 = 200;
/// Hang-ups further apart than this are two stories.
const IN_A_ROW: Duration = Duration::from_secs(120);
/// Connections begun so shortly before the first of them belong to the same race.
const SAME_RACE: Duration = Duration::from_secs(5);

/// Routes on which somebody hung up, and since when.
#[derive(Default)]
pub(super) struct Hangups(Mutex<Keyed<Route, Streak>>);

#[derive(Clone, Copy)]
struct Streak {
    began: Instant,
    last: Instant,
}

impl Hangups {
    /// Somebody hung up on a connection begun at `began`; when the last one did so shortly before, since when.
    fn another(&self, route: &Route, began: Instant, now: Instant) -> Option<Instant> {
        let mut streaks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = streaks.get(route).filter(|streak| now - streak.last <= IN_A_ROW).map(|streak| streak.began);
        streaks.insert(route.clone(), Streak { began: before.unwrap_or(began), last: now });
        before
    }

    /// Somebody was served.
    fn served(&self, route: &Route) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(route);
    }
}

/// What the end of a connection shows of its greeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Greeting {
    /// The client went on after the server's first words.
    Served,
    /// It hung up on them.
    HungUp,
    /// Neither can be told.
    Unclear,
}

/// Tells from the client's first flight, of so many bytes, and from how the connection ended.
pub(super) fn greeting(is_tls: bool, flight: u64, flow: &Flow, end: &Ended) -> Greeting {
    let further = flow.meter.up().saturating_sub(flight);
    if !is_tls || flow.meter.down() < SHOWN {
        Greeting::Unclear
    } else if further >= ALERT {
        Greeting::Served
    } else if end.first == Some(Side::Client) {
        Greeting::HungUp
    } else {
        Greeting::Unclear
    }
}

impl Flows {
    /// A connection ended so; whether it is the second in a row that was hung up on with nobody served in between.
    pub(super) fn is_shunned(&self, flow: &Flow, greeting: Greeting) -> bool {
        match greeting {
            Greeting::Unclear => false,
            Greeting::Served => {
                self.hangups.served(&flow.route);
                false
            }
            Greeting::HungUp => {
                let since = self.hangups.another(&flow.route, flow.start.instant, Instant::now());
                since.is_some_and(|since| !self.is_another_served(flow, since - SAME_RACE))
            }
        }
    }

    /// Whether another connection on this route, begun since then, is up and was answered.
    fn is_another_served(&self, than: &Flow, since: Instant) -> bool {
        let served = |flow: &Flow| flow.start.instant >= since && flow.meter.down() >= SHOWN;
        self.live().iter().any(|flow| !std::ptr::eq(&**flow, than) && flow.route == than.route && served(flow))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Facet, L4, Moment};
    use crate::session::flow::Birth;
    use crate::session::settings::Start;
    use std::sync::Arc;

    fn flow(up: usize, down: usize) -> Arc<Flow> {
        let route = Route { service: "signal".into(), facet: Facet::Text, transport: "direct".into(), l4: L4::Tcp };
        let start = Start { moment: Moment::default(), instant: Instant::now() };
        let flow = Flow::new(
            Birth { route, start, endpoint: None, rtt: None, bare: true, protocol: crate::inbound::Protocol::Socks5 },
            true,
        );
        flow.meter.add_up(up);
        flow.meter.add_down(down);
        Arc::new(flow)
    }

    fn ended(first: Side) -> Ended {
        Ended { first: Some(first), outcome: Ok(()) }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_sends_an_alert_and_goes_has_hung_up() {
        let greeting = |up, down, first| greeting(true, 500, &flow(up, down), &ended(first));
        assert_eq!(greeting(500, 3000, Side::Client), Greeting::HungUp);
        assert_eq!(greeting(530, 3000, Side::Client), Greeting::HungUp);
        assert_eq!(greeting(564, 3000, Side::Client), Greeting::Served);
        assert_eq!(greeting(500, 7, Side::Client), Greeting::Unclear, "a server's own alert");
        assert_eq!(greeting(500, 3000, Side::Server), Greeting::Unclear, "the server went first");
    }

    #[tokio::test(start_paused = true)]
    async fn the_second_in_a_row_is_a_sign_unless_somebody_is_served() {
        let flows = Flows::default();
        let flow = || flow(530, 3000);
        let own = flow();
        let entry = flows.enter(&own);
        assert!(!flows.is_shunned(&flow(), Greeting::HungUp), "a person who changed their mind");
        assert!(flows.is_shunned(&own, Greeting::HungUp), "its own connection serves nobody");
        flows.leave(entry);
        assert!(!flows.is_shunned(&flow(), Greeting::Served));
        assert!(!flows.is_shunned(&flow(), Greeting::HungUp), "the story began anew");
        tokio::time::advance(IN_A_ROW + Duration::from_secs(1)).await;
        assert!(!flows.is_shunned(&flow(), Greeting::HungUp), "another story");
        let winner = flow();
        flows.enter(&winner);
        assert!(!flows.is_shunned(&flow(), Greeting::HungUp), "a race that another connection won");
    }
}
