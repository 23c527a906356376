use super::topics::TOPICS;
use super::{Arg, Tongue, Words};
use fluent_bundle::FluentResource;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

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

/// The text of every source that may name a key, this room and the tests left out.
fn sources() -> String {
    fn read(folder: &Path, text: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                let is_apart = name == "tests" || name == "lang";
                if !is_apart {
                    read(&path, text);
                }
            } else if name != "tests.rs" && ["rs", "html", "js"].iter().any(|end| name.ends_with(&format!(".{end}"))) {
                text.push_str(&std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut text = String::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut text);
    text
}

/// The quoted texts of a source that look like a key of one of the topics.
fn quoted(sources: &str) -> BTreeSet<String> {
    let of_topic = |text: &&str| TOPICS.iter().any(|topic| text.starts_with(&format!("{}-", topic.name)));
    let shape = |text: &&str| text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-{}_".contains(c));
    sources.split(['"', '`', '\'']).filter(of_topic).filter(shape).map(str::to_owned).collect()
}

#[test]
fn every_sentence_is_said_by_somebody_and_nobody_says_one_that_is_not_there() {
    let quoted = quoted(&sources());
    let (made, plain): (BTreeSet<_>, BTreeSet<_>) = quoted.into_iter().partition(|text| text.contains('{'));
    let beginnings: Vec<_> = made.iter().filter_map(|text| text.split('{').next()).collect();
    let english: Vec<_> = TOPICS.iter().flat_map(|topic| keys(topic.text(Tongue::English), topic.name)).collect();
    // What the room's own tests say, and the page asks for.
    let mine = ["common-yes", "common-no", "common-languages", "common-services"];
    for (key, _) in &english {
        let is_said = plain.contains(key) || beginnings.iter().any(|begin| key.starts_with(begin));
        assert!(is_said || mine.contains(&key.as_str()), "nobody says {key}");
    }
    // Field names of HTTP.
    let others = ["proxy-authenticate", "proxy-authorization", "proxy-connection"];
    for key in plain.iter().filter(|key| !key.ends_with('-') && !others.contains(&key.as_str())) {
        assert!(english.iter().any(|(known, _)| known == key), "{key} is said, and in no catalogue");
    }
}

#[test]
fn a_sentence_with_all_its_values_has_no_fault_in_any_language() {
    for topic in TOPICS {
        for (key, variables) in keys(topic.text(Tongue::English), topic.name) {
            let args: Vec<(&str, Arg<'_>)> = variables.iter().map(|name| (name.as_str(), 3.into())).collect();
            for tongue in Tongue::ALL {
                let said = Words::shared(tongue).say_with(&key, &args);
                assert!(!said.contains("{$") && !said.contains(&key), "{tongue:?} {key}: {said}");
            }
        }
    }
}
