//! `byway demo`: the product, as it runs everywhere, in the lab's small censored country. Clients come in through a
//! real door on loopback; only what is beyond byway is simulated.

use super::stage::live_in;
use super::{Byway, log};
use crate::cli::{Exit, Failed, Style, Terminal};
use crate::lab::demo::{HURRY, Product, Row, Scene, acts, nothing_lost, play, table};
use crate::lab::people::Door;
use crate::lab::{self, Country};
use crate::model::{Facet, L4, ServiceId, Technique, TransportId, Verdict};
use crate::net::{Network, OsNetwork, Stream};
use futures_util::future::BoxFuture;
use serde::Serialize;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Plays the demo and shows its table.
pub(super) async fn demo(json: bool, terminal: &mut Terminal) -> Result<Exit, Failed> {
    log::start(tracing::Level::ERROR, false);
    let (byway, country) = stage(HURRY).await?;
    let open = byway.open_doors().map_err(|error| Failed::new(Exit::Failed, error.to_string()))?;
    let Some(door) = open.first().copied() else { return Err(Failed::new(Exit::Failed, "no door is open")) };
    terminal.note(&format!(
        "A small censored country in this process; byway's door in it is {door}. No packet leaves this machine."
    ));
    let enter: Door = Arc::new(move || Box::pin(async move { OsNetwork.connect(door).await }));
    let product = Arc::new(OnStage { byway: Arc::clone(&byway), enter });
    let rows = play(&country, product, &acts(), |scene| tell(terminal, &scene)).await;
    byway.stop().await;
    let rows = rows.map_err(|error| Failed::new(Exit::Failed, error.to_string()))?;
    if json {
        terminal.out.json(&Report::of(&rows))?;
    } else {
        terminal.out.line("")?;
        terminal.out.raw(table(&rows).as_bytes())?;
        let lost: u32 = rows.iter().map(|row| row.visible_failures).sum();
        terminal.out.line("")?;
        terminal.out.line(&format!("user-visible failures: {lost}"))?;
    }
    Ok(if nothing_lost(&rows) { Exit::Ok } else { Exit::Failed })
}

/// byway in the lab's country, with the numbers of `[detect]` that `hurry` gives.
pub(super) async fn stage(hurry: &str) -> Result<(Arc<Byway>, Country), Failed> {
    let failed = |what: &str, error: &dyn std::fmt::Display| Failed::new(Exit::Failed, format!("{what}: {error}"));
    let country = lab::World::new().start().map_err(|error| failed("the country cannot be built", &error))?;
    let byway = live_in(&country, hurry).map_err(|error| failed("the stage cannot be set", &error))?;
    tokio::task::yield_now().await;
    Ok((byway, country))
}

/// byway as the play sees it.
pub(super) struct OnStage {
    pub(super) byway: Arc<Byway>,
    pub(super) enter: Door,
}

impl Product for OnStage {
    fn connect(&self) -> BoxFuture<'static, io::Result<Stream>> {
        (self.enter)()
    }

    fn techniques(&self, service: &ServiceId) -> Vec<Technique> {
        let snapshot = self.byway.board.snapshot();
        let bare = TransportId::from("direct");
        let mine = snapshot.standings.iter().filter(|(route, _)| route.service == *service && route.transport == bare);
        let named = mine.filter_map(|(_, standing)| match standing.verdict {
            Verdict::Blocked(how) | Verdict::Degraded(how) => Some(how),
            Verdict::Works | Verdict::Down | Verdict::Unclear => None,
        });
        named.collect()
    }

    fn way(&self, service: &ServiceId) -> Option<TransportId> {
        let routing = self.byway.sessions.routing();
        let plan = routing.plan_for(service, Facet::Text, L4::Tcp, &self.byway.board);
        plan.attempts.first().map(|attempt| attempt.transport.clone())
    }
}

/// Tells the spectator what happens, as it happens.
fn tell(terminal: &mut Terminal, scene: &Scene<'_>) {
    let words = match scene {
        Scene::Begins(act) => format!("\n{} ({})", act.title, act.service),
        Scene::Falls(_) => String::from("  it falls; people go on"),
        Scene::Lifts(_) => String::from("  it is over"),
        Scene::Ends(_, row) => {
            let called = row.called.map_or("nobody is blamed", Technique::name);
            let style = if row.as_expected { Style::Good } else { Style::Bad };
            let mark = if row.as_expected { "as it should be" } else { "NOT as it should be" };
            terminal.out.paint(style, &format!("  {called}; {} failures seen; {mark}", row.visible_failures))
        }
    };
    terminal.note(&words);
}

/// The report for machines.
#[derive(Serialize)]
struct Report {
    schema: u32,
    nothing_lost: bool,
    rows: Vec<RowReport>,
}

#[derive(Serialize)]
struct RowReport {
    block: &'static str,
    service: &'static str,
    called: Option<Technique>,
    carried_on_ms: Option<u64>,
    visible_failures: u32,
    reconnects: u32,
    way: Option<TransportId>,
    returned_ms: Option<u64>,
    as_expected: bool,
}

impl Report {
    fn of(rows: &[Row]) -> Self {
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let row = |row: &Row| RowReport {
            block: row.block,
            service: row.service,
            called: row.called,
            carried_on_ms: row.carried_on.map(millis),
            visible_failures: row.visible_failures,
            reconnects: row.reconnects,
            way: row.way.clone(),
            returned_ms: row.returned.map(millis),
            as_expected: row.as_expected,
        };
        Self { schema: 1, nothing_lost: nothing_lost(rows), rows: rows.iter().map(row).collect() }
    }
}
