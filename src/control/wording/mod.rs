//! The words of the page and of `byway top` in one language: beliefs and records to phrases of the catalogue.

mod event;
mod sentence;

pub use event::{Because, Event, Tone};

use crate::control::report::{PassedLine, Spoken};
use crate::lang::{Arg, Tongue, Words};
use crate::model::{Facet, Ground, LinkState, Phase, Technique, TransportId, Verdict};
use std::sync::{Arc, OnceLock};

/// One language.
pub struct Wording(Arc<Words>);

impl Wording {
    /// The words of a language.
    pub fn of(tongue: Tongue) -> &'static Self {
        static ALL: [OnceLock<Wording>; 3] = [const { OnceLock::new() }; 3];
        let [english, russian, persian] = &ALL;
        let kept = match tongue {
            Tongue::English => english,
            Tongue::Russian => russian,
            Tongue::Persian => persian,
        };
        kept.get_or_init(|| Self(Words::shared(tongue)))
    }

    /// Which language this is.
    pub fn tongue(&self) -> Tongue {
        self.0.tongue()
    }

    /// The sentence of a key.
    pub fn say(&self, key: &str) -> String {
        self.0.say(key)
    }

    /// The same with its variables.
    pub fn with(&self, key: &str, args: &[(&str, &str)]) -> String {
        let args: Vec<(&str, Arg<'_>)> = args.iter().map(|(name, value)| (*name, Arg::from(*value))).collect();
        self.0.say_with(key, &args)
    }

    /// The same with a number that chooses the form.
    pub fn counted(&self, key: &str, count: u64, args: &[(&str, &str)]) -> String {
        let mut all: Vec<(&str, Arg<'_>)> = args.iter().map(|(name, value)| (*name, Arg::from(*value))).collect();
        all.push(("count", Arg::from(count)));
        self.0.say_with(key, &all)
    }

    /// The words themselves.
    pub(in crate::control) fn words(&self) -> &Words {
        &self.0
    }

    /// The words that every command says of what is believed.
    fn spoken(&self) -> Spoken<'_> {
        Spoken(&self.0)
    }

    /// `a`, `a and b`, `a, b and c`.
    pub fn listed(&self, items: &[String]) -> String {
        self.spoken().listed(items)
    }

    /// What a part of a service is called.
    pub fn facet(&self, facet: Facet) -> String {
        self.spoken().facet(facet)
    }

    /// A state of the link.
    pub fn link(&self, link: LinkState) -> String {
        self.say(match link {
            LinkState::Online => "page-link-online",
            LinkState::Offline => "page-link-offline",
            LinkState::Captive => "page-link-captive",
            LinkState::Whitelist => "page-link-whitelist",
            LinkState::LinkBad => "page-link-link-bad",
        })
    }

    /// Why the link is in its state.
    pub fn ground(&self, link: LinkState, ground: Ground) -> String {
        match (ground, link) {
            // Nobody has asked the sites that a command says do answer.
            (Ground::NotAsked, LinkState::Online) => self.say("page-ground-not-asked"),
            _ => self.spoken().ground(link, ground),
        }
    }

    /// What was observed of a block.
    pub fn technique(&self, how: Technique) -> String {
        self.spoken().technique(how)
    }

    /// A route's state in a word or two.
    pub fn phase(&self, phase: Phase) -> String {
        self.say(match phase {
            Phase::Ok => "page-state-ok",
            Phase::Degraded => "page-state-degraded",
            Phase::Suspect => "page-state-suspect",
            Phase::Blocked => "page-state-blocked",
            Phase::Recovering => "page-state-recovering",
            Phase::ServiceDown => "page-state-service-down",
            Phase::ProbeStale => "page-state-probe-stale",
            Phase::Unknown => "page-state-unknown",
        })
    }

    /// Why a route is as it is; nothing where it is well or nothing is known.
    pub fn why(&self, phase: Phase, verdict: Verdict) -> Option<String> {
        match phase {
            Phase::Ok | Phase::Unknown => None,
            Phase::ProbeStale => Some(self.say("page-why-probe-stale")),
            _ => Some(self.spoken().reason(phase, verdict)),
        }
    }

    /// Why a way that nothing is known of is not tried.
    pub fn passed(&self, passed: &PassedLine) -> Option<String> {
        match passed.reason.as_str() {
            // What is believed of the route itself is told by the route.
            "blocked" | "phase" => None,
            "not_the_forced_way" => Some(self.say("page-passed-not-the-forced-way")),
            "streams_instead" => Some(self.say("page-passed-streams-instead")),
            code => Some(self.spoken().passed(code).unwrap_or_else(|| code.to_owned())),
        }
    }

    /// How a way is called.
    pub fn way(&self, way: Option<&TransportId>) -> String {
        way.map_or_else(|| self.say("page-no-way"), ToString::to_string)
    }
}

/// The first letter made large, where letters have a size.
pub(in crate::control) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
