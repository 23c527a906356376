//! The check-up: how far it is and what the whole came to, and a table of what was found, with what to do.

use super::html::{esc, time};
use crate::control::Stamp;
use crate::control::doctor::{self, Finding, Outcome, State};
use crate::control::page::check_up::{Course, Stand};
use crate::control::wording::{Wording, capital};
use std::fmt::Write;

/// How far it is, or what it came to.
pub(super) fn progress(words: &Wording, course: &Course, now: Stamp) -> String {
    let say = |key| esc(&words.say(key));
    match course.stand {
        Stand::Never => String::new(),
        Stand::Runs => {
            let check = course.check.map(|check| doctor::check_words(words.words(), check)).unwrap_or_default();
            let (looked, planned) = (course.looked.to_string(), course.planned.max(1).to_string());
            let args = [("check", capital(&check)), ("looked", looked.clone()), ("planned", planned.clone())];
            let said =
                esc(&words.with("page-doctor-progress", &args.each_ref().map(|(name, it)| (*name, it.as_str()))));
            format!(
                "<p id=\"doctor-said\">{said}</p>\
                 <progress max=\"{planned}\" value=\"{looked}\" aria-labelledby=\"doctor-said\"></progress>\
                 <form method=\"post\" action=\"/doctor/stop\" aria-labelledby=\"examined-title\"><button id=\"doctor-stop\">{}</button></form>",
                say("page-doctor-stop")
            )
        }
        Stand::Stopped => format!("<p>{}</p>", say("page-stopped")),
        Stand::BrokeOff => format!("<p>{}.</p>", esc(&capital(&words.say("doctor-broke-off")))),
        Stand::Over(at) => {
            let outcome = Outcome::of(&course.findings);
            let (class, glyph) = match outcome {
                Outcome::Well => ("ok", "●"),
                Outcome::Degraded => ("part", "◐"),
                Outcome::NoWay | Outcome::NoInternet | Outcome::Faulty => ("bad", "✕"),
            };
            format!(
                "<p class=\"outcome {class}\"><span class=\"glyph\" aria-hidden=\"true\">{glyph}</span> {}</p>\
                 <p class=\"hint\">{} {}</p>",
                esc(&doctor::outcome_words(words.words(), outcome)),
                say("page-doctor-over"),
                time(at, now)
            )
        }
    }
}

/// What was found; what needs something done comes first when all is over.
pub(super) fn findings(words: &Wording, course: &Course) -> String {
    if course.findings.is_empty() {
        return String::new();
    }
    let say = |key| esc(&words.say(key));
    let mut told: Vec<_> = course.findings.iter().collect();
    if course.stand != Stand::Runs {
        told.sort_by_key(|finding| match finding.state {
            State::Failed => 0,
            State::Warning => 1,
            State::Ok => 2,
            State::NotApplicable => 3,
        });
    }
    let mut text = format!(
        "<div class=\"scroll\" role=\"region\" aria-labelledby=\"examined-title\" tabindex=\"0\" id=\"findings-table\">\
         <table class=\"plain findings\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th>\
         <th scope=\"col\">{}</th></tr></thead><tbody>",
        say("page-doctor-what"),
        say("page-state"),
        say("page-doctor-why")
    );
    for finding in told {
        text += &row(words, finding);
    }
    text + "</tbody></table></div>"
}

fn row(words: &Wording, finding: &Finding) -> String {
    let (class, glyph, state) = match finding.state {
        State::Ok => ("ok", "●", doctor::state_words(words.words(), State::Ok)),
        // A command's table has a dash there, which says nothing by ear.
        State::NotApplicable => ("none", "○", words.say("page-doctor-note")),
        State::Warning => ("part", "!", doctor::state_words(words.words(), State::Warning)),
        State::Failed => ("bad", "✕", doctor::state_words(words.words(), State::Failed)),
    };
    let mut text = format!(
        "<tr><th scope=\"row\">{}</th><td class=\"{class}\"><span class=\"state\"><span class=\"glyph\" \
         aria-hidden=\"true\">{glyph}</span> {}</span></td><td>{}",
        esc(&capital(&doctor::about(words.words(), finding))),
        esc(&state),
        esc(&doctor::why(words.words(), finding))
    );
    if let Some(remedy) = doctor::remedy(words.words(), finding) {
        let _ = write!(text, "<p class=\"remedy\">{}</p>", esc(&remedy));
    }
    text + "</td></tr>"
}
