//! The commands that lead programs and phones to byway.

use super::stage::Done as Ended;
use super::stage::*;
use crate::cli::*;
use crate::control::Place;
use crate::control::tests::world::Fixed;
use crate::platform::proxy::{Did, Done, Seen, Standing};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

fn done(system: &str, did: Did) -> Done {
    let error = (did == Did::Failed).then(|| String::from("no bus"));
    Done { system: system.into(), did, foreign: Vec::new(), error }
}

/// Actions that find this of the system's setting.
fn finding(done: Vec<Done>) -> Noted {
    Noted { found: Ok(ProxyFound { done, ..ProxyFound::default() }), ..Noted::default() }
}

fn served(proxies: Vec<&'static str>) -> Served {
    Served::new(Arc::new(Fixed { proxies, ..Fixed::default() }))
}

/// One command against a byway, with these actions.
fn asked(served: &Served, noted: &Noted, args: &[&str]) -> Ended {
    byway(noted, &[&["--control", &served.path()], args].concat())
}

#[test]
fn on_tells_the_system_where_byway_really_listens() {
    let served = served(vec!["127.0.0.1:4180"]);
    let noted = finding(vec![done("gnome", Did::Set), done("kde", Did::Failed)]);
    let said = asked(&served, &noted, &["proxy", "on", "--mode", "both"]);
    assert_eq!(said.exit, Exit::Ok);
    let call = noted.calls.borrow()[0].clone();
    for word in ["Both", "127.0.0.1:4180", "http://127.0.0.1:4180/0123/proxy.pac", "77"] {
        assert!(call.contains(word), "{word} in {call}");
    }
    assert!(said.err.contains("gnome: messengers go through byway now"), "{}", said.err);
    assert!(said.err.contains("error: kde: no bus"), "{}", said.err);
    // A script cannot keep a promise while nobody hands it out.
    assert!(said.err.contains("signal must never go straight out"), "{}", said.err);
    let said = asked(&served, &noted, &["proxy", "on", "--mode", "manual"]);
    assert!(!said.err.contains("must never"), "{}", said.err);
}

#[test]
fn what_failed_everywhere_is_a_failure() {
    let noted = finding(vec![done("gnome", Did::Failed)]);
    assert_eq!(byway(&noted, &["proxy", "off"]).exit, Exit::Failed);
    assert_eq!(*noted.calls.borrow(), ["proxy Off { force: false }"]);
    let noted = Noted { found: Err(Failed::new(Exit::Failed, "no desktop")), ..Noted::default() };
    let said = byway(&noted, &["proxy", "status"]);
    assert_eq!((said.exit, said.err.as_str()), (Exit::Failed, "error: no desktop\n"));
}

#[test]
fn nothing_leads_to_a_byway_that_does_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::named(&folder.path().join("none.token"));
    let noted = Noted { place: Some(place.clone()), ..Noted::default() };
    let path = place.path().to_str().unwrap().to_owned();
    for args in [&["proxy", "on"][..], &["env"], &["setup", "telegram"], &["share"]] {
        assert_eq!(byway(&noted, &[&["--control", &path], args].concat()).exit, Exit::NotRunning, "{args:?}");
    }
    assert!(noted.calls.borrow().is_empty());
}

#[test]
fn status_shows_a_script_without_its_path() {
    let systems = vec![Standing {
        system: "gnome".into(),
        seen: Some(Seen::Script("http://127.0.0.1:4180/0123/proxy.pac".into())),
        ours: true,
        foreign: Vec::new(),
    }];
    let found = ProxyFound { systems, owner: Some(7), left_behind: true, ..ProxyFound::default() };
    let noted = Noted { found: Ok(found), ..Noted::default() };
    let said = byway(&noted, &["proxy", "status"]);
    assert!(said.out.starts_with("gnome: a script at 127.0.0.1:4180 (byway)\n"), "{}", said.out);
    assert!(said.out.contains("is gone"), "{}", said.out);
    let value: Value = serde_json::from_str(&byway(&noted, &["proxy", "status", "--json"]).out).unwrap();
    assert_eq!((value["schema"].as_u64(), value["left_behind"].as_bool()), (Some(1), Some(true)));
}

#[test]
fn a_password_waits_for_a_yes() {
    let served = served(vec!["127.0.0.1:4180", "0.0.0.0:4181"]);
    for command in [&["setup", "telegram"][..], &["share"], &["share", "--json"]] {
        let noted = Noted::default();
        let said = asked(&served, &noted, command);
        assert_eq!(said.exit, Exit::Usage, "{command:?}");
        assert!(!said.out.contains("p%26ss"), "{}", said.out);
        let yes = asked(&served, &noted, &[command, &["--yes"]].concat());
        assert!(yes.out.contains("&user=home&pass=p%26ss%20word"), "{command:?}: {}", yes.out);
        let path = served.path();
        let args = [&["--control", path.as_str()], command].concat();
        assert_eq!(byway_answered(&noted, &args, "n\n").exit, Exit::Interrupted);
    }
}

#[test]
fn share_names_what_neighbours_reach_and_draws_it() {
    let served = served(vec!["127.0.0.1:4180", "0.0.0.0:4181"]);
    let said = asked(&served, &Noted::default(), &["share", "--yes"]);
    for words in [
        "tg://socks?server=192.168.1.2&port=4181&user=home",
        "http://192.168.1.2:4181/0123/proxy.pac",
        "https://wa.me/proxy?host=192.168.1.2&chatPort=5222&mediaPort=587&chatTLS=true",
        "█",
    ] {
        assert!(said.out.contains(words), "{words} in\n{}", said.out);
    }
    assert!(!said.out.contains("127.0.0.1"), "{}", said.out);
    let plain = asked(&served, &Noted::default(), &["share", "--yes", "--no-qr"]);
    assert!(!plain.out.contains('█') && plain.out.contains("tg://"), "{}", plain.out);
}

#[test]
fn open_hands_the_link_to_the_app_where_there_is_one() {
    let served = served(vec!["127.0.0.1:4180"]);
    let noted = Noted::default();
    assert_eq!(asked(&served, &noted, &["setup", "telegram", "--open"]).exit, Exit::Ok);
    assert_eq!(*noted.calls.borrow(), ["open tg://socks?server=127.0.0.1&port=4180"]);
    assert_eq!(asked(&served, &noted, &["setup", "discord", "--open"]).exit, Exit::Usage);
    assert!(Path::new(&served.path()).exists());
}
