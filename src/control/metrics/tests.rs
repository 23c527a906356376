//! The page of a made-up evening: what it says, and what it must never say.

use super::*;
use crate::control::report::{Counters, SubscriptionLine};
use crate::control::tests::world::fixed_status;
use crate::model::*;
use crate::platform::Process;

fn route(service: &str, transport: &str, l4: L4) -> Route {
    Route { service: service.into(), facet: Facet::Text, transport: transport.into(), l4 }
}

fn transition(service: &str, transport: &str, to: Phase, verdict: Verdict) -> Record {
    Record::Transition(Transition {
        route: route(service, transport, L4::Tcp),
        network: NetworkId(1),
        from: Phase::Ok,
        to,
        verdict,
        confidence: Confidence::Anomaly,
        score: 5.0,
        why: Vec::new(),
        endpoints: 1,
        took_ms: 1,
        next_secs: None,
    })
}

fn way(from: Option<&str>, to: Option<&str>) -> Record {
    let id = |id: &str| TransportId::from(id);
    Record::Way(WayChange {
        service: "telegram".into(),
        facet: Facet::Text,
        from: from.map(id),
        to: to.map(id),
        why: "because of 192.0.2.1".into(),
        delay_ms: 1,
    })
}

fn probed(transport: &str, sign: Sign, l4: L4) -> Evidence {
    let at = Moment::from_millis;
    Evidence::new(route("telegram", transport, l4), Source::Probe, sign, at(1_000), at(1_300))
}

fn evening() -> (Meters, Status, Facts) {
    let meters = Meters::default();
    for record in [
        way(None, Some("direct")),
        transition("telegram", "direct", Phase::Blocked, Verdict::Blocked(Technique::SniRst)),
        way(Some("direct"), Some("tokyo")),
        transition("telegram", "direct", Phase::Ok, Verdict::Works),
        way(Some("tokyo"), Some("direct")),
        way(Some("direct"), None),
        Record::Network { network: NetworkId(2) },
        Record::Started,
    ] {
        meters.heed(&record);
    }
    meters.probed(&probed("direct", Sign::ResetAfterHello, L4::Tcp));
    meters.probed(&probed("direct", Sign::Answer(Grade::A), L4::Tcp));
    meters.probed(&probed("direct", Sign::UdpNoReply, L4::Udp));
    meters.probed(&probed("gone", Sign::Answer(Grade::A), L4::Tcp));
    let mut status = fixed_status();
    status.counters = Counters { connections: 12, probe_bytes: 4_096, ..status.counters };
    status.subscriptions = vec![SubscriptionLine {
        name: "panel".into(),
        is_fetched: true,
        members: Vec::new(),
        skipped: Vec::new(),
        last_good: Some(crate::control::Stamp::from_secs(1_790_000_000)),
        over: None,
        next: None,
        trouble: None,
        used_bytes: Some(90),
        total_bytes: Some(100),
        expires: Some(crate::control::Stamp::from_secs(1_800_000_000)),
    }];
    let facts = Facts {
        connections: vec![("socks5", "direct".into(), 3)],
        bytes: vec![("direct".into(), 10, 20)],
        associations: 1,
        lookups: vec![("answered", 7), ("failed", 1)],
        last_good: vec![("telegram".into(), 1_790_000_000)],
        probe_budget: 3_000_000,
        features: "",
        process: Process { cpu_seconds: Some(1.5), resident_bytes: Some(9), open_fds: Some(8), started: Some(1.0) },
    };
    (meters, status, facts)
}

