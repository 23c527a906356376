use super::*;
use crate::model::{DirectRule, Facet, TransportId};
use crate::policy::Matcher;
use std::path::Path;

fn origin() -> Origin {
    Origin { name: "test.toml".to_owned(), folder: PathBuf::from("."), state: PathBuf::from("/state") }
}

fn told(text: &str) -> Vec<String> {
    match load(text, &origin(), &[]) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}

fn ids(order: &[TransportId]) -> Vec<&str> {
    order.iter().map(TransportId::as_str).collect()
}

#[test]
fn nothing_at_all_is_a_complete_configuration() {
    let settings = load("", &origin(), &[]).unwrap();
    assert_eq!(settings.listens.len(), 1);
    assert!(settings.listens[0].addr.ip().is_loopback());
    assert_eq!(ids(&settings.order), ["direct", "split"]);
    assert_eq!(settings.services.last().unwrap().service.id.as_str(), "other");
    assert_eq!(ids(&settings.services.last().unwrap().service.order), ["direct"]);
}

#[test]
fn the_default_file_says_what_holds_without_it() {
    let bare = load("", &origin(), &[]).unwrap();
    let full = load(DEFAULT, &Origin::embedded(Path::new("/state")), &[]).unwrap();
    assert_eq!(format!("{bare:#?}"), format!("{full:#?}"));
}

#[test]
fn every_service_of_the_catalogue_has_a_date_rules_and_a_probe() {
    let settings = load("", &origin(), &[]).unwrap();
    assert_eq!(settings.services.len(), 12);
    for spec in settings.services.iter().filter(|spec| !spec.service.id.is_other()) {
        let id = &spec.service.id;
        assert!(spec.checked.as_deref().is_some_and(|date| date.len() == 7), "{id} has no date");
        assert!(!spec.rules.is_empty() && !spec.probes.is_empty(), "{id} is empty");
        assert_ne!(spec.service.title, id.as_str(), "{id} has no title");
    }
    for anchors in [&settings.anchors.captive.len(), &settings.anchors.neutral.len()] {
        assert!(*anchors >= 2);
    }
}
