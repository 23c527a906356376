//! Is the line itself well? The controls that come before any blame (detection rules §1.3: C0 a default route, C1 a
//! captive portal, C2 neutral places abroad, C3 domestic places, C11 the clock). Run once for all services, kept for
//! a while; what the answers mean is judged elsewhere.

use super::ask::Asker;
use super::exchange::Fault;
use super::https::{Page, Query, over_http1};
use super::size;
use super::spec::{Anchors, CaptiveCheck, Method, Spec};
use super::tap::Tap;
use crate::judge::clock::DAY;
use crate::judge::link::{Anchor, Canary, Clock, Controls};
use crate::judge::mtu;
use crate::model::{Cause, Destination, Failure};
use crate::net::{Deadline, Network, Stream, connect_any};
use crate::transport::Transport;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::net::SocketAddr;
use std::time::Duration;

/// Asks only two captive-portal canaries: whether the line is still there. `None` when that leaves a doubt, or two
/// are not known.
pub(super) async fn run_lightly(asker: &Asker, anchors: &Anchors, network: &dyn Network) -> Option<Controls> {
    let two = asker.sources.chance.some(&anchors.captive, 2);
    let [one, other] = two.as_slice() else { return None };
    if !(asker.sources.has_default_route)() {
        return None;
    }
    for check in [one, other] {
        if ask_canary(asker, check, network).await.0 != Canary::Exact {
            return None;
        }
    }
    Some(Controls { canaries: vec![Canary::Exact; 2], ..Controls::default() })
}

/// The least patience a control needs: all of them together must not keep a person waiting.
const PATIENCE: Duration = Duration::from_secs(4);
/// Domestic places asked, when no foreign one answers: two must answer to tell a whitelist from an outage (T17).
const DOMESTIC: usize = 3;

/// Runs the controls over `way`, the bare one where there is one.
pub(super) async fn run(asker: &Asker, anchors: &Anchors, way: Option<&Transport>, network: &dyn Network) -> Controls {
    let mut found = Controls { unplugged: !(asker.sources.has_default_route)(), ..Controls::default() };
    if found.unplugged {
        return found;
    }
    let chance = &asker.sources.chance;
    let mut dates = Vec::new();
    // One vendor's canary; another's only when it is altered: one page in one place is no portal.
    for check in chance.some(&anchors.captive, 2) {
        let (canary, date) = ask_canary(asker, check, network).await;
        found.canaries.push(canary);
        dates.extend(date);
        if canary != Canary::Altered {
            break;
        }
    }
    if !found.canaries.is_empty() && found.canaries.iter().all(|canary| *canary == Canary::Altered) {
        return found;
    }
    let Some(way) = way else { return found };
    let order = chance.some(&anchors.neutral, anchors.neutral.len());
    let (first, others) = order.split_at(asker.settings.anchors_per_run.min(order.len()));
    let hurried = hurried(asker);
    let mut swallowed = Vec::new();
    for part in [first, others] {
        // The others are asked only when one of the first is silent: it may be that one's own fault.
        if part.as_ptr() == first.as_ptr() || found.neutral.contains(&Anchor::Nothing) {
            for said in ask_all(&hurried, part, way).await {
                found.neutral.push(said.anchor);
                dates.extend(said.date);
                swallowed.extend(said.swallowed);
            }
        }
    }
    if !found.neutral.iter().any(|said| matches!(said, Anchor::Answered(_))) {
        let exact = found.canaries.iter().filter(|canary| **canary == Canary::Exact).count();
        found.mtu_hole = mtu::is_hole(&size::compare(&hurried, way, &swallowed, exact).await);
        let some = chance.some(&anchors.domestic, DOMESTIC);
        found.domestic = ask_all(&hurried, &some, way).await.into_iter().map(|said| said.anchor).collect();
    }
    dates.sort_unstable();
    found.date = dates.get(dates.len() / 2).copied();
    found.clock = clock((asker.sources.unix_now)(), found.date);
    found
}

/// What one anchor brought.
struct Said<'a> {
    anchor: Anchor,
    date: Option<u64>,
    /// Where it was asked, when it took the connection and then nothing came: large packets may vanish (C10).
    swallowed: Option<(&'a Spec, &'a Destination)>,
}

/// An asker whose patience ends before a control's does, so that a failure is told and not only noticed.
fn hurried(asker: &Asker) -> Asker {
    let mut hurried = asker.clone();
    let least = PATIENCE.saturating_sub(Duration::from_millis(500));
    hurried.settings.first_byte_timeout = least.min(asker.settings.first_byte_timeout);
    hurried.settings.stall_timeout = least.min(asker.settings.stall_timeout);
    hurried
}