#[test]
fn an_evening_is_counted() {
    let (meters, status, facts) = evening();
    let page = meters.page(&status, &facts);
    for line in [
        "byway_switches_total{service=\"telegram\",reason=\"sni_rst\"} 1",
        "byway_switches_total{service=\"telegram\",reason=\"preferred\"} 1",
        "byway_switches_total{service=\"telegram\",reason=\"no_way_left\"} 1",
        "byway_blocks_total{service=\"telegram\",class=\"sni_rst\"} 1",
        "byway_network_changes_total 1",
        "byway_probes_total{service=\"telegram\",transport=\"direct\",stage=\"tls\",result=\"connection_reset\"} 1",
        "byway_probes_total{service=\"telegram\",transport=\"direct\",stage=\"payload\",result=\"ok\"} 1",
        "byway_probe_success{service=\"telegram\",transport=\"direct\",stage=\"udp\"} 0",
        "byway_probe_success{service=\"telegram\",transport=\"direct\",stage=\"payload\"} 1",
        "byway_probe_duration_seconds_bucket{le=\"0.2\",transport=\"direct\",stage=\"tls\"} 0",
        "byway_probe_duration_seconds_bucket{le=\"0.5\",transport=\"direct\",stage=\"tls\"} 1",
        "# TYPE byway_connections gauge",
        "byway_connections{inbound=\"socks5\",transport=\"direct\"} 3",
        "byway_connections_total 12",
        "byway_bytes_total{transport=\"direct\",direction=\"down\"} 20",
        "byway_udp_associations 1",
        "byway_dns_queries_total{result=\"failed\"} 1",
        "byway_last_good_timestamp_seconds{service=\"telegram\"} 1790000000",
        "byway_probe_bytes_total 4096",
        "byway_probe_budget_bytes 3000000",
        "byway_subscription_limit_bytes{subscription=\"panel\"} 100",
        "process_cpu_seconds_total 1.5",
    ] {
        assert!(page.lines().any(|found| found == line), "no {line:?} in\n{page}");
    }
    assert!(page.ends_with("# EOF\n"));
    assert!(!page.contains("192.0.2.1"), "a sentence for people is no label");
}

#[test]
fn a_way_that_is_gone_is_forgotten() {
    let (meters, status, facts) = evening();
    assert!(!meters.page(&status, &facts).contains("\"gone\""));
}

#[test]
fn what_is_not_known_of_a_service_is_absent_and_not_zero() {
    let (meters, mut status, facts) = evening();
    let line = |status: &Status| {
        let page = meters.page(status, &facts);
        page.lines()
            .find(|line| line.starts_with("byway_service_up{service=\"telegram\",capability=\"text\"}"))
            .map(str::to_owned)
    };
    let telegram = |status: &mut Status, up| {
        let service = status.services.iter_mut().find(|service| service.id.as_str() == "telegram").unwrap();
        service.facets.iter_mut().for_each(|facet| facet.up = up);
    };
    use crate::control::report::Up;
    telegram(&mut status, Up::No);
    assert!(line(&status).unwrap().ends_with(" 0"));
    telegram(&mut status, Up::Unsure);
    assert_eq!(line(&status), None);
}

/// What the rules and the dashboard ask for is there; and what is there is asked for or told of in the documentation.
#[test]
fn the_rules_the_dashboard_and_the_page_know_the_same_names() {
    let (meters, status, facts) = evening();
    let page = meters.page(&status, &facts);
    let rules = include_str!("../../../packaging/monitoring/byway.rules.yml");
    let dashboard = include_str!("../../../packaging/monitoring/byway.dashboard.json");
    let shown = |name: &str| {
        page.lines().any(|line| line.starts_with(&format!("{name}{{")) || line.starts_with(&format!("{name} ")))
    };
    for text in [rules, dashboard] {
        let asked = names(text);
        assert!(asked.len() >= 8, "{asked:?}");
        let absent: Vec<_> = asked.iter().filter(|name| !shown(name)).collect();
        assert!(absent.is_empty(), "nobody exports {absent:?}");
    }
    let told = names(include_str!("../../../docs/monitoring.md"));
    let untold: Vec<_> = names(&page).into_iter().filter(|name| shown(name) && !told.contains(name)).collect();
    let untold: Vec<_> = untold
        .iter()
        .filter(|name| !name.ends_with("_bucket") && !name.ends_with("_sum") && !name.ends_with("_count"))
        .collect();
    assert!(untold.is_empty(), "docs/monitoring.md does not tell of {untold:?}");
}

/// The names of metrics in a text.
fn names(text: &str) -> std::collections::BTreeSet<&str> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| (word.starts_with("byway_") || word.starts_with("process_")) && word.len() > 6).collect()
}
