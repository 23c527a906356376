//! Lists of servers on the status page.

use super::stage::*;
use crate::cli::subscriptions::render;
use crate::control::Stamp;
use crate::control::report::{FetchStage, FetchTrouble, SkippedLine, SubscriptionLine};

#[test]
fn what_went_wrong_has_its_stage_and_what_was_skipped_its_reason() {
    let trouble = FetchTrouble {
        stage: FetchStage::Tls,
        words: "over home: tls: ssl_invalid_hostname".into(),
        at: Stamp::from_secs(1_700_000_100),
    };
    let list = SubscriptionLine {
        name: "panel".into(),
        is_fetched: true,
        members: Vec::new(),
        skipped: vec![SkippedLine { name: "oslo".into(), reason: "TUIC is not carried".into() }],
        last_good: None,
        over: None,
        next: Some(Stamp::from_secs(1_700_000_160)),
        trouble: Some(trouble),
        used_bytes: None,
        total_bytes: None,
        expires: None,
    };
    let page = Paper::default();
    render(&[list], Stamp::from_secs(1_700_000_110), &mut page.out()).unwrap();
    let expected = "list panel: no servers yet; fetched next at 22:16\n\
                    panel: not fetched at 22:15 (tls): over home: tls: ssl_invalid_hostname\n\
                    panel: 1 skipped: oslo (TUIC is not carried)\n";
    assert_eq!(page.text(), expected);
}
