//! Blocks by address: packets vanish, or are refused.

use crate::home::{BRISK, Home, in_good_time};
use crate::said::{blamed, facet, signs, technique, way};
use serde_json::Value;
use std::time::Duration;

const MESSENGERS: [&str; 3] = ["telegram", "whatsapp", "signal"];

#[test]
fn scenario_1_clean() {
    let Some(home) = Home::new(BRISK) else { return };
    for service in MESSENGERS {
        home.open(service).unwrap();
        home.until("it works", |status| way(status, service, "text", "direct")["verdict"]["is"] == "works");
    }
    let status = home.status();
    assert_eq!(status["link"], "online");
    assert_eq!(blamed(&status), [""; 0]);
    for service in MESSENGERS {
        assert_eq!(facet(&status, service, "text")["way"], "direct");
        assert!(home.provider.opened(service) > 0);
    }
    assert_eq!(home.provider.packets("tokyo") + home.provider.packets("oslo"), 0);
}

/// All of Telegram's addresses under `rule`: people are carried on, and byway says `expected`.
fn telegram_blocked(rule: &str, expected: &str, sign: &str, most: Duration) {
    let Some(home) = Home::new(BRISK) else { return };
    home.open("telegram").unwrap();
    assert_eq!(home.provider.packets("tokyo"), 0);
    home.provider.rules(rule);
    let first = home.open("telegram").unwrap();
    assert!(first <= most, "{first:?}");
    assert!(home.provider.opened("tokyo") > 0, "it went another way");
    let is_blocked = |status: &Value| way(status, "telegram", "text", "direct")["phase"] == "blocked";
    let mut first_bytes = home.use_until("telegram", "a verdict", is_blocked);
    first_bytes.push(first);
    in_good_time(first_bytes);
    let status = home.status();
    assert_eq!(technique(way(&status, "telegram", "text", "direct")), Some(expected));
    assert_eq!(facet(&status, "telegram", "text")["way"], "tokyo");
    assert_eq!(status["link"], "online");
    let blamed = blamed(&status);
    assert!(blamed.iter().all(|line| line.contains("\"telegram\"") && line.contains("\"direct\"")), "{blamed:?}");
    let signs = signs(&home.why("telegram"), "text", "direct");
    assert!(signs.iter().any(|seen| seen == sign), "{signs:?}");
    // Others are not touched.
    home.open("signal").unwrap();
    assert_eq!(facet(&home.status(), "signal", "text")["way"], "direct");
}

#[test]
fn scenario_8_ip_drop_all() {
    telegram_blocked("ip daddr @telegram drop", "ip_drop", "connect_timeout_error", Duration::from_secs(2));
}

#[test]
fn scenario_10_syn_rst() {
    let rule = "ip daddr @telegram tcp flags syn reject with tcp reset";
    telegram_blocked(rule, "tcp_reject", "connection_refused", Duration::from_secs(1));
}

#[test]
fn scenario_11_icmp_admin() {
    let rule = "ip daddr @telegram reject with icmp type admin-prohibited";
    telegram_blocked(rule, "tcp_reject", "host_unreachable", Duration::from_secs(1));
}

#[test]
fn scenario_9_ip_drop_one() {
    let Some(home) = Home::new(BRISK) else { return };
    home.open("signal").unwrap();
    // One of the two addresses of its chats.
    home.provider.rules("ip daddr 76.223.66.180 drop");
    for _ in 0..10 {
        let first = home.open("signal").unwrap();
        assert!(first <= Duration::from_secs(3), "{first:?}");
    }
    let status = home.status();
    assert_eq!(blamed(&status), [""; 0]);
    assert_eq!(facet(&status, "signal", "text")["way"], "direct", "{:#}", home.why("signal"));
}
