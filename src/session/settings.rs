//! How long a session waits before it lets another way try.

use crate::model::Moment;
use std::time::Duration;

/// The patience of connections. Defaults reach the numbers of the failover goals: a SYN swallowed is left after
/// half a second, a silent first flight after 0.7 to 1.5 s, both before an app shows an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The least time a TCP connect gets before the next way starts beside it. 300 ms: above three round trips
    /// of an ordinary line.
    pub race_connect_min: Duration,
    /// The most. 500 ms: with a tunnel of 120 ms the first byte still comes within a second.
    pub race_connect_max: Duration,
    /// The least time a first flight gets before it is replayed on the next way. 700 ms.
    pub race_first_byte_min: Duration,
    /// The most. 1.5 s: with the tunnel's own dial the first byte still comes within 2.5 s.
    pub race_first_byte_max: Duration,
    /// When a dial is given up. 4 s: covers SYN resends at 1 and 3 s.
    pub connect_timeout: Duration,
    /// A first flight that has had no byte back for this long is a failure even where nothing else was tried. 5 s.
    pub first_byte_timeout: Duration,
    /// How long after its first flight a silent loser is watched, to tell slow from blocked. 3 s: by then the kernel
    /// has sent a swallowed hello again often enough to know it.
    pub autopsy: Duration,
    /// When a silence that the kernel could not name yet is looked at again. 8 s.
    pub second_look: Duration,
    /// Bytes of a first flight that are held for replay. 64 KiB.
    pub held_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            race_connect_min: Duration::from_millis(300),
            race_connect_max: Duration::from_millis(500),
            race_first_byte_min: Duration::from_millis(700),
            race_first_byte_max: Duration::from_millis(1500),
            connect_timeout: Duration::from_secs(4),
            first_byte_timeout: Duration::from_secs(5),
            autopsy: Duration::from_secs(3),
            second_look: Duration::from_secs(8),
            held_bytes: 64 << 10,
        }
    }
}

impl Settings {
    /// How long a connect may take before the next way starts beside it: three round trips, within bounds.
    pub(super) fn connect_window(&self, rtt: Option<Duration>) -> Duration {
        rtt.map_or(self.race_connect_max, |rtt| (rtt * 3).clamp(self.race_connect_min, self.race_connect_max))
    }

    /// How long a first flight may go unanswered before it is replayed: three round trips and 300 ms for the
    /// server's own work, within bounds.
    pub(super) fn first_byte_window(&self, rtt: Option<Duration>) -> Duration {
        let rtt = rtt.unwrap_or(Duration::from_millis(200));
        (rtt * 3 + Duration::from_millis(300)).clamp(self.race_first_byte_min, self.race_first_byte_max)
    }
}

/// When something began, on both clocks a session needs: the board's line and the timers'.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    /// On the board's line, for evidence.
    pub(super) moment: Moment,
    /// On the timers' clock.
    pub(super) instant: tokio::time::Instant,
}
