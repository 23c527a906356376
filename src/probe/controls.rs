//! Is the line itself well? The controls that come before any blame (detection rules §1.3: C0 a default route, C1 a
//! captive portal, C2 neutral places abroad, C3 domestic places, C11 the clock). Run once for all services, kept for
//! a while; what the answers mean is judged elsewhere.

use super::ask::Asker;
use super::exchange::Fault;
use super::https::{Page, Query, over_http1};
use super::spec::{Anchors, CaptiveCheck, Method, Spec};
use super::tap::Tap;
use crate::model::{Cause, Failure};
use crate::net::{Deadline, Network, Stream, connect_any};
use crate::transport::Transport;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::net::SocketAddr;
use std::time::Duration;

/// What a captive-portal canary said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Canary {
    /// Exactly what it should.
    Clean,
    /// Something else: somebody answered in its place.
    Altered,
    /// Nothing.
    Silent,
}

/// What one neutral or domestic place said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It answered, and after so long.
    Answered(Duration),
    /// Its certificate was not its own.
    ForeignKey,
    /// It did not answer.
    Nothing,
}

/// What the controls saw, in one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Readings {
    /// C0.
    pub(super) has_default_route: bool,
    /// C1; `None` when it was not asked.
    pub(super) captive: Option<Canary>,
    /// C2.
    pub(super) neutral: Vec<Said>,
    /// C3; empty when it was not needed.
    pub(super) domestic: Vec<Said>,
    /// C11: our clock less theirs, in seconds.
    pub(super) clock_ahead: Option<i64>,
}

impl Readings {
    /// Whether domestic places answer and no foreign one.
    pub(super) fn is_only_home(&self) -> bool {
        let hears = |all: &[Said]| all.iter().any(|said| matches!(said, Said::Answered(_)));
        hears(&self.domestic) && !hears(&self.neutral)
    }

    /// Whether somebody answers in everybody's place, as a company's or a virus scanner's proxy does.
    pub(super) fn is_intercepted(&self) -> bool {
        self.neutral.contains(&Said::ForeignKey)
    }
}

/// Asks only two captive-portal canaries: whether the line is still there. `None` when that leaves a doubt, or two
/// are not known.
pub(super) async fn run_lightly(asker: &Asker, anchors: &Anchors, network: &dyn Network) -> Option<Readings> {
    let two = asker.sources.chance.some(&anchors.captive, 2);
    let [one, other] = two.as_slice() else { return None };
    if !(asker.sources.has_default_route)() {
        return None;
    }
    for check in [one, other] {
        if ask_canary(asker, check, network).await.0 != Canary::Clean {
            return None;
        }
    }
    let (neutral, domestic) = (Vec::new(), Vec::new());
    Some(Readings { has_default_route: true, captive: Some(Canary::Clean), neutral, domestic, clock_ahead: None })
}

/// The least patience a control needs: all of them together must not keep a person waiting.
const PATIENCE: Duration = Duration::from_secs(4);

/// Runs the controls over `way`, the bare one where there is one.
pub(super) async fn run(asker: &Asker, anchors: &Anchors, way: Option<&Transport>, network: &dyn Network) -> Readings {
    let mut readings = Readings {
        has_default_route: (asker.sources.has_default_route)(),
        captive: None,
        neutral: Vec::new(),
        domestic: Vec::new(),
        clock_ahead: None,
    };
    if !readings.has_default_route {
        return readings;
    }
    let chance = &asker.sources.chance;
    let mut dates = Vec::new();
    // One vendor's canary; only when it is altered, another's: one page in one place is no portal.
    for check in chance.some(&anchors.captive, 2) {
        let (canary, date) = ask_canary(asker, check, network).await;
        dates.extend(date);
        if readings.captive.is_none() || canary == Canary::Clean {
            readings.captive = Some(canary);
        }
        if canary != Canary::Altered {
            break;
        }
    }
    if readings.captive == Some(Canary::Altered) {
        return readings;
    }
    let Some(way) = way else { return readings };
    let order = chance.some(&anchors.neutral, anchors.neutral.len());
    let (first, others) = order.split_at(asker.settings.anchors_per_run.min(order.len()));
    for part in [first, others] {
        // The others are asked only when one of the first is silent: it may be that one's own fault.
        if part.as_ptr() == first.as_ptr() || readings.neutral.contains(&Said::Nothing) {
            let (said, when) = ask_all(asker, part, way).await;
            readings.neutral.extend(said);
            dates.extend(when);
        }
    }
    if !readings.neutral.iter().any(|said| matches!(said, Said::Answered(_))) {
        let two = chance.some(&anchors.domestic, 2);
        readings.domestic = ask_all(asker, &two, way).await.0;
    }
    readings.clock_ahead = clock_ahead((asker.sources.unix_now)(), &mut dates);
    readings
}

/// Asks each of `places`.
async fn ask_all(asker: &Asker, places: &[&Spec], way: &Transport) -> (Vec<Said>, Vec<u64>) {
    // Slots keep the number at once down.
    let mut asked: FuturesUnordered<_> = places.iter().map(|spec| ask_one(asker, spec, way)).collect();
    let mut answers: Vec<(Said, Option<u64>)> = Vec::new();
    while let Some(answer) = asked.next().await {
        answers.push(answer);
    }
    let dates = answers.iter().filter_map(|(_, date)| *date).collect();
    (answers.into_iter().map(|(said, _)| said).collect(), dates)
}

async fn ask_one(asker: &Asker, spec: &Spec, way: &Transport) -> (Said, Option<u64>) {
    let Some(target) = spec.targets.get(asker.sources.chance.below(spec.targets.len())) else {
        return (Said::Nothing, None);
    };
    let _slot = asker.slot().await;
    match Deadline::after(PATIENCE).run(asker.ask_now(way, spec, target)).await.map(|asked| asked.outcome) {
        Some(Ok((answer, date))) => (Said::Answered(answer.first_byte), date),
        Some(Err(failure)) if is_foreign_key(&failure) => (Said::ForeignKey, None),
        _ => (Said::Nothing, None),
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
            let canary = if page.status == check.status && body_fits { Canary::Clean } else { Canary::Altered };
            // Whoever answers in its place knows no better than we what the time is.
            (canary, page.date().filter(|_| canary == Canary::Clean))
        }
        Some(None) | None => (Canary::Silent, None),
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

/// How far our clock is ahead of the middle one of theirs.
fn clock_ahead(ours: u64, theirs: &mut [u64]) -> Option<i64> {
    theirs.sort_unstable();
    let middle = *theirs.get(theirs.len() / 2)?;
    Some(i64::try_from(ours).ok()?.saturating_sub(i64::try_from(middle).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wrong_server_does_not_make_our_clock_wrong() {
        assert_eq!(clock_ahead(1000, &mut [990, 5, 1001]), Some(10));
        assert_eq!(clock_ahead(1000, &mut [4000]), Some(-3000));
        assert_eq!(clock_ahead(1000, &mut []), None);
    }
}
