//! Lies and silence of the provider's resolver.

use crate::home::{BRISK, Home};
use crate::said::{blamed, facet, signs, technique, way};

#[test]
fn scenario_5_dns_nx_one() {
    let lie = |provider: &mut crate::provider::Provider| {
        provider.resolve(|name| !name.ends_with("whatsapp.com"), &["--address=/whatsapp.com/"]);
    };
    let Some(home) = Home::behind(BRISK, lie) else { return };
    home.open("whatsapp").unwrap();
    home.use_until("web.whatsapp.com", "the lie is named", |status| {
        technique(way(status, "whatsapp", "web", "direct")) == Some("dns_tamper")
    });
    let status = home.status();
    let web = facet(&status, "whatsapp", "web");
    assert_eq!((&web["way"], &web["up"]), (&"direct".into(), &"yes".into()), "a lie alone changes no way");
    assert_eq!(facet(&status, "whatsapp", "text")["verdict"]["is"], "works");
    assert_eq!(home.provider.packets("tokyo"), 0);
    let signs = signs(&home.why("whatsapp"), "web", "direct");
    assert!(signs.iter().any(|sign| sign == "dns_lie"), "{signs:?}");
}

#[test]
fn scenario_7_dns_dead() {
    let silence = |provider: &mut crate::provider::Provider| {
        provider.table(
            "silent",
            "chain in { type filter hook input priority 0; meta l4proto { tcp, udp } th dport 53 drop; }",
        );
    };
    let Some(home) = Home::behind(BRISK, silence) else { return };
    for service in ["telegram", "whatsapp", "signal"] {
        for _ in 0..3 {
            home.open(service).unwrap();
        }
        home.until("it works", |status| facet(status, service, "text")["verdict"]["is"] == "works");
    }
    let status = home.status();
    assert_eq!(status["link"], "online", "{status:#}");
    assert_eq!(blamed(&status), [""; 0]);
    for service in ["telegram", "whatsapp", "signal"] {
        assert_eq!(facet(&status, service, "text")["way"], "direct");
    }
}
