//! Which languages there are, and which of them a locale's name means (RFC 5646, POSIX `language_TERRITORY.codeset`).

use unic_langid::LanguageIdentifier;
use unic_langid::subtags::Language;

/// A language that byway speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tongue {
    /// English, which has every word.
    #[default]
    English,
    /// Russian.
    Russian,
    /// Persian, written from right to left.
    Persian,
}

impl Tongue {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::English, Self::Russian, Self::Persian];

    /// The language that a locale's name means: `ru`, `ru-RU`, `ru_RU.UTF-8`. `C` and `POSIX` are English; `None` for
    /// a language that byway does not speak.
    #[must_use]
    pub fn from_locale(locale: &str) -> Option<Self> {
        let language = locale.split(['-', '_', '.', '@']).next().unwrap_or_default();
        match language.to_ascii_lowercase().as_str() {
            "en" | "c" | "posix" => Some(Self::English),
            "ru" => Some(Self::Russian),
            "fa" | "prs" => Some(Self::Persian),
            _ => None,
        }
    }

    /// Its ISO 639-1 code, as in HTML's `lang`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Russian => "ru",
            Self::Persian => "fa",
        }
    }

    /// Whether it is written from right to left.
    #[must_use]
    pub const fn is_right_to_left(self) -> bool {
        matches!(self, Self::Persian)
    }

    /// For the plural rules.
    pub(super) fn identifier(self) -> LanguageIdentifier {
        let language = Language::from_bytes(self.code().as_bytes()).unwrap_or_default();
        LanguageIdentifier::from_parts(language, None, None, &[])
    }
}
