//! The reports over the real board and the real journal, from the first fact to the words.

use super::world::{attempts, facet, service, way};
use crate::board::Board;
use crate::control::report::*;
use crate::control::{Clock, Entry, Follow, Stamp, follow};
use crate::health::Params;
use crate::journal::{self, Filter, Journal};
use crate::model::*;
use futures_util::StreamExt;
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;

fn telegram(transport: &str) -> Route {
    Route { service: ServiceId::from("telegram"), facet: Facet::Text, transport: way(transport), l4: L4::Tcp }
}

#[tokio::test(start_paused = true)]
async fn one_dropped_hello_with_a_twin_is_told_as_a_suspicion() {
    let routes = vec![telegram("direct"), telegram("tokyo")];
    let (board, keeper) = Board::new(Params::default(), routes, NetworkId(1));
    tokio::spawn(keeper.run(CancellationToken::new()));
    tokio::time::advance(Duration::from_secs(600)).await;
    let fact = |transport, sign, twin| {
        let mut fact = Evidence::new(telegram(transport), Source::Traffic, sign, board.now(), board.now());
        (fact.anchors, fact.twin, fact.endpoint) = (Anchors::Good, twin, Some(EndpointTag(7)));
        fact
    };
    board.report(fact("tokyo", Sign::Answer(Grade::A), Twin::Unknown));
    board.report(fact("direct", Sign::HelloDropped, Twin::Answered));
    let stories = board.story(&ServiceId::from("telegram")).await;
    let snapshot = board.snapshot();

    let clock = Clock { now: board.now(), wall: Stamp::from_secs(1_785_680_220) };
    let telegram = service("telegram", "Telegram");
    let plan = Plan { attempts: attempts(&["tokyo", "direct"]), passed_over: vec![] };
    let facts = ServiceFacts { service: &telegram, facets: vec![facet(Facet::Text, plan)] };
    let told = why(Seen { clock, snapshot: &snapshot }, &facts, &stories);
    let said = &told.facets[0].sentence;
    let wanted = "The direct way: something is wrong there, it is not clear yet what (hello never acknowledged, 1 of 1 try, \
                  1 endpoint); neutral sites answered at the same time; the same message through tokyo was answered.";
    assert!(said.starts_with("Telegram: messages go through tokyo since 14:17 UTC."), "{said}");
    assert!(said.contains(wanted), "{said}");
    assert_eq!(told.facets[0].routes[0].phase, Phase::Suspect);
    assert_eq!(told.facets[0].routes[0].evidence.len(), 1);
}

#[tokio::test]
async fn what_the_journal_keeps_can_be_followed() {
    let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(1_785_679_533);
    let (journal, notices) = Journal::open(&journal::Settings::default(), move || noon);
    assert!(notices.is_empty());
    journal.append(Record::Started);
    let live = journal.follow();
    let past: Vec<Entry> = journal.query(Filter::default()).await.into_iter().map(Into::into).collect();
    let mut log = follow(past, Some(live));
    journal.append(Record::Reloaded);
    let entry = |record| Some(Follow::Entry(Box::new(Entry { at: Stamp::from_secs(1_785_679_500), record })));
    assert_eq!(log.next().await, entry(Record::Started));
    assert_eq!(log.next().await, entry(Record::Reloaded));
}

/// Every sign that `health` journals has words here: none is shown as its bare name.
#[tokio::test(start_paused = true)]
async fn every_journalled_sign_has_words() {
    for sign in
        [Sign::ResetAfterHello, Sign::ConnectTimeout, Sign::Refused, Sign::Frozen { kilobytes: 16 }, Sign::Silence]
    {
        let (board, keeper) = Board::new(Params::default(), vec![telegram("direct"), telegram("tokyo")], NetworkId(1));
        let mut announced = board.announcements();
        tokio::spawn(keeper.run(CancellationToken::new()));
        for endpoint in 1..=8 {
            let mut fact = Evidence::new(telegram("direct"), Source::Traffic, sign, board.now(), board.now());
            (fact.anchors, fact.twin) = (Anchors::Good, Twin::Answered);
            fact.endpoint = Some(EndpointTag(endpoint % 3));
            board.report(fact);
            board.story(&ServiceId::from("telegram")).await;
            tokio::time::advance(Duration::from_secs(20)).await;
        }
        let transition = loop {
            match announced.try_recv().map(std::sync::Arc::unwrap_or_clone) {
                Ok(record @ Record::Transition(_)) => break record,
                Ok(_) => {}
                Err(error) => panic!("{sign:?}: no transition was announced: {error}"),
            }
        };
        let (_, why) = record_words(&transition);
        assert!(why.contains(&sign_words(&sign)) || why.contains("froze part-way"), "{sign:?}: {why}");
    }
}
