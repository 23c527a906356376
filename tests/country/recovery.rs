//! Flows that are up when a block falls, and the way back when it is over.

use crate::home::{Home, mins, secs};
use byway::lab::people::{App, Mishap};
use byway::lab::{Action, Rule, Target};
use byway::model::Phase;
use std::time::Duration;
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn a_freeze_is_noticed_and_the_next_connection_takes_another_way_within_ten_seconds() {
    let home = Home::new("").await;
    assert!(home.opens("signal").await);
    home.country.censor().block(Target::name("signal.org"), Action::FreezeBytes(16_000));
    let mut session = home.person.clone().patience(mins(5)).open(&App::Signal).await.unwrap();
    let began = Instant::now();
    assert_eq!(session.download(200_000).await, Err(Mishap::Died), "the app is told to reconnect");
    let reset_after = began.elapsed();
    // As soon as the anchors have vouched for the line.
    let moved = home.until(secs(3), |home| home.way("signal") != "direct").await;
    assert!(moved.is_some(), "still {}", home.way("signal"));
    assert!(home.opens("signal").await);
    let next_after = began.elapsed();
    assert!(reset_after < secs(10) && next_after < secs(10), "{reset_after:?} {next_after:?}");
    // The next way in the user's order may be frozen as well; the transfer ends on one that is not.
    assert!(home.person.fetch(&App::Signal, 200_000, 1).await.is_ok());
    home.leaves_no_trace().await;
}

#[tokio::test(start_paused = true)]
async fn at_the_verdict_stale_flows_are_reset_and_healthy_ones_are_left_alone() {
    let home = Home::new("").await;
    let patient = home.person.clone().patience(mins(30));
    let mut healthy = patient.open(&App::Telegram).await.unwrap();
    let mut stale = home.person.clone().patience(secs(3)).open(&App::Telegram).await.unwrap();
    // Beyond where freezes begin, so that only the verdict can tell on it.
    assert_eq!(stale.download(400_000).await, Ok(()));

    let telegram = home.country.target("telegram");
    home.country.censor().add(Rule::new(telegram.clone(), Action::RejectSyn));
    // Large answers stop, small talk goes on.
    home.country.censor().add(Rule::new(telegram, Action::FreezeBytes(20_000)));
    let healthy = tokio::spawn(async move { healthy.chat(secs(5), 60).await });
    // An app that gets no answer asks again.
    let stale = tokio::spawn(async move {
        while stale.download(30_000).await != Err(Mishap::Died) {}
        Instant::now()
    });

    let began = Instant::now();
    let mut verdict = None;
    while verdict.is_none() && began.elapsed() < mins(5) {
        assert!(home.opens("telegram").await);
        let soon = home.until(secs(3), |home| home.phase("telegram", "direct") == Phase::Blocked).await;
        verdict = soon.map(|_| Instant::now());
    }
    let verdict = verdict.expect("a verdict within five minutes");
    let at = stale.await.unwrap();
    assert!(at.saturating_duration_since(verdict) <= secs(5), "{:?} after the verdict", at - verdict);
    assert_eq!(healthy.await.unwrap(), Ok(()), "a flow that is answered is nobody's business");
    home.leaves_no_trace().await;
}

#[tokio::test(start_paused = true)]
async fn when_a_block_is_over_canaries_lead_back_and_nobody_sees_a_failure() {
    let home = Home::new("").await;
    assert_eq!(home.live(mins(1), secs(5)).await, 0);
    let blocked = home.country.censor().block(home.country.target("telegram"), Action::Drop);
    assert_eq!(home.live(mins(15), secs(5)).await, 0);
    assert_eq!((home.phase("telegram", "direct"), home.way("telegram").as_str()), (Phase::Blocked, "tokyo"));

    home.country.censor().lift(blocked);
    let lifted = Instant::now();
    let mut failures = 0;
    while home.phase("telegram", "direct") != Phase::Ok && lifted.elapsed() < mins(240) {
        // Now and then a photo, which shows that transfers pass.
        failures += usize::from(home.person.fetch(&App::Telegram, 100_000, 0).await.is_err());
        tokio::time::sleep(secs(10)).await;
    }
    assert_eq!(failures, 0);
    assert_eq!(home.phase("telegram", "direct"), Phase::Ok, "after {:?}", lifted.elapsed());
    assert!(lifted.elapsed() > mins(15), "not sooner than a protocol is recognised and blocked again");
    assert!(home.opens("telegram").await);
    assert_eq!(home.way("telegram"), "direct");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let last = home.moves().await.pop().unwrap();
    assert_eq!(last.to.unwrap().as_str(), "direct");
    home.leaves_no_trace().await;
}
