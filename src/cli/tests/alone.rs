//! Commands without a running byway.

use super::stage::*;
use crate::cli::*;
use crate::control::tests::world::{fixed_probe, way};
use crate::control::{Cell, ProbeItem};
use crate::model::{Ground, LinkState, ServiceId};
use std::path::PathBuf;

fn nowhere() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.token").to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn no_command_means_run() {
    let noted = Noted::default();
    assert_eq!(byway(&noted, &[]).exit, Exit::Ok);
    assert_eq!(byway(&noted, &["-c", "my.toml", "--set", "a.b=c=d", "--set", "x=", "-vv"]).exit, Exit::Ok);
    assert_eq!(byway(&noted, &["run", "-c", "my.toml"]).exit, Exit::Ok);
    assert_eq!(*noted.calls.borrow(), ["run", "run", "run"]);
    let launch = noted.launches.borrow()[1].clone();
    assert_eq!(launch.config, Some(PathBuf::from("my.toml")));
    assert_eq!(launch.sets, [("a.b".to_owned(), "c=d".to_owned()), ("x".to_owned(), String::new())]);
    assert_eq!((launch.verbose, launch.quiet), (2, false));
}

#[test]
fn wrong_usage_ends_with_two_and_help_with_zero() {
    for args in [
        &["stauts"][..],
        &["why"],
        &["--set", "novalue"],
        &["use", "telegram"],
        &["use", "telegram", "tokyo", "--for", "soon"],
        &["history", "--since", "0s"],
        &["report", "--since", "0s"],
        &["report", "--force"],
        &["report", "--yes"],
        &["report", "--ooni", "x", "--json"],
        &["diagnose"],
        &["--color", "sometimes"],
        &["-q", "-v"],
        &["completions", "tcsh"],
    ] {
        assert_eq!(byway(&Noted::default(), args).exit, Exit::Usage, "{args:?}");
    }
    assert_eq!(byway(&Noted::default(), &["--help"]).exit, Exit::Ok);
    assert_eq!(byway(&Noted::default(), &["--version"]).exit, Exit::Ok);
}

#[test]
fn without_a_byway_the_asking_commands_end_with_four() {
    let (_folder, place) = nowhere();
    for args in [
        &["status"][..],
        &["status", "-q"],
        &["status", "--watch"],
        &["why", "telegram"],
        &["log"],
        &["history"],
        &["use", "telegram", "auto"],
        &["reload"],
    ] {
        let done = byway(&Noted::default(), &[&["--control", &place], args].concat());
        assert_eq!((done.exit, done.out.as_str()), (Exit::NotRunning, ""), "{args:?}");
        assert!(done.err.starts_with("error: no byway is running at "), "{}", done.err);
    }
}

fn probed(cells: &[(&str, &str, Option<bool>)], link: LinkState) -> Noted {
    let Some(ProbeItem::Cell(like)) = fixed_probe().pop() else { panic!("the last item is a cell") };
    let cell = |(service, transport, answered): &(&str, &str, Option<bool>)| {
        let service = ServiceId::from(*service);
        ProbeItem::Cell(Cell { service, transport: way(transport), answered: *answered, ..like.clone() })
    };
    let mut probed = vec![ProbeItem::Controls { link, ground: Ground::NotAsked }];
    probed.extend(cells.iter().map(cell));
    Noted { probed, ..Noted::default() }
}

#[test]
fn a_probe_without_a_byway_is_done_here_and_its_code_tells_the_outcome() {
    let (_folder, place) = nowhere();
    let (yes, no) = (Some(true), Some(false));
    for (cells, link, exit) in [
        (vec![("a", "direct", no), ("a", "tokyo", yes)], LinkState::Online, Exit::Ok),
        (vec![("a", "direct", no), ("a", "tokyo", None), ("b", "direct", yes)], LinkState::Online, Exit::Degraded),
        (vec![("a", "direct", no), ("b", "direct", no)], LinkState::Online, Exit::AllBlocked),
        (vec![("a", "direct", no)], LinkState::Captive, Exit::NoInternet),
        (vec![("a", "direct", None)], LinkState::Online, Exit::Ok),
    ] {
        let noted = probed(&cells, link);
        assert_eq!(byway(&noted, &["--control", &place, "probe", "--via", "tokyo"]).exit, exit, "{cells:?}");
        assert_eq!(*noted.calls.borrow(), ["probe ProbeWish { service: None, via: Some(tokyo) }"]);
    }
}

#[test]
fn check_tells_faults_on_stderr_and_ends_with_three() {
    let good = Checked { file: "my.toml".into(), summary: "2 transports, 9 services".into(), ..Checked::default() };
    let noted = Noted { checked: good.clone(), ..Noted::default() };
    let done = byway(&noted, &["check", "my.toml"]);
    assert_eq!((done.exit, done.out.as_str()), (Exit::Ok, "my.toml: good. 2 transports, 9 services\n"));
    assert_eq!(*noted.calls.borrow(), ["check my.toml"]);
    let fault = "my.toml:3:1: listen: no such key; did you mean \"listen\"?";
    let bad = Checked { faults: vec![fault.into()], warnings: vec!["no transport".into()], ..good };
    let done = byway(&Noted { checked: bad.clone(), ..Noted::default() }, &["-c", "my.toml", "check"]);
    assert_eq!((done.exit, done.out.as_str()), (Exit::Config, ""));
    assert_eq!(done.err, format!("warning: no transport\nerror: {fault}\n"));
    let done = byway(&Noted { checked: bad, ..Noted::default() }, &["check", "--json", "my.toml"]);
    let value: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!((done.exit, value["faults"][0].as_str()), (Exit::Config, Some(fault)));
}

