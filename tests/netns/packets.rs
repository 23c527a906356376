//! Blocks of UDP, and what becomes of calls.

use crate::home::{BRISK, Home};
use crate::said::{facet, technique, way};
use std::time::{Duration, Instant};

/// Signal's server for calls.
const CALLS: &str = "turn3.voip.signal.org";

#[test]
fn scenario_28_udp_off() {
    let Some(home) = Home::new(BRISK) else { return };
    home.open("signal").unwrap();
    assert!(home.call(CALLS, Duration::from_secs(10)), "on a clean line a call is set up");
    assert_eq!(home.provider.packets("tokyo"), 0);
    // All but names and the tunnels, whose packets look like nothing.
    let but = |set: &str| format!("ip daddr @{set} accept\nip saddr @{set} accept\n");
    home.provider.rules(&format!("{}{}udp dport 53 accept\nmeta l4proto udp drop", but("tokyo"), but("oslo")));
    let began = Instant::now();
    while technique(way(&home.status(), "signal", "calls", "direct")) != Some("udp_blocked") {
        assert!(home.call(CALLS, Duration::from_secs(20)), "calls are carried on\n{}", home.said());
        assert!(began.elapsed() < Duration::from_secs(90), "{:#}\n{}", home.why("signal"), home.said());
        std::thread::sleep(Duration::from_millis(500));
    }
    assert!(home.provider.packets("tokyo") > 0);
    let status = home.status();
    assert_eq!(facet(&status, "signal", "calls")["way"], "tokyo");
    assert_eq!(facet(&status, "signal", "text")["verdict"]["is"], "works");
    home.open("signal").unwrap();
    assert_eq!(facet(&home.status(), "signal", "text")["way"], "direct");
}
