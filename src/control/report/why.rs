//! Why a service goes the way it goes: the sentence a person reads first, and under it every route with its
//! standing, its evidence line by line, and the plan with what it passed over.

use super::grounds::{RouteWhy, route_why};
use super::status::{FacetFacts, ForcedLine, Seen, ServiceFacts};
use super::tally::Tally;
use super::words::{capital, confidence_words, facet_words, goes, link_words, listed, way_words};
use crate::board::RouteStory;
use crate::control::{Stamp, span_words};
use crate::model::{
    Attempt, DirectRule, Facet, Ground, L4, LinkState, Phase, Plan, Reason, Route, Service, ServiceId, Standing,
    Technique, TransportId,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The answer to `why`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Why {
    /// When it was true.
    pub at: Stamp,
    /// Which service.
    pub service: ServiceId,
    /// Its name for people.
    pub title: String,
    /// The state of the whole link.
    pub link: LinkState,
    /// Why it is in that state.
    #[serde(default)]
    pub ground: Ground,
    /// Whether it may go out bare.
    pub direct: DirectRule,
    /// The way forced with `byway use`, if one is.
    pub forced: Option<ForcedLine>,
    /// What concerns the whole link; empty when it is well.
    pub sentence: String,
    /// Its facets.
    pub facets: Vec<FacetWhy>,
}

/// Why one facet goes the way it goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FacetWhy {
    /// Which.
    pub facet: Facet,
    /// In a person's words.
    pub sentence: String,
    /// What would be done for a connection now.
    pub plan: PlanLines,
    /// Its routes, in the configured order.
    pub routes: Vec<RouteWhy>,
}

/// What would be done for a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanLines {
    /// The ways that would be tried, best first.
    pub attempts: Vec<AttemptLine>,
    /// The ways that would not.
    pub passed_over: Vec<PassedLine>,
}

/// One way that would be tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptLine {
    /// Which.
    pub transport: TransportId,
    /// Whether only to see if it works again.
    pub canary: bool,
}

/// One way that would not be tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedLine {
    /// Which.
    pub transport: TransportId,
    /// The reason for machines.
    pub reason: String,
    /// The reason for people.
    pub words: String,
}

/// The answer to `why`, from the beliefs, the operator's facts and the board's stories.
pub fn why(seen: Seen<'_>, facts: &ServiceFacts<'_>, stories: &[RouteStory]) -> Why {
    let service = facts.service;
    Why {
        at: seen.clock.wall,
        service: service.id.clone(),
        title: service.title.clone(),
        link: seen.snapshot.link,
        ground: seen.snapshot.ground,
        direct: service.direct,
        forced: seen.forced(&service.id),
        sentence: link_words(seen.snapshot.link, seen.snapshot.ground),
        facets: facts.facets.iter().map(|facet| facet_why(seen, service, facet, stories)).collect(),
    }
}

fn facet_why(seen: Seen<'_>, service: &Service, facts: &FacetFacts, all: &[RouteStory]) -> FacetWhy {
    let mine = |story: &&RouteStory| {
        story.route.service == service.id && story.route.facet == facts.facet && story.route.l4 == facts.l4
    };
    let mut stories: Vec<&RouteStory> = all.iter().filter(mine).collect();
    let place = |story: &&RouteStory| service.order.iter().position(|way| *way == story.route.transport);
    stories.sort_by_key(|story| place(story).unwrap_or(usize::MAX));
    // Of QUIC there is something to say only where it does not get through: everything else about it is the app's choice.
    let of_quic = |story: &&RouteStory| {
        let same = story.route.service == service.id && story.route.facet == facts.facet && facts.l4 == L4::Tcp;
        same && story.route.is_quic() && in_trouble(&story.standing)
    };
    let mut quic: Vec<&RouteStory> = all.iter().filter(of_quic).collect();
    quic.sort_by_key(|story| place(story).unwrap_or(usize::MAX));
    FacetWhy {
        facet: facts.facet,
        sentence: sentence(seen, service, facts, &stories) + &quic_words(seen, service, facts),
        plan: plan_lines(&facts.plan),
        routes: stories.iter().copied().chain(quic).map(|story| route_why(seen.clock, story)).collect(),
    }
}

