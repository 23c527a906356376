//! launchd: the property lists of `packaging/launchd`, with the program's own path in them, and `launchctl`
//! (launchd.plist(5), launchctl(1)). Made without a Mac at hand: the lists are checked by a parser, the calls are not.

use super::{Order, Scope, State, Step, Subject};
use std::path::{Path, PathBuf};

const DAEMON: &str = include_str!("../../../packaging/launchd/byway.daemon.plist");
const AGENT: &str = include_str!("../../../packaging/launchd/byway.agent.plist");
const PROGRAM: &str = "/usr/local/bin/byway";
const CONFIG: &str = "/usr/local/etc/byway/config.toml";
/// Where a machine's byway keeps what it writes.
const STATE: &str = "/var/db/byway";

pub(super) fn steps(order: Order, subject: &Subject) -> Vec<Step> {
    let domain = domain(subject.scope, subject.uid);
    let service = format!("{domain}/byway");
    let list = match subject.scope {
        Scope::System => PathBuf::from("/Library/LaunchDaemons/byway.plist"),
        Scope::User => subject.home.join("Library/LaunchAgents/byway.plist"),
    };
    let path = list.to_string_lossy().into_owned();
    match order {
        Order::Install => {
            let mut steps = Vec::new();
            if subject.scope == Scope::System {
                if subject.config.is_none() {
                    steps.push(Step::Begin { path: PathBuf::from(CONFIG), text: subject.first_config.clone() });
                    steps.push(Step::call(&["chgrp", "nobody", CONFIG]));
                }
                steps.push(Step::call(&["install", "-d", "-o", "nobody", "-m", "700", STATE]));
            }
            // What runs under this name already has the old list.
            steps.push(Step::attempt(&["launchctl", "bootout", &service]));
            steps.push(Step::Write { path: list, text: text(subject) });
            steps.push(Step::call(&["launchctl", "bootstrap", &domain, &path]));
            steps
        }
        Order::Uninstall => vec![Step::attempt(&["launchctl", "bootout", &service]), Step::Remove(list)],
        Order::Start => vec![Step::call(&["launchctl", "kickstart", &service])],
        // An orderly end is not followed by a new start (KeepAlive, SuccessfulExit).
        Order::Stop => vec![Step::call(&["launchctl", "kill", "SIGTERM", &service])],
    }
}

fn text(subject: &Subject) -> String {
    let program = element(&subject.program);
    match (subject.scope, &subject.config) {
        (Scope::System, None) => DAEMON.replace(PROGRAM, &program),
        (Scope::System, Some(config)) => DAEMON.replace(CONFIG, &element(config)).replace(PROGRAM, &program),
        (Scope::User, None) => AGENT.replace(PROGRAM, &program),
        (Scope::User, Some(config)) => {
            let more = format!(
                "<string>run</string>\n    <string>--config</string>\n    <string>{}</string>",
                element(config)
            );
            AGENT.replace("<string>run</string>", &more).replace(PROGRAM, &program)
        }
    }
}

/// A path inside an element.
pub(super) fn element(path: &Path) -> String {
    path.to_string_lossy().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn domain(scope: Scope, uid: u32) -> String {
    match scope {
        Scope::System => String::from("system"),
        Scope::User => format!("gui/{uid}"),
    }
}

pub(super) fn question(scope: Scope, uid: u32) -> Vec<String> {
    vec![String::from("print"), format!("{}/byway", domain(scope, uid))]
}

/// `launchctl print` is for people; two lines of it have held since macOS 10.11.
pub(super) fn state(worked: bool, answer: &str) -> State {
    let line = |key: &str| answer.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix(" = "));
    let word = line("state").unwrap_or(if worked { "known" } else { "not known" });
    State { installed: worked, enabled: worked, running: word == "running", word: word.to_owned(), said: None }
}
