//! Commands that ask a running byway.

use super::stage::*;
use crate::cli::*;
use crate::control::tests::world::{Fixed, bad_config, fixed_past, fixed_status, fixed_why};
use crate::control::{Place, Schemed};
use crate::model::Record;
use serde_json::Value;
use std::sync::Arc;

fn served() -> Served {
    Served::new(Arc::new(Fixed::default()))
}

fn json(done: &Done) -> Value {
    serde_json::from_str(&done.out).unwrap()
}

#[test]
fn status_comes_as_text_as_json_and_as_a_code_alone() {
    let served = served();
    let done = served.asked(&["status"]);
    assert_eq!((done.exit, done.err.as_str()), (Exit::Ok, ""));
    assert!(done.out.starts_with("byway 0.1.0 · online · up 3 h 12 min"), "{}", done.out);
    let done = served.asked(&["status", "--json"]);
    let value = json(&done);
    assert_eq!((value["schema"].as_u64(), value["at"].as_str()), (Some(1), Some("2026-08-02T14:17:00Z")));
    let back: Schemed<crate::control::report::Status> = serde_json::from_str(&done.out).unwrap();
    assert_eq!(back.body, fixed_status());
    let done = served.asked(&["status", "-q"]);
    assert_eq!((done.exit, done.out.as_str(), done.err.as_str()), (Exit::Ok, "", ""));
}

#[test]
fn the_place_that_the_configuration_names_is_asked_without_a_flag() {
    let served = served();
    let noted = Noted { place: Some(Place::named(std::path::Path::new(&served.path()))), ..Noted::default() };
    assert_eq!(byway(&noted, &["status", "-q"]).exit, Exit::Ok);
}

#[test]
fn why_comes_as_text_and_as_json() {
    let served = served();
    let done = served.asked(&["why", "telegram"]);
    assert!(done.out.starts_with("Telegram: messages go through tokyo since 14:05 UTC."), "{}", done.out);
    let back: Schemed<crate::control::report::Why> =
        serde_json::from_str(&served.asked(&["why", "telegram", "--json"]).out).unwrap();
    assert_eq!(back.body, fixed_why());
}

#[test]
fn a_typo_ends_with_usage_and_the_nearest_name() {
    let served = served();
    for (args, said) in [
        (&["why", "telgram"][..], "error: there is no service \"telgram\"; did you mean \"telegram\"?\n"),
        (&["use", "signal", "tokio"], "error: there is no transport \"tokio\"; did you mean \"tokyo\"?\n"),
        (&["history", "wahtsapp"], "error: there is no service \"wahtsapp\"; did you mean \"whatsapp\"?\n"),
        (&["probe", "qq"], "error: there is no service \"qq\"\n"),
    ] {
        let done = served.asked(args);
        assert_eq!((done.exit, done.out.as_str(), done.err.as_str()), (Exit::Usage, "", said));
    }
}

#[test]
fn use_says_what_it_did_on_stderr_and_can_be_quiet() {
    let operator = Arc::new(Fixed::default());
    let served = Served::new(operator.clone());
    let done = served.asked(&["use", "telegram", "tokyo"]);
    let said = "telegram takes tokyo until told otherwise (`byway use telegram auto`).\n";
    assert_eq!((done.exit, done.out.as_str(), done.err.as_str()), (Exit::Ok, "", said));
    assert!(served.asked(&["use", "telegram", "tokyo", "--for", "1h"]).err.contains(" takes tokyo until "));
    assert_eq!(served.asked(&["use", "telegram", "auto"]).err, "telegram takes its way automatically again.\n");
    assert_eq!(served.asked(&["-q", "use", "telegram", "auto"]).err, "");
    assert_eq!(operator.used.lock().unwrap().len(), 4);
    assert_eq!(served.asked(&["use", "telegram", "auto", "--for", "1h"]).exit, Exit::Usage);
    assert_eq!(operator.used.lock().unwrap().len(), 4);
}

#[test]
fn a_bad_file_on_reload_is_a_configuration_error() {
    assert_eq!(served().asked(&["reload"]).err, "transport osaka added\n");
    let served = Served::new(Arc::new(Fixed { reload: Err(bad_config()), ..Fixed::default() }));
    let done = served.asked(&["reload"]);
    assert_eq!(done.exit, Exit::Config);
    assert!(done.err.starts_with("error: byway.toml:3:1: listen: "), "{}", done.err);
}

#[test]
fn the_past_comes_as_lines_of_text_or_json() {
    let served = served();
    let done = served.asked(&["log", "-n", "2"]);
    assert_eq!(
        done.out,
        "2026-08-02T14:11:00Z  the network: offline → online. Neutral sites answer\n\
         2026-08-02T14:12:00Z  signal: told to go through tokyo. byway use\n"
    );
    for args in [&["log", "--json"][..], &["history", "--json"]] {
        let done = served.asked(args);
        let entries: Vec<Schemed<crate::control::Entry>> =
            done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(entries.iter().map(|entry| entry.body.clone()).collect::<Vec<_>>(), fixed_past());
        assert!(entries.iter().all(|entry| entry.schema == 1));
    }
    assert!(served.asked(&["history", "telegram", "--since", "12h"]).out.starts_with("WHEN (UTC)"));
}

#[test]
fn following_shows_what_comes_and_ends_when_the_byway_stops() {
    let operator = Arc::new(Fixed::default());
    let announce = operator.announce.clone();
    let served = Served::new(operator);
    let (out, err, path) = (Paper::default(), Paper::default(), served.path());
    let (shown, said) = (out.clone(), err.clone());
    let follower = std::thread::spawn(move || {
        byway_onto(&shown, &said, &Noted::default(), &["--control", &path, "log", "-f", "-n", "0"])
    });
    // Until somebody listens, nothing can be announced.
    while announce.send(Record::Reloaded).is_err() {
        std::thread::yield_now();
    }
    while !out.text().ends_with("Z  the configuration was read again\n") {
        std::thread::yield_now();
    }
    drop(served);
    assert_eq!(follower.join().unwrap(), Exit::NotRunning);
    assert!(err.text().ends_with("hung up; has it stopped?\n"), "{}", err.text());
}

#[test]
fn a_probe_by_the_running_byway_fills_the_matrix() {
    let served = served();
    let done = served.asked(&["probe", "telegram"]);
    assert_eq!(done.exit, Exit::Ok, "{}", done.err);
    assert!(done.out.contains("no: sni_drop_hello") && done.out.contains("ok 212 ms"), "{}", done.out);
    let value = json(&served.asked(&["probe", "telegram", "--json"]));
    assert_eq!((value["schema"].as_u64(), value["cells"].as_array().map(Vec::len)), (Some(1), Some(2)));
}
