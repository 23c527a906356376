//! Every question over every way, once, on command: what `byway probe` shows. Two at a time, one per service, each
//! row told as soon as it is known; what is found goes to the board as well.

use super::ask::Answer;
use super::prober::Prober;
use super::round::Question;
use super::spec::Kind;
use crate::model::{Facet, Failure, L4, Route, ServiceId, Technique, TransportId};
use std::time::Duration;
use tokio::sync::mpsc;

/// One cell of the matrix.
#[derive(Clone, Debug)]
pub struct MatrixRow {
    /// The service.
    pub service: ServiceId,
    /// Its facet.
    pub facet: Facet,
    /// Streams or packets.
    pub l4: L4,
    /// Over which way.
    pub transport: TransportId,
    /// What came of it.
    pub outcome: Result<Answer, Failure>,
    /// What a failure alone points at.
    pub technique: Option<Technique>,
    /// How long it took.
    pub took: Duration,
}

impl Prober {
    /// The cells that [`Prober::ask_once`] will fill, in its order: every service, or one; every way, or one. A way
    /// that the user's rule forbids a service is not among them, nor a tunnel without packets for calls; nor QUIC, which
    /// apps do without.
    pub fn cells(&self, service: Option<&ServiceId>, via: Option<&TransportId>) -> Vec<Route> {
        let mut cells: Vec<Route> = Vec::new();
        let asked = self.rounds.specs.iter().filter(|spec| !matches!(spec.kind, Kind::Quic(_)));
        for spec in asked.filter(|spec| service.is_none_or(|id| spec.service == *id)) {
            for way in self.rounds.ways.iter().filter(|way| via.is_none_or(|id| way.id == *id)) {
                let (service, facet, l4) = (spec.service.clone(), spec.facet, spec.l4);
                let carries = l4 == L4::Tcp || way.packets.is_some();
                let cell = Route { service, facet, transport: way.id.clone(), l4 };
                if carries && self.rounds.is_allowed(&spec.service, way) && !cells.contains(&cell) {
                    cells.push(cell);
                }
            }
        }
        cells
    }

    /// Asks each of [`Prober::cells`] once and sends its row. Ends early when nobody listens any more.
    pub async fn ask_once(
        &self,
        service: Option<&ServiceId>,
        via: Option<&TransportId>,
        rows: mpsc::Sender<MatrixRow>,
    ) {
        use futures_util::StreamExt;
        let cells = futures_util::stream::iter(self.cells(service, via));
        let width = self.rounds.asker.settings.max_inflight.max(1);
        let mut found = cells.map(|cell| self.fill(cell)).buffer_unordered(width);
        while let Some(row) = found.next().await {
            if let Some(row) = row
                && rows.send(row).await.is_err()
            {
                return;
            }
        }
    }

    async fn fill(&self, route: Route) -> Option<MatrixRow> {
        let gate = self.gate(&route.service);
        let _turn = gate.lock().await;
        let question: Question<'_> = self.rounds.question(&route)?;
        let (asked, technique) = self.rounds.ask_and_tell(&question).await;
        let Route { service, facet, transport, l4 } = route;
        let outcome = asked.outcome.map(|(answer, _)| answer);
        Some(MatrixRow { service, facet, l4, transport, outcome, technique, took: asked.took })
    }
}
