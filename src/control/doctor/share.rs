//! A check-up to be shown to others: the same findings without what says whose they are. Paths, addresses, faults of the
//! configuration and the names of the user's own ways are left out whole, for they may be called by anything; what else is
//! text passes the redactor. The codes stay, so that who helps can read it in any language.

use super::words::{about, outcome_words, remedy, state_words, why};
use super::{Check, Detail, Finding, Outcome};
use crate::control::Stamp;
use crate::journal::redact;
use crate::lang::Words;
use std::collections::BTreeMap;

/// The details that are left out whole.
const PRIVATE: [&str; 7] = ["file", "path", "place", "fault", "address", "problem", "pid"];
/// The ways and services that everybody's byway calls so.
const COMMON: [&str; 13] = [
    "direct",
    "split",
    "discord",
    "facebook",
    "facetime",
    "instagram",
    "messenger",
    "signal",
    "snapchat",
    "telegram",
    "viber",
    "whatsapp",
    "x",
];
/// What stands where something was left out.
const MASK: &str = "***";

/// The text of a check-up to be shared: `version` is byway's, `system` the operating system's name, `at` when it was made,
/// of which only the day is told.
pub fn shared(words: &Words, findings: &[Finding], version: &str, system: &str, at: Stamp) -> String {
    let day = at.to_string().chars().take(10).collect::<String>();
    let mut text =
        format!("byway doctor · {version} · {system} · {day}\n{}\n", outcome_words(words, Outcome::of(findings)));
    let mut aliases = BTreeMap::new();
    for finding in findings {
        let finding = cleaned(finding, &mut aliases);
        let state = state_words(words, finding.state);
        text.push_str(&format!("\n[{state}] {} ({})\n", about(words, &finding), finding.reason));
        for line in std::iter::once(why(words, &finding)).chain(remedy(words, &finding).map(|said| format!("→ {said}")))
        {
            text.push_str(&format!("    {line}\n"));
        }
    }
    text
}

/// A finding without what identifies. `aliases` numbers the user's own names as they come.
fn cleaned(finding: &Finding, aliases: &mut BTreeMap<String, usize>) -> Finding {
    let mut clean = finding.clone();
    clean.about = finding.about.as_ref().map(|name| {
        if COMMON.contains(&name.as_str()) {
            return name.clone();
        }
        let next = aliases.len() + 1;
        let number = *aliases.entry(name.clone()).or_insert(next);
        format!("{}{number}", if finding.check == Check::Service { "s" } else { "t" })
    });
    let is_common = clean.about == finding.about;
    for (name, detail) in &mut clean.details {
        if let Detail::Text(text) = detail {
            let own_name = name == "service" && !is_common;
            *text = if PRIVATE.contains(&name.as_str()) || own_name { MASK.to_owned() } else { redact(text) };
        }
    }
    clean
}
