use super::topics::TOPICS;
use super::{Tongue, Words};
use fluent_bundle::FluentResource;
use std::collections::{BTreeMap, BTreeSet};

/// Key → the variables that its sentence names, by reading the text.
fn keys(text: &str, place: &str) -> BTreeMap<String, BTreeSet<String>> {
    let resource = FluentResource::try_new(text.to_owned()).unwrap_or_else(|(_, faults)| panic!("{place}: {faults:?}"));
    assert!(resource.entries().next().is_some(), "{place} is empty");
    let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut current = None;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some((key, _)) =
            line.split_once('=').filter(|(key, _)| key.starts_with(|c: char| c.is_ascii_lowercase()))
        {
            let key = key.trim().to_owned();
            assert!(keys.insert(key.clone(), BTreeSet::new()).is_none(), "{place}: {key} is said twice");
            current = Some(key);
        }
        let Some(variables) = current.as_ref().and_then(|key| keys.get_mut(key)) else { continue };
        for piece in line.split('$').skip(1) {
            let end = piece.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(piece.len());
            variables.insert(piece[..end].to_owned());
        }
    }
    keys
}

#[test]
fn every_language_says_all_that_english_says_with_the_same_variables() {
    for topic in TOPICS {
        let english = keys(topic.text(Tongue::English), topic.name);
        for tongue in Tongue::ALL {
            let place = format!("{}/{}", tongue.code(), topic.name);
            assert_eq!(keys(topic.text(tongue), &place), english, "{place}");
        }
        for key in english.keys() {
            assert!(key.starts_with(&format!("{}-", topic.name)), "{}: {key} belongs to another topic", topic.name);
        }
    }
}

#[test]
fn a_locale_names_a_language() {
    for (locale, tongue) in [
        ("en_US.UTF-8", Some(Tongue::English)),
        ("C.UTF-8", Some(Tongue::English)),
        ("POSIX", Some(Tongue::English)),
        ("ru", Some(Tongue::Russian)),
        ("ru_RU.KOI8-R", Some(Tongue::Russian)),
        ("RU-ru", Some(Tongue::Russian)),
        ("fa-IR", Some(Tongue::Persian)),
        ("prs_AF@x", Some(Tongue::Persian)),
        ("de_DE", None),
        ("", None),
    ] {
        assert_eq!(Tongue::from_locale(locale), tongue, "{locale:?}");
    }
}

#[test]
fn numbers_choose_their_form() {
    let said = |tongue, count: u32| Words::of(tongue).say_with("common-services", &[("count", count.into())]);
    assert_eq!(said(Tongue::English, 1), "1 service");
    assert_eq!(said(Tongue::English, 2), "2 services");
    assert_eq!(said(Tongue::Russian, 1), "1 сервис");
    assert_eq!(said(Tongue::Russian, 3), "3 сервиса");
    assert_eq!(said(Tongue::Russian, 11), "11 сервисов");
    assert_eq!(said(Tongue::Russian, 21), "21 сервис");
    assert_eq!(said(Tongue::Persian, 2), "\u{2068}2\u{2069} سرویس");
}

#[test]
fn an_unknown_key_is_said_as_it_stands() {
    assert_eq!(Words::of(Tongue::Persian).say("nobody-knows"), "nobody-knows");
}
