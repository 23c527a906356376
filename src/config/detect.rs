//! `[detect]`: the numbers of the detection rules (§3.9), one key each, read into [`crate::health::Params`]. What they mean
//! and their defaults are told there; here stands how far they may be moved.

use super::reader::{Item, Section};
use crate::health::{BlockGate, Budget, Hold, Idle, Keep, Line, Mode, Params, Recover, Suspect, TaintTimes};
use crate::model::{ServiceId, TransportId};
use std::ops::RangeInclusive;
use std::time::Duration;

/// Reads `[detect]`; `bare` are the ways that use the person's own line. Says so where two numbers contradict.
/// `unasked_calls` are the services whose calls nobody can be asked about.
pub(super) fn read(root: &Section<'_>, bare: Vec<TransportId>, unasked_calls: Vec<ServiceId>) -> Params {
    let usual = Params { bare, unasked_calls, ..Params::default() };
    let Some(section) = root.section("detect") else { return usual };
    let read = params(&section, usual);
    let hold = &read.hold;
    for (contradicts, more, less) in [
        (read.block_at < read.switch_at, "block_at", "switch_at"),
        (hold.cap < hold.start, "hold.cap", "hold.start"),
        (hold.relapse_cap < hold.relapse_start, "hold.relapse_cap", "hold.relapse_start"),
    ] {
        if contradicts {
            let _: Option<()> =
                section.fail(format!("{more} is below {less}"), format!("expected {more} to be at least {less}"));
        }
    }
    section.finish();
    read
}

/// Fills a struct whose keys are its fields: each with what it was, and how it is read.
macro_rules! fields {
    ($section:expr, $usual:expr, $type:ident { $($field:ident: $read:expr,)* } $($keep:ident),*) => {{
        let (section, usual) = ($section, $usual);
        $type { $($field: section.or(stringify!($field), usual.$field, $read),)* $($keep: usual.$keep,)* }
    }};
}

/// Reads a table of its own under `[detect]`.
macro_rules! table {
    ($type:ident { $($field:ident: $read:expr,)* }) => {
        |item: &Item<'_>| {
            let section = item.section()?;
            let read = fields!(&section, $type::default(), $type { $($field: $read,)* });
            section.finish();
            Some(read)
        }
    };
}

fn params(section: &Section<'_>, usual: Params) -> Params {
    fields!(section, usual, Params {
        mode: mode,
        line: line,
        connect_timeout: span,
        first_byte_timeout: span,
        stall_timeout: span,
        dns_timeout: span,
        dns_late_window: span,
        race_first_byte: span,
        race_connect: span,
        endpoint_stagger: span,
        max_inflight_per_sni: count,
        score_half_life: span,
        switch_at: score,
        block_at: score,
        anchor_min_ok: share,
        anchor_max_loss: share,
        anchor_every: span,
        taint: table!(TaintTimes { sni_rst: span, sni_drop: span, quic: span, burst: span, unknown: span, }),
        block: table!(BlockGate { endpoints: count, tries: count, span: span, syns: count, }),
        suspect: table!(Suspect { at: |item| list(item, span), recheck: span, apart: span, }),
        hold: table!(Hold {
            start: span,
            factor: score,
            cap: span,
            jitter: share,
            relapse_start: span,
            relapse_cap: span,
        }),
        recover: table!(Recover {
            successes: count,
            min_gap: span,
            min_span: span,
            body_bytes: count,
            canary: |item| list(item, share),
            canary_step: span,
        }),
        idle: table!(Idle {
            every: span,
            tls_every: span,
            jitter: share,
            only_used_within: span,
            quiet_after: span,
            settle: from_to,
            unused_every: span,
            active_every: span,
            standby_every: span,
        }),
        budget: table!(Budget {
            per_service: bytes,
            total: bytes,
            metered: bytes,
            daily: bytes,
            body_checks_per_day: count,
        }),
        state: table!(Keep { ttl: span, }),
    } bare, unasked_calls)
}

/// Below, timers would spin; above, nothing would ever happen.
const SPANS: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(30 * 24 * 3600);

fn from_to(item: &Item<'_>) -> Option<(Duration, Duration)> {
    let spans: Vec<Duration> = item.list()?.iter().map(span).collect::<Option<_>>()?;
    match spans.as_slice() {
        [from, to] if from <= to => Some((*from, *to)),
        _ => item.fail("these are not two spans of time in order", "expected two, as [\"10s\", \"3m\"]"),
    }
}

fn span(item: &Item<'_>) -> Option<Duration> {
    item.duration(SPANS)
}

fn count(item: &Item<'_>) -> Option<u32> {
    item.integer(1..=100_000_000).and_then(|number| u32::try_from(number).ok())
}

fn score(item: &Item<'_>) -> Option<f64> {
    item.number(1.0..=100.0)
}

fn share(item: &Item<'_>) -> Option<f64> {
    item.number(0.0..=1.0)
}

fn bytes(item: &Item<'_>) -> Option<u64> {
    item.size(0)
}

fn list<T>(item: &Item<'_>, read: impl Fn(&Item<'_>) -> Option<T>) -> Option<Vec<T>> {
    let items = item.list()?;
    if items.is_empty() {
        return item.fail("this is empty", "expected at least one value");
    }
    items.iter().map(read).collect()
}

fn mode(item: &Item<'_>) -> Option<Mode> {
    let words =
        [("off", Mode::Off), ("passive", Mode::Passive), ("normal", Mode::Normal), ("diagnose", Mode::Diagnose)];
    item.one_of(&words)
}

fn line(item: &Item<'_>) -> Option<Line> {
    item.one_of(&[("unmetered", Line::Unmetered), ("metered", Line::Metered)])
}
