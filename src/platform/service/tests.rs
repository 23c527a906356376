//! The steps on every system, from this one: nothing is touched.

use super::*;
use std::path::Path;

fn subject(scope: Scope) -> Subject {
    Subject {
        scope,
        program: "/opt/by way/byway".into(),
        config: None,
        first_config: "first".into(),
        home: "/home/ann".into(),
        config_home: "/home/ann/.config".into(),
        uid: 501,
        packaged: false,
    }
}

fn words(manager: Manager, order: Order, subject: &Subject) -> Vec<String> {
    manager.steps(order, subject).unwrap().iter().map(ToString::to_string).collect()
}

fn written(steps: &[Step], end: &str) -> String {
    let found = steps.iter().find_map(|step| match step {
        Step::Write { path, text } if path.to_string_lossy().ends_with(end) => Some(text.clone()),
        _ => None,
    });
    found.unwrap()
}

#[test]
fn systemd_gets_an_account_a_first_configuration_and_a_unit() {
    let subject = subject(Scope::System);
    assert_eq!(
        words(Manager::Systemd, Order::Install, &subject),
        [
            "write /etc/byway/config.toml unless it exists",
            "write /etc/sysusers.d/byway.conf",
            "systemd-sysusers /etc/sysusers.d/byway.conf",
            "write /etc/tmpfiles.d/byway.conf",
            "systemd-tmpfiles --create /etc/tmpfiles.d/byway.conf",
            "write /etc/systemd/system/byway.service",
            "systemctl daemon-reload",
            "systemctl enable --now byway.service",
        ]
    );
    let unit = written(&Manager::Systemd.steps(Order::Install, &subject).unwrap(), "byway.service");
    assert!(unit.contains("ExecStart=\"/opt/by way/byway\" run --config /etc/byway/config.toml\n"), "{unit}");
    assert!(unit.contains("ExecStartPre=\"/opt/by way/byway\" check"), "{unit}");
    let named = Subject { config: Some("/srv/50%.toml".into()), ..subject };
    let unit = written(&Manager::Systemd.steps(Order::Install, &named).unwrap(), "byway.service");
    assert!(unit.contains("run --config /srv/50%%.toml\n"), "{unit}");
}

#[test]
fn a_packaged_unit_is_enabled_and_left_as_it_is() {
    let packaged = Subject { packaged: true, ..subject(Scope::System) };
    assert_eq!(words(Manager::Systemd, Order::Install, &packaged), ["systemctl enable --now byway.service"]);
    assert_eq!(words(Manager::Systemd, Order::Uninstall, &packaged), ["systemctl disable --now byway.service"]);
}

#[test]
fn a_program_that_the_unit_could_not_see_is_refused_before_anything_is_done() {
    let hidden = Subject { program: "/home/ann/.cargo/bin/byway".into(), ..subject(Scope::System) };
    let error = Manager::Systemd.steps(Order::Install, &hidden).unwrap_err();
    assert!(matches!(error, Error::OutOfSight { .. }), "{error}");
    assert!(Manager::Systemd.steps(Order::Install, &Subject { scope: Scope::User, ..hidden }).is_ok());
}

#[test]
fn launchd_and_the_task_scheduler_get_the_programs_own_path() {
    let own = Subject {
        program: "/Users/a&b/byway".into(),
        config: Some("/Users/a&b/c.toml".into()),
        ..subject(Scope::User)
    };
    let steps = Manager::Launchd.steps(Order::Install, &own).unwrap();
    let list = written(&steps, "Library/LaunchAgents/byway.plist");
    assert!(list.contains("<string>/Users/a&amp;b/byway</string>\n    <string>run</string>\n    <string>--config</string>\n    <string>/Users/a&amp;b/c.toml</string>"), "{list}");
    assert_eq!(steps[0].to_string(), "launchctl bootout gui/501/byway");
    assert_eq!(words(Manager::Launchd, Order::Stop, &subject(Scope::System)), ["launchctl kill SIGTERM system/byway"]);
    let task = written(&Manager::Tasks.steps(Order::Install, &own).unwrap(), "task.xml");
    assert!(task.contains("<Command>/Users/a&amp;b/byway</Command>"), "{task}");
    assert!(task.contains("<Arguments>run --config \"/Users/a&amp;b/c.toml\"</Arguments>"), "{task}");
}

#[test]
fn the_managers_words_are_understood() {
    let running = launchd::state(true, "system/byway = {\n\tactive count = 1\n\tstate = running\n}\n");
    assert!(running.installed && running.running);
    assert!(!launchd::state(false, "").installed);
    let ready = tasks::state(true, "\"\\byway\",\"N/A\",\"Ready\"\r\n");
    assert!(ready.installed && !ready.running && ready.word == "Ready");
    let reloading = systemd::state("ActiveState=reloading\nSubState=reload-notify\nLoadState=loaded\n");
    assert!(reloading.running && reloading.word == "reloading (reload-notify)");
}

#[test]
fn files_are_written_over_begun_once_and_removed_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b");
    let write = |text: &str| Step::Write { path: path.clone(), text: text.into() };
    let read = || std::fs::read_to_string(&path).unwrap();
    take(&write("one, longer")).unwrap();
    take(&write("two")).unwrap();
    assert_eq!(read(), "two");
    take(&Step::Begin { path: path.clone(), text: "three".into() }).unwrap();
    assert_eq!(read(), "two");
    take(&Step::Remove(path.clone())).unwrap();
    take(&Step::Remove(path.clone())).unwrap();
    take(&Step::Begin { path: path.clone(), text: "four".into() }).unwrap();
    assert_eq!(read(), "four");
    assert!(matches!(take(&Step::call(&["false"])), Err(Error::Refused { .. })));
    take(&Step::attempt(&["false"])).unwrap();
    take(&Step::attempt(&["no-such-program-here"])).unwrap();
    assert!(matches!(take(&Step::call(&["no-such-program-here"])), Err(Error::Start { .. })));
    assert!(!is_packaged(Scope::User) || Path::new("/usr/lib/systemd/user/byway.service").exists());
}
