//! How fast do bytes come (T10)? One object of like size from a neutral place, and where it is asked for, the service's
//! own. A sample ends when enough has come or enough time has passed, and is taken on request only, never by the clock.

use super::ask::Asker;
use super::https;
use super::pair::https_of;
use super::round::{Rounds, body_bytes, price};
use super::spec::{Https, Spec};
use super::tap::Tap;
use crate::board::Goodput;
use crate::judge::throttle::rate;
use crate::model::{Destination, Sign};
use crate::net::Deadline;
use crate::transport::Transport;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// More than this need not come.
const ENOUGH: u32 = 128 * 1024;
/// Longer than this need not be waited.
const SPAN: Duration = Duration::from_secs(5);
/// As long again for the handshake, which is slow on a slow way.
const HANDSHAKE: Duration = Duration::from_secs(8);
/// How often it is looked.
const LOOK: Duration = Duration::from_millis(100);
/// A smaller object that came whole says more of round trips than of a speed.
const LEAST: u64 = 32 * 1024;
/// A window that was slow so long ago is the one that a sample was asked for.
const LATELY: Duration = Duration::from_secs(60);

impl Asker {
    /// Bytes a second of the object of `spec` over `way`; `None` when none can be told.
    pub(super) async fn goodput(&self, way: &Transport, spec: &Spec, target: &Destination) -> Option<u64> {
        let _slot = self.slot().await;
        let deadline = Deadline::after(self.settings.probe_timeout);
        let stream = self.dial(way, target, deadline).await.ok()?;
        let (tap, stream) = Tap::on(stream);
        let https = https_of(spec)?;
        let https = Https { body_bytes: https.body_bytes.min(ENOUGH), ..https.clone() };
        let began = Instant::now();
        let mut work = std::pin::pin!(https::ask(stream, &https, target, self, &tap));
        let outcome = loop {
            // Both arms are cancel-safe: the work is only polled by reference, a timer holds nothing.
            tokio::select! {
                biased;
                outcome = &mut work => break Some(outcome),
                () = sleep(LOOK) => {}
            }
            let (_, span) = tap.flow();
            if (tap.is_asked() && span >= SPAN) || began.elapsed() >= SPAN + HANDSHAKE {
                break None;
            }
        };
        let (bytes, span) = tap.flow();
        match outcome {
            Some(Ok(spoken)) => {
                self.linger(spoken.farewell);
                rate(bytes, span).filter(|_| bytes >= LEAST)
            }
            Some(Err(_)) => None,
            None => rate(bytes, span).filter(|_| bytes > 0),
        }
    }
}

impl Rounds {
    /// Takes the sample that the board asked for, and tells it. What could not be measured is not told.
    pub(super) async fn measure_goodput(&self) {
        let began = self.board.now();
        let Some(bytes_per_second) = self.neutral_goodput().await else { return };
        let tunnel = self.slow_services_goodput().await;
        self.board.goodput(Goodput { bytes_per_second, tunnel, began, at: self.board.now() });
    }

    /// Bytes a second of a neutral place's object over the bare line; another place is asked when one says nothing.
    pub(super) async fn neutral_goodput(&self) -> Option<u64> {
        let way = self.ways.iter().find(|way| way.bare)?;
        for spec in self.asker.sources.chance.some(&self.anchors.bulk, 2) {
            let Some(target) = spec.targets.first() else { continue };
            let measured = self.asker.goodput(way, spec, target).await;
            if measured.is_some() {
                return measured;
            }
        }
        None
    }

    /// The same of the object of a service that was slow just now, through its active tunnel.
    async fn slow_services_goodput(&self) -> Option<u64> {
        for spec in self.specs.iter().filter(|spec| body_bytes(spec) > 0) {
            let now = self.board.now();
            let story = self.board.story(&spec.service).await;
            let slow = story.into_iter().find(|story| {
                let is_slow = |sign| matches!(sign, Sign::Slow { .. } | Sign::Throttled);
                story.evidence.iter().any(|(fact, _)| is_slow(fact.sign) && now.since(fact.at) <= LATELY)
            });
            let Some(route) = slow.map(|story| story.route) else { continue };
            let way = self.active_tunnel(&route).filter(|way| self.is_allowed(&spec.service, way))?;
            let target = spec.targets.first()?;
            let route = crate::model::Route { transport: way.id.clone(), facet: spec.facet, ..route };
            self.board.probe_started(route.clone(), price(spec));
            let measured = self.asker.goodput(way, spec, target).await;
            self.board.probe_ended(route);
            return measured;
        }
        None
    }
}
