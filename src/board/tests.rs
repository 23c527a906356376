//! The board end to end, on paused time.

use super::*;
use crate::model::{Facet, Grade, Ground, L4, LinkState, Phase, Sign, Source, TransportId, Twin};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

fn route(service: &str, transport: &str) -> Route {
    Route {
        service: ServiceId::from(service),
        facet: Facet::Text,
        transport: TransportId::from(transport),
        l4: L4::Tcp,
    }
}

fn fact(board: &Board, route: Route, sign: Sign, twin: Twin) -> Evidence {
    Evidence { twin, ..Evidence::new(route, Source::Traffic, sign, board.now(), board.now()) }
}

struct Running {
    board: Board,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

fn start() -> Running {
    let routes = vec![route("telegram", "direct"), route("telegram", "tokyo"), route("signal", "direct")];
    let (board, keeper) = Board::new(Params::default(), routes, NetworkId(1));
    let stop = CancellationToken::new();
    let task = tokio::spawn(keeper.run(stop.clone()));
    Running { board, stop, task }
}

/// Lets the keeper take in what was posted: it answers in order.
async fn settled(board: &Board) {
    board.story(&ServiceId::from("telegram")).await;
}

fn phase(board: &Board, route: &Route) -> Phase {
    board.snapshot().standing(route).map_or(Phase::Unknown, |s| s.phase)
}

#[tokio::test(start_paused = true)]
async fn one_reset_with_a_twin_turns_the_next_connection() {
    let Running { board, .. } = start();
    let direct = route("telegram", "direct");
    let mut told = board.announcements();
    board.report(fact(&board, direct.clone(), Sign::ResetAfterHello, Twin::Answered));
    settled(&board).await;
    assert_eq!(phase(&board, &direct), Phase::Suspect);
    assert_eq!(phase(&board, &route("signal", "direct")), Phase::Unknown, "no other service moves");
    let record = told.recv().await.unwrap();
    assert!(matches!(&*record, Record::Transition(t) if t.route == direct && t.why[0].sign == "connection_reset"));
}

#[tokio::test(start_paused = true)]
async fn controls_run_first_and_probes_come_one_by_one() {
    let Running { board, .. } = start();
    assert_eq!(board.due().await, Due::Controls);
    let began = board.now();
    board.link(LinkReport { state: LinkState::Online, ground: Ground::AnchorsAnswer, began, at: began });
    let Due::Probe(first) = board.due().await else { panic!("the link was just looked at") };
    board.probe_started(first.clone(), 700);
    board.report(Evidence {
        source: Source::Probe,
        ..fact(&board, first.clone(), Sign::Answer(Grade::A), Twin::Unknown)
    });
    settled(&board).await;
    assert_eq!(phase(&board, &first), Phase::Ok);
    assert!(!board.wants_body(&first));
}

#[tokio::test(start_paused = true)]
async fn waiting_for_what_is_due_may_be_cancelled_and_loses_nothing() {
    let Running { board, .. } = start();
    assert!(tokio::time::timeout(Duration::from_millis(1), board.due()).await.is_err());
    let due = tokio::time::timeout(Duration::from_secs(10), board.due()).await;
    assert_eq!(due, Ok(Due::Controls));
}

#[tokio::test(start_paused = true)]
async fn a_bad_link_takes_back_the_probes_that_were_due() {
    let Running { board, .. } = start();
    assert_eq!(board.due().await, Due::Controls);
    let began = board.now();
    board.link(LinkReport { state: LinkState::Online, ground: Ground::AnchorsAnswer, began, at: began });
    settled(&board).await;
    // The probe of the join becomes due, and nobody fetches it before the cable is pulled.
    tokio::time::sleep(Duration::from_secs(190)).await;
    settled(&board).await;
    board.link(LinkReport {
        state: LinkState::Offline,
        ground: Ground::NothingAnswers,
        began: board.now(),
        at: board.now(),
    });
    settled(&board).await;
    assert_eq!(board.due().await, Due::Controls, "no probe while offline");
}

#[tokio::test(start_paused = true)]
async fn the_story_holds_each_fact_and_the_score_after_it() {
    let Running { board, .. } = start();
    let direct = route("telegram", "direct");
    board.report(fact(&board, direct.clone(), Sign::ResetAfterHello, Twin::Answered));
    board.report(fact(&board, direct.clone(), Sign::ConnectOnly, Twin::Unknown));
    board.report(fact(&board, direct.clone(), Sign::Answer(Grade::A), Twin::Unknown));
    let story = board.story(&ServiceId::from("telegram")).await;
    assert_eq!(story.len(), 2, "both ways of this service, none of another");
    let scores: Vec<f64> = story[0].evidence.iter().map(|(_, score)| (score * 10.0).round() / 10.0).collect();
    assert_eq!(scores, [4.5, 4.5, 1.5]);
    assert!(story[0].next_probe.is_some(), "a suspicion is followed up");
}

#[tokio::test(start_paused = true)]
async fn a_full_inbox_drops_facts_counts_them_and_still_takes_commands() {
    let routes = vec![route("telegram", "direct")];
    let (board, keeper) = Board::new(Params::default(), routes, NetworkId(1));
    let direct = route("telegram", "direct");
    for _ in 0..INBOX {
        board.report(fact(&board, direct.clone(), Sign::ConnectOnly, Twin::Unknown));
    }
    assert_eq!(board.dropped(), KEPT_FREE as u64);
    let forced = crate::model::Forced { transport: TransportId::from("direct"), until: None };
    board.force(ServiceId::from("telegram"), Some(forced));
    assert_eq!(board.dropped(), KEPT_FREE as u64);
    tokio::spawn(keeper.run(CancellationToken::new()));
    settled(&board).await;
    assert!(board.snapshot().forced.contains_key(&ServiceId::from("telegram")));
}

#[tokio::test(start_paused = true)]
async fn a_reload_keeps_what_is_believed_of_the_routes_that_stay() {
    let Running { board, .. } = start();
    let direct = route("telegram", "direct");
    board.report(fact(&board, direct.clone(), Sign::ResetAfterHello, Twin::Answered));
    board.reconfigure(Params::default(), vec![direct.clone(), route("telegram", "osaka")]);
    settled(&board).await;
    assert_eq!(phase(&board, &direct), Phase::Suspect);
    assert!(board.snapshot().standing(&route("telegram", "tokyo")).is_none());
    assert!(board.snapshot().standing(&route("telegram", "osaka")).is_some());
}

#[tokio::test(start_paused = true)]
async fn the_keeper_ends_when_told_and_when_nobody_is_left() {
    let Running { board, stop, task } = start();
    stop.cancel();
    task.await.unwrap();
    assert!(board.story(&ServiceId::from("telegram")).await.is_empty(), "and nobody waits for it");
    let Running { board, task, .. } = start();
    drop(board);
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn one_more_answer_is_believed_a_quarter_of_a_second_later() {
    let Running { board, .. } = start();
    let direct = route("telegram", "direct");
    let answer = || board.report(fact(&board, direct.clone(), Sign::Answer(Grade::B), Twin::Unknown));
    let last_good = || board.snapshot().standing(&direct).and_then(|standing| standing.last_good);
    answer();
    settled(&board).await;
    assert_eq!(phase(&board, &direct), Phase::Ok);
    let first = board.now();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let second = board.now();
    answer();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(last_good(), Some(first));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(last_good(), Some(second));
}
