//! Somebody else answers: another certificate, a block page, a portal, a voice that forges names.

use crate::booths::{IMPOSTOR_PORT, PAGE_PORT, forger, impostor, page};
use crate::home::{BRISK, Home};
use crate::provider::Provider;
use crate::said::{blamed, facet, signs, technique, verdicts, way};
use byway::lab::people::Mishap;
use std::time::{Duration, Instant};

/// Sends `which` of the customer's connections to a port of the provider's own.
fn divert(provider: &Provider, which: &str, port: u16) {
    let chain = "chain before { type nat hook prerouting priority dstnat; iifname cust0";
    provider.table("divert", &format!("{chain} {which} redirect to :{port}; }}"));
}

#[test]
fn scenario_24_mitm() {
    let Some((home, _impostor)) = with(|provider| {
        divert(provider, "ip daddr @signal tcp dport 443", IMPOSTOR_PORT);
        impostor(provider.namespace(), "76.223.66.180:443".parse().unwrap())
    }) else {
        return;
    };
    home.until("it is called so", |status| technique(way(status, "signal", "text", "direct")) == Some("mitm"));
    let status = home.status();
    let direct = way(&status, "signal", "text", "direct");
    assert_eq!((&direct["phase"], &direct["confidence"]), (&"blocked".into(), &"confirmed".into()));
    assert_eq!(facet(&status, "signal", "text")["way"], "tokyo");
    assert_eq!(status["link"], "online");
    let before = home.provider.opened("signal");
    let began = Instant::now();
    for _ in 0..10 {
        home.open("signal").unwrap();
    }
    assert!(home.provider.opened("tokyo") >= 10);
    // What byway itself still asks there is no person's.
    let asked = home.provider.opened("signal") - before;
    assert_eq!(asked, 0, "nothing of a person's goes there, in {:?}", began.elapsed());
    home.open("telegram").unwrap();
    assert_eq!(facet(&home.status(), "telegram", "text")["way"], "direct");
}

#[test]
fn scenario_25_mitm_all() {
    let Some((home, _impostor)) = with(|provider| {
        divert(provider, "tcp dport 443", IMPOSTOR_PORT);
        impostor(provider.namespace(), "198.51.100.11:443".parse().unwrap())
    }) else {
        return;
    };
    home.until("it is the line", |status| status["link"] == "link_bad");
    for _ in 0..5 {
        let _refused = home.impatient("signal", Duration::from_secs(3));
    }
    assert_eq!(blamed(&home.status()), [""; 0], "an interception of everything is local");
}

#[test]
fn scenario_26_blockpage() {
    let Some((home, _page)) = with(|provider| {
        divert(provider, "ip daddr @telegram tcp dport 80", PAGE_PORT);
        page(provider.namespace(), "http://warning.example/")
    }) else {
        return;
    };
    let got = home.get("web.telegram.org");
    assert!(got.starts_with("HTTP/1.1 200"), "the page itself, by another way: {got}");
    assert!(home.provider.opened("tokyo") > 0);
    home.until("it is called so", |status| technique(way(status, "telegram", "web", "direct")) == Some("http_block"));
    let status = home.status();
    let direct = way(&status, "telegram", "web", "direct");
    assert_eq!((&direct["phase"], &direct["confidence"]), (&"blocked".into(), &"confirmed".into()));
    assert_eq!(facet(&status, "telegram", "web")["way"], "tokyo");
}

#[test]
fn scenario_4_captive_302() {
    let Some((home, _portal)) = with(|provider| {
        divert(provider, "tcp dport 80", PAGE_PORT);
        provider.rules("meta l4proto tcp tcp dport != 80 reject with tcp reset");
        page(provider.namespace(), "http://login.cafe.example/")
    }) else {
        return;
    };
    let began = Instant::now();
    while home.status()["link"] != "captive" {
        let _refused = home.impatient("telegram", Duration::from_secs(2)).unwrap_err();
        assert!(began.elapsed() < Duration::from_secs(60), "{:#}\n{}", home.status(), home.said());
    }
    for app in ["telegram", "signal", "whatsapp"] {
        assert_eq!(home.impatient(app, Duration::from_secs(2)).unwrap_err(), Mishap::Refused);
    }
    let status = home.status();
    assert_eq!(blamed(&status), [""; 0]);
    assert_eq!(facet(&status, "telegram", "text")["way"], "direct", "the way is held");
    assert_eq!(verdicts(&home.log()), [""; 0]);
}

/// Where the resolver of scenario 6 is: abroad, so that its answers pass the provider.
const FAR_RESOLVER: &str = "198.51.100.54";

#[test]
fn scenario_6_dns_inject() {
    let Some((home, (_forger, told))) = with(|provider| {
        provider.resolve_abroad(FAR_RESOLVER);
        let at = (FAR_RESOLVER.parse::<std::net::IpAddr>().unwrap(), 53).into();
        forger(provider.namespace(), at, "whatsapp\x03com")
    }) else {
        return;
    };
    home.use_until("web.whatsapp.com", "the forgery is named", |status| {
        technique(way(status, "whatsapp", "web", "direct")) == Some("dns_tamper")
    });
    assert!(told.load(std::sync::atomic::Ordering::Relaxed) > 0);
    let status = home.status();
    assert_eq!(facet(&status, "whatsapp", "web")["way"], "direct");
    assert_eq!(home.provider.packets("tokyo"), 0);
    let signs = signs(&home.why("whatsapp"), "web", "direct");
    assert!(signs.iter().any(|sign| sign == "dns_injected"), "{signs:?}");
}

/// A home behind a provider with something in it.
fn with<T>(prepare: impl FnOnce(&mut Provider) -> T) -> Option<(Home, T)> {
    let mut there = None;
    let home = Home::behind(BRISK, |provider| there = Some(prepare(provider)))?;
    Some((home, there.unwrap()))
}