/// What a person reads first: where it goes and since when, what is wrong with the ways before it, how sure
/// that is, and when it is tested next.
fn sentence(seen: Seen<'_>, service: &Service, facts: &FacetFacts, stories: &[&RouteStory]) -> String {
    let now = seen.clock.wall;
    let subject = format!("{}: {}", service.title, facet_words(facts.facet));
    let Some(way) = facts.taken() else {
        let reasons: Vec<_> = service.order.iter().map(|way| clause(seen, service, facts, way, stories)).collect();
        return format!("{subject} have no way left. {}", reasons.join(" "));
    };
    let mut said = format!("{subject} {}", goes(way));
    if let Some(forced) = seen.forced(&service.id) {
        let until = forced.until.map(|until| format!(" until {}", until.text(now)));
        said += &format!(", chosen with `byway use`{}.", until.unwrap_or_default());
        return said;
    }
    let standing = seen.standing(service, facts, way);
    match (standing.map(|standing| standing.phase), seen.since(service, facts)) {
        (None | Some(Phase::Unknown), _) => said += "; nothing is known of that way yet",
        (_, Some(since)) => said += &format!(" since {}", since.text(now)),
        (_, None) => {}
    }
    said.push('.');
    let ahead: Vec<_> = service.order.iter().take_while(|preferred| *preferred != way).collect();
    let own = standing.is_some_and(in_trouble).then_some(way);
    for troubled in ahead.iter().copied().chain(own) {
        said.push(' ');
        said += &clause(seen, service, facts, troubled, stories);
    }
    let good = standing.and_then(|standing| standing.last_good);
    if let (true, None, Some(good)) = (ahead.is_empty(), own, good) {
        said += &format!(" It last answered {} ago.", span_words(seen.clock.now.since(good)));
    }
    said
}

/// Whether there is something to say against a way.
const fn in_trouble(standing: &Standing) -> bool {
    !matches!(standing.phase, Phase::Ok | Phase::Unknown) || standing.partial.is_some()
}

/// What is believed of QUIC to a facet that travels by TCP, where its apps are told to use that.
fn refused_quic<'a>(seen: Seen<'a>, service: &Service, facts: &FacetFacts) -> Option<&'a Standing> {
    let over_quic = |way: &TransportId| {
        let (service, facet, transport) = (service.id.clone(), facts.facet, way.clone());
        seen.snapshot.standing(&Route { service, facet, transport, l4: L4::Udp })
    };
    let refused = |standing: &&Standing| matches!(standing.phase, Phase::Suspect | Phase::Blocked);
    service.order.iter().filter(|_| facts.l4 == L4::Tcp).filter_map(over_quic).find(refused)
}

/// The same in sentences; nothing where it is let out.
fn quic_words(seen: Seen<'_>, service: &Service, facts: &FacetFacts) -> String {
    let Some(standing) = refused_quic(seen, service, facts) else { return String::new() };
    let sure = standing.technique().map(|_| format!(" Confidence: {}.", confidence_words(standing.confidence)));
    format!(" {}.{}", quic_reason(standing), sure.unwrap_or_default())
}

/// Why QUIC is refused.
fn quic_reason(standing: &Standing) -> String {
    let why = standing.technique().map_or("it got no answer", Technique::sentence);
    format!("QUIC is refused, so that apps use TCP: {why}")
}

/// Whether the evidence against a way is worth telling: not while it comes back, nor when nobody is at fault.
const fn blamed(standing: &Standing) -> bool {
    standing.technique().is_some() || matches!(standing.phase, Phase::Suspect | Phase::Degraded | Phase::Blocked)
}

/// What is to be said about one way that is not (only) well.
fn clause(seen: Seen<'_>, service: &Service, facts: &FacetFacts, way: &TransportId, stories: &[&RouteStory]) -> String {
    let standing = seen.standing(service, facts, way);
    let mut said = format!("{}: {}", capital(&way_words(way)), reason(facts, way, standing));
    let story = stories.iter().find(|story| story.route.transport == *way);
    let technique = standing.and_then(Standing::technique);
    if let (Some(story), true) = (story, standing.is_some_and(blamed)) {
        let tally = Tally::of(&story.evidence);
        said += &tally.seen();
        said += &tally.controls(facts.taken().filter(|taken| *taken != way), stories);
    }
    said.push('.');
    if let (Some(standing), Some(_)) = (standing, technique) {
        said += &format!(" Confidence: {}.", confidence_words(standing.confidence));
    }
    let test = story.filter(|_| standing.is_some_and(in_trouble)).and_then(|story| story.next_probe);
    match test.map(|next| next.since(seen.clock.now)) {
        Some(Duration::ZERO) => said += " It is tested again now.",
        Some(span) => said += &format!(" Next test in {}.", span_words(span)),
        None => {}
    }
    said
}

