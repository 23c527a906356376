//! The numbers of the detection rules (§3.9 and the tables of §3.2–§3.6), one field per key of `[detect]`, each
//! default with its reason. Refuses to know where they come from: `config` fills them.
//!
//! The peers' fastest way back to a direct route is two minutes; three validated successes over a quarter of an
//! hour are slower on purpose, because protocol blocks return 5–15 minutes after a flow was recognised (§0.5).
//! Whoever prefers the fast way back (or shows it, as the demo does) shortens [`Hold`] and [`Recover`].

use crate::model::{Facet, L4, Route, ServiceId, TransportId};
use std::time::Duration;

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

const fn mins(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

/// How much byway does to find out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Nothing is believed: each connection finds out for itself.
    Off,
    /// People's own connections are watched; nothing is sent for the sake of knowing, not even to the anchors: a
    /// failure counts only if another way, or another service, answered at about that time.
    Passive,
    /// Watching, and probes of services in use, within the budget.
    #[default]
    Normal,
    /// As normal, and discriminating pairs on command.
    Diagnose,
}

/// What the line costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Line {
    /// Bytes are free.
    #[default]
    Unmetered,
    /// Bytes are paid for: the small budget, and no body checks.
    Metered,
}

/// All the numbers, `[detect]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Params {
    /// How much is done to find out.
    pub mode: Mode,
    /// Whether bytes are paid for.
    pub line: Line,
    /// The transports that use the person's own line to the destination itself. The first of them is the one
    /// whose routes are probed for each service; the others are stand-bys.
    pub bare: Vec<TransportId>,
    /// Services whose calls nobody can be asked about: their relays are given to people only. They are looked into when
    /// people's packets get no answer, and never else.
    pub unasked_calls: Vec<ServiceId>,
    /// 4 s covers the SYN sent again after 1 s and 3 s.
    pub connect_timeout: Duration,
    /// 5 s covers a hello sent again after .3, .6, 1.2 and 2.4 s.
    pub first_byte_timeout: Duration,
    /// 8 s without a byte while one is owed is a freeze.
    pub stall_timeout: Duration,
    /// 4 s for a look-up, as OONI does.
    pub dns_timeout: Duration,
    /// 2 s after the first answer, a slow second one still tells of an injection.
    pub dns_late_window: Duration,
    /// 1.5 s without a server byte starts the next way.
    pub race_first_byte: Duration,
    /// 500 ms without a connection starts the next way: with a tunnel of 120 ms the first byte comes within 1 s.
    pub race_connect: Duration,
    /// 500 ms between two endpoints of one service, libsignal's stagger.
    pub endpoint_stagger: Duration,
    /// Never more than 2 TLS dials to one name at a time: the fourth is punished somewhere (T16).
    pub max_inflight_per_sni: u32,
    /// 10 min: old evidence fades within the 5–15 min in which blocks appear and vanish.
    pub score_half_life: Duration,
    /// 2: one clear failure with a control, or two weak ones.
    pub switch_at: f64,
    /// 5: two clear failures, or one with a control and a weak one.
    pub block_at: f64,
    /// Three quarters of the neutral anchors must answer before anybody is blamed.
    pub anchor_min_ok: f64,
    /// At a tenth of the anchors lost, nothing is concluded.
    pub anchor_max_loss: f64,
    /// 10 min between two runs of the controls when nothing happens.
    pub anchor_every: Duration,
    /// How long a censor punishes after a trigger.
    pub taint: TaintTimes,
    /// What a verdict "blocked" needs beside the score.
    pub block: BlockGate,
    /// How a suspicion is followed up.
    pub suspect: Suspect,
    /// How long a blocked route is left alone.
    pub hold: Hold,
    /// What it takes to trust a route again.
    pub recover: Recover,
    /// Probing when nothing happens.
    pub idle: Idle,
    /// The most that probes may spend.
    pub budget: Budget,
    /// How long beliefs are kept.
    pub state: Keep,
}

