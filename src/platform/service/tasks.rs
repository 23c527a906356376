//! Windows: a task of the Task Scheduler, which starts byway with the machine or at log-in and again when it fails. A
//! service of the Service Control Manager would have to speak its protocol; the scheduler starts any program, and a
//! person can see and remove the task. Made without Windows at hand: the tasks are checked by a parser, the calls not.

use super::launchd::element;
use super::{Order, Scope, State, Step, Subject};
use std::path::Path;

const MACHINE: &str = include_str!("../../../packaging/windows/byway.machine.xml");
const PERSON: &str = include_str!("../../../packaging/windows/byway.person.xml");
const PROGRAM: &str = r"C:\Program Files\byway\byway.exe";
const CONFIG: &str = r"C:\ProgramData\byway\config.toml";
const NAME: &str = "byway";

pub(super) fn steps(order: Order, subject: &Subject) -> Vec<Step> {
    match order {
        Order::Install => {
            let machine = subject.scope == Scope::System;
            let folder = if machine { Path::new(r"C:\ProgramData") } else { &subject.home };
            let file = folder.join("byway").join("task.xml");
            let path = file.to_string_lossy().into_owned();
            let mut steps = Vec::new();
            if machine && subject.config.is_none() {
                steps.push(Step::Begin { path: CONFIG.into(), text: subject.first_config.clone() });
            }
            steps.push(Step::Write { path: file.clone(), text: text(subject) });
            steps.push(Step::call(&["schtasks", "/Create", "/F", "/TN", NAME, "/XML", &path]));
            steps.push(Step::Remove(file));
            steps.push(Step::call(&["schtasks", "/Run", "/TN", NAME]));
            steps
        }
        Order::Uninstall => vec![
            Step::attempt(&["schtasks", "/End", "/TN", NAME]),
            Step::call(&["schtasks", "/Delete", "/F", "/TN", NAME]),
        ],
        Order::Start => vec![Step::call(&["schtasks", "/Run", "/TN", NAME])],
        Order::Stop => vec![Step::call(&["schtasks", "/End", "/TN", NAME])],
    }
}

fn text(subject: &Subject) -> String {
    let program = element(&subject.program);
    match (subject.scope, &subject.config) {
        (Scope::System, None) => MACHINE.replace(PROGRAM, &program),
        (Scope::System, Some(config)) => MACHINE.replace(CONFIG, &element(config)).replace(PROGRAM, &program),
        (Scope::User, None) => PERSON.replace(PROGRAM, &program),
        (Scope::User, Some(config)) => {
            let more = format!("<Arguments>run --config \"{}\"</Arguments>", element(config));
            PERSON.replace("<Arguments>run</Arguments>", &more).replace(PROGRAM, &program)
        }
    }
}

pub(super) fn question() -> Vec<String> {
    ["/Query", "/TN", NAME, "/FO", "CSV", "/NH"].map(String::from).into()
}

/// One line: the task's name, its next run, its state in the system's language.
pub(super) fn state(worked: bool, answer: &str) -> State {
    let word = answer.lines().next().and_then(|line| line.rsplit(',').next()).unwrap_or_default();
    let word = word.trim().trim_matches('"').to_owned();
    State { installed: worked, enabled: worked, running: word == "Running", word, said: None }
}
