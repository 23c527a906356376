//! T9: a transfer that stops after some kilobytes ("16–20 KB curtain"), without a reset. The whole art is not to take
//! a quiet connection for a frozen one: silence counts only while something is *owed*, and only in the first
//! kilobytes, where the censors cut.

use super::On;
use super::throttle::{self, LEAST_SPAN, Window};
use crate::model::{Cause, Failure, Sign};
use std::time::Duration;

/// Censors cut after 1 KB at the least …
const LEAST: u64 = 1_024;
/// … and 100 KB at the most (14–34 KB measured, up to 69 KB reported, thresholds rising).
const MOST: u64 = 100 * 1_024;
/// A silence this many round trips long is no late packet.
const TRIPS: u32 = 6;
/// What is owed by the letter of the protocol and does not come for 4 s: the client is to be told within 6.
const CERTAIN: Duration = Duration::from_secs(4);
/// An answer that only seems owed is waited for twice as long.
const LIKELY: Duration = Duration::from_secs(8);
/// Where several transfers stand still at once, so much is a reason to look for another way.
pub const STALL: Duration = Duration::from_millis(1_500);
/// One unanswered question may be a long poll; so many in a row, asked again, are not.
const ASKED: u32 = 3;

/// What the other side owes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owed {
    /// Nothing: both are content.
    Nothing,
    /// The acknowledgement of bytes we sent.
    Acknowledgement,
    /// The rest of a TLS record, or of another frame with a length.
    RestOfRecord,
    /// The rest of a body of known length.
    RestOfBody,
    /// An answer, if what was sent is a question: so many flights have been sent since the last byte came.
    Answer {
        /// Flights sent since.
        asked: u32,
    },
}

/// A relayed flow at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Bytes received from the far end so far.
    pub received: u64,
    /// Time since the last of them.
    pub quiet: Duration,
    /// What is owed.
    pub owed: Owed,
    /// How long it has been owed without any progress.
    pub owed_for: Duration,
    /// The round-trip time.
    pub rtt: Duration,
}

impl Flow {
    /// For how long what is owed has not come. An idle connection that only now sends something has been quiet for long,
    /// but owes since a moment.
    pub fn waited(&self) -> Duration {
        self.quiet.min(self.owed_for)
    }
}

/// Whether a flow is frozen.
pub fn frozen(flow: &Flow) -> Option<Sign> {
    let patience = match flow.owed {
        Owed::Nothing => return None,
        Owed::Answer { asked } if asked < ASKED => return None,
        Owed::Answer { .. } => LIKELY,
        Owed::Acknowledgement | Owed::RestOfRecord | Owed::RestOfBody => CERTAIN,
    };
    (flow.waited() >= patience.max(flow.rtt * TRIPS)).then(|| stopped(flow.received)).flatten()
}

/// Whether it stands still in the middle of something, at whatever byte.
pub fn stalled(flow: &Flow) -> bool {
    flow.owed == Owed::RestOfRecord && flow.waited() >= STALL.max(flow.rtt * TRIPS)
}

/// Whether it has carried more than a freeze lets pass, and goes on.
pub fn goes_on(flow: &Flow) -> bool {
    flow.received > MOST && flow.quiet < STALL
}

/// Whether it has stood still for so long that nobody waits for it any more.
pub fn given_up(flow: &Flow) -> bool {
    stalled(flow) && flow.waited() >= LIKELY
}

/// What a failure in or after the handshake is a sign of.
pub(super) fn sign(cause: Cause, failure: &Failure, on: On) -> Option<Sign> {
    let received = failure.received;
    match cause {
        Cause::GenericTimeoutError if trickles(failure, on).is_some() => trickles(failure, on),
        Cause::GenericTimeoutError | Cause::StalledAfterBytes if received > MOST => None,
        Cause::GenericTimeoutError | Cause::StalledAfterBytes => Some(stopped(received).unwrap_or(Sign::Silence)),
        // Servers end streams as they like.
        Cause::EofError => None,
        _ => Some(Sign::Silence),
    }
}

/// Bytes came to the very end, too slowly for the whole to come in time: it did not stop (T10).
fn trickles(failure: &Failure, on: On) -> Option<Sign> {
    let facts = failure.tcp.filter(|_| on == On::Bare)?;
    let alive = facts.last_data_received < CERTAIN && failure.elapsed >= LEAST_SPAN;
    let (bytes, span) = (failure.received, failure.elapsed);
    throttle::slow(&Window { bytes, span, busy: span }).filter(|_| alive)
}

