//! The files under `packaging/`, read by the programs that they are for, or by a parser of their format.

use crate::house::find;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file that is shipped.
pub(crate) fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(name)
}

/// What systemd makes of how much a unit may do: 0.0 is nothing, 10.0 everything.
fn exposure(analyze: &Path, unit: &str, drop_in: Option<&str>) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let name = Path::new(unit).file_name().unwrap();
    let file = folder.path().join(name);
    std::fs::copy(shipped(unit), &file).unwrap();
    if let Some(drop_in) = drop_in {
        let beside = folder.path().join(format!("{}.d", name.to_str().unwrap()));
        std::fs::create_dir(&beside).unwrap();
        std::fs::copy(shipped(drop_in), beside.join("drop-in.conf")).unwrap();
    }
    let said = Command::new(analyze).args(["security", "--offline=true", "--no-pager"]).arg(file).output().unwrap();
    let page = String::from_utf8(said.stdout.clone()).unwrap();
    let line = page.lines().find(|line| line.contains("Overall exposure level")).unwrap_or_else(|| panic!("{said:?}"));
    line.split(": ").last().unwrap().split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn the_units_may_do_little() {
    let Some(analyze) = find("systemd-analyze", "systemd") else { return };
    for (unit, drop_in, most) in [
        ("systemd/byway.service", None, 1.5),
        ("systemd/byway@.service", None, 1.5),
        ("systemd/byway.service", Some("systemd/byway.service.d/byway-tproxy.conf"), 2.0),
    ] {
        let level = exposure(&analyze, unit, drop_in);
        assert!(level <= most, "{unit} with {drop_in:?}: {level}");
    }
    // The gauge itself sees a difference: a person's own unit is judged as if it ran as root, for it cannot be closed off.
    assert!(exposure(&analyze, "systemd/user/byway.service", None) > 2.0);
}

#[test]
fn the_property_lists_and_tasks_are_well_formed_and_start_byway() {
    let Some(python) = find("python3", "python3") else { return };
    let script = "import plistlib, sys, xml.dom.minidom\n\
        for name in sys.argv[1:3]:\n    words = plistlib.load(open(name, 'rb'))\n    \
        assert words['Label'] == 'byway' and words['ProgramArguments'][1] == 'run' and words['KeepAlive'] == {'SuccessfulExit': False}, words\n\
        for name in sys.argv[3:]:\n    task = xml.dom.minidom.parse(name)\n    \
        assert task.getElementsByTagName('Arguments')[0].firstChild.data.startswith('run'), name\n";
    let files = [
        "launchd/byway.daemon.plist",
        "launchd/byway.agent.plist",
        "windows/byway.machine.xml",
        "windows/byway.person.xml",
    ];
    let said = Command::new(python).arg("-c").arg(script).args(files.map(shipped)).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
}

#[test]
fn the_manifests_of_windows_and_of_docker_are_well_formed() {
    let scoop = std::fs::read_to_string(shipped("windows/byway.scoop.json")).unwrap();
    let scoop: serde_json::Value = serde_json::from_str(&scoop).unwrap();
    assert_eq!(scoop["version"], env!("CARGO_PKG_VERSION"));
    for entry in std::fs::read_dir(shipped("windows/winget")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(text.contains(concat!("PackageVersion: ", env!("CARGO_PKG_VERSION"), "\n")), "{text}");
        yaml(&text);
    }
    yaml(&std::fs::read_to_string(shipped("docker/compose.yaml")).unwrap());
    let docker = std::fs::read_to_string(shipped("docker/Dockerfile")).unwrap();
    let words =
        |name: &str| docker.lines().filter(|line| line.starts_with(name)).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words("USER "), ["USER 65532:65532"]);
    assert_eq!(words("FROM ").len(), 2);
    let pinned = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("rust-toolchain.toml")).unwrap();
    assert!(pinned.contains("1.95") && docker.contains("rust:1.95-"), "the image builds with the pinned compiler");
    let Some(hadolint) = found("hadolint") else { return };
    let said = Command::new(hadolint).arg(shipped("docker/Dockerfile")).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
}

fn yaml(text: &str) {
    let events: Vec<_> = saphyr_parser::Parser::new_from_str(text).collect::<Result<_, _>>().unwrap();
    assert!(events.len() > 10);
}

/// A program that is used where it is there; Debian has none of this name.
fn found(program: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':').map(|folder| Path::new(folder).join(program)).find(|file| file.is_file())
}
