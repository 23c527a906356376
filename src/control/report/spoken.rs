//! What was seen and believed, in the reader's language: the same facts that [`super::words`] tells in English for the
//! log and for machines. Where the running byway has worded something in English already (its sentences, its reasons),
//! an English reader gets that; another gets it made anew from the facts beside it, which leaves out some detail.

use super::{FacetLine, Status, Up, WayCell};
use crate::control::span_words;
use crate::lang::{Arg, Tongue, Words};
use crate::model::{
    Carried, Confidence, Facet, Ground, LinkState, Phase, Record, Technique, Transition, TransportId, Verdict,
};
use std::time::Duration;

/// The words of one language for what is believed.
#[derive(Clone, Copy, Debug)]
pub struct Spoken<'a>(pub &'a Words);

impl Spoken<'_> {
    fn with(&self, key: &str, args: &[(&str, &str)]) -> String {
        let args: Vec<(&str, Arg<'_>)> = args.iter().map(|(name, value)| (*name, Arg::from(*value))).collect();
        self.0.say_with(key, &args)
    }

    fn is_english(&self) -> bool {
        self.0.tongue() == Tongue::English
    }

    /// `a`, `a and b`, `a, b and c`.
    pub fn listed(&self, items: &[String]) -> String {
        match items {
            [] => String::new(),
            [one] => one.clone(),
            [most @ .., last] => {
                let most = self.in_order(most, &self.0.say("words-comma"));
                self.with("words-and", &[("most", &most), ("last", last)])
            }
        }
    }

    /// Joined, and read from right to left where the language is, whatever the items are written in (UAX #9).
    fn in_order(&self, items: &[String], comma: &str) -> String {
        if !self.0.tongue().is_right_to_left() {
            return items.join(comma);
        }
        let apart: Vec<_> = items.iter().map(|item| format!("\u{2068}{item}\u{2069}")).collect();
        format!("\u{200f}{}", apart.join(comma))
    }

    /// A span, as [`span_words`] has it.
    pub fn span(&self, span: Duration) -> String {
        let unit = |word: &str| match word {
            "s" => "words-secs",
            "min" => "words-mins",
            "h" => "words-hours",
            _ => "words-days",
        };
        let said = span_words(span);
        let words: Vec<_> = said.split(' ').collect();
        let parts = words.chunks(2).filter_map(|pair| match pair {
            [number, word] => Some(self.0.say_with(unit(word), &[("count", number.parse::<u64>().ok()?.into())])),
            _ => None,
        });
        let parts: Vec<_> = parts.collect();
        match parts.as_slice() {
            [large, small] => self.with("words-two-spans", &[("large", large), ("small", small)]),
            _ => parts.concat(),
        }
    }

    /// What a facet is to a person, as the subject of a sentence in the plural.
    pub fn facet(&self, facet: Facet) -> String {
        self.0.say(&format!("words-facet-{facet}"))
    }

    /// A facet in a table.
    pub fn facet_title(&self, facet: Facet) -> String {
        self.0.say(&format!("status-facet-{facet}"))
    }

    /// The state of the link.
    pub fn link(&self, link: LinkState) -> String {
        self.0.say(match link {
            LinkState::Online => "words-link-online",
            LinkState::Offline => "words-link-offline",
            LinkState::Captive => "words-link-captive",
            LinkState::Whitelist => "words-link-whitelist",
            LinkState::LinkBad => "words-link-link-bad",
        })
    }

    /// Why it is in that state.
    pub fn ground(&self, link: LinkState, ground: Ground) -> String {
        self.0.say(match (ground, link) {
            (Ground::AnchorsAnswer, _) | (Ground::NotAsked, LinkState::Online) => "words-ground-anchors-answer",
            (Ground::NothingAnswers, _) | (Ground::NotAsked, LinkState::Offline) => "words-ground-nothing-answers",
            (Ground::Portal, _) | (Ground::NotAsked, LinkState::Captive) => "words-ground-portal",
            (Ground::OnlyDomestic, _) | (Ground::NotAsked, LinkState::Whitelist) => "words-ground-only-domestic",
            (Ground::TooFew, _) | (Ground::NotAsked, LinkState::LinkBad) => "words-ground-too-few",
            (Ground::Unplugged, _) => "words-ground-unplugged",
            (Ground::OnlyDomesticOnce, _) => "words-ground-only-domestic-once",
            (Ground::Clock, _) => "words-ground-clock",
            (Ground::Interception, _) => "words-ground-interception",
            (Ground::PathMtu, _) => "words-ground-path-mtu",
            (Ground::Lossy, _) => "words-ground-lossy",
            (Ground::ResolverSilent, _) => "words-ground-resolver-silent",
        })
    }

    /// Both, as a whole sentence.
    pub fn link_reason(&self, link: LinkState, ground: Ground) -> String {
        self.with("words-link-reason", &[("state", &self.link(link)), ("why", &self.ground(link, ground))])
    }

    /// What the link's state means for everything else; empty when it is well.
    pub fn link_words(&self, link: LinkState, ground: Ground) -> String {
        let means = match link {
            LinkState::Online => return String::new(),
            LinkState::Offline => "words-no-blame-offline",
            LinkState::Captive => "words-no-blame-captive",
            LinkState::Whitelist => "words-no-blame-whitelist",
            LinkState::LinkBad => "words-no-blame-link-bad",
        };
        format!("{} {}", super::words::capital(&self.link_reason(link, ground)), self.0.say(means))
    }

    /// A kind of block, in one plain sentence.
    pub fn technique(&self, how: Technique) -> String {
        self.0.say(&format!("words-how-{}", how.name().replace('_', "-")))
    }

    /// The state of a route.
    pub fn phase(&self, phase: Phase) -> String {
        self.0.say(match phase {
            Phase::Ok => "words-phase-ok",
            Phase::Degraded => "words-phase-degraded",
            Phase::Suspect => "words-phase-suspect",
            Phase::Blocked => "words-phase-blocked",
            Phase::Recovering => "words-phase-recovering",
            Phase::ServiceDown => "words-phase-service-down",
            Phase::ProbeStale => "words-phase-probe-stale",
            Phase::Unknown => "words-phase-unknown",
        })
    }

    /// How sure something is.
    pub fn confidence(&self, confidence: Confidence) -> String {
        self.0.say(&format!("words-confidence-{confidence}"))
    }

    /// What was seen, by its name in records; the name itself where this version does not know it.
    pub fn sign(&self, name: &str) -> String {
        let key = format!("words-sign-{}", name.replace('_', "-"));
        let said = self.0.say(&key);
        if said == key { super::words::named_sign_words(name) } else { said }
    }

    /// What a connection does that takes `way`.
    pub fn goes(&self, way: &TransportId) -> String {
        match way.as_str() {
            "direct" => self.0.say("words-goes-direct"),
            name => self.with("words-goes-through", &[("way", name)]),
        }
    }

    /// Why a way was passed over, by the code of the reason.
    pub fn passed(&self, code: &str) -> Option<String> {
        let key = format!("words-passed-{}", code.replace('_', "-"));
        Some(self.0.say(&key)).filter(|said| *said != key)
    }

    /// Why a route is as it is.
    pub fn reason(&self, phase: Phase, verdict: Verdict) -> String {
        let key = match (phase, verdict) {
            (Phase::Recovering, _) => "words-reason-recovering",
            (Phase::ServiceDown, _) => "words-reason-service-down",
            (Phase::ProbeStale, _) => "words-reason-probe-stale",
            (_, Verdict::Blocked(how) | Verdict::Degraded(how)) => return self.technique(how),
            (Phase::Suspect, _) => "words-reason-suspect",
            (Phase::Blocked, _) => "words-reason-blocked",
            (Phase::Degraded, _) => "words-reason-degraded",
            (Phase::Ok, _) => "words-reason-ok",
            (Phase::Unknown, _) => "words-reason-unknown",
        };
        self.0.say(key)
    }

    /// Why a facet takes its way; empty when that is the preferred one and well.
    pub fn facet_why(&self, facet: &FacetLine, is_forced: bool) -> String {
        if self.is_english() {
            return facet.why.clone();
        }
        if is_forced {
            return self.0.say("words-chosen");
        }
        let troubled = |cell: &&WayCell| !matches!(cell.phase, Phase::Ok | Phase::Unknown);
        let ahead = facet.ways.iter().take_while(|cell| facet.way.as_ref() != Some(&cell.transport));
        let own = facet.ways.iter().find(|cell| facet.way.as_ref() == Some(&cell.transport));
        let mut groups: Vec<(Vec<String>, String)> = Vec::new();
        for cell in ahead.chain(own).filter(troubled) {
            let why = self.reason(cell.phase, cell.verdict);
            match groups.last_mut().filter(|(_, same)| *same == why) {
                Some((names, _)) => names.push(cell.transport.to_string()),
                None => groups.push((vec![cell.transport.to_string()], why)),
            }
        }
        let none = facet.way.is_none().then(|| self.0.say("words-no-way-left"));
        let told = groups.into_iter().map(|(names, why)| format!("{}: {why}", self.listed(&names)));
        none.into_iter().chain(told).collect::<Vec<_>>().join("; ")
    }

    /// All services in one or two sentences.
    pub fn sentence(&self, status: &Status) -> String {
        if self.is_english() {
            return status.sentence.clone();
        }
        if matches!(status.link, LinkState::Offline | LinkState::Captive) {
            return self.link_words(status.link, status.ground);
        }
        let with = |up: Up| {
            let all = status.services.iter().filter(|s| !s.facets.is_empty() && s.facets.iter().all(|f| f.up == up));
            all.map(|service| service.title.clone()).collect::<Vec<_>>()
        };
        let mut said = Vec::new();
        for (titles, key) in [(with(Up::Yes), "words-works"), (with(Up::No), "words-works-not")] {
            if !titles.is_empty() {
                let names = self.listed(&titles);
                said.push(self.0.say_with(key, &[("count", titles.len().into()), ("names", names.into())]));
            }
        }
        said.extend(status.services.iter().filter_map(|service| self.mixed(service)));
        let unsure = with(Up::Unsure);
        match unsure.len() {
            0 => {}
            all if all == status.services.len() => said.push(self.0.say("words-unsure-all")),
            1..=3 => said.push(self.with("words-unsure", &[("names", &self.listed(&unsure))])),
            many => said.push(self.0.say_with("words-unsure-many", &[("count", many.into())])),
        }
        said.extend(Some(self.link_words(status.link, status.ground)).filter(|words| !words.is_empty()));
        said.join(" ")
    }

    fn mixed(&self, service: &super::ServiceLine) -> Option<String> {
        let clause = |up: Up, key: &str| {
            let facets = service.facets.iter().filter(|facet| facet.up == up).map(|facet| self.facet(facet.facet));
            let facets = self.listed(&facets.collect::<Vec<_>>());
            (!facets.is_empty()).then(|| self.with(key, &[("facets", &facets)]))
        };
        let clauses = [
            clause(Up::Yes, "words-clause-works"),
            clause(Up::No, "words-clause-works-not"),
            clause(Up::Unsure, "words-clause-unsure"),
        ];
        let clauses: Vec<_> = clauses.into_iter().flatten().collect();
        let joined = clauses.join(&self.0.say("words-comma"));
        let name = super::words::capital(&service.title);
        (clauses.len() > 1).then(|| self.with("words-mixed", &[("name", &name), ("clauses", &joined)]))
    }

    /// One record in two phrases: what happened, and why.
    pub fn record(&self, record: &Record) -> (String, String) {
        let say = |key: &str| (self.0.say(key), String::new());
        match record {
            _ if self.is_english() => super::record_words(record),
            Record::Started => say("past-started"),
            Record::Stopped => say("past-stopped"),
            Record::Reloaded => say("past-reloaded"),
            Record::Carried { routes, .. } => self.carried(routes),
            Record::Network { network } => {
                (self.with("past-network", &[("network", &network.to_string())]), String::new())
            }
            Record::Link { from, to, ground, .. } => {
                let (before, after) = (self.link(*from), self.link(*to));
                let key = if from == to { "past-link-still" } else { "past-link" };
                let why = super::words::capital(&self.ground(*to, *ground));
                let blamed = *to == LinkState::Online;
                let why = if blamed { why } else { self.with("past-nothing-blamed", &[("why", &why)]) };
                (self.with(key, &[("from", &before), ("to", &after)]), why)
            }
            Record::Use { service, transport } => {
                let what = match transport {
                    Some(way) => self.with("past-use", &[("service", service.as_str()), ("goes", &self.goes(way))]),
                    None => self.with("past-use-auto", &[("service", service.as_str())]),
                };
                (what, "byway use".into())
            }
            Record::Way(change) => {
                let facet = self.facet(change.facet);
                let mut args = vec![("service", change.service.as_str()), ("facet", facet.as_str())];
                let goes = change.to.as_ref().map(|way| self.goes(way));
                args.extend(goes.as_deref().map(|goes| ("goes", goes)));
                (self.with(if goes.is_some() { "past-way" } else { "past-way-none" }, &args), String::new())
            }
            Record::Transition(transition) => self.transition(transition),
        }
    }

    fn carried(&self, routes: &[Carried]) -> (String, String) {
        let sum = |of: fn(&Carried) -> u32| routes.iter().map(|route| u64::from(of(route))).sum::<u64>();
        let (answered, saved, lost) = (sum(|r| r.answered), sum(|r| r.saved), sum(|r| r.lost));
        let what = self.0.say_with("past-carried", &[("count", answered.into())]);
        (what, self.0.say_with("past-saved-lost", &[("saved", saved.into()), ("lost", lost.into())]))
    }

    fn transition(&self, transition: &Transition) -> (String, String) {
        let (from, to) = (self.phase(transition.from), self.phase(transition.to));
        let route = transition.route.to_string();
        let what = self.with("past-transition", &[("route", &route), ("from", &from), ("to", &to)]);
        let mut why = match transition.verdict {
            Verdict::Blocked(how) | Verdict::Degraded(how) => super::words::capital(&self.technique(how)),
            Verdict::Down => super::words::capital(&self.0.say("words-reason-service-down")),
            Verdict::Works => self.0.say("past-answers"),
            Verdict::Unclear => String::new(),
        };
        let signs: Vec<_> = transition.why.iter().map(|s| format!("{} × {}", s.count, self.sign(&s.sign))).collect();
        if !signs.is_empty() {
            let joined = signs.join(&self.0.say("words-comma"));
            why = if why.is_empty() { joined } else { format!("{why} ({joined})") };
        }
        if matches!(transition.to, Phase::Blocked | Phase::Degraded) {
            why += &format!("; {}", self.confidence(transition.confidence));
        }
        (what, why)
    }
}
