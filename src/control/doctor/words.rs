//! The words for a check-up, from the catalogue `doctor`.

use super::{Check, Detail, Finding, Outcome, State};
use crate::lang::{Arg, Words};

/// What is looked at.
pub fn check_words(words: &Words, check: Check) -> String {
    words.say(&format!("doctor-check-{}", dashed(check.name())))
}

/// What a look came to, in a word.
pub fn state_words(words: &Words, state: State) -> String {
    words.say(match state {
        State::Ok => "doctor-state-ok",
        State::NotApplicable => "doctor-state-not-applicable",
        State::Warning => "doctor-state-warning",
        State::Failed => "doctor-state-failed",
    })
}

/// What was looked at, and which one of several.
pub fn about(words: &Words, finding: &Finding) -> String {
    let check = check_words(words, finding.check);
    match &finding.about {
        Some(about) => words.say_with("doctor-about", &[("check", check.into()), ("about", about.as_str().into())]),
        None => check,
    }
}

/// Why it came to that; the code itself where this version does not know it.
pub fn why(words: &Words, finding: &Finding) -> String {
    said(words, &format!("doctor-why-{}", dashed(&finding.reason)), finding)
}

/// What to do, where something is to be done.
pub fn remedy(words: &Words, finding: &Finding) -> Option<String> {
    matches!(finding.state, State::Warning | State::Failed)
        .then(|| said(words, &format!("doctor-do-{}", dashed(&finding.reason)), finding))
}

/// The whole in one sentence.
pub fn outcome_words(words: &Words, outcome: Outcome) -> String {
    words.say(match outcome {
        Outcome::Well => "doctor-outcome-well",
        Outcome::Degraded => "doctor-outcome-degraded",
        Outcome::NoWay => "doctor-outcome-no-way",
        Outcome::NoInternet => "doctor-outcome-no-internet",
        Outcome::Faulty => "doctor-outcome-faulty",
    })
}

fn said(words: &Words, key: &str, finding: &Finding) -> String {
    let details = finding.details.iter().map(|(name, value)| (name.as_str(), value.into()));
    let about = finding.about.iter().map(|about| ("about", about.as_str().into()));
    let args: Vec<(&str, Arg<'_>)> = details.chain(about).collect();
    let said = words.say_with(key, &args);
    if said == key { finding.reason.clone() } else { said }
}

fn dashed(code: &str) -> String {
    code.replace('_', "-")
}

impl<'a> From<&'a Detail> for Arg<'a> {
    fn from(detail: &'a Detail) -> Self {
        match detail {
            Detail::Number(number) => Arg::from(*number),
            Detail::Text(text) => Arg::from(text.as_str()),
        }
    }
}
