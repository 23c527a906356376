//! `byway doctor`: the table, the copy that is shared, and the exit codes, with and without a running byway.

use super::stage::*;
use crate::cli::*;
use crate::control::tests::checkup::fixed_findings;
use crate::control::tests::world::Fixed;
use crate::lang::Tongue;
use serde_json::Value;
use std::sync::Arc;

fn nowhere() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.token").to_str().unwrap().to_owned();
    (folder, path)
}

/// Without the breaks of a table.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_check_up_comes_as_a_table_and_as_json_from_either_side() {
    let (_folder, place) = nowhere();
    let served = Served::new(Arc::new(Fixed::default()));
    for (place, runs) in [(place, false), (served.path(), true)] {
        let ask = |args: &[&str]| byway(&Noted::default(), &[&["--control", &place, "doctor"], args].concat());
        let done = ask(&[]);
        assert_eq!(done.exit, Exit::Degraded, "{}", done.err);
        assert!(done.out.starts_with("Something does not work"), "{}", done.out);
        assert!(flat(&done.out).contains("way: tokyo failed the handshake passes"), "{}", done.out);
        assert!(flat(&done.err).contains("asks neutral places"), "it says first what it does: {}", done.err);
        let done = ask(&["--json"]);
        let value: Value = serde_json::from_str(&done.out).unwrap();
        assert_eq!((&value["schema"], &value["outcome"]), (&1.into(), &"degraded".into()));
        let findings = value["findings"].as_array().unwrap();
        assert_eq!(findings.len(), fixed_findings().len() + 1, "and the version");
        let version = findings.iter().find(|found| found["check"] == "version").unwrap();
        assert_eq!(version["reason"], if runs { "version_same" } else { "version_unknown" });
        let stops = findings.iter().find(|found| found["reason"] == "way_stops").unwrap();
        assert_eq!((&stops["about"], &stops["state"]), (&"tokyo".into(), &"failed".into()));
        assert_eq!(stops["details"]["kilobytes"], 17);
        assert!(stops["remedy"].as_str().unwrap().contains("another way"));
        assert_eq!(ask(&["-q"]).out, "");
    }
}

#[test]
fn machines_read_english_whatever_the_language() {
    let (_folder, place) = nowhere();
    let noted = Noted { language: Some(Tongue::Russian), ..Noted::default() };
    let english = byway(&Noted::default(), &["--control", &place, "doctor", "--json"]).out;
    assert_eq!(byway(&noted, &["--control", &place, "doctor", "--json"]).out, english);
    let done = byway(&noted, &["--control", &place, "doctor"]);
    assert!(flat(&done.out).contains("путь: tokyo сбой рукопожатие проходит"), "{}", done.out);
    let done = byway(&noted, &["--control", &place, "--lang", "fa", "doctor"]);
    assert!(done.out.contains("راه"), "{}", done.out);
    assert_eq!(byway(&noted, &["--lang", "xx", "doctor"]).exit, Exit::Usage);
}

#[test]
fn a_check_up_that_broke_off_is_a_failure() {
    let (_folder, place) = nowhere();
    let noted = Noted { steps: Some(4), ..Noted::default() };
    let done = byway(&noted, &["--control", &place, "doctor"]);
    assert_eq!((done.exit, done.out.as_str()), (Exit::Failed, ""));
    assert!(done.err.ends_with("error: the check-up broke off before its end; try again\n"), "{}", done.err);
}

#[test]
fn a_copy_is_shown_before_it_is_written_and_only_written_after_a_yes() {
    let (folder, place) = nowhere();
    let file = folder.path().join("copy.txt");
    let name = file.to_str().unwrap();
    let args = ["--control", &place, "doctor", "--share", name];
    let done = byway(&Noted::default(), &args);
    assert_eq!(done.exit, Exit::Usage, "nobody is there to say yes: {}", done.err);
    assert!(done.err.contains("[failed] way: t1 (way_stops)"), "it is shown: {}", done.err);
    let done = byway_answered(&Noted::default(), &args, "n\n");
    assert_eq!((done.exit, file.exists()), (Exit::Interrupted, false));
    let done = byway_answered(&Noted::default(), &args, "y\n");
    assert_eq!(done.exit, Exit::Degraded, "{}", done.err);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(done.err.contains(&text), "what was shown is what was written");
    assert!(!text.contains("mina") && !text.contains("tokyo") && !text.contains("1080\n"), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let done = byway(&Noted::default(), &[&args[..], &["--yes"]].concat());
    assert_eq!(done.exit, Exit::Usage, "it exists: {}", done.err);
    assert_eq!(byway(&Noted::default(), &[&args[..], &["--yes", "--force"]].concat()).exit, Exit::Degraded);
}
