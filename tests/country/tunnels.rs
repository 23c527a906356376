//! Tunnels that die while people use them.

use crate::home::{Home, mins, secs};
use byway::lab::people::App;
use byway::lab::{Action, Direction, Rule, Target};
use byway::model::Phase;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Within so long people are on the next tunnel.
const LEFT: Duration = Duration::from_secs(3);

/// A home that lives behind `tokyo`, for the way out is blocked.
async fn behind_tokyo() -> Home {
    let home = Home::new("").await;
    assert!(home.opens("telegram").await);
    home.country.censor().block(home.country.target("telegram"), Action::Drop);
    while home.phase("telegram", "direct") != Phase::Blocked {
        assert!(home.opens("telegram").await);
        sleep(secs(5)).await;
    }
    assert_eq!(home.way("telegram"), "tokyo");
    home
}

/// What happens to the tunnel's server, as the line shows it.
fn deaths(home: &Home) -> Vec<(&'static str, Vec<Rule>)> {
    let [tokyo, _] = home.country.shadowsocks_servers();
    let rule = |action| Rule::new(Target::prefix(tokyo.ip()), action);
    vec![
        ("everything vanishes", vec![rule(Action::Drop)]),
        ("refused from now on", vec![rule(Action::RejectSyn)]),
        ("unreachable from now on", vec![rule(Action::Unreachable)]),
        ("nothing comes back", vec![rule(Action::DropPayload(Direction::Down))]),
        ("two dozen packets pass", vec![rule(Action::FreezePackets(24))]),
        ("sixteen kilobytes pass", vec![rule(Action::FreezeBytes(16_000))]),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_tunnel_that_dies_under_load_is_left_within_three_seconds() {
    let names: Vec<&str> = deaths(&behind_tokyo().await).into_iter().map(|(name, _)| name).collect();
    for (index, name) in names.into_iter().enumerate() {
        let home = Arc::new(behind_tokyo().await);
        let over = Arc::new(AtomicBool::new(false));
        let photos = (0..3).map(|_| {
            let (home, over) = (home.clone(), over.clone());
            tokio::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    let _again = home.person.fetch(&App::Telegram, 200_000, 5).await;
                }
            })
        });
        let photos: Vec<_> = photos.collect();
        sleep(secs(5)).await;
        for rule in deaths(&home).swap_remove(index).1 {
            home.country.censor().add(rule);
        }
        let died = Instant::now();
        let mut slowest = Duration::ZERO;
        let mut left = None;
        while died.elapsed() < secs(20) {
            let asked = Instant::now();
            assert!(home.opens("telegram").await, "{name}: {:?} after the death", asked - died);
            slowest = slowest.max(asked.elapsed());
            if left.is_none() && home.way("telegram") != "tokyo" {
                left = Some(died.elapsed());
            }
            sleep(Duration::from_millis(100)).await;
        }
        println!("{name}: left after {left:?}, the slowest connection took {slowest:?}");
        assert!(left.is_some_and(|left| left <= LEFT), "{name}: left after {left:?}");
        assert!(slowest <= LEFT, "{name}: {slowest:?}");
        over.store(true, Ordering::Relaxed);
        for photo in photos {
            photo.await.unwrap();
        }
        assert_eq!(home.until(mins(1), |home| home.way("telegram") == "tokyo").await, None, "{name}");
        Arc::into_inner(home).unwrap().leaves_no_trace().await;
    }
}
