//! byway whole, in the lab's country, in virtual time.

mod doctor;
mod examination;
mod moves;
mod report;

use super::demo::{OnStage, stage};
use super::log;
use crate::lab::demo::{HURRY, Row, acts, play, table};
use crate::lab::people::Door;
use std::net::SocketAddr;
use std::sync::Arc;

/// Plays the acts whose titles hold `words`, and shows what came of them.
async fn played(words: &str) -> Vec<Row> {
    if std::env::var_os("BYWAY_TEST_LOG").is_some() {
        log::start(tracing::Level::DEBUG, false);
    }
    let (byway, country) = stage(HURRY).await.unwrap();
    let host = Arc::clone(&byway);
    let enter: Door = Arc::new(move || {
        let byway = Arc::clone(&host);
        Box::pin(async move {
            let (near, far) = tokio::io::duplex(256 << 10);
            let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
            tokio::spawn(async move { byway.visit(Box::new(far), peer, None).await });
            Ok(Box::new(near) as crate::net::Stream)
        })
    });
    let product = Arc::new(OnStage { byway: Arc::clone(&byway), enter });
    let chosen: Vec<_> = acts().into_iter().filter(|act| act.title.contains(words)).collect();
    assert!(!chosen.is_empty(), "no act is called {words}");
    let rows = play(&country, product, &chosen, |_| ()).await.unwrap();
    byway.stop().await;
    rows
}

async fn is_as_it_should_be(words: &str) {
    for row in played(words).await {
        assert!(row.as_expected && row.visible_failures == 0, "\n{}{row:?}", table(std::slice::from_ref(&row)));
    }
}

macro_rules! acts {
    ($($name:ident: $title:literal;)*) => {
        $(#[tokio::test(start_paused = true)]
        async fn $name() {
            is_as_it_should_be($title).await;
        })*
    };
}

acts! {
    vanished_addresses_are_named_and_left: "addresses vanish";
    refused_connections_are_named_and_left: "connections refused";
    a_reset_on_the_name_is_named_and_left: "reset on the name";
    a_swallowed_hello_is_named_and_left: "hello swallowed";
    a_swallowed_answer_is_named_and_left: "answer swallowed";
    a_forged_name_is_named_and_does_no_harm: "name forged";
    a_freeze_is_named_and_left: "frozen after";
    nobody_is_blamed_when_the_service_is_down: "service down";
    nobody_is_blamed_when_the_cable_is_out: "cable out";
}

#[tokio::test(start_paused = true)]
async fn all_acts_in_a_row_end_as_they_should_within_a_minute_and_a_half() {
    let began = tokio::time::Instant::now();
    is_as_it_should_be("").await;
    assert!(began.elapsed() < std::time::Duration::from_secs(90), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_watchdog_is_fed_by_a_byway_that_runs_and_not_by_one_whose_loops_ended() {
    let (byway, _country) = stage(HURRY).await.unwrap();
    byway.open_doors().unwrap();
    let patience = std::time::Duration::from_secs(3);
    assert_eq!(byway.answers(patience).await, Ok(()));
    byway.stop().await;
    assert_eq!(byway.answers(patience).await, Err("a door"));
}
