//! Every command line that a packaged file starts byway with is one that the grammar takes.

use super::super::parse;
use std::ffi::OsString;
use std::path::Path;

/// A packaged file, and how many command lines of byway's stand in it.
const FILES: [(&str, usize); 17] = [
    ("debian/postinst", 0),
    ("debian/prerm", 1),
    ("docker/Dockerfile", 2),
    ("launchd/byway.agent.plist", 1),
    ("launchd/byway.daemon.plist", 1),
    ("openwrt/files/byway.init", 4),
    ("openwrt/files/firewall.include", 1),
    ("systemd/byway.service", 2),
    ("systemd/byway.service.d/byway-tproxy.conf", 2),
    ("systemd/byway.socket", 0),
    ("systemd/byway@.service", 2),
    ("systemd/user/byway.service", 2),
    ("windows/byway.machine.xml", 1),
    ("windows/byway.person.xml", 1),
    ("windows/byway.scoop.json", 0),
    ("docker/compose.yaml", 0),
    ("debian/postrm", 0),
];

/// What stands before byway's arguments, in scripts, units and lists of words.
const PROGRAMS: [&str; 2] = ["/usr/bin/byway ", "\"$PROGRAM\" "];

/// The command lines in a file, one way or another.
fn commands(text: &str) -> Vec<String> {
    let code = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let mut found: Vec<String> = code
        .filter_map(|line| {
            let (_, after) = PROGRAMS.iter().filter_map(|program| line.split_once(program)).next()?;
            Some(after.split([';', '>', '|', '&', ')']).next().unwrap_or_default().replace(['"', '\''], ""))
        })
        .collect();
    // Docker's lists of words, and what its entry point is given.
    for line in text.lines().filter(|line| line.contains("CMD [")) {
        let words = line.split_once("CMD [").map(|(_, list)| list.trim_end_matches(']')).unwrap_or_default();
        let words: Vec<_> = words.split(", ").map(|word| word.trim_matches('"')).collect();
        found.push(words.into_iter().filter(|word| *word != "/usr/bin/byway").collect::<Vec<_>>().join(" "));
    }
    // A property list, whose first word is the program.
    if let Some((_, list)) = text.split_once("<key>ProgramArguments</key>") {
        let list = list.split("</array>").next().unwrap_or_default();
        let words = list.split("<string>").skip(2).filter_map(|word| word.split("</string>").next());
        found.push(words.collect::<Vec<_>>().join(" "));
    }
    // A task of Windows.
    for arguments in text.split("<Arguments>").skip(1) {
        let arguments = arguments.split("</Arguments>").next().unwrap_or_default();
        let outside = arguments.split('"').enumerate().map(|(at, part)| if at % 2 == 1 { "quoted" } else { part });
        found.push(outside.collect());
    }
    found
}

#[test]
fn every_command_line_of_a_package_parses() {
    for (name, count) in FILES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(name);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let commands = commands(&text);
        assert_eq!(commands.len(), count, "{name}: {commands:?}");
        for command in commands {
            let words = std::iter::once("byway").chain(command.split_whitespace()).map(OsString::from);
            if let Err(error) = parse(words) {
                panic!("{name}: {command}: {error}");
            }
        }
    }
}
