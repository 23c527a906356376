//! What an answer to `why` rests on: each route with its standing and its evidence, line by line. No line holds an
//! address: endpoints are numbered in the order in which they were met.

use super::words::sign_words;
use crate::board::RouteStory;
use crate::control::{Clock, Stamp};
use crate::model::{
    Anchors, Confidence, Evidence, Grade, L4, Partial, Phase, Sign, Source, Technique, TransportId, Twin, Verdict,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::time::Duration;

/// What is known of one route.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RouteWhy {
    /// The way.
    pub transport: TransportId,
    /// Streams or packets.
    pub l4: L4,
    /// Its state.
    pub phase: Phase,
    /// What the evidence means.
    pub verdict: Verdict,
    /// How sure that is.
    pub confidence: Confidence,
    /// The evidence score; high is bad.
    pub score: f64,
    /// Since when the state holds.
    pub since: Stamp,
    /// The last validated answer.
    pub last_good: Option<Stamp>,
    /// The last failure that counted.
    pub last_bad: Option<Stamp>,
    /// Smoothed round-trip time, in milliseconds.
    pub rtt_ms: Option<u64>,
    /// Smoothed time to the first byte of an answer, in milliseconds.
    pub first_byte_ms: Option<u64>,
    /// While it recovers: the share of new connections that may try it.
    pub canary: f64,
    /// Whether somebody else answered in the service's place.
    pub hostile: bool,
    /// What of it does not work, where the rest does.
    #[serde(default)]
    pub partial: Option<Partial>,
    /// When it is tested next.
    pub next_test: Option<Stamp>,
    /// The latest evidence, oldest first.
    pub evidence: Vec<EvidenceLine>,
}

/// One fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvidenceLine {
    /// When the attempt ended.
    pub at: Stamp,
    /// `traffic` or `probe`.
    pub source: String,
    /// What was seen, for machines.
    pub sign: String,
    /// How much of an answer was checked: `A` proves the service, `B` is an answer of the right form.
    pub grade: Option<String>,
    /// What was seen, for people.
    pub words: String,
    /// `good`, `bad`, or `nothing` when it counts neither way.
    pub weighs: String,
    /// Which endpoint: the first one met is 1. It cannot be turned back into an address.
    pub endpoint: Option<u32>,
    /// What the same did on another way: `answered`, `failed_too`, `unknown`.
    pub twin: String,
    /// What the neutral anchors said: `good`, `bad`, `unknown`.
    pub anchors: String,
    /// What a discriminating pair proved.
    pub pair: Option<Technique>,
    /// The score after it.
    pub score_after: f64,
}

/// One route, from the board's story of it.
pub(super) fn route_why(clock: Clock, story: &RouteStory) -> RouteWhy {
    let standing = &story.standing;
    let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let mut endpoints = HashMap::new();
    let mut line = |(evidence, score): &(Evidence, f64)| {
        let endpoint = evidence.endpoint.map(|tag| {
            let next = u32::try_from(endpoints.len() + 1).unwrap_or(u32::MAX);
            *endpoints.entry(tag).or_insert(next)
        });
        evidence_line(clock, evidence, *score, endpoint)
    };
    RouteWhy {
        transport: story.route.transport.clone(),
        l4: story.route.l4,
        phase: standing.phase,
        verdict: standing.verdict,
        confidence: standing.confidence,
        score: tenth(standing.score),
        since: clock.stamp(standing.since),
        last_good: standing.last_good.map(|at| clock.stamp(at)),
        last_bad: standing.last_bad.map(|at| clock.stamp(at)),
        rtt_ms: standing.rtt.map(millis),
        first_byte_ms: standing.first_byte.map(millis),
        canary: standing.canary,
        hostile: standing.hostile,
        partial: standing.partial,
        next_test: story.next_probe.map(|at| clock.stamp(at)),
        evidence: story.evidence.iter().map(&mut line).collect(),
    }
}

fn evidence_line(clock: Clock, evidence: &Evidence, score: f64, endpoint: Option<u32>) -> EvidenceLine {
    let sign = &evidence.sign;
    let weighs = match (sign.is_good(), sign.is_bad()) {
        (true, _) => "good",
        (_, true) => "bad",
        _ => "nothing",
    };
    let grade = match sign {
        Sign::Answer(Grade::A) => Some("A"),
        Sign::Answer(Grade::B) => Some("B"),
        _ => None,
    };
    let source = match evidence.source {
        Source::Traffic => "traffic",
        Source::Probe => "probe",
    };
    let twin = match evidence.twin {
        Twin::Unknown => "unknown",
        Twin::Answered => "answered",
        Twin::FailedToo => "failed_too",
    };
    let anchors = match evidence.anchors {
        Anchors::Unknown => "unknown",
        Anchors::Good => "good",
        Anchors::Bad => "bad",
    };
    EvidenceLine {
        at: clock.stamp(evidence.at),
        source: source.into(),
        sign: sign.name().into(),
        grade: grade.map(Into::into),
        words: sign_words(sign),
        weighs: weighs.into(),
        endpoint,
        twin: twin.into(),
        anchors: anchors.into(),
        pair: evidence.pair,
        score_after: tenth(score),
    }
}

/// Scores are told in tenths: more digits would claim more than is known.
fn tenth(score: f64) -> f64 {
    (score * 10.0).round() / 10.0
}
