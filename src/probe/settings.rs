//! How patient the prober is, and how it hides in ordinary traffic.

use crate::model::ServiceId;
use std::time::Duration;

/// The prober's numbers; detection rules §1.1, §3.6, §3.9, §4.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// For a TCP handshake. 4 s: it covers the SYN's repetitions after 1 and 3 s.
    pub connect_timeout: Duration,
    /// For a name, before the handshake can begin. 4 s: a slow resolver's answer still counts.
    pub dns_timeout: Duration,
    /// For opening a stream through a tunnel, handshakes with its server included. 8 s: two round trips more than bare.
    pub tunnel_timeout: Duration,
    /// For the first byte after ours went out, or six round trips when that is longer. 5 s: it covers four
    /// repetitions, which tell a dropped hello from a muted answer.
    pub first_byte_timeout: Duration,
    /// Without a byte while an answer is owed. 8 s: beyond any ordinary pause, as the field's tools wait.
    pub stall_timeout: Duration,
    /// For a whole probe. 15 s; reading a body may take as long again.
    pub probe_timeout: Duration,
    /// For a packet's answer. 5 s: three repetitions after 0.5, 1 and 2 s (RFC 8489 §6.2.1) have gone by.
    pub udp_timeout: Duration,
    /// How long what the controls said vouches for a failure. 10 s, as the rules for evidence have it.
    pub controls_fresh: Duration,
    /// Controls asked for so long after the last were not asked for by a failure, and two captive-portal canaries
    /// are enough: 1.5 KB instead of 12 KB. 5 min: the shortest gap of the routine ones.
    pub controls_routine: Duration,
    /// Neutral anchors asked in one run; the others only when one of them is silent. 2 of at least 4, so that no
    /// run looks like the last.
    pub anchors_per_run: usize,
    /// Probes at once, over all services. 2: more would be seen.
    pub max_inflight: usize,
    /// Whether a failure may be looked into with a discriminating pair.
    pub pairs: bool,
    /// The least time between two pairs about one route. 420 s: the longest residual block (T19).
    pub pair_gap: Duration,
    /// Whether a body of 64 KB may be read before a route is trusted again. Not where bytes are paid for.
    pub bodies: bool,
    /// How long an answered connection is kept before it is closed, as an app would: this to the next.
    pub linger_min: Duration,
    /// See `linger_min`.
    pub linger_max: Duration,
    /// What an HTTP request says of itself: that of a common browser, for a rare one stands out.
    pub user_agent: String,
    /// Services in one autonomous system: no two of a group are probed at the same time.
    pub together: Vec<Vec<ServiceId>>,
}

impl Default for Settings {
    fn default() -> Self {
        let secs = Duration::from_secs;
        Self {
            connect_timeout: secs(4),
            dns_timeout: secs(4),
            tunnel_timeout: secs(8),
            first_byte_timeout: secs(5),
            stall_timeout: secs(8),
            probe_timeout: secs(15),
            udp_timeout: secs(5),
            controls_fresh: secs(10),
            controls_routine: secs(300),
            anchors_per_run: 2,
            max_inflight: 2,
            pairs: true,
            pair_gap: secs(420),
            bodies: true,
            linger_min: secs(1),
            linger_max: secs(5),
            user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned(),
            together: vec![["whatsapp", "messenger", "instagram"].map(ServiceId::from).to_vec()],
        }
    }
}
