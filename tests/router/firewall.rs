//! The rules as such: their own table and nothing else, once however often, and gone when told.

use crate::ground::{CLIENT, Ground, ORIGIN, ROUTER};
use crate::resident::{command_in, finish};
use crate::router::{Household, REDIRECT, TPROXY};

/// Everything of the firewall's and the routing's on the router.
fn state(home: &Household) -> String {
    let nft = home.on_router("nft", &["list", "ruleset"]);
    let rules = ["-4", "-6"].map(|family| home.on_router("ip", &[family, "rule"])).concat();
    let routes = ["-4", "-6"].map(|family| home.on_router("ip", &[family, "route", "show", "table", "6279"])).concat();
    format!("{nft}\n{rules}\n{routes}")
}

const ANOTHERS: &str = "table inet another {\n\tset mine {\n\t\ttype ipv4_addr\n\t\telements = { 192.0.2.1 }\n\t}\n\n\
                        \tchain out {\n\t\ttype filter hook output priority filter; policy accept;\n\t}\n}\n";

#[test]
fn applied_twice_is_applied_once_and_cleared_is_gone() {
    for wish in [TPROXY, REDIRECT] {
        let Some(home) = Household::without_byway(&wish) else { return };
        Ground::nft(&home.ground.router, ANOTHERS);
        let before = state(&home);
        let cleared = home.order(&["firewall", "clear"]);
        assert!(cleared.status.success(), "{cleared:?}: there is nothing to clear");
        assert_eq!(state(&home), before);
        assert!(home.order(&["firewall", "apply"]).status.success());
        let once = state(&home);
        assert_ne!(once, before);
        assert!(home.order(&["firewall", "apply"]).status.success());
        assert_eq!(state(&home), once);
        assert!(once.contains(ANOTHERS), "{once}");
        assert!(home.order(&["firewall", "clear"]).status.success());
        assert_eq!(state(&home), before);
        assert_eq!(home.asks(ORIGIN), Ok(CLIENT.to_owned()));
    }
}

#[test]
fn what_is_printed_is_what_nft_reads() {
    for wish in [TPROXY, REDIRECT] {
        let Some(home) = Household::without_byway(&wish) else { return };
        let printed = String::from_utf8(home.order(&["firewall", "print"]).stdout).unwrap();
        let mut nft = command_in(&home.ground.router, "nft");
        nft.args(["--check", "-f", "-"]);
        finish(nft, &printed);
        let json = home.order(&["firewall", "print", "--json"]).stdout;
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["schema"], 1);
        assert!(printed.ends_with(json["nft"].as_str().unwrap()));
        let lines = String::from_utf8(home.order(&["firewall", "print", "--dnsmasq"]).stdout).unwrap();
        assert!(lines.contains("nftset=/chat.test/4#inet#byway#chat_names4,6#inet#byway#chat_names6"), "{lines}");
        assert!(lines.contains("nftset=/") && lines.contains("telegram_names4"), "{lines}");
    }
}

#[test]
fn a_running_byway_keeps_its_table_and_the_next_one_clears_what_a_dead_one_left() {
    let Some(mut home) = Household::without_byway(&TPROXY) else { return };
    // What a byway leaves that was killed with everything that watched over it.
    assert!(home.order(&["firewall", "apply"]).status.success());
    home.start();
    assert_eq!(home.asks(ORIGIN), Ok(ROUTER.to_owned()));
    let held = home.order(&["firewall", "clear"]);
    assert_eq!(held.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&held.stderr).contains("goes when that one stops"), "{held:?}");
    assert!(!home.order(&["firewall", "apply"]).status.success());
    assert_eq!(home.asks(ORIGIN), Ok(ROUTER.to_owned()));
    home.on_router("nft", &["flush", "ruleset"]);
    assert_eq!(home.asks(ORIGIN), Ok(ROUTER.to_owned()), "nobody else's broom takes it away");
    home.end("-TERM");
    let left = state(&home);
    assert!(!left.contains("byway") && !left.contains("6279"), "{left}");
}
