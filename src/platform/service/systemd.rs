//! systemd: the units of `packaging/systemd`, with the program's own path in them, and `systemctl`. A unit that a
//! package brought is enabled and disabled, never written over.

use super::{Error, Order, Scope, State, Step, Subject};
use std::path::{Path, PathBuf};

/// The unit of the machine's service.
const UNIT: &str = include_str!("../../../packaging/systemd/byway.service");
/// The unit of a person's service.
const USER_UNIT: &str = include_str!("../../../packaging/systemd/user/byway.service");
/// The account of the machine's service.
const ACCOUNT: &str = include_str!("../../../packaging/systemd/byway.sysusers");
/// Who may read its configuration.
const FOLDERS: &str = include_str!("../../../packaging/systemd/byway.tmpfiles");

/// What the packaged units call the program, and where they look for its configuration.
const PROGRAM: &str = "/usr/bin/byway";
const CONFIG: &str = "/etc/byway/config.toml";
const NAME: &str = "byway.service";

pub(super) fn steps(order: Order, subject: &Subject) -> Result<Vec<Step>, Error> {
    let user = subject.scope == Scope::User;
    let systemctl = |words: &[&str]| {
        let scope = user.then_some("--user");
        Step::call(&std::iter::once("systemctl").chain(scope).chain(words.iter().copied()).collect::<Vec<_>>())
    };
    let own = !subject.packaged;
    let unit = unit_place(subject);
    Ok(match order {
        Order::Start => vec![systemctl(&["start", NAME])],
        Order::Stop => vec![systemctl(&["stop", NAME])],
        Order::Install => {
            let mut steps = Vec::new();
            if own {
                steps.extend(if user { Vec::new() } else { machine(subject)? });
                steps.push(Step::Write { path: unit, text: unit_text(subject) });
                steps.push(systemctl(&["daemon-reload"]));
            }
            steps.push(systemctl(&["enable", "--now", NAME]));
            steps
        }
        Order::Uninstall => {
            let mut steps = vec![systemctl(&["disable", "--now", NAME])];
            if own {
                steps.push(Step::Remove(unit));
                if !user {
                    steps.push(Step::Remove(PathBuf::from("/etc/sysusers.d/byway.conf")));
                    steps.push(Step::Remove(PathBuf::from("/etc/tmpfiles.d/byway.conf")));
                }
                steps.push(systemctl(&["daemon-reload"]));
            }
            steps
        }
    })
}

/// What a machine's service needs before its unit.
fn machine(subject: &Subject) -> Result<Vec<Step>, Error> {
    // ProtectHome= and PrivateTmp= of the unit.
    if ["/home", "/root", "/run/user", "/tmp", "/var/tmp"].iter().any(|closed| subject.program.starts_with(closed)) {
        return Err(Error::OutOfSight { program: subject.program.clone() });
    }
    let (sysusers, tmpfiles) = ("/etc/sysusers.d/byway.conf", "/etc/tmpfiles.d/byway.conf");
    let mut steps = Vec::new();
    if subject.config.is_none() {
        steps.push(Step::Begin { path: PathBuf::from(CONFIG), text: subject.first_config.clone() });
    }
    steps.push(Step::Write { path: PathBuf::from(sysusers), text: ACCOUNT.to_owned() });
    steps.push(Step::call(&["systemd-sysusers", sysusers]));
    steps.push(Step::Write { path: PathBuf::from(tmpfiles), text: FOLDERS.to_owned() });
    steps.push(Step::call(&["systemd-tmpfiles", "--create", tmpfiles]));
    Ok(steps)
}

fn unit_place(subject: &Subject) -> PathBuf {
    match subject.scope {
        Scope::System => Path::new("/etc/systemd/system").join(NAME),
        Scope::User => subject.config_home.join("systemd/user").join(NAME),
    }
}

fn unit_text(subject: &Subject) -> String {
    let program = word(&subject.program);
    match (subject.scope, &subject.config) {
        (Scope::System, config) => {
            let config = config.as_deref().map_or_else(|| CONFIG.to_owned(), word);
            UNIT.replace(CONFIG, &config).replace(PROGRAM, &program)
        }
        (Scope::User, None) => USER_UNIT.replace(PROGRAM, &program),
        (Scope::User, Some(config)) => USER_UNIT
            .replace(&format!("{PROGRAM} run"), &format!("{PROGRAM} run --config {}", word(config)))
            .replace(PROGRAM, &program),
    }
}

/// A path as one word of a command line in a unit (systemd.service(5), "Command lines").
fn word(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    if text.contains(char::is_whitespace) { format!("\"{text}\"") } else { text }
}

pub(super) fn question(scope: Scope) -> Vec<String> {
    let user = (scope == Scope::User).then_some("--user");
    user.into_iter()
        .chain(["show", NAME, "--property=LoadState,UnitFileState,ActiveState,SubState,StatusText"])
        .map(String::from)
        .collect()
}

pub(super) fn state(answer: &str) -> State {
    let value = |key: &str| {
        answer.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).unwrap_or_default().to_owned()
    };
    let (active, sub) = (value("ActiveState"), value("SubState"));
    State {
        installed: value("LoadState") == "loaded",
        enabled: value("UnitFileState").starts_with("enabled"),
        running: matches!(active.as_str(), "active" | "reloading"),
        word: if sub.is_empty() || sub == active { active } else { format!("{active} ({sub})") },
        said: Some(value("StatusText")).filter(|text| !text.is_empty()),
    }
}
