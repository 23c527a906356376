//! `direct = "never"`: nothing of the service leaves home outside of a tunnel, in no state.

use crate::home::{Home, mins, secs};
use byway::app::settings_in;
use byway::lab::{Action, Crossing, Target};
use std::net::SocketAddr;

const NEVER: &str = r#"
[service.telegram]
direct = "never"
[service.discord]
direct = "never"
"#;

/// What the line saw, or the resolver heard, of the two services.
fn leaks(home: &Home) -> Vec<Crossing> {
    let telegram = home.country.addresses("telegram");
    let discord: std::net::IpAddr = "203.0.113.50".parse().unwrap();
    let theirs = |to: &SocketAddr| to.ip() == discord || telegram.iter().any(|net| net.contains(&to.ip()));
    let named = |name: &String| ["telegram", "discord", "t.me"].iter().any(|word| name.contains(word));
    let leaked = home.country.crossings().into_iter().filter(|crossing| match crossing {
        Crossing::Connection { to, .. } | Crossing::Datagram(to) => theirs(to),
        Crossing::Question(name) | Crossing::SecureQuestion(name) => named(name),
    });
    leaked.collect()
}

async fn use_both(home: &Home) -> [bool; 2] {
    [home.opens("telegram").await, home.opens("discord.com").await]
}

#[tokio::test(start_paused = true)]
async fn what_must_never_go_out_bare_never_does() {
    let home = Home::new(NEVER).await;
    assert_eq!(use_both(&home).await, [true, true]);
    assert_eq!(home.way("telegram"), "tokyo");
    tokio::time::sleep(mins(30)).await;
    assert_eq!(leaks(&home), [], "at the start");

    home.byway.reload(settings_in(&home.country, NEVER).unwrap()).unwrap();
    assert_eq!(use_both(&home).await, [true, true]);
    tokio::time::sleep(mins(30)).await;
    assert_eq!(leaks(&home), [], "after a reload");

    for server in home.country.tunnel_servers() {
        home.country.censor().block(Target::prefix(server), Action::Drop);
    }
    for _ in 0..60 {
        assert_eq!(use_both(&home).await, [false, false]);
        tokio::time::sleep(secs(20)).await;
    }
    assert_eq!(leaks(&home), [], "with every tunnel dead");

    home.byway.reload(settings_in(&home.country, NEVER).unwrap()).unwrap();
    assert_eq!(use_both(&home).await, [false, false]);
    tokio::time::sleep(mins(30)).await;
    assert_eq!(leaks(&home), [], "after a reload with every tunnel dead");

    home.country.censor().lift_all();
    tokio::time::sleep(mins(10)).await;
    assert_eq!(use_both(&home).await, [true, true]);
    assert_eq!(leaks(&home), [], "with the tunnels back");
    home.leaves_no_trace().await;
}

/// The guard itself sees what it must see.
#[tokio::test(start_paused = true)]
async fn a_bare_connection_would_be_seen() {
    let home = Home::new("").await;
    assert_eq!(use_both(&home).await, [true, true]);
    let leaks = leaks(&home);
    assert!(leaks.iter().any(|leak| matches!(leak, Crossing::Connection { .. })), "{leaks:?}");
    assert!(leaks.iter().any(|leak| matches!(leak, Crossing::SecureQuestion(_))), "{leaks:?}");
    home.leaves_no_trace().await;
}
