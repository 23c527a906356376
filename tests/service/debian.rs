//! The Debian package: built from the program under test, installed, started, used and removed in a copy of this machine
//! that is thrown away. There is no systemd in the copy: the unit's own command is started as the unit's user.

use crate::house::{BYWAY, Said, find, skipped};
use std::path::Path;
use std::process::Command;

#[test]
fn the_package_is_built_installed_started_used_and_removed() {
    let needed = [("cargo-deb", "cargo install cargo-deb"), ("dpkg-deb", "dpkg"), ("unshare", "util-linux")];
    let found: Option<Vec<_>> = needed.iter().map(|(program, package)| find(program, package)).collect();
    let (Some(found), Some(_)) = (found, find("curl", "curl")) else { return };
    if !std::fs::read_to_string("/proc/self/status").is_ok_and(|status| status.contains("\nUid:\t0\t")) {
        return skipped("run as root");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scratch = tempfile::tempdir().unwrap();
    // As `just dist` does.
    let dist = root.join("target/dist");
    std::fs::create_dir_all(&dist).unwrap();
    for (file, arguments) in [
        ("byway.1", &["man"][..]),
        ("byway.bash", &["completions", "bash"]),
        ("_byway", &["completions", "zsh"]),
        ("byway.fish", &["completions", "fish"]),
    ] {
        let said = Command::new(BYWAY).args(arguments).env_clear().output().unwrap();
        assert!(said.status.success());
        std::fs::write(dist.join(file), said.stdout).unwrap();
    }
    let package = scratch.path().join("byway.deb");
    let mut build = Command::new(&found[0]);
    build.args(["--no-build", "--no-strip", "--fast", "--profile", "dev", "-o"]).arg(&package).current_dir(root);
    let built = Said::of(build.output().unwrap());
    assert_eq!(built.code, Some(0), "{}", built.err);

    let listed = Said::of(Command::new(&found[1]).arg("--info").arg(&package).arg("conffiles").output().unwrap());
    assert_eq!(listed.good().trim(), "/etc/byway/config.toml");
    let folder = scratch.path().join("machine");
    std::fs::create_dir(&folder).unwrap();
    let mut life = Command::new(&found[2]);
    life.args(["-m", "-p", "-n", "-f", "--kill-child", "sh"]).arg(root.join("tests/service/debian.sh"));
    let lived = Said::of(life.arg(&package).arg(&folder).output().unwrap());
    assert_eq!(lived.code, Some(0), "{lived:#?}");
    let stages: Vec<_> = lived.out.lines().filter(|line| line.bytes().all(|byte| byte.is_ascii_uppercase())).collect();
    assert_eq!(stages, ["INSTALLED", "STARTED", "USED", "REMOVED"], "{lived:#?}");
}
