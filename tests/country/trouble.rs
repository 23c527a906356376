//! Trouble that is no block, and blocks that concern others.

use crate::home::{Home, MESSENGERS, mins, secs};
use byway::lab::{Action, Rule, Target};
use byway::model::Phase;
use std::time::Duration;

/// Ten minutes during which nothing works and people try; afterwards all is as it was.
async fn nobody_is_blamed_for(action: Action) {
    let home = Home::new("").await;
    assert_eq!(home.live(mins(2), secs(5)).await, 0);
    let before = home.ways();
    let moved_before = home.moves().await.len();

    let trouble = home.country.censor().add(Rule::new(Target::everything(), action));
    let hurried = Home {
        person: home.person.clone().patience(secs(6)),
        country: home.country.clone(),
        byway: home.byway.clone(),
    };
    let failures = hurried.live(mins(10), secs(5)).await;
    assert!(failures > 60, "people tried: {failures}");
    home.country.censor().lift(trouble);
    assert_eq!(home.blocked().await, []);
    assert_eq!(home.ways(), before, "the ways at the end of the trouble");

    assert!(
        home.until(mins(3), |home| home.byway.board().snapshot().link == byway::model::LinkState::Online)
            .await
            .is_some()
    );
    assert_eq!(home.live(mins(10), secs(5)).await, 0);
    assert_eq!(home.blocked().await, []);
    assert_eq!(home.ways(), before);
    assert_eq!(home.moves().await.len(), moved_before, "{:?}", home.moves().await);
    home.leaves_no_trace().await;
}

#[tokio::test(start_paused = true)]
async fn a_cable_out_for_ten_minutes_moves_nobody() {
    nobody_is_blamed_for(Action::LinkDown).await;
}

#[tokio::test(start_paused = true)]
async fn everything_swallowed_for_ten_minutes_moves_nobody() {
    nobody_is_blamed_for(Action::Drop).await;
}

#[tokio::test(start_paused = true)]
async fn a_portal_for_ten_minutes_moves_nobody() {
    nobody_is_blamed_for(Action::Captive(String::from("http://portal.domestic.example/welcome"))).await;
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_is_down_moves_nobody_for_good() {
    let home = Home::new("").await;
    assert_eq!(home.live(mins(2), secs(5)).await, 0);
    let before = home.ways();
    home.country.take_down(home.country.addresses("telegram"));
    for _ in 0..120 {
        home.opens("telegram").await;
        assert!(home.opens("signal").await);
        tokio::time::sleep(secs(5)).await;
    }
    assert_eq!(home.blocked().await, []);
    home.country.bring_up(home.country.addresses("telegram"));
    assert_eq!(home.live(mins(5), secs(5)).await, 0);
    assert_eq!(home.blocked().await, []);
    assert_eq!(home.ways(), before);
    home.leaves_no_trace().await;
}

#[tokio::test(start_paused = true)]
async fn a_block_on_one_service_moves_no_connection_of_another() {
    let home = Home::new("").await;
    assert_eq!(home.live(mins(2), secs(5)).await, 0);
    home.country.censor().block(home.country.target("telegram"), Action::Drop);
    assert_eq!(home.live(mins(20), secs(5)).await, 0);
    assert_eq!(home.phase("telegram", "direct"), Phase::Blocked);
    assert_eq!(home.way("telegram"), "tokyo");
    for other in ["whatsapp", "signal"] {
        assert_eq!(home.way(other), "direct");
    }
    for change in home.moves().await {
        assert_eq!(change.service.as_str(), "telegram", "{change:?}");
    }
    for change in home.blocked().await {
        assert_eq!(change.route.service.as_str(), "telegram", "{change:?}");
    }
    home.leaves_no_trace().await;
}

#[tokio::test(start_paused = true)]
async fn each_connection_at_the_onset_of_each_block_is_carried_on() {
    type Block = (&'static str, fn(&Home) -> Rule);
    let blocks: [Block; 6] = [
        ("telegram", |home| Rule::new(home.country.target("telegram"), Action::Drop)),
        ("telegram", |home| Rule::new(home.country.target("telegram"), Action::RejectSyn)),
        ("telegram", |home| Rule::new(home.country.target("telegram"), Action::MuteAnswer)),
        ("signal", |_| Rule::new(Target::name("signal.org"), Action::ResetHello)),
        ("signal", |_| Rule::new(Target::name("signal.org"), Action::DropHello)),
        ("whatsapp", |home| Rule::new(home.country.target("whatsapp"), Action::MuteAnswer)),
    ];
    for (service, rule) in blocks {
        let home = Home::new("").await;
        assert!(MESSENGERS.contains(&service));
        assert!(home.opens(service).await);
        let rule = rule(&home);
        home.country.censor().add(rule.clone());
        for _ in 0..100 {
            assert!(home.opens(service).await, "{service} {rule:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(home.way(service), "tokyo", "{rule:?}");
        home.leaves_no_trace().await;
    }
}
