//! Which catalogues are embedded: `config/lang/LANGUAGE/TOPIC.ftl`, one file for each topic in each language.

use super::Tongue;

/// One topic in each language.
pub(super) struct Topic {
    /// The file's name, and what each of its keys begins with.
    pub(super) name: &'static str,
    english: &'static str,
    russian: &'static str,
    persian: &'static str,
}

impl Topic {
    pub(super) fn text(&self, tongue: Tongue) -> &'static str {
        match tongue {
            Tongue::English => self.english,
            Tongue::Russian => self.russian,
            Tongue::Persian => self.persian,
        }
    }
}

macro_rules! topics {
    ($($name:literal),* $(,)?) => {
        &[$(Topic {
            name: $name,
            english: include_str!(concat!("../../config/lang/en/", $name, ".ftl")),
            russian: include_str!(concat!("../../config/lang/ru/", $name, ".ftl")),
            persian: include_str!(concat!("../../config/lang/fa/", $name, ".ftl")),
        }),*]
    };
}

/// Every topic. A new one is a name here and three files.
pub(super) const TOPICS: &[Topic] = topics![
    "common", "diagnose", "doctor", "errors", "firewall", "orders", "page", "past", "probe", "proxy", "run", "service",
    "setup", "share", "status", "top", "why", "words"
];
