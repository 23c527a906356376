//! Every command that a README shows is one that the grammar takes.

use super::super::parse;
use std::ffi::OsString;

const READMES: [(&str, &str, usize); 3] = [
    ("README.md", include_str!("../../../README.md"), 8),
    ("README.ru.md", include_str!("../../../README.ru.md"), 18),
    ("README.fa.md", include_str!("../../../README.fa.md"), 18),
];

/// The command lines in a page: in code spans, and after the prompt of a console.
fn commands(page: &str) -> Vec<String> {
    let spans = page.split('`').skip(1).step_by(2);
    let typed = page.lines().filter_map(|line| line.trim_start().strip_prefix("$ "));
    let all = spans.chain(typed).map(str::trim).filter(|code| code.starts_with("byway ") && !code.contains('\n'));
    // What stands for something else is no command.
    let stands = |word: &str| word.starts_with('[') || (word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase()));
    all.filter(|code| !code.split(' ').any(stands)).map(str::to_owned).collect()
}

#[test]
fn every_command_shown_parses() {
    for (name, page, least) in READMES {
        let commands = commands(page);
        assert!(commands.len() >= least, "{name} shows only {commands:?}");
        for command in commands {
            let words = command.split('<').next().unwrap_or_default().split_whitespace().map(OsString::from);
            if let Err(error) = parse(words) {
                panic!("{name}: {command}: {error}");
            }
        }
    }
}

#[test]
fn the_pages_lead_to_one_another_and_show_the_same_configuration() {
    for (name, page, _) in READMES {
        for (other, ..) in READMES.iter().filter(|(other, ..)| *other != name) {
            assert!(page.lines().take(6).any(|line| line.contains(&format!("]({other})"))), "{name} lacks {other}");
        }
        for line in
            ["order = [\"direct\", \"split\", \"tokyo\"]", "[transport.tokyo.shadowsocks]", "direct = \"never\""]
        {
            assert!(page.contains(line), "{name} lacks {line}");
        }
    }
}
