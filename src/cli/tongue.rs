//! Which language the commands speak: `--lang` (or `BYWAY_LANG`), the configuration's `language`, then the locale as POSIX
//! orders it (LC_ALL, LC_MESSAGES, LANG). English where none of them names one that byway speaks.

use crate::lang::Tongue;
use std::ffi::OsString;

/// The first that names a language. `configured` is only asked when nothing was asked for.
pub(super) fn choose(
    asked: Option<Tongue>,
    configured: impl FnOnce() -> Option<Tongue>,
    env: impl Fn(&str) -> Option<OsString>,
) -> Tongue {
    let of_locale = || {
        let set = |name: &&str| env(name).is_some_and(|value| !value.is_empty());
        // The first that is set decides, also when it names another language.
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find(set).and_then(&env)?;
        Tongue::from_locale(locale.to_str()?)
    };
    asked.or_else(configured).or_else(of_locale).unwrap_or_default()
}

/// What `--lang` takes.
pub(super) fn parse(text: &str) -> Result<Tongue, &'static str> {
    Tongue::from_locale(text).ok_or("expected en, ru or fa")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_wins_over_the_file_over_the_locale() {
        use Tongue::{English, Persian, Russian};
        let of = |asked, file, env: &[(&str, &str)]| {
            let look = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
            choose(asked, || file, look)
        };
        let fa = [("LANG", "fa_IR.UTF-8")];
        assert_eq!(of(Some(English), Some(Russian), &fa), English);
        assert_eq!(of(None, Some(Russian), &fa), Russian);
        assert_eq!(of(None, None, &fa), Persian);
        assert_eq!(of(None, None, &[("LC_ALL", "ru_RU"), ("LC_MESSAGES", "fa_IR"), ("LANG", "C")]), Russian);
        assert_eq!(of(None, None, &[("LC_ALL", ""), ("LC_MESSAGES", "fa_IR"), ("LANG", "ru_RU")]), Persian);
        assert_eq!(of(None, None, &[("LC_ALL", "C"), ("LANG", "ru_RU")]), English);
        assert_eq!(of(None, None, &[("LC_ALL", "de_DE"), ("LANG", "ru_RU")]), English);
        assert_eq!(of(None, None, &[]), English);
    }
}
