//! The page as HTML: from one status and one history to text, in one language. Pure; every word from elsewhere is
//! escaped. What changes while one looks stands in parts of its own, which the events replace.

mod chart;
mod choose;
mod events;
mod examined;
mod grid;
mod html;
mod now;
mod ways;

#[cfg(test)]
mod tests;

use super::check_up::{Course, Stand};
use crate::control::report::Status;
use crate::control::wording::Wording;
use crate::control::{Entry, Stamp};
use crate::lang::Tongue;
use html::esc;
use std::time::Duration;

/// How far back the timeline goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Reach {
    /// A day.
    #[default]
    Day,
    /// A week.
    Week,
}

impl Reach {
    /// As in the address.
    pub(super) fn named(name: Option<&str>) -> Self {
        if name == Some("week") { Self::Week } else { Self::Day }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
        }
    }

    /// The time it covers.
    pub(super) const fn span(self) -> Duration {
        match self {
            Self::Day => Duration::from_hours(24),
            Self::Week => Duration::from_hours(7 * 24),
        }
    }
}

/// What is shown, and in which language.
pub(super) struct View<'a> {
    /// The words.
    pub(super) words: &'a Wording,
    /// What works.
    pub(super) status: &'a Status,
    /// What happened, oldest first; `None` when no history is kept.
    pub(super) past: Option<&'a [Entry]>,
    /// The check-up.
    pub(super) course: &'a Course,
    /// How far back.
    pub(super) reach: Reach,
}

/// The parts of the check-up, by their ids.
pub(super) fn check_up(words: &Wording, course: &Course, now: Stamp) -> [(&'static str, String); 2] {
    [("doctor", examined::progress(words, course, now)), ("findings", examined::findings(words, course))]
}

impl View<'_> {
    /// The parts that change, by their ids.
    pub(super) fn parts(&self) -> Vec<(&'static str, String)> {
        let mut parts = vec![
            ("now", now::part(self)),
            ("services", grid::part(self)),
            ("timeline", chart::part(self)),
            ("events", events::part(self)),
            ("ways", ways::transports(self)),
            ("lists", ways::lists(self)),
            ("flows", ways::flows(self)),
            ("counted", ways::counted(self)),
        ];
        parts.extend(check_up(self.words, self.course, self.status.at));
        parts
    }

    /// The whole page.
    pub(super) fn document(&self) -> String {
        let say = |key| esc(&self.words.say(key));
        let tongue = self.words.tongue();
        let parts = self.parts();
        let part = |id: &str| parts.iter().find(|(name, _)| *name == id).map_or("", |(_, text)| text.as_str());
        format!(
            include_str!("page.html"),
            lang = tongue.code(),
            dir = if tongue.is_right_to_left() { "rtl" } else { "ltr" },
            title = say("page-title"),
            skip = say("page-skip"),
            languages = self.languages(),
            language = say("page-language"),
            now = part("now"),
            services_title = say("page-services"),
            services_hint = say("page-services-hint"),
            services = part("services"),
            timeline_title = say("page-timeline"),
            reaches = self.reaches(),
            timeline = part("timeline"),
            events_title = say("page-events"),
            events = part("events"),
            choose_title = say("page-do"),
            choose = choose::forms(self),
            doctor_title = say("page-doctor"),
            doctor_notice = say("doctor-notice"),
            doctor_button = say("page-doctor-button"),
            doctor = part("doctor"),
            findings = part("findings"),
            again = self.again(),
            ways_title = say("page-ways"),
            ways = part("ways"),
            lists = part("lists"),
            flows_title = say("page-connections"),
            flows_hint = say("page-connections-hint"),
            flows = part("flows"),
            counted = part("counted"),
            utc = say("page-utc"),
            lost = say("page-lost"),
            undo = say("page-undo"),
            close = say("page-close"),
            stop = say("page-stop-button"),
            stopped = say("page-stopped"),
            testing = say("page-testing"),
            reach = self.reach.name(),
        )
    }

    /// While a check-up runs, a page without a script is loaded again and again. Its address differs each time, or the
    /// part behind `#` would make it a mere jump.
    fn again(&self) -> String {
        if self.course.stand != Stand::Runs {
            return String::new();
        }
        let (reach, at) = (self.reach.name(), self.status.at.as_secs());
        let target = format!("/?reach={reach}&amp;at={at}#examined-title");
        format!("<noscript><meta http-equiv=\"refresh\" content=\"3; url={target}\"></noscript>")
    }

    /// The other languages, each in its own words.
    fn languages(&self) -> String {
        let link = |tongue: &Tongue| {
            let name = match tongue {
                Tongue::English => "English",
                Tongue::Russian => "Русский",
                Tongue::Persian => "فارسی",
            };
            let code = tongue.code();
            let current = if *tongue == self.words.tongue() { " aria-current=\"true\"" } else { "" };
            format!("<a href=\"/?lang={code}\" lang=\"{code}\" hreflang=\"{code}\"{current}>{name}</a>")
        };
        Tongue::ALL.iter().map(link).collect::<Vec<_>>().join(" ")
    }

    fn reaches(&self) -> String {
        let link = |(reach, key): (Reach, &str)| {
            let current = if reach == self.reach { " aria-current=\"true\"" } else { "" };
            let (name, words) = (reach.name(), esc(&self.words.say(key)));
            format!("<a href=\"/?reach={name}#timeline-title\"{current}>{words}</a>")
        };
        [(Reach::Day, "page-day"), (Reach::Week, "page-week")].map(link).join(" ")
    }
}