fn imported() -> Imported {
    let row = |name: &str, skipped: Option<&str>| ImportRow {
        name: name.into(),
        kind: "shadowsocks".into(),
        skipped: skipped.map(Into::into),
    };
    let why = "the cipher \"rc4-md5\" is broken and not supported; ask the provider for an AEAD one";
    Imported {
        rows: vec![row("tokyo", None), row("osaka", Some(why))],
        file: Some("my.toml".into()),
        notes: Vec::new(),
    }
}

#[test]
fn a_link_on_the_command_line_is_warned_about_and_never_repeated() {
    let noted = Noted { imported: imported(), ..Noted::default() };
    let done = byway(&noted, &["import", "ss://c2VjcmV0@192.0.2.1:8388#tokyo"]);
    assert_eq!(done.exit, Exit::Ok);
    assert!(done.err.starts_with("note: a link on the command line can be seen by other users"), "{}", done.err);
    assert!(!done.err.contains("c2VjcmV0") && !done.out.contains("c2VjcmV0"));
    assert!(noted.calls.borrow()[0].starts_with("import the link (ss://c2VjcmV0"));
}

#[test]
fn an_import_shows_each_entry_and_what_became_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("links.txt");
    std::fs::write(&file, "ss://x\n").unwrap();
    let file = file.to_str().unwrap();
    let noted = Noted { imported: imported(), ..Noted::default() };
    let done = byway(&noted, &["import", file, "--dry-run"]);
    assert_eq!(
        done.out,
        "NAME   KIND         RESULT\n\
         tokyo  shadowsocks  ok\n\
         osaka  shadowsocks  skipped: the cipher \"rc4-md5\" is broken and not supported;\n\
         \x20                   ask the provider for an AEAD one\n"
    );
    assert_eq!(done.err, "1 would be taken in, 1 skipped; nothing was changed\n");
    assert_eq!(*noted.calls.borrow(), [format!("import {file} (ss://x\n) dry true")]);
    assert_eq!(
        byway(&noted, &["import", file]).err,
        "1 taken into \"my.toml\", 1 skipped\nat the end of its order; a byway that is running takes it with `byway reload`\n"
    );
    let none = byway(&Noted::default(), &["import", file]);
    assert_eq!((none.exit, none.err.lines().last()), (Exit::Failed, Some("error: nothing in it could be taken in")));
    assert_eq!(byway(&Noted::default(), &["import", "/nonexistent"]).exit, Exit::Usage);
    std::fs::write(file, [0xff, 0xfe]).unwrap();
    assert!(byway(&Noted::default(), &["import", file]).err.ends_with("it is not text (UTF-8)\n"));
}

#[test]
fn a_failed_demo_keeps_its_table_and_says_why() {
    let done = byway(&Noted::default(), &["demo"]);
    assert_eq!((done.exit, done.out.as_str()), (Exit::Failed, "a table\n"));
    assert_eq!(done.err, "error: one connection was lost\n");
}

#[test]
fn a_command_that_was_left_out_is_not_unknown() {
    use crate::lang::{Tongue, Words};
    let failed = Failed::left_out("top");
    assert_eq!(failed.exit, Exit::Failed);
    for tongue in Tongue::ALL {
        let said = failed.words(&Words::of(tongue));
        // Persian puts marks of direction around the name.
        assert!(said.contains("byway ") && said.contains("top"), "{tongue:?}: {said}");
    }
    assert_eq!(failed.message, Words::of(Tongue::English).say_with("errors-left-out", &[("command", "top".into())]));
}

#[test]
fn a_reader_that_had_enough_is_no_error() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let line = parse(["byway", "man"].map(Into::into)).unwrap();
    let err = Paper::default();
    let out = Out::new(Box::new(Closed), false, 80, false);
    let words = crate::lang::Words::shared(crate::lang::Tongue::English);
    let mut terminal = Terminal { out, err: err.out(), quiet: false, person: None, words };
    assert_eq!(obey(line, &Noted::default(), &mut terminal, |_| None), Exit::Ok);
    assert_eq!(err.text(), "");
}

#[test]
fn completions_and_the_manual_are_made_for_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let done = byway(&Noted::default(), &["completions", shell]);
        assert_eq!(done.exit, Exit::Ok);
        for command in ["status", "history", "diagnose", "report", "completions"] {
            assert!(done.out.contains(command), "{shell} misses {command}");
        }
    }
    let page = byway(&Noted::default(), &["man"]).out;
    for part in [
        ".TH BYWAY 1",
        ".SH NAME",
        ".SH COMMANDS",
        ".SS \"use SERVICE TRANSPORT\"",
        ".SS \"diagnose SERVICE\"",
        "ooni FILE",
        ".SH \"EXIT STATUS\"",
        "fB130",
    ] {
        assert!(page.contains(part), "the manual misses {part}:\n{page}");
    }
}

#[test]
fn every_exit_code_is_in_the_help() {
    use clap::CommandFactory;
    let help = super::super::args::Line::command().render_long_help().to_string();
    for (exit, words) in EXITS {
        let line = format!("{:>5}  {words}", exit.code());
        assert!(help.contains(&line), "the help misses {line:?}");
    }
}

#[test]
fn the_grammar_is_sound_and_its_variables_are_reserved() {
    use clap::CommandFactory;
    let line = super::super::args::Line::command();
    let variables = line.get_arguments().filter_map(|arg| arg.get_env()?.to_str()?.strip_prefix("BYWAY_"));
    assert_eq!(variables.collect::<Vec<_>>(), RESERVED);
    super::super::args::Line::command().debug_assert();
}
