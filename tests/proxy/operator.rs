//! The commands against a running byway and without one: what they say and their exit codes; signals; reload.

use crate::house::{Home, closed_port, curl, find, wait_for};
use crate::origins::{PAGE, origin};

/// A service that goes out directly, and a tunnel that is not there.
fn config() -> String {
    format!(
        "listen = [\"127.0.0.1:0\"]\norder = [\"direct\", \"spare\"]\nhistory = \"memory\"\n\
         [detect]\nmode = \"off\"\n\
         [transport.spare.socks5]\nserver = \"{}\"\n\
         [service.mine]\ntitle = \"My own\"\nprefixes = [\"127.0.0.9/32\"]\n",
        closed_port()
    )
}

/// The same service, with a history that is kept.
fn on_disk() -> String {
    "listen = [\"127.0.0.1:0\"]\norder = [\"direct\"]\nhistory = \"disk\"\n[detect]\nmode = \"off\"\n".to_owned()
}

#[test]
fn the_running_one_answers_every_question() {
    let home = Home::with(&config());
    let running = home.run(&[]);

    let page = home.byway(&["status"]).good();
    assert!(
        page.contains(&running.door().to_string()) && page.contains("My own") && page.contains("Telegram"),
        "{page}"
    );
    assert!(page.lines().all(|line| line.chars().count() <= 80), "wider than 80 columns:\n{page}");
    assert_eq!(home.byway(&["status", "--json"]).json()["schema"], 1);
    assert_eq!(home.byway(&["status", "-q"]).good(), "");

    let why = home.byway(&["why", "telegram"]).good();
    assert!(why.contains("direct, then spare"), "{why}");
    assert_eq!(home.byway(&["why", "mine", "--json"]).json()["schema"], 1);
    assert!(home.byway(&["why", "telegran"]).failed(2).contains("did you mean \"telegram\"?"));

    assert!(home.byway(&["use", "mine", "spare", "--for", "1h"]).failed(0).contains("mine takes spare until"));
    let forced = home.byway(&["status", "--json"]).json();
    let mine = forced["services"].as_array().unwrap().iter().find(|service| service["id"] == "mine").unwrap();
    assert_eq!(mine["facets"][0]["way"], "spare");
    assert!(home.byway(&["use", "mine", "auto"]).failed(0).contains("automatically"));
    assert!(home.byway(&["use", "mine", "spar"]).failed(2).contains("did you mean \"spare\"?"));
    assert!(home.byway(&["use", "mine", "auto", "--for", "1h"]).failed(2).contains("--for"));

    let log = home.byway(&["log"]).good();
    assert!(log.contains("mine: told to go through spare"), "{log}");
    for line in home.byway(&["log", "--json", "-n", "1"]).good().lines() {
        let entry: serde_json::Value = serde_json::from_str(line).expect("one JSON value a line");
        assert_eq!(entry["schema"], 1);
    }
    assert!(home.byway(&["history", "mine"]).good().contains("told to go through spare"));
    home.byway(&["history", "mine", "--json"]).good();
    home.byway(&["history", "nobody"]).failed(2);
    assert!(home.byway(&["reload"]).failed(0).contains("nothing changed"));
}

#[test]
fn without_a_running_one_the_commands_say_so() {
    let home = Home::with(&config());
    for command in [
        &["status"][..],
        &["why", "mine"],
        &["log"],
        &["history"],
        &["use", "mine", "auto"],
        &["reload"],
        &["report"],
        &["report", "--ooni", "x"],
    ] {
        let said = home.byway(command).failed(4);
        assert!(said.contains("no byway is running"), "{said}");
    }
}

#[test]
fn a_report_counts_what_was_carried_and_outlives_the_process() {
    let Some(program) = find("curl", "curl") else { return };
    let home = Home::with(&format!("{}[service.mine]\ntitle = \"My own\"\nprefixes = [\"127.0.0.9/32\"]\n", on_disk()));
    let mut running = home.run(&[]);
    let (at, _) = origin("127.0.0.9");
    let (proxy, url) = (format!("socks5h://{}", running.door()), format!("http://{at}/"));
    for _ in 0..3 {
        assert_eq!(curl(&program, &proxy, &[&url]).good(), PAGE);
    }
    let mine = |report: &serde_json::Value| {
        let services = report["services"].as_array().unwrap().clone();
        services.into_iter().find(|service| service["id"] == "mine").map(|mine| mine["answered"].as_u64().unwrap())
    };
    // A connection is counted when it is over.
    wait_for("three connections", || (mine(&home.byway(&["report", "--json"]).json()) == Some(3)).then_some(()));
    let page = home.byway(&["report"]).good();
    assert!(page.starts_with("My own: ") && page.contains("3 connections, 0 lost."), "{page}");
    assert!(page.lines().all(|line| line.chars().count() <= 80), "wider than 80 columns:\n{page}");
    assert!(home.byway(&["report", "--ooni", "x", "--yes"]).failed(1).contains("nothing to export"));
    running.signal("TERM");
    assert!(running.ended().success());
    let after = home.byway(&["report", "--since", "1h", "--json"]).json();
    assert_eq!((after["schema"].as_u64(), mine(&after)), (Some(1), Some(3)), "{after}");
    assert!(!home.byway(&["report"]).good().contains(&at.ip().to_string()), "no address is told");
    home.configure(&on_disk().replace("\"disk\"", "\"off\""));
    assert!(home.byway(&["report"]).failed(4).contains("does not keep it on disk"));
}