fn stopped(received: u64) -> Option<Sign> {
    let kilobytes = u16::try_from(received / 1_024).unwrap_or(u16::MAX);
    (LEAST..=MOST).contains(&received).then_some(Sign::Frozen { kilobytes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Stage, TcpFacts, Whose};

    const RTT: Duration = Duration::from_millis(40);

    fn flow(received: u64, quiet: u64, owed: Owed) -> Flow {
        let quiet = Duration::from_secs(quiet);
        Flow { received, quiet, owed, owed_for: quiet, rtt: RTT }
    }

    #[test]
    fn the_measured_freezes_are_noticed_within_six_seconds() {
        for received in [14_232, 21_472, 33_056, 69_000] {
            for owed in [Owed::RestOfRecord, Owed::RestOfBody, Owed::Acknowledgement] {
                assert_eq!(frozen(&flow(received, 3, owed)), None);
                let kilobytes = u16::try_from(received / 1024).unwrap();
                assert_eq!(frozen(&flow(received, 5, owed)), Some(Sign::Frozen { kilobytes }));
            }
        }
    }

    #[test]
    fn a_quiet_connection_is_never_frozen() {
        for quiet in [1, 10, 100, 1_000, 100_000] {
            for received in [500, 4_000, 16_000, 90_000, 5_000_000] {
                assert_eq!(frozen(&flow(received, quiet, Owed::Nothing)), None, "idle");
                assert_eq!(frozen(&flow(received, quiet, Owed::Answer { asked: 1 })), None, "long poll");
                assert_eq!(frozen(&flow(received, quiet, Owed::Answer { asked: 2 })), None, "long poll and a ping");
            }
        }
    }

    #[test]
    fn an_idle_connection_that_wakes_is_not_frozen_at_once() {
        let woken = Flow { owed_for: Duration::from_millis(50), ..flow(16_000, 600, Owed::Acknowledgement) };
        assert_eq!(frozen(&woken), None);
    }

    #[test]
    fn only_the_first_kilobytes_freeze() {
        assert_eq!(frozen(&flow(300, 60, Owed::RestOfRecord)), None);
        assert_eq!(frozen(&flow(2_000_000, 60, Owed::RestOfRecord)), None);
    }

    #[test]
    fn a_transfer_stands_still_at_any_byte_and_only_in_the_middle_of_something() {
        let stall = |received, quiet, owed| {
            let flow = Flow { quiet, owed_for: quiet, ..flow(received, 0, owed) };
            (stalled(&flow), given_up(&flow))
        };
        let (short, late, long) = (STALL / 2, STALL, LIKELY);
        for received in [600, 16_000, 5_000_000] {
            assert_eq!(stall(received, short, Owed::RestOfRecord), (false, false));
            assert_eq!(stall(received, late, Owed::RestOfRecord), (true, false));
            assert_eq!(stall(received, long, Owed::RestOfRecord), (true, true));
            for owed in [Owed::Nothing, Owed::Answer { asked: 9 }, Owed::RestOfBody] {
                assert_eq!(stall(received, long, owed), (false, false), "{owed:?} may take its time");
            }
        }
        let slow = Flow { rtt: Duration::from_secs(1), ..flow(16_000, 5, Owed::RestOfRecord) };
        assert!(!stalled(&slow), "a slow line gets six round trips");
    }

    #[test]
    fn a_slow_line_gets_six_round_trips() {
        let slow = Flow { rtt: Duration::from_secs(2), ..flow(16_000, 11, Owed::RestOfRecord) };
        assert_eq!(frozen(&slow), None);
        assert!(frozen(&Flow { quiet: Duration::from_secs(12), owed_for: Duration::from_secs(12), ..slow }).is_some());
    }

    #[test]
    fn what_trickles_is_slow_and_not_frozen() {
        let timed_out = |last: u64| Failure {
            received: 9_000,
            tcp: Some(TcpFacts { last_data_received: Duration::from_secs(last), ..TcpFacts::default() }),
            ..Failure::new(Stage::Body, Cause::GenericTimeoutError, Whose::Network).after(Duration::from_secs(15))
        };
        let judged = |failure: &Failure, on| sign(failure.cause, failure, on);
        assert_eq!(judged(&timed_out(1), On::Bare), Some(Sign::Slow { kilobytes_per_second: 0 }));
        assert_eq!(judged(&timed_out(9), On::Bare), Some(Sign::Frozen { kilobytes: 8 }));
        assert_eq!(
            judged(&timed_out(1), On::Tunnel),
            Some(Sign::Frozen { kilobytes: 8 }),
            "not that connection's facts"
        );
    }

    #[test]
    fn questions_asked_again_and_again_are_owed_an_answer() {
        assert_eq!(frozen(&flow(16_000, 7, Owed::Answer { asked: 3 })), None);
        assert!(frozen(&flow(16_000, 8, Owed::Answer { asked: 3 })).is_some());
    }
}
