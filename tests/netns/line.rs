//! Trouble with the line itself, or with a service itself, in which nobody is to be blamed.

use crate::ground::GATEWAY;
use crate::home::{BRISK, Home};
use crate::said::{blamed, facet, verdicts, way};
use serde_json::Value;
use std::time::{Duration, Instant};

const MESSENGERS: [&str; 3] = ["telegram", "whatsapp", "signal"];

fn is_well(status: &Value) -> bool {
    MESSENGERS.iter().all(|service| way(status, service, "text", "direct")["phase"] == "ok")
}

/// A home where all is well and known to be.
fn well() -> Option<Home> {
    let home = Home::new(BRISK)?;
    for service in MESSENGERS {
        home.open(service).unwrap();
    }
    home.until("all is well", is_well);
    Some(home)
}

/// Nobody was blamed, and nothing is believed but what was believed before.
fn nobody_is_blamed(home: &Home) {
    let status = home.status();
    assert_eq!(blamed(&status), [""; 0]);
    assert!(is_well(&status), "{status:#}");
    for service in MESSENGERS {
        assert_eq!(facet(&status, service, "text")["way"], "direct");
    }
    assert_eq!(verdicts(&home.log()), [""; 0]);
}

/// People try until byway says what the line is.
fn try_until(home: &Home, link: &str) {
    let began = Instant::now();
    while home.status()["link"] != link {
        home.impatient("telegram", Duration::from_secs(2)).unwrap_err();
        assert!(began.elapsed() < Duration::from_secs(150), "{:#}\n{}", home.status(), home.said());
    }
}

/// The line is taken away by `out` and given back by `back`; nobody is to blame, and it is used again at once.
fn without_a_line(out: impl Fn(&Home), back: impl Fn(&Home)) {
    let Some(home) = well() else { return };
    out(&home);
    let gone = Instant::now();
    try_until(&home, "offline");
    println!("line gone: offline after {:?}", gone.elapsed());
    nobody_is_blamed(&home);
    back(&home);
    let back = Instant::now();
    while home.impatient("signal", Duration::from_millis(500)).is_err() {
        assert!(back.elapsed() < Duration::from_secs(20), "{}", home.said());
    }
    let first = back.elapsed();
    home.until("online again", |status| status["link"] == "online");
    println!("line back: first byte within {first:?}, online within {:?}", back.elapsed());
    nobody_is_blamed(&home);
}

#[test]
fn scenario_2_cable_out() {
    // The far end goes: the client's interface stays, without a carrier.
    without_a_line(
        |home| home.ground.at_the_provider("link set cust0 down\n"),
        |home| home.ground.at_the_provider("link set cust0 up\n"),
    );
}

#[test]
fn scenario_2_interface_down() {
    // The client's own interface goes, and its route with it; what configures it puts both back.
    without_a_line(
        |home| home.ground.at_the_client("link set home0 down\n"),
        |home| home.ground.at_the_client(&format!("link set home0 up\nroute replace default via {GATEWAY}\n")),
    );
}

#[test]
fn scenario_3_gateway_only() {
    let Some(home) = well() else { return };
    home.provider.rules("drop");
    try_until(&home, "offline");
    nobody_is_blamed(&home);
    home.provider.rules("");
    home.until("online again", |status| status["link"] == "online");
    home.open("telegram").unwrap();
    nobody_is_blamed(&home);
}

#[test]
fn scenario_32_whitelist() {
    let Some(home) = well() else { return };
    let goods = || MESSENGERS.map(|service| good_signs(&home.why(service)["facets"]));
    let before = goods();
    // Connections are opened to everybody; what is said in them passes only inside the country.
    home.provider.rules("ip daddr != @domestic ip saddr != @domestic meta l4proto tcp meta length > 100 drop");
    try_until(&home, "whitelist");
    // Tunnels stand first now, for nothing else could pass; still nobody is blamed.
    assert_eq!(blamed(&home.status()), [""; 0]);
    assert_eq!(verdicts(&home.log()), [""; 0]);
    let after = goods();
    assert!(
        after.iter().zip(before).all(|(after, before)| *after <= before),
        "a connection that only opens is no success"
    );
}

fn good_signs(facets: &Value) -> usize {
    let routes = facets.as_array().unwrap().iter().flat_map(|facet| facet["routes"].as_array().unwrap());
    let lines = routes.flat_map(|route| route["evidence"].as_array().unwrap());
    lines.filter(|line| line["weighs"] == "good").count()
}

#[test]
fn scenario_35_service_down() {
    let Some(home) = well() else { return };
    home.town.take_down("telegram");
    let began = Instant::now();
    while way(&home.status(), "telegram", "text", "direct")["verdict"]["is"] != "down" {
        home.open("telegram").unwrap_err();
        assert!(began.elapsed() < Duration::from_secs(60), "{:#}\n{}", home.why("telegram"), home.said());
        std::thread::sleep(Duration::from_millis(500));
    }
    let status = home.status();
    assert_eq!(blamed(&status), [""; 0]);
    assert_eq!(facet(&status, "telegram", "text")["way"], "direct", "the way is held");
    home.town.bring_up("telegram");
    home.open("telegram").unwrap();
    home.until("it works again", |status| way(status, "telegram", "text", "direct")["phase"] == "ok");
}
