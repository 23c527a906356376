//! What is told afterwards: counts in the journal by the hour and at the end, the report and the export of a block that
//! was lived through in the lab's country.

use crate::app::demo::{OnStage, stage};
use crate::app::{Byway, examine, past};
use crate::control::RefusalCode;
use crate::journal::{Filter, Kind, redact};
use crate::lab::Country;
use crate::lab::demo::{HURRY, acts, play};
use crate::lab::people::Door;
use crate::model::{Record, ServiceId, Technique, Verdict};
use crate::net::Stream;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

/// A byway that has lived through a reset on Signal's name.
async fn after_a_block() -> (Arc<Byway>, Country) {
    let (byway, country) = stage(HURRY).await.unwrap();
    let host = Arc::clone(&byway);
    let enter: Door = Arc::new(move || {
        let byway = Arc::clone(&host);
        Box::pin(async move {
            let (near, far) = tokio::io::duplex(256 << 10);
            let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
            tokio::spawn(async move { byway.visit(Box::new(far), peer, None).await });
            Ok(Box::new(near) as Stream)
        })
    });
    let product = Arc::new(OnStage { byway: Arc::clone(&byway), enter });
    let chosen: Vec<_> = acts().into_iter().filter(|act| act.title.contains("reset on the name")).collect();
    play(&country, product, &chosen, |_| ()).await.unwrap();
    (byway, country)
}

/// Answered, saved and lost, as the journal has them.
async fn journalled(byway: &Byway) -> Vec<(u64, u64, u64)> {
    let wanted = Filter { kinds: vec![Kind::Carried], ..Filter::default() };
    let sums = byway.journal().query(wanted).await.into_iter().map(|entry| {
        let Record::Carried { routes, .. } = entry.record else { panic!("{entry:?}") };
        routes.iter().fold((0, 0, 0), |(answered, saved, lost), of| {
            (answered + u64::from(of.answered), saved + u64::from(of.saved), lost + u64::from(of.lost))
        })
    });
    sums.collect()
}

#[tokio::test(start_paused = true)]
async fn a_block_that_was_lived_through_is_in_the_report_and_its_counts_are_written_at_the_end() {
    let (byway, _country) = after_a_block().await;
    let account = past::account(&byway, HOUR).await.unwrap();
    let signal = account.services.iter().find(|service| service.id.as_str() == "signal").unwrap();
    assert!(signal.saved > 0 && signal.lost == 0, "{}", signal.sentence);
    assert!(signal.sentence.contains(&format!("{} connection", signal.saved)), "{}", signal.sentence);
    let direct = signal.facets.iter().flat_map(|facet| &facet.ways).find(|way| way.transport.as_str() == "direct");
    let direct = direct.unwrap();
    assert!(direct.verdicts.iter().any(|count| count.verdict == Verdict::Blocked(Technique::SniRst)), "{direct:?}");
    assert!(direct.detect_ms.is_some() && direct.recover_secs.is_some(), "{direct:?}");

    let again = past::account(&byway, HOUR).await.unwrap();
    let counts = |account: &crate::control::report::Account| {
        account.services.iter().map(|of| (of.answered, of.saved, of.lost)).collect::<Vec<_>>()
    };
    assert_eq!(counts(&again), counts(&account), "asking takes nothing away");
    assert_eq!(journalled(&byway).await, [], "nor does it write a finer time than the hour");

    byway.stop().await;
    let sum = counts(&account).into_iter().fold((0, 0, 0), |a, b| (a.0 + b.0, a.1 + b.1, a.2 + b.2));
    assert_eq!(journalled(&byway).await, [sum]);
    let last = byway.journal().query(Filter { limit: Some(1), ..Filter::default() }).await;
    assert_eq!(last[0].record, Record::Stopped);
}

#[tokio::test(start_paused = true)]
async fn counts_are_written_by_the_hour_and_only_when_there_are_any() {
    let (byway, _country) = after_a_block().await;
    tokio::time::sleep(3 * HOUR).await;
    let written = journalled(&byway).await;
    assert_eq!(written.len(), 1, "{written:?}");
    byway.stop().await;
    assert_eq!(journalled(&byway).await, written, "nothing came after");
}

#[tokio::test(start_paused = true)]
async fn an_export_names_no_place() {
    let (byway, _country) = after_a_block().await;
    let found = past::measurements(&byway, HOUR).await;
    assert!(found.iter().any(|one| one.test_keys.service.as_str() == "signal"), "{found:?}");
    for one in &found {
        let text = serde_json::to_string_pretty(one).unwrap();
        // What is withheld has OONI's value for that; it is the only address.
        let text = text.replace("\"127.0.0.1\"", "\"\"");
        assert_eq!(redact(&text), text);
    }
    byway.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_second_examination_is_refused_until_the_first_is_over_or_left() {
    let (byway, _country) = stage(HURRY).await.unwrap();
    let signal = ServiceId::from("signal");
    let first = examine::examine(&byway, &signal).ok().unwrap();
    let refused = examine::examine(&byway, &signal).err().unwrap();
    assert_eq!(refused.code, RefusalCode::Busy);
    assert!(refused.message.contains("under way already"), "{refused}");
    drop(first);
    assert!(examine::examine(&byway, &signal).is_ok());
    byway.stop().await;
}
