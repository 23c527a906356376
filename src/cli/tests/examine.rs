//! `byway diagnose`: the warning, the question, the steps and the conclusion, with and without a running byway.

use super::stage::*;
use crate::cli::*;
use crate::control::Schemed;
use crate::control::tests::world::{Fixed, fixed_examination};
use crate::model::Examined;
use std::sync::Arc;

fn nowhere() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.token").to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn nothing_is_examined_before_somebody_has_said_yes() {
    let (_folder, place) = nowhere();
    let noted = Noted::default();
    let args = ["--control", place.as_str(), "diagnose", "telegram"];
    let done = byway(&noted, &args);
    assert_eq!((done.exit, done.out.as_str()), (Exit::Usage, ""), "{}", done.err);
    assert!(done.err.replace('\n', " ").contains("Who watches this line can see them"), "it warns first: {}", done.err);
    assert!(done.err.ends_with("it is not a terminal; add --yes\n"), "{}", done.err);
    for answer in ["n\n", "\n", "", "maybe\n"] {
        let done = byway_answered(&noted, &args, answer);
        assert_eq!((done.exit, done.out.as_str()), (Exit::Interrupted, ""), "{answer:?}");
        assert!(done.err.contains("Examine Telegram now? [y/N] ") && done.err.contains("nothing was done"));
    }
    assert_eq!(*noted.calls.borrow(), Vec::<String>::new());
    for answer in ["y\n", "YES\n"] {
        assert_eq!(byway_answered(&noted, &args, answer).exit, Exit::Degraded, "messages are blocked, calls work");
    }
    assert_eq!(*noted.calls.borrow(), ["diagnose telegram", "diagnose telegram"]);
}

#[test]
fn an_examination_comes_as_a_page_and_as_lines_of_json_from_either_side() {
    let (_folder, place) = nowhere();
    let served = Served::new(Arc::new(Fixed::default()));
    for place in [place, served.path()] {
        let ask =
            |args: &[&str]| byway(&Noted::default(), &[&["--control", &place, "diagnose", "telegram"], args].concat());
        let done = ask(&["--yes"]);
        assert_eq!(done.exit, Exit::Degraded, "{}", done.err);
        assert!(done.out.contains("Messages are blocked (sni_drop_hello): confirmed."), "{}", done.out);
        let done = ask(&["--yes", "--json"]);
        let steps: Vec<Schemed<Examined>> = done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(steps.iter().map(|step| step.body.clone()).collect::<Vec<_>>(), fixed_examination());
        assert!(steps.iter().all(|step| step.schema == 1));
        assert_eq!(done.exit, Exit::Degraded);
        let done = ask(&["-q", "-y"]);
        assert_eq!((done.exit, done.out.as_str(), done.err.as_str()), (Exit::Degraded, "", ""));
    }
}

#[test]
fn a_service_that_is_not_there_is_said_before_anything_is_asked() {
    let (_folder, place) = nowhere();
    let served = Served::new(Arc::new(Fixed::default()));
    for place in [place, served.path()] {
        let done = byway(&Noted::default(), &["--control", &place, "diagnose", "telgram"]);
        assert_eq!(done.exit, Exit::Usage);
        assert!(done.err.starts_with("error: there is no service \"telgram\""), "{}", done.err);
    }
}

#[test]
fn an_examination_without_a_conclusion_is_a_failure() {
    let (_folder, place) = nowhere();
    let noted = Noted { steps: Some(4), ..Noted::default() };
    let done = byway(&noted, &["--control", &place, "diagnose", "telegram", "--yes"]);
    assert_eq!((done.exit, done.out.as_str()), (Exit::Failed, ""));
    assert!(done.err.ends_with("error: the examination ended before its conclusion; try again\n"), "{}", done.err);
}

#[test]
fn one_examination_at_a_time() {
    let operator = Arc::new(Fixed::default());
    let turn = operator.examining.clone().try_acquire_owned().unwrap();
    let served = Served::new(operator);
    let done = served.asked(&["diagnose", "telegram", "--yes"]);
    assert_eq!((done.exit, done.out.as_str()), (Exit::Failed, ""));
    assert!(done.err.ends_with("error: an examination is under way already\n"), "{}", done.err);
    drop(turn);
    assert_eq!(served.asked(&["diagnose", "telegram", "--yes"]).exit, Exit::Degraded);
}