/// Asks each of `places`.
async fn ask_all<'a>(asker: &Asker, places: &[&'a Spec], way: &Transport) -> Vec<Said<'a>> {
    // Slots keep the number at once down.
    places.iter().map(|spec| ask_one(asker, spec, way)).collect::<FuturesUnordered<_>>().collect().await
}

async fn ask_one<'a>(asker: &Asker, spec: &'a Spec, way: &Transport) -> Said<'a> {
    let nothing = Said { anchor: Anchor::Nothing, date: None, swallowed: None };
    let Some(target) = spec.targets.get(asker.sources.chance.below(spec.targets.len())) else { return nothing };
    let _slot = asker.slot().await;
    match Deadline::after(PATIENCE).run(asker.ask_now(way, spec, target)).await.map(|asked| asked.outcome) {
        Some(Ok((answer, date))) => Said { anchor: Anchor::Answered(answer.first_byte), date, ..nothing },
        Some(Err(failure)) if is_foreign_key(&failure) => Said { anchor: Anchor::ForeignKey, ..nothing },
        Some(Err(failure)) if size::is_swallowed(&failure) => Said { swallowed: Some((spec, target)), ..nothing },
        _ => nothing,
    }
}

/// Whether the certificate was not the service's.
pub(super) fn is_foreign_key(failure: &Failure) -> bool {
    matches!(failure.cause, Cause::SslUnknownAuthority | Cause::SslInvalidHostname | Cause::SslInvalidCertificate)
}

/// Asks a captive-portal canary, by the system's own resolver: a portal speaks to every device through it.
async fn ask_canary(asker: &Asker, check: &CaptiveCheck, network: &dyn Network) -> (Canary, Option<u64>) {
    let _slot = asker.slot().await;
    let deadline = Deadline::after(PATIENCE);
    match deadline.run(fetch(asker, check, network, deadline)).await {
        Some(Some(page)) => {
            let body_fits = check.body.as_ref().is_none_or(|body| page.body == body.as_bytes());
            let canary = if page.status == check.status && body_fits { Canary::Exact } else { Canary::Altered };
            // Whoever answers in its place knows no better than we what the time is.
            (canary, page.date().filter(|_| canary == Canary::Exact))
        }
        Some(None) | None => (Canary::Nothing, None),
    }
}

async fn fetch(asker: &Asker, check: &CaptiveCheck, network: &dyn Network, deadline: Deadline) -> Option<Page> {
    let stream = connect(check, network, deadline).await?;
    let (tap, stream) = Tap::on(stream);
    let query = Query {
        host: &check.target.host,
        port: check.target.port,
        path: &check.path,
        method: Method::Get,
        body_bytes: check.body.as_ref().map_or(0, |body| u32::try_from(body.len()).unwrap_or(u32::MAX) + 1),
        user_agent: &asker.settings.user_agent,
    };
    let fetched: Result<_, Fault> = over_http1(stream, &query, &tap).await;
    let (page, farewell) = fetched.ok()?;
    asker.linger(farewell);
    Some(page)
}

async fn connect(check: &CaptiveCheck, network: &dyn Network, deadline: Deadline) -> Option<Stream> {
    let host = &check.target.host;
    let addrs = match (host.ip(), host.name()) {
        (Some(ip), _) => vec![ip],
        (None, Some(name)) => network.system_lookup(name).await.ok()?,
        (None, None) => return None,
    };
    let addrs: Vec<SocketAddr> = addrs.into_iter().map(|ip| SocketAddr::new(ip, check.target.port)).collect();
    connect_any(network, &addrs, deadline).await.ok()
}

/// Whether our clock and the middle one of theirs are on the same day (C11).
fn clock(ours: u64, theirs: Option<u64>) -> Clock {
    match theirs {
        None => Clock::Unknown,
        Some(middle) if ours.abs_diff(middle) > DAY => Clock::Wrong,
        Some(_) => Clock::Right,
    }
}

/// The dates that `places` tell inside TLS, by certificates that are valid by the asker's calendar.
pub(super) async fn dates(asker: &Asker, places: &[&Spec], way: &Transport) -> Vec<Option<u64>> {
    ask_all(&hurried(asker), places, way).await.into_iter().map(|said| said.date).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_right_within_a_day() {
        let now = 1_785_542_400;
        assert_eq!(clock(now, Some(now + DAY)), Clock::Right);
        assert_eq!(clock(now, Some(now - 2 * DAY)), Clock::Wrong);
        assert_eq!(clock(now, None), Clock::Unknown);
    }
}
