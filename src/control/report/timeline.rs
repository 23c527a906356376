//! Which way each service took, and when, drawn from the history: what the page and the terminal show as bands. Time
//! of which nothing is known stays empty, and so does time in which byway did not run.

use super::Status;
use super::ledger::Window;
use crate::control::{Entry, Stamp};
use crate::model::{Facet, Phase, Record, ServiceId, TransportId};

/// One facet's band.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// The service.
    pub service: ServiceId,
    /// Its name for people.
    pub title: String,
    /// The facet.
    pub facet: Facet,
    /// Its ways, one after the other.
    pub spans: Vec<LaneSpan>,
    /// When one of its routes was found blocked, and over which way.
    pub blocks: Vec<(Stamp, TransportId)>,
}

/// A time on one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneSpan {
    /// From.
    pub from: Stamp,
    /// Until.
    pub until: Stamp,
    /// Which; `None` while none was left.
    pub way: Option<TransportId>,
}

/// A band for each facet of the status, over `window`. `entries` (oldest first) may begin before it, so that the way
/// that was in use at its beginning is known.
pub fn lanes(entries: &[Entry], status: &Status, window: Window) -> Vec<Lane> {
    let facets = status.services.iter().flat_map(|service| service.facets.iter().map(move |facet| (service, facet)));
    let lane = |(service, facet): (&super::ServiceLine, &super::FacetLine)| {
        let mut pen = Pen::new(window);
        let mut blocks = Vec::new();
        for Entry { at, record } in entries {
            match record {
                Record::Started => pen.started(*at),
                Record::Stopped => pen.stopped(*at),
                Record::Way(change) if change.service == service.id && change.facet == facet.facet => {
                    pen.way(*at, change.from.as_ref(), change.to.clone());
                }
                Record::Transition(change)
                    if change.to == Phase::Blocked
                        && change.route.service == service.id
                        && change.route.facet == facet.facet
                        && *at >= window.since =>
                {
                    blocks.push((*at, change.route.transport.clone()));
                }
                _ => {}
            }
            pen.last = Some(*at);
        }
        Lane {
            service: service.id.clone(),
            title: service.title.clone(),
            facet: facet.facet,
            spans: pen.finish(facet.way.as_ref(), facet.since),
            blocks,
        }
    };
    facets.map(lane).collect()
}

/// Draws one band.
struct Pen {
    window: Window,
    spans: Vec<LaneSpan>,
    /// Since when byway runs; the beginning of the window when it ran before the first record.
    began: Option<Stamp>,
    open: Option<(Stamp, Option<TransportId>)>,
    last: Option<Stamp>,
}

impl Pen {
    const fn new(window: Window) -> Self {
        Self { window, spans: Vec::new(), began: Some(window.since), open: None, last: None }
    }

    /// Where no stop was recorded, the last record before a start ends what was open.
    fn started(&mut self, at: Stamp) {
        self.close(self.last.unwrap_or(at));
        self.began = Some(at);
    }

    fn stopped(&mut self, at: Stamp) {
        self.close(at);
        self.began = None;
    }

    fn way(&mut self, at: Stamp, from: Option<&TransportId>, to: Option<TransportId>) {
        if let (None, Some(from), Some(began)) = (&self.open, from, self.began) {
            self.open = Some((began, Some(from.clone())));
        }
        self.close(at);
        self.open = Some((at, to));
    }

    fn close(&mut self, until: Stamp) {
        let Some((from, way)) = self.open.take() else { return };
        let (from, until) = (from.max(self.window.since), until.min(self.window.until));
        if from < until {
            self.spans.push(LaneSpan { from, until, way });
        }
    }

    /// The way that is taken now holds since it was first taken, where no record says so.
    fn finish(mut self, way: Option<&TransportId>, since: Option<Stamp>) -> Vec<LaneSpan> {
        if let (None, Some(way), Some(since), Some(began)) = (&self.open, way, since, self.began) {
            self.open = Some((since.max(began), Some(way.clone())));
        }
        self.close(self.window.until);
        self.spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::tests::world::fixed_status;
    use crate::model::WayChange;

    fn at(min: u64) -> Stamp {
        Stamp::from_secs(1_000_000 + min * 60)
    }

    fn way(min: u64, from: Option<&str>, to: Option<&str>) -> Entry {
        let change = WayChange {
            service: "whatsapp".into(),
            facet: Facet::Text,
            from: from.map(Into::into),
            to: to.map(Into::into),
            why: String::new(),
            delay_ms: 0,
        };
        Entry { at: at(min), record: Record::Way(change) }
    }

    fn drawn(entries: &[Entry]) -> Vec<(u64, u64, String)> {
        let mut status = fixed_status();
        status.services[1].facets[0].since = Some(at(90));
        let lanes = lanes(entries, &status, Window { since: at(10), until: at(100) });
        let lane = lanes.into_iter().find(|lane| lane.service.as_str() == "whatsapp").unwrap();
        let minutes = |stamp: Stamp| (stamp.as_secs() - 1_000_000) / 60;
        let name = |way: Option<TransportId>| way.map_or("-".to_owned(), |way| way.to_string());
        lane.spans.into_iter().map(|span| (minutes(span.from), minutes(span.until), name(span.way))).collect()
    }

    #[test]
    fn a_switch_ends_one_way_and_begins_another() {
        let past = [way(30, Some("direct"), Some("tokyo")), way(50, Some("tokyo"), None)];
        assert_eq!(
            drawn(&past),
            [(10, 30, "direct".into()), (30, 50, "tokyo".into()), (50, 100, "-".into())],
            "the way before the first switch is the one it left"
        );
    }

    #[test]
    fn what_was_before_the_window_reaches_into_it() {
        assert_eq!(drawn(&[way(0, None, Some("direct"))]), [(10, 100, "direct".into())]);
    }

    #[test]
    fn time_off_stays_empty() {
        let off = |min, record| Entry { at: at(min), record };
        let stopped = [way(20, None, Some("direct")), off(40, Record::Stopped), off(60, Record::Started)];
        assert_eq!(drawn(&stopped), [(20, 40, "direct".into()), (90, 100, "direct".into())]);
        let killed = [way(20, None, Some("direct")), off(35, Record::Reloaded), off(60, Record::Started)];
        assert_eq!(drawn(&killed)[0], (20, 35, "direct".into()), "the last sign of life ends it");
    }
}
