//! `byway service` with a `systemctl` that notes what it is told.

use crate::house::{BYWAY, Home, Said};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// What systemctl says of a service that runs.
const RUNS: &str = "LoadState=loaded\nUnitFileState=enabled\nActiveState=active\nSubState=running\n\
                    StatusText=Telegram works.\n";

/// Runs `byway service …` where systemctl answers with `answer` and ends with `code`.
fn service(home: &Home, arguments: &[&str], answer: &str, code: u8) -> Said {
    let programs = home.path().join("programs");
    std::fs::create_dir_all(&programs).unwrap();
    let notes = home.path().join("notes");
    let script = format!(
        "#!/bin/sh\necho \"$@\" >> '{}'\ncat <<'END'\n{answer}END\necho 'Failed: no bus' >&2\nexit {code}\n",
        notes.display()
    );
    let program = programs.join("systemctl");
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(BYWAY);
    command.env_clear().env("HOME", home.path()).env("PATH", format!("{}:/usr/bin:/bin", programs.display()));
    Said::of(command.arg("service").args(arguments).output().unwrap())
}

fn notes(home: &Home) -> String {
    std::fs::read_to_string(home.path().join("notes")).unwrap_or_default()
}

#[test]
fn a_service_of_ones_own_is_installed_asked_and_removed() {
    let home = Home::new();
    let done = service(&home, &["install", "--user"], RUNS, 0).failed(0);
    assert!(done.contains("byway starts by itself whenever you log in; it is active (running)"), "{done}");
    let unit = home.path().join(".config/systemd/user/byway.service");
    let text = std::fs::read_to_string(&unit).unwrap();
    assert!(text.contains(&format!("ExecStart={BYWAY} run\n")) && !text.contains("/usr/bin/byway"), "{text}");
    let told = notes(&home);
    assert!(told.starts_with("--user daemon-reload\n--user enable --now byway.service\n"), "{told}");

    let page = service(&home, &["status", "--user"], RUNS, 0).good();
    assert_eq!(page, "byway in your own systemd: active (running); it starts by itself.\nTelegram works.\n");
    let json = service(&home, &["status", "--user", "--json"], RUNS, 0).json();
    assert_eq!((&json["schema"], &json["look"]["running"]), (&1.into(), &true.into()));

    service(&home, &["uninstall", "--user"], "", 0).failed(0);
    assert!(!unit.exists());
    assert!(notes(&home).contains("--user disable --now byway.service"));
}

#[test]
fn a_dry_run_shows_every_step_and_takes_none() {
    let home = Home::new();
    let steps = service(&home, &["install", "--user", "--dry-run"], "", 0).good();
    let unit = home.path().join(".config/systemd/user/byway.service");
    let wanted = format!(
        "write {}\nsystemctl --user daemon-reload\nsystemctl --user enable --now byway.service\n",
        unit.display()
    );
    assert_eq!(steps, wanted);
    assert!(!unit.exists() && notes(&home).is_empty());
}

#[test]
fn what_does_not_run_ends_with_four_and_what_the_manager_refuses_with_one() {
    let home = Home::new();
    let unknown = "LoadState=not-found\nUnitFileState=\nActiveState=inactive\nSubState=dead\nStatusText=\n";
    let said = service(&home, &["status"], unknown, 0);
    assert_eq!((said.code, said.out.as_str()), (Some(4), "byway is no service of the machine's systemd.\n"));
    let stopped = "LoadState=loaded\nUnitFileState=disabled\nActiveState=failed\nSubState=failed\nStatusText=\n";
    let said = service(&home, &["status"], stopped, 0);
    let wanted = "byway in the machine's systemd: failed; it does not start by itself.\n";
    assert_eq!((said.code, said.out.as_str()), (Some(4), wanted));
    let refused = service(&home, &["start", "--user"], "", 1).failed(1);
    assert!(refused.contains("systemctl --user start byway.service: Failed: no bus"), "{refused}");
}
