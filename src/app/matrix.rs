//! A live matrix for the operator: each service over each way is asked once, and every answer told as it comes.

use super::Byway;
use crate::control::{Cell, ProbeItem};
use crate::model::{Confidence, Grade, Ground, LinkState, Route, ServiceId, TransportId};
use crate::probe::MatrixRow;
use futures_util::stream::{BoxStream, StreamExt};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// The steps of a live matrix. Dropping the stream stops the tests.
pub(super) fn probe_items(
    byway: Arc<Byway>,
    service: Option<ServiceId>,
    via: Option<TransportId>,
) -> BoxStream<'static, ProbeItem> {
    let prober = byway.prober();
    let cells = prober.cells(service.as_ref(), via.as_ref());
    let started = ProbeItem::Started { routes: u32::try_from(cells.len()).unwrap_or(u32::MAX) };
    let (items, found) = mpsc::channel(4);
    let stop = CancellationToken::new();
    let guard = stop.clone().drop_guard();
    let controls_of = Arc::clone(&byway);
    byway.tasks().spawn_until_stop("probe on request", async move {
        let work = async {
            let link = prober.check_link().await;
            let snapshot = controls_of.board.snapshot();
            let ground = if snapshot.link == link { snapshot.ground } else { Ground::NotAsked };
            if items.send(ProbeItem::Controls { link, ground }).await.is_err() {
                return;
            }
            let (rows, mut told) = mpsc::channel(4);
            let ask = prober.ask_once(service.as_ref(), via.as_ref(), rows);
            let pass_on = async {
                while let Some(row) = told.recv().await {
                    if items.send(ProbeItem::Cell(cell(&controls_of, row, link))).await.is_err() {
                        return;
                    }
                }
            };
            tokio::join!(ask, pass_on);
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = work => {}
        }
    });
    let rest = futures_util::stream::unfold((found, guard), |(mut found, guard)| async move {
        found.recv().await.map(|item| (item, (found, guard)))
    });
    futures_util::stream::iter([started]).chain(rest).boxed()
}

fn cell(byway: &Byway, row: MatrixRow, link: LinkState) -> Cell {
    let route = Route { service: row.service, facet: row.facet, transport: row.transport, l4: row.l4 };
    // Controls before blame: on a line that is not well, a failure is nobody's doing.
    let technique = row.technique.filter(|_| link == LinkState::Online);
    let standing = byway.board.snapshot().standing(&route).cloned();
    let generation = byway.generation.load();
    let spec = generation.settings.services.iter().find(|spec| spec.service.id == route.service);
    let words = match &row.outcome {
        Ok(answer) if answer.grade == Grade::A => String::from("answered, and proved who it is"),
        Ok(_) => String::from("answered"),
        Err(failure) => failure.to_string(),
    };
    Cell {
        title: spec.map_or_else(|| route.service.to_string(), |spec| spec.service.title.clone()),
        answered: Some(row.outcome.is_ok()),
        took_ms: u32::try_from(row.took.as_millis()).unwrap_or(u32::MAX),
        technique,
        confidence: standing.map_or(Confidence::Inconclusive, |standing| standing.confidence),
        words,
        service: route.service,
        facet: route.facet,
        transport: route.transport,
        l4: route.l4,
    }
}