#[test]
fn an_examination_asks_first_and_tells_what_it_found_here_and_there() {
    let home = Home::with(&format!(
        "listen = [\"127.0.0.1:0\"]\norder = [\"spare\"]\n[transport.spare.socks5]\nserver = \"{}\"\n\
         [anchors]\ncaptive = []\nneutral = []\ndomestic = []\nstun = []\n\
         [resolver]\nsecure = [{{ url = \"https://resolver.example/dns-query\", ip = \"127.0.0.9\" }}]\n[detect]\nmode = \"off\"\n\
         [service.telegram]\ndirect = \"never\"\n",
        closed_port()
    ));
    let said = home.byway(&["diagnose", "telegram"]).failed(2);
    assert!(said.contains("Who watches this") && said.contains("add --yes"), "{said}");
    let conclusion = |home: &Home| {
        let done = home.byway(&["diagnose", "telegram", "--yes", "--json"]);
        let steps: Vec<serde_json::Value> = done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(steps.first().map(|step| step["step"].clone()), Some("planned".into()), "{done:?}");
        let last = steps.last().unwrap().clone();
        assert_eq!((last["step"].as_str(), last["schema"].as_u64()), (Some("concluded"), Some(1)), "{done:?}");
        assert!(matches!(done.code, Some(0 | 6 | 7 | 8)), "{done:?}");
        last["body"]["facets"].as_array().unwrap().len()
    };
    let alone = conclusion(&home);
    let running = home.run(&[]);
    assert_eq!(conclusion(&home), alone);
    assert!(home.byway(&["diagnose", "telegran"]).failed(2).contains("did you mean \"telegram\"?"));
    drop(running);
}

#[test]
fn commands_that_need_nobody() {
    let home = Home::with(&config());
    assert!(home.byway(&["check"]).good().contains("good"));
    assert_eq!(home.byway(&["check", "--json"]).json()["faults"].as_array().unwrap().len(), 0);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(home.byway(&["completions", shell]).good().contains("byway"), "{shell}");
    }
    assert!(home.byway(&["man"]).good().starts_with(".ie"), "roff");
    assert!(home.byway(&["--help"]).good().contains("Exit codes"));
    assert!(home.byway(&["--version"]).good().starts_with("byway "));
    home.byway(&["frobnicate"]).failed(2);
    home.configure("listen = [\"127.0.0.1:0\"]\nodrer = [\"direct\"]\n[service.mine]\nprefixes = [\"nowhere\"]\n");
    let said = home.byway(&["check"]).failed(3);
    assert!(said.contains("byway.toml:2:1: odrer:") && said.contains("\"order\""), "{said}");
    assert!(said.contains("byway.toml:4:13: service.mine.prefixes"), "all faults at once: {said}");
    let refused = home.byway(&["run"]).failed(3);
    assert!(refused.starts_with(&said) && refused.contains("nothing was started"), "a start says the same: {refused}");
    std::fs::remove_file(home.config()).unwrap();
    assert!(home.byway(&["check"]).failed(3).contains("there is no such file"));
}

#[test]
fn a_link_from_stdin_becomes_a_transport_and_its_key_is_never_shown() {
    let home = Home::with("# my own words\nlisten = [\"127.0.0.1:0\"]\norder = [\"direct\"]\n");
    let link = "ss://Y2hhY2hhMjAtaWV0Zi1wb2x5MTMwNTp0b3Atc2VjcmV0LWtleQ@tokyo.example:8388/?outline=1#Tokyo\n\
                vless://not-yet@x.example:1\nsocks5://ben:top-secret-key@office.example:1080#office\n";
    let before = std::fs::read_to_string(home.config()).unwrap();
    let dry = home.byway_reading(&["import", "--dry-run", "-"], link);
    assert_eq!(std::fs::read_to_string(home.config()).unwrap(), before, "a dry run changes nothing");
    let said = home.byway_reading(&["import", "-"], link);
    for said in [&dry, &said] {
        assert_eq!(said.code, Some(0), "{said:#?}");
        let all = format!("{}{}", said.out, said.err);
        assert!(!all.contains("top-secret-key") && !all.contains("Y2hh"), "{all}");
        assert!(said.out.contains("skipped") && said.out.contains("Tokyo") || said.out.contains("tokyo"), "{all}");
    }
    let after = std::fs::read_to_string(home.config()).unwrap();
    assert!(after.starts_with("# my own words\nlisten"), "{after}");
    assert!(home.byway(&["check"]).good().contains("direct, tokyo, office"), "new ways are taken last");
    assert!(home.byway_reading(&["import", "-"], "hello\n").failed(1).contains("nothing"));
    assert_eq!(std::fs::read_to_string(home.config()).unwrap(), after);
}

