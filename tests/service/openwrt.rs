//! OpenWrt's files in its own shell, BusyBox's ash, with stand-ins for its functions. No OpenWrt was at hand: the makefile
//! and what procd makes of its parameters are not tested.

use crate::house::{BYWAY, Home, Said, find};
use crate::packaging::shipped;
use std::path::Path;
use std::process::Command;

const PROXY: &str = r#"
config byway 'main'
	option enabled '1'
	list listen '127.0.0.1:4180'
	list listen '192.168.1.1:4180'
	option user 'home'
	option password 'a "b" \c'
	option metered '1'

config transport 'home'
	option link 'socks5://127.0.0.1:9'

config transport 'off'
	option enabled '0'
	option link 'ss://nothing'

config service 'whatsapp'
	option direct 'until-blocked'
	list order 'direct'
	list order 'home'
"#;

const ROUTER: &str = r#"
config byway 'main'
	option enabled '1'
	option mode 'tproxy'
	list lan 'lan'
	list lan 'wg0'
	option ipv6 '0'
	option dns '127.0.0.1:5353'

config subscription 'team'
	option url 'https://lists.example/token'
"#;

fn run(home: &Home, busybox: &Path, uci: &str, task: &str) -> Said {
    run_as(home, busybox, uci, task, Path::new(BYWAY))
}

fn run_as(home: &Home, busybox: &Path, uci: &str, task: &str, program: &Path) -> Said {
    let file = home.path().join("uci");
    std::fs::write(&file, uci).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/service/openwrt.sh");
    let mut command = Command::new(busybox);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", home.path());
    command.arg("ash").arg(script).arg(shipped("openwrt/files")).arg(&file).arg(home.path()).arg(program).arg(task);
    Said::of(command.output().unwrap())
}

#[test]
fn the_routers_settings_become_a_configuration_that_byway_takes() {
    let Some(busybox) = find("busybox", "busybox") else { return };
    let home = Home::new();
    let toml = run(&home, &busybox, PROXY, "toml").good();
    let wanted = r#"# Made from /etc/config/byway; what is changed here is lost.
log = "warn"
history = "memory"
order = ["direct", "split", "home"]

[listen]
proxy = ["127.0.0.1:4180", "192.168.1.1:4180"]

[login]
user = "home"
password = "a \"b\" \\c"

[detect]
line = "metered"

[transport.home.socks5]
link = "socks5://127.0.0.1:9"

[service.whatsapp]
direct = "until-blocked"
order = ["direct", "home"]
"#;
    assert_eq!(toml, wanted);
    home.configure(&toml);
    home.byway(&["check"]).good();
}

#[test]
fn a_router_that_phones_know_nothing_of_gets_doors_and_rules() {
    let Some(busybox) = find("busybox", "busybox") else { return };
    let home = Home::new();
    let toml = run(&home, &busybox, ROUTER, "toml").good();
    let part = "order = [\"direct\", \"split\", \"team\"]\n\n[listen]\n\n[listen.transparent]\nmode = \"tproxy\"\n\
                ipv6 = false\n\n[firewall]\napply = true\nlan = [\"br-lan\", \"wg0\"]\n\n[listen.dns]\n\
                address = \"127.0.0.1:5353\"\n\n[subscription.team]\nurl = \"https://lists.example/token\"\n";
    assert!(toml.contains(part), "{toml}");
    home.configure(&toml);
    home.byway(&["check"]).good();
    let rules = home.byway(&["firewall", "print"]).good();
    assert!(rules.contains("tproxy") && rules.contains("br-lan") && rules.contains("wg0"), "{rules}");

    let given = ROUTER
        .replace("tproxy", "redirect")
        .replace("option dns", "option port '4190'\n\tlist upstream '192.0.2.53'\n\toption dns");
    let toml = run(&home, &busybox, &given, "toml").good();
    assert!(
        toml.contains("mode = \"redirect\"\nport = 4190\n") && toml.contains("upstream = [\"192.0.2.53\"]\n"),
        "{toml}"
    );
    home.configure(&toml);
    home.byway(&["check"]).good();
    let rules = home.byway(&["firewall", "print"]).good();
    assert!(rules.contains("redirect to :4190"), "{rules}");
    home.configure(&run(&home, &busybox, &given.replace("4190", "many"), "toml").good());
    let refused = home.byway(&["check"]).failed(3);
    assert!(refused.contains("port"), "{refused}");
}

#[test]
fn what_a_dead_byway_left_is_cleared_with_the_file_that_it_ran_with() {
    let Some(busybox) = find("busybox", "busybox") else { return };
    let home = Home::new();
    let program = home.path().join("program");
    std::fs::write(&program, "#!/bin/sh\necho \"$@\" >\"${0%/*}/told\"\n").unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let told = |uci: &str| {
        run_as(&home, &busybox, uci, "service_stopped", &program).good();
        std::fs::read_to_string(home.path().join("told")).unwrap()
    };
    let made = home.path().join("etc/byway/config.toml");
    assert_eq!(told(ROUTER), format!("firewall clear --config {}\n", made.display()));
    let own = ROUTER.replace("option dns", "option conffile '/etc/byway/own.toml'\n\toption dns");
    assert_eq!(told(&own), "firewall clear --config /etc/byway/own.toml\n");
}

#[test]
fn procd_is_told_what_to_start_and_nothing_while_it_is_off() {
    let Some(busybox) = find("busybox", "busybox") else { return };
    let home = Home::new();
    let told = run(&home, &busybox, PROXY, "start_service").good();
    let made = home.path().join("etc/byway/config.toml");
    assert!(told.starts_with("open byway\n") && told.ends_with("close\n"), "{told}");
    for line in [
        format!("set command {BYWAY} run --config {}", made.display()),
        format!("set file {}", made.display()),
        String::from("set respawn 3600 5 0"),
        String::from("set limits core=0 nofile=16384 16384"),
        String::from("set user byway"),
    ] {
        assert!(told.lines().any(|told| told == line), "no {line:?} in\n{told}");
    }
    assert!(!told.contains("capabilities"), "a plain proxy needs none: {told}");
    assert!(std::fs::read_to_string(made).unwrap().contains("[transport.home.socks5]"));

    let off = PROXY.replace("option enabled '1'", "option enabled '0'");
    assert_eq!(run(&Home::new(), &busybox, &off, "start_service").good(), "");
    let wrong = PROXY.replace("192.168.1.1:4180", "somewhere");
    let refused = run(&Home::new(), &busybox, &wrong, "start_service");
    assert!(refused.code != Some(0) && !refused.out.contains("open"), "{refused:#?}");
    assert_eq!(run(&Home::new(), &busybox, PROXY, "service_triggers").good(), "trigger byway\n");
}

#[test]
fn every_script_is_one() {
    let Some(busybox) = find("busybox", "busybox") else { return };
    for name in ["toml.sh", "byway.init", "byway.hotplug", "byway.defaults", "firewall.include"] {
        let said = Said::of(
            Command::new(&busybox).args(["ash", "-n"]).arg(shipped("openwrt/files").join(name)).output().unwrap(),
        );
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{name}");
    }
    let capabilities = std::fs::read_to_string(shipped("openwrt/files/byway.capabilities")).unwrap();
    let capabilities: serde_json::Value = serde_json::from_str(&capabilities).unwrap();
    assert_eq!(capabilities["ambient"], capabilities["bounding"]);
}
