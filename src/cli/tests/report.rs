//! `byway report` and its export.

use super::stage::*;
use crate::cli::*;
use crate::control::Schemed;
use crate::control::report::{Account, Measurement};
use crate::control::tests::world::{Fixed, fixed_account, fixed_measurements};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

fn served() -> Served {
    Served::new(Arc::new(Fixed::default()))
}

fn file() -> (tempfile::TempDir, PathBuf, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.jsonl");
    let name = path.to_str().unwrap().to_owned();
    (folder, path, name)
}

fn written(path: &Path) -> Vec<Measurement> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_report_comes_from_the_running_byway() {
    let served = served();
    let done = served.asked(&["report"]);
    assert_eq!((done.exit, done.err.as_str()), (Exit::Ok, ""));
    assert!(done.out.starts_with("Telegram: direct worked "), "{}", done.out);
    let done = served.asked(&["report", "--since", "7d", "--json"]);
    let back: Schemed<Account> = serde_json::from_str(&done.out).unwrap();
    assert_eq!((back.schema, back.body), (1, fixed_account()));
}

#[test]
fn without_one_it_comes_from_the_disk_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("none.token").to_str().unwrap().to_owned();
    let noted = Noted::default();
    let done = byway(&noted, &["--control", &place, "report", "--since", "2h"]);
    assert_eq!((done.exit, done.err.as_str()), (Exit::Ok, "no byway is running; this is from its history on disk\n"));
    assert!(done.out.starts_with("Telegram: direct worked "), "{}", done.out);
    assert_eq!(*noted.calls.borrow(), ["report 7200"]);
}

#[test]
fn an_export_is_shown_with_its_risk_and_written_after_a_yes_only() {
    let (_folder, path, name) = file();
    let served = served();
    let control = served.path();
    let args = ["--control", &control, "report", "--ooni", &name];
    let done = byway(&Noted::default(), &args);
    assert_eq!(done.exit, Exit::Usage);
    assert!(done.out.contains("\"probe_asn\": \"AS0\""), "it is shown: {}", done.out);
    assert!(done.err.replace('\n', " ").contains("can be an offence in some places"), "{}", done.err);
    assert_eq!(byway_answered(&Noted::default(), &args, "no\n").exit, Exit::Interrupted);
    assert!(!path.exists());
    let done = byway_answered(&Noted::default(), &args, "y\n");
    assert_eq!(done.exit, Exit::Ok, "{}", done.err);
    assert_eq!(written(&path), fixed_measurements(Duration::from_secs(86_400)));
}

#[test]
fn a_file_that_exists_is_left_alone_unless_forced() {
    let (folder, path, name) = file();
    fs::write(&path, "mine").unwrap();
    let served = served();
    let done = served.asked(&["report", "--ooni", &name, "--yes"]);
    assert_eq!((done.exit, done.out.as_str()), (Exit::Usage, ""));
    assert!(done.err.contains("exists; name another file, or add --force"), "{}", done.err);
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    let done = served.asked(&["report", "--ooni", &name, "--yes", "--force"]);
    assert_eq!(done.exit, Exit::Ok, "{}", done.err);
    assert_eq!(written(&path).len(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        // A link is replaced, what it points to is not written.
        let other = folder.path().join("other");
        fs::write(&other, "theirs").unwrap();
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(&other, &path).unwrap();
        assert_eq!(served.asked(&["report", "--ooni", &name, "--yes"]).exit, Exit::Usage);
        assert_eq!(served.asked(&["report", "--ooni", &name, "--yes", "--force"]).exit, Exit::Ok);
        assert_eq!(fs::read_to_string(&other).unwrap(), "theirs");
    }
    drop(folder);
}

#[test]
fn an_export_needs_a_running_byway_a_place_and_something_to_tell() {
    let (folder, path, name) = file();
    let nowhere = folder.path().join("none.token").to_str().unwrap().to_owned();
    let done = byway(&Noted::default(), &["--control", &nowhere, "report", "--ooni", &name, "--yes"]);
    assert_eq!(done.exit, Exit::NotRunning);
    assert!(done.err.contains("in the memory of a running one only"), "{}", done.err);
    let served = served();
    let done = served.asked(&["report", "--ooni", &name, "--yes", "--since", "1m"]);
    assert_eq!(done.exit, Exit::Failed);
    assert!(done.err.contains("nothing to export"), "{}", done.err);
    let away = folder.path().join("no/such/folder/x").to_str().unwrap().to_owned();
    assert_eq!(served.asked(&["report", "--ooni", &away, "--yes"]).exit, Exit::Failed);
    assert!(!path.exists());
}