/// `[detect.taint]`: attempts at a punished endpoint within these count nothing (T19).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaintTimes {
    /// 75 s after a reset on a name (measured 2022).
    pub sni_rst: Duration,
    /// 420 s after a dropped hello or a muted answer (measured 2022).
    pub sni_drop: Duration,
    /// 420 s after a dropped QUIC Initial (measured 2022).
    pub quic: Duration,
    /// 130 s after a burst was punished (reported 2026).
    pub burst: Duration,
    /// 180 s when the trigger is not known: the longest common one.
    pub unknown: Duration,
}

/// `[detect.block]`: beside the score, a verdict needs this many endpoints, tries and seconds (§3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockGate {
    /// 2 distinct endpoints: one alone may be dead.
    pub endpoints: u32,
    /// 2 tries each: one alone may be a lost packet.
    pub tries: u32,
    /// 30 s between the first and the last: shorter may be one hiccup.
    pub span: Duration,
    /// 27 SYNs without an answer are no chance. With six packets in ten lost each way a SYN is answered in 0.4 × 0.4 =
    /// 0.16 of the cases, so of 27 none is in 0.84^27 = 0.009: one case in 110. A server sends its answer again as well,
    /// which makes it rarer still. Seven connects of eight seconds (four SYNs each) have sent as many, or nine of four
    /// seconds (T10).
    pub syns: u32,
}

/// `[detect.suspect]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspect {
    /// Probes at 20, 45 and 90 s after the suspicion, outside tainted windows; no more, then the score decides.
    pub at: Vec<Duration>,
    /// 2 min until a failure on every way is looked at again.
    pub recheck: Duration,
    /// 2 s between two probes of one service at the least: never two of its endpoints at a time.
    pub apart: Duration,
}

/// `[detect.hold]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Hold {
    /// 5 min until a blocked route is probed first (7 min after a drop: the punishment lasts that long).
    pub start: Duration,
    /// Each fruitless probe doubles the wait …
    pub factor: f64,
    /// … up to an hour.
    pub cap: Duration,
    /// Each wait is multiplied by a random number from 1−0.3 to 1+0.3: no beat to recognise.
    pub jitter: f64,
    /// 15 min after the first relapse, the censor's list cycle; doubles with each …
    pub relapse_start: Duration,
    /// … up to 6 h, libsignal's long memory. Halves with each clean day.
    pub relapse_cap: Duration,
}

/// `[detect.recover]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Recover {
    /// 3 validated answers …
    pub successes: u32,
    /// … at least 5 min apart …
    pub min_gap: Duration,
    /// … over at least 15 min, longer than a protocol takes to be recognised and blocked again.
    pub min_span: Duration,
    /// One of them with 64 KB, beyond where freezes begin.
    pub body_bytes: u32,
    /// The share of new connections lent to the route, stage by stage. At the first stage only probes go.
    pub canary: Vec<f64>,
    /// 5 clean minutes a stage.
    pub canary_step: Duration,
}

/// `[detect.idle]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Idle {
    /// 15 min for cheap probes (under 2 KB).
    pub every: Duration,
    /// 30 min for those that need TLS.
    pub tls_every: Duration,
    /// Times a random number from 1−0.6 to 1+0.6: the intervals' coefficient of variation is 0.35, where ±0.5 would
    /// give 0.29, less than the 0.3 below which a beat shows.
    pub jitter: f64,
    /// Only services used within 24 h are probed.
    pub only_used_within: Duration,
    /// Nothing is probed when nobody has used anything for 30 min.
    pub quiet_after: Duration,
    /// A service never used on this network is looked at once after joining (after 10–180 s), then every 6 h.
    pub unused_every: Duration,
    /// After a join, a return or a thaw nothing is probed at once, nor together: between 10 and 180 s later.
    pub settle: (Duration, Duration),
    /// The tunnel in use is probed after 3–5 min (twice that when its probe is dear) without news of it.
    pub active_every: Duration,
    /// One of the other tunnels, in turn, every 10–15 min.
    pub standby_every: Duration,
}

