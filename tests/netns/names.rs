//! Blocks by name: what a box does that looks into the first message.

use crate::dpi::Then;
use crate::home::{BRISK, Home, in_good_time};
use crate::said::{blamed, facet, signs, technique, way};
use std::time::Duration;

/// Signal's name under the box's eyes: people are carried on, a pair proves the name, and byway says `expected`.
fn signal_named(then: Then, expected: &str, sign: &str, most: Duration) {
    let Some(mut home) = Home::new(BRISK) else { return };
    home.open("signal").unwrap();
    home.provider.look_for(&["signal.org"], then);
    let first = home.open("signal").unwrap_or_else(|why| panic!("{why}\n{}", home.said()));
    assert!(first <= most, "{first:?}");
    assert!(home.provider.found() > 0, "the box saw the name");
    assert!(home.provider.opened("tokyo") > 0, "it went another way");
    let mut first_bytes = home.use_until("signal", "a confirmed verdict", |status| {
        let direct = way(status, "signal", "text", "direct");
        direct["phase"] == "blocked" && direct["confidence"] == "confirmed"
    });
    first_bytes.push(first);
    in_good_time(first_bytes);
    let status = home.status();
    assert_eq!(technique(way(&status, "signal", "text", "direct")), Some(expected));
    assert_eq!(facet(&status, "signal", "text")["way"], "tokyo");
    let blamed = blamed(&status);
    assert!(blamed.iter().all(|line| line.contains("\"signal\"") && line.contains("\"direct\"")), "{blamed:?}");
    let signs = signs(&home.why("signal"), "text", "direct");
    assert!(signs.iter().any(|seen| seen == sign), "{signs:?}");
    home.open("telegram").unwrap();
    assert_eq!(facet(&home.status(), "telegram", "text")["way"], "direct");
}

#[test]
fn scenario_12_sni_rst() {
    signal_named(Then::Reset, "sni_rst", "connection_reset", Duration::from_secs(1));
}

#[test]
fn scenario_14_hello_drop() {
    signal_named(Then::DropHello, "sni_drop_hello", "hello_dropped", Duration::from_secs(2));
}

/// A box that reads packet by packet lets the first segment of a long hello pass and drops the other.
#[test]
fn scenario_14_second_segment_drop() {
    let Some(home) = Home::new(BRISK) else { return };
    home.open("signal").unwrap();
    home.provider.rules("ip daddr @signal meta length > 60 meta length < 1400 drop");
    let first = home.open("signal").unwrap();
    assert!(first <= Duration::from_secs(2), "{first:?}");
    home.until("another way", |status| facet(status, "signal", "text")["way"] == "tokyo");
    let signs = signs(&home.why("signal"), "text", "direct");
    assert!(signs.iter().any(|seen| seen == "hello_dropped"), "{signs:?}");
}

#[test]
fn scenario_15_hello_mute() {
    signal_named(Then::MuteAnswer, "sni_drop_answer", "hello_muted", Duration::from_secs(2));
}

#[test]
fn scenario_30_noise_fp() {
    let Some(mut home) = Home::new(BRISK) else { return };
    home.open("whatsapp").unwrap();
    home.provider.look_for(&["WA\x06"], Then::MuteAnswer);
    let first = home.open("whatsapp").unwrap();
    assert!(first <= Duration::from_secs(2), "{first:?}");
    home.use_until("whatsapp", "a confirmed verdict", |status| {
        let direct = way(status, "whatsapp", "text", "direct");
        direct["phase"] == "blocked" && direct["confidence"] == "confirmed"
    });
    let status = home.status();
    assert_eq!(technique(way(&status, "whatsapp", "text", "direct")), Some("proto_block"));
    assert_eq!(facet(&status, "whatsapp", "text")["way"], "tokyo");
    home.open("web.whatsapp.com").unwrap();
    assert_eq!(facet(&home.status(), "whatsapp", "web")["way"], "direct", "the web goes on");
}
