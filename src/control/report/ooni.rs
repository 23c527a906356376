//! The tests of the direct way as measurements in OONI's base data format (df-000), one per service, under a test name
//! of our own. Only active tests of the direct way go in: nothing of people's connections, no address, no name of a
//! host, no finer time than the hour. Where this was measured is withheld, with the values that OONI has for that.

use crate::board::RouteStory;
use crate::control::{Clock, Stamp};
use crate::model::{Anchors, Evidence, Facet, Grade, L4, Service, ServiceId, Sign, Source, Technique};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The test's name; not one of OONI's own, for it follows none of their tests exactly.
pub const TEST_NAME: &str = "byway_im_reachability";
/// Rises when the test keys change.
pub const TEST_VERSION: &str = "0.1.0";

/// One measurement: the base keys of df-000 that a client sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// What about the machine may be known: `platform`, `architecture`, `engine_name`.
    pub annotations: BTreeMap<String, String>,
    /// `0.2.0`.
    pub data_format_version: String,
    /// None is used.
    pub extensions: BTreeMap<String, u32>,
    /// Always null, as in OONI's tests of messengers.
    pub input: Option<String>,
    /// The hour of the first test, `YYYY-MM-DD hh:mm:ss` in UTC.
    pub measurement_start_time: String,
    /// None.
    pub options: Vec<String>,
    /// `AS0`: withheld.
    pub probe_asn: String,
    /// `ZZ`: withheld.
    pub probe_cc: String,
    /// `127.0.0.1`: withheld.
    pub probe_ip: String,
    /// Withheld.
    pub probe_network_name: String,
    /// Given by whoever collects it.
    pub report_id: String,
    /// `AS0`: withheld.
    pub resolver_asn: String,
    /// `127.0.0.1`: withheld.
    pub resolver_ip: String,
    /// Withheld.
    pub resolver_network_name: String,
    /// `byway`.
    pub software_name: String,
    /// Its version.
    pub software_version: String,
    /// None is used.
    pub test_helpers: BTreeMap<String, String>,
    /// What was found.
    pub test_keys: TestKeys,
    /// [`TEST_NAME`].
    pub test_name: String,
    /// Seconds; withheld as 0.
    pub test_runtime: f64,
    /// As `measurement_start_time`.
    pub test_start_time: String,
    /// [`TEST_VERSION`].
    pub test_version: String,
}

/// What was found of one service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestKeys {
    /// Which.
    pub service: ServiceId,
    /// Facet by facet.
    pub facets: Vec<FacetKeys>,
}

/// What was found of one facet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FacetKeys {
    /// Which.
    pub facet: Facet,
    /// Streams or packets.
    pub l4: L4,
    /// The last test's failure, in OONI's words (df-007); null when it was answered.
    pub failure: Option<String>,
    /// Tests made.
    pub tests: u32,
    /// Tests answered.
    pub answered: u32,
    /// Those of the answers that proved the service itself.
    pub proven: u32,
    /// The failures of the others, in OONI's words, and how often each.
    pub failures: BTreeMap<String, u32>,
    /// Tests at whose time the neutral anchors answered.
    pub anchors_good: u32,
    /// What is believed to stop it, when the tests alone show a failure; null otherwise.
    pub x_technique: Option<Technique>,
    /// How sure that is.
    pub x_confidence: Option<crate::model::Confidence>,
}

/// The measurements of some services' direct way, from the board's stories of them, of the tests since `since`. A
/// service without such a test has no measurement.
pub fn measurements(clock: Clock, since: Stamp, stories: &[(&Service, Vec<RouteStory>)]) -> Vec<Measurement> {
    stories.iter().filter_map(|(service, stories)| measurement(clock, since, service, stories)).collect()
}

