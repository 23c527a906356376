//! The page as HTML: from one status and one history to text, in one language. Pure; every word from elsewhere is
//! escaped. What changes while one looks stands in parts of its own, which the events replace.

mod chart;
mod choose;
mod events;
mod grid;
mod html;
mod now;
mod ways;

#[cfg(test)]
mod tests;

use crate::control::Entry;
use crate::control::report::Status;
use crate::control::wording::Wording;
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
    /// How far back.
    pub(super) reach: Reach,
}

impl View<'_> {
    /// The parts that change, by their ids.
    pub(super) fn parts(&self) -> Vec<(&'static str, String)> {
        vec![
            ("now", now::part(self)),
            ("services", grid::part(self)),
            ("timeline", chart::part(self)),
            ("events", events::part(self)),
            ("ways", ways::transports(self)),
            ("lists", ways::lists(self)),
            ("flows", ways::flows(self)),
            ("counted", ways::counted(self)),
        ]
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