#[test]
fn a_live_matrix_without_and_with_a_running_one() {
    let spare = "socks5";
    let home = Home::with(&format!(
        "listen = [\"127.0.0.1:0\"]\norder = [\"spare\"]\n[transport.spare.{spare}]\nserver = \"{}\"\n\
         [anchors]\ncaptive = []\nneutral = []\ndomestic = []\n\
         [detect]\nmode = \"off\"\n",
        closed_port()
    ));
    let alone = home.byway(&["probe", "telegram", "--via", "spare", "--json"]);
    assert!(alone.code == Some(7) || alone.code == Some(8), "{alone:?}");
    let running = home.run(&[]);
    let asked = home.byway(&["probe", "telegram", "--via", "spare"]);
    assert!(asked.code == Some(7) || asked.code == Some(8), "{asked:?}");
    assert!(asked.out.contains("spare") && asked.out.contains("Telegram"), "{asked:?}");
    home.byway(&["probe", "nobody"]).failed(2);
    home.byway(&["probe", "--via", "nowhere"]).failed(2);
    drop(running);
    home.byway(&["probe", "nobody"]).failed(2);
}

#[test]
fn a_changed_file_is_read_again_and_a_bad_one_changes_nothing() {
    let Some(program) = find("curl", "curl") else { return };
    let home = Home::with(&config());
    let running = home.run(&[]);
    let (at, heard) = origin("127.0.0.9");
    let (proxy, url) = (format!("socks5h://{}", running.door()), format!("http://{at}/"));
    assert_eq!(curl(&program, &proxy, &[&url]).good(), PAGE);

    // By the file's own change.
    home.configure(&config().replace("order = [\"direct\", \"spare\"]", "ordre = [\"direct\"]"));
    running.says("the old one holds");
    assert!(running.said().contains("byway.toml:2:1: ordre"), "it says why:\n{}", running.said());
    assert_eq!(curl(&program, &proxy, &[&url]).good(), PAGE, "the old configuration holds");
    let said = home.byway(&["reload"]).failed(3);
    assert!(said.contains("byway.toml:2:1: ordre"), "{said}");

    home.configure(&(config() + "direct = \"never\"\norder = [\"spare\"]\n"));
    running.says("service mine is changed");
    let before = heard.lock().unwrap().len();
    assert_ne!(curl(&program, &proxy, &[&url]).code, Some(0), "never directly, and the tunnel is not there");
    assert_eq!(heard.lock().unwrap().len(), before);

    // By a signal.
    let once = running.said().matches("configuration read again").count();
    running.signal("HUP");
    wait_for("the reload", || (running.said().matches("configuration read again").count() > once).then_some(()));

    // Another door, by the command.
    home.configure(&config().replace("\"127.0.0.1:0\"", "\"127.0.0.1:0\", \"[::1]:0\""));
    let status = wait_for("two doors", || {
        let status = home.byway(&["status", "--json"]).json();
        (status["listens"].as_array().unwrap().len() == 2).then_some(status)
    });
    let door = status["listens"][1].as_str().unwrap().to_owned();
    assert_eq!(curl(&program, &format!("socks5h://{door}"), &[&url]).good(), PAGE);
}

#[test]
fn a_stop_is_clean() {
    for signal in ["TERM", "INT"] {
        let home = Home::with(&config());
        let mut running = home.run(&[]);
        assert!(home.socket().exists());
        running.signal(signal);
        let status = running.ended();
        assert!(status.success(), "{status}: {}", running.said());
        assert!(!home.socket().exists(), "the control socket is left behind");
        home.byway(&["status"]).failed(4);
    }
}

#[test]
fn a_first_key_needs_no_file_and_no_restart() {
    let home = Home::new();
    let running = home.run_at_home(&["--set", "listen=[\"127.0.0.1:0\"]", "--set", "detect.mode=off"]);
    assert!(running.said().contains("byway import"), "it says how to get a tunnel:\n{}", running.said());
    let link = "ss://Y2hhY2hhMjAtaWV0Zi1wb2x5MTMwNTp0b3Atc2VjcmV0LWtleQ@127.0.0.1:1#Tokyo\n";
    let said = home.at_home_reading(&["import", "-"], link);
    assert!(said.failed(0).contains("byway reload"));
    assert!(home.at_home_reading(&["reload"], "").failed(0).contains("transport tokyo is new"));
    let why = home.at_home_reading(&["why", "telegram"], "").good();
    assert!(why.contains("direct, then split, then tokyo"), "{why}");
}