/// `[detect.budget]`, in bytes with TCP and IP overhead. A hard limit: when it is spent, only traffic tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// 60 KB an hour for one service.
    pub per_service: u64,
    /// 250 KB an hour for all.
    pub total: u64,
    /// 30 KB an hour for all, on a metered line.
    pub metered: u64,
    /// 3 MB a day.
    pub daily: u64,
    /// 1 transfer of 64 KB a day and service.
    pub body_checks_per_day: u32,
}

/// `[detect.state]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Beliefs about a network are kept 24 h after it was left; a route unheard of as long is unknown again.
    /// Never on disk: where a person has been is nobody's business.
    pub ttl: Duration,
}

impl Params {
    /// Whether nobody can be asked about these calls.
    pub(super) fn is_unasked(&self, route: &Route) -> bool {
        (route.facet, route.l4) == (Facet::Calls, L4::Udp) && self.unasked_calls.contains(&route.service)
    }
}

impl Default for Params {
    fn default() -> Self {
        Self {
            mode: Mode::Normal,
            line: Line::Unmetered,
            bare: vec![TransportId::from("direct"), TransportId::from("split")],
            unasked_calls: Vec::new(),
            connect_timeout: secs(4),
            first_byte_timeout: secs(5),
            stall_timeout: secs(8),
            dns_timeout: secs(4),
            dns_late_window: secs(2),
            race_first_byte: Duration::from_millis(1500),
            race_connect: Duration::from_millis(500),
            endpoint_stagger: Duration::from_millis(500),
            max_inflight_per_sni: 2,
            score_half_life: mins(10),
            switch_at: 2.0,
            block_at: 5.0,
            anchor_min_ok: 0.75,
            anchor_max_loss: 0.10,
            anchor_every: mins(10),
            taint: TaintTimes::default(),
            block: BlockGate::default(),
            suspect: Suspect::default(),
            hold: Hold::default(),
            recover: Recover::default(),
            idle: Idle::default(),
            budget: Budget::default(),
            state: Keep::default(),
        }
    }
}

impl TaintTimes {
    /// The longest punishment there is.
    pub fn longest(&self) -> Duration {
        self.sni_rst.max(self.sni_drop).max(self.quic).max(self.burst).max(self.unknown)
    }
}

impl Default for TaintTimes {
    fn default() -> Self {
        Self { sni_rst: secs(75), sni_drop: secs(420), quic: secs(420), burst: secs(130), unknown: secs(180) }
    }
}

impl Default for BlockGate {
    fn default() -> Self {
        Self { endpoints: 2, tries: 2, span: secs(30), syns: 27 }
    }
}

impl Default for Suspect {
    fn default() -> Self {
        Self { at: vec![secs(20), secs(45), secs(90)], recheck: mins(2), apart: secs(2) }
    }
}

impl Default for Hold {
    fn default() -> Self {
        Self {
            start: mins(5),
            factor: 2.0,
            cap: mins(60),
            jitter: 0.3,
            relapse_start: mins(15),
            relapse_cap: mins(360),
        }
    }
}

impl Default for Recover {
    fn default() -> Self {
        Self {
            successes: 3,
            min_gap: mins(5),
            min_span: mins(15),
            body_bytes: 65_536,
            canary: vec![0.0, 0.1, 0.5, 1.0],
            canary_step: mins(5),
        }
    }
}

impl Default for Idle {
    fn default() -> Self {
        Self {
            every: mins(15),
            tls_every: mins(30),
            jitter: 0.6,
            only_used_within: mins(24 * 60),
            quiet_after: mins(30),
            unused_every: mins(6 * 60),
            settle: (secs(10), secs(180)),
            active_every: mins(4),
            standby_every: Duration::from_secs(750),
        }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self { per_service: 60_000, total: 250_000, metered: 30_000, daily: 3_000_000, body_checks_per_day: 1 }
    }
}

impl Default for Keep {
    fn default() -> Self {
        Self { ttl: mins(24 * 60) }
    }
}