/// Why a way is not the first, in a few words.
fn reason(facts: &FacetFacts, way: &TransportId, standing: Option<&Standing>) -> String {
    let passed = facts.plan.passed_over.iter().find(|(id, _)| id == way).map(|(_, reason)| *reason);
    match (passed, standing) {
        (Some(Reason::Blocked(how)), _) => how.sentence().into(),
        (Some(reason @ Reason::Hostile), _) => reason.to_string(),
        (None | Some(Reason::Phase(_)), Some(standing)) => standing_words(standing),
        (Some(reason), _) => reason.to_string(),
        (None, None) => "nothing is known of it yet".into(),
    }
}

/// A standing in a few words.
fn standing_words(standing: &Standing) -> String {
    match (standing.phase, standing.technique()) {
        (Phase::Recovering, _) => {
            let share = (standing.canary * 100.0).round();
            format!("it answers again and is being tried with {share} % of new connections")
        }
        (Phase::ServiceDown, _) => "the service itself fails, on every way".into(),
        (Phase::ProbeStale, _) => "our own test fails on every way while connections in use work".into(),
        (_, Some(how)) => how.sentence().into(),
        (Phase::Suspect, None) => "something is wrong there, it is not clear yet what".into(),
        (Phase::Blocked, None) => "it does not work".into(),
        (Phase::Degraded, None) => "it works for some things only".into(),
        (Phase::Ok, None) => standing.partial.map_or_else(|| "it works".into(), |partial| partial.to_string()),
        (Phase::Unknown, None) => "nothing is known of it yet".into(),
    }
}

/// Why a facet takes its way, in one line for `status`; empty when that is the preferred one and well.
pub(super) fn facet_reason(seen: Seen<'_>, service: &Service, facts: &FacetFacts) -> String {
    let way = Some(way_reason(seen, service, facts)).filter(|why| !why.is_empty());
    let quic = refused_quic(seen, service, facts).map(quic_reason);
    way.into_iter().chain(quic).collect::<Vec<_>>().join("; ")
}

fn way_reason(seen: Seen<'_>, service: &Service, facts: &FacetFacts) -> String {
    let of = |way: &TransportId| reason(facts, way, seen.standing(service, facts, way));
    let Some(taken) = facts.taken() else {
        return format!("no way is left; {}", grouped(service.order.iter(), of));
    };
    if seen.forced(&service.id).is_some() {
        return "chosen with `byway use`".into();
    }
    let own = seen.standing(service, facts, taken).is_some_and(in_trouble).then_some(taken);
    let ahead = service.order.iter().take_while(|preferred| *preferred != taken);
    grouped(ahead.chain(own), of)
}

/// `direct and split: …; tokyo: …`: neighbours with the same reason share it.
fn grouped<'a>(ways: impl Iterator<Item = &'a TransportId>, of: impl Fn(&TransportId) -> String) -> String {
    let mut groups: Vec<(Vec<String>, String)> = Vec::new();
    for way in ways {
        let why = of(way);
        match groups.last_mut().filter(|(_, same)| *same == why) {
            Some((names, _)) => names.push(way.to_string()),
            None => groups.push((vec![way.to_string()], why)),
        }
    }
    let told = groups.into_iter().map(|(names, why)| format!("{}: {why}", listed(&names)));
    told.collect::<Vec<_>>().join("; ")
}

pub(super) fn plan_lines(plan: &Plan) -> PlanLines {
    let attempt = |attempt: &Attempt| AttemptLine { transport: attempt.transport.clone(), canary: attempt.canary };
    let passed = |(transport, reason): &(TransportId, Reason)| PassedLine {
        transport: transport.clone(),
        reason: reason_name(*reason).into(),
        words: reason.to_string(),
    };
    PlanLines {
        attempts: plan.attempts.iter().map(attempt).collect(),
        passed_over: plan.passed_over.iter().map(passed).collect(),
    }
}

const fn reason_name(reason: Reason) -> &'static str {
    match reason {
        Reason::DirectForbidden => "direct_forbidden",
        Reason::TunnelForbidden => "tunnel_forbidden",
        Reason::NotTheForcedWay => "not_the_forced_way",
        Reason::NoPackets => "no_packets",
        Reason::Unusable => "unusable",
        Reason::Blocked(_) => "blocked",
        Reason::Phase(_) => "phase",
        Reason::StreamsInstead => "streams_instead",
        Reason::Hostile => "hostile",
    }
}
