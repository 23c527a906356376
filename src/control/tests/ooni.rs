//! What is exported has OONI's base keys (df-000), and nothing that says where, when to the minute, or who.

use super::world::{at, clock, fixed_measurements, route, service, stories};
use crate::board::RouteStory;
use crate::control::report::{Measurement, measurements};
use crate::model::*;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// The keys of df-000 that a client sends.
const KEYS: [&str; 22] = [
    "annotations",
    "data_format_version",
    "extensions",
    "input",
    "measurement_start_time",
    "options",
    "probe_asn",
    "probe_cc",
    "probe_ip",
    "probe_network_name",
    "report_id",
    "resolver_asn",
    "resolver_ip",
    "resolver_network_name",
    "software_name",
    "software_version",
    "test_helpers",
    "test_keys",
    "test_name",
    "test_runtime",
    "test_start_time",
    "test_version",
];

fn of(stories: Vec<RouteStory>, since: Duration) -> Vec<Measurement> {
    measurements(clock(), clock().wall.before(since), &[(&service("telegram", "Telegram"), stories)])
}

#[test]
fn a_measurement_has_the_documented_keys_and_no_other() {
    let found = serde_json::to_value(fixed_measurements(DAY)).unwrap();
    let [one] = found.as_array().unwrap().as_slice() else { panic!("one a service: {found}") };
    let keys: BTreeSet<_> = one.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, BTreeSet::from(KEYS));
    for (key, value) in [
        ("data_format_version", "0.2.0"),
        ("test_name", "byway_im_reachability"),
        ("probe_asn", "AS0"),
        ("probe_cc", "ZZ"),
        ("probe_ip", "127.0.0.1"),
        ("resolver_asn", "AS0"),
        ("resolver_ip", "127.0.0.1"),
        ("software_name", "byway"),
    ] {
        assert_eq!(one[key], value, "{key}");
    }
    assert_eq!((&one["input"], &one["options"]), (&Value::Null, &Value::Array(vec![])));
    let annotations: Vec<_> = one["annotations"].as_object().unwrap().keys().collect();
    assert_eq!(annotations, ["architecture", "engine_name", "platform"]);
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.+-".contains(c);
    assert!(one["software_version"].as_str().unwrap().chars().all(allowed));
}

#[test]
fn times_are_told_by_the_hour() {
    let found = fixed_measurements(DAY);
    // The first test was at 13:37.
    assert_eq!(found[0].test_start_time, "2026-08-02 13:00:00");
    assert_eq!(found[0].measurement_start_time, "2026-08-02 13:00:00");
}

#[test]
fn only_active_tests_of_the_direct_way_go_in() {
    let found = fixed_measurements(DAY);
    let [facet] = found[0].test_keys.facets.as_slice() else { panic!("{found:?}") };
    // Of five facts two are of people's connections; tokyo's are of another way.
    assert_eq!((facet.facet, facet.tests, facet.answered, facet.proven), (Facet::Text, 3, 1, 1));
    assert_eq!(facet.failure.as_deref(), Some("generic_timeout_error"));
    assert_eq!(facet.failures, [("generic_timeout_error".to_owned(), 2)].into());
    assert_eq!((facet.x_technique, facet.x_confidence), (Some(Technique::SniDropHello), Some(Confidence::Anomaly)));
    let mut traffic_alone = stories();
    traffic_alone.iter_mut().flat_map(|story| &mut story.evidence).for_each(|(fact, _)| fact.source = Source::Traffic);
    assert_eq!(of(traffic_alone, DAY), [], "a service that only people asked is not measured");
    // In the last quarter of an hour there were two.
    assert_eq!(of(stories(), Duration::from_secs(15 * 60))[0].test_keys.facets[0].tests, 2);
    assert_eq!(of(stories(), Duration::from_secs(60)), []);
}

#[test]
fn a_technique_that_only_people_saw_is_not_told() {
    let mut stories = stories();
    stories[1].evidence.retain(|(fact, _)| fact.source == Source::Traffic || fact.sign.is_good());
    let keys = of(stories, DAY)[0].test_keys.facets[0].clone();
    assert_eq!((keys.tests, keys.failure, keys.x_technique), (1, None, None));
}

#[test]
fn no_endpoint_can_be_told_from_another() {
    let numbered = |from: u32| {
        let mut stories = stories();
        let facts = stories.iter_mut().flat_map(|story| &mut story.evidence);
        for (number, (fact, _)) in (from..).zip(facts) {
            fact.endpoint = Some(EndpointTag(number));
        }
        of(stories, DAY)
    };
    assert_eq!(numbered(1), numbered(0x4bad_beef));
}

#[test]
fn every_failure_is_one_of_oonis_or_says_that_it_is_not() {
    // df-007, as far as a sign can mean it.
    const KNOWN: [&str; 9] = [
        "connection_refused",
        "connection_reset",
        "dns_bogon_error",
        "dns_no_answer",
        "eof_error",
        "generic_timeout_error",
        "host_unreachable",
        "interrupted",
        "ssl_unknown_authority",
    ];
    for sign in super::words::signs().into_iter().filter(|sign| sign.is_bad()) {
        let route = route("telegram", Facet::Text, "direct");
        let fact = Evidence::new(route.clone(), Source::Probe, sign, at(50), at(50));
        let standing = Standing::unknown(at(0));
        let story = RouteStory { route, standing, evidence: vec![(fact, 1.0)], next_probe: None };
        let keys = of(vec![story], DAY)[0].test_keys.facets[0].clone();
        let failure = keys.failure.unwrap();
        assert!(KNOWN.contains(&failure.as_str()) || failure.starts_with("unknown_failure: "), "{sign:?}: {failure}");
    }
}
