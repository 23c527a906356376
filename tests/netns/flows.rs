//! Blocks that let a conversation begin: freezes, losses, and the way back when a block is over.

use crate::home::{BRISK, Home};
use crate::said::{blamed, facet, signs, technique, way};
use byway::lab::people::{App, Mishap};
use std::time::{Duration, Instant};

#[test]
fn scenario_17_freeze_16k() {
    let Some(home) = Home::new(BRISK) else { return };
    home.open("signal").unwrap();
    home.provider.rules("ip saddr @signal ct reply bytes > 16000 drop");
    let froze = home.person(|person| async move {
        // Three pictures, one after another as a person scrolls, each on its own connection that is up already.
        let mut pictures = tokio::task::JoinSet::new();
        for wait in [0, 2, 4] {
            let mut session = person.open(&App::Signal).await.unwrap();
            pictures.spawn(async move {
                tokio::time::sleep(Duration::from_secs(wait)).await;
                session.download(200_000).await
            });
        }
        pictures.join_all().await
    });
    assert_eq!(froze, [Err(Mishap::Died); 3], "each app is told to reconnect");
    home.until("another way", |status| facet(status, "signal", "text")["way"] == "tokyo");
    home.person(|person| async move { person.fetch(&App::Signal, 200_000, 0).await }).unwrap();
    assert!(home.provider.answered("tokyo") > 200_000, "the transfer went through the tunnel");
    home.until("it is named", |status| blame(status) == Some("freeze"));
    let status = home.status();
    let phase = &way(&status, "signal", "text", "direct")["phase"];
    assert!(*phase == "blocked" || *phase == "degraded", "{phase}");
    let signs = signs(&home.why("signal"), "text", "direct");
    assert!(signs.iter().any(|sign| sign == "stalled_after_bytes"), "{signs:?}");
}

/// All of Signal's bytes under a policer: the tunnel carries the pictures, or the way is called slow.
fn policed(rate: &str, burst: &str) -> Option<Home> {
    let home = Home::new(BRISK)?;
    home.open("signal").unwrap();
    let police = |side: &str| format!("ip {side} @signal limit rate over {rate} burst {burst} drop\n");
    home.provider.rules(&(police("saddr") + &police("daddr")));
    let began = Instant::now();
    while blame(&home.status()) != Some("throttled") {
        let _slow = home.person(|person| async move {
            person.patience(Duration::from_secs(20)).fetch(&App::Signal, 200_000, 0).await
        });
        assert!(began.elapsed() < Duration::from_secs(90), "{:#}\n{}", home.why("signal"), home.said());
    }
    println!("{rate}: named within {:?} of use", began.elapsed());
    Some(home)
}

#[test]
fn scenario_19_police_130k() {
    let Some(home) = policed("16 kbytes/second", "8 kbytes") else { return };
    let status = home.status();
    assert_eq!(way(&status, "signal", "text", "direct")["phase"], "degraded", "{status:#}");
    assert_eq!(blamed(&status).len(), 1);
}

#[test]
fn scenario_20_police_650b() {
    let Some(home) = policed("650 bytes/second", "4 kbytes") else { return };
    assert_eq!(facet(&home.status(), "signal", "text")["way"], "tokyo");
}

#[test]
fn scenario_44_tunnel_dies() {
    let Some(home) = Home::new(BRISK) else { return };
    home.provider.rules("ip daddr @telegram drop");
    home.open("telegram").unwrap();
    assert_eq!(home.provider.packets("oslo"), 0);
    // Its handshake passes, and what is said in it does not.
    home.provider
        .rules("ip daddr @telegram drop\nip daddr @tokyo ct packets > 4 drop\nip saddr @tokyo ct packets > 4 drop");
    for _ in 0..5 {
        home.person(|person| async move { person.fetch(&App::Telegram, 100_000, 1).await }).unwrap();
    }
    assert!(home.provider.answered("oslo") > 500_000, "the next tunnel carries it");
    home.until("the next tunnel stands first", |status| facet(status, "telegram", "text")["way"] == "oslo");
}

fn blame(status: &serde_json::Value) -> Option<&str> {
    technique(way(status, "signal", "text", "direct"))
}

#[test]
fn scenario_22_rand_drop_95() {
    // What one look in twenty tells is chance: three looks may miss it.
    let often = BRISK.replace(r#""6s"]"#, r#""6s", "9s", "12s", "15s", "18s"]"#);
    let Some(home) = Home::new(&often) else { return };
    home.open("telegram").unwrap();
    home.provider.rules(
        "ip daddr @telegram numgen random mod 100 < 95 drop\n\
         ip saddr @telegram numgen random mod 100 < 95 drop",
    );
    home.use_until("telegram", "a verdict", |status| way(status, "telegram", "text", "direct")["phase"] == "blocked");
    let status = home.status();
    let named = technique(way(&status, "telegram", "text", "direct")).unwrap();
    assert!(named.ends_with("_drop") || named.starts_with("sni_drop"), "{named}");
    assert_eq!(facet(&status, "telegram", "text")["way"], "tokyo");
}

/// What waits minutes in life waits seconds here.
const SOON_BACK: &str = r#"
[detect.hold]
start = "2s"
factor = 1.5
cap = "3s"
relapse_start = "2s"
relapse_cap = "3s"
[detect.recover]
min_gap = "1s"
min_span = "3s"
canary_step = "1s"
"#;

#[test]
fn scenario_42_unblock() {
    let Some(home) = Home::new(&(BRISK.to_owned() + SOON_BACK)) else { return };
    home.open("telegram").unwrap();
    home.provider.rules("ip daddr @telegram drop");
    home.use_until("telegram", "a verdict", |status| way(status, "telegram", "text", "direct")["phase"] == "blocked");
    let home = &home;
    home.person(|person| async move {
        let mut chat = person.open(&App::Telegram).await.unwrap();
        home.provider.rules("");
        let lifted = Instant::now();
        let is_back = |status: &serde_json::Value| way(status, "telegram", "text", "direct")["phase"] == "ok";
        while !is_back(&home.status()) {
            // Now and then a photo, which shows that transfers pass; nobody sees a failure meanwhile.
            person.fetch(&App::Telegram, 100_000, 0).await.unwrap();
            assert!(lifted.elapsed() < Duration::from_secs(60), "{}", home.said());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert!(lifted.elapsed() >= Duration::from_secs(3), "not before the span is over");
        let through_the_tunnel = home.provider.answered("tokyo");
        chat.download(100_000).await.unwrap();
        assert!(home.provider.answered("tokyo") > through_the_tunnel + 100_000, "the chat stayed on its way");
        let before = home.provider.opened("telegram");
        person.open(&App::Telegram).await.unwrap();
        assert!(home.provider.opened("telegram") > before, "the next one goes out directly");
    });
    assert_eq!(facet(&home.status(), "telegram", "text")["way"], "direct");
}
