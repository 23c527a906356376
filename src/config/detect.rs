//! `[detect]`: the numbers of the detection rules (§3.9), one key each. What they mean is told where they are used;
//! here stand their defaults and how far they may be moved.

use super::reader::{Item, Section};
use std::ops::RangeInclusive;
use std::time::Duration;

/// How much is done to find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing is believed: each connection finds out for itself.
    Off,
    /// People's own connections are watched; nothing is sent for the sake of knowing.
    Passive,
    /// Watching, and probes of services in use, within the budget.
    Normal,
    /// As normal, and discriminating pairs on command.
    Diagnose,
}

/// What the line costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// Bytes are free.
    Unmetered,
    /// Bytes are paid for.
    Metered,
}

macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty = $default:expr, $about:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $(#[doc = $about] pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl $name {
            fn read_from(section: &Section<'_>) -> Self {
                let usual = Self::default();
                Self { $($field: section.or(stringify!($field), usual.$field, Setting::read),)* }
            }
        }

        impl Setting for $name {
            fn read(item: &Item<'_>) -> Option<Self> {
                let section = item.section()?;
                let read = Self::read_from(&section);
                section.finish();
                Some(read)
            }
        }
    };
}

/// A value that may stand under `[detect]`.
trait Setting: Sized {
    fn read(item: &Item<'_>) -> Option<Self>;
}

/// A share or a fraction, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share(pub f64);

/// A size in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes(pub u64);

section! {
    /// All the numbers.
    Detect {
        mode: Mode = Mode::Normal, "How much is done to find out.";
        line: Line = Line::Unmetered, "Whether bytes are paid for.";
        connect_timeout: Duration = secs(4), "Covers the SYN sent again after 1 s and 3 s.";
        first_byte_timeout: Duration = secs(5), "Covers a hello sent again after 0.3, 0.6, 1.2 and 2.4 s.";
        stall_timeout: Duration = secs(8), "Without a byte while one is owed.";
        dns_timeout: Duration = secs(4), "For one look-up.";
        dns_late_window: Duration = secs(2), "A second answer within this tells of an injection.";
        race_first_byte: Duration = Duration::from_millis(1500), "Without a server byte the next way starts.";
        race_connect: Duration = secs(1), "Without a connection the next way starts.";
        endpoint_stagger: Duration = Duration::from_millis(500), "Between two endpoints of one service.";
        max_inflight_per_sni: u32 = 2, "TLS dials to one name at a time: the fourth is punished somewhere.";
        score_half_life: Duration = secs(600), "Old evidence fades within the minutes in which blocks come and go.";
        switch_at: f64 = 2.0, "The score from which other ways go first.";
        block_at: f64 = 5.0, "The score a verdict needs at least.";
        anchor_min_ok: Share = Share(0.75), "The share of anchors that must answer before anybody is blamed.";
        anchor_max_loss: Share = Share(0.10), "The loss on anchors at which nothing is concluded.";
        anchor_every: Duration = secs(600), "Between two runs of the controls when nothing happens.";
        taint: Taint = Taint::default(), "How long a censor punishes after a trigger.";
        block: Block = Block::default(), "What a verdict needs beside the score.";
        suspect: Suspect = Suspect::default(), "How a suspicion is followed up.";
        hold: Hold = Hold::default(), "How long a blocked route is left alone.";
        recover: Recover = Recover::default(), "What it takes to trust a route again.";
        idle: Idle = Idle::default(), "Probing when nothing happens.";
        budget: Budget = Budget::default(), "The most that probes may spend.";
        state: Keep = Keep::default(), "How long beliefs are kept.";
    }
}

section! {
    /// `[detect.taint]`: attempts at a punished endpoint within these count nothing.
    Taint {
        sni_rst: Duration = secs(75), "After a reset on a name.";
        sni_drop: Duration = secs(420), "After a dropped hello or a muted answer.";
        quic: Duration = secs(420), "After a dropped QUIC Initial.";
        burst: Duration = secs(130), "After a burst was punished.";
        unknown: Duration = secs(180), "When the trigger is not known.";
    }
}

section! {
    /// `[detect.block]`: what a verdict needs beside the score.
    Block {
        endpoints: u32 = 2, "Distinct endpoints: one alone may be dead.";
        tries: u32 = 2, "Tries each: one alone may be a lost packet.";
        span: Duration = secs(30), "Between the first and the last: shorter may be one hiccup.";
    }
}

section! {
    /// `[detect.suspect]`: how a suspicion is followed up.
    Suspect {
        at: Vec<Duration> = vec![secs(20), secs(45), secs(90)], "Probes so long after the suspicion.";
        recheck: Duration = secs(120), "Until a failure on every way is looked at again.";
    }
}

section! {
    /// `[detect.hold]`: how long a blocked route is left alone.
    Hold {
        start: Duration = secs(300), "Until the first probe.";
        factor: f64 = 2.0, "What each fruitless probe multiplies the wait by.";
        cap: Duration = secs(3600), "The longest wait.";
        jitter: Share = Share(0.3), "Each wait is multiplied by a random number this far around 1.";
        relapse_start: Duration = secs(900), "After the first relapse; doubles with each.";
        relapse_cap: Duration = secs(6 * 3600), "The longest after relapses.";
    }
}

section! {
    /// `[detect.recover]`: what it takes to trust a route again.
    Recover {
        successes: u32 = 3, "Validated answers.";
        min_gap: Duration = secs(300), "Between two that count.";
        min_span: Duration = secs(900), "Between the first and the last.";
        body_bytes: u32 = 65_536, "How much one of them must carry: freezes begin below.";
        canary: Vec<Share> = [0.0, 0.1, 0.5, 1.0].map(Share).to_vec(), "The share of connections lent, by stage.";
        canary_step: Duration = secs(300), "How long each stage stays clean.";
    }
}

section! {
    /// `[detect.idle]`: probing when nothing happens.
    Idle {
        every: Duration = secs(900), "For cheap probes.";
        tls_every: Duration = secs(1800), "For those that need TLS.";
        jitter: Share = Share(0.5), "Each wait is multiplied by a random number this far around 1.";
        only_used_within: Duration = secs(24 * 3600), "Services not used for so long are left alone.";
        quiet_after: Duration = secs(1800), "Without any use nothing is probed after this.";
        unused_every: Duration = secs(6 * 3600), "For services never used on this network.";
        active_every: Duration = secs(240), "For the tunnel in use, without news of it.";
        standby_every: Duration = secs(750), "For one of the other tunnels, in turn.";
    }
}

section! {
    /// `[detect.budget]`: the most that probes may spend, with TCP and IP overhead.
    Budget {
        per_service: Bytes = Bytes(60_000), "An hour, for one service.";
        total: Bytes = Bytes(250_000), "An hour, for all.";
        metered: Bytes = Bytes(30_000), "An hour, for all, on a metered line.";
        daily: Bytes = Bytes(3_000_000), "A day.";
        body_checks_per_day: u32 = 1, "Transfers of 64 KB a day and service.";
    }
}

section! {
    /// `[detect.state]`: how long beliefs are kept.
    Keep {
        ttl: Duration = secs(24 * 3600), "About a network that was left.";
        persist: bool = false, "Whether they are written to disk.";
    }
}

impl Detect {
    /// Reads `[detect]`, and says so where two numbers contradict each other.
    pub(super) fn read(root: &Section<'_>) -> Self {
        let Some(section) = root.section("detect") else { return Self::default() };
        let read = Self::read_from(&section);
        if read.block_at < read.switch_at {
            let _: Option<()> =
                section.fail("block_at is below switch_at", "expected block_at to be at least switch_at");
        }
        if read.hold.cap < read.hold.start {
            let _: Option<()> =
                section.fail("hold.cap is below hold.start", "expected hold.cap to be at least hold.start");
        }
        section.finish();
        read
    }
}

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// Below, timers would spin; above, nothing would ever happen.
const SPANS: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(30 * 24 * 3600);

impl Setting for Duration {
    fn read(item: &Item<'_>) -> Option<Self> {
        item.duration(SPANS)
    }
}

impl Setting for u32 {
    fn read(item: &Item<'_>) -> Option<Self> {
        item.integer(1..=100_000_000).and_then(|number| Self::try_from(number).ok())
    }
}

impl Setting for f64 {
    fn read(item: &Item<'_>) -> Option<Self> {
        item.number(1.0..=100.0)
    }
}

impl Setting for bool {
    fn read(item: &Item<'_>) -> Option<Self> {
        item.flag()
    }
}

impl Setting for Share {
    fn read(item: &Item<'_>) -> Option<Self> {
        item.number(0.0..=1.0).map(Self)
    }
}

impl Setting for Bytes {
    fn read(item: &Item<'_>) -> Option<Self> {
        item.size(0).map(Self)
    }
}

impl<T: Setting> Setting for Vec<T> {
    fn read(item: &Item<'_>) -> Option<Self> {
        let items = item.list()?;
        if items.is_empty() {
            return item.fail("this is empty", "expected at least one value");
        }
        items.iter().map(T::read).collect()
    }
}

impl Setting for Mode {
    fn read(item: &Item<'_>) -> Option<Self> {
        let words =
            [("off", Self::Off), ("passive", Self::Passive), ("normal", Self::Normal), ("diagnose", Self::Diagnose)];
        item.one_of(&words)
    }
}

impl Setting for Line {
    fn read(item: &Item<'_>) -> Option<Self> {
        item.one_of(&[("unmetered", Self::Unmetered), ("metered", Self::Metered)])
    }
}