fn measurement(clock: Clock, since: Stamp, service: &Service, stories: &[RouteStory]) -> Option<Measurement> {
    let direct = stories.iter().filter(|story| story.route.transport.as_str() == "direct");
    let tested = direct.map(|story| (story, tests(clock, since, story)));
    let tested: Vec<_> = tested.filter(|(_, tests)| !tests.is_empty()).collect();
    let first = tested.iter().flat_map(|(_, tests)| tests).map(|fact| clock.stamp(fact.began)).min()?;
    let hour = spaced(Stamp::from_secs(first.as_secs() - first.as_secs() % 3600));
    let facets = tested.iter().map(|(story, tests)| facet_keys(story, tests)).collect();
    let annotations = [("architecture", std::env::consts::ARCH), ("engine_name", "byway"), ("platform", platform())];
    Some(Measurement {
        annotations: annotations.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        data_format_version: "0.2.0".into(),
        extensions: BTreeMap::new(),
        input: None,
        measurement_start_time: hour.clone(),
        options: Vec::new(),
        probe_asn: "AS0".into(),
        probe_cc: "ZZ".into(),
        probe_ip: "127.0.0.1".into(),
        probe_network_name: String::new(),
        report_id: String::new(),
        resolver_asn: "AS0".into(),
        resolver_ip: "127.0.0.1".into(),
        resolver_network_name: String::new(),
        software_name: "byway".into(),
        software_version: env!("CARGO_PKG_VERSION").into(),
        test_helpers: BTreeMap::new(),
        test_keys: TestKeys { service: service.id.clone(), facets },
        test_name: TEST_NAME.into(),
        test_runtime: 0.0,
        test_start_time: hour,
        test_version: TEST_VERSION.into(),
    })
}

/// The active tests among a route's facts that say whether it was answered.
fn tests(clock: Clock, since: Stamp, story: &RouteStory) -> Vec<&Evidence> {
    let facts = story.evidence.iter().map(|(fact, _)| fact);
    let tests = facts.filter(|fact| fact.source == Source::Probe && (fact.sign.is_good() || fact.sign.is_bad()));
    tests.filter(|fact| clock.stamp(fact.began) >= since).collect()
}

fn facet_keys(story: &RouteStory, tests: &[&Evidence]) -> FacetKeys {
    let number = |of: &dyn Fn(&Evidence) -> bool| {
        u32::try_from(tests.iter().filter(|fact| of(fact)).count()).unwrap_or(u32::MAX)
    };
    let mut failures = BTreeMap::new();
    for failure in tests.iter().filter_map(|fact| failure(fact.sign)) {
        *failures.entry(failure.to_owned()).or_default() += 1;
    }
    let technique = story.standing.technique().filter(|_| !failures.is_empty());
    FacetKeys {
        facet: story.route.facet,
        l4: story.route.l4,
        failure: tests.last().and_then(|fact| failure(fact.sign)).map(str::to_owned),
        tests: number(&|_| true),
        answered: number(&|fact| fact.sign.is_good()),
        proven: number(&|fact| fact.sign == Sign::Answer(Grade::A)),
        failures,
        anchors_good: number(&|fact| fact.anchors == Anchors::Good),
        x_technique: technique,
        x_confidence: technique.map(|_| story.standing.confidence),
    }
}

/// A failure in OONI's words (df-007); what they have no word for is an `unknown_failure` with ours.
const fn failure(sign: Sign) -> Option<&'static str> {
    Some(match sign {
        Sign::Answer(_) | Sign::FlowProven | Sign::BodyProven => return None,
        Sign::Refused => "connection_refused",
        Sign::RefusedByIcmp => "host_unreachable",
        Sign::ResetAfterHello => "connection_reset",
        Sign::EofAfterHello => "eof_error",
        Sign::ConnectTimeout
        | Sign::HelloDropped
        | Sign::HelloMuted
        | Sign::Silence
        | Sign::Frozen { .. }
        | Sign::UdpNoReply
        | Sign::QuicSilent
        | Sign::BurstFrozen => "generic_timeout_error",
        Sign::ForeignKey => "ssl_unknown_authority",
        Sign::DnsSilent => "dns_no_answer",
        Sign::DnsLie | Sign::DnsInjected => "dns_bogon_error",
        Sign::BlockPage => "unknown_failure: blockpage",
        Sign::WrongAnswer => "unknown_failure: invalid_answer",
        Sign::Throttled => "unknown_failure: throttled",
        Sign::Slow { .. } => "unknown_failure: slow",
        Sign::ConnectOnly => "unknown_failure: connect_only",
        Sign::ClientGaveUp | Sign::Reconnecting | Sign::HungUp | Sign::Left | Sign::TransportDown => "interrupted",
    })
}

/// The platform in OONI's words.
const fn platform() -> &'static str {
    match std::env::consts::OS.as_bytes() {
        b"linux" => "linux",
        b"macos" => "macos",
        b"windows" => "windows",
        b"android" => "android",
        b"ios" => "ios",
        _ => "unknown",
    }
}

/// `YYYY-MM-DD hh:mm:ss`, as df-000 writes a time.
fn spaced(at: Stamp) -> String {
    at.to_string().trim_end_matches('Z').replace('T', " ")
}
